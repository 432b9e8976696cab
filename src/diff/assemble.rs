//! Assembles differences into findings.

use super::tags;
use super::walk::ComparedResource;
use super::{Differences, ReadResource};
use crate::model::{
    Attributes, Difference, Finding, FindingId, Kind, TAGS_ALL, UnmanagedResource, Value, Verdict,
    entry_path,
};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The differences of one resource, by the verdict about them.
#[derive(Default)]
struct ByVerdict {
    drifted: Vec<Difference>,
    ignored: Vec<Difference>,
    may_be_ignored: Vec<Difference>,
    pending: Vec<Difference>,
    stale: Vec<Difference>,
}

impl ByVerdict {
    /// Returns the differences that are no drift, with the kind, the verdict and the displayed reason of each group.
    fn set_aside(self) -> [(Kind, Verdict, Vec<Difference>, &'static str); 4] {
        [
            (
                Kind::Modified,
                Verdict::Ignored,
                self.ignored,
                "`lifecycle.ignore_changes` names it",
            ),
            (
                Kind::Modified,
                Verdict::Ignored,
                self.may_be_ignored,
                "the code does not determine the provider's `ignore_tags`, which may name it",
            ),
            (
                Kind::CodeOnly,
                Verdict::NotApplied,
                self.pending,
                "the code was changed and not applied yet",
            ),
            (
                Kind::StateOnly,
                Verdict::StaleState,
                self.stale,
                "code and AWS agree; the next apply refreshes the state",
            ),
        ]
    }
}

/// Returns the common verdict of several differences: unseen by a plan only if each of them is.
fn drift_verdict(drifted: &[Difference]) -> Verdict {
    let mut verdicts = drifted.iter().map(|difference| difference.verdict);
    if verdicts.all(|verdict| verdict == Verdict::UnseenByPlan) {
        Verdict::UnseenByPlan
    } else {
        Verdict::Drift
    }
}

/// Returns the findings of an existing resource: one for its drift, one for each reason to set differences aside.
pub(super) fn modified(
    read: &ReadResource<'_>,
    compared: &ComparedResource<'_>,
    differences: Vec<Difference>,
    all: &mut Differences,
) {
    let mut sorted = ByVerdict::default();
    let ignores = compared.declared.map(|code| code.ignore_changes.iter());
    let ignores = Ignores(ignores.into_iter().flatten().map(String::as_str).collect());
    for mut difference in differences {
        let declared = compared.declared;
        difference.defined_in = declared.and_then(|code| code.source(&difference.path).cloned());
        let is_ignored = || {
            let is_listed = ignores.cover(&difference.path) || ignores.cover_entries(&difference);
            is_listed
                && (ignores.lists_all_tags() || !tags::is_set_by_default(compared, &difference))
        };
        match difference.verdict {
            // An apply takes the recorded value for what the code says.
            Verdict::NotApplied if is_ignored() => {}
            Verdict::NotApplied => sorted.pending.push(difference),
            Verdict::StaleState => sorted.stale.push(difference),
            _ if is_ignored() => {
                difference.verdict = Verdict::Ignored;
                sorted.ignored.push(difference);
            }
            _ if tags::may_be_ignored(compared, &difference) => {
                difference.verdict = Verdict::Ignored;
                sorted.may_be_ignored.push(difference);
            }
            _ => sorted.drifted.push(difference),
        }
    }
    let finding = |kind, verdict, attributes: Vec<Difference>, reason: Option<&str>| Finding {
        id: identity(kind, read, &attributes),
        before: before(compared),
        after: after(compared),
        reason: reason.map(str::to_owned),
        attributes,
        ..blank(kind, verdict, read)
    };
    if !sorted.drifted.is_empty() {
        let verdict = drift_verdict(&sorted.drifted);
        let drifted = std::mem::take(&mut sorted.drifted);
        all.findings
            .push(finding(Kind::Modified, verdict, drifted, None));
    }
    for (kind, verdict, differences, reason) in sorted.set_aside() {
        if !differences.is_empty() {
            let mut finding = finding(kind, verdict, differences, Some(reason));
            if verdict == Verdict::StaleState {
                // The code says what AWS has: only the state tells how it was before somebody changed it.
                finding.before = compared.recorded.attributes.clone();
            }
            all.set_aside.push(finding);
        }
    }
}

/// Returns the finding of a deleted resource. A plan recreates it, whatever `ignore_changes` lists.
pub(super) fn deleted(read: &ReadResource<'_>) -> Finding {
    Finding {
        id: identity(Kind::Deleted, read, &[]),
        before: read.resource.attributes.clone(),
        ..blank(Kind::Deleted, Verdict::Drift, read)
    }
}

/// Sets aside a finding that the next apply resolves, with the reason.
pub(super) fn waits(finding: Finding, why: String) -> Finding {
    Finding {
        verdict: Verdict::NotApplied,
        reason: Some(why),
        ..finding
    }
}

/// Returns the finding of an unmanaged resource.
pub(super) fn unmanaged(found: &UnmanagedResource) -> Finding {
    let region = found
        .region
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let under = found
        .under
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    Finding {
        id: hash(&[
            "unmanaged",
            found.account.as_str(),
            &region,
            &found.tf_type,
            &found.import_id,
            &under,
        ]),
        import_id: Some(found.import_id.clone()),
        under: found.under.clone(),
        account: Some(found.account.clone()),
        region: found.region.clone(),
        after: found.attributes.clone(),
        ..Finding::new(Kind::Unmanaged, Verdict::UnseenByPlan, &found.tf_type)
    }
}

fn blank(kind: Kind, verdict: Verdict, read: &ReadResource<'_>) -> Finding {
    Finding {
        address: Some(read.resource.address.clone()),
        import_id: Some(read.resource.id.clone()).filter(|id| !id.is_empty()),
        account: read.location.account.clone(),
        region: read.location.region.clone(),
        ..Finding::new(kind, verdict, read.resource.tf_type())
    }
}

/// Returns the attributes as they should be: as declared where the code determines the whole value, else as recorded.
fn before(compared: &ComparedResource<'_>) -> Attributes {
    let mut attributes = compared.recorded.attributes.clone();
    let Some(declared) = compared.declared else {
        return attributes;
    };
    for (name, recorded) in attributes.iter_mut() {
        let value = declared.value(name);
        let whole = !value.is_null() && !value.has_unknown();
        // Of a block the state knows the parts that the code leaves out as well.
        if whole
            && !matches!(value, Value::List(_) | Value::Map(_))
            && !matches!(recorded, Value::Secret(_))
        {
            *recorded = value;
        }
    }
    attributes
}

/// Returns the attributes as they are: those that were not read are taken as recorded.
fn after(compared: &ComparedResource<'_>) -> Attributes {
    let mut attributes = compared.recorded.attributes.clone();
    attributes.extend(
        compared
            .live
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    attributes
}

/// The paths that `ignore_changes` lists.
struct Ignores<'a>(BTreeSet<&'a str>);

impl Ignores<'_> {
    /// Returns whether a path is covered: `tags` covers `tags["Role"]`; `all` covers everything.
    fn cover(&self, path: &str) -> bool {
        // A plan changes `tags`, and `tags_all` with them: that alone hides nothing.
        let plain = path.replacen("tags_all[", "tags[", 1);
        self.0.contains("all") || self.name_of(&plain)
    }

