//! Prepares the calls that may have made a change, for a finding's page.
//! A call's source address is personal data: only this page and the JSON report contain it.

use super::prose::Prose;
use crate::model::{Actor, CallSource, Coverage, Finding, InquiryOutcome};
use crate::report::when::{minute, minute_of};
use crate::report::words::excerpt;

/// The longest part of a call that is shown, in characters.
const MAX_PART: usize = 300;

/// A call of CloudTrail's that may be the cause of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallRow {
    pub principal: String,
    /// The session or the role behind the principal; empty where there is none.
    pub detail: String,
    pub event: String,
    pub source: &'static str,
    pub time: String,
    /// Empty where CloudTrail names none.
    pub address: String,
}

impl CallRow {
    /// Returns the calls that may be the cause, the newest first.
    pub fn all(actor: Option<&Actor>) -> Vec<Self> {
        let calls = actor.into_iter().flat_map(Actor::candidates);
        calls.map(Self::of).collect()
    }

    fn of(call: &Actor) -> Self {
        let shown = |text: &str| excerpt(text, MAX_PART);
        let part = |label: &str, text: &Option<String>| {
            let text = text.as_deref();
            text.map(|text| format!("{label} {}", shown(text)))
        };
        let details = [part("session", &call.session), part("role", &call.role)];
        Self {
            principal: shown(&call.principal),
            detail: details.into_iter().flatten().collect::<Vec<_>>().join(", "),
            event: shown(&call.event),
            source: match call.source {
                CallSource::Console => "the console",
                CallSource::Cli => "the AWS CLI",
                CallSource::Automation => "a program",
                CallSource::Service => "a service of AWS",
                CallSource::Unknown => "",
            },
            time: minute_of(&call.time).unwrap_or_else(|| shown(&call.time)),
            address: call
                .source_address
                .as_deref()
                .map(shown)
                .unwrap_or_default(),
        }
    }
}

/// Describes what is known of who made the change of a finding where CloudTrail named nobody; `None` where it did.
/// `coverage` says why it was not asked.
pub(super) fn unnamed(finding: &Finding, coverage: &[Coverage]) -> Option<Prose> {
    if finding.actor.is_some() {
        return None;
    }
    let Some(inquiry) = &finding.inquiry else {
        return Some(Prose::of("It is not known who made the change."));
    };
    Some(match &inquiry.outcome {
        InquiryOutcome::Off => Prose::of(
            "It is not known who made the change: CloudTrail is not asked, since `.driftguard.yml` says `who: off`.",
        ),
        InquiryOutcome::Unanswered => refusal(finding, coverage).unwrap_or_else(|| {
            Prose::of("It is not known who made the change: CloudTrail gave no answer.")
        }),
        InquiryOutcome::Answered {
            asked_at,
            is_last,
            is_cut,
        } => {
            let cut = match is_cut {
                true => " Calls that are older than those that were read may be.",
                false => "",
            };
            let later = match is_last {
                true => "",
                false => {
                    " A later scan asks once more: calls arrive up to a quarter of an hour late."
                }
            };
            Prose::of(&format!(
                "It is not known who made the change: no call that CloudTrail had from {} to {} may be its cause.{cut}{later}",
                minute(inquiry.since),
                minute(*asked_at)
            ))
        }
    })
}

/// Describes why CloudTrail gave no answer about a finding.
fn refusal(finding: &Finding, coverage: &[Coverage]) -> Option<Prose> {
    let rows = coverage.iter().filter(|row| row.is_of_calls_about(finding));
    let reasons = rows.filter_map(|row| row.reason.as_deref());
    let mut reasons: Vec<_> = reasons.collect();
    reasons.dedup();
    match reasons.as_slice() {
        [] => None,
        [reason] => Some(Prose::sentence(reason)),
        reasons => {
            let whys = reasons.iter();
            let whys = whys.map(|reason| reason.split_once("because ").map_or(*reason, |it| it.1));
            let whys: Vec<_> = whys.collect();
            Some(Prose::of(&format!(
                "It is not known who made the change. In this account: {}.",
                whys.join("; ")
            )))
        }
    }
}
