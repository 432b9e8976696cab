//! A stack: one root module, its state, and what a scan says of it.

use super::secret::MASK;
use super::{AccountId, Coverage, Finding, Money, masked};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt;

/// A stack's name: `[a-z0-9-]+`, part of branch and check names.
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
    /// None where the text has other characters, or none.
    pub fn new(text: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let good = !text.is_empty() && text.len() <= 100 && text.bytes().all(allowed);
        good.then(|| Self(text.to_owned()))
    }

    /// The slug of a path: `infra/Production EU` is `infra-production-eu`, the root is `root`. A credential in a path is
    /// left out, as nobody would know it for one in this form; then a digest tells such paths apart.
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

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a scan says: the JSON object of `docs/scan.schema.json`, less its `version`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Report {
    /// Each stack, by name.
    pub stacks: Vec<StackReport>,
    /// What no state claims and hangs below nothing managed, by account.
    pub accounts: Vec<AccountReport>,
}

/// What no state claims in one account, whichever stacks it holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccountReport {
    /// The account.
    pub account: AccountId,
    /// What stands there, by type and id.
    pub findings: Vec<Finding>,
    /// What was and was not looked through.
    pub coverage: Vec<Coverage>,
}

/// What a scan says of one stack.
#[derive(Debug, Clone, PartialEq)]
pub struct StackReport {
    /// The stack.
    pub name: StackName,
    /// Its folder, relative to the repository; empty for the root.
    pub path: String,
    /// Where its state is, as far as that is known.
    pub backend: Option<Backend>,
    /// What the scan says, or why there was none.
    pub outcome: Result<Scanned, ScanError>,
}

/// What a scan of a stack says.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Scanned {
    /// The state that was read.
    pub state: StateInfo,
    /// In numbers.
    pub summary: Summary,
    /// What drifted, by address and path.
    pub findings: Vec<Finding>,
    /// What differs and is no drift.
    pub set_aside: Vec<Finding>,
    /// What was and was not checked.
    pub coverage: Vec<Coverage>,
    /// Whether all of what may hang below managed parents was looked for.
    #[serde(default)]
    pub looked_below: bool,
    /// What a reader should know besides: a held lock, code that could not be evaluated.
    pub notes: Vec<String>,
    /// Those of the notes that tell what should have been read and was not: a state without resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

impl Scanned {
    /// Whether something could not be looked at that can be.
    pub fn is_partial(&self) -> bool {
        !self.unread.is_empty() || !self.coverage.iter().all(|row| row.status.is_known())
    }
}

impl Serialize for StackReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Form<'a> {
            name: &'a StackName,
            path: &'a str,
            error: Option<&'a ScanError>,
            backend: &'a Option<Backend>,
            #[serde(flatten)]
            scanned: Option<&'a Scanned>,
        }
        Form {
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
        struct Form {
            name: StackName,
            path: String,
            error: Option<ScanError>,
            backend: Option<Backend>,
            #[serde(flatten)]
            scanned: Option<Scanned>,
        }
        let form = Form::deserialize(deserializer)?;
        let untold = || serde::de::Error::custom("a scan tells neither what it found nor why not");
        Ok(Self {
            name: form.name,
            path: match form.path.as_str() {
                "." => String::new(),
                _ => form.path,
            },
            backend: form.backend,
            outcome: match (form.error, form.scanned) {
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
    /// In one word: `settings`, `backend`, `state`, `code`, `credentials`.
    pub kind: Cow<'static, str>,
    /// The thing, the cause and the remedy.
    pub message: String,
}

/// Where a state is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backend {
    /// `s3`, `local`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// Such as `s3://bucket/key`.
    pub location: String,
}

/// Which state was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StateInfo {
    /// It grows with each change.
    pub serial: Option<u64>,
    /// It is the same for all versions of one state.
    pub lineage: Option<String>,
    /// Who wrote it.
    pub terraform_version: Option<String>,
}

/// A scan in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Managed instances of the AWS provider in the state.
    pub resources: usize,
    /// Those that were read.
    pub checked: usize,
    /// Those that were not.
    pub unknown: usize,
    /// Instances of other providers, which are not looked at.
    pub other_providers: usize,
    /// Of 100.
    pub posture: Posture,
    /// What the drift costs a month.
    pub monthly_cost_delta: CostDelta,
}

/// The share of severity-weighted checks that pass, of 100; none where nothing is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Posture {
    /// As declared.
    pub declared: Option<u8>,
    /// As it is.
    pub live: Option<u8>,
}

/// What the drift costs a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostDelta {
    /// The sum of what is priced.
    pub amount: Money,
    /// Always `USD`.
    #[serde(skip_deserializing, default = "usd")]
    pub currency: &'static str,
    /// How many findings are billed and have no known price.
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
        let [one, other] = ["AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLF"]
            .map(|key| StackName::of_path(&format!("infra/{key}/eu")));
        for slug in [&one, &other] {
            let slug = slug.as_str();
            assert!(
                slug.starts_with("infra-eu-") && !slug.contains("akia"),
                "{slug}"
            );
        }
        assert_ne!(one, other);
    }
}
