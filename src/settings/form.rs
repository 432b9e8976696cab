//! Defines the keys of the settings, with their defaults.

use super::accept::Accept;
use super::providers::ProviderScope;
use super::stacks::StackSettings;
use super::who::Who;
use crate::model::AccountId;
use serde::Deserialize;
use std::collections::BTreeMap;

/// How many roles a repository may name: AWS is asked about each of them three times per scan.
pub const MAX_ROLES: usize = 100;

/// A repository's settings.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The version of this form.
    version: Version,
    /// The settings of AWS: with which roles it is read.
    pub aws: Aws,
    /// The benchmark whose controls are checked, such as `cis-3.0`.
    pub benchmark: String,
    /// How far to look for unmanaged resources; `None` where the file does not set it.
    pub unmanaged: Option<Unmanaged>,
    /// Which types are read through the operator's providers.
    pub providers: ProviderScope,
    /// Whether CloudTrail is asked who made a change.
    pub who: Who,
    /// The stacks, if they are not found by their backend blocks.
    pub stacks: Vec<StackSettings>,
    /// How pull requests are opened.
    pub pull_requests: PullRequests,
    /// Whether there is a dashboard issue.
    pub dashboard: bool,
    /// How checks on ordinary pull requests conclude.
    pub checks: Checks,
    /// Whether SARIF is uploaded.
    pub code_scanning: bool,
    /// Who is notified of new and resolved findings.
    pub notify: Option<Notify>,
    /// Accepted differences.
    #[serde(deserialize_with = "perhaps_none")]
    pub accept: Vec<Accept>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: Version,
            aws: Aws::default(),
            benchmark: "cis-3.0".to_owned(),
            unmanaged: None,
            providers: ProviderScope::default(),
            who: Who::default(),
            stacks: Vec::new(),
            pull_requests: PullRequests::default(),
            dashboard: true,
            checks: Checks::default(),
            code_scanning: false,
            notify: None,
            accept: Vec::new(),
        }
    }
}

/// The version of the form: there is one so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "u64")]
struct Version;

impl TryFrom<u64> for Version {
    type Error = String;

    fn try_from(version: u64) -> Result<Self, String> {
        match version {
            1 => Ok(Self),
            other => Err(format!("version {other} is not known: write `version: 1`")),
        }
    }
}

/// How AWS is read.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Aws {
    /// The role to assume, with the external id that onboarding shows.
    pub role_arn: Option<RoleArn>,
    /// The roles that read further accounts.
    #[serde(deserialize_with = "by_account")]
    pub roles: BTreeMap<AccountId, RoleArn>,
}

/// The ARN of a role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct RoleArn(pub String);

impl TryFrom<String> for RoleArn {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parts: Vec<_> = text.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", _, "iam", "", account, role]
                if AccountId::new(account).is_some() && role.starts_with("role/") =>
            {
                Ok(Self(text))
            }
            _ => Err(format!(
                "`{text}` is no role's ARN: arn:aws:iam::123456789012:role/driftguard"
            )),
        }
    }
}

/// Reads a list that may be empty or have no value.
fn perhaps_none<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Accept>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn by_account<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<AccountId, RoleArn>, D::Error> {
    let texts = BTreeMap::<String, RoleArn>::deserialize(deserializer)?;
    if texts.len() > MAX_ROLES {
        return Err(serde::de::Error::custom(format!(
            "there are more than {MAX_ROLES} roles: each is probed before it is used, so split the repository"
        )));
    }
    let account = |(account, role): (String, RoleArn)| match AccountId::new(&account) {
        Some(account) => Ok((account, role)),
        None => Err(serde::de::Error::custom(format!(
            "`{account}` is no account: twelve digits, in quotes"
        ))),
    };
    texts.into_iter().map(account).collect()
}

/// How far to look for unmanaged resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unmanaged {
    /// In the whole account.
    Account,
    /// Below managed resources.
    Children,
    /// Nowhere.
    Off,
}

/// The direction in which drift is fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fix {
    /// Restore what weakens security or was deleted, adopt the rest.
    #[default]
    ByRisk,
    /// The code follows live.
    Adopt,
    /// The code enforces what it declares.
    Restore,
    /// Nothing is fixed.
    None,
}

/// How pull requests are opened.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PullRequests {
    /// Which findings share a pull request.
    pub group: Group,
    /// Whether they are drafts.
    pub draft: bool,
    /// Their labels.
    pub labels: Vec<String>,
    /// Who is requested to review.
    pub reviewers: Reviewers,
    /// How many may be open at once.
    pub limit: usize,
    /// How many may be opened within an hour.
    pub per_hour: usize,
    /// Whether they are opened while the repository is public.
    pub public: bool,
}

impl Default for PullRequests {
    fn default() -> Self {
        Self {
            group: Group::default(),
            draft: false,
            labels: vec!["drift".to_owned()],
            reviewers: Reviewers::default(),
            limit: 5,
            per_hour: 5,
            public: false,
        }
    }
}

/// The findings that share a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// Those of a stack.
    #[default]
    Stack,
    /// Those of one severity in a stack.
    Severity,
    /// Those of a resource.
    Resource,
}

/// Who is requested to review.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "ReviewersForm")]
pub enum Reviewers {
    /// `codeowners`: the owners of the changed files.
    #[default]
    Codeowners,
    /// These people and teams.
    Named(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ReviewersForm {
    Word(String),
    Named(Vec<String>),
}

impl From<ReviewersForm> for Reviewers {
    fn from(form: ReviewersForm) -> Self {
        match form {
            ReviewersForm::Word(word) if word == "codeowners" => Self::Codeowners,
            ReviewersForm::Word(name) => Self::Named(vec![name]),
            ReviewersForm::Named(names) => Self::Named(names),
        }
    }
}

/// How checks on ordinary pull requests conclude.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Checks {
    /// As neutral.
    #[default]
    Neutral,
    /// As failed, if there is drift.
    Failing,
    /// No checks are created.
    Off,
}

/// Who is notified of new and resolved findings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// The address to post to.
    pub url: String,
}
