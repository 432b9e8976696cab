//! Carries decisions and pull requests over to the new ids of findings after an upgrade.
//!
//! A finding's id contains the drifted value, so that a decision ends when the value changes. If a version changes how
//! values are read, for example by redacting more of them, the id changes though the drift did not: then decisions and
//! pull requests follow it, once.

use crate::jobs::context::{LOOKED_BACK, RepositoryContext};
use crate::model::{
    Decision, Finding, FindingId, Proposal, Scanned, StackReport, Value, mask_json,
};
use crate::store::{DecisionSubject, ScanRecord};
use std::collections::{BTreeMap, BTreeSet};

/// Updates decisions, pull requests and the last report of a stack to the ids of this version.
pub(in crate::jobs) async fn carry_over(
    context: &RepositoryContext<'_>,
    stack: &StackReport,
) -> anyhow::Result<()> {
    let Ok(scanned) = &stack.outcome else {
        return Ok(());
    };
    let (tenant, id) = (&context.tenant, context.id);
    let formers = tenant.former_scans(id, stack.name.as_str(), LOOKED_BACK);
    let formers = formers.await?;
    let subjects = tenant.former_subjects(id, &stack.name).await?;
    if !formers.is_empty() || !subjects.is_empty() {
        let upgraded_at = formers.first().map_or(0, |last| last.finished_at);
        let since = context.reports(&stack.name).await?.into_iter();
        let since = since.filter(|(_, finished_at)| *finished_at > upgraded_at);
        let since: Vec<_> = since
            .filter_map(|(report, _)| report.outcome.ok())
            .collect();
        let mut same = same_drift(&formers, &since, scanned);
        for (finding, subject) in subjects {
            if let Some(now) = of_subject(scanned, &subject) {
                same.entry(finding).or_insert_with(|| now.id.clone());
            }
        }
        carry_decisions(context, stack, &same).await?;
        carry_proposals(context, &same).await?;
        if let Some(last) = formers.into_iter().next().filter(|_| since.is_empty()) {
            tenant.record_scan(&renamed(last, &same)?).await?;
        }
    }
    note_subjects(context, scanned, stack).await
}

/// Maps the findings of an earlier version's scans to the same drift in this scan, where the ids differ. An id of a
/// scan since the upgrade is current: if it is missing, the drift has changed.
fn same_drift(
    formers: &[ScanRecord],
    since: &[Scanned],
    scanned: &Scanned,
) -> BTreeMap<FindingId, FindingId> {
    let known = since.iter().chain([scanned]).flat_map(all);
    let known: BTreeSet<_> = known.map(|finding| &finding.id).collect();
    let now: Vec<_> = all(scanned)
        .map(|finding| (subject(finding), finding))
        .collect();
    let mut same = BTreeMap::new();
    for former in formers {
        let Ok(report) = serde_json::from_value::<StackReport>(former.outcome.clone()) else {
            continue;
        };
        for before in report.outcome.iter().flat_map(all) {
            if known.contains(&before.id) || same.contains_key(&before.id) {
                continue;
            }
            let of = subject(before);
            let mut now = now.iter().filter(|(subject, _)| *subject == of);
            if let Some((_, found)) = now.find(|(_, found)| has_same_values(before, found)) {
                same.insert(before.id.clone(), found.id.clone());
            }
        }
    }
    same
}

fn all(scanned: &Scanned) -> impl Iterator<Item = &Finding> {
    scanned.findings.iter().chain(&scanned.set_aside)
}

/// Returns whether the values of two findings with the same attributes differ only in redacted parts.
fn has_same_values(before: &Finding, now: &Finding) -> bool {
    let mut values = before.attributes.iter().zip(&now.attributes);
    values.all(|(before, now)| is_same_value(&before.live, &now.live))
}

/// Returns whether two values are equal, except for parts that only one of them redacts, which cannot be compared.
fn is_same_value(before: &Value, now: &Value) -> bool {
    match (before, now) {
        (Value::Secret(before), Value::Secret(now)) => before == now,
        (Value::Secret(_), _) | (_, Value::Secret(_)) => true,
        (Value::Map(before), Value::Map(now)) => {
            let same = |(key, value)| now.get(key).is_some_and(|now| is_same_value(value, now));
            before.len() == now.len() && before.iter().all(same)
        }
        (Value::List(before), Value::List(now)) => is_same_list(before, now),
        (before, now) => before == now,
    }
}

