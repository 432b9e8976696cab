//! Users, as what holds policies.

use super::authorizations::MISSING;
use super::principal::Principal;
use futures::FutureExt;

/// What a second look at one inline policy of a user needs.
pub(super) const POLICY: &str = "iam:GetUserPolicy";
/// What a second look at a user's attachments needs.
pub(super) const ATTACHED: &str = "iam:ListAttachedUserPolicies";
/// IAM's longest page.
const PAGE: i32 = 1000;

pub(super) static USERS: Principal = Principal {
    attribute: "user",
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
            let answer = session.find(POLICY, MISSING, request).await?;
            Ok(answer.map(|answer| answer.policy_document))
        }
        .boxed()
    },
    attached: |session, user| {
        async move {
            let request = session.iam().list_attached_user_policies();
            let request = request.user_name(user).max_items(PAGE).send();
            let answer = session.find(ATTACHED, MISSING, request).await?;
            Ok(answer.and_then(|answer| answer.attached_policies))
        }
        .boxed()
    },
};
