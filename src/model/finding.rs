//! What a scan found.

use super::{AccountId, Address, Attributes, Fix, Money, Region, Source, Value, kept};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// One thing that is not as it should be. `diff` makes it; `score`, `price` and `patch` each fill in their part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable while the same drift stands.
    pub id: FindingId,
    /// What happened.
    pub kind: Kind,
    /// Who would notice, or why it is set aside.
    pub verdict: Verdict,
    /// Its address; none where no state claims it.
    pub address: Option<Address>,
    /// Its type.
    #[serde(rename = "type")]
    pub tf_type: String,
    /// What `terraform import` takes.
    pub import_id: Option<String>,
    /// The managed parent of what no state claims.
    pub under: Option<Address>,
    /// The account.
    pub account: Option<AccountId>,
    /// The region; none for what is global.
    pub region: Option<Region>,
    /// What differs, by path; empty for what was deleted.
    pub attributes: Vec<Difference>,
    /// How bad it is.
    pub severity: Severity,
    /// The controls that the change fails.
    pub controls: Vec<Control>,
    /// ATT&CK techniques that the change fits.
    pub techniques: Vec<String>,
    /// What it costs.
    pub monthly_cost: Option<MonthlyCost>,
    /// What is done about it.
    pub fix: Option<Fix>,
    /// Who did it.
    pub actor: Option<Actor>,
    /// Why it is set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The sentences of the rules that speak of it, worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// All attributes as they should be: declared where the code tells, recorded elsewhere. Empty for what is unmanaged.
    #[serde(skip)]
    pub before: Attributes,
    /// All attributes as they are. Empty for what was deleted.
    #[serde(skip)]
    pub after: Attributes,
}

impl Finding {
    /// A finding of which nothing is known yet but what happened.
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
            reason: None,
            before: Attributes::new(),
            after: Attributes::new(),
            why: Vec::new(),
        }
    }
}

/// `f-` and twelve hexadecimal digits of a hash over what drifted and how.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FindingId(pub String);

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// AWS has it otherwise than the code or the state.
    Modified,
    /// The state has it, AWS does not.
    Deleted,
    /// AWS has it, no state does.
    Unmanaged,
    /// The code differs from state and AWS, which agree. Always set aside.
    CodeOnly,
    /// The state differs from code and AWS, which agree. Always set aside.
    StateOnly,
}

/// Who would notice, or why it is set aside.
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
    /// Merged or edited, not applied yet.
    NotApplied,
    /// Code and AWS agree; only the state is old.
    StaleState,
    /// Another state of the repository claims it.
    ManagedElsewhere,
    /// Another actor owns the value by design.
    Expected,
}

/// One attribute that is not as it should be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Terraform's path, such as `root_block_device[0].volume_size` or `tags["Role"]`.
    pub path: String,
    /// Who would notice.
    pub verdict: Verdict,
    /// What the code says: null where it leaves the attribute out, none where it was not evaluated.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "kept::optional"
    )]
    pub declared: Option<Value>,
    /// What the state says.
    #[serde(deserialize_with = "kept::value")]
    pub recorded: Value,
    /// What AWS says.
    #[serde(deserialize_with = "kept::value")]
    pub live: Value,
    /// Of a set: the elements that only AWS has.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "kept::values"
    )]
    pub added: Vec<Value>,
    /// Of a set: the elements that AWS lacks.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "kept::values"
    )]
    pub removed: Vec<Value>,
    /// Where the code defines it, or would: none where it was not evaluated, or says nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defined_in: Option<Source>,
}

/// How bad a finding is.
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
    /// All, worst first.
    pub const ALL: [Self; 5] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Info,
    ];

    /// Its name.
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
    /// Such as `CIS AWS Foundations 3.0.0`.
    pub benchmark: String,
    /// Such as `5.2`.
    pub id: String,
}

/// What a finding costs a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MonthlyCost {
    /// Known.
    Priced {
        /// As declared.
        declared: Money,
        /// As it is.
        live: Money,
    },
    /// Not known, and why: never taken for nothing.
    NotPriced(String),
}

impl MonthlyCost {
    /// What the change adds, where that is known.
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
        enum Form {
            Priced { declared: Money, live: Money },
            NotPriced { not_priced: String },
        }
        Ok(match Form::deserialize(deserializer)? {
            Form::Priced { declared, live } => Self::Priced { declared, live },
            Form::NotPriced { not_priced } => Self::NotPriced(not_priced),
        })
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// An ARN.
    pub principal: String,
    /// The API action, such as `AuthorizeSecurityGroupIngress`.
    pub event: String,
    /// When, in RFC 3339.
    pub time: String,
    /// Where this is known from: `cloudtrail`.
    pub source: String,
}
