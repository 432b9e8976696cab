//! `aws_db_instance`: an RDS database.

use super::database_changes::changeable;
use super::listing::{ById, Listing};
use super::read::{resolve_tracked, unmanaged_resource};
use super::shape::{attributes, name_prefix, tags, texts};
use super::{ReadRequest, ReadResult, ResourceType, Scope, UnmanagedScope};
use crate::aws::Session;
use crate::model::{Attributes, Reason, Resource, TypeRules, Value};
use aws_sdk_rds::operation::describe_db_instances::DescribeDbInstancesOutput;
use aws_sdk_rds::types::DbInstance;
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_db_instance",
    scope: Scope::Regional,
    listed: true,
    rules: TypeRules {
        never_read: &[
            "allow_major_version_upgrade",
            "apply_immediately",
            "blue_green_update",
            "delete_automated_backups",
            "final_snapshot_identifier",
            "manage_master_user_password",
            "master_user_secret_kms_key_id",
            "password",
            "password_wo",
            "password_wo_version",
            "restore_to_point_in_time",
            "s3_import",
            "skip_final_snapshot",
            "snapshot_identifier",
            "upgrade_storage_config",
        ],
        watched: &[
            "allocated_storage",
            "backup_retention_period",
            "engine_version",
            "instance_class",
            "option_group_name",
            "parameter_group_name",
            "port",
            "storage_type",
            "username",
            "vpc_security_group_ids",
        ],
        normalize: |path, value| match (path, &value) {
            ("maintenance_window", Value::String(text)) => text.to_ascii_lowercase().into(),
            ("engine" | "identifier", Value::String(text)) => text.to_ascii_lowercase().into(),
            _ => value,
        },
        settled: &["ca_cert_identifier"],
        ..TypeRules::NONE
    },
    actions: &[DESCRIBE],
    read: |session, request| read(session, request).boxed(),
};

const DESCRIBE: &str = "rds:DescribeDBInstances";
/// RDS's error codes for a database that does not exist.
const NOT_FOUND: &[&str] = &["DBInstanceNotFound", "DBInstanceNotFoundFault"];
/// The largest page that RDS returns.
const PAGE_SIZE: i32 = 100;

async fn read<'a>(session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
    let all = request.unmanaged_scope == UnmanagedScope::Account;
    if request.tracked.is_empty() && !all {
        return ReadResult::default();
    }
    let databases = match databases(session).await {
        Ok(databases) => databases,
        Err(reason) => return ReadResult::unknown(&request, &reason),
    };
    let tracked: BTreeMap<String, &DbInstance> = request
        .tracked
        .iter()
        .filter_map(|resource| Some((resource.id.clone(), databases.get(identifier(resource))?)))
        .filter(|(id, database)| is(id, database))
        .collect();
    let found: BTreeMap<_, _> = tracked
        .into_iter()
        .map(|(id, database)| (id, database.clone()))
        .collect();
    let get_by_id = |resource: &'a Resource| {
        async move {
            let request = session.rds().describe_db_instances();
            let request = request.db_instance_identifier(identifier(resource)).send();
            let answer = session.find(DESCRIBE, NOT_FOUND, request).await?;
            let found = answer
                .and_then(|answer| answer.db_instances)
                .unwrap_or_default();
            Ok(found
                .into_iter()
                .find(|database| is(&resource.id, database)))
        }
        .boxed()
    };
    let convert = |resource: &'a Resource, database: &DbInstance| convert(database, Some(resource));
    let mut answer = ReadResult {
        readings: resolve_tracked(&request.tracked, &found, convert, get_by_id).await,
        ..ReadResult::default()
    };
    if all {
        // Members of a cluster belong to the cluster.
        let own = databases
            .iter()
            .filter(|(_, database)| database.db_cluster_identifier().is_none());
        let found = own.map(|(name, database)| {
            let mut all = self::convert(database, None);
            all.insert("id".to_owned(), database.dbi_resource_id().into());
            unmanaged_resource(session, TYPE.tf_type, name, all)
        });
        answer.unmanaged = found.collect();
    }
    answer
}

static LISTING: Listing<DescribeDbInstancesOutput, DbInstance> = Listing {
    action: DESCRIBE,
    scope: Scope::Regional,
    items: |page| page.db_instances,
    id: DbInstance::db_instance_identifier,
};

/// Lists the region's databases by name.
async fn databases(session: &Session) -> Result<ById<DbInstance>, Reason> {
    let request = session
        .rds()
        .describe_db_instances()
        .max_records(PAGE_SIZE)
        .into_paginator();
    LISTING.by_id(session, request.send()).await
}

/// Returns the name of a recorded database: from version 5 of the provider on, `id` is the resource id.
fn identifier(resource: &Resource) -> &str {
    resource.text("identifier").unwrap_or(&resource.id)
}

/// Returns whether a database has this id, so that one recreated under the same name is another one.
fn is(id: &str, database: &DbInstance) -> bool {
    [
        database.dbi_resource_id(),
        database.db_instance_identifier(),
    ]
    .contains(&Some(id))
}

