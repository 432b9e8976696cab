//! Reads the policies of groups.

use super::authorizations::NOT_FOUND;
use super::principal::Principal;
use futures::FutureExt;

/// The IAM action that reads a single inline policy of a group.
pub(super) const POLICY: &str = "iam:GetGroupPolicy";
/// The IAM action that lists the policies attached to a group.
pub(super) const ATTACHED: &str = "iam:ListAttachedGroupPolicies";
/// The largest page that IAM returns.
const PAGE_SIZE: i32 = 1000;

pub(super) static GROUPS: Principal = Principal {
    attribute: "group",
    types: ["aws_iam_group_policy", "aws_iam_group_policy_attachment"],
    all: |details| {
        let groups = details.groups.iter();
        let held = groups.map(|(name, group)| {
            let attached = group.attached_managed_policies();
            (name.as_str(), group.group_policy_list(), attached)
        });
        held.collect()
    },
    inline: |session, group, name| {
        async move {
            let request = session.iam().get_group_policy();
            let request = request.group_name(group).policy_name(name).send();
            let answer = session.find(POLICY, NOT_FOUND, request).await?;
            Ok(answer.map(|answer| answer.policy_document))
        }
        .boxed()
    },
    attached: |session, group| {
        async move {
            let request = session.iam().list_attached_group_policies();
            let request = request.group_name(group).max_items(PAGE_SIZE).send();
            let answer = session.find(ATTACHED, NOT_FOUND, request).await?;
            Ok(answer.and_then(|answer| answer.attached_policies))
        }
        .boxed()
    },
};
