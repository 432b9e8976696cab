//! `aws_iam_role_policy`: an inline policy of a role.

use super::authorizations::DETAILS;
use super::principal::{inline_rules, undo};
use super::roles::{POLICY, ROLES};
use super::{ResourceType, Scope};
use crate::model::ClaimedBy;
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_role_policy",
    scope: Scope::Global,
    listed: false,
    rules: inline_rules(
        |found, _| {
            let options = [("role-name", "role"), ("policy-name", "name")];
            undo("delete-role-policy", found, options)
        },
        "role",
        &[ClaimedBy {
            tf_type: "aws_iam_role_policies_exclusive",
            parents: "role_name",
            parts: "policy_names",
        }],
    ),
    actions: &[DETAILS, POLICY],
    read: |session, request| ROLES.read_inline(session, request).boxed(),
};