/// Compares two lists in the same way; the order of a set may have changed with its redacted parts.
fn is_same_list(before: &[Value], now: &[Value]) -> bool {
    let mut left: Vec<_> = now.iter().collect();
    let mut take = |value: &Value| {
        let equal = left.iter().position(|now| *now == value);
        let at = equal.or_else(|| left.iter().position(|now| is_same_value(value, now)));
        at.map(|at| left.remove(at)).is_some()
    };
    before.len() == now.len() && before.iter().all(&mut take)
}

/// Returns the subject of a finding: its resource and the attributes that differ, without credentials in names, as the
/// store holds it.
fn subject(finding: &Finding) -> DecisionSubject {
    let paths = finding
        .attributes
        .iter()
        .map(|difference| difference.path.clone());
    let subject = DecisionSubject {
        kind: finding.kind,
        address: finding.address.clone(),
        under: finding.under.clone(),
        tf_type: finding.tf_type.clone(),
        import_id: finding.import_id.clone(),
        paths: paths.collect(),
    };
    let masked = serde_json::to_value(&subject).and_then(|mut subject| {
        mask_json(&mut subject);
        serde_json::from_value(subject)
    });
    masked.unwrap_or(subject)
}

/// Returns the finding of a subject whose former values no scan has any more: a redacted part may have changed its id.
fn of_subject<'a>(scanned: &'a Scanned, kept: &DecisionSubject) -> Option<&'a Finding> {
    let sealed = |finding: &Finding| {
        finding
            .attributes
            .iter()
            .any(|difference| difference.live.has_secret())
    };
    all(scanned).find(|finding| subject(finding) == *kept && sealed(finding))
}

/// Copies decisions to the new ids. A decision about a new id is newer than one about the former id.
async fn carry_decisions(
    context: &RepositoryContext<'_>,
    stack: &StackReport,
    same: &BTreeMap<FindingId, FindingId>,
) -> anyhow::Result<()> {
    let decisions = context.tenant.decisions(context.id).await?.into_iter();
    let decisions: Vec<_> = decisions
        .filter(|decision| decision.stack == stack.name)
        .collect();
    for decision in &decisions {
        let Some(now) = same.get(&decision.finding) else {
            continue;
        };
        if !decisions.iter().any(|known| known.finding == *now) {
            let carried = Decision {
                finding: now.clone(),
                ..decision.clone()
            };
            tracing::info!(before = %decision.finding, now = %now, "a decision was carried over");
            context.tenant.decide(context.id, &carried).await?;
        }
        let former = &decision.finding.0;
        let undecided = context.tenant.undecide(context.id, &decision.stack, former);
        undecided.await?;
    }
    Ok(())
}

async fn carry_proposals(
    context: &RepositoryContext<'_>,
    same: &BTreeMap<FindingId, FindingId>,
) -> anyhow::Result<()> {
    for proposal in context.tenant.proposals(context.id).await? {
        let now = |id: &String| {
            let carried = same.get(&FindingId(id.clone()));
            carried.map_or_else(|| id.clone(), |now| now.0.clone())
        };
        let findings: Vec<_> = proposal.findings.iter().map(now).collect();
        if findings != proposal.findings {
            let carried = Proposal {
                findings,
                ..proposal
            };
            context.tenant.keep_proposal(&carried).await?;
        }
    }
    Ok(())
}

/// Returns the report with the new ids, so that no notification reports them as new.
fn renamed(
    former: ScanRecord,
    same: &BTreeMap<FindingId, FindingId>,
) -> anyhow::Result<ScanRecord> {
    let Ok(mut report) = serde_json::from_value::<StackReport>(former.outcome.clone()) else {
        return Ok(former);
    };
    if let Ok(scanned) = &mut report.outcome {
        let findings = scanned.findings.iter_mut().chain(&mut scanned.set_aside);
        for finding in findings {
            if let Some(now) = same.get(&finding.id) {
                finding.id = now.clone();
            }
        }
    }
    Ok(ScanRecord {
        outcome: serde_json::to_value(&report)?,
        ..former
    })
}

