//! `aws_iam_user_policy_attachment`: a managed policy attached to a user.

use super::authorizations::DETAILS;
use super::principal::{claims, undo};
use super::users::{ATTACHED, USERS};
use super::{ResourceType, Scope};
use crate::model::{Claim, ClaimedBy, TypeRules};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_user_policy_attachment",
    scope: Scope::Global,
    listed: false,
    rules: TypeRules {
        undo: Some(|found, _| {
            let options = [("user-name", "user"), ("policy-arn", "policy_arn")];
            undo("detach-user-policy", found, options)
        }),
        claims: Some(Claim {
            parent: "user",
            is: |attachment, found| claims(TYPE.tf_type, "user", attachment, found),
        }),
        claimed_by: Some((
            ["user", "policy_arn"],
            &[
                ClaimedBy {
                    tf_type: "aws_iam_policy_attachment",
                    parents: "users",
                    parts: "policy_arn",
                },
                ClaimedBy {
                    tf_type: "aws_iam_user_policy_attachments_exclusive",
                    parents: "user_name",
                    parts: "policy_arns",
                },
            ],
        )),
        ..TypeRules::NONE
    },
    actions: &[DETAILS, ATTACHED],
    read: |session, request| USERS.read_attached(session, request).boxed(),
};
