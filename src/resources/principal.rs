//! Reads the policies of roles, users and groups, which differ only in who holds them.

use super::authorizations::{Authorizations, details};
use super::policy::{self, decoded};
use super::read::{resolve_tracked, unmanaged_resource};
use super::shape::{attributes, name_prefix, option};
use super::{ReadRequest, ReadResult, ResourceType, UnmanagedScope};
use crate::aws::Session;
use crate::model::{Attributes, ClaimedBy, Reason, Resource, TypeRules, UnmanagedResource};
use aws_sdk_iam::types::{AttachedPolicy, PolicyDetail};
use futures::FutureExt;
use futures::future::BoxFuture;
use std::collections::BTreeMap;

/// Roles, users or groups, which hold policies.
pub(super) struct Principal {
    /// The attribute that names the holder: `role`, `user` or `group`.
    pub attribute: &'static str,
    /// The types of an inline policy and of an attachment.
    pub types: [&'static str; 2],
    /// Lists all roles, users or groups of the account, each with its inline and attached policies.
    pub all: for<'d> fn(&'d Authorizations) -> Vec<PolicyHolder<'d>>,
    /// Reads the document of a single inline policy.
    pub inline: for<'s> fn(&'s Session, &'s str, &'s str) -> SingleAnswer<'s, String>,
    /// Lists the policies attached to a single role, user or group.
    pub attached: for<'s> fn(&'s Session, &'s str) -> SingleAnswer<'s, Vec<AttachedPolicy>>,
}

/// The answer of a call for a single policy.
pub(super) type SingleAnswer<'s, T> = BoxFuture<'s, Result<Option<T>, Reason>>;
/// A role, user or group with its policies.
pub(super) type PolicyHolder<'d> = (&'d str, &'d [PolicyDetail], &'d [AttachedPolicy]);

