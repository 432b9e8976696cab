//! Names who asks for something with a key, as the audit log shows it.

use crate::model::{AuditEntry, AuditVia, WorkspaceId};
use crate::store::ApiKeyRecord;

/// Names the person: who created the key, else the key.
pub(super) fn person(key: &ApiKeyRecord) -> String {
    match key.created_by.as_str() {
        "" => format!("API key {}", key.prefix),
        login => login.to_owned(),
    }
}

/// Names the key: its beginning, and the name that was given to it.
fn named(key: &ApiKeyRecord) -> String {
    format!("`{}` ({})", key.prefix, key.name)
}

/// Returns the entry about a scan of a repository's stack, requested with a key at a moment.
pub(super) fn scan_entry(
    key: &ApiKeyRecord,
    (scan, workspace): (&str, &WorkspaceId),
    requested_at: i64,
) -> AuditEntry {
    AuditEntry {
        key: format!("scan/{scan}"),
        at: requested_at,
        person: person(key),
        via: AuditVia::Api,
        action: "scan".to_owned(),
        stack: workspace.stack.to_string(),
        finding: String::new(),
        detail: named(key),
    }
}
