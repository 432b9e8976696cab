//! Proves fixes by the plan of the provider that the operator supplies, and refuses those that it disproves.

use super::load::Loaded;
use super::native_shapes::{CleanReading, log_wrong_shapes};
use super::provider_access::ProviderAccess;
use super::scan_result::ScanResult;
use super::through_provider::{Asked, NativeReadings, ProviderScan};
use crate::code;
use crate::live::Sessions;
use crate::model::{
    Address, Catalog, Disproved, Finding, Fix, FixKind, Kind, PlannedChanges, Proof, Prover,
    Redactor, Refusal, RefusalKind, TAGS_ALL, Tree, overlap, root_attribute,
};
use crate::settings::ProviderScope;
use std::collections::{BTreeMap, BTreeSet};

/// How often fixes are proven, each time without what was disproved before.
pub const ROUNDS: usize = 3;

/// The new contents of the files that the fixes of a stack edit.
pub type Edited = BTreeMap<String, Vec<u8>>;

/// What proves fixes, and the code that they edit.
pub struct ProofInput<'a> {
    /// The files of the repository.
    pub tree: &'a Tree,
    /// What the repository leaves out.
    pub settings: &'a ProviderScope,
    /// The operator's providers.
    pub providers: ProviderAccess<'a>,
    /// The edited files of each stack, in the order of the report.
    pub edited: &'a [Edited],
}

/// What came of proving fixes.
#[derive(Debug, Default)]
pub struct Proofs {
    /// Whether a fix was refused.
    pub is_any_refused: bool,
    /// The paths that the refused fixes of each stack can do without; empty before the first round.
    pub disproved: Vec<Disproved>,
}

/// Plans each resource whose code is edited to follow AWS, from the edited code; a fix that was proven before is left.
/// Returns whether refused fixes may be planned anew, without the attributes that are at fault.
///
/// A fix stands if the provider takes the code and plans nothing more for the attributes that were fixed. Where the
/// provider does not read the resource, the fix stands as it was verified before.
pub async fn prove(result: &mut ScanResult, input: &ProofInput<'_>, proofs: &mut Proofs) -> bool {
    let is_first = proofs.disproved.is_empty();
    let mut is_any_in_part = false;
    let count = result.report.stacks.len();
    proofs.disproved.resize_with(count, Disproved::new);
    let stacks = result.report.stacks.iter_mut().zip(&result.loaded);
    let stacks = stacks.zip(input.edited).zip(&mut proofs.disproved);
    for (((report, loaded), edited), disproved) in stacks {
        if !is_first && disproved.is_empty() {
            // Nothing was planned anew.
            continue;
        }
        let Ok(scanned) = &mut report.outcome else {
            continue;
        };
        let provable = scanned
            .findings
            .iter()
            .filter(|finding| can_be_planned(finding));
        let addresses: BTreeSet<_> = provable
            .filter_map(|finding| finding.address.clone())
            .collect();
        if addresses.is_empty() {
            continue;
        }
        let clean = result.clean.iter();
        let clean = clean.filter(|read| is_first && read.stack == report.name);
        let clean: Vec<_> = clean.collect();
        let planned = plans(
            (loaded, edited),
            &addresses,
            &clean,
            (input, &result.sessions, &result.redactor),
        )
        .await;
        log_wrong_shapes(&clean, &planned, &result.catalog);
        for finding in &mut scanned.findings {
            let planned = finding
                .address
                .as_ref()
                .and_then(|address| planned.get(address));
            let Some(planned) = planned.filter(|_| can_be_planned(finding)) else {
                continue;
            };
            let Err(at_fault) = settle(finding, planned, &result.catalog) else {
                continue;
            };
            proofs.is_any_refused = true;
            if let Some(address) = finding.address.clone().filter(|_| !at_fault.is_empty()) {
                is_any_in_part = true;
                disproved.entry(address).or_default().extend(at_fault);
            }
        }
    }
    is_any_in_part
}

/// Returns whether the edits of a finding make the code say what AWS has, of a resource that there is.
fn can_be_planned(finding: &Finding) -> bool {
    let fix = finding.fix.as_ref();
    finding.kind == Kind::Modified
        && fix.is_some_and(|fix| {
            fix.kind == FixKind::Adopt && !fix.edits.is_empty() && !fix.is_judged_by_provider()
        })
}

