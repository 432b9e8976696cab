//! Reads AWS resource types, one file each.
//!
//! `resource_type` says what a type is, `registry` lists all of them. A new type is its file, its `mod` line here, its two
//! lines in `registry`, and a fixture: docs/development.md walks through it.

mod acl_rules;
mod authorizations;
mod bucket_aspect;
mod bucket_blocks;
mod bucket_lifecycle;
mod bucket_replication;
mod bucket_website;
mod bulk_reader;
mod database_changes;
mod default_rules;
mod groups;
mod instance_aspects;
mod instance_attachments;
mod instance_disks;
mod instance_options;
mod listing;
mod permissions;
mod permissions_shared;
mod policy;
mod principal;
mod provider_schema;
mod read;
mod reading_memory;
mod registry;
mod resource_policy;
mod resource_type;
mod roles;
mod routes;
mod shape;
mod users;
mod vpc_rule;

mod aws_db_instance;
mod aws_db_subnet_group;
mod aws_ebs_volume;
mod aws_eip;
mod aws_iam_group;
mod aws_iam_group_policy;
mod aws_iam_group_policy_attachment;
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

pub use read::{OnDemand, ReadRequest, ReadResult, UnmanagedScope};
pub use registry::{ALL, catalog, full_catalog, is_shared_unseen, provider_rules};
pub use resource_type::{ResourceType, Scope};