    /// Returns whether the tags are listed with those that the provider adds.
    fn lists_all_tags(&self) -> bool {
        self.0.contains("all") || self.0.contains(TAGS_ALL)
    }

    /// Returns whether a map differs in nothing but entries that are listed by key.
    fn cover_entries(&self, difference: &Difference) -> bool {
        let (Value::Map(recorded), Value::Map(live)) = (&difference.recorded, &difference.live)
        else {
            return false;
        };
        let mut keys = recorded.keys().chain(live.keys());
        keys.all(|key| {
            recorded.get(key) == live.get(key)
                || self.0.contains(entry_path(&difference.path, key).as_str())
        })
    }

    /// Returns whether a path is listed itself, or a path that contains it.
    fn name_of(&self, path: &str) -> bool {
        let parts = path.match_indices(['.', '[']).map(|(at, _)| &path[..at]);
        parts.chain([path]).any(|part| self.0.contains(part))
    }
}

/// Computes the id of a finding, which stays the same as long as the same resource differs in the same way.
fn identity(kind: Kind, read: &ReadResource<'_>, differences: &[Difference]) -> FindingId {
    let address = read.resource.address.to_string();
    let kind = serde_json::to_string(&kind).unwrap_or_default();
    let mut parts = vec![kind, address, read.resource.id.clone()];
    for difference in differences {
        parts.push(difference.path.clone());
        parts.push(serde_json::to_string(&difference.live).unwrap_or_default());
    }
    hash(&parts.iter().map(String::as_str).collect::<Vec<_>>())
}

fn hash(parts: &[&str]) -> FindingId {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    FindingId(format!("f-{}", hex::encode(&digest.finalize()[..6])))
}
