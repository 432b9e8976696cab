//! Decides what a scan changes of a stack's history: which findings came, stayed, or ended.

use super::Resolution;
use super::accepted::accepted;
use crate::model::{Ending, Finding, FindingId, HistoryUpdate, Occurrence, Scanned};
use std::collections::{BTreeMap, BTreeSet};

/// Compares a scan, which ended at this time, with the findings that were reported before it.
///
/// A finding whose resource the scan could not check stays as it is: it is neither reported again nor resolved.
pub fn history_update(before: &[Occurrence], scanned: &Scanned, at: i64) -> HistoryUpdate {
    let resolution = Resolution::new(scanned);
    let known: BTreeMap<&FindingId, &Occurrence> = before
        .iter()
        .map(|occurrence| (&occurrence.finding, occurrence))
        .collect();
    let reported: BTreeMap<&FindingId, &Finding> = scanned
        .findings
        .iter()
        .map(|finding| (&finding.id, finding))
        .collect();
    let mut update = HistoryUpdate {
        accepted: Some(accepted(scanned)),
        ..HistoryUpdate::default()
    };
    for (id, finding) in reported {
        let Some(occurrence) = known.get(id) else {
            update.started.push(Occurrence::start(finding, at));
            continue;
        };
        update.again.push(id.clone());
        if occurrence.severity != finding.severity {
            update.severities.push((id.clone(), finding.severity));
        }
    }
    let started = update.started.iter().map(|new| new.address.as_str());
    let drifted: BTreeSet<_> = started.filter(|address| !address.is_empty()).collect();
    for (id, occurrence) in known {
        if resolution.is_open(&id.0) {
            continue;
        }
        if resolution.is_set_aside(&id.0) {
            update.ended.push((id.clone(), Ending::SetAside));
        } else if resolution.has_ended(occurrence) {
            // A finding's id contains the drifted value.
            let ending = match drifted.contains(occurrence.address.as_str()) {
                true => Ending::Changed,
                false => Ending::Resolved,
            };
            update.ended.push((id.clone(), ending));
        }
    }
    update
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Coverage, Kind, Severity, Status, Verdict};

    fn finding(id: &str, tf_type: &str) -> Finding {
        let mut finding = Finding::new(Kind::Modified, Verdict::Drift, tf_type);
        finding.id = FindingId(id.to_owned());
        finding
    }

    fn denied(tf_type: &str) -> Coverage {
        Coverage::new(tf_type, 1, Status::Denied)
    }

    #[test]
    fn a_resource_that_drifts_further_is_not_repaired() {
        let at = |id: &str, address: &str| {
            let mut finding = finding(id, "aws_instance");
            finding.address = address.parse().ok();
            finding
        };
        let before = [
            Occurrence::start(&at("f-1", "aws_instance.a"), 1),
            Occurrence::start(&at("f-2", "aws_instance.b"), 1),
        ];
        let scanned = Scanned {
            findings: vec![at("f-3", "aws_instance.a")],
            ..Scanned::default()
        };
        let update = history_update(&before, &scanned, 2);
        let id = |id: &str| FindingId(id.to_owned());
        assert_eq!(
            update.ended,
            [(id("f-1"), Ending::Changed), (id("f-2"), Ending::Resolved)]
        );
    }

    #[test]
    fn findings_come_stay_and_end_as_far_as_they_were_checked() {
        let before: Vec<_> = [
            ("f-stays", "aws_instance"),
            ("f-resolved", "aws_instance"),
            ("f-accepted", "aws_instance"),
            ("f-unread", "aws_s3_bucket"),
        ]
        .map(|(id, tf_type)| Occurrence::start(&finding(id, tf_type), 1))
        .into();
        let mut worse = finding("f-stays", "aws_instance");
        worse.severity = Severity::High;
        let scanned = Scanned {
            findings: vec![worse, finding("f-new", "aws_instance")],
            set_aside: vec![finding("f-accepted", "aws_instance")],
            coverage: vec![denied("aws_s3_bucket")],
            ..Scanned::default()
        };
        let id = |id: &str| FindingId(id.to_owned());
        let update = history_update(&before, &scanned, 2);
        assert_eq!(update.again, [id("f-stays")]);
        assert_eq!(update.severities, [(id("f-stays"), Severity::High)]);
        assert_eq!(
            update.started,
            [Occurrence::start(&finding("f-new", "aws_instance"), 2)]
        );
        assert_eq!(
            update.ended,
            [
                (id("f-accepted"), Ending::SetAside),
                (id("f-resolved"), Ending::Resolved)
            ]
        );
    }
}
