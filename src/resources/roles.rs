//! Reads the policies of roles.

use super::authorizations::NOT_FOUND;
use super::principal::Principal;
use futures::FutureExt;

pub(super) const INLINE: &str = "aws_iam_role_policy";
pub(super) const ATTACHMENT: &str = "aws_iam_role_policy_attachment";
/// The IAM action that reads a single inline policy of a role.
pub(super) const POLICY: &str = "iam:GetRolePolicy";
/// The IAM action that lists the policies attached to a role.
pub(super) const ATTACHED: &str = "iam:ListAttachedRolePolicies";
/// The largest page that IAM returns.
const PAGE_SIZE: i32 = 1000;

pub(super) static ROLES: Principal = Principal {
    attribute: "role",
    types: [INLINE, ATTACHMENT],
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
            let answer = session.find(POLICY, NOT_FOUND, request).await?;
            Ok(answer.map(|answer| answer.policy_document))
        }
        .boxed()
    },
    attached: |session, role| {
        async move {
            let request = session.iam().list_attached_role_policies();
            let request = request.role_name(role).max_items(PAGE_SIZE).send();
            let answer = session.find(ATTACHED, NOT_FOUND, request).await?;
            Ok(answer.and_then(|answer| answer.attached_policies))
        }
        .boxed()
    },
};
