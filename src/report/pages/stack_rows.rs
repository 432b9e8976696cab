//! Describes what the tables of a stack's page list.

use super::prose::Prose;
use crate::model::{Coverage, Finding, FixKind, Kind, Proposal, Status, TypeReader};
use crate::report::change::Sides;
use crate::report::lines::{FirstChanges, MAX_ATTRIBUTES, first_changes};
use crate::report::words::{cost, event, excerpt, name};

/// A finding in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FindingRow {
    pub severity: &'static str,
    pub name: String,
    pub link: String,
    pub event: String,
    pub changes: Vec<String>,
    pub more: usize,
    pub cost: String,
    pub fix: &'static str,
    pub pull: Option<(u64, String)>,
}

/// A difference that is set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AsideRow {
    pub severity: &'static str,
    pub name: String,
    pub link: String,
    pub paths: String,
    pub reason: Prose,
}

/// A row of the coverage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CoverageRow {
    pub tf_type: String,
    pub place: String,
    pub resources: usize,
    pub status: &'static str,
    pub is_known: bool,
    pub reader: &'static str,
    pub reason: Prose,
    pub missing_action: String,
}

impl FindingRow {
    pub fn new(
        finding: &Finding,
        link: &str,
        proposals: &[Proposal],
        repository_url: &str,
    ) -> Self {
        let mut open = proposals.iter().filter(|it| it.state.is_open());
        let pull = open.find(|it| it.findings.contains(&finding.id.0));
        let (event, changes) = match finding.kind {
            Kind::Modified => (String::new(), first_changes(finding, Sides::Drift)),
            _ => (event(finding), FirstChanges::default()),
        };
        Self {
            severity: finding.severity.as_str(),
            name: name(finding),
            link: format!("{link}/findings/{}", finding.id),
            event,
            changes: changes.shown,
            more: changes.more,
            cost: cost(finding).unwrap_or_default(),
            fix: finding.fix.as_ref().map_or("none", |fix| match fix.kind {
                FixKind::Refused => "by a person",
                kind => kind.as_str(),
            }),
            pull: pull.map(|it| (it.number, format!("{repository_url}/pull/{}", it.number))),
        }
    }
}

impl AsideRow {
    pub fn new(finding: &Finding, link: &str) -> Self {
        let paths = finding.attributes.iter().take(MAX_ATTRIBUTES);
        let paths: Vec<_> = paths.map(|it| excerpt(&it.path, 100)).collect();
        Self {
            severity: finding.severity.as_str(),
            name: name(finding),
            link: format!("{link}/findings/{}", finding.id),
            paths: paths.join(", "),
            reason: Prose::of(finding.reason.as_deref().unwrap_or("it is no drift")),
        }
    }
}

impl CoverageRow {
    pub fn new(row: &Coverage) -> Self {
        let place = [
            row.account.as_ref().map(ToString::to_string),
            row.region.as_ref().map(ToString::to_string),
        ];
        let place: Vec<_> = place.into_iter().flatten().collect();
        Self {
            tf_type: row.tf_type.clone(),
            place: place.join(", "),
            resources: row.resources,
            status: match row.status {
                Status::Checked => "checked",
                Status::Denied => "denied",
                Status::Throttled => "throttled",
                Status::Unsupported => "unsupported",
                Status::Withheld => "withheld",
                Status::WrongAccount => "wrong account",
                Status::Failed => "failed",
            },
            is_known: row.is_known(),
            reader: match row.reader {
                TypeReader::Native => "native",
                TypeReader::Provider => "provider",
            },
            reason: Prose::of(row.reason.as_deref().unwrap_or_default()),
            missing_action: row.missing_action.clone().unwrap_or_default(),
        }
    }
}
