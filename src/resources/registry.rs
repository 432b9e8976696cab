//! Lists every resource type that DriftGuard reads natively.

use super::{
    ResourceType, aws_db_instance, aws_db_subnet_group, aws_ebs_volume, aws_eip, aws_iam_group,
    aws_iam_group_policy, aws_iam_group_policy_attachment, aws_iam_instance_profile,
    aws_iam_policy, aws_iam_role, aws_iam_role_policy, aws_iam_role_policy_attachment,
    aws_iam_user, aws_iam_user_policy, aws_iam_user_policy_attachment, aws_instance,
    aws_internet_gateway, aws_nat_gateway, aws_route, aws_route_table, aws_route_table_association,
    aws_s3_bucket, aws_s3_bucket_acl, aws_s3_bucket_ownership_controls, aws_s3_bucket_policy,
    aws_s3_bucket_public_access_block, aws_s3_bucket_server_side_encryption_configuration,
    aws_s3_bucket_versioning, aws_security_group, aws_security_group_rule, aws_subnet, aws_vpc,
    aws_vpc_security_group_egress_rule, aws_vpc_security_group_ingress_rule, default_rules, policy,
    provider_schema, resource_policy,
};
use crate::model::{Catalog, Schema, TypeRules};

/// Every resource type that DriftGuard reads, by name.
pub static ALL: &[&ResourceType] = &[
    &aws_db_instance::TYPE,
    &aws_db_subnet_group::TYPE,
    &aws_ebs_volume::TYPE,
    &aws_eip::TYPE,
    &aws_iam_group::TYPE,
    &aws_iam_group_policy::TYPE,
    &aws_iam_group_policy_attachment::TYPE,
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

/// Returns the rules of a type that no native reader knows: the provider tells what differs, and policies are compared
/// by meaning.
pub fn provider_rules(tf_type: &str) -> &'static TypeRules {
    let named = default_rules::of(tf_type).or_else(|| resource_policy::of(tf_type));
    named.unwrap_or(&PROVIDER_RULES)
}

/// Returns whether other stacks may rightly change what no plan shows of a type: its policy, or its rules.
pub fn is_shared_unseen(tf_type: &str) -> bool {
    resource_policy::of(tf_type).is_some()
}

static PROVIDER_RULES: TypeRules = TypeRules {
    normalize: policy::normalize_any,
    ..TypeRules::NONE
};

/// Returns the schemas of all types that the provider has.
pub fn full_catalog() -> Catalog {
    let schema = |(name, attributes): (String, _)| {
        let native = ResourceType::named(&name);
        let rules = native.map_or_else(|| provider_rules(&name), |native| &native.rules);
        (name, Schema { attributes, rules })
    };
    provider_schema::all().into_iter().map(schema).collect()
}

/// Returns the schemas of all types: the provider's attributes with DriftGuard's own rules.
pub fn catalog() -> Catalog {
    let schema = |resource_type: &&'static ResourceType| {
        let attributes = provider_schema::attributes(resource_type.tf_type)?;
        let rules = &resource_type.rules;
        let name = resource_type.tf_type.to_owned();
        Some((name, Schema { attributes, rules }))
    };
    ALL.iter().filter_map(schema).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_one_that_the_provider_knows() {
        let catalog = catalog();
        for resource_type in ALL {
            let name = resource_type.tf_type;
            assert!(catalog.get(name).is_some(), "{name}");
        }
    }
}
