//! `aws_iam_role_policy`: a policy that is part of a role.

use super::authorizations::DETAILS;
use super::principal::{inline_extra, undo};
use super::roles::{POLICY, ROLES};
use super::{ResourceType, Scope};
use crate::model::ClaimedBy;
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_role_policy",
    scope: Scope::Global,
    listed: false,
    extra: inline_extra(
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
    read: |session, ask| ROLES.read_inline(session, ask).boxed(),
};
