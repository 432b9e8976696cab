//! `aws_iam_group_policy`: an inline policy of a group.

use super::authorizations::DETAILS;
use super::groups::{GROUPS, POLICY};
use super::principal::{inline_rules, undo};
use super::{ResourceType, Scope};
use crate::model::ClaimedBy;
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_group_policy",
    scope: Scope::Global,
    listed: false,
    rules: inline_rules(
        |found, _| {
            let options = [("group-name", "group"), ("policy-name", "name")];
            undo("delete-group-policy", found, options)
        },
        "group",
        &[ClaimedBy {
            tf_type: "aws_iam_group_policies_exclusive",
            parents: "group_name",
            parts: "policy_names",
        }],
    ),
    actions: &[DETAILS, POLICY],
    read: |session, request| GROUPS.read_inline(session, request).boxed(),
};
