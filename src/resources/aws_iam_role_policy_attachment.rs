//! `aws_iam_role_policy_attachment`: a managed policy attached to a role.

use super::authorizations::DETAILS;
use super::principal::{claims, undo};
use super::roles::{ATTACHED, ROLES};
use super::{ResourceType, Scope};
use crate::model::{Claim, ClaimedBy, TypeRules};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_role_policy_attachment",
    scope: Scope::Global,
    listed: false,
    rules: TypeRules {
        undo: Some(|found, _| {
            let options = [("role-name", "role"), ("policy-arn", "policy_arn")];
            undo("detach-role-policy", found, options)
        }),
        claims: Some(Claim {
            parent: "role",
            is: |attachment, found| claims(TYPE.tf_type, "role", attachment, found),
        }),
        claimed_by: Some((
            ["role", "policy_arn"],
            &[
                ClaimedBy {
                    tf_type: "aws_iam_policy_attachment",
                    parents: "roles",
                    parts: "policy_arn",
                },
                ClaimedBy {
                    tf_type: "aws_iam_role_policy_attachments_exclusive",
                    parents: "role_name",
                    parts: "policy_arns",
                },
            ],
        )),
        ..TypeRules::NONE
    },
    actions: &[DETAILS, ATTACHED],
    read: |session, request| ROLES.read_attached(session, request).boxed(),
};
