//! Proves fixes by the plan of the provider that the operator supplies, and refuses those that it disproves.

use super::claims::{Claim, Judged};
use super::load::Loaded;
use super::native_shapes::{CleanReading, log_wrong_shapes};
use super::provider_access::ProviderAccess;
use super::scan_result::ScanResult;
use super::through_provider::{Asked, NativeReadings, NewResource, ProviderScan};
use crate::code;
use crate::live::Sessions;
use crate::model::{
    Address, Attributes, Declared, Disproved, Finding, Imported, Redactor, Resource, Tree,
};
use crate::plugin::ProviderReading;
use crate::resources::ResourceType;
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

/// Has the provider plan each resource whose code is edited, from the edited code, and read what the code drops; a fix
/// that was proven before is left. Returns whether refused fixes may be planned anew, without the attributes that are at
/// fault.
///
/// A fix stands if the provider takes the code and plans nothing more for what was fixed. Where the provider does not read
/// the resource, the fix stands as it was verified before.
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
        let asked = Questions::of(&scanned.findings, loaded);
        if scanned
            .findings
            .iter()
            .all(|finding| Claim::of(finding).is_none())
        {
            continue;
        }
        let clean = result.clean.iter();
        let clean = clean.filter(|read| is_first && read.stack == report.name);
        let clean: Vec<_> = clean.collect();
        let (folder, options) = (&loaded.stack.path, &loaded.options);
        let code = code::evaluate_edited(input.tree, edited, folder, options);
        let answers = asked
            .answers(
                (loaded, &code.declared),
                &clean,
                (input, &result.sessions, &result.redactor),
            )
            .await;
        log_wrong_shapes(&clean, &answers, &result.catalog);
        for finding in &mut scanned.findings {
            let Some(claim) = Claim::of(finding) else {
                continue;
            };
            let address = claim.address();
            let edited = (code.declared.get(address), &result.catalog);
            let judged = match answers.get(address) {
                Some(answer) => claim.judge(finding, answer, edited),
                None if is_read_by_provider(&claim) => Judged::gone(),
                None => continue,
            };
            let Err(at_fault) = judged.note(finding) else {
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

/// Returns whether it was the provider that found a resource gone, twice.
fn is_read_by_provider(claim: &Claim<'_>) -> bool {
    matches!(claim, Claim::Gone(address) if ResourceType::named(&address.tf_type).is_none())
}

/// What a provider is asked about the fixes of a stack.
struct Questions {
    /// The resources that it reads and plans.
    addresses: BTreeSet<Address>,
    /// What the edited code takes over.
    new: Vec<NewResource>,
}

impl Questions {
    fn of(findings: &[Finding], loaded: &Loaded) -> Self {
        let (mut addresses, mut new) = (BTreeSet::new(), Vec::new());
        for finding in findings {
            match Claim::of(finding) {
                Some(Claim::Takes(imported)) => {
                    let parent = finding.under.as_ref();
                    new.extend(parent.and_then(|parent| taken_over(imported, parent, loaded)));
                }
                Some(claim) if !is_read_by_provider(&claim) => {
                    addresses.insert(claim.address().clone());
                }
                _ => {}
            }
        }
        Self { addresses, new }
    }

    /// Returns what the provider answers about these resources of a stack, from the edited code, as far as it reads them,
    /// and about clean ones from their native readings and the code as it is.
    async fn answers(
        &self,
        (loaded, edited): (&Loaded, &Declared),
        clean: &[&CleanReading],
        (input, sessions, redactor): (&ProofInput<'_>, &Sessions, &Redactor),
    ) -> BTreeMap<Address, ProviderReading> {
        let scan = ProviderScan {
            access: input.providers.clone(),
            tree: input.tree,
            settings: input.settings,
            sessions,
            redactor,
        };
        let edited = Asked {
            stack: loaded,
            declared: edited,
            before: Some(&loaded.code.declared),
            includes: &|resource| self.addresses.contains(&resource.address),
            native: NativeReadings::new(),
            new: &self.new,
        };
        let native = clean.iter().map(|read| (&read.address, &read.attributes));
        let native: NativeReadings<'_> = native.collect();
        let untouched = Asked {
            declared: &loaded.code.declared,
            before: None,
            includes: &|resource| native.contains_key(&resource.address),
            native: native.clone(),
            new: &[],
            ..edited
        };
        let read = scan.read(vec![edited, untouched]).await.readings;
        let read = read.into_iter();
        read.map(|(resource, found)| (resource.address.clone(), found))
            .collect()
    }
}

/// Returns what is known of a resource that the code takes over from below another one.
fn taken_over(imported: &Imported, parent: &Address, loaded: &Loaded) -> Option<NewResource> {
    let mut resources = loaded.scannable().ok()?.resources.iter();
    let above = resources.find(|resource| resource.address == *parent)?;
    let mut attributes: Attributes = imported.attributes.clone();
    if !attributes.contains_key("id") {
        attributes.insert("id".to_owned(), imported.id.as_str().into());
    }
    Some(NewResource {
        resource: Resource {
            address: imported.address.clone(),
            provider: above.provider.clone(),
            id: imported.id.clone(),
            attributes,
        },
        parent: parent.clone(),
    })
}
