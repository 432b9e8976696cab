//! Writes the page of a finding: before and after, severity and why, price, fix and proof.

use super::callers::{CallRow, unnamed};
use super::history::OccurrenceRow;
use super::orders::{OrderChoice, OrderForms};
use super::prose::Prose;
use super::stack::{Fact, StackContext, repository_crumb, stack_link};
use super::{Crumb, Frame, PullRow, escaped};
use crate::model::{
    Choice, Coverage, Decision, Finding, Fix, FixKind, MonthlyCost, Occurrence, Proposal, Verdict,
    escape_name,
};
use crate::report::change::{Change, Line, Member, Parts, Sides, changes};
use crate::report::lines::controls;
use crate::report::proof::checked;
use crate::report::technique::{technique, technique_page};
use crate::report::when::{day, minute};
use crate::report::words::{amount, cost, event, excerpt, name, printable, printable_lines};
use askama::Template;

/// How many changed attributes are shown.
const MAX_CHANGES: usize = 200;
/// The longest suggested code or command that is shown, in characters.
const MAX_BLOCK: usize = 20_000;

/// A day in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1_000;

/// What is known of a finding beside its scan's report. Times are in epoch milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct FindingContext<'a> {
    /// The context of its stack.
    pub stack: StackContext<'a>,
    /// The times during which the finding was reported, the newest first.
    pub occurrences: &'a [Occurrence],
    /// When the stack's history begins: what was seen first then may be older.
    pub history_begins: i64,
    /// The pull requests that list the finding.
    pub proposals: &'a [Proposal],
    /// What a person decided about it.
    pub decision: Option<&'a Decision>,
    /// What was and was not checked.
    pub coverage: &'a [Coverage],
}

/// The page of a finding.
#[derive(Debug, Template)]
#[template(path = "pages/finding.html")]
pub struct FindingPage {
    frame: Frame,
    account: String,
    stack: String,
    stack_link: String,
    /// The way to the repository's page.
    way: Crumb,
    id: String,
    name: String,
    severity: &'static str,
    event: String,
    why: Vec<Prose>,
    notice: Prose,
    decision: Option<String>,
    failure: Option<Prose>,
    changes: Vec<ChangeRow>,
    more_changes: usize,
    facts: Vec<Fact>,
    controls: Vec<String>,
    techniques: Vec<(String, String)>,
    fix: Option<FixView>,
    pulls: Vec<PullRow>,
    occurrences: Vec<OccurrenceRow>,
    calls: Vec<CallRow>,
    more_calls: bool,
    /// What is known of who made the change where no call is shown; `None` as well where nothing is to be decided.
    unnamed: Option<Prose>,
    /// The path of this page.
    link: String,
    orders: OrderForms,
    is_open: bool,
    choices: Vec<OrderChoice>,
    tomorrow: String,
}

/// A changed attribute: both values, or the lines in which they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ChangeRow {
    path: String,
    values: Option<(String, String)>,
    lines: Vec<ChangeLine>,
}

/// A line of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ChangeLine {
    /// `added`, `removed`, or empty for the name of what changed.
    class: &'static str,
    sign: &'static str,
    text: String,
}

/// The fix of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FixView {
    title: &'static str,
    reason: Option<Prose>,
    proof: Option<Prose>,
    /// Each edited line, with the link to it.
    edits: Vec<(String, String)>,
    refused: Vec<(String, Prose)>,
    block: Option<String>,
    command: Option<String>,
}

