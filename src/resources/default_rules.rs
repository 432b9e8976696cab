//! Says what the provider's schema leaves out of the group and the table that each VPC has from the start, which are read
//! through the provider: their code rarely lists their rules and routes, and then no plan shows one that was added.

use super::{aws_route_table, aws_security_group};
use crate::model::TypeRules;

/// Returns the rules of such a type.
pub(super) fn of(tf_type: &str) -> Option<&'static TypeRules> {
    match tf_type {
        "aws_default_security_group" => Some(&GROUP),
        "aws_default_route_table" => Some(&TABLE),
        _ => None,
    }
}

static GROUP: TypeRules = TypeRules {
    owners: aws_security_group::TYPE.rules.owners,
    never_read: aws_security_group::TYPE.rules.never_read,
    watched: aws_security_group::TYPE.rules.watched,
    normalize: aws_security_group::TYPE.rules.normalize,
    ..TypeRules::NONE
};

static TABLE: TypeRules = TypeRules {
    owners: aws_route_table::TYPE.rules.owners,
    watched: aws_route_table::TYPE.rules.watched,
    settled: aws_route_table::TYPE.rules.settled,
    normalize: aws_route_table::TYPE.rules.normalize,
    ..TypeRules::NONE
};
