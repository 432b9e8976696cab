//! Writes the texts of pull requests.

use super::actor::who;
use super::agreed::agreed_lines;
use super::alike::{Alike, alike};
use super::change::{Sides, diff};
use super::coverage::unchecked;
use super::direction::Direction;
use super::lines::{Detail, aside, controls, describe, members, named, price, techniques, titled};
use super::markdown::{Markdown, block, code, in_cell, sentence, unlinked};
use super::person::{self, is_urgent, needs_person, warning};
use super::proof::{compared, planned};
use super::size::{first_that_fits, some};
use super::words::{amount, by_severity, counted, name};
use crate::model::{Coverage, Finding, Kind, Money, Scanned, Severity, StackReport, boxes};
use askama::Template;

/// The order of the box that recreates a branch.
pub const RETRY: &str = "retry";

/// The title of an emptied pull request.
pub const EMPTIED: &str = "Emptied by DriftGuard";

/// How many lines a shortened list has, and how many characters: there are six of them, beside the ids in the marker.
const MAX_LINES: usize = 20;
const MAX_LIST_LENGTH: usize = 5_000;

/// How many findings that need a person are warnings; the others are listed below.
const MAX_WARNINGS: usize = 5;

/// How many finding ids the body's marker holds.
const MARKED: usize = 1_000;

/// The texts of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestText {
    /// The title, on one line.
    pub title: String,
    /// The body, in Markdown.
    pub body: String,
    /// The commit message.
    pub message: String,
}

#[derive(Template)]
#[template(path = "pull_request.md", escape = "none")]
struct PullRequestPage<'a> {
    next: String,
    intro: String,
    warnings: Vec<String>,
    heading: &'static str,
    rows: Vec<Row>,
    sections: Vec<Section>,
    dropped: Option<&'static str>,
    agreed: Vec<String>,
    aside: Vec<String>,
    left: Vec<String>,
    unchecked: Vec<String>,
    notes: Vec<String>,
    retry: String,
    marker: &'a str,
}

struct Row {
    severity: &'static str,
    names: String,
    change: String,
    cost: String,
    edit: String,
}

struct Section {
    severity: &'static str,
    names: String,
    why: Markdown,
    change: Option<Markdown>,
    facts: Vec<String>,
    fix: String,
    members: Vec<String>,
    by_hand: Vec<Markdown>,
}

/// The content of a pull request.
#[derive(Debug, Clone, Copy)]
pub struct PullRequestContent<'a> {
    /// The stack.
    pub stack: &'a StackReport,
    /// The result of the scan.
    pub scanned: &'a Scanned,
    /// The direction of the fixes.
    pub direction: Direction,
    /// The findings that the pull request fixes.
    pub carried: &'a [&'a Finding],
    /// Whether the pull request also lists what needs a person: one pull request per stack does.
    pub tells_rest: bool,
}

/// Writes the texts of a pull request.
///
/// # Errors
/// Never for the built-in template.
pub fn pull_request(content: &PullRequestContent<'_>) -> Result<PullRequestText, askama::Error> {
    let carried = content.carried;
    let title = title(content);
    let ids: Vec<_> = carried
        .iter()
        .take(MARKED)
        .map(|finding| finding.id.to_string())
        .collect();
    let more = carried.len() - ids.len();
    let marker =
        serde_json::json!({"stack": content.stack.name, "findings": ids, "more": more}).to_string();
    let alike = alike(carried.iter().copied());
    let render = |detail| page(content, &alike, detail, &marker).render();
    let body = first_that_fits(Detail::ALL, render)?;
    let lines: Vec<_> = carried
        .iter()
        .map(|finding| format!("- {} {}", finding.id, unlinked(&name(finding))))
        .take(50)
        .collect();
    let message = format!("{title}\n\n{}\n", lines.join("\n"));
    Ok(PullRequestText {
        title,
        body,
        message,
    })
}

impl PullRequestContent<'_> {
    /// Returns the sides of the changes: what merging leads from, and what it leads to.
    fn sides(&self) -> Sides {
        match self.direction {
            Direction::Adopt => Sides::Adopt,
            Direction::Restore => Sides::Restore,
        }
    }
}

