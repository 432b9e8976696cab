//! What a pull request says.

use super::direction::Direction;
use super::lines::{Detail, aside, controls, left, places, techniques, titled, unchecked, what};
use super::markdown::{Markdown, block, code, sentence, unlinked};
use super::words::{by_severity, changes, cost, counted, name, signed};
use crate::model::{Finding, FixKind, Kind, Money, Scanned, StackReport, boxes};
use askama::Template;

/// GitHub takes 65,536 characters; some room is left for what it adds itself.
pub const LONGEST: usize = 58_000;

/// The order of the box that has a branch made anew.
pub const RETRY: &str = "retry";

/// The title of a pull request that was emptied.
pub const EMPTIED: &str = "Emptied by DriftGuard";

/// How many findings the body's marker names.
const MARKED: usize = 1_000;

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
    retry: String,
    marker: &'a str,
}

struct Row {
    severity: &'static str,
    name: Markdown,
    event: Markdown,
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
    carried: &[&Finding],
) -> Result<PullRequestText, askama::Error> {
    let title = title(stack, direction, carried);
    let ids: Vec<_> = carried
        .iter()
        .take(MARKED)
        .map(|finding| finding.id.to_string())
        .collect();
    let more = carried.len() - ids.len();
    let marker =
        serde_json::json!({"stack": stack.name, "findings": ids, "more": more}).to_string();
    let mut body = String::new();
    for detail in Detail::ALL {
        let page = page(stack, scanned, direction, (carried, detail), &marker);
        body = page.render()?;
        if body.chars().count() <= LONGEST {
            break;
        }
    }
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

fn title(stack: &StackReport, direction: Direction, carried: &[&Finding]) -> String {
    let worst = carried
        .iter()
        .map(|finding| finding.severity)
        .max()
        .unwrap_or_default();
    let what = match direction {
        Direction::Adopt => "Take over",
        Direction::Restore => "Bring back",
    };
    let (stack, worst) = (&stack.name, worst.as_str());
    match carried {
        [one] => format!("{what} {} in {stack} ({worst})", titled(&name(one))),
        several => format!(
            "{what} {} in {stack} (worst: {worst})",
            counted(several.len(), "change")
        ),
    }
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
        retry: boxes::line(
            RETRY,
            "Scan again and make this branch anew: what others committed to it is dropped",
        ),
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
            Kind::Deleted => sentence("gone"),
            Kind::Unmanaged => sentence("added"),
            _ => what(finding),
        },
        cost: cost(finding).unwrap_or_default(),
        place: places(finding),
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
