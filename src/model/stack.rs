//! A stack: a root module with its state, and the report of its scan.

use super::secret::MASK;
use super::{AccountId, Coverage, Finding, Kind, Money, Region, Severity, masked};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// The name of a stack: `[a-z0-9-]+`, part of branch and check names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct StackName(String);

impl TryFrom<String> for StackName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text).ok_or_else(|| format!("`{text}` is no stack name: only a-z, 0-9 and -"))
    }
}

impl StackName {
    /// Parses a name.
    pub fn new(text: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let good = !text.is_empty() && text.len() <= 100 && text.bytes().all(allowed);
        good.then(|| Self(text.to_owned()))
    }

    /// Returns the slug of a path: `infra/Production EU` is `infra-production-eu`, the root is `root`. A credential in
    /// a path is left out, since it would not be recognized in this form; a digest then distinguishes such paths.
    pub fn of_path(path: &str) -> Self {
        if let Cow::Owned(shown) = masked(path) {
            let digest = hex::encode(&Sha256::digest(path)[..4]);
            return Self::of_path(&format!("{}-{digest}", shown.replace(MASK, "-")));
        }
        let mut slug = String::new();
        for c in path.chars() {
            match c.to_ascii_lowercase() {
                c if c.is_ascii_lowercase() || c.is_ascii_digit() => slug.push(c),
                _ if slug.is_empty() || slug.ends_with('-') => {}
                _ => slug.push('-'),
            }
        }
        slug.truncate(100);
        let slug = slug.trim_end_matches('-');
        Self(if slug.is_empty() { "root" } else { slug }.to_owned())
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The report of a scan: the JSON object of `docs/scan.schema.json`, without its `version`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Report {
    /// The stacks, by name.
    pub stacks: Vec<StackReport>,
    /// The unmanaged resources without a managed parent, by account.
    pub accounts: Vec<AccountReport>,
}

impl Report {
    /// Returns whether something that can be checked was not, in a stack or in an account.
    pub fn is_partial(&self) -> bool {
        let mut stacks = self.stacks.iter().map(|stack| stack.outcome.as_ref());
        let mut rows = self.accounts.iter().flat_map(|account| &account.coverage);
        stacks.any(|outcome| outcome.map_or(true, Scanned::is_partial))
            || !rows.all(Coverage::is_known)
    }
}

/// The unmanaged resources of an account, whichever stacks it has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccountReport {
    /// The account.
    pub account: AccountId,
    /// The findings, by type and id.
    pub findings: Vec<Finding>,
    /// What was and was not searched.
    pub coverage: Vec<Coverage>,
}

/// The report of a stack.
#[derive(Debug, Clone, PartialEq)]
pub struct StackReport {
    /// The stack.
    pub name: StackName,
    /// The stack's folder, relative to the repository; empty for the root.
    pub path: String,
    /// The backend of the state, as far as it is known.
    pub backend: Option<Backend>,
    /// The result of the scan, or why it failed.
    pub outcome: Result<Scanned, ScanError>,
}

/// The result of a stack's scan.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Scanned {
    /// The state that was read.
    pub state: StateInfo,
    /// The scan in numbers.
    pub summary: Summary,
    /// The drift, by address and path.
    pub findings: Vec<Finding>,
    /// The differences that are no drift.
    pub set_aside: Vec<Finding>,
    /// What was and was not checked.
    pub coverage: Vec<Coverage>,
    /// Whether all children of managed parents were listed.
    #[serde(default)]
    pub looked_below: bool,
    /// Notes for the reader: a lock, code that could not be evaluated.
    pub notes: Vec<String>,
    /// Those of the notes that tell what should have been read and was not: a state without resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

impl Scanned {
    /// Counts the findings of each severity.
    pub fn severities(&self) -> BTreeMap<Severity, usize> {
        let mut counts = BTreeMap::new();
        for finding in &self.findings {
            *counts.entry(finding.severity).or_default() += 1;
        }
        counts
    }

    /// Returns whether something that can be checked was not.
    pub fn is_partial(&self) -> bool {
        !self.unread.is_empty() || !self.coverage.iter().all(Coverage::is_known)
    }