/// Writes the title: `DriftGuard: restore settings of 3 resources in production (1 critical)`.
fn title(content: &PullRequestContent<'_>) -> String {
    let PullRequestContent {
        stack,
        direction,
        carried,
        ..
    } = content;
    let all = |kind: Kind| carried.iter().all(|finding| finding.kind == kind);
    let subject = match (carried, direction) {
        ([finding], _) => titled(&name(finding)),
        (several, Direction::Adopt) if all(Kind::Deleted) => counted(several.len(), "deletion"),
        (several, Direction::Adopt) => counted(several.len(), "change"),
        (several, Direction::Restore) if all(Kind::Modified) => {
            format!("settings of {}", counted(several.len(), "resource"))
        }
        (several, Direction::Restore) => counted(several.len(), "resource"),
    };
    let severe = carried
        .iter()
        .filter(|finding| finding.severity >= Severity::High);
    let severe = by_severity(severe.copied()).map(|severe| format!(" ({severe})"));
    format!(
        "DriftGuard: {} {subject} in {}{}",
        direction.as_str(),
        stack.name,
        severe.unwrap_or_default()
    )
}

fn page<'a>(
    content: &PullRequestContent<'_>,
    alike: &[Alike<'_>],
    detail: Detail,
    marker: &'a str,
) -> PullRequestPage<'a> {
    let scanned = content.scanned;
    let few = |lines: Vec<String>| match detail {
        Detail::Full | Detail::Short => lines,
        _ => some(lines, MAX_LINES, MAX_LIST_LENGTH),
    };
    let (warnings, left) = match content.tells_rest {
        true => rest(content),
        false => (Vec::new(), Vec::new()),
    };
    let sides = content.sides();
    let rows = alike.iter().map(|alike| row(alike, sides));
    let sections = alike.iter().map(|alike| section(alike, sides, detail));
    PullRequestPage {
        next: next(content),
        intro: intro(content),
        warnings: few(warnings),
        heading: sides.heading(),
        rows: if detail == Detail::Count {
            Vec::new()
        } else {
            rows.collect()
        },
        sections: if matches!(detail, Detail::Full | Detail::Short) {
            sections.collect()
        } else {
            Vec::new()
        },
        dropped: (detail != Detail::Full)
            .then_some("GitHub limits the length of this text: `driftguard scan` shows all of it."),
        left: few(left),
        agreed: few(agreed_lines(scanned)),
        aside: few(scanned.set_aside.iter().map(aside).collect()),
        unchecked: few(unchecked(&checkable(scanned))),
        notes: few(scanned
            .notes
            .iter()
            .map(|note| sentence(note).to_string())
            .collect()),
        retry: boxes::line(
            RETRY,
            "Scan again and recreate this branch: commits that others made to it are dropped",
        ),
        marker,
    }
}

/// Returns the coverage but for CloudTrail's, which the check tells: it comes and goes while the drift stays the same.
fn checkable(scanned: &Scanned) -> Vec<Coverage> {
    let rows = scanned.coverage.iter();
    rows.filter(|row| !row.is_of_calls()).cloned().collect()
}

/// Lists what no pull request fixes: as warnings if it is at least as severe as everything fixed here, else as lines.
fn rest(content: &PullRequestContent<'_>) -> (Vec<String>, Vec<String>) {
    let fixed = content.carried.iter().map(|finding| finding.severity).max();
    let left = content
        .scanned
        .findings
        .iter()
        .filter(|finding| needs_person(finding));
    let mut left: Vec<_> = left.collect();
    left.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    // The most severe come first, so the urgent ones do.
    let urgent = left.iter().take_while(|finding| is_urgent(finding, fixed));
    let urgent = urgent.count();
    let others = left.split_off(urgent.min(MAX_WARNINGS));
    (
        left.into_iter().map(warning).collect(),
        others.into_iter().map(person::left).collect(),
    )
}

/// Explains what to do with the pull request, and what that leads to.
fn next(content: &PullRequestContent<'_>) -> String {
    let edits = |finding: &&&Finding| {
        finding
            .fix
            .as_ref()
            .is_some_and(|fix| !fix.edits.is_empty())
    };
    let (next, left) = match content.direction {
        Direction::Adopt => (
            "**To keep these changes, merge this pull request.** The code then says what AWS has, and an apply no longer \
             undoes them.",
            "in the code",
        ),
        Direction::Restore if content.carried.iter().any(|finding| edits(&finding)) => (
            "**To undo these changes, merge this pull request and apply.** AWS then matches the code again.",
            "in AWS",
        ),
        Direction::Restore => (
            "**To undo these changes, merge this pull request and apply.** The code is already right: the only file here is \
             `driftguard.tf`, which holds comments and makes your pipeline run.",
            "in AWS",
        ),
    };
    let mut fixes = content
        .carried
        .iter()
        .filter_map(|finding| finding.fix.as_ref());
    match fixes.any(|fix| !fix.refused.is_empty()) {
        true => format!("{next} What is listed as not fixed stays {left} as it is."),
        false => next.to_owned(),
    }
}

