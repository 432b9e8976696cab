//! Names who made the changes of a scan's findings: as an earlier scan of the stack has it, else as CloudTrail says.

use crate::model::{
    Finding, FindingId, Inquiry, InquiryOutcome, RepositoryId, ScanCourse, Scanned, StackName,
    StackReport,
};
use crate::queue::limit::Clock;
use crate::queue::now;
use crate::scan::actors::{self, ActorSearch, MAX_TIME};
use crate::scan::scan_result::ScanResult;
use crate::settings::Who;
use crate::store::Tenant;
use crate::who::{DELIVERY, Earlier, EarlierScan, History, Next, Question};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How much of a scan's time is kept for what follows the question.
const MARGIN: Duration = Duration::from_secs(5);
/// How long after a scan another one asks again, in milliseconds: calls have arrived by then.
const ASKED_AGAIN: i64 = DELIVERY + 5 * 60 * 1_000;

/// The time that one scan of a repository has to ask CloudTrail, whatever number of roles it is read with.
pub(in crate::jobs) struct AskingTime(Mutex<Duration>);

impl Default for AskingTime {
    fn default() -> Self {
        Self(Mutex::new(MAX_TIME))
    }
}

impl AskingTime {
    /// Returns how long may be asked now: a scan is never stopped for it.
    fn left(&self, clock: &Clock) -> Duration {
        let own = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.min(clock.left().saturating_sub(MARGIN))
    }

    fn spend(&self, time: Duration) {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *left = left.saturating_sub(time);
    }
}

/// A scan whose findings are asked about.
pub(in crate::jobs) struct ActorNaming<'a> {
    pub who: &'a Who,
    pub tenant: &'a Tenant<'a>,
    /// The repository; `RepositoryId::NONE` for a workspace of the API.
    pub repository: RepositoryId,
    /// The time limits of the scan.
    pub clock: &'a Clock,
    pub time: &'a AskingTime,
}

impl ActorNaming<'_> {
    /// Names who made the changes. Takes the actor of a known finding from the last report, so that its texts stay the
    /// same. Asks CloudTrail about new findings only, since the last scan that found the resource without drift.
    ///
    /// # Errors
    /// When the store fails.
    pub(in crate::jobs) async fn name_actors(&self, result: &mut ScanResult) -> anyhow::Result<()> {
        let now = now();
        let mut questions = BTreeMap::new();
        for stack in &mut result.report.stacks {
            if let Ok(scanned) = &mut stack.outcome {
                let open = self.compare(&stack.name, scanned, now).await?;
                questions.insert(stack.name.clone(), open);
            }
        }
        if !self.who.is_on() {
            return Ok(());
        }
        let search = ActorSearch {
            who: self.who,
            now,
            time: self.time.left(self.clock),
            // What no state claims is not published.
            question: &|stack, finding| questions.get(stack?)?.get(&finding.id).copied(),
            notes_inquiries: true,
        };
        let begun = Instant::now();
        actors::name_actors(result, &search).await;
        self.time.spend(begun.elapsed());
        Ok(())
    }

    /// Takes what earlier scans know of a stack's findings, and returns what is to be asked.
    async fn compare(
        &self,
        stack: &StackName,
        scanned: &mut Scanned,
        now: i64,
    ) -> anyhow::Result<BTreeMap<FindingId, Question>> {
        let mut history = History::new(&scanned.findings, now);
        let mut reports = self.tenant.reports(self.repository, stack);
        while history.needs_more()
            && let Some((report, scan)) = reports.next().await?
        {
            let ended_at = scan.finished_at;
            let begun_at = self.tenant.scan_began(self.repository, stack, ended_at);
            let times = EarlierScan {
                begun_at: begun_at.await?,
                ended_at,
            };
            history.add_earlier(&report, times);
        }
        let mut earlier = history.finish();
        let mut open = BTreeMap::new();
        for finding in &mut scanned.findings {
            let Some(earlier) = earlier.remove(&finding.id) else {
                continue;
            };
            if let Some(question) = take_earlier(finding, earlier, self.who) {
                open.insert(finding.id.clone(), question);
            }
        }
        Ok(open)
    }
}

/// Takes what is known of a finding, and returns what is to be asked about it.
fn take_earlier(finding: &mut Finding, earlier: Earlier, who: &Who) -> Option<Question> {
    let Earlier { actor, next } = earlier;
    if who.is_on() {
        finding.actor = actor;
        match next {
            Next::Ask(question) => return Some(question),
            Next::Keep(inquiry) => finding.inquiry = inquiry,
        }
        return None;
    }
    let since = match next {
        Next::Ask(question) => Some(question.since),
        Next::Keep(inquiry) => inquiry.map(|inquiry| inquiry.since),
    };
    finding.inquiry = since.map(|since| Inquiry {
        since,
        outcome: InquiryOutcome::Off,
    });
    None
}

/// Has a stack scanned once more where a call may have been too late for this scan: one that an event started runs before
/// CloudTrail has the call. The schedule's own next scan stays where it comes sooner.
pub(in crate::jobs) async fn ask_again(
    (tenant, repository): (&Tenant<'_>, RepositoryId),
    course: &ScanCourse,
    report: &StackReport,
) -> anyhow::Result<()> {
    let Ok(scanned) = &report.outcome else {
        return Ok(());
    };
    let mut findings = scanned.findings.iter();
    if !findings.any(|finding| may_be_late(finding, course.begun_at)) {
        return Ok(());
    }
    let due = now() + ASKED_AGAIN;
    tenant.scan_by(repository, &report.name, due).await
}

/// Returns whether a scan that began at a time asked about a finding first, and CloudTrail named nobody who acted shortly
/// before.
fn may_be_late(finding: &Finding, begun_at: i64) -> bool {
    let outcome = finding.inquiry.as_ref().map(|inquiry| &inquiry.outcome);
    let is_new = matches!(outcome, Some(InquiryOutcome::Answered { asked_at, is_last: false, .. })
        if *asked_at >= begun_at);
    let time = finding.actor.as_ref().map(|actor| actor.time.as_str());
    let time = time.and_then(|time| time.parse::<jiff::Timestamp>().ok());
    let is_recent = time.is_some_and(|time| time.as_millisecond() >= begun_at - DELIVERY);
    is_new && !is_recent
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::limit::Limits;
    use crate::queue::thread::Meter;
    use std::sync::Arc;

    #[tokio::test]
    async fn asking_has_a_time_of_its_own_and_takes_none_that_the_scan_needs() {
        let meter = Arc::<Meter>::default();
        let clock = |seconds| {
            let limits = Limits::of_scan(Duration::from_secs(seconds));
            Clock::of_work(limits, &meter)
        };
        let (long, short, over) = (clock(600), clock(20), clock(5));
        let asking = AskingTime::default();
        assert_eq!(asking.left(&long), MAX_TIME);
        assert!(asking.left(&short) <= Duration::from_secs(15));
        assert_eq!(asking.left(&over), Duration::ZERO);
        // Of all roles of a repository together.
        asking.spend(Duration::from_secs(20));
        assert_eq!(asking.left(&long), Duration::from_secs(10));
        asking.spend(Duration::from_secs(20));
        assert_eq!(asking.left(&long), Duration::ZERO);
    }
}
