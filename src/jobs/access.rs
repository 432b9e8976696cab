//! With which roles a stack's AWS is read: those of `.driftguard.yml`, never one that only code names.

use super::load::Stack;
use super::role::{permissions, trust};
use crate::aws::{Access, Aws, Probe, Role};
use crate::report::{self, CheckText};
use crate::settings::{self, RoleArn, Settings};
use serde_json::Value;

/// The stacks by the roles that read them; none where no role is named and the server's own credentials are not for it.
pub(super) fn groups(
    stacks: Vec<Stack>,
    settings: &Settings,
    external_id: &str,
    ambient: bool,
) -> Vec<(Option<Access>, Vec<Stack>)> {
    let mut groups: Vec<(settings::Aws, Vec<Stack>)> = Vec::new();
    for stack in stacks {
        let aws = of_stack(&stack, settings);
        match groups.iter_mut().find(|(known, _)| *known == aws) {
            Some((_, stacks)) => stacks.push(stack),
            None => groups.push((aws, vec![stack])),
        }
    }
    let access = |(aws, stacks)| (access(&aws, external_id, ambient), stacks);
    groups.into_iter().map(access).collect()
}

/// What a stack says of its roles wins over what the repository says.
fn of_stack(stack: &Stack, settings: &Settings) -> settings::Aws {
    let own = &stack.settings.aws;
    let mut roles = settings.aws.roles.clone();
    roles.extend(own.roles.clone());
    settings::Aws {
        role_arn: own
            .role_arn
            .clone()
            .or_else(|| settings.aws.role_arn.clone()),
        roles,
    }
}

fn access(aws: &settings::Aws, external_id: &str, ambient: bool) -> Option<Access> {
    let role = |arn: &RoleArn| Role {
        arn: arn.0.clone(),
        external_id: Some(external_id.to_owned()),
    };
    let named = aws.role_arn.is_some() || !aws.roles.is_empty();
    (named || ambient).then(|| Access {
        own: ambient && aws.role_arn.is_none(),
        role: aws.role_arn.as_ref().map(role),
        by_account: aws
            .roles
            .iter()
            .map(|(account, arn)| (account.clone(), role(arn)))
            .collect(),
    })
}

/// Why a role must not be used: it lets in whoever names it.
pub(super) async fn open_role(aws: &Aws, access: &Access) -> Option<String> {
    for role in access.role.iter().chain(access.by_account.values()) {
        if let Probe::Open { with } = aws.probe(role).await {
            let external_id = role.external_id.as_deref().unwrap_or_default();
            return Some(format!(
                "{} lets in whoever names it, {with}: set a condition `sts:ExternalId` = {external_id} in its trust policy",
                role.arn
            ));
        }
    }
    None
}

/// Who assumes the roles: the server's own identity.
pub(super) async fn principal(aws: &Aws) -> String {
    match aws.caller().await {
        Ok((_, arn)) => of_session(&arn),
        Err(_) => "ARN_OF_DRIFTGUARD".to_owned(),
    }
}

/// A trust policy names the role, not the session that it is assumed in, which is another each time.
fn of_session(arn: &str) -> String {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    if let ["arn", partition, "sts", "", account, rest] = parts.as_slice()
        && let Some(session) = rest.strip_prefix("assumed-role/")
        && let Some((role, _)) = session.split_once('/')
    {
        return format!("arn:{partition}:iam::{account}:role/{role}");
    }
    arn.to_owned()
}

/// What a repository without a role is told.
pub(super) async fn onboarding(aws: &Aws, external_id: &str) -> CheckText {
    let principal = principal(aws).await;
    let text = |value: Value| serde_json::to_string_pretty(&value).unwrap_or_default();
    report::needs_role(
        &text(trust(&principal, external_id)),
        &text(permissions()),
        external_id,
    )
}

#[cfg(test)]
mod tests {
    use super::of_session;

    #[test]
    fn a_trust_policy_names_the_role_of_a_session() {
        for (arn, principal) in [
            (
                "arn:aws:sts::123456789012:assumed-role/driftguard-server/i-0abc",
                "arn:aws:iam::123456789012:role/driftguard-server",
            ),
            (
                "arn:aws:iam::123456789012:user/driftguard",
                "arn:aws:iam::123456789012:user/driftguard",
            ),
        ] {
            assert_eq!(of_session(arn), principal);
        }
    }
}
