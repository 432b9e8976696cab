//! Lists what people accept, as a scan found it set aside.

use crate::model::{AcceptedDifference, Finding, Scanned, Verdict, masked};
use crate::report;

/// Returns the differences that the settings accept, and the findings that are snoozed.
pub(super) fn accepted(scanned: &Scanned) -> Vec<AcceptedDifference> {
    let aside = scanned.set_aside.iter();
    let accepted = aside.filter(|finding| finding.verdict == Verdict::Accepted);
    accepted.map(difference).collect()
}

fn difference(finding: &Finding) -> AcceptedDifference {
    let text = finding.reason.as_deref().unwrap_or_default();
    let (reason, owner, until) = parts(text);
    let safe = |text: &str| masked(text).into_owned();
    AcceptedDifference {
        finding: finding.id.clone(),
        name: safe(&report::name(finding)),
        severity: finding.severity,
        until: until.map(str::to_owned),
        reason: safe(reason),
        owner: safe(owner),
    }
}

/// Splits the reason of an accepted difference, its owner and its end, as they are written together where it is set
/// aside: `we move (alice), until 2027-03-31`, or `snoozed by alice until 2026-11-24 16:30 UTC`.
fn parts(text: &str) -> (&str, &str, Option<&str>) {
    if let Some((person, until)) = text
        .strip_prefix("snoozed by ")
        .and_then(|rest| rest.rsplit_once(" until "))
        && until.ends_with(" UTC")
    {
        let reason = text.strip_suffix(until).unwrap_or(text);
        return (reason.trim_end_matches(" until "), person, Some(until));
    }
    let (text, until) = match text.rsplit_once(", until ") {
        Some((text, day)) if is_day(day) => (text, Some(day)),
        _ => (text, None),
    };
    match text
        .strip_suffix(')')
        .and_then(|text| text.rsplit_once(" ("))
    {
        Some((reason, owner)) => (reason, owner, until),
        None => (text, "", until),
    }
}

fn is_day(text: &str) -> bool {
    let form = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 10 && text.bytes().enumerate().all(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_split_as_it_was_put_together() {
        for (text, expected) in [
            ("we move", ("we move", "", None)),
            ("we move (alice)", ("we move", "alice", None)),
            (
                "we move (alice), until 2027-03-31",
                ("we move", "alice", Some("2027-03-31")),
            ),
            (
                "we move, until 2027-03-31",
                ("we move", "", Some("2027-03-31")),
            ),
            ("kept, until then", ("kept, until then", "", None)),
            (
                "snoozed by alice until 2026-11-24 16:30 UTC",
                ("snoozed by alice", "alice", Some("2026-11-24 16:30 UTC")),
            ),
            ("", ("", "", None)),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }
}
