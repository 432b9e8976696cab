//! Asks CloudTrail who made the changes of findings. Without an answer nothing is blocked, and coverage says so.

use super::scan_result::ScanResult;
use crate::aws::{Aws, EventQuery, LOOKUP, Session};
use crate::model::{
    AccountId, Actor, Coverage, Finding, Reason, Redactor, Region, StackName, Status, TRAIL_EVENTS,
};
use crate::settings::Who;
use crate::who::{Suspects, resource_names, trail_region};
use futures::future::join_all;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// How many findings of a scan CloudTrail is asked about, the most severe first.
const MAX_FINDINGS: usize = 30;
/// How many pages of events are read of one name.
const MAX_PAGES: usize = 3;
/// How long all lookups of a scan may take together.
const MAX_TIME: Duration = Duration::from_secs(30);

/// Which findings to ask about, and how.
pub struct ActorSearch<'a> {
    /// Whether CloudTrail is asked, and whose calls are left out.
    pub who: &'a Who,
    /// The time in epoch milliseconds.
    pub now: i64,
    /// Returns the time since which a finding of a stack may have been caused, in epoch milliseconds; `None` where it is
    /// not asked about. Findings about resources that no state claims are of no stack.
    pub since: &'a (dyn Fn(Option<&StackName>, &Finding) -> Option<i64> + Sync),
}

/// Where a finding is in a report: the number of its stack or account, and its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Stack(usize, usize),
    Account(usize, usize),
}

/// An account and region that CloudTrail is asked in.
type Trail = (Option<AccountId>, Region);

/// A question about a finding.
struct Question {
    place: Place,
    finding: Finding,
    trail: Trail,
    since: i64,
}

/// The answer to a question: who it was, if that is known, or why it was not told.
type Answer = (Place, Trail, Result<Option<Actor>, Reason>);

/// Names who made the changes of the findings that are asked about, and lists in coverage where CloudTrail gave no
/// answer.
pub async fn name_actors(result: &mut ScanResult, search: &ActorSearch<'_>) {
    if !search.who.is_on() {
        return;
    }
    let (questions, rest) = questions(result, search);
    let mut by_trail: BTreeMap<Trail, Vec<Question>> = BTreeMap::new();
    for question in questions {
        let trail = by_trail.entry(question.trail.clone());
        trail.or_default().push(question);
    }
    let search = TrailSearch {
        aws: &result.aws,
        redactor: &result.redactor,
        terraform_roles: search.who.terraform_roles(),
        now: search.now,
        deadline: Instant::now() + MAX_TIME,
    };
    let asked = by_trail
        .into_iter()
        .map(|(trail, questions)| search.ask_all(trail, questions));
    let mut answers: Vec<_> = join_all(asked).await.into_iter().flatten().collect();
    let rest = rest.into_iter();
    answers.extend(rest.map(|(place, trail)| (place, trail, Err(too_many()))));
    answers.sort_by_key(|(place, ..)| *place);
    let mut silent = BTreeMap::new();
    for (place, trail, answer) in answers {
        match answer {
            Ok(actor) => {
                if let Some(finding) = finding_at(result, place) {
                    finding.actor = actor;
                }
            }
            Err(reason) => {
                let report = match place {
                    Place::Stack(at, _) => Place::Stack(at, 0),
                    Place::Account(at, _) => Place::Account(at, 0),
                };
                *silent.entry((report, trail, reason)).or_insert(0) += 1;
            }
        }
    }
    for ((report, trail, reason), count) in silent {
        list(result, report, row(trail, &reason, count));
    }
}

/// Returns a question for each finding that is asked about, and where those beyond the limit are.
fn questions(
    result: &ScanResult,
    search: &ActorSearch<'_>,
) -> (Vec<Question>, Vec<(Place, Trail)>) {
    let stacks = result.report.stacks.iter().enumerate();
    let stacks = stacks.flat_map(|(at, stack)| {
        let findings = stack.outcome.iter().flat_map(|scanned| &scanned.findings);
        let place = move |(number, finding)| (Place::Stack(at, number), Some(&stack.name), finding);
        findings.enumerate().map(place)
    });
    let accounts = result.report.accounts.iter().enumerate();
    let accounts = accounts.flat_map(|(at, account)| {
        let findings = account.findings.iter().enumerate();
        findings.map(move |(number, finding)| (Place::Account(at, number), None, finding))
    });
    let all = stacks.chain(accounts);
    let mut asked: Vec<_> = all
        .filter_map(|(place, stack, finding)| {
            let since = (search.since)(stack, finding)?;
            let region = trail_region(finding, &result.region)?;
            let trail = (finding.account.clone(), region);
            Some((place, finding, trail, since))
        })
        .collect();
    asked.sort_by_key(|(_, finding, ..)| std::cmp::Reverse(finding.severity));
    let rest = asked.split_off(asked.len().min(MAX_FINDINGS));
    let questions = asked
        .into_iter()
        .map(|(place, finding, trail, since)| Question {
            place,
            finding: finding.clone(),
            trail,
            since,
        });
    let rest = rest.into_iter().map(|(place, _, trail, _)| (place, trail));
    (questions.collect(), rest.collect())
}

