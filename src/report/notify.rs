//! Writes notifications: which findings are new, which are resolved. No attribute's value.

use super::json::credentials_masked;
use crate::model::{
    Actor, Address, Control, Finding, FindingId, Kind, MonthlyCost, RepositoryName, Severity,
    StackName, StackReport, escape_json,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The version of the format: docs/notifications.md.
const VERSION: u8 = 1;

/// The scan that a notification is about.
#[derive(Debug, Clone, Copy)]
pub struct NotificationContext<'a> {
    /// The id, the same for each attempt.
    pub id: &'a str,
    /// The repository.
    pub repository: &'a RepositoryName,
    /// The scanned commit.
    pub commit: &'a str,
    /// When the scan ended, in RFC 3339.
    pub scanned_at: &'a str,
    /// The page of each finding: its pull request, or the check run.
    pub pages: &'a BTreeMap<FindingId, String>,
}

#[derive(Serialize)]
struct NotificationJson<'a> {
    version: u8,
    event: &'static str,
    id: &'a str,
    repository: &'a RepositoryName,
    stack: &'a StackName,
    scanned_at: &'a str,
    commit: &'a str,
    new: Vec<Entry<'a>>,
    resolved: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a FindingId,
    address: Option<&'a Address>,
    #[serde(rename = "type")]
    tf_type: &'a str,
    import_id: Option<&'a str>,
    kind: Kind,
    severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly_cost: Option<&'a MonthlyCost>,
    controls: &'a [Control],
    techniques: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<Actor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

/// Writes the JSON of a scan's notification, on one line; `None` where nothing changed. `before` is the last successful
/// scan of the same stack; without it everything is new.
///
/// A missing finding is resolved only if the scan checked everything that can be checked.
pub fn notification(
    before: Option<&StackReport>,
    now: &StackReport,
    occasion: NotificationContext<'_>,
) -> Option<String> {
    let found = now.outcome.as_ref().ok()?;
    let before = before.and_then(|before| before.outcome.as_ref().ok());
    let before = before.map_or([].as_slice(), |before| &before.findings);
    let whole = !found.is_partial();
    // What people set aside is not resolved, and what may hang below was perhaps not looked for.
    let aside = ids(&found.set_aside);
    let seen = |finding: &&Finding| {
        whole
            && !aside.contains(&finding.id)
            && (found.looked_below || finding.kind != Kind::Unmanaged)
    };
    let gone = before.iter().filter(seen);
    let new = unless(ids(before), found.findings.iter(), occasion);
    let resolved = unless(ids(&found.findings), gone, occasion);
    if new.is_empty() && resolved.is_empty() {
        return None;
    }
    let json = NotificationJson {
        version: VERSION,
        event: "findings",
        id: occasion.id,
        repository: occasion.repository,
        stack: &now.name,
        scanned_at: occasion.scanned_at,
        commit: occasion.commit,
        new,
        resolved,
    };
    let text = match credentials_masked(&json).ok()? {
        None => serde_json::to_string(&json).ok(),
        Some(shown) => serde_json::to_string(&shown).ok(),
    };
    text.map(escape_json)
}

fn ids(findings: &[Finding]) -> BTreeSet<&FindingId> {
    findings.iter().map(|finding| &finding.id).collect()
}

/// Returns the findings that are not among the known ones.
fn unless<'a>(
    known: BTreeSet<&FindingId>,
    findings: impl Iterator<Item = &'a Finding>,
    occasion: NotificationContext<'a>,
) -> Vec<Entry<'a>> {
    findings
        .filter(|finding| !known.contains(&finding.id))
        .map(|finding| Entry {
            id: &finding.id,
            address: finding.address.as_ref(),
            tf_type: &finding.tf_type,
            import_id: finding.import_id.as_deref(),
            kind: finding.kind,
            severity: finding.severity,
            monthly_cost: finding.monthly_cost.as_ref(),
            controls: &finding.controls,
            techniques: &finding.techniques,
            actor: finding.actor.as_ref().map(Actor::without_addresses),
            url: occasion.pages.get(&finding.id).map(String::as_str),
        })
        .collect()
}
