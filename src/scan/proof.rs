//! Proves fixes by the plan of the provider that the operator supplies, and refuses those that it disproves.

use super::load::Loaded;
use super::native_shapes::{CleanReading, log_wrong_shapes};
use super::provider_access::ProviderAccess;
use super::scan_result::ScanResult;
use super::through_provider::{Asked, NativeReadings, ProviderScan};
use crate::code;
use crate::live::Sessions;
use crate::model::{
    Address, Catalog, Finding, Fix, FixKind, Kind, PlannedChanges, Proof, Prover, Redactor,
    Refusal, RefusalKind, TAGS_ALL, Tree, overlap, root_attribute,
};
use crate::settings::ProviderScope;
use std::collections::{BTreeMap, BTreeSet};

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

/// Plans each resource whose code is edited to follow AWS, from the edited code. Returns whether a fix was refused.
///
/// A fix stands if the provider takes the code and plans nothing more for the attributes that were fixed. Where the
/// provider does not read the resource, the fix stands as it was verified before.
pub async fn prove(result: &mut ScanResult, input: &ProofInput<'_>) -> bool {
    let mut is_any_refused = false;
    let stacks = result.report.stacks.iter_mut().zip(&result.loaded);
    for ((report, loaded), edited) in stacks.zip(input.edited) {
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
        let clean: Vec<_> = clean.filter(|read| read.stack == report.name).collect();
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
            if let Some(planned) = planned.filter(|_| can_be_planned(finding)) {
                is_any_refused |= settle(finding, planned, &result.catalog);
            }
        }
    }
    is_any_refused
}

/// Returns whether the edits of a finding make the code say what AWS has, of a resource that there is.
fn can_be_planned(finding: &Finding) -> bool {
    let fix = finding.fix.as_ref();
    finding.kind == Kind::Modified
        && fix.is_some_and(|fix| fix.kind == FixKind::Adopt && !fix.edits.is_empty())
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

/// Notes the proof of a fix, or refuses it. Returns whether it was refused.
fn settle(finding: &mut Finding, planned: &PlannedChanges, catalog: &Catalog) -> bool {
    let fixed: BTreeSet<_> = fixed(finding).collect();
    let is_fixed = |place: &&String| fixed.iter().any(|path| overlap(path, place));
    let still: Vec<_> = planned.all.iter().filter(is_fixed).collect();
    let listed: Vec<_> = still.iter().map(|name| format!("`{name}`")).collect();
    let proof = |remaining: Vec<&String>| Proof {
        by: Prover::Provider,
        remaining: remaining.into_iter().cloned().collect(),
        reasons: BTreeMap::new(),
    };
    let reason = match (&planned.refusal, still.is_empty()) {
        (Some(message), _) => format!("the provider does not take the edited code: {message}"),
        (None, false) => format!(
            "with this edit the provider would still change {}",
            listed.join(", ")
        ),
        (None, true) => {
            let mut proof = proof(planned.all.iter().collect());
            let remaining = proof.remaining.iter();
            let reasons =
                remaining.map(|path| (path.clone(), why(path, finding, planned, catalog)));
            proof.reasons = reasons.collect();
            if let Some(fix) = &mut finding.fix {
                fix.proof = Some(proof);
            }
            return false;
        }
    };
    let proof = proof(still);
    let before = finding.fix.take();
    finding.fix = Some(Fix {
        proof: Some(proof),
        command: before.and_then(|fix| fix.command),
        ..Fix::refused(Refusal {
            reason,
            kind: RefusalKind::Unproven,
            ..Refusal::default()
        })
    });
    true
}

/// Returns why a plan would still change a path that a fix does not concern.
fn why(path: &str, finding: &Finding, planned: &PlannedChanges, catalog: &Catalog) -> String {
    let name = root_attribute(path);
    let schema = catalog.get(&finding.tf_type);
    let is_never_read = schema.is_some_and(|schema| schema.rules.never_read.contains(&name));
    let mut refused = finding.fix.iter().flat_map(|fix| &fix.refused);
    let is_left = refused.any(|refused| overlap(&refused.path, path));
    let reason = match name {
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
