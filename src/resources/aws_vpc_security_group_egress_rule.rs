//! `aws_vpc_security_group_egress_rule`: an egress rule of a security group, with an id of its own.

use super::vpc_rule;
use super::{ResourceType, Scope};
use crate::model::ClaimedBy;
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_vpc_security_group_egress_rule",
    scope: Scope::Regional,
    listed: false,
    rules: vpc_rule::type_rules(
        |found, id| vpc_rule::revoke("egress", found, id),
        &[ClaimedBy {
            tf_type: "aws_vpc_security_group_rules_exclusive",
            parents: "security_group_id",
            parts: "egress_rule_ids",
        }],
    ),
    actions: vpc_rule::ACTIONS,
    read: |session, request| vpc_rule::read(session, request).boxed(),
};
