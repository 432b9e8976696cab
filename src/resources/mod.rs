//! One AWS resource type a file. A new one is its file, its `mod` line and its line in `ALL`.

mod ask;
mod authorizations;
mod bucket_aspect;
mod bucket_blocks;
mod bucket_lifecycle;
mod bucket_replication;
mod bucket_website;
mod bulk;
mod instance_aspects;
mod instance_disks;
mod instance_options;
mod permissions;
mod policy;
mod principal;
mod provider;
mod roles;
mod routes;
mod shape;
mod users;
mod vpc_rule;

mod aws_db_instance;
mod aws_db_subnet_group;
mod aws_ebs_volume;
mod aws_eip;
mod aws_iam_instance_profile;
mod aws_iam_policy;
mod aws_iam_role;
mod aws_iam_role_policy;
mod aws_iam_role_policy_attachment;
mod aws_iam_user;
mod aws_iam_user_policy;
mod aws_iam_user_policy_attachment;
mod aws_instance;
mod aws_internet_gateway;
mod aws_nat_gateway;
mod aws_route;
mod aws_route_table;
mod aws_route_table_association;
mod aws_s3_bucket;
mod aws_s3_bucket_acl;
mod aws_s3_bucket_ownership_controls;
mod aws_s3_bucket_policy;
mod aws_s3_bucket_public_access_block;
mod aws_s3_bucket_server_side_encryption_configuration;
mod aws_s3_bucket_versioning;
mod aws_security_group;
mod aws_security_group_rule;
mod aws_subnet;
mod aws_vpc;
mod aws_vpc_security_group_egress_rule;
mod aws_vpc_security_group_ingress_rule;

pub use ask::{Answer, Ask, Look, Written};

use crate::aws::Session;
use crate::model::{Catalog, Extra, Schema};
use futures::future::BoxFuture;

/// Every type that DriftGuard reads.
pub static ALL: &[&ResourceType] = &[
    // One line a type, by name.
    &aws_db_instance::TYPE,
    &aws_db_subnet_group::TYPE,
    &aws_ebs_volume::TYPE,
    &aws_eip::TYPE,
    &aws_iam_instance_profile::TYPE,
    &aws_iam_policy::TYPE,
    &aws_iam_role::TYPE,
    &aws_iam_role_policy::TYPE,
    &aws_iam_role_policy_attachment::TYPE,
    &aws_iam_user::TYPE,
    &aws_iam_user_policy::TYPE,
    &aws_iam_user_policy_attachment::TYPE,
    &aws_instance::TYPE,
    &aws_internet_gateway::TYPE,
    &aws_nat_gateway::TYPE,
    &aws_route::TYPE,
    &aws_route_table::TYPE,
    &aws_route_table_association::TYPE,
    &aws_s3_bucket::TYPE,
    &aws_s3_bucket_acl::TYPE,
    &aws_s3_bucket_ownership_controls::TYPE,
    &aws_s3_bucket_policy::TYPE,
    &aws_s3_bucket_public_access_block::TYPE,
    &aws_s3_bucket_server_side_encryption_configuration::TYPE,
    &aws_s3_bucket_versioning::TYPE,
    &aws_security_group::TYPE,
    &aws_security_group_rule::TYPE,
    &aws_subnet::TYPE,
    &aws_vpc::TYPE,
    &aws_vpc_security_group_egress_rule::TYPE,
    &aws_vpc_security_group_ingress_rule::TYPE,
];

/// Everything DriftGuard's own files know of one Terraform resource type.
pub struct ResourceType {
    /// Terraform's name for it, and the name of its file.
    pub tf_type: &'static str,
    /// Whether each region has its own.
    pub scope: Scope,
    /// Whether what no state claims is looked for in the whole account.
    pub listed: bool,
    /// What the provider's schema leaves out.
    pub extra: Extra,
    /// The IAM actions that `read` needs; the policy that people install is made from these.
    pub actions: &'static [&'static str],
    /// Asks in bulk, and answers for each tracked resource of the type.
    pub read: for<'a> fn(&'a Session, Ask<'a>) -> BoxFuture<'a, Answer<'a>>,
}

/// Whether each region has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Asked in each region.
    Regional,
    /// Asked once for the account: IAM.
    Global,
}

impl ResourceType {
    /// The attribute whose parts are resources of this other type.
    fn part(&self, tf_type: &str) -> Option<&'static str> {
        let mut children = self.extra.children.iter();
        let child = children.find(|children| children.tf_type == tf_type)?;
        Some(child.path)
    }

    /// The type of this name, where DriftGuard reads it.
    pub fn named(tf_type: &str) -> Option<&'static Self> {
        ALL.iter().copied().find(|known| known.tf_type == tf_type)
    }
}

/// The pure halves, for the stages that compare: the provider's words and ours.
pub fn catalog() -> Catalog {
    let schema = |known: &&'static ResourceType| {
        let attributes = provider::attributes(known.tf_type)?;
        let extra = &known.extra;
        Some((known.tf_type.to_owned(), Schema { attributes, extra }))
    };
    ALL.iter().filter_map(schema).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_one_that_the_provider_knows() {
        let catalog = catalog();
        for known in ALL {
            assert!(catalog.get(known.tf_type).is_some(), "{}", known.tf_type);
        }
    }
}
