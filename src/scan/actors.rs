//! Asks CloudTrail who made the changes of findings. Without an answer nothing is blocked, and coverage says so.

use super::scan_result::ScanResult;
use crate::aws::{Aws, EventQuery, LOOKUP, Session};
use crate::model::{
    AccountId, Actor, Coverage, Finding, Inquiry, Reason, Redactor, Region, StackName, Status,
    TRAIL_EVENTS, trail_region,
};
use crate::settings::Who;
use crate::who::{self, Suspects, resource_names};
use futures::future::join_all;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// How many findings of a scan CloudTrail is asked about, the most severe first.
const MAX_FINDINGS: usize = 30;
/// How many pages of events are read of one name.
const MAX_PAGES: usize = 5;
/// How long all lookups of a scan may take together.
pub const MAX_TIME: Duration = Duration::from_secs(30);

/// Which findings to ask about, and how.
pub struct ActorSearch<'a> {
    /// Whether CloudTrail is asked, and whose calls are left out.
    pub who: &'a Who,
    /// The time in epoch milliseconds.
    pub now: i64,
    /// How long it may take, `MAX_TIME` at most: what is not answered by then stays unknown.
    pub time: Duration,
    /// Returns what to ask about a finding of a stack; `None` where it is not asked about. Findings about resources that no
    /// state claims are of no stack.
    pub question: &'a (dyn Fn(Option<&StackName>, &Finding) -> Option<who::Question> + Sync),
    /// Whether the findings note what became of it.
    pub notes_inquiries: bool,
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
struct Question<'a> {
    place: Place,
    finding: &'a Finding,
    trail: Trail,
    asked: who::Question,
}

/// The answer to a question: who it was, or why that is not known.
struct Answer {
    place: Place,
    trail: Trail,
    asked: who::Question,
    found: Result<Found, Reason>,
}

/// What CloudTrail knows about a finding.
enum Found {
    Actor(Box<Actor>),
    /// No call may be the cause; there may be some that were not read.
    Nobody {
        is_cut: bool,
    },
}

/// Names who made the changes of the findings that are asked about, and lists in coverage where CloudTrail gave no
/// answer.
pub async fn name_actors(result: &mut ScanResult, search: &ActorSearch<'_>) {
    if !search.who.is_on() {
        return;
    }
    let (questions, rest) = questions(result, search);
    let mut by_trail: BTreeMap<Trail, Vec<Question<'_>>> = BTreeMap::new();
    for question in questions {
        let trail = by_trail.entry(question.trail.clone());
        trail.or_default().push(question);
    }
    let trails = TrailSearch {
        aws: &result.aws,
        redactor: &result.redactor,
        terraform_roles: search.who.terraform_roles(),
        now: search.now,
        deadline: Instant::now() + search.time.min(MAX_TIME),
    };
    let asked = by_trail
        .into_iter()
        .map(|(trail, questions)| trails.ask_all(trail, questions));
    let mut answers: Vec<_> = join_all(asked).await.into_iter().flatten().collect();
    answers.extend(
        rest.into_iter()
            .map(|question| question.answer(Err(too_many()))),
    );
    answers.sort_by_key(|answer| answer.place);
    let mut silent = BTreeMap::new();
    for answer in answers {
        let finding = finding_at(result, answer.place);
        let is_named = finding.is_some_and(|finding| answer.write_to(finding, search));
        if let (Err(reason), false) = (answer.found, is_named) {
            let report = match answer.place {
                Place::Stack(at, _) => Place::Stack(at, 0),
                Place::Account(at, _) => Place::Account(at, 0),
            };
            *silent.entry((report, answer.trail, reason)).or_insert(0) += 1;
        }
    }
    for ((report, trail, reason), count) in silent {
        list(result, report, row(trail, &reason, count));
    }
}

impl Question<'_> {
    fn answer(self, found: Result<Found, Reason>) -> Answer {
        Answer {
            place: self.place,
            trail: self.trail,
            asked: self.asked,
            found,
        }
    }
}

