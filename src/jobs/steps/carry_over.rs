//! Carries decisions and pull requests over to the new ids of findings after an upgrade.
//!
//! A finding's id contains the drifted value, so that a decision ends when the value changes. If a version changes how
//! values are read, for example by redacting more of them, the id changes though the drift did not: then decisions and
//! pull requests follow it, once.

use super::same_drift::{BySubject, all, same_drift, subject};
use crate::jobs::context::RepositoryContext;
use crate::model::{Decision, FindingId, Proposal, Redactor, Scanned, StackReport};
use crate::store::{MAX_REPORTS, ScanRecord};
use std::collections::{BTreeMap, BTreeSet};

/// Updates decisions, pull requests and the last report of a stack to the ids of this version.
pub(in crate::jobs) async fn carry_over(
    context: &RepositoryContext<'_>,
    stack: &StackReport,
    redactor: &Redactor,
) -> anyhow::Result<()> {
    let Ok(scanned) = &stack.outcome else {
        return Ok(());
    };
    let (tenant, id) = (&context.tenant, context.id);
    let formers = tenant.former_scans(id, stack.name.as_str(), MAX_REPORTS);
    let formers = formers.await?;
    let subjects = tenant.former_subjects(id, &stack.name).await?;
    if !formers.is_empty() || !subjects.is_empty() {
        let upgraded_at = formers.first().map_or(0, |last| last.finished_at);
        let (mut since, mut reports) = (Vec::new(), context.reports(&stack.name));
        while let Some((report, scan)) = reports.next().await?
            && scan.finished_at > upgraded_at
        {
            since.extend(report.outcome);
        }
        let now = BySubject::of(scanned, redactor);
        let mut same = same_drift(&formers, &since, scanned, &now);
        for (finding, subject) in subjects {
            if let Some(now) = now.of_subject(&subject) {
                same.entry(finding).or_insert_with(|| now.id.clone());
            }
        }
        carry_decisions(context, stack, &same).await?;
        carry_proposals(context, &same).await?;
        for carried in &same {
            tenant.rename_occurrence(id, &stack.name, carried).await?;
        }
        if let Some(last) = formers.into_iter().next().filter(|_| since.is_empty()) {
            tenant.record_scan(&renamed(last, &same)?).await?;
        }
    }
    save_subjects(context, (stack, scanned), redactor).await
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
    let mut decided: BTreeSet<_> = decisions
        .iter()
        .map(|known| known.finding.clone())
        .collect();
    for decision in &decisions {
        let Some(now) = same.get(&decision.finding) else {
            continue;
        };
        if decided.insert(now.clone()) {
            let carried = Decision {
                finding: now.clone(),
                ..decision.clone()
            };
            tracing::info!(before = %decision.finding, now = %now, "a decision was carried over");
            context.tenant.save_decision(context.id, &carried).await?;
        }
        let former = &decision.finding.0;
        let undecided = context
            .tenant
            .delete_decision(context.id, &decision.stack, former);
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
            context.tenant.save_proposal(&carried).await?;
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
async fn save_subjects(
    context: &RepositoryContext<'_>,
    (stack, scanned): (&StackReport, &Scanned),
    redactor: &Redactor,
) -> anyhow::Result<()> {
    let known: BTreeMap<_, _> = all(scanned).map(|known| (&known.id, known)).collect();
    let decided = context.tenant.without_subject(context.id, &stack.name);
    for finding in decided.await? {
        if let Some(found) = known.get(&finding) {
            let of = subject(found, redactor);
            let noted = context
                .tenant
                .save_subject(context.id, &stack.name, (&finding, &of));
            noted.await?;
        }
    }
    Ok(())
}
