//! `aws_iam_user_policy`: an inline policy of a user.

use super::authorizations::DETAILS;
use super::principal::{inline_rules, undo};
use super::users::{POLICY, USERS};
use super::{ResourceType, Scope};
use crate::model::ClaimedBy;
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_user_policy",
    scope: Scope::Global,
    listed: false,
    rules: inline_rules(
        |found, _| {
            let options = [("user-name", "user"), ("policy-name", "name")];
            undo("delete-user-policy", found, options)
        },
        "user",
        &[ClaimedBy {
            tf_type: "aws_iam_user_policies_exclusive",
            parents: "user_name",
            parts: "policy_names",
        }],
    ),
    actions: &[DETAILS, POLICY],
    read: |session, request| USERS.read_inline(session, request).boxed(),
};
