//! What a pull request says.

use super::markdown::{Markdown, block, code, sentence};
use super::words::{by_severity, cost, counted, name, signed, value, wanted};
use crate::model::{Coverage, Finding, FixKind, Money, Scanned, StackReport, Status};
use askama::Template;

/// GitHub takes 65,536 characters; some room is left for what it adds itself.
const LONGEST: usize = 58_000;

/// How many findings the body's marker names.
const MARKED: usize = 1_000;

/// In which direction a pull request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// The code follows live.
    Adopt,
    /// The code enforces what it declares.
    Restore,
}

impl Direction {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Adopt, Self::Restore];

    /// Its name, the last part of its branch.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Restore => "restore",
        }
    }

    /// Whether a fix goes this way.
    pub fn takes(self, kind: FixKind) -> bool {
        match self {
            Self::Adopt => matches!(kind, FixKind::Adopt | FixKind::Import | FixKind::Forget),
            Self::Restore => kind == FixKind::Restore,
        }
    }
}

/// A pull request's texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestText {
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// The message of its commit.
    pub message: String,
}

/// How much is told of each finding. Detail goes before anything that a reader must act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    Full,
    Short,
    Table,
    Count,
}

#[derive(Template)]
#[template(path = "pull_request.md", escape = "none")]
struct Page<'a> {
    intro: String,
    rows: Vec<Row>,
    sections: Vec<Section>,
    dropped: Option<String>,
    aside: Vec<String>,
    left: Vec<String>,
    unchecked: Vec<String>,
    notes: Vec<Markdown>,
    marker: &'a str,
}

struct Row {
    severity: &'static str,
    name: Markdown,
    event: &'static str,
    cost: String,
    place: String,
}

struct Section {
    severity: &'static str,
    name: Markdown,
    id: Markdown,
    why: Markdown,
    change: Option<Markdown>,
    facts: Vec<String>,
    fix: String,
    by_hand: Vec<Markdown>,
}

/// The texts of the pull request that carries these findings of a stack.
///
/// # Errors
/// Never for the template that comes with the program.
pub fn pull_request(
    stack: &StackReport,
    scanned: &Scanned,
    direction: Direction,
) -> Result<PullRequestText, askama::Error> {
    let carried: Vec<_> = scanned
        .findings
        .iter()
        .filter(|finding| carries(direction, finding))
        .collect();
    let title = title(stack, direction, &carried);
    let ids: Vec<_> = carried
        .iter()
        .take(MARKED)
        .map(|finding| finding.id.to_string())
        .collect();
    let more = carried.len() - ids.len();
    let marker =
        serde_json::json!({"stack": stack.name, "findings": ids, "more": more}).to_string();
    let mut body = String::new();
    for detail in [Detail::Full, Detail::Short, Detail::Table, Detail::Count] {
        let page = page(stack, scanned, direction, (&carried, detail), &marker);
        body = page.render()?;
        if body.chars().count() <= LONGEST {
            break;
        }
    }
    let lines: Vec<_> = carried
        .iter()
        .map(|finding| format!("- {} {}", finding.id, name(finding)))
        .take(50)
        .collect();
    let message = format!("{title}\n\n{}\n", lines.join("\n"));
    Ok(PullRequestText {
        title,
        body,
        message,
    })
}

/// Whether a pull request of this direction carries a finding.
pub fn carries(direction: Direction, finding: &Finding) -> bool {
    finding
        .fix
        .as_ref()
        .is_some_and(|fix| direction.takes(fix.kind))
}

fn title(stack: &StackReport, direction: Direction, carried: &[&Finding]) -> String {
    let worst = carried
        .iter()
        .map(|finding| finding.severity)
        .max()
        .unwrap_or_default();
    let changes = counted(carried.len(), "change");
    let what = match direction {
        Direction::Adopt => "Take over",
        Direction::Restore => "Bring back",
    };
    format!(
        "{what} {changes} in {} (worst: {})",
        stack.name,
        worst.as_str()
    )
}

fn page<'a>(
    stack: &StackReport,
    scanned: &Scanned,
    direction: Direction,
    (carried, detail): (&[&Finding], Detail),
    marker: &'a str,
) -> Page<'a> {
    let mut sorted = carried.to_vec();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let rows = sorted.iter().map(|finding| row(finding)).collect();
    let full = sorted.iter().map(|finding| section(finding, detail));
    let refused = scanned.findings.iter().filter(|finding| {
        finding
            .fix
            .as_ref()
            .is_some_and(|fix| fix.kind == FixKind::Refused)
    });
    let few = |lines: Vec<String>| match detail {
        Detail::Full | Detail::Short => lines,
        _ => lines.into_iter().take(20).collect(),
    };
    Page {
        intro: intro(stack, direction, carried),
        rows: if detail == Detail::Count { Vec::new() } else { rows },
        sections: if matches!(detail, Detail::Full | Detail::Short) { full.collect() } else { Vec::new() },
        dropped: match detail {
            Detail::Full => None,
            _ => Some("There is more to tell than GitHub takes in one text: `driftguard scan` shows all of it.".to_owned()),
        },
        left: few(refused.map(left).collect()),
        aside: few(scanned.set_aside.iter().map(aside).collect()),
        unchecked: few(unchecked(&scanned.coverage)),
        notes: scanned.notes.iter().map(|note| sentence(note)).take(20).collect(),
        marker,
    }
}

