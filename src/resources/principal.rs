//! What the policies of roles and of users have in common: everything but who holds them.

use super::ask::match_up;
use super::authorizations::{Authorizations, details};
use super::policy::{self, decoded};
use super::shape::{attributes, name_prefix, option};
use super::{Answer, Ask};
use crate::aws::Session;
use crate::model::{Attributes, ClaimedBy, Extra, Reason, Resource, Unclaimed};
use aws_sdk_iam::types::{AttachedPolicy, PolicyDetail};
use futures::FutureExt;
use futures::future::BoxFuture;
use std::collections::BTreeMap;

/// A kind of thing that holds policies.
pub(super) struct Principal {
    /// The attribute that names it: `role`, `user`.
    pub attribute: &'static str,
    /// All of the account, each with its name, its inline and its attached policies.
    pub all: for<'d> fn(&'d Authorizations) -> Vec<Held<'d>>,
    /// Asks for one inline policy of one of them: its document.
    pub inline: for<'s> fn(&'s Session, &'s str, &'s str) -> Found<'s, String>,
    /// Asks for all that is attached to one of them.
    pub attached: for<'s> fn(&'s Session, &'s str) -> Found<'s, Vec<AttachedPolicy>>,
}

/// What a second look finds.
pub(super) type Found<'s, T> = BoxFuture<'s, Result<Option<T>, Reason>>;
/// One of them with its policies.
pub(super) type Held<'d> = (&'d str, &'d [PolicyDetail], &'d [AttachedPolicy]);

impl Principal {
    /// Answers for each tracked inline policy.
    pub async fn read_inline<'a>(&self, session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
        if ask.tracked.is_empty() {
            return Answer::default();
        }
        let details = match details(session).await {
            Ok(details) => details,
            Err(reason) => return Answer::unknown(&ask, &reason),
        };
        let of = |(name, inline, _): Held<'_>| {
            let one = |policy: &PolicyDetail| {
                let id = format!("{name}:{}", policy.policy_name().unwrap_or_default());
                (id, self.inline_shape(name, policy))
            };
            inline.iter().map(one).collect::<Vec<_>>()
        };
        let all: BTreeMap<_, _> = (self.all)(&details).into_iter().flat_map(of).collect();
        let (attribute, inline) = (self.attribute, self.inline);
        let confirm = |resource: &'a Resource| {
            async move {
                let (holder, name) = resource.id.split_once(':').unwrap_or_default();
                let document = inline(session, holder, name).await?;
                Ok(document.map(|document| inline_shape(attribute, holder, name, &document)))
            }
            .boxed()
        };
        Answer {
            readings: match_up(&ask.tracked, &all, |_, found| found.clone(), confirm).await,
            ..Answer::default()
        }
    }

    /// Answers for each tracked attachment.
    pub async fn read_attached<'a>(&self, session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
        if ask.tracked.is_empty() {
            return Answer::default();
        }
        let details = match details(session).await {
            Ok(details) => details,
            Err(reason) => return Answer::unknown(&ask, &reason),
        };
        let held: BTreeMap<_, _> = (self.all)(&details)
            .into_iter()
            .map(|(name, _, attached)| (name, attached))
            .collect();
        let has = |attached: &[AttachedPolicy], policy: &str| {
            attached.iter().any(|one| one.policy_arn() == Some(policy))
        };
        let parts = |resource: &'a Resource| {
            let text = |name| resource.text(name).unwrap_or_default();
            (text(self.attribute), text("policy_arn"))
        };
        let listed = ask.tracked.iter().filter_map(|resource| {
            let (holder, policy) = parts(resource);
            has(held.get(holder)?, policy).then(|| (resource.id.clone(), ()))
        });
        let listed: BTreeMap<String, ()> = listed.collect();
        let attached = self.attached;
        let confirm = |resource: &'a Resource| {
            let (holder, policy) = parts(resource);
            async move {
                let found = attached(session, holder).await?;
                Ok(found.filter(|found| has(found, policy)).map(|_| ()))
            }
            .boxed()
        };
        let shape = |resource: &'a Resource, (): &()| {
            let (holder, policy) = parts(resource);
            attachment_shape(self.attribute, holder, policy)
        };
        Answer {
            readings: match_up(&ask.tracked, &listed, shape, confirm).await,
            ..Answer::default()
        }
    }

    /// An inline policy in the provider's shape.
    fn inline_shape(&self, holder: &str, policy: &PolicyDetail) -> Attributes {
        let name = policy.policy_name().unwrap_or_default();
        let document = policy.policy_document().unwrap_or_default();
        inline_shape(self.attribute, holder, name, document)
    }

    /// Each policy of one of them, as something that no state may claim, of these two types. `make` completes it from
    /// its type, its import id and its attributes.
    pub fn parts(
        &self,
        (holder, inline, attached): Held<'_>,
        (inline_type, attachment_type): (&str, &str),
        make: impl Fn(&str, &str, Attributes) -> Unclaimed,
    ) -> Vec<Unclaimed> {
        let inline = inline.iter().map(|policy| {
            let id = format!("{holder}:{}", policy.policy_name().unwrap_or_default());
            make(inline_type, &id, self.inline_shape(holder, policy))
        });
        let attached = attached.iter().map(|policy| {
            let arn = policy.policy_arn().unwrap_or_default();
            let shape = attachment_shape(self.attribute, holder, arn);
            make(attachment_type, &format!("{holder}/{arn}"), shape)
        });
        inline.chain(attached).collect()
    }
}

fn inline_shape(attribute: &str, holder: &str, name: &str, document: &str) -> Attributes {
    let mut all = attributes([
        ("name", name.into()),
        ("name_prefix", name_prefix(Some(name))),
        ("policy", decoded(document).into()),
    ]);
    all.insert(attribute.to_owned(), holder.into());
    all
}

fn attachment_shape(attribute: &str, holder: &str, policy: &str) -> Attributes {
    let mut all = attributes([("policy_arn", policy.into())]);
    all.insert(attribute.to_owned(), holder.into());
    all
}

/// What the schema leaves out of an inline policy: the command that takes one away, its attribute that names the holder,
/// and the types that list such policies.
pub(super) const fn inline_extra(
    undo: fn(&Attributes, &str) -> String,
    holder: &'static str,
    claimed_by: &'static [ClaimedBy],
) -> Extra {
    Extra {
        form: policy::form,
        undo: Some(undo),
        claimed_by: Some(([holder, "name"], claimed_by)),
        ..Extra::NONE
    }
}

/// Whether an attachment of this type claims what was found: an id of its own says nothing in AWS.
pub(super) fn claims(
    tf_type: &str,
    attribute: &str,
    attachment: &Resource,
    found: &Unclaimed,
) -> bool {
    let same = |name: &str| {
        let own = attachment.text(name);
        own.is_some() && own == found.attributes.get(name).and_then(|value| value.as_str())
    };
    found.tf_type == tf_type && same(attribute) && same("policy_arn")
}

/// A command with the holder and another attribute of a policy as options.
pub(super) fn undo(command: &str, found: &Attributes, options: [(&str, &str); 2]) -> String {
    let quoted = options.map(|(name, attribute)| {
        let value = found.get(attribute).cloned().unwrap_or_default();
        option(name, &value)
    });
    format!("aws iam {command}") + &quoted.concat()
}
