//! What a fix claims, and whether the answers of a provider bear it out.

use crate::model::{
    Address, Attributes, Catalog, DeclaredResource, Finding, Fix, FixKind, Imported, Kind,
    PlannedChanges, Proof, Prover, Reading, Refusal, RefusalKind, TAGS_ALL, Value, overlap,
    root_attribute,
};
use crate::plugin::ProviderReading;
use std::collections::{BTreeMap, BTreeSet};

/// What the edits of a finding's fix claim.
#[derive(Clone, Copy)]
pub(super) enum Claim<'a> {
    /// The code says of a resource what AWS has: of the finding's own, or of the parent that lists an added child.
    Follows(&'a Address),
    /// An apply of the code puts back what a resource had.
    Restores(&'a Address),
    /// A resource is gone from AWS, as it is from the code.
    Gone(&'a Address),
    /// The code says of a resource that no state has yet what AWS has.
    Takes(&'a Imported),
}

/// What the answers of a provider make of a claim.
pub(super) enum Judged {
    /// It holds.
    Proven(Proof),
    /// It does not hold, for this reason.
    Disproved {
        reason: String,
        /// What a plan would still change.
        remaining: Vec<String>,
        /// The paths that are at fault, each with the reason; none where all are, or where it is not certain which.
        at_fault: BTreeMap<String, String>,
    },
    /// The provider does not tell.
    Open,
}

impl<'a> Claim<'a> {
    /// Returns what the edits of a finding claim; `None` where there are none, or where a provider judged them before.
    pub(super) fn of(finding: &'a Finding) -> Option<Self> {
        let fix = finding.fix.as_ref();
        let fix = fix.filter(|fix| !fix.edits.is_empty() && !fix.is_judged_by_provider())?;
        match (finding.kind, fix.kind) {
            (Kind::Modified, FixKind::Adopt) => finding.address.as_ref().map(Self::Follows),
            (Kind::Modified, FixKind::Restore) => finding.address.as_ref().map(Self::Restores),
            (Kind::Deleted, FixKind::Remove) => finding.address.as_ref().map(Self::Gone),
            (Kind::Unmanaged, FixKind::Import) => match &fix.imported {
                Some(imported) => Some(Self::Takes(imported)),
                None => finding.under.as_ref().map(Self::Follows),
            },
            _ => None,
        }
    }

    /// Returns the resource that it is about.
    pub(super) fn address(&self) -> &'a Address {
        match self {
            Self::Follows(address) | Self::Restores(address) | Self::Gone(address) => address,
            Self::Takes(imported) => &imported.address,
        }
    }

    /// Judges the claim of a finding by what the provider answered, and the edited code of the resource.
    pub(super) fn judge(
        &self,
        finding: &Finding,
        answer: &ProviderReading,
        (code, catalog): (Option<&DeclaredResource>, &Catalog),
    ) -> Judged {
        if let Self::Gone(_) = self {
            return match answer.reading {
                Reading::Absent => Judged::gone(),
                Reading::Found(_) => Judged::disproved(STILL_THERE.to_owned()),
                Reading::Unknown(_) => Judged::Open,
            };
        }
        let (Reading::Found(live), Some(planned)) = (&answer.reading, &answer.planned) else {
            return Judged::Open;
        };
        let messages = planned.refusal.iter().chain(planned.refused.values());
        let mut reasons: Vec<_> = messages.map(|message| not_taken(message)).collect();
        let concerned = self.concerned(finding, planned, (code, live), catalog);
        let is_concerned = |place: &&String| concerned.iter().any(|path| overlap(path, place));
        let still: Vec<_> = changed(planned).filter(is_concerned).cloned().collect();
        let restores = matches!(self, Self::Restores(_));
        if reasons.is_empty() && !still.is_empty() && !restores {
            reasons.push(still_changed(&still));
        }
        if !reasons.is_empty() {
            reasons.dedup();
            return Judged::Disproved {
                reason: reasons.join("; "),
                at_fault: at_fault(&concerned, planned),
                remaining: still,
            };
        }
        let is_put_back = |path: &String| still.iter().any(|place| overlap(path, place));
        if restores && !concerned.iter().all(is_put_back) {
            // What no plan shows, none puts back.
            return Judged::Open;
        }
        let mut proof = proof(planned.all.iter().cloned().collect());
        let reasons = proof.remaining.iter().map(|path| {
            let reason = match self {
                Self::Restores(_) if still.contains(path) => PUT_BACK,
                Self::Takes(_) if root_attribute(path) != TAGS_ALL => NOT_IMPORTED,
                _ => why(path, finding, planned, catalog),
            };
            (path.clone(), reason.to_owned())
        });
        proof.reasons = reasons.collect();
        Judged::Proven(proof)
    }

    /// Returns the paths that the claim is about.
    fn concerned(
        &self,
        finding: &Finding,
        planned: &PlannedChanges,
        (code, live): (Option<&DeclaredResource>, &Attributes),
        catalog: &Catalog,
    ) -> BTreeSet<String> {
        match self {
            Self::Takes(imported) => {
                // What AWS does not return, and the code does not set, the provider sets in the state alone.
                let schema = catalog.get(&imported.address.tf_type);
                let is_told = |name: &&str| {
                    let is_read =
                        schema.is_none_or(|schema| !schema.rules.never_read.contains(name));
                    let in_code = code.is_some_and(|code| !code.value(name).is_empty());
                    let in_aws = live.get(name).is_some_and(|value| !says_nothing(value));
                    *name != TAGS_ALL && is_read && (in_code || in_aws)
                };
                let names = planned.all.iter().map(|path| root_attribute(path));
                names.filter(is_told).map(str::to_owned).collect()
            }
            Self::Follows(_) if finding.kind == Kind::Unmanaged => planned.edited.clone(),
            _ => fixed(finding).map(str::to_owned).collect(),
        }
    }
}

/// Why the code of a resource is not removed.
const STILL_THERE: &str =
    "the provider still finds it in AWS: an apply of the code without it would destroy it";
/// Why a plan changes what a restore is about.
const PUT_BACK: &str = "an apply puts it back";
/// Why a plan changes what an import does not bring.
const NOT_IMPORTED: &str = "AWS does not return it: an apply sets it in the state";

impl Judged {
    /// Returns the judgement of a claim that a resource is gone, where the provider itself found that.
    pub(super) fn gone() -> Self {
        Self::Proven(proof(Vec::new()))
    }

    fn disproved(reason: String) -> Self {
        Self::Disproved {
            reason,
            remaining: Vec::new(),
            at_fault: BTreeMap::new(),
        }
    }

    /// Notes the proof of a fix, or refuses the fix.
    ///
    /// # Errors
    /// The paths that are at fault, each with the reason, where others were fixed besides.
    pub(super) fn note(self, finding: &mut Finding) -> Result<(), BTreeMap<String, String>> {
        match self {
            Self::Open => Ok(()),
            Self::Proven(proof) => {
                if let Some(fix) = &mut finding.fix {
                    fix.proof = Some(proof);
                }
                Ok(())
            }
            Self::Disproved {
                reason,
                remaining,
                at_fault,
            } => {
                let before = finding.fix.take();
                finding.fix = Some(Fix {
                    proof: Some(proof(remaining)),
                    command: before.and_then(|fix| fix.command),
                    ..Fix::refused(Refusal {
                        reason,
                        kind: RefusalKind::Unproven,
                        ..Refusal::default()
                    })
                });
                Err(at_fault)
            }
        }
    }
}

/// Returns whether a value is how providers write that nothing is set.
fn says_nothing(value: &Value) -> bool {
    value.is_empty() || *value == Value::Bool(false)
}

/// Returns the paths that are at fault; none where all are, or where it is not certain which.
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
fn why(path: &str, finding: &Finding, planned: &PlannedChanges, catalog: &Catalog) -> &'static str {
    let name = root_attribute(path);
    let schema = catalog.get(&finding.tf_type);
    let is_never_read = schema.is_some_and(|schema| schema.rules.never_read.contains(&name));
    let mut refused = finding.fix.iter().flat_map(|fix| &fix.refused);
    let is_left = refused.any(|refused| overlap(&refused.path, path));
    match name {
        _ if planned.respelled.contains(path) => {
            "the code spells this JSON in another way than AWS, and it says the same"
        }
        TAGS_ALL => "it follows from `tags` and the default tags",
        _ if is_left => "this fix leaves it",
        _ if is_never_read => "AWS does not return it",
        _ if planned.not_applied.contains(name) => "changed in the code, and not applied yet",
        _ => "not part of this finding",
    }
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
