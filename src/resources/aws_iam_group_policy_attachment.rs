//! `aws_iam_group_policy_attachment`: a managed policy attached to a group.

use super::authorizations::DETAILS;
use super::groups::{ATTACHED, GROUPS};
use super::principal::{claims, undo};
use super::{ResourceType, Scope};
use crate::model::{Claim, ClaimedBy, TypeRules};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_group_policy_attachment",
    scope: Scope::Global,
    listed: false,
    rules: TypeRules {
        undo: Some(|found, _| {
            let options = [("group-name", "group"), ("policy-arn", "policy_arn")];
            undo("detach-group-policy", found, options)
        }),
        claims: Some(Claim {
            parent: "group",
            is: |attachment, found| claims(TYPE.tf_type, "group", attachment, found),
        }),
        claimed_by: Some((
            ["group", "policy_arn"],
            &[
                ClaimedBy {
                    tf_type: "aws_iam_policy_attachment",
                    parents: "groups",
                    parts: "policy_arn",
                },
                ClaimedBy {
                    tf_type: "aws_iam_group_policy_attachments_exclusive",
                    parents: "group_name",
                    parts: "policy_arns",
                },
            ],
        )),
        ..TypeRules::NONE
    },
    actions: &[DETAILS, ATTACHED],
    read: |session, request| GROUPS.read_attached(session, request).boxed(),
};
