//! Pieces that several texts have: what changed, where a fix edits, what a finding fails.

use super::alike::Alike;
use super::change::{Change, changes};
use super::markdown::{Markdown, code, sentence, unlinked};
use super::words::{cut, event, name};
use crate::model::{Finding, Kind};

/// How much is told of each finding. Detail goes before anything that a reader must act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// All of it.
    Full,
    /// Without each change in full.
    Short,
    /// A row each.
    Table,
    /// How many there are.
    Count,
}

impl Detail {
    /// All, the most detailed first.
    pub const ALL: [Self; 4] = [Self::Full, Self::Short, Self::Table, Self::Count];
}

/// How many attributes of a finding stand in a table.
const MOST_ATTRIBUTES: usize = 2;

/// What happened to a finding, in as many words as a table has room for.
pub(super) fn what(finding: &Finding) -> Markdown {
    match finding.kind {
        Kind::Deleted => sentence("deleted in AWS"),
        Kind::Unmanaged => sentence("added outside Terraform"),
        _ if finding.attributes.is_empty() => sentence(&event(finding)),
        _ => {
            let shown = changes(finding).take(MOST_ATTRIBUTES);
            let mut shown: Vec<_> = shown.map(|change: Change| change.brief()).collect();
            let more = finding.attributes.len() - shown.len();
            if more > 0 {
                shown.push(format!("and {more} more"));
            }
            code(&shown.join("; "))
        }
    }
}

/// The names of findings that are told together: `a`, `b`, `c` and 4 more.
pub(super) fn named(alike: &Alike<'_>) -> String {
    let (names, more) = alike.names();
    let names: Vec<_> = names.iter().map(|name| code(name).to_string()).collect();
    match more {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// How many addresses of one cause are listed with their findings.
const MOST_LISTED: usize = 50;

/// The address and the finding of each, where they are several.
pub(super) fn members(alike: &Alike<'_>) -> Vec<String> {
    if alike.others.is_empty() {
        return Vec::new();
    }
    let line = |finding: &Finding| {
        let (name, id) = (code(&name(finding)), code(&finding.id.to_string()));
        format!("{name} · finding {id}")
    };
    let mut lines: Vec<_> = alike.all().take(MOST_LISTED).map(line).collect();
    let more = alike.others.len() + 1 - lines.len();
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// What findings cost together. The filter for sentences would take a sign away, so that it only sees words.
pub(super) fn price(alike: &Alike<'_>) -> Option<String> {
    let cost = alike.cost()?;
    match cost.starts_with(['+', '-']) {
        true => Some(cost),
        false => Some(sentence(&cost).to_string()),
    }
}

/// The places in the code that a fix edits.
pub(super) fn places(finding: &Finding) -> Vec<String> {
    let edits = finding.fix.iter().flat_map(|fix| &fix.edits);
    let mut places: Vec<_> = edits
        .map(|edit| code(&format!("{}:{}", edit.file, edit.line)).to_string())
        .collect();
    places.dedup();
    places
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

/// A finding that was set aside, and why.
pub(super) fn aside(finding: &Finding) -> String {
    let paths: Vec<_> = finding
        .attributes
        .iter()
        .map(|one| code(&one.path).to_string())
        .collect();
    let reason = sentence(finding.reason.as_deref().unwrap_or_default());
    format!("{} {}: {reason}", code(&name(finding)), paths.join(", "))
}

/// The most characters of a name in a title.
const LONGEST_TITLE: usize = 120;

/// A name in a title: GitHub shows no markup there, and takes 256 characters.
pub(super) fn titled(name: &str) -> String {
    cut(&unlinked(name), LONGEST_TITLE)
}

/// As many lines as may be this many characters long; the last one says how many there are besides.
pub(super) fn within(lines: Vec<String>, longest: usize) -> String {
    let (mut text, mut length, all) = (String::new(), 0, lines.len());
    for (at, line) in lines.into_iter().enumerate() {
        length += line.chars().count() + 1;
        if length > longest {
            return text
                + &format!(
                    "- and {} more lines: `driftguard scan` shows all\n",
                    all - at
                );
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}