fn intro(content: &PullRequestContent<'_>) -> String {
    let carried = content.carried;
    let severities = by_severity(carried.iter().copied()).unwrap_or_default();
    let costs = carried
        .iter()
        .filter_map(|finding| finding.monthly_cost.as_ref()?.delta());
    let cost = bill(costs.sum(), content.direction);
    let was = match carried.len() {
        1 => "was",
        _ => "were",
    };
    let proof = compared(carried.iter().copied()).map(|proof| format!(" {proof}"));
    format!(
        "{} in {} {was} changed outside Terraform: {severities}.{cost}{}",
        counted(carried.len(), "resource"),
        code(content.stack.name.as_str()),
        proof.unwrap_or_default()
    )
}

/// Explains what the drift costs, and what merging does to the bill; empty where it costs nothing.
fn bill(delta: Money, direction: Direction) -> String {
    if delta.0.is_zero() {
        return String::new();
    }
    let verb = if delta < Money::ZERO {
        "saves"
    } else {
        "costs"
    };
    let then = match direction {
        Direction::Adopt => "merging does not change the bill",
        Direction::Restore => "the apply ends that",
    };
    format!(" The drift {verb} {} a month; {then}.", amount(delta))
}

fn row(alike: &Alike<'_>, sides: Sides) -> Row {
    Row {
        severity: alike.severity().as_str(),
        names: in_cell(&named(alike)),
        change: describe(alike.first, sides).in_cell(),
        cost: price(alike).unwrap_or_default(),
        edit: match alike.places().as_slice() {
            [] => "none needed".to_owned(),
            places => in_cell(&places.join(", ")),
        },
    }
}

fn section(alike: &Alike<'_>, sides: Sides, detail: Detail) -> Section {
    let finding = alike.first;
    let fix = finding.fix.as_ref();
    let by_hand = fix
        .and_then(|fix| fix.block.as_deref())
        .map(|text| block("hcl", text));
    let command = fix
        .and_then(|fix| fix.command.as_deref())
        .map(|text| block("sh", text));
    Section {
        severity: alike.severity().as_str(),
        names: named(alike),
        why: finding
            .why
            .first()
            .map(|why| sentence(why))
            .unwrap_or_default(),
        change: (detail == Detail::Full)
            .then(|| diff(finding, sides))
            .filter(|lines| !lines.is_empty())
            .map(|lines| block("diff", &lines.join("\n"))),
        facts: controls(finding)
            .chain(techniques(finding))
            .chain(drift_cost(alike))
            .chain(who(alike).map(|who| format!("who: {who}")))
            .collect(),
        fix: fix_line(alike),
        members: members(alike),
        by_hand: by_hand
            .into_iter()
            .chain(command)
            .filter(|_| detail == Detail::Full)
            .collect(),
    }
}

/// Formats the cost of findings as that of the drift: neither the merge nor the apply adds it.
fn drift_cost(alike: &Alike<'_>) -> Option<String> {
    let cost = price(alike)?;
    Some(match cost.starts_with(['+', '-']) {
        true => format!("cost of the drift: {cost}"),
        false => cost,
    })
}

/// Describes where a fix edits the code, with its notes and its proof, and the finding's id where it is a single one.
fn fix_line(alike: &Alike<'_>) -> String {
    let places = alike.places();
    // That there is nothing to edit is said once, above.
    let fix = alike.first.fix.as_ref().filter(|_| !places.is_empty());
    let reason = fix.and_then(|fix| fix.reason.as_deref());
    let edit = (!places.is_empty()).then(|| format!("Edit: {}", places.join(", ")));
    let reason = reason.map(|reason| sentence(reason).to_string());
    let left = alike.first.fix.iter().flat_map(person::left_out);
    let proof = alike.first.fix.as_ref().and_then(planned);
    let proof = proof.map(|proof| sentence(&proof).to_string());
    let id = [alike
        .others
        .is_empty()
        .then(|| format!("finding {}", code(&alike.first.id.to_string())))];
    let parts = edit.into_iter().chain(reason).chain(left).chain(proof);
    let parts = parts.chain(id.into_iter().flatten());
    parts.collect::<Vec<_>>().join(" · ")
}