fn intro(stack: &StackReport, direction: Direction, carried: &[&Finding]) -> String {
    let severities = by_severity(carried.iter().copied()).unwrap_or_default();
    let changes = counted(carried.len(), "change");
    let delta: Money = carried
        .iter()
        .filter_map(|finding| finding.monthly_cost.as_ref()?.delta())
        .sum();
    let cost = match delta.0.is_zero() {
        true => String::new(),
        false => format!(" The difference costs {} a month.", signed(delta)),
    };
    let name = code(stack.name.as_str());
    let what = match direction {
        Direction::Adopt => {
            "**Merge this, and the code says what AWS has.** Nothing changes in AWS; a plan shows no difference here any more."
        }
        Direction::Restore => {
            "**Merge this and apply it, and AWS is again what the code declares.** Where the code is right already, the \
             apply is all it takes, and the file `driftguard.tf` only carries this text into your pipeline."
        }
    };
    format!(
        "AWS has {changes} that the code of {name} does not declare: {severities}.{cost}\n\n{what}"
    )
}

fn row(finding: &Finding) -> Row {
    Row {
        severity: finding.severity.as_str(),
        name: code(&name(finding)),
        event: match finding.kind {
            crate::model::Kind::Deleted => "gone",
            crate::model::Kind::Unmanaged => "added",
            _ => "changed",
        },
        cost: cost(finding).unwrap_or_default(),
        place: places(finding),
    }
}

/// Where the fix edits the code.
pub(super) fn places(finding: &Finding) -> String {
    let Some(fix) = &finding.fix else {
        return String::new();
    };
    let mut places: Vec<_> = fix
        .edits
        .iter()
        .map(|edit| code(&format!("{}:{}", edit.file, edit.line)).to_string())
        .collect();
    places.dedup();
    if places.is_empty() {
        "none: apply".to_owned()
    } else {
        places.join(", ")
    }
}

fn section(finding: &Finding, detail: Detail) -> Section {
    let fix = finding.fix.as_ref();
    let by_hand = fix
        .and_then(|fix| fix.block.as_deref())
        .map(|text| block("hcl", text));
    let command = fix
        .and_then(|fix| fix.command.as_deref())
        .map(|text| block("sh", text));
    let reason = fix
        .and_then(|fix| fix.reason.as_deref())
        .map(|reason| format!("; {}", sentence(reason)));
    Section {
        severity: finding.severity.as_str(),
        name: code(&name(finding)),
        id: code(&finding.id.to_string()),
        why: finding
            .why
            .first()
            .map(|why| sentence(why))
            .unwrap_or_default(),
        change: (detail == Detail::Full)
            .then(|| changes(finding))
            .filter(|lines| !lines.is_empty())
            .map(|lines| block("diff", &lines.join("\n"))),
        facts: controls(finding)
            .chain(techniques(finding))
            .chain(cost(finding))
            .collect(),
        fix: format!("{}{}", places(finding), reason.unwrap_or_default()),
        by_hand: by_hand
            .into_iter()
            .chain(command)
            .filter(|_| detail == Detail::Full)
            .collect(),
    }
}

/// The controls that a finding fails, by name.
pub(super) fn controls(finding: &Finding) -> impl Iterator<Item = String> {
    let controls = finding.controls.iter();
    controls.map(|control| format!("{} {}", control.benchmark, control.id))
}

/// The techniques that a finding fits, each with its page.
pub(super) fn techniques(finding: &Finding) -> impl Iterator<Item = String> {
    finding.techniques.iter().map(|id| {
        let path = id.replace('.', "/");
        format!("[ATT&CK {id}](https://attack.mitre.org/techniques/{path}/)")
    })
}

/// Before and after, as the lines of a diff.
pub(super) fn changes(finding: &Finding) -> Vec<String> {
    let mut lines = Vec::new();
    for difference in &finding.attributes {
        if difference.added.is_empty() && difference.removed.is_empty() {
            lines.push(format!(
                "- {} = {}",
                difference.path,
                value(wanted(difference))
            ));
            lines.push(format!(
                "+ {} = {}",
                difference.path,
                value(&difference.live)
            ));
            continue;
        }
        lines.push(format!("  {}", difference.path));
        lines.extend(
            difference
                .removed
                .iter()
                .map(|item| format!("-   {}", value(item))),
        );
        lines.extend(
            difference
                .added
                .iter()
                .map(|item| format!("+   {}", value(item))),
        );
    }
    lines
}

/// What is left to a person.
pub(super) fn left(finding: &Finding) -> String {
    let fix = finding.fix.as_ref();
    let reason = fix
        .and_then(|fix| fix.reason.as_deref())
        .map(sentence)
        .unwrap_or_default();
    let command = fix
        .and_then(|fix| fix.command.as_deref())
        .map(|command| format!(" Undo it with {}.", code(command)));
    format!(
        "**{}** {}: {reason}.{}",
        finding.severity.as_str(),
        code(&name(finding)),
        command.unwrap_or_default()
    )
}

pub(super) fn aside(finding: &Finding) -> String {
    let paths: Vec<_> = finding
        .attributes
        .iter()
        .map(|one| code(&one.path).to_string())
        .collect();
    let reason = sentence(finding.reason.as_deref().unwrap_or_default());
    format!("{} {}: {reason}", code(&name(finding)), paths.join(", "))
}

pub(super) fn unchecked(coverage: &[Coverage]) -> Vec<String> {
    let rows = coverage.iter().filter(|row| row.status != Status::Checked);
    let line = |row: &Coverage| {
        let reason = row.reason.as_deref().map(sentence).unwrap_or_default();
        format!("{} {}: {reason}", row.resources, code(&row.tf_type))
    };
    rows.map(line).collect()
}
