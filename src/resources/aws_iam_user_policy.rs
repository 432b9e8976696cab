//! `aws_iam_user_policy`: a policy that is part of a user.

use super::authorizations::DETAILS;
use super::principal::{inline_extra, undo};
use super::users::{POLICY, USERS};
use super::{ResourceType, Scope};
use crate::model::ClaimedBy;
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_user_policy",
    scope: Scope::Global,
    listed: false,
    extra: inline_extra(
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
    read: |session, ask| USERS.read_inline(session, ask).boxed(),
};