/// Returns what the provider plans for these resources of a stack from the edited code, as far as it reads them, and for
/// clean ones from their native readings and the code as it is.
async fn plans(
    (loaded, edited): (&Loaded, &Edited),
    addresses: &BTreeSet<Address>,
    clean: &[&CleanReading],
    (input, sessions, redactor): (&ProofInput<'_>, &Sessions, &Redactor),
) -> BTreeMap<Address, PlannedChanges> {
    let (folder, options) = (&loaded.stack.path, &loaded.options);
    let code = code::evaluate_edited(input.tree, edited, folder, options);
    let scan = ProviderScan {
        access: input.providers.clone(),
        tree: input.tree,
        settings: input.settings,
        sessions,
        redactor,
    };
    let edited = Asked {
        stack: loaded,
        declared: &code.declared,
        before: Some(&loaded.code.declared),
        includes: &|resource| addresses.contains(&resource.address),
        native: NativeReadings::new(),
    };
    let native = clean.iter().map(|read| (&read.address, &read.attributes));
    let native: NativeReadings<'_> = native.collect();
    let untouched = Asked {
        declared: &loaded.code.declared,
        before: None,
        includes: &|resource| native.contains_key(&resource.address),
        native: native.clone(),
        ..edited
    };
    let read = scan
        .read(vec![edited, untouched])
        .await
        .readings
        .into_iter();
    let planned =
        read.filter_map(|(resource, found)| Some((resource.address.clone(), found.planned?)));
    planned.collect()
}

/// Notes the proof of a fix, or refuses it.
///
/// # Errors
/// The paths that are at fault, each with the reason, where others were fixed besides.
fn settle(
    finding: &mut Finding,
    planned: &PlannedChanges,
    catalog: &Catalog,
) -> Result<(), BTreeMap<String, String>> {
    let fixed: BTreeSet<_> = fixed(finding).map(str::to_owned).collect();
    let is_fixed = |place: &&String| fixed.iter().any(|path| overlap(path, place));
    let still: Vec<_> = changed(planned).filter(is_fixed).cloned().collect();
    let messages = planned.refusal.iter().chain(planned.refused.values());
    let mut reasons: Vec<_> = messages.map(|message| not_taken(message)).collect();
    if reasons.is_empty() && !still.is_empty() {
        reasons.push(still_changed(&still));
    }
    if reasons.is_empty() {
        note(finding, planned, catalog);
        return Ok(());
    }
    reasons.dedup();
    let before = finding.fix.take();
    finding.fix = Some(Fix {
        proof: Some(proof(still)),
        command: before.and_then(|fix| fix.command),
        ..Fix::refused(Refusal {
            reason: reasons.join("; "),
            kind: RefusalKind::Unproven,
            ..Refusal::default()
        })
    });
    Err(at_fault(&fixed, planned))
}

/// Returns the fixed paths that are at fault; none where all are, or where it is not certain which.
fn at_fault(fixed: &BTreeSet<String>, planned: &PlannedChanges) -> BTreeMap<String, String> {
    let mut at_fault = BTreeMap::new();
    for path in fixed {
        let still = changed(planned).filter(|place| overlap(path, place));
        let still: Vec<_> = still.cloned().collect();
        if let Some(message) = planned.refused.get(root_attribute(path)) {
            at_fault.insert(path.clone(), not_taken(message));
        } else if !still.is_empty() {
            at_fault.insert(path.clone(), still_changed(&still));
        }
    }
    let is_fixed = |name: &String| fixed.iter().any(|path| root_attribute(path) == name);
    let is_certain = planned.refusal.is_none() && planned.refused.keys().all(is_fixed);
    match is_certain && at_fault.len() < fixed.len() {
        true => at_fault,
        false => BTreeMap::new(),
    }
}

/// Returns the paths at which a plan changes what a value says. A text of JSON that is spelled as code spells it says the
/// same.
fn changed(planned: &PlannedChanges) -> impl Iterator<Item = &String> {
    planned.all.difference(&planned.respelled)
}

/// Notes that the provider's plan proved a fix, with what it would change besides.
fn note(finding: &mut Finding, planned: &PlannedChanges, catalog: &Catalog) {
    let mut proof = proof(planned.all.iter().cloned().collect());
    let remaining = proof.remaining.iter();
    let reasons = remaining.map(|path| (path.clone(), why(path, finding, planned, catalog)));
    proof.reasons = reasons.collect();
    if let Some(fix) = &mut finding.fix {
        fix.proof = Some(proof);
    }
}

fn proof(remaining: Vec<String>) -> Proof {
    Proof {
        by: Prover::Provider,
        remaining,
        reasons: BTreeMap::new(),
    }
}

fn not_taken(message: &str) -> String {
    format!("the provider does not take the edited code: {message}")
}

fn still_changed(paths: &[String]) -> String {
    let listed: Vec<_> = paths.iter().map(|path| format!("`{path}`")).collect();
    format!(
        "with this edit the provider would still change {}",
        listed.join(", ")
    )
}

/// Returns why a plan would still change a path that a fix does not concern.
fn why(path: &str, finding: &Finding, planned: &PlannedChanges, catalog: &Catalog) -> String {
    let name = root_attribute(path);
    let schema = catalog.get(&finding.tf_type);
    let is_never_read = schema.is_some_and(|schema| schema.rules.never_read.contains(&name));
    let mut refused = finding.fix.iter().flat_map(|fix| &fix.refused);
    let is_left = refused.any(|refused| overlap(&refused.path, path));
    let reason = match name {
        _ if planned.respelled.contains(path) => {
            "the code spells this JSON in another way than AWS, and it says the same"
        }
        TAGS_ALL => "it follows from `tags` and the default tags",
        _ if is_left => "this fix leaves it",
        _ if is_never_read => "AWS does not return it",
        _ if planned.not_applied.contains(name) => "changed in the code, and not applied yet",
        _ => "not part of this finding",
    };
    reason.to_owned()
}

/// Returns the paths that a fix edits. What it leaves to a person is not among them.
fn fixed(finding: &Finding) -> impl Iterator<Item = &str> {
    let refused = finding.fix.iter().flat_map(|fix| &fix.refused);
    let refused: BTreeSet<_> = refused.map(|attribute| attribute.path.as_str()).collect();
    let paths = finding
        .attributes
        .iter()
        .map(|difference| difference.path.as_str());
    let paths = paths.filter(move |path| !refused.contains(path));
    paths.filter(|path| root_attribute(path) != TAGS_ALL)
}
