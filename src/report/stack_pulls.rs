//! Lists the pull requests of a stack, each with its direction.

use super::alike::Alike;
use super::dashboard::{MAX_NUMBERS, numbers};
use super::direction::{Direction, carries};
use crate::model::{Finding, FindingId, FixKind};
use std::collections::{BTreeMap, BTreeSet};

/// The pull requests of a stack after a scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackPulls {
    /// The numbers of the open ones.
    pub open: Vec<u64>,
    /// The open one of each finding that has one.
    pub carried: BTreeMap<FindingId, u64>,
    /// How many wait for the limit.
    pub queued: usize,
    /// Why some are not open: GitHub refused them, they were closed without being declined, or another one lists their
    /// findings.
    pub refused: Vec<String>,
}

impl StackPulls {
    /// Lists the open pull requests: `#1 (restore), #2 (adopt)`.
    pub(super) fn listed(&self, findings: &[Finding]) -> String {
        let directions = self.directions(findings);
        let listed = self.open.iter().take(MAX_NUMBERS).map(|number| {
            let direction = directions.get(number);
            let direction = direction.map(|direction| format!(" ({})", direction.as_str()));
            format!("#{number}{}", direction.unwrap_or_default())
        });
        let listed: Vec<_> = listed.collect();
        match self.open.len() - listed.len() {
            0 => listed.join(", "),
            more => format!("{} and {more} more", listed.join(", ")),
        }
    }

    /// Names the fix of findings of one cause and where it is proposed: `restore: #1`; `None` where it is not.
    pub(super) fn of(&self, alike: &Alike<'_>) -> Option<String> {
        let fix = alike.first.fix.as_ref()?;
        let pulls = alike
            .all()
            .filter_map(|finding| self.carried.get(&finding.id));
        let pulls: BTreeSet<_> = pulls.copied().collect();
        let pulls: Vec<_> = pulls.into_iter().collect();
        let pulls = Some(numbers(&pulls)).filter(|_| !pulls.is_empty())?;
        Some(match fix.kind {
            FixKind::Refused => format!("listed in {pulls}"),
            kind => format!("{}: {pulls}", kind.as_str()),
        })
    }

    /// Returns the direction of each pull request of which a finding is known.
    fn directions(&self, findings: &[Finding]) -> BTreeMap<u64, Direction> {
        let mut directions = BTreeMap::new();
        for finding in findings {
            let mut direction = Direction::ALL.into_iter();
            let direction = direction.find(|direction| carries(*direction, finding));
            if let Some((number, direction)) = self.carried.get(&finding.id).zip(direction) {
                directions.insert(*number, direction);
            }
        }
        directions
    }
}
