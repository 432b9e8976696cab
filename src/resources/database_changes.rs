//! Converts the settings of a database that RDS may change in the next maintenance window only.

use super::shape::attributes;
use crate::model::{Attributes, Resource, Value};
use aws_sdk_rds::types::{DbInstance, PendingModifiedValues};

/// Converts these settings. A pending change that the state asked for counts as applied.
pub(super) fn changeable(database: &DbInstance, recorded: Option<&Resource>) -> Attributes {
    let pending = database.pending_modified_values();
    let of = |value: fn(&PendingModifiedValues) -> Value| pending.map(value).unwrap_or_default();
    let endpoint = database.endpoint().and_then(|endpoint| endpoint.port());
    let port = endpoint.or(database.db_instance_port());
    let values: [(_, Value, Value); 10] = [
        (
            "allocated_storage",
            storage(database, recorded),
            of(|p| p.allocated_storage().into()),
        ),
        (
            "backup_retention_period",
            database.backup_retention_period().into(),
            of(|p| p.backup_retention_period().into()),
        ),
        (
            "ca_cert_identifier",
            database.ca_certificate_identifier().into(),
            of(|p| p.ca_certificate_identifier().into()),
        ),
        (
            "instance_class",
            database.db_instance_class().into(),
            of(|p| p.db_instance_class().into()),
        ),
        ("iops", database.iops().into(), of(|p| p.iops().into())),
        (
            "license_model",
            database.license_model().into(),
            of(|p| p.license_model().into()),
        ),
        (
            "multi_az",
            database.multi_az().into(),
            of(|p| p.multi_az().into()),
        ),
        ("port", port.into(), of(|p| p.port().into())),
        (
            "storage_throughput",
            database.storage_throughput().into(),
            of(|p| p.storage_throughput().into()),
        ),
        (
            "storage_type",
            database.storage_type().into(),
            of(|p| p.storage_type().into()),
        ),
    ];
    let values = values.map(|(name, live, pending)| {
        let settled = settled(recorded.map(|recorded| recorded.get(name)), live, pending);
        (name, settled)
    });
    let mut changeable = attributes(values);
    let version = version(database, recorded, pending.and_then(|p| p.engine_version()));
    changeable.insert("engine_version".to_owned(), version);
    changeable
}

/// Selects the pending value where the state asks for it: an apply has nothing left to do then.
fn settled(asked: Option<&Value>, live: Value, pending: Value) -> Value {
    if !pending.is_null() && asked == Some(&pending) {
        pending
    } else {
        live
    }
}

/// Returns the recorded storage where RDS grew it by itself within `max_allocated_storage`.
fn storage(database: &DbInstance, recorded: Option<&Resource>) -> Value {
    let live = database.allocated_storage();
    let asked = recorded.and_then(|recorded| recorded.get("allocated_storage").as_i64());
    match (asked, live) {
        (Some(asked), Some(live))
            if database
                .max_allocated_storage()
                .is_some_and(|most| live <= most)
                && i64::from(live) > asked =>
        {
            asked.into()
        }
        _ => live.into(),
    }
}

/// Returns the recorded version where the live one satisfies it: `13` means any `13.x`, and a pending upgrade counts as
/// applied.
fn version(database: &DbInstance, recorded: Option<&Resource>, pending: Option<&str>) -> Value {
    let asked = recorded
        .and_then(|recorded| recorded.text("engine_version"))
        .unwrap_or_default();
    let fits = |version: &str| {
        version == asked
            || version
                .strip_prefix(asked)
                .is_some_and(|rest| rest.starts_with('.'))
    };
    let live = database.engine_version();
    let same = !asked.is_empty() && (live.is_some_and(fits) || pending.is_some_and(fits));
    if same { asked.into() } else { live.into() }
}
