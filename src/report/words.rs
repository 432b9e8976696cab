//! Formats values and numbers for all outputs.

use crate::model::{
    Difference, Finding, Kind, Money, MonthlyCost, Posture, Severity, Value, is_unseen, masked,
};

/// How many characters of a value are shown.
const MAX_VALUE_LENGTH: usize = 160;

/// How many characters of a name are shown: the keys of an address may have any length.
const MAX_NAME_LENGTH: usize = 400;

/// The result of a scan without findings that could not check everything: never simply "no drift".
pub(super) const PARTIAL: &str = "No drift found, and not everything could be checked";

/// Formats a value as HCL, shortened in the middle, without characters that move a cursor or reverse text.
pub(super) fn value(value: &Value) -> String {
    let text = match value {
        Value::Null => "(not set)".to_owned(),
        Value::Unknown => "(not known from the code)".to_owned(),
        Value::Secret(fingerprint) => fingerprint.to_string(),
        value => plain(value),
    };
    shorten(&text, MAX_VALUE_LENGTH)
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Unknown => "(unknown)".to_owned(),
        Value::Secret(_) => "(secret)".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => serde_json::to_string(text).unwrap_or_default(),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(plain).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(entries) => {
            // What is empty says nothing that a reader needs.
            let set_entries = entries.iter().filter(|(_, value)| !value.is_empty());
            let set_entries: Vec<_> = set_entries
                .map(|(key, value)| format!("{key} = {}", plain(value)))
                .collect();
            format!("{{ {} }}", set_entries.join(", "))
        }
    }
}

/// Formats text from outside on one line: without what looks like a credential, and without control, invisible and
/// direction-changing characters.
pub fn printable(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\t' | '\r' => " ".to_owned(),
        c => visible(c),
    };
    masked(text).chars().map(shown).collect()
}

/// Formats text from outside, and keeps its lines and tabs.
pub fn printable_lines(text: &str) -> String {
    let shown = |c: char| match c {
        '\t' => c.to_string(),
        c => visible(c),
    };
    // A key takes several lines: it is known by all of them.
    let text = masked(text);
    let line = |line: &str| -> String { masked(line).chars().map(shown).collect() };
    let lines: Vec<_> = text.lines().map(line).collect();
    lines.join("\n")
}

/// Escapes a character that is invisible.
fn visible(c: char) -> String {
    match c {
        c if is_unseen(c) => c.escape_unicode().to_string(),
        c => c.to_string(),
    }
}

/// Formats the beginning of a text from outside on one line; what looks like a credential is masked before the cut.
pub fn excerpt(text: &str, longest: usize) -> String {
    printable(text).chars().take(longest).collect()
}

/// Formats a part of a document that is shown by itself, such as an action of a policy.
pub(super) fn cut_value(text: &str) -> String {
    shorten(text, MAX_VALUE_LENGTH)
}

/// Cuts the end of a text that is longer than a number of characters, and marks the cut.
pub(super) fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let start: String = text.chars().take(longest - 1).collect();
    format!("{start}…")
}

/// How many bytes at each end of a text are read. No credential that starts in the shown part ends beyond.
const LOOKED_AT: usize = 16 * 1024;

/// Formats text from outside on one line, without its middle where it is longer than a number of characters.
pub(super) fn shorten(text: &str, longest: usize) -> String {
    let text = match text.len() > 2 * LOOKED_AT {
        true => {
            let (start, end) = (text.floor_char_boundary(LOOKED_AT), text.len() - LOOKED_AT);
            format!(
                "{} … {}",
                &text[..start],
                &text[text.ceil_char_boundary(end)..]
            )
        }
        false => text.to_owned(),
    };
    let text = printable(&text);
    let count = text.chars().count();
    if count <= longest {
        return text;
    }
    let half = longest / 2;
    let start: String = text.chars().take(half).collect();
    let end: String = text.chars().skip(count - half).collect();
    format!("{start} … {end}")
}

/// Returns the value that a difference started from: the declared one, else the recorded one.
pub(super) fn expected(difference: &Difference) -> &Value {
    match &difference.declared {
        Some(declared) if !declared.is_null() => declared,
        _ => &difference.recorded,
    }
}

