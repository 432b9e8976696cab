//! Groups findings of one cause: the same change of several resources of a type is shown once, with their addresses.

use super::lines::places;
use super::words::{changed_cost, cost, name};
use crate::model::{Address, Finding, Kind, Money, Severity};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How many addresses a table row or a heading shows.
const MAX_NAMED: usize = 3;

/// Findings that share a row and a section; at least one.
#[derive(Debug)]
pub(super) struct Alike<'a> {
    /// The first finding, which represents all.
    pub first: &'a Finding,
    /// The other findings.
    pub others: Vec<&'a Finding>,
}

impl<'a> Alike<'a> {
    /// Returns all findings.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a Finding> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }

    /// Returns the severity that all findings share.
    pub(super) fn severity(&self) -> Severity {
        self.first.severity
    }

    /// Returns the findings' names, as many as fit, and the number of the rest.
    pub(super) fn names(&self) -> (Vec<String>, usize) {
        let names: Vec<_> = self.all().take(MAX_NAMED).map(name).collect();
        let more = self.others.len() + 1 - names.len();
        (names, more)
    }

    /// Returns the cost of all findings: `+$212.58 a month`, or why it is not known; `None` where nothing is billed.
    pub(super) fn cost(&self) -> Option<String> {
        if self.others.is_empty() {
            return cost(self.first);
        }
        let deltas = self
            .all()
            .filter_map(|finding| finding.monthly_cost.as_ref()?.delta());
        let sum: Money = deltas.sum();
        match sum.0.is_zero() {
            true => cost(self.first)
                .filter(|_| self.all().all(|finding| finding.monthly_cost.is_some())),
            false => Some(changed_cost(sum)),
        }
    }

    /// Returns the places that the findings' fixes edit.
    pub(super) fn places(&self) -> Vec<String> {
        let mut places: Vec<_> = self.all().flat_map(places).collect();
        places.sort();
        places.dedup();
        places
    }
}

/// Groups findings of one cause, the most severe first.
pub(super) fn alike<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Alike<'a>> {
    let mut found: Vec<Alike<'a>> = Vec::new();
    let mut by_cause: BTreeMap<String, usize> = BTreeMap::new();
    for finding in findings {
        let cause = cause(finding);
        match by_cause.get(&cause).and_then(|at| found.get_mut(*at)) {
            Some(alike) => alike.others.push(finding),
            None => {
                by_cause.insert(cause, found.len());
                found.push(Alike {
                    first: finding,
                    others: Vec::new(),
                });
            }
        }
    }
    found.sort_by_key(|alike| Reverse(alike.severity()));
    found
}

/// Returns what findings of one cause share. Deleted resources share the block that declares them; unmanaged ones share
/// nothing.
fn cause(finding: &Finding) -> String {
    let event = match finding.kind {
        Kind::Unmanaged => finding.id.to_string(),
        Kind::Deleted => {
            let block = finding.address.as_ref().map(Address::block);
            block.map(|block| block.to_string()).unwrap_or_default()
        }
        Kind::Modified | Kind::CodeOnly | Kind::StateOnly => {
            let changes: Vec<_> = finding
                .attributes
                .iter()
                .map(|difference| {
                    (
                        &difference.path,
                        &difference.declared,
                        &difference.recorded,
                        &difference.live,
                        &difference.added,
                        &difference.removed,
                    )
                })
                .collect();
            serde_json::to_string(&changes).unwrap_or_default()
        }
    };
    let fix = finding.fix.as_ref();
    let fix = fix.map(|fix| {
        (
            fix.kind,
            &fix.proof,
            &fix.reason,
            &fix.refused,
            &fix.command,
            &fix.block,
        )
    });
    format!(
        "{:?}{:?}{:?}{fix:?}{event}",
        finding.severity, finding.kind, finding.tf_type
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Difference, FindingId, Value, Verdict};

    fn resized(address: &str, to: &str) -> Finding {
        let mut finding = Finding::new(Kind::Modified, Verdict::Drift, "aws_instance");
        finding.id = FindingId(format!("f-{address}"));
        finding.address = address.parse().ok();
        finding.attributes = vec![Difference {
            path: "instance_type".to_owned(),
            verdict: Verdict::Drift,
            declared: Some("t3.small".into()),
            recorded: "t3.small".into(),
            live: Value::text(to),
            added: Vec::new(),
            removed: Vec::new(),
            defined_in: None,
        }];
        finding
    }

    #[test]
    fn one_change_of_several_instances_is_told_once() {
        let findings = [
            resized("aws_instance.a[0]", "t3.large"),
            resized("aws_instance.a[1]", "t3.large"),
            resized("aws_instance.b", "t3.nano"),
        ];
        let alike = alike(&findings);
        let names: Vec<_> = alike
            .iter()
            .map(|alike| alike.names().0.join(" "))
            .collect();
        assert_eq!(
            names,
            ["aws_instance.a[0] aws_instance.a[1]", "aws_instance.b"]
        );
    }

    #[test]
    fn the_most_severe_stands_first() {
        let mut findings = [
            resized("aws_instance.a", "x"),
            resized("aws_instance.b", "y"),
        ];
        findings[1].severity = Severity::Critical;
        let alike = alike(&findings);
        assert_eq!(alike[0].names().0, ["aws_instance.b"]);
    }

    #[test]
    fn what_is_gone_is_alike_where_one_block_declares_it() {
        let gone = |address: &str| Finding {
            kind: Kind::Deleted,
            attributes: Vec::new(),
            ..resized(address, "x")
        };
        let findings = [
            gone("module.m[\"a\"].aws_instance.a"),
            gone("aws_instance.a[0]"),
            gone("aws_instance.a[1]"),
        ];
        assert_eq!(alike(&findings).len(), 2);
    }
}