/// Records the subjects of the findings that decisions are about.
async fn note_subjects(
    context: &RepositoryContext<'_>,
    scanned: &Scanned,
    stack: &StackReport,
) -> anyhow::Result<()> {
    for finding in context
        .tenant
        .without_subject(context.id, &stack.name)
        .await?
    {
        if let Some(found) = all(scanned).find(|known| known.id == finding) {
            let of = subject(found);
            let noted = context
                .tenant
                .note_subject(context.id, &stack.name, (&finding, &of));
            noted.await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Difference, Kind, Redactor, StackName, Verdict};

    /// Creates a finding about tags with this id.
    fn finding(id: &str, address: &str, tags: &[(&str, Value)]) -> Finding {
        let difference = |(key, live): &(&str, Value)| Difference {
            path: format!("tags[\"{key}\"]"),
            verdict: Verdict::Drift,
            declared: None,
            recorded: Value::Null,
            live: live.clone(),
            added: Vec::new(),
            removed: Vec::new(),
            defined_in: None,
        };
        Finding {
            id: FindingId(id.to_owned()),
            address: address.parse().ok(),
            attributes: tags.iter().map(difference).collect(),
            ..Finding::new(Kind::Modified, Verdict::Drift, "aws_instance")
        }
    }

    fn scan(findings: Vec<Finding>) -> Scanned {
        Scanned {
            findings,
            ..Scanned::default()
        }
    }

    fn former(findings: Vec<Finding>) -> ScanRecord {
        let report = StackReport {
            name: StackName::of_path("a"),
            path: "a".to_owned(),
            backend: None,
            outcome: Ok(scan(findings)),
        };
        ScanRecord {
            id: "1".to_owned(),
            repository: crate::model::RepositoryId(1),
            stack: "a".to_owned(),
            commit: "c".to_owned(),
            outcome: serde_json::to_value(report).unwrap(),
            finished_at: 1,
        }
    }

    fn sealed(text: &str) -> Value {
        Redactor::new(b"key").fingerprint(&text.into())
    }

    /// Returns whether `before`, from an earlier version, is recognized as `now`.
    fn carries(before: &[(&str, Value)], now: &[(&str, Value)]) -> bool {
        let formers = [former(vec![finding("f-1", "aws_instance.a", before)])];
        let scanned = scan(vec![finding("f-2", "aws_instance.a", now)]);
        let same = same_drift(&formers, &[], &scanned);
        same.contains_key(&FindingId("f-1".to_owned()))
    }

    #[test]
    fn what_only_a_seal_changed_is_the_same_drift() {
        let plain = || Value::from("hunter2");
        let list = |items: Vec<Value>| Value::List(items);
        assert!(carries(
            &[("Pass", plain())],
            &[("Pass", sealed("hunter2"))]
        ));
        assert!(carries(&[("Pass", sealed("x"))], &[("Pass", plain())]));
        assert!(carries(
            &[("Team", "shop".into()), ("Pass", plain())],
            &[("Team", "shop".into()), ("Pass", sealed("hunter2"))]
        ));
        assert!(carries(
            &[("Rules", list(vec!["a".into(), plain()]))],
            &[("Rules", list(vec![sealed("hunter2"), "a".into()]))]
        ));
    }

    #[test]
    fn what_changed_besides_is_another_drift() {
        let pass = || ("Pass", sealed("hunter2"));
        assert!(!carries(
            &[("Team", "shop".into()), ("Pass", "hunter2".into())],
            &[("Team", "store".into()), pass()]
        ));
        assert!(!carries(&[("Pass", sealed("hunter3"))], &[pass()]));
        assert!(!carries(
            &[("Pass", "hunter2".into())],
            &[pass(), ("Team", "shop".into())]
        ));
        let items = |count| Value::List(vec!["a".into(); count]);
        assert!(!carries(&[("Rules", items(1))], &[("Rules", items(2))]));
    }

    #[test]
    fn an_id_that_this_version_gave_ends_with_its_value() {
        let before = || finding("f-1", "aws_instance.a", &[("Note", "hello".into())]);
        let now = finding("f-2", "aws_instance.a", &[("Note", sealed("hunter2"))]);
        let (formers, scanned) = ([former(vec![before()])], scan(vec![now]));
        assert_eq!(
            same_drift(&formers, &[scan(vec![before()])], &scanned),
            BTreeMap::new()
        );
        assert_eq!(same_drift(&formers, &[], &scanned).len(), 1);
    }

    #[test]
    fn what_a_credential_names_is_told_by_its_masked_name() {
        let key = r#"aws_instance.a["AKIAIOSFODNN7EXAMPLE"]"#;
        let before = finding(
            "f-1",
            r#"aws_instance.a["(secret)"]"#,
            &[("Pass", "x".into())],
        );
        let now = finding("f-2", key, &[("Pass", sealed("x"))]);
        let same = same_drift(&[former(vec![before])], &[], &scan(vec![now.clone()]));
        assert_eq!(same.len(), 1);
        let kept = serde_json::to_string(&subject(&now)).unwrap();
        assert!(!kept.contains("AKIA"), "{kept}");
    }

    #[test]
    fn another_resource_is_another_drift() {
        let before = finding("f-1", "aws_instance.a", &[("Pass", "x".into())]);
        let now = finding("f-2", "aws_instance.b", &[("Pass", sealed("x"))]);
        assert_eq!(
            same_drift(&[former(vec![before])], &[], &scan(vec![now])),
            BTreeMap::new()
        );
    }
}
