//! Reads security group rules with ids: ingress and egress differ only in their direction.

use super::permissions::{RULES, protocol, rules, single};
use super::read::resolve_tracked;
use super::shape::option;
use super::{ReadRequest, ReadResult};
use crate::aws::Session;
use crate::model::{Attributes, ClaimedBy, Resource, TypeRules, Value};
use futures::FutureExt;

/// Returns the rules of a type, with the command that revokes a rule of this direction, and the types that list such rules.
pub(super) const fn type_rules(
    undo: fn(&Attributes, &str) -> String,
    claimed_by: &'static [ClaimedBy],
) -> TypeRules {
    TypeRules {
        claimed_by: Some((["security_group_id", "security_group_rule_id"], claimed_by)),
        normalize,
        undo: Some(undo),
        restated: Some(restated),
        ..TypeRules::NONE
    }
}

/// Writes the command that revokes a rule; `direction` is `ingress` or `egress`.
pub(super) fn revoke(direction: &str, found: &Attributes, id: &str) -> String {
    let group = found.get("security_group_id").cloned().unwrap_or_default();
    format!("aws ec2 revoke-security-group-{direction}")
        + &option("group-id", &group)
        + &option("security-group-rule-ids", &id.into())
}

/// Converts a rule to what code declares: ports are left out where all protocols are meant.
fn restated(_: &str, found: &Attributes) -> Option<(Attributes, String)> {
    let id = found.get("security_group_rule_id")?.as_str()?.to_owned();
    let mut declared = found.clone();
    declared.retain(|name, value| !normalize(name, value.clone()).is_null());
    Some((declared, id))
}

pub(super) const ACTIONS: &[&str] = &[RULES];

/// EC2's error codes for a rule that does not exist.
const NOT_FOUND: &[&str] = &[
    "InvalidSecurityGroupRuleId.NotFound",
    "InvalidSecurityGroupRuleId.Malformed",
    "InvalidGroup.NotFound",
];

pub(super) async fn read<'a>(session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
    if request.tracked.is_empty() {
        return ReadResult::default();
    }
    let rules = match rules(session).await {
        Ok(rules) => rules,
        Err(reason) => return ReadResult::unknown(&request, &reason),
    };
    let get_by_id = |resource: &'a Resource| {
        async move {
            let request = session.ec2().describe_security_group_rules();
            let request = request.security_group_rule_ids(&resource.id).send();
            let answer = session.find(RULES, NOT_FOUND, request).await?;
            let found = answer.and_then(|answer| answer.security_group_rules);
            let same = |rule: &aws_sdk_ec2::types::SecurityGroupRule| {
                rule.security_group_rule_id() == Some(&resource.id)
            };
            Ok(found.unwrap_or_default().into_iter().find(same))
        }
        .boxed()
    };
    ReadResult {
        readings: resolve_tracked(
            &request.tracked,
            &rules,
            |_, rule| single(session, rule),
            get_by_id,
        )
        .await,
        ..ReadResult::default()
    }
}

/// Normalizes ports: a rule for all protocols has none.
fn normalize(path: &str, value: Value) -> Value {
    match (path, &value) {
        ("ip_protocol", Value::String(text)) => protocol(text).into(),
        ("from_port" | "to_port", value) if value.as_i64() == Some(-1) => Value::Null,
        _ => value,
    }
}
