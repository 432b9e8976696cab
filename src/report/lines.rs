//! Pieces that several texts have: where a fix edits, what a finding fails, what is left to a person, what was not checked.

use super::markdown::{Markdown, code, sentence, unlinked};
use super::words::{brief, event, name};
use crate::model::{Coverage, Finding, Kind, Status};

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

/// What happened to a finding, in as many words as a table has room for.
pub(super) fn what(finding: &Finding) -> Markdown {
    match finding.kind {
        Kind::Modified => code(&brief(finding)),
        _ => sentence(&event(finding)),
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

/// A name in a title: GitHub shows no markup there, and takes 256 characters.
pub(super) fn titled(name: &str) -> String {
    let name = unlinked(name);
    match name.chars().count() {
        0..=120 => name,
        _ => format!("{}…", name.chars().take(119).collect::<String>()),
    }
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
