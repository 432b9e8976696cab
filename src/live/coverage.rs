//! Summarizes what was checked and what was not.

use crate::model::{AccountId, AwsLocation, Coverage, Reading, Reason, Region, Status, TypeReader};
use crate::resources::ResourceType;
use std::collections::BTreeMap;

/// Returns one row per type, account, region and status.
pub fn coverage<'a>(
    readings: impl IntoIterator<Item = (&'a str, &'a AwsLocation, &'a Reading)>,
) -> Vec<Coverage> {
    let mut rows: BTreeMap<_, (usize, Option<&Reason>)> = BTreeMap::new();
    for (tf_type, location, reading) in readings {
        let reason = match reading {
            Reading::Unknown(reason) => Some(reason),
            _ => None,
        };
        let status = reason.map_or(Status::Checked, Reason::status);
        let key = (
            tf_type,
            (location.account.clone(), location.region.clone()),
            status,
        );
        let row = rows.entry(key).or_insert((0, reason));
        row.0 += 1;
    }
    let line = |((tf_type, location, _), (resources, reason)): (
        (&str, _, _),
        (usize, Option<&Reason>),
    )| { row(tf_type, location, resources, reason) };
    rows.into_iter().map(line).collect()
}

/// Returns one row.
pub(super) fn row(
    tf_type: &str,
    (account, region): (Option<AccountId>, Option<Region>),
    resources: usize,
    reason: Option<&Reason>,
) -> Coverage {
    Coverage {
        account,
        region,
        reader: match ResourceType::named(tf_type) {
            Some(_) => TypeReader::Native,
            None => TypeReader::Provider,
        },
        reason: reason.map(ToString::to_string),
        missing_action: reason.and_then(Reason::missing_action).map(str::to_owned),
        ..Coverage::new(
            tf_type,
            resources,
            reason.map_or(Status::Checked, Reason::status),
        )
    }
}
