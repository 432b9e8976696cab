//! Describes what the tables of a stack's page list.

use super::actions::StackActions;
use super::prose::Prose;
use crate::model::{Choice, Coverage, Decision, Finding, FixKind, Kind, Status, TypeReader};
use crate::report::change::Sides;
use crate::report::lines::{FirstChanges, MAX_ATTRIBUTES, first_changes};
use crate::report::when::minute;
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
    pub fix: String,
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
        actions: &StackActions,
        repository_url: &str,
        now: i64,
    ) -> Self {
        let (fix, merged) = treatment(finding, actions.decision(&finding.id), now);
        let open = actions.open_pull(finding).map(|it| it.number);
        let pull = merged.or(open);
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
            fix,
            pull: pull.map(|number| (number, format!("{repository_url}/pull/{number}"))),
        }
    }
}

/// Describes what is done about a finding: what a person decided, else the planned fix. Returns the pull request that ended
/// with the decision, too.
fn treatment(finding: &Finding, decision: Option<&Decision>, now: i64) -> (String, Option<u64>) {
    match decision.map(|decision| &decision.choice) {
        Some(Choice::Ignore { .. }) => ("accept".to_owned(), None),
        Some(Choice::Snooze { until }) if *until > now => {
            (format!("snoozed until {}", minute(*until)), None)
        }
        Some(Choice::Decline { pull }) => ("declined by closing".to_owned(), Some(*pull)),
        Some(Choice::Applying { pull, .. }) => {
            ("restore: apply what is merged in".to_owned(), Some(*pull))
        }
        _ => {
            let planned = finding.fix.as_ref().map_or("none", |fix| match fix.kind {
                FixKind::Refused => "by a person",
                kind => kind.as_str(),
            });
            (planned.to_owned(), None)
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
            tf_type: excerpt(&row.tf_type, 100),
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