    /// Returns whether the types that a resource is seen in were checked in its account and region: a finding about it
    /// that the scan does not report is not there.
    pub fn has_checked(&self, resource: &CheckedResource<'_>) -> bool {
        let types = [Some(resource.tf_type), resource.parent];
        let here = |row: &&Coverage| {
            let differ = |row: Option<&AccountId>, own: Option<&AccountId>| {
                row.is_some() && own.is_some() && row != own
            };
            types.contains(&Some(row.tf_type.as_str()))
                && !differ(row.account.as_ref(), resource.account)
                && (row.region.is_none()
                    || resource.region.is_none()
                    || row.region.as_ref() == resource.region)
        };
        let mut rows = self.coverage.iter().filter(here);
        let looked_below = resource.kind != Kind::Unmanaged || self.looked_below;
        looked_below && rows.all(Coverage::is_known)
    }
}

/// The resource of a finding, as far as it tells where the resource is seen.
#[derive(Debug, Clone, Copy)]
pub struct CheckedResource<'a> {
    /// The resource type.
    pub tf_type: &'a str,
    /// The type of the resource that it is a part of.
    pub parent: Option<&'a str>,
    /// The account.
    pub account: Option<&'a AccountId>,
    /// The region.
    pub region: Option<&'a Region>,
    /// What the finding says of it.
    pub kind: Kind,
}

impl<'a> From<&'a Finding> for CheckedResource<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            tf_type: &finding.tf_type,
            parent: finding.under.as_ref().map(|under| under.tf_type.as_str()),
            account: finding.account.as_ref(),
            region: finding.region.as_ref(),
            kind: finding.kind,
        }
    }
}

impl Serialize for StackReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct StackReportJson<'a> {
            name: &'a StackName,
            path: &'a str,
            error: Option<&'a ScanError>,
            backend: &'a Option<Backend>,
            #[serde(flatten)]
            scanned: Option<&'a Scanned>,
        }
        StackReportJson {
            name: &self.name,
            path: if self.path.is_empty() {
                "."
            } else {
                &self.path
            },
            error: self.outcome.as_ref().err(),
            backend: &self.backend,
            scanned: self.outcome.as_ref().ok(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for StackReport {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct StackReportJson {
            name: StackName,
            path: String,
            error: Option<ScanError>,
            backend: Option<Backend>,
            #[serde(flatten)]
            scanned: Option<Scanned>,
        }
        let json = StackReportJson::deserialize(deserializer)?;
        let untold = || serde::de::Error::custom("a scan tells neither what it found nor why not");
        Ok(Self {
            name: json.name,
            path: match json.path.as_str() {
                "." => String::new(),
                _ => json.path,
            },
            backend: json.backend,
            outcome: match (json.error, json.scanned) {
                (Some(error), _) => Err(error),
                (None, scanned) => Ok(scanned.ok_or_else(untold)?),
            },
        })
    }
}

/// Why a stack could not be scanned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ScanError {
    /// The kind, in one word: `settings`, `backend`, `state`, `code`, `credentials`.
    pub kind: Cow<'static, str>,
    /// The message: the thing, the cause and the remedy.
    pub message: String,
}

/// The location of a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backend {
    /// The backend type: `s3`, `local`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// The location, such as `s3://bucket/key`.
    pub location: String,
}

/// The identity of a state.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StateInfo {
    /// The serial, which grows with each change.
    pub serial: Option<u64>,
    /// The lineage, which all versions of a state share.
    pub lineage: Option<String>,
    /// The Terraform version that wrote the state.
    pub terraform_version: Option<String>,
}

/// A scan in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// The managed instances of the AWS provider in the state.
    pub resources: usize,
    /// The instances that were read.
    pub checked: usize,
    /// The instances that were not read.
    pub unknown: usize,
    /// The instances of other providers, which are not checked.
    pub other_providers: usize,
    /// The posture, of 100.
    pub posture: Posture,
    /// The monthly cost of the drift.
    pub monthly_cost_delta: CostDelta,
}

/// The share of severity-weighted checks that pass, of 100; `None` where no check applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Posture {
    /// The posture as declared.
    pub declared: Option<u8>,
    /// The live posture.
    pub live: Option<u8>,
}

/// The monthly cost of the drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostDelta {
    /// The sum of the priced findings.
    pub amount: Money,
    /// Always `USD`.
    #[serde(skip_deserializing, default = "usd")]
    pub currency: &'static str,
    /// The number of findings that are billed and have no known price.
    pub not_priced: usize,
}

fn usd() -> &'static str {
    "USD"
}

impl Default for CostDelta {
    fn default() -> Self {
        Self {
            amount: Money::ZERO,
            currency: usd(),
            not_priced: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_slug() {
        for (path, slug) in [
            ("", "root"),
            ("infra/production", "infra-production"),
            ("Infra//Production EU/", "infra-production-eu"),
        ] {
            assert_eq!(StackName::of_path(path).as_str(), slug);
        }
    }

    #[test]
    fn a_credential_in_a_path_is_no_part_of_a_slug() {
        let [first, second] = ["AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLF"]
            .map(|key| StackName::of_path(&format!("infra/{key}/eu")));
        for slug in [&first, &second] {
            let slug = slug.as_str();
            assert!(
                slug.starts_with("infra-eu-") && !slug.contains("akia"),
                "{slug}"
            );
        }
        assert_ne!(first, second);
    }
}