/// Asks in all accounts and regions of one scan.
struct TrailSearch<'a> {
    aws: &'a Aws,
    redactor: &'a Redactor,
    terraform_roles: Vec<String>,
    now: i64,
    deadline: Instant,
}

impl TrailSearch<'_> {
    /// Answers the questions of one account and region, one after the other. After a refusal no further one is asked.
    async fn ask_all(&self, trail: Trail, questions: Vec<Question>) -> Vec<Answer> {
        let session = self.aws.session(trail.0.as_ref(), &trail.1).await;
        let mut known = BTreeMap::new();
        let mut refused = session.as_ref().err().cloned();
        let mut answers = Vec::new();
        for question in questions {
            let answer = match (&session, &refused) {
                (Ok(session), None) => self.ask(session, &question, &mut known).await,
                (_, Some(reason)) | (Err(reason), None) => Err(reason.clone()),
            };
            refused = answer.as_ref().err().cloned();
            answers.push((question.place, question.trail, answer));
        }
        answers
    }

    /// Looks a finding's resource up, under each of its names until calls are found.
    async fn ask(
        &self,
        session: &Session,
        question: &Question,
        known: &mut BTreeMap<(String, i64), Suspects>,
    ) -> Result<Option<Actor>, Reason> {
        for name in resource_names(&question.finding) {
            let key = (name, question.since);
            let suspects = match known.remove(&key) {
                Some(suspects) => suspects,
                None => self.look_up(session, &key.0, key.1).await?,
            };
            let actor = suspects.actor(&question.finding, self.redactor);
            known.insert(key, suspects);
            if actor.is_some() {
                return Ok(actor);
            }
        }
        Ok(None)
    }

    /// Reads the calls that name a resource, page by page.
    async fn look_up(
        &self,
        session: &Session,
        resource: &str,
        from: i64,
    ) -> Result<Suspects, Reason> {
        let query = EventQuery {
            resource,
            from,
            to: self.now,
        };
        let (mut suspects, mut next) = (Suspects::default(), None);
        for _ in 0..MAX_PAGES {
            let page = session.lookup_events(query, next);
            let page = tokio::time::timeout_at(self.deadline, page).await;
            let page = page.map_err(|_| too_late())??;
            for event in &page.events {
                suspects.add(event, &self.terraform_roles);
            }
            next = page.next;
            if next.is_none() || suspects.is_enough() {
                break;
            }
        }
        if next.is_some() {
            suspects.leave_rest_unread();
        }
        Ok(suspects)
    }
}

fn too_many() -> Reason {
    Reason::Withheld {
        message: format!("a scan asks CloudTrail about {MAX_FINDINGS} changes, the most severe"),
    }
}

fn too_late() -> Reason {
    Reason::Withheld {
        message: format!(
            "CloudTrail answers two lookups a second, and a scan asks it for {} seconds",
            MAX_TIME.as_secs()
        ),
    }
}

fn finding_at(result: &mut ScanResult, place: Place) -> Option<&mut Finding> {
    let report = &mut result.report;
    match place {
        Place::Stack(at, number) => {
            let scanned = report.stacks.get_mut(at)?.outcome.as_mut().ok()?;
            scanned.findings.get_mut(number)
        }
        Place::Account(at, number) => report.accounts.get_mut(at)?.findings.get_mut(number),
    }
}

/// Adds a row to the coverage of a stack or an account.
fn list(result: &mut ScanResult, report: Place, row: Coverage) {
    let coverage = match report {
        Place::Stack(at, _) => {
            let stack = result.report.stacks.get_mut(at);
            let scanned = stack.and_then(|stack| stack.outcome.as_mut().ok());
            scanned.map(|scanned| &mut scanned.coverage)
        }
        Place::Account(at, _) => {
            let account = result.report.accounts.get_mut(at);
            account.map(|account| &mut account.coverage)
        }
    };
    if let Some(coverage) = coverage {
        coverage.push(row);
    }
}

/// Returns the row of findings of which CloudTrail did not tell who made them.
fn row((account, region): Trail, reason: &Reason, count: usize) -> Coverage {
    let changes = match count {
        1 => "this change",
        _ => "these changes",
    };
    let remedy = match reason.missing_action() {
        Some(LOOKUP) => ": allow it, or set `who: off` in .driftguard.yml",
        _ => "",
    };
    let status = match reason.status() {
        Status::Checked | Status::Unsupported => Status::Failed,
        status => status,
    };
    Coverage {
        account,
        region: Some(region),
        reason: Some(format!(
            "who made {changes} is not known, because {reason}{remedy}"
        )),
        missing_action: reason.missing_action().map(str::to_owned),
        ..Coverage::new(TRAIL_EVENTS, count, status)
    }
}