/// Converts a database to the provider's attributes. A pending change that the state asked for counts as applied.
fn convert(database: &DbInstance, recorded: Option<&Resource>) -> Attributes {
    let mut attributes = identity(database);
    attributes.extend(network(database));
    attributes.extend(operations(database));
    attributes.extend(modes(database));
    attributes.extend(changeable(database, recorded));
    attributes
}

/// Converts what the database is, and who may use it.
fn identity(database: &DbInstance) -> Attributes {
    let options = database
        .option_group_memberships()
        .first()
        .and_then(|group| group.option_group_name());
    let parameters = database
        .db_parameter_groups()
        .first()
        .and_then(|group| group.db_parameter_group_name());
    let source = database.read_replica_source_db_instance_identifier();
    let role = database.custom_iam_instance_profile();
    let tag_list = database.tag_list().iter();
    attributes([
        ("character_set_name", database.character_set_name().into()),
        ("custom_iam_instance_profile", role.into()),
        ("db_name", database.db_name().into()),
        ("deletion_protection", database.deletion_protection().into()),
        ("engine", database.engine().into()),
        (
            "iam_database_authentication_enabled",
            database.iam_database_authentication_enabled().into(),
        ),
        ("identifier", database.db_instance_identifier().into()),
        (
            "identifier_prefix",
            name_prefix(database.db_instance_identifier()),
        ),
        ("kms_key_id", database.kms_key_id().into()),
        (
            "nchar_character_set_name",
            database.nchar_character_set_name().into(),
        ),
        ("option_group_name", options.into()),
        ("parameter_group_name", parameters.into()),
        ("replicate_source_db", source.into()),
        ("storage_encrypted", database.storage_encrypted().into()),
        (
            "tags_all",
            tags(tag_list.map(|tag| (tag.key(), tag.value()))),
        ),
        ("timezone", database.timezone().into()),
        ("username", database.master_username().into()),
    ])
}

/// Converts where the database is reached.
fn network(database: &DbInstance) -> Attributes {
    let groups = database
        .vpc_security_groups()
        .iter()
        .filter_map(|group| group.vpc_security_group_id());
    let subnets = database
        .db_subnet_group()
        .and_then(|group| group.db_subnet_group_name());
    let domain = database.domain_memberships().first();
    let role = domain.and_then(|domain| domain.iam_role_name());
    let owned = database.customer_owned_ip_enabled();
    attributes([
        ("availability_zone", database.availability_zone().into()),
        ("customer_owned_ip_enabled", owned.into()),
        ("db_subnet_group_name", subnets.into()),
        ("domain", domain.and_then(|domain| domain.domain()).into()),
        (
            "domain_auth_secret_arn",
            domain.and_then(|domain| domain.auth_secret_arn()).into(),
        ),
        (
            "domain_dns_ips",
            texts(domain.map(|domain| domain.dns_ips()).unwrap_or_default()),
        ),
        (
            "domain_fqdn",
            domain.and_then(|domain| domain.fqdn()).into(),
        ),
        ("domain_iam_role_name", role.into()),
        ("domain_ou", domain.and_then(|domain| domain.ou()).into()),
        ("publicly_accessible", database.publicly_accessible().into()),
        ("vpc_security_group_ids", texts(groups)),
    ])
}

/// Converts how the database is backed up, maintained and monitored.
fn operations(database: &DbInstance) -> Attributes {
    let upgrades = database.auto_minor_version_upgrade();
    let maintenance = database.preferred_maintenance_window();
    let key = database.performance_insights_kms_key_id();
    let logs = database.enabled_cloudwatch_logs_exports();
    attributes([
        ("auto_minor_version_upgrade", upgrades.into()),
        ("backup_window", database.preferred_backup_window().into()),
        (
            "copy_tags_to_snapshot",
            database.copy_tags_to_snapshot().into(),
        ),
        (
            "dedicated_log_volume",
            database.dedicated_log_volume().into(),
        ),
        ("enabled_cloudwatch_logs_exports", texts(logs)),
        ("maintenance_window", maintenance.into()),
        (
            "max_allocated_storage",
            database.max_allocated_storage().into(),
        ),
        ("monitoring_interval", database.monitoring_interval().into()),
        ("monitoring_role_arn", database.monitoring_role_arn().into()),
        (
            "performance_insights_enabled",
            database.performance_insights_enabled().into(),
        ),
        ("performance_insights_kms_key_id", key.into()),
        (
            "performance_insights_retention_period",
            database.performance_insights_retention_period().into(),
        ),
    ])
}

/// Converts the settings that RDS does not return of every database. What it leaves out counts as not read.
fn modes(database: &DbInstance) -> Attributes {
    let insights = database.database_insights_mode();
    let replica = database.replica_mode();
    let settings = [
        ("backup_target", database.backup_target()),
        ("database_insights_mode", insights.map(|mode| mode.as_str())),
        (
            "engine_lifecycle_support",
            database.engine_lifecycle_support(),
        ),
        ("network_type", database.network_type()),
        ("replica_mode", replica.map(|mode| mode.as_str())),
    ];
    let returned = settings.into_iter();
    returned
        .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
        .collect()
}