/// Returns the name of a finding: its address, or its type and id.
pub fn name(finding: &Finding) -> String {
    let name = match &finding.address {
        Some(address) => address.to_string(),
        None => format!(
            "{} {}",
            finding.tf_type,
            finding.import_id.as_deref().unwrap_or("(no id)")
        ),
    };
    shorten(&name, MAX_NAME_LENGTH)
}

/// Describes the event of a finding, as the predicate of a sentence.
pub(super) fn event(finding: &Finding) -> String {
    match (finding.kind, &finding.under) {
        (Kind::Deleted, _) => "is gone from AWS".to_owned(),
        (Kind::Unmanaged, Some(parent)) => format!(
            "was added to {} outside Terraform",
            shorten(&parent.to_string(), MAX_NAME_LENGTH)
        ),
        (Kind::Unmanaged, None) => "exists in the account and is in no Terraform state".to_owned(),
        (Kind::CodeOnly, _) => "was changed in the code and is not applied yet".to_owned(),
        (Kind::StateOnly, _) => "differs only in the state".to_owned(),
        (Kind::Modified, _) => "was changed outside Terraform".to_owned(),
    }
}

/// Formats a finding's cost: `+$106.29 a month`; `None` where nothing is billed.
pub(super) fn cost(finding: &Finding) -> Option<String> {
    match finding.monthly_cost.as_ref()? {
        MonthlyCost::NotPriced(why) => Some(format!("cost not known: {}", printable(why))),
        priced => priced.delta().map(changed_cost),
    }
}

/// Formats a change of cost: `+$106.29 a month`.
pub(super) fn changed_cost(delta: Money) -> String {
    format!("{} a month", signed(delta))
}

/// Formats a posture: `64 of 100, 91 if AWS matched the code`; one number where they are equal, `None` where nothing was
/// rated.
pub fn posture(posture: Posture) -> Option<String> {
    match (posture.live, posture.declared) {
        (Some(live), Some(declared)) if live != declared => {
            Some(format!("{live} of 100, {declared} if AWS matched the code"))
        }
        (Some(live), _) => Some(format!("{live} of 100")),
        _ => None,
    }
}

/// Formats an amount with its sign: `+$106.29`, `-$3.00`.
pub fn signed(money: Money) -> String {
    let sign = if money < Money::ZERO { "-" } else { "+" };
    format!("{sign}{}", amount(money))
}

/// Formats an amount without its sign: `$3.00`.
pub(super) fn amount(money: Money) -> String {
    format!("${}", money.to_string().trim_start_matches('-'))
}

/// Counts findings by severity, the most severe first: `2 critical, 1 low`; `None` where there are none.
pub fn by_severity<'a>(findings: impl Iterator<Item = &'a Finding> + Clone) -> Option<String> {
    let count = |severity: Severity| {
        let count = findings
            .clone()
            .filter(|finding| finding.severity == severity)
            .count();
        (count > 0).then(|| format!("{count} {}", severity.as_str()))
    };
    let counts: Vec<_> = Severity::ALL.into_iter().filter_map(count).collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}

/// Counts things: `1 finding`, `2 findings`.
pub fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_can_move_the_cursor_or_turn_the_text() {
        let hostile = value(&Value::text("a\u{1b}[2Jb\u{202e}c\nd"));
        assert!(
            hostile.chars().all(|c| !c.is_control() && c != '\u{202e}'),
            "{hostile}"
        );
    }

    #[test]
    fn lines_and_tabs_are_all_that_is_kept_of_what_is_not_seen() {
        let lines = printable_lines("a\t\u{1b}[2Jb\r\n c\rd\u{202e}e\n");
        assert_eq!(lines, "a\t\\u{1b}[2Jb\n c\\u{d}d\\u{202e}e");
    }

    #[test]
    fn a_long_value_keeps_both_its_ends() {
        let long = value(&Value::text(format!("start{}end", "x".repeat(1000))));
        assert!(
            long.starts_with("\"start") && long.ends_with("end\"") && long.chars().count() < 200
        );
    }
}