impl Answer {
    /// Names the actor of a finding, and notes what became of the question. Returns whether somebody is named: who was found
    /// before stays.
    fn write_to(&self, finding: &mut Finding, search: &ActorSearch<'_>) -> bool {
        if let Ok(Found::Actor(actor)) = &self.found {
            finding.actor = Some(Actor::clone(actor));
        }
        let found = self.found.as_ref().ok();
        let is_cut = found.map(|found| matches!(found, Found::Nobody { is_cut: true }));
        finding.inquiry = search.notes_inquiries.then(|| Inquiry {
            since: self.asked.since,
            outcome: self.asked.outcome(is_cut, search.now),
        });
        finding.actor.is_some()
    }
}

/// Returns a question for each finding that is asked about, and those beyond the limit.
fn questions<'a>(
    result: &'a ScanResult,
    search: &ActorSearch<'_>,
) -> (Vec<Question<'a>>, Vec<Question<'a>>) {
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
            let asked = (search.question)(stack, finding)?;
            let region = trail_region(finding, &result.region)?;
            Some(Question {
                place,
                finding,
                trail: (finding.account.clone(), region),
                asked,
            })
        })
        .collect();
    // Whoever was asked about already comes after those who were not.
    asked.sort_by_key(|question| {
        let severity = std::cmp::Reverse(question.finding.severity);
        (severity, question.asked.is_repeated())
    });
    let rest = asked.split_off(asked.len().min(MAX_FINDINGS));
    (asked, rest)
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
    async fn ask_all(&self, trail: Trail, questions: Vec<Question<'_>>) -> Vec<Answer> {
        let session = self.aws.session(trail.0.as_ref(), &trail.1);
        let session = self.in_time(session).await;
        let mut known = BTreeMap::new();
        let mut refused = session.as_ref().err().cloned();
        let mut answers = Vec::new();
        for question in questions {
            let answer = match (&session, &refused) {
                (Ok(session), None) => self.ask(session, &question, &mut known).await,
                (_, Some(reason)) | (Err(reason), None) => Err(reason.clone()),
            };
            refused = answer.as_ref().err().cloned();
            answers.push(question.answer(answer));
        }
        answers
    }

    /// Looks a finding's resource up, under each of its names until calls are found.
    async fn ask(
        &self,
        session: &Session,
        question: &Question<'_>,
        known: &mut BTreeMap<(String, i64), Lookup>,
    ) -> Result<Found, Reason> {
        let mut is_cut = false;
        for name in resource_names(question.finding) {
            let key = (name, question.asked.since);
            let lookup = known.entry(key.clone()).or_default();
            let query = EventQuery {
                resource: &key.0,
                from: key.1.min(self.now),
                to: self.now,
            };
            self.read(session, query, lookup, question.finding).await?;
            if let Some(mut actor) = lookup.suspects.actor(question.finding, self.redactor) {
                actor.more |= !lookup.is_whole();
                return Ok(Found::Actor(Box::new(actor)));
            }
            is_cut |= lookup.suspects.is_cut() || !lookup.is_whole();
        }
        Ok(Found::Nobody { is_cut })
    }

    /// Reads the calls that name a resource, page by page, until there are enough for a finding.
    async fn read(
        &self,
        session: &Session,
        query: EventQuery<'_>,
        lookup: &mut Lookup,
        finding: &Finding,
    ) -> Result<(), Reason> {
        while lookup.has_more() && !lookup.suspects.is_enough(finding) {
            let page = session.lookup_events(query, lookup.next.clone());
            let page = self.in_time(page).await?;
            for event in &page.events {
                lookup.suspects.add(event, &self.terraform_roles);
            }
            lookup.next = page.next;
            lookup.pages += 1;
        }
        Ok(())
    }

    /// Returns the result of some work, unless the time for asking is over before.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Reason>>) -> Result<T, Reason> {
        if Instant::now() >= self.deadline {
            return Err(too_late());
        }
        let done = tokio::time::timeout_at(self.deadline, work).await;
        done.unwrap_or_else(|_| Err(too_late()))
    }
}

/// The calls that name a resource, as far as they were read.
#[derive(Default)]
struct Lookup {
    suspects: Suspects,
    pages: usize,
    /// What asks for the next page; `None` before the first one, and behind the last one.
    next: Option<String>,
}

impl Lookup {
    fn is_whole(&self) -> bool {
        self.pages > 0 && self.next.is_none()
    }

    fn has_more(&self) -> bool {
        !self.is_whole() && self.pages < MAX_PAGES
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
            "CloudTrail answers two lookups a second, and a scan asks it for {} seconds of its own time at most",
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
