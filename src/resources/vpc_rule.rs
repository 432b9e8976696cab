//! What the two types of rules with ids have in common: everything but their direction.

use super::ask::match_up;
use super::permissions::{RULES, protocol, rules, single};
use super::shape::option;
use super::{Answer, Ask};
use crate::aws::Session;
use crate::model::{Attributes, ClaimedBy, Extra, Resource, Value};
use futures::FutureExt;

/// What both leave out, with the command that revokes a rule of this direction, and what lists rules of it.
pub(super) const fn extra(
    undo: fn(&Attributes, &str) -> String,
    claimed_by: &'static [ClaimedBy],
) -> Extra {
    Extra {
        claimed_by: Some((["security_group_id", "security_group_rule_id"], claimed_by)),
        form,
        undo: Some(undo),
        restated: Some(restated),
        ..Extra::NONE
    }
}

/// The command that revokes a rule: `direction` is `ingress` or `egress`.
pub(super) fn revoke(direction: &str, found: &Attributes, id: &str) -> String {
    let group = found.get("security_group_id").cloned().unwrap_or_default();
    format!("aws ec2 revoke-security-group-{direction}")
        + &option("group-id", &group)
        + &option("security-group-rule-ids", &id.into())
}

/// A rule as code says it: where all ports or types are meant, the provider knows none.
fn restated(_: &str, found: &Attributes) -> Option<(Attributes, String)> {
    let id = found.get("security_group_rule_id")?.as_str()?.to_owned();
    let mut said = found.clone();
    said.retain(|name, value| !form(name, value.clone()).is_null());
    Some((said, id))
}

pub(super) const ACTIONS: &[&str] = &[RULES];

/// How EC2 says that a rule is not there.
const MISSING: &[&str] = &[
    "InvalidSecurityGroupRuleId.NotFound",
    "InvalidSecurityGroupRuleId.Malformed",
    "InvalidGroup.NotFound",
];

pub(super) async fn read<'a>(session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
    if ask.tracked.is_empty() {
        return Answer::default();
    }
    let rules = match rules(session).await {
        Ok(rules) => rules,
        Err(reason) => return Answer::unknown(&ask, &reason),
    };
    let confirm = |resource: &'a Resource| {
        async move {
            let request = session.ec2().describe_security_group_rules();
            let request = request.security_group_rule_ids(&resource.id).send();
            let answer = session.find(RULES, MISSING, request).await?;
            let found = answer.and_then(|answer| answer.security_group_rules);
            let same = |rule: &aws_sdk_ec2::types::SecurityGroupRule| {
                rule.security_group_rule_id() == Some(&resource.id)
            };
            Ok(found.unwrap_or_default().into_iter().find(same))
        }
        .boxed()
    };
    Answer {
        readings: match_up(
            &ask.tracked,
            &rules,
            |_, rule| single(session, rule),
            confirm,
        )
        .await,
        ..Answer::default()
    }
}

/// All protocols have no ports, however that is written.
fn form(path: &str, value: Value) -> Value {
    match (path, &value) {
        ("ip_protocol", Value::String(text)) => protocol(text).into(),
        ("from_port" | "to_port", value) if value.as_i64() == Some(-1) => Value::Null,
        _ => value,
    }
}
