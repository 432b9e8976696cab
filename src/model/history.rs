//! The history of a stack: since when each finding is reported, and what each scan came to in numbers.

use super::{
    AccountId, CheckedResource, Finding, FindingId, Kind, Money, Region, Scanned, Severity,
    Summary, masked,
};

/// How many types that were not checked are recorded of a scan.
const MAX_UNCHECKED: usize = 20;

/// A time during which scans reported a finding. A finding that comes back has another one.
#[derive(Debug, Clone, PartialEq)]
pub struct Occurrence {
    /// The finding.
    pub finding: FindingId,
    /// The resource's address; empty for an unmanaged resource.
    pub address: String,
    /// The id that `terraform import` takes; empty where it is not known.
    pub import_id: String,
    /// The resource type.
    pub tf_type: String,
    /// The type of the managed parent of an unmanaged child.
    pub parent_type: Option<String>,
    /// The account.
    pub account: Option<AccountId>,
    /// The region; `None` for a global type.
    pub region: Option<Region>,
    /// What changed.
    pub kind: Kind,
    /// The severity by the newest scan that reported the finding.
    pub severity: Severity,
    /// The end of the first scan that reported the finding, in epoch milliseconds.
    pub first_seen: i64,
    /// The end of the last scan that reported the finding, in epoch milliseconds.
    pub last_seen: i64,
    /// The number of scans that reported the finding.
    pub scans: u64,
    /// How and when the time ended; `None` while the finding is reported, or could not be checked since.
    pub ending: Option<(Ending, i64)>,
}

impl Occurrence {
    /// Starts the time of a finding that a scan reports first.
    pub fn start(finding: &Finding, at: i64) -> Self {
        let address = finding.address.as_ref().map(ToString::to_string);
        Self {
            finding: finding.id.clone(),
            // Keys of instances may be secrets.
            address: masked(&address.unwrap_or_default()).into_owned(),
            import_id: masked(finding.import_id.as_deref().unwrap_or_default()).into_owned(),
            tf_type: finding.tf_type.clone(),
            parent_type: finding.under.as_ref().map(|under| under.tf_type.clone()),
            account: finding.account.clone(),
            region: finding.region.clone(),
            kind: finding.kind,
            severity: finding.severity,
            first_seen: at,
            last_seen: at,
            scans: 1,
            ending: None,
        }
    }
}

impl<'a> From<&'a Occurrence> for CheckedResource<'a> {
    fn from(occurrence: &'a Occurrence) -> Self {
        Self {
            tf_type: &occurrence.tf_type,
            parent: occurrence.parent_type.as_deref(),
            account: occurrence.account.as_ref(),
            region: occurrence.region.as_ref(),
            kind: occurrence.kind,
        }
    }
}

/// Why scans no longer report a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// A scan that checked the resource reported no such difference.
    Resolved,
    /// The difference is there, and is no drift: the settings accept it, the code ignores it or is not applied yet.
    SetAside,
    /// The resource drifted further: another finding took the place of this one.
    Changed,
}

impl Ending {
    /// All endings.
    pub const ALL: [Self; 3] = [Self::Resolved, Self::SetAside, Self::Changed];

    /// Returns the name that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::SetAside => "set_aside",
            Self::Changed => "changed",
        }
    }
}

/// What a scan changes of a stack's history.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HistoryUpdate {
    /// The findings that are reported again.
    pub again: Vec<FindingId>,
    /// Those of them whose severity changed.
    pub severities: Vec<(FindingId, Severity)>,
    /// The findings that are reported first.
    pub started: Vec<Occurrence>,
    /// The findings that are no longer reported.
    pub ended: Vec<(FindingId, Ending)>,
    /// What people accept, in place of what the scan before it found accepted; `None` where that stays.
    pub accepted: Option<Vec<AcceptedDifference>>,
}

/// A difference that people accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedDifference {
    /// The finding.
    pub finding: FindingId,
    /// The name of the resource.
    pub name: String,
    /// The severity.
    pub severity: Severity,
    /// The last day, as `2027-03-31`, or the minute in which it ends; `None` for good.
    pub until: Option<String>,
    /// The reason.
    pub reason: String,
    /// Who answers for it; empty where nobody is named.
    pub owner: String,
}

/// How a scan went. What is not known of the scans of earlier versions has its default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScanCourse {
    /// When the scan began, in epoch milliseconds; 0 where it is not known.
    pub begun_at: i64,
    /// What requested it: `push`, `schedule`, `command`, `event` or `api`; empty where it is not known.
    pub requested_by: String,
    /// How many calls AWS was sent for this stack and those that are read with the same role.
    pub aws_calls: Option<u64>,
}

/// A completed scan in numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanTotals {
    /// The end of the scan, in epoch milliseconds.
    pub finished_at: i64,
    /// The scanned commit.
    pub commit: String,
    /// The number of findings of each severity, in the order of `Severity::ALL`.
    pub findings: [u64; Severity::ALL.len()],
    /// The number of differences that are no drift.
    pub set_aside: u64,
    /// Resources, posture and cost.
    pub summary: Summary,
    /// What was not checked, and why, of the first types.
    pub unchecked: Vec<(String, String)>,
    /// Why the scan failed; empty for a completed one. A failed one has no numbers.
    pub problem: String,
    /// How the scan went.
    pub course: ScanCourse,
}

impl ScanTotals {
    /// Counts the findings of a scan.
    pub fn of(scanned: &Scanned, commit: &str, finished_at: i64) -> Self {
        let counts = scanned.severities();
        let count = |severity| counts.get(&severity).map_or(0, |count| *count as u64);
        Self {
            finished_at,
            commit: commit.to_owned(),
            findings: Severity::ALL.map(count),
            set_aside: scanned.set_aside.len() as u64,
            summary: scanned.summary.clone(),
            unchecked: unchecked(scanned),
            problem: String::new(),
            course: ScanCourse::default(),
        }
    }

    /// Records that a scan failed.
    pub fn failed(problem: &str, commit: &str, finished_at: i64) -> Self {
        Self {
            problem: problem.to_owned(),
            ..Self::of(&Scanned::default(), commit, finished_at)
        }
    }
}

/// What the charts of a stack show of a completed scan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScanPoint {
    /// The end of the scan, in epoch milliseconds.
    pub finished_at: i64,
    /// The number of findings.
    pub findings: u64,
    /// The posture of 100, live.
    pub posture: Option<u8>,
    /// What the drift costs a month.
    pub cost: Money,
}

impl From<&ScanTotals> for ScanPoint {
    fn from(totals: &ScanTotals) -> Self {
        Self {
            finished_at: totals.finished_at,
            findings: totals.findings.iter().sum(),
            posture: totals.summary.posture.live,
            cost: totals.summary.monthly_cost_delta.amount,
        }
    }
}

/// Returns the types that were not all checked, with the reason, but for what is beside the resources.
fn unchecked(scanned: &Scanned) -> Vec<(String, String)> {
    let rows = scanned.coverage.iter().filter(|row| !row.is_known());
    let named = rows.map(|row| {
        let reason = row.reason.as_deref().unwrap_or_default();
        (row.tf_type.clone(), masked(reason).into_owned())
    });
    named.take(MAX_UNCHECKED).collect()
}
