//! Roles, as what holds policies.

use super::authorizations::MISSING;
use super::principal::Principal;
use futures::FutureExt;

/// What a second look at one inline policy of a role needs.
pub(super) const POLICY: &str = "iam:GetRolePolicy";
/// What a second look at a role's attachments needs.
pub(super) const ATTACHED: &str = "iam:ListAttachedRolePolicies";
/// IAM's longest page.
const PAGE: i32 = 1000;

pub(super) static ROLES: Principal = Principal {
    attribute: "role",
    all: |details| {
        let roles = details.roles.iter();
        let held = roles.map(|(name, role)| {
            let attached = role.attached_managed_policies();
            (name.as_str(), role.role_policy_list(), attached)
        });
        held.collect()
    },
    inline: |session, role, name| {
        async move {
            let request = session.iam().get_role_policy();
            let request = request.role_name(role).policy_name(name).send();
            let answer = session.find(POLICY, MISSING, request).await?;
            Ok(answer.map(|answer| answer.policy_document))
        }
        .boxed()
    },
    attached: |session, role| {
        async move {
            let request = session.iam().list_attached_role_policies();
            let request = request.role_name(role).max_items(PAGE).send();
            let answer = session.find(ATTACHED, MISSING, request).await?;
            Ok(answer.and_then(|answer| answer.attached_policies))
        }
        .boxed()
    },
};
