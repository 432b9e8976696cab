//! `aws_vpc_security_group_egress_rule`: one rule of a group, with an id of its own.

use super::vpc_rule;
use super::{ResourceType, Scope};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_vpc_security_group_egress_rule",
    scope: Scope::Regional,
    listed: false,
    extra: vpc_rule::EXTRA,
    actions: vpc_rule::ACTIONS,
    read: |session, ask| vpc_rule::read(session, ask).boxed(),
};
