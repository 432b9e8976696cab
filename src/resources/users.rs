//! Reads the policies of users.

use super::authorizations::NOT_FOUND;
use super::principal::Principal;
use futures::FutureExt;

/// The IAM action that reads a single inline policy of a user.
pub(super) const POLICY: &str = "iam:GetUserPolicy";
/// The IAM action that lists the policies attached to a user.
pub(super) const ATTACHED: &str = "iam:ListAttachedUserPolicies";
/// The largest page that IAM returns.
const PAGE_SIZE: i32 = 1000;

pub(super) static USERS: Principal = Principal {
    attribute: "user",
    types: ["aws_iam_user_policy", "aws_iam_user_policy_attachment"],
    all: |details| {
        let users = details.users.iter();
        let held = users.map(|(name, user)| {
            let attached = user.attached_managed_policies();
            (name.as_str(), user.user_policy_list(), attached)
        });
        held.collect()
    },
    inline: |session, user, name| {
        async move {
            let request = session.iam().get_user_policy();
            let request = request.user_name(user).policy_name(name).send();
            let answer = session.find(POLICY, NOT_FOUND, request).await?;
            Ok(answer.map(|answer| answer.policy_document))
        }
        .boxed()
    },
    attached: |session, user| {
        async move {
            let request = session.iam().list_attached_user_policies();
            let request = request.user_name(user).max_items(PAGE_SIZE).send();
            let answer = session.find(ATTACHED, NOT_FOUND, request).await?;
            Ok(answer.and_then(|answer| answer.attached_policies))
        }
        .boxed()
    },
};