impl Principal {
    /// Reads each tracked inline policy.
    pub async fn read_inline<'a>(
        &self,
        session: &'a Session,
        request: ReadRequest<'a>,
    ) -> ReadResult<'a> {
        if request.tracked.is_empty() {
            return ReadResult::default();
        }
        let details = match details(session).await {
            Ok(details) => details,
            Err(reason) => return ReadResult::unknown(&request, &reason),
        };
        let of = |(name, inline, _): PolicyHolder<'_>| {
            let inline_policy = |policy: &PolicyDetail| {
                let id = format!("{name}:{}", policy.policy_name().unwrap_or_default());
                (id, self.inline_shape(name, policy))
            };
            inline.iter().map(inline_policy).collect::<Vec<_>>()
        };
        let all: BTreeMap<_, _> = (self.all)(&details).into_iter().flat_map(of).collect();
        let (attribute, inline) = (self.attribute, self.inline);
        let get_by_id = |resource: &'a Resource| {
            async move {
                let (holder, name) = resource.id.split_once(':').unwrap_or_default();
                let document = inline(session, holder, name).await?;
                Ok(document.map(|document| inline_shape(attribute, holder, name, &document)))
            }
            .boxed()
        };
        ReadResult {
            readings: resolve_tracked(&request.tracked, &all, |_, found| found.clone(), get_by_id)
                .await,
            ..ReadResult::default()
        }
    }

    /// Reads each tracked attachment.
    pub async fn read_attached<'a>(
        &self,
        session: &'a Session,
        request: ReadRequest<'a>,
    ) -> ReadResult<'a> {
        if request.tracked.is_empty() {
            return ReadResult::default();
        }
        let details = match details(session).await {
            Ok(details) => details,
            Err(reason) => return ReadResult::unknown(&request, &reason),
        };
        let held: BTreeMap<_, _> = (self.all)(&details)
            .into_iter()
            .map(|(name, _, attached)| (name, attached))
            .collect();
        let has = |attached: &[AttachedPolicy], policy: &str| {
            attached
                .iter()
                .any(|policy_attachment| policy_attachment.policy_arn() == Some(policy))
        };
        let parts = |resource: &'a Resource| {
            let text = |name| resource.text(name).unwrap_or_default();
            (text(self.attribute), text("policy_arn"))
        };
        let listed = request.tracked.iter().filter_map(|resource| {
            let (holder, policy) = parts(resource);
            has(held.get(holder)?, policy).then(|| (resource.id.clone(), ()))
        });
        let listed: BTreeMap<String, ()> = listed.collect();
        let attached = self.attached;
        let get_by_id = |resource: &'a Resource| {
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
        ReadResult {
            readings: resolve_tracked(&request.tracked, &listed, shape, get_by_id).await,
            ..ReadResult::default()
        }
    }

    /// Converts an inline policy to the provider's attributes.
    fn inline_shape(&self, holder: &str, policy: &PolicyDetail) -> Attributes {
        let name = policy.policy_name().unwrap_or_default();
        let document = policy.policy_document().unwrap_or_default();
        inline_shape(self.attribute, holder, name, document)
    }

    /// Returns the policies of the tracked roles, users or groups as their unmanaged children, unless nothing unmanaged is
    /// asked for. `parent` is the type that holds the policies.
    pub fn below_tracked(
        &self,
        session: &Session,
        parent: &ResourceType,
        request: &ReadRequest<'_>,
        details: &Authorizations,
    ) -> Vec<UnmanagedResource> {
        if request.unmanaged_scope == UnmanagedScope::Off {
            return Vec::new();
        }
        let holders = (self.all)(details).into_iter();
        let by_name: BTreeMap<_, _> = holders.map(|holder| (holder.0, holder)).collect();
        let mut found = Vec::new();
        for resource in &request.tracked {
            let Some(holder) = by_name.get(resource.id.as_str()) else {
                continue;
            };
            let policies = self.policies(*holder).into_iter();
            found.extend(policies.map(|(tf_type, id, attributes)| UnmanagedResource {
                under: Some(resource.address.clone()),
                path: parent.child_path(tf_type),
                region: None,
                ..unmanaged_resource(session, tf_type, &id, attributes)
            }));
        }
        found
    }

    /// Returns the type, import id and attributes of each policy of a role, user or group.
    fn policies(
        &self,
        (holder, inline, attached): PolicyHolder<'_>,
    ) -> Vec<(&'static str, String, Attributes)> {
        let [inline_type, attachment_type] = self.types;
        let inline = inline.iter().map(|policy| {
            let id = format!("{holder}:{}", policy.policy_name().unwrap_or_default());
            (inline_type, id, self.inline_shape(holder, policy))
        });
        let attached = attached.iter().map(|policy| {
            let arn = policy.policy_arn().unwrap_or_default();
            let shape = attachment_shape(self.attribute, holder, arn);
            (attachment_type, format!("{holder}/{arn}"), shape)
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

/// Returns the rules of an inline policy type: the command that deletes a policy, the attribute that names the holder,
/// and the types that list such policies.
pub(super) const fn inline_rules(
    undo: fn(&Attributes, &str) -> String,
    holder: &'static str,
    claimed_by: &'static [ClaimedBy],
) -> TypeRules {
    TypeRules {
        normalize: policy::normalize,
        undo: Some(undo),
        claimed_by: Some(([holder, "name"], claimed_by)),
        ..TypeRules::NONE
    }
}

/// Returns whether a recorded attachment is the unmanaged resource that was found: attachments have no id in AWS.
pub(super) fn claims(
    tf_type: &str,
    attribute: &str,
    attachment: &Resource,
    found: &UnmanagedResource,
) -> bool {
    let same = |name: &str| {
        let own = attachment.text(name);
        own.is_some() && own == found.attributes.get(name).and_then(|value| value.as_str())
    };
    found.tf_type == tf_type && same(attribute) && same("policy_arn")
}

/// Writes a command with the holder and another attribute of a policy as options.
pub(super) fn undo(command: &str, found: &Attributes, options: [(&str, &str); 2]) -> String {
    let quoted = options.map(|(name, attribute)| {
        let value = found.get(attribute).cloned().unwrap_or_default();
        option(name, &value)
    });
    format!("aws iam {command}") + &quoted.concat()
}
