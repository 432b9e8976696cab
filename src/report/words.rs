//! How values and numbers are put into words, whatever they are then printed on.

use crate::model::{
    Difference, Finding, Kind, Money, MonthlyCost, Posture, Severity, Value, is_unseen, masked,
};

/// The most characters of one value that are shown.
const LONGEST: usize = 160;

/// The most characters of a name: an address may have keys of any length.
const LONGEST_NAME: usize = 400;

/// A value as HCL writes it, shortened in the middle, with nothing in it that moves a cursor or turns text around.
pub(super) fn value(value: &Value) -> String {
    let text = match value {
        Value::Null => "(not set)".to_owned(),
        Value::Unknown => "(not known from the code)".to_owned(),
        Value::Secret(fingerprint) => fingerprint.to_string(),
        value => plain(value),
    };
    shortened(&text, LONGEST)
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
            let told = entries.iter().filter(|(_, value)| !value.is_empty());
            let told: Vec<_> = told
                .map(|(key, value)| format!("{key} = {}", plain(value)))
                .collect();
            format!("{{ {} }}", told.join(", "))
        }
    }
}

/// A text from outside on one line: without what looks like a credential, without control characters, and without
/// characters that are unseen or change the direction of what follows.
pub fn printable(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\t' | '\r' => " ".to_owned(),
        c => visible(c),
    };
    masked(text).chars().map(shown).collect()
}

/// The same for a text whose lines and tabs are kept.
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

/// A character, written out where it is none that is seen.
fn visible(c: char) -> String {
    match c {
        c if is_unseen(c) => c.escape_unicode().to_string(),
        c => c.to_string(),
    }
}

/// The beginning of a text from outside, on one line: what looks like a credential is masked while it is whole.
pub fn excerpt(text: &str, most: usize) -> String {
    printable(text).chars().take(most).collect()
}

/// A part of a document that is shown by itself, such as an action of a policy.
pub(super) fn cut_value(text: &str) -> String {
    shortened(text, LONGEST)
}

/// The start of a text, with a mark where it is longer than so many characters.
pub(super) fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let start: String = text.chars().take(longest - 1).collect();
    format!("{start}…")
}

/// How many bytes at each end of a text are looked at. No credential that starts in what is shown ends beyond.
const LOOKED_AT: usize = 16 * 1024;

/// A text from outside on one line, without its middle where it is longer than so many characters.
pub(super) fn shortened(text: &str, longest: usize) -> String {
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

/// What a difference went from: the code's word, else the state's.
pub(super) fn wanted(difference: &Difference) -> &Value {
    match &difference.declared {
        Some(declared) if !declared.is_null() => declared,
        _ => &difference.recorded,
    }
}

/// What a finding is called: its address, or its type and id.
pub fn name(finding: &Finding) -> String {
    let name = match &finding.address {
        Some(address) => address.to_string(),
        None => format!(
            "{} {}",
            finding.tf_type,
            finding.import_id.as_deref().unwrap_or("(no id)")
        ),
    };
    shortened(&name, LONGEST_NAME)
}

/// What happened to it, as a sentence goes on.
pub(super) fn event(finding: &Finding) -> String {
    match (finding.kind, &finding.under) {
        (Kind::Deleted, _) => "is gone from AWS".to_owned(),
        (Kind::Unmanaged, Some(parent)) => format!(
            "was added to {} outside Terraform",
            printable(&parent.to_string())
        ),
        (Kind::Unmanaged, None) => "exists in the account and is in no Terraform state".to_owned(),
        (Kind::CodeOnly, _) => "was changed in the code and is not applied yet".to_owned(),
        (Kind::StateOnly, _) => "differs only in the state".to_owned(),
        (Kind::Modified, _) => "was changed outside Terraform".to_owned(),
    }
}

/// `+$106.29 a month`; none where nothing is billed.
pub(super) fn cost(finding: &Finding) -> Option<String> {
    match finding.monthly_cost.as_ref()? {
        MonthlyCost::NotPriced(why) => Some(format!("cost not known: {}", printable(why))),
        priced => priced.delta().map(changed_cost),
    }
}

/// `+$106.29 a month`.
pub(super) fn changed_cost(delta: Money) -> String {
    format!("{} a month", signed(delta))
}

/// `64 of 100 live, 91 as declared`; one number where they are the same, none where nothing was rated.
pub fn posture(posture: Posture) -> Option<String> {
    match (posture.live, posture.declared) {
        (Some(live), Some(declared)) if live != declared => {
            Some(format!("{live} of 100 live, {declared} as declared"))
        }
        (Some(live), _) => Some(format!("{live} of 100")),
        _ => None,
    }
}

/// `+$106.29`, `-$3.00`.
pub fn signed(money: Money) -> String {
    let sign = if money < Money::ZERO { "-" } else { "+" };
    format!("{sign}${}", money.to_string().trim_start_matches('-'))
}

/// `2 critical, 1 low`, worst first; none where there is no finding.
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

/// `1 finding`, `2 findings`.
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
