//! Finds the same drift in the findings of two versions of DriftGuard.

use crate::model::{Finding, FindingId, Redactor, Scanned, StackReport, Value, mask_json};
use crate::scan::hide_in;
use crate::store::{DecisionSubject, ScanRecord};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// How many pairs of values are compared for one stack. What lies beyond counts as another drift.
const MAX_PAIRS: usize = 1_000_000;

/// The findings of a scan by their subjects, in the order of the report.
pub(super) struct BySubject<'a> {
    findings: BTreeMap<String, Vec<&'a Finding>>,
    redactor: &'a Redactor,
}

impl<'a> BySubject<'a> {
    /// Indexes the findings of a scan, whose redactor knows the secrets in their names.
    pub(super) fn of(scanned: &'a Scanned, redactor: &'a Redactor) -> Self {
        let mut findings: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for finding in all(scanned) {
            let subject = subject(finding, redactor);
            findings.entry(key(&subject)).or_default().push(finding);
        }
        Self { findings, redactor }
    }

    /// Returns the finding of a subject whose former values no scan has any more: a redacted part may have changed its
    /// id.
    pub(super) fn of_subject(&self, kept: &DecisionSubject) -> Option<&'a Finding> {
        let sealed = |finding: &Finding| {
            finding
                .attributes
                .iter()
                .any(|difference| difference.live.has_secret())
        };
        let kept = hidden(kept.clone(), self.redactor);
        let same = self.findings.get(&key(&kept))?.iter().copied();
        same.into_iter().find(|finding| sealed(finding))
    }

    /// Returns the finding that is the same drift as one of an earlier version.
    fn same_as(&self, before: &Finding, pairs: &Pairs) -> Option<&'a Finding> {
        let same = self.findings.get(&key(&subject(before, self.redactor)))?;
        let mut same = same.iter().copied();
        same.find(|found| pairs.has_same_values(before, found))
    }
}

/// Maps the findings of an earlier version's scans to the same drift in this scan, where the ids differ. An id of a
/// scan since the upgrade is current: if it is missing, the drift has changed.
pub(super) fn same_drift(
    formers: &[ScanRecord],
    since: &[Scanned],
    scanned: &Scanned,
    now: &BySubject<'_>,
) -> BTreeMap<FindingId, FindingId> {
    let known = since.iter().chain([scanned]).flat_map(all);
    let known: BTreeSet<_> = known.map(|finding| &finding.id).collect();
    let pairs = Pairs(Cell::new(MAX_PAIRS));
    let mut same = BTreeMap::new();
    for former in formers {
        let Ok(report) = serde_json::from_value::<StackReport>(former.outcome.clone()) else {
            continue;
        };
        for before in report.outcome.iter().flat_map(all) {
            if known.contains(&before.id) || same.contains_key(&before.id) {
                continue;
            }
            if let Some(found) = now.same_as(before, &pairs) {
                same.insert(before.id.clone(), found.id.clone());
            }
        }
    }
    if pairs.0.get() == 0 {
        tracing::warn!("some decisions were not carried over: too many values had to be compared");
    }
    same
}

/// Returns the findings of a scan, those that are set aside last.
pub(super) fn all(scanned: &Scanned) -> impl Iterator<Item = &Finding> {
    scanned.findings.iter().chain(&scanned.set_aside)
}

/// Returns the subject of a finding: its resource and the attributes that differ, without credentials in names, as the
/// store holds it.
pub(super) fn subject(finding: &Finding, redactor: &Redactor) -> DecisionSubject {
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
    let subject = hidden(subject, redactor);
    let masked = serde_json::to_value(&subject).and_then(|mut subject| {
        mask_json(&mut subject);
        serde_json::from_value(subject)
    });
    masked.unwrap_or(subject)
}

/// Returns a subject without the secrets that are known by their text.
fn hidden(mut subject: DecisionSubject, redactor: &Redactor) -> DecisionSubject {
    let addresses = [&mut subject.address, &mut subject.under];
    let texts = subject.import_id.iter_mut().chain(&mut subject.paths);
    hide_in(addresses.into_iter().flatten(), texts, redactor);
    subject
}

/// Returns a text that is the same for equal subjects alone.
fn key(subject: &DecisionSubject) -> String {
    serde_json::to_string(subject).unwrap_or_default()
}

/// The pairs of values that may still be compared.
struct Pairs(Cell<usize>);

impl Pairs {
    /// Returns whether the values of two findings with the same attributes differ only in redacted parts.
    fn has_same_values(&self, before: &Finding, now: &Finding) -> bool {
        let mut values = before.attributes.iter().zip(&now.attributes);
        values.all(|(before, now)| self.is_same(&before.live, &now.live))
    }

