//! Shows who made a change. The address that a call came from is personal data, and in none of these texts.

use super::alike::Alike;
use super::markdown::{code, sentence};
use super::words::printable;
use crate::model::{Actor, CallSource, Finding};

/// How many different callers of findings that are shown together are named.
const MAX_SHOWN: usize = 3;

/// How a text is written: as Markdown, or for a terminal.
#[derive(Clone, Copy)]
struct Style {
    name: fn(&str) -> String,
    word: fn(&str) -> String,
}

const MARKDOWN: Style = Style {
    name: |text| code(text).to_string(),
    word: |text| sentence(text).to_string(),
};

const TERMINAL: Style = Style {
    name: printable,
    word: printable,
};

/// Describes who made the changes of findings that are shown together, as Markdown; `None` where that is not known.
pub(super) fn who(alike: &Alike<'_>) -> Option<String> {
    of_all(alike.all(), MARKDOWN)
}

/// Describes who made the change of a finding, as Markdown; `None` where that is not known.
pub(super) fn who_of(finding: &Finding) -> Option<String> {
    of_all([finding].into_iter(), MARKDOWN)
}

/// Describes who made the changes of findings that are shown together, for a terminal.
pub(super) fn who_plain(alike: &Alike<'_>) -> Option<String> {
    of_all(alike.all(), TERMINAL)
}

/// Names who made the change of a finding in a few words, as Markdown: `role/deploy/alice`.
pub(super) fn who_briefly(finding: &Finding) -> Option<String> {
    let actor = finding.actor.as_ref()?;
    let name = actor.principal.as_str();
    let name = match name.strip_prefix("arn:") {
        Some(_) => name.splitn(6, ':').last().unwrap_or(name),
        None => name,
    };
    let name = match &actor.session {
        Some(session) => format!("{name}/{session}"),
        None => name.to_owned(),
    };
    let others = match actor.others.is_empty() && !actor.more {
        true => "",
        false => " or others",
    };
    Some(format!("{}{others}", code(&name)))
}

fn of_all<'a>(findings: impl Iterator<Item = &'a Finding>, style: Style) -> Option<String> {
    let mut texts: Vec<String> = Vec::new();
    let mut more = 0;
    for text in findings.filter_map(|finding| Some(candidates(finding.actor.as_ref()?, style))) {
        match texts.contains(&text) {
            true => {}
            false if texts.len() < MAX_SHOWN => texts.push(text),
            false => more += 1,
        }
    }
    if more > 0 {
        texts.push(format!("and {more} more"));
    }
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// Lists the calls that may be the cause of a change.
fn candidates(actor: &Actor, style: Style) -> String {
    let mut calls: Vec<_> = actor
        .candidates()
        .map(|call| described(call, style))
        .collect();
    if actor.more {
        calls.push("others".to_owned());
    }
    match calls.as_slice() {
        [call] => call.clone(),
        calls => format!("one of several: {}", calls.join(", or ")),
    }
}

/// Describes a call: `alice@acme.com` with `ModifyInstanceAttribute` in the console, 2026-11-23T19:02:11Z.
fn described(call: &Actor, style: Style) -> String {
    let part = |label: &str, text: &Option<String>| {
        let text = text.as_deref().map(style.name);
        text.map(|text| format!(" ({label} {text})"))
            .unwrap_or_default()
    };
    let source = match call.source {
        CallSource::Console => " in the console",
        CallSource::Cli => " with the AWS CLI",
        CallSource::Automation => " by a program",
        CallSource::Service => " through a service of AWS",
        CallSource::Unknown => "",
    };
    format!(
        "{}{}{} with {}{source}, {}",
        (style.name)(&call.principal),
        part("session", &call.session),
        part("role", &call.role),
        (style.name)(&call.event),
        (style.word)(&call.time)
    )
}
