//! Chooses and probes the roles that read stacks: those of `.driftguard.yml`, never one that only code names.

use super::ambient::{self, Owner};
use crate::aws::{Access, Aws, Probe, Probes, Role};
use crate::jobs::context::RepositoryContext;
use crate::queue::job::JobError;
use crate::report::{self, CheckText, NeededRole};
use crate::scan::load::Stack;
use crate::scan::roles::{permissions, trust};
use crate::scan::states::States;
use crate::settings::{self, MAX_ROLES, RoleArn, Settings, Who};
use crate::state::backends::{HostTokens, HttpAccess};
use anyhow::anyhow;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// Groups stacks by the roles that read them; `None` where no role is named and the server's own credentials are not
/// allowed.
pub(in crate::jobs) fn groups(
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

/// Returns a stack with the roles that read it, as in `groups`.
pub(in crate::jobs) fn of_one(
    stack: Stack,
    settings: &Settings,
    external_id: &str,
    ambient: bool,
) -> (Option<Access>, Stack) {
    let aws = of_stack(&stack, settings);
    (access(&aws, external_id, ambient), stack)
}

/// Returns whether the server's own AWS credentials may read a repository that names no role.
pub(in crate::jobs) async fn is_ambient(context: &RepositoryContext<'_>) -> anyhow::Result<bool> {
    let owner = owner(context);
    ambient::serves(&context.services.ambient, context.run.store(), owner).await
}

/// Connects to the backends outside of AWS, with the tokens that the operator gave for the repository's owner alone.
pub(in crate::jobs) async fn http(context: &RepositoryContext<'_>) -> anyhow::Result<HttpAccess> {
    let (services, store) = (context.services, context.run.store());
    let mut tokens = HostTokens::default();
    for known in &services.hcp_tokens {
        if ambient::is_named(&known.owner, store, owner(context)).await? {
            tokens.add(&known.host, known.token.clone());
        }
    }
    Ok(HttpAccess::of_server(services.outbound.clone(), tokens))
}

pub(super) fn owner<'a>(context: &'a RepositoryContext<'_>) -> Owner<'a> {
    Owner {
        id: context.head.owner,
        login: context.head.name.owner(),
    }
}

/// Returns the roles of a stack, which take precedence over those of the repository.
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

/// Why the roles of a scan must not be used.
#[derive(Debug)]
pub(in crate::jobs) enum RoleProblem {
    /// The role can be assumed without the right external id.
    Open(String),
    /// AWS gave no clear answer whether the role requires the external id.
    NotProbed(String),
    /// There are too many roles to probe.
    Unbounded(String),
}

impl fmt::Display for RoleProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(why) | Self::NotProbed(why) | Self::Unbounded(why) => f.write_str(why),
        }
    }
}

impl RoleProblem {
    /// Writes the check that reports the problem.
    pub(in crate::jobs) fn text(&self) -> CheckText {
        match self {
            Self::Open(why) => report::failed("A role lets anybody in", why),
            Self::NotProbed(why) => report::failed("A role could not be probed yet", why),
            Self::Unbounded(why) => report::failed("The roles are not probed", why),
        }
    }
}

/// The pause before a scan probes a role again that AWS gave no clear answer about.
const PROBE_PAUSE: Duration = Duration::from_secs(5 * 60);

/// Puts the job back until AWS may have a clear answer.
pub(in crate::jobs) fn probe_later(why: &str) -> JobError {
    JobError::Later(anyhow!("a role was not probed: {why}"), PROBE_PAUSE)
}

/// Refuses more roles than a repository may name.
pub(in crate::jobs) fn count_roles(
    groups: &[(Option<Access>, Vec<Stack>)],
) -> Result<(), RoleProblem> {
    let named = groups.iter().filter_map(|(access, _)| access.as_ref());
    let arns: BTreeSet<_> = named.flat_map(roles).map(|role| &role.arn).collect();
    match arns.len() {
        count if count > MAX_ROLES => Err(RoleProblem::Unbounded(format!(
            "The stacks are read with {count} roles, and a repository may name {MAX_ROLES}: split it"
        ))),
        _ => Ok(()),
    }
}

/// Returns why the roles of a scan must not be used, as far as the scan used them. No role is used before AWS has refused
/// it without an external id and with a wrong one.
///
/// # Errors
/// A role is open, or AWS gave no clear answer about one.
pub(in crate::jobs) fn verdict(probes: &Probes, access: &Access) -> Result<(), RoleProblem> {
    let mut unknown = None;
    for role in roles(access) {
        match probes.result(role) {
            None | Some(Probe::Safe | Probe::Closed(_)) => {}
            Some(Probe::Open { with }) => return Err(open(role, with)),
            Some(Probe::Unknown(reason)) => unknown = unknown.or(Some((role, reason))),
        }
    }
    match unknown {
        None => Ok(()),
        Some((role, reason)) => Err(RoleProblem::NotProbed(format!(
            "it is not known yet whether {} refuses a wrong external id ({reason}). It is not used until then; DriftGuard tries again by itself",
            role.arn
        ))),
    }
}

fn roles(access: &Access) -> impl Iterator<Item = &Role> {
    access.role.iter().chain(access.by_account.values())
}

fn open(role: &Role, with: &str) -> RoleProblem {
    let external_id = role.external_id.as_deref().unwrap_or_default();
    RoleProblem::Open(format!(
        "{} lets in whoever names it, {with}: set a condition `sts:ExternalId` = {external_id} in its trust policy",
        role.arn
    ))
}

/// Returns the principal that assumes the roles: the server's own identity.
pub(in crate::jobs) async fn principal(aws: &Aws) -> String {
    match aws.caller().await {
        Ok((_, arn)) => of_session(&arn),
        Err(_) => "ARN_OF_DRIFTGUARD".to_owned(),
    }
}

/// Returns the role of a session: a trust policy names the role, since sessions change.
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

/// Writes the check of a repository without a role: the role that these stacks need.
pub(in crate::jobs) async fn onboarding(
    aws: &Aws,
    external_id: &str,
    stacks: &[Stack],
    who: &Who,
) -> CheckText {
    let principal = principal(aws).await;
    let states = States::of(stacks);
    let text = |value: Value| serde_json::to_string_pretty(&value).unwrap_or_default();
    report::needs_role(&NeededRole {
        external_id,
        trust: &text(trust(&principal, external_id)),
        permissions: &text(permissions(&states.objects, who)),
        unknown_states: &states.unknown_names(),
    })
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
