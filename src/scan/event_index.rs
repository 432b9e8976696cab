//! Indexes the resources of a stack, so that an event of AWS about one of them starts a scan of the stack.

use crate::diff::ReadResource;
use crate::model::{EventKey, Reading};
use std::collections::BTreeSet;

/// How many hashes a stack has at most: what is beyond waits for the schedule.
const MAX_HASHES: usize = 20_000;

/// The attributes under which calls name a resource, or what it belongs to.
const NAMES: &[&str] = &[
    "id",
    "arn",
    "name",
    "bucket",
    "role",
    "user",
    "group",
    "identifier",
    "cluster_identifier",
    "function_name",
    "security_group_id",
    "route_table_id",
    "network_acl_id",
    "key_id",
    "url",
];

/// Returns the hashes of the resources that were read, in the accounts in which they were.
pub(super) fn hashes(key: &EventKey, resources: &[ReadResource<'_>]) -> BTreeSet<i64> {
    let mut hashes = BTreeSet::new();
    for read in resources {
        let location = &read.location;
        let (Reading::Found(_) | Reading::Absent, Some(account)) =
            (&read.reading, &location.account)
        else {
            continue;
        };
        for name in NAMES {
            let value = read.resource.attributes.get(name);
            let Some(id) = value.and_then(|value| value.as_str()) else {
                continue;
            };
            if hashes.len() >= MAX_HASHES {
                return hashes;
            }
            if !id.is_empty() {
                hashes.insert(key.hash(account, location.region.as_ref(), id));
            }
        }
    }
    hashes
}