    /// Returns whether two values are equal, except for parts that only one of them redacts, which cannot be compared.
    fn is_same(&self, before: &Value, now: &Value) -> bool {
        let Some(left) = self.0.get().checked_sub(1) else {
            return false;
        };
        self.0.set(left);
        match (before, now) {
            (Value::Secret(before), Value::Secret(now)) => before == now,
            (Value::Secret(_), _) | (_, Value::Secret(_)) => true,
            (Value::Map(before), Value::Map(now)) => {
                let same = |(key, value): (&String, &Value)| {
                    now.get(key).is_some_and(|now| self.is_same(value, now))
                };
                before.len() == now.len() && before.iter().all(same)
            }
            (Value::List(before), Value::List(now)) => self.is_same_list(before, now),
            (before, now) => before == now,
        }
    }

    /// Compares two lists in the same way; the order of a set may have changed with its redacted parts.
    fn is_same_list(&self, before: &[Value], now: &[Value]) -> bool {
        if before.len() != now.len() {
            return false;
        }
        // Equal items pair first, so that only those with redacted parts are compared with one another.
        let mut counts: BTreeMap<&Value, usize> = BTreeMap::new();
        for value in now {
            *counts.entry(value).or_default() += 1;
        }
        let mut take = |value: &Value| match counts.get_mut(value) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        };
        let changed: Vec<_> = before.iter().filter(|value| !take(value)).collect();
        let left = counts.into_iter();
        let mut left: Vec<_> = left
            .flat_map(|(value, count)| std::iter::repeat_n(value, count))
            .collect();
        let mut take = |value: &&Value| {
            let at = left.iter().position(|now| self.is_same(value, now));
            at.map(|at| left.swap_remove(at)).is_some()
        };
        changed.iter().all(&mut take)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Difference, Kind, Redactor, StackName, Verdict};
    use std::time::{Duration, Instant};

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

    fn found(
        formers: &[ScanRecord],
        since: &[Scanned],
        scanned: &Scanned,
    ) -> BTreeMap<FindingId, FindingId> {
        let redactor = Redactor::new(b"same");
        same_drift(formers, since, scanned, &BySubject::of(scanned, &redactor))
    }

    /// Returns whether `before`, from an earlier version, is recognized as `now`.
    fn carries(before: &[(&str, Value)], now: &[(&str, Value)]) -> bool {
        let formers = [former(vec![finding("f-1", "aws_instance.a", before)])];
        let scanned = scan(vec![finding("f-2", "aws_instance.a", now)]);
        let same = found(&formers, &[], &scanned);
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
            found(&formers, &[scan(vec![before()])], &scanned),
            BTreeMap::new()
        );
        assert_eq!(found(&formers, &[], &scanned).len(), 1);
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
        let same = found(&[former(vec![before])], &[], &scan(vec![now.clone()]));
        assert_eq!(same.len(), 1);
        let kept = serde_json::to_string(&subject(&now, &Redactor::new(b"same"))).unwrap();
        assert!(!kept.contains("AKIA"), "{kept}");
    }

    #[test]
    fn another_resource_is_another_drift() {
        let before = finding("f-1", "aws_instance.a", &[("Pass", "x".into())]);
        let now = finding("f-2", "aws_instance.b", &[("Pass", sealed("x"))]);
        assert_eq!(
            found(&[former(vec![before])], &[], &scan(vec![now])),
            BTreeMap::new()
        );
    }

    /// Returns how long some work took.
    fn timed(work: impl FnOnce()) -> Duration {
        let started = Instant::now();
        work();
        started.elapsed()
    }

    #[test]
    fn many_findings_are_looked_up_and_not_compared_with_each_other() {
        const MANY: usize = 20_000;
        let findings = |version: &str, seal: fn(&str) -> Value| {
            let finding = |at| {
                let address = format!("aws_instance.a[{at}]");
                finding(&format!("{version}-{at}"), &address, &[("Pass", seal("x"))])
            };
            (0..MANY).map(finding).collect::<Vec<_>>()
        };
        let formers = [former(findings("f", |text| text.into()))];
        let scanned = scan(findings("g", sealed));
        let took = timed(|| assert_eq!(found(&formers, &[], &scanned).len(), MANY));
        assert!(took < Duration::from_secs(20), "{took:?}");
    }

    #[test]
    fn long_sets_are_paired_and_not_compared_with_each_other() {
        const MANY: usize = 20_000;
        let plain = |at: usize| Value::from(format!("item {at}"));
        let before = Value::List((0..MANY).map(plain).collect());
        let now = Value::List((0..MANY).rev().map(plain).collect());
        let took = timed(|| assert!(carries(&[("Set", before)], &[("Set", now)])));
        assert!(took < Duration::from_secs(5), "{took:?}");
        // Each item has a part that is sealed now: what takes too long to pair is another drift.
        let half = |first: Value, second: Value| Value::List(vec![first, second]);
        let before = (0..MANY).map(|at| half(plain(at), plain(at)));
        let now = (0..MANY).rev().map(|at| half(plain(at), sealed("x")));
        let (before, now) = (Value::List(before.collect()), Value::List(now.collect()));
        let took = timed(|| assert!(!carries(&[("Set", before)], &[("Set", now)])));
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}
