//! The findings of a scan.

use super::{
    AccountId, Actor, Address, Attributes, Fix, Inquiry, Money, Region, Source, Value, kept,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A resource that differs from its code or state. `diff` creates it; `score`, `price` and `patch` each add their part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The id, which stays the same while the drift does.
    pub id: FindingId,
    /// What changed.
    pub kind: Kind,
    /// Why the difference is drift, or why it is set aside.
    pub verdict: Verdict,
    /// The address; `None` for an unmanaged resource.
    pub address: Option<Address>,
    /// The resource type.
    #[serde(rename = "type")]
    pub tf_type: String,
    /// The id that `terraform import` takes.
    pub import_id: Option<String>,
    /// The managed parent of an unmanaged child.
    pub under: Option<Address>,
    /// The account.
    pub account: Option<AccountId>,
    /// The region; `None` for a global type.
    pub region: Option<Region>,
    /// The differences, by path; empty for a deleted resource.
    pub attributes: Vec<Difference>,
    /// The severity.
    pub severity: Severity,
    /// The controls that the change fails.
    pub controls: Vec<Control>,
    /// ATT&CK techniques that the change fits.
    pub techniques: Vec<String>,
    /// The monthly cost.
    pub monthly_cost: Option<MonthlyCost>,
    /// The fix.
    pub fix: Option<Fix>,
    /// Who made the change, by CloudTrail, as far as that is known. No part of the id.
    pub actor: Option<Actor>,
    /// What became of asking who made the change, in the reports that a server stores. No part of the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inquiry: Option<Inquiry>,
    /// Why the finding is set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The sentences of the rules that apply to the finding, the most severe first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// All attributes as they should be: declared where the code determines them, else recorded. Empty for an unmanaged
    /// resource.
    #[serde(skip)]
    pub before: Attributes,
    /// All attributes as they are. Empty for a deleted resource.
    #[serde(skip)]
    pub after: Attributes,
}

impl Finding {
    /// Creates a finding without severity, cost and fix.
    pub fn new(kind: Kind, verdict: Verdict, tf_type: &str) -> Self {
        Self {
            id: FindingId(String::new()),
            kind,
            verdict,
            address: None,
            tf_type: tf_type.to_owned(),
            import_id: None,
            under: None,
            account: None,
            region: None,
            attributes: Vec::new(),
            severity: Severity::default(),
            controls: Vec::new(),
            techniques: Vec::new(),
            monthly_cost: None,
            fix: None,
            actor: None,
            inquiry: None,
            reason: None,
            before: Attributes::new(),
            after: Attributes::new(),
            why: Vec::new(),
        }
    }
}

/// The id of a finding: `f-` and twelve hexadecimal digits of a hash over the resource and its differences.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FindingId(pub String);

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// AWS differs from the code or the state.
    Modified,
    /// The state has the resource, AWS does not.
    Deleted,
    /// AWS has the resource, no state does.
    Unmanaged,
    /// The code differs from state and AWS, which agree. Always set aside.
    CodeOnly,
    /// The state differs from code and AWS, which agree. Always set aside.
    StateOnly,
}

/// Why a difference is drift, or why it is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A plan shows it.
    Drift,
    /// No plan shows it.
    UnseenByPlan,
    /// `lifecycle.ignore_changes` names it.
    Ignored,
    /// `.driftguard.yml` accepts it.
    Accepted,
    /// The code is merged or edited, and not applied yet.
    NotApplied,
    /// Code and AWS agree; only the state is outdated.
    StaleState,
    /// Another state of the repository claims it.
    ManagedElsewhere,
    /// Another actor owns the value by design.
    Expected,
}

/// Returns the attribute that a path starts with: `tags` of `tags["Role"]`.
pub fn root_attribute(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

/// Returns the path of an entry of a map, as in `tags["Role"]`.
pub fn entry_path(map: &str, key: &str) -> String {
    format!("{map}[{}]", serde_json::Value::from(key))
}

/// Returns whether one of two paths is the other, or leads into it.
pub fn overlap(path: &str, other: &str) -> bool {
    let leads_into = |outer: &str, inner: &str| {
        let rest = inner.strip_prefix(outer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    leads_into(path, other) || leads_into(other, path)
}

/// An attribute that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Terraform's path, such as `root_block_device[0].volume_size` or `tags["Role"]`.
    pub path: String,
    /// Why the difference is drift, or why it is set aside.
    pub verdict: Verdict,
    /// The declared value: null where the code leaves the attribute out, `None` where it was not evaluated.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "kept::optional"
    )]
    pub declared: Option<Value>,
    /// The recorded value.
    #[serde(deserialize_with = "kept::value")]
    pub recorded: Value,
    /// The live value.
    #[serde(deserialize_with = "kept::value")]
    pub live: Value,
    /// For a set: the elements that only AWS has.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "kept::values"
    )]
    pub added: Vec<Value>,
    /// For a set: the elements that AWS lacks.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "kept::values"
    )]
    pub removed: Vec<Value>,
    /// Where the code defines the attribute, or would; `None` where it was not evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defined_in: Option<Source>,
}

/// The severity of a finding.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    #[default]
    Info,
    /// Worth mending some day.
    Low,
    /// Worth mending this week.
    Medium,
    /// Worth mending today.
    High,
    /// Worth waking someone.
    Critical,
}

impl Severity {
    /// All severities, the most severe first.
    pub const ALL: [Self; 5] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Info,
    ];

    /// Returns the severity of a name; `None` where there is none of that name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|severity| severity.as_str() == name)
    }

    /// Returns the name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }
}

/// A control of a benchmark that a change fails.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Control {
    /// The benchmark, such as `CIS AWS Foundations 3.0.0`.
    pub benchmark: String,
    /// The number, such as `5.2`.
    pub id: String,
}

/// The monthly cost of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MonthlyCost {
    /// The known cost.
    Priced {
        /// The cost as declared.
        declared: Money,
        /// The live cost.
        live: Money,
    },
    /// The cost is not known, and why: it is never taken for zero.
    NotPriced(String),
}

impl MonthlyCost {
    /// Returns the added cost, if it is known.
    pub fn delta(&self) -> Option<Money> {
        match self {
            Self::Priced { declared, live } => Some(*live - *declared),
            Self::NotPriced(_) => None,
        }
    }
}

impl Serialize for MonthlyCost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Priced { declared, live } => {
                let delta = (*live - *declared).to_string();
                let [declared, live] = [declared.to_string(), live.to_string()];
                serializer.collect_map([
                    ("declared", declared.as_str()),
                    ("live", &live),
                    ("delta", &delta),
                    ("currency", "USD"),
                ])
            }
            Self::NotPriced(why) => serializer.collect_map([("not_priced", why)]),
        }
    }
}

impl<'de> Deserialize<'de> for MonthlyCost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum MonthlyCostJson {
            Priced { declared: Money, live: Money },
            NotPriced { not_priced: String },
        }
        Ok(match MonthlyCostJson::deserialize(deserializer)? {
            MonthlyCostJson::Priced { declared, live } => Self::Priced { declared, live },
            MonthlyCostJson::NotPriced { not_priced } => Self::NotPriced(not_priced),
        })
    }
}
