//! Sets accepted differences aside: each entry of `accept` has a reason, and may have an end.

use super::form::Settings;
use super::glob::{covers, only};
use crate::model::{Difference, Finding, Interrupt, Verdict};
use serde::Deserialize;

/// An accepted difference. An omitted key matches everything; at least one key must be set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "AcceptEntry")]
pub struct Accept {
    entry: AcceptEntry,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptEntry {
    #[serde(default)]
    pub(super) address: Option<String>,
    #[serde(default)]
    pub(super) attribute: Option<String>,
    #[serde(default, rename = "type")]
    pub(super) tf_type: Option<String>,
    #[serde(default)]
    pub(super) import_id: Option<String>,
    pub(super) reason: String,
    #[serde(default)]
    pub(super) owner: Option<String>,
    /// The last day, as `2027-03-31`.
    #[serde(default, deserialize_with = "day")]
    pub(super) until: Option<String>,
}

impl TryFrom<AcceptEntry> for Accept {
    type Error = String;

    fn try_from(entry: AcceptEntry) -> Result<Self, String> {
        if entry.address.is_none() && entry.tf_type.is_none() && entry.import_id.is_none() {
            return Err(
                "an accepted difference names its `address`, its `type` or its `import_id`"
                    .to_owned(),
            );
        }
        Ok(Self { entry })
    }
}

fn day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.parse::<jiff::civil::Date>() {
        Ok(day) => Ok(Some(day.to_string())),
        Err(_) => Err(serde::de::Error::custom(format!(
            "`until`: `{text}` is no day: write 2027-03-31"
        ))),
    }
}

impl Accept {
    /// Returns whether the entry is valid on a day, written as `2026-11-24`: such texts sort as days do.
    fn holds(&self, today: &str) -> bool {
        self.entry
            .until
            .as_deref()
            .is_none_or(|until| today <= until)
    }

    fn is_about(&self, finding: &Finding) -> bool {
        let asks = |pattern: &Option<String>, text: Option<&str>| {
            pattern
                .as_deref()
                .is_none_or(|pattern| text.is_some_and(|text| covers(pattern, text)))
        };
        let address = finding.address.as_ref().map(ToString::to_string);
        asks(&self.entry.address, address.as_deref())
            && asks(&self.entry.tf_type, Some(&finding.tf_type))
            && asks(&self.entry.import_id, finding.import_id.as_deref())
    }

    fn covers(&self, difference: &Difference) -> bool {
        let below = |pattern: &str| {
            let path = only(pattern);
            let rest = path.and_then(|path| difference.path.strip_prefix(&path));
            rest.is_some_and(|rest| rest.starts_with(['.', '[']))
        };
        let pattern = self.entry.attribute.as_deref();
        pattern.is_none_or(|pattern| covers(pattern, &difference.path) || below(pattern))
    }

    /// Writes the reason, the owner and the end of the entry.
    fn reason(&self) -> String {
        let AcceptEntry {
            reason,
            owner,
            until,
            ..
        } = &self.entry;
        let owner = owner.as_ref().map(|owner| format!(" ({owner})"));
        let until = until.as_ref().map(|day| format!(", until {day}"));
        format!(
            "{reason}{}{}",
            owner.unwrap_or_default(),
            until.unwrap_or_default()
        )
    }
}

impl Settings {
    /// Moves the findings that are accepted on this day (`2026-11-24`) to the set-aside ones: whole findings, or single
    /// attributes of one. An interrupt ends it early: the remaining findings are not accepted.
    pub fn set_aside(
        &self,
        findings: &mut Vec<Finding>,
        aside: &mut Vec<Finding>,
        today: &str,
        interrupt: &Interrupt,
    ) {
        let mut left = Vec::new();
        for mut finding in findings.drain(..) {
            let accepts: Vec<_> = self
                .accept
                .iter()
                .take_while(|_| !interrupt.is_raised())
                .filter(|accept| accept.holds(today) && accept.is_about(&finding))
                .collect();
            let whole = accepts
                .iter()
                .find(|accept| accept.entry.attribute.is_none());
            if let Some(accept) = whole {
                finding.verdict = Verdict::Accepted;
                finding
                    .attributes
                    .iter_mut()
                    .for_each(|difference| difference.verdict = Verdict::Accepted);
                finding.reason = Some(accept.reason());
                aside.push(finding);
                continue;
            }
            let Some(reason) = accepts.first().map(|accept| accept.reason()) else {
                left.push(finding);
                continue;
            };
            let (mut accepted, open): (Vec<_>, Vec<_>) = std::mem::take(&mut finding.attributes)
                .into_iter()
                .partition(|difference| accepts.iter().any(|accept| accept.covers(difference)));
            if accepted.is_empty() {
                finding.attributes = open;
                left.push(finding);
                continue;
            }
            accepted
                .iter_mut()
                .for_each(|difference| difference.verdict = Verdict::Accepted);
            aside.push(Finding {
                verdict: Verdict::Accepted,
                attributes: accepted,
                reason: Some(reason),
                ..finding.clone()
            });
            if !open.is_empty() {
                finding.attributes = open;
                left.push(finding);
            }
        }
        *findings = left;
    }

    /// Returns whether a finding is accepted as a whole on this day.
    pub fn covers(&self, finding: &Finding, today: &str) -> bool {
        let mut findings = vec![finding.clone()];
        let aside = &mut Vec::new();
        self.set_aside(&mut findings, aside, today, &Interrupt::default());
        findings.is_empty()
    }
}