impl FindingPage {
    /// Prepares the page.
    pub fn new(frame: Frame, context: &FindingContext<'_>, finding: &Finding) -> Self {
        let stack = &context.stack;
        let repository_url = format!("{}/{}", stack.github_pages, stack.repository);
        let mut all = changes(finding, Sides::Drift);
        let shown = all.by_ref().take(MAX_CHANGES).map(ChangeRow::of).collect();
        let techniques = finding.techniques.iter();
        let techniques = techniques.map(|id| (technique(id), technique_page(id)));
        let blob = format!("{repository_url}/blob/{}", stack.commit);
        let stack_link = stack_link(&frame, stack.repository, stack.stack);
        Self {
            account: stack.account.to_owned(),
            stack: stack.stack.to_string(),
            link: format!("{stack_link}/findings/{}", finding.id),
            stack_link,
            way: repository_crumb(stack.repository),
            orders: OrderForms::default(),
            is_open: is_open(finding),
            choices: OrderChoice::all(finding),
            tomorrow: day(stack.now.saturating_add(DAY)),
            id: finding.id.to_string(),
            name: name(finding),
            severity: finding.severity.as_str(),
            event: event(finding),
            why: finding.why.iter().map(|why| Prose::of(why)).collect(),
            notice: notice(finding),
            decision: context.decision.map(|it| decided(it, stack.now)),
            failure: stack.failure.map(Prose::sentence),
            changes: shown,
            more_changes: all.count(),
            facts: facts(context, finding),
            controls: controls(finding).collect(),
            techniques: techniques.collect(),
            fix: finding.fix.as_ref().map(|fix| FixView::of(fix, &blob)),
            pulls: PullRow::all(context.proposals, &repository_url),
            calls: CallRow::all(finding.actor.as_ref()),
            unnamed: unnamed(finding, context.coverage).filter(|_| is_open(finding)),
            more_calls: finding.actor.as_ref().is_some_and(|actor| actor.more),
            occurrences: context.occurrences.iter().map(OccurrenceRow::of).collect(),
            frame,
        }
    }

    /// Adds what the person may order.
    pub fn with_orders(self, orders: OrderForms) -> Self {
        Self { orders, ..self }
    }

    /// Renders the page.
    pub fn html(&self) -> askama::Result<String> {
        self.render()
    }

    fn crumbs(&self) -> Vec<Crumb> {
        vec![
            Crumb::to(&self.account, format!("/orgs/{}", self.account)),
            self.way.clone(),
            Crumb {
                label: self.stack.clone(),
                path: self
                    .stack_link
                    .strip_prefix(&self.frame.base)
                    .map(str::to_owned),
            },
            Crumb::here(&self.id),
        ]
    }
}

/// Returns whether there is something to decide: what is set aside is no drift.
fn is_open(finding: &Finding) -> bool {
    matches!(finding.verdict, Verdict::Drift | Verdict::UnseenByPlan)
}

fn notice(finding: &Finding) -> Prose {
    match finding.verdict {
        Verdict::Drift => Prose::of("`terraform plan` shows it."),
        Verdict::UnseenByPlan => Prose::of("`terraform plan` does not show it."),
        _ => {
            let reason = finding.reason.as_deref().unwrap_or("it is no drift");
            Prose::of(&format!("Set aside: {reason}"))
        }
    }
}

/// Describes a person's decision.
fn decided(decision: &Decision, now: i64) -> String {
    let choice = match &decision.choice {
        Choice::Adopt => "to adopt it".to_owned(),
        Choice::Restore => "to restore it".to_owned(),
        Choice::Import => "to import it".to_owned(),
        Choice::Ignore { until, .. } => match until {
            Some(until) => format!("to accept it until {until}"),
            None => "to accept it".to_owned(),
        },
        Choice::Snooze { until } if *until <= now => {
            format!("to snooze it until {}, which is over", minute(*until))
        }
        Choice::Snooze { until } => format!("to snooze it until {}", minute(*until)),
        Choice::Decline { pull } => format!("against its fix, by closing #{pull}"),
        Choice::Applying { pull, .. } => {
            format!("to restore it, by merging #{pull}, which waits for an apply")
        }
    };
    let person = excerpt(&decision.person, 100);
    format!(
        "{person} decided at {} {choice}.",
        minute(decision.decided_at)
    )
}

