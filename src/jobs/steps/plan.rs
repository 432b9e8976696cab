//! Plans the fix of each finding, as people decided, else as the settings define, and proves it.

use super::providers;
use super::repository_scan::RepositoryScan;
use crate::code;
use crate::model::{Choice, Decision, Disproved, Finding, Interrupt, Tree};
use crate::patch::{self, AdoptedValues, FixPolicy};
use crate::pulls::{DecisionIndex, set_aside_snoozed};
use crate::scan::load::Loaded;
use crate::scan::proof::{self, ProofInput, Proofs};
use crate::scan::scan_result::{ScanResult, stacks_beside};

/// The decisions of people, at a time.
#[derive(Debug, Clone, Copy)]
pub(in crate::jobs) struct Decisions<'a> {
    /// The decisions about findings of the repository, the newest first.
    pub of_repository: &'a [Decision],
    /// The time in epoch milliseconds.
    pub now: i64,
}

/// Sets snoozed findings aside, and plans the fix of every other finding. Once interrupted, it refuses the rest.
pub(in crate::jobs) fn plan(
    result: &mut ScanResult,
    tree: &Tree,
    decisions: Decisions<'_>,
    interrupt: &Interrupt,
) {
    for report in &mut result.report.stacks {
        if let Ok(scanned) = &mut report.outcome {
            let index = DecisionIndex::new(&report.name, decisions.of_repository);
            set_aside_snoozed(scanned, &index, decisions.now);
        }
    }
    plan_all(result, tree, (decisions, interrupt), &[]);
}

/// Plans the fix of every finding, without what a provider's plan disproved of each stack.
fn plan_all(
    result: &mut ScanResult,
    tree: &Tree,
    (decisions, interrupt): (Decisions<'_>, &Interrupt),
    disproved: &[Disproved],
) {
    let adopted = adopted(result, decisions);
    let stacks = result.report.stacks.iter_mut().zip(&result.loaded);
    for (at, (report, loaded)) in stacks.enumerate() {
        let Ok(scanned) = &mut report.outcome else {
            continue;
        };
        let options = code::Options {
            interrupt: interrupt.clone(),
            ..loaded.options.clone()
        };
        let beside = stacks_beside(at, &result.loaded, &result.unreported);
        let others = beside.map(|other| patch::OtherStack {
            name: other.name.as_str(),
            options: other.options,
            adopted: other.at.and_then(|at| adopted.get(at)),
        });
        let stack = patch::Stack {
            tree,
            folder: &loaded.stack.path,
            options: &options,
            declared: &loaded.code.declared,
            catalog: &result.catalog,
            others: others.collect(),
        };
        let index = DecisionIndex::new(&report.name, decisions.of_repository);
        let policy = |finding: &Finding| policy(finding, &index, loaded);
        patch::plan_again(&mut scanned.findings, &stack, disproved.get(at), policy);
    }
}

/// Returns what the fixes of each stack of the report may adopt.
fn adopted(result: &ScanResult, decisions: Decisions<'_>) -> Vec<AdoptedValues> {
    let stacks = result.report.stacks.iter().zip(&result.loaded);
    let adopted = stacks.enumerate().map(|(at, (report, loaded))| {
        let mut beside = stacks_beside(at, &result.loaded, &result.unreported);
        if beside.next().is_none() {
            return AdoptedValues::default();
        }
        let index = DecisionIndex::new(&report.name, decisions.of_repository);
        let findings = report.outcome.iter().flat_map(|scanned| &scanned.findings);
        AdoptedValues::of(
            findings.filter(|finding| policy(finding, &index, loaded).adopts(finding)),
        )
    });
    adopted.collect()
}

/// Returns how a finding is fixed: as people decided, else as the settings of its stack define.
fn policy(finding: &Finding, index: &DecisionIndex<'_>, loaded: &Loaded) -> FixPolicy {
    let decision = index.about(finding);
    match decision.map(|decision| &decision.choice) {
        Some(Choice::Adopt) => FixPolicy::Adopt,
        Some(Choice::Restore) => FixPolicy::Restore,
        Some(Choice::Import) => FixPolicy::Import,
        _ => FixPolicy::from(loaded.stack.settings.fix),
    }
}

/// Proves the planned fixes where the operator supplies a provider, and refuses what its plan disproves. Once
/// interrupted, it refuses a whole fix for an attribute.
///
/// # Errors
/// When the store fails.
pub(in crate::jobs) async fn prove(
    result: &mut ScanResult,
    scan: &RepositoryScan<'_>,
    planning: (Decisions<'_>, &Interrupt),
) -> anyhow::Result<()> {
    let Some(mut providers) = providers::access(scan.context).await? else {
        return Ok(());
    };
    // The readings may have taken half of the scan's time: reading, proving and the rest must end within it.
    let mut proofs = Proofs::default();
    for round in 1..=proof::ROUNDS {
        providers.time /= 2;
        let edited = patch::files_by_stack(scan.tree, &result.report.stacks);
        let input = ProofInput {
            tree: scan.tree,
            settings: &scan.settings.providers,
            providers: providers.clone(),
            edited: &edited,
        };
        let is_any_in_part = proof::prove(result, &input, &mut proofs).await;
        if !is_any_in_part || round == proof::ROUNDS || planning.1.is_raised() {
            break;
        }
        plan_all(result, scan.tree, planning, &proofs.disproved);
    }
    Ok(())
}