fn facts(context: &FindingContext<'_>, finding: &Finding) -> Vec<Fact> {
    let mut facts = vec![Fact::new("Type", &finding.tf_type)];
    let import_id = finding.import_id.as_deref();
    facts.extend(import_id.map(|id| Fact::new("Id in AWS", excerpt(id, 400))));
    let account = finding.account.as_ref();
    facts.extend(account.map(|it| Fact::new("Account", it.to_string())));
    let region = finding.region.as_ref();
    facts.extend(region.map(|it| Fact::new("Region", it.to_string())));
    let first = context.occurrences.iter().map(|time| time.first_seen).min();
    if let Some(first) = first {
        let seen = minute(first);
        let is_older = first <= context.history_begins;
        let or_earlier = if is_older { " or earlier" } else { "" };
        facts.push(Fact::new("First seen", format!("{seen}{or_earlier}")));
    }
    facts.push(Fact::new("Last seen", minute(context.stack.scanned_at)));
    facts.extend(price(finding).map(|price| Fact::new("Price", price)));
    facts
}

/// Describes both prices and their difference; `None` where nothing is billed.
fn price(finding: &Finding) -> Option<String> {
    let change = cost(finding)?;
    Some(match &finding.monthly_cost {
        Some(MonthlyCost::Priced { declared, live }) => format!(
            "{change} ({} as declared, {} live)",
            amount(*declared),
            amount(*live)
        ),
        _ => change,
    })
}

impl ChangeRow {
    fn of(change: Change) -> Self {
        match change.parts {
            Parts::Value { before, after } => Self {
                path: change.path,
                values: Some((before, after)),
                lines: Vec::new(),
            },
            Parts::Members { members, .. } => Self {
                path: change.path,
                values: None,
                lines: members.into_iter().flat_map(lines).collect(),
            },
        }
    }
}

fn lines(member: Member) -> Vec<ChangeLine> {
    match member {
        Member::Added(text) => vec![ChangeLine::added(text)],
        Member::Removed(text) => vec![ChangeLine::removed(text)],
        Member::Changed { name, lines } => {
            let head = ChangeLine {
                class: "",
                sign: " ",
                text: name,
            };
            let lines = lines.into_iter().map(|line| match line {
                Line::Added(text) => ChangeLine::added(text),
                Line::Removed(text) => ChangeLine::removed(text),
            });
            std::iter::once(head).chain(lines).collect()
        }
    }
}

impl ChangeLine {
    fn added(text: String) -> Self {
        Self {
            class: "added",
            sign: "+",
            text,
        }
    }

    fn removed(text: String) -> Self {
        Self {
            class: "removed",
            sign: "-",
            text,
        }
    }
}

impl FixView {
    fn of(fix: &Fix, blob: &str) -> Self {
        let title = match fix.kind {
            FixKind::Adopt => "Adopt: the code follows AWS",
            FixKind::Import => "Import: the code takes it over",
            FixKind::Remove => "Remove: the code drops its block or entry",
            FixKind::Restore if fix.edits.is_empty() => "Restore: apply the code as it is",
            FixKind::Restore => "Restore: the code enforces its value",
            FixKind::Refused => "Not fixed: it needs a person",
        };
        let edits = fix.edits.iter().map(|edit| {
            let file = printable(&escape_name(&edit.file));
            // A name that cannot be shown is in no link either.
            let url = match file == edit.file {
                true => format!("{blob}/{}#L{}", escaped(&edit.file), edit.line),
                false => blob.replacen("/blob/", "/tree/", 1),
            };
            (format!("{file}:{}", edit.line), url)
        });
        let mut edits: Vec<_> = edits.collect();
        edits.dedup();
        let refused = fix.refused.iter();
        let block = |text: &Option<String>| {
            let text = text.as_deref().map(printable_lines);
            text.filter(|text| text.chars().count() <= MAX_BLOCK)
        };
        Self {
            title,
            reason: fix.reason.as_deref().map(Prose::sentence),
            proof: checked(fix).map(|proof| Prose::of(&proof)),
            edits,
            refused: refused
                .map(|left| (excerpt(&left.path, 200), Prose::of(&left.reason)))
                .collect(),
            block: block(&fix.block),
            command: block(&fix.command),
        }
    }
}
