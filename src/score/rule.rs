//! Loads the rules, and decides which of them apply to a finding.

use super::Benchmark;
use super::condition::{Condition, RuleContext};
use super::earlier::EarlierItems;
use super::subject::SUBJECTS;
use crate::model::{Attributes, Control, Finding, Interrupt, Kind, Severity, root_attribute};
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The rule files, embedded at compile time: `touch` this file where a build does not see a new rule.
static FILES: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/score/rules");

/// All rules. A test loads each, so none can fail to load here.
pub static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| load().unwrap_or_default());

/// The defaults where no rule applies.
pub static DEFAULTS: LazyLock<Defaults> =
    LazyLock::new(|| toml::from_str(include_str!("defaults.toml")).unwrap_or_default());

/// A rule file that cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("rules/{file}: {message}")]
pub struct BadRule {
    file: String,
    message: String,
}

/// A rule. It applies where at least one of its conditions holds; one without conditions applies to every finding of
/// its kinds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The rule's name, which is also its file's.
    pub id: String,
    /// The resource types that the rule applies to; `*` for all, `other` for those that no rule names.
    pub types: Vec<String>,
    /// The severity of findings that the rule applies to.
    pub severity: Severity,
    /// The reason, in one sentence for the pull request.
    pub why: String,
    /// The kinds of findings that the rule applies to.
    #[serde(default = "all_kinds")]
    pub kinds: Vec<Kind>,
    /// The rules that take precedence over this one.
    #[serde(default)]
    pub unless: Vec<String>,
    /// The part of a resource that the conditions are about; `None` for the whole resource.
    pub each: Option<String>,
    /// A check, which fails where this holds. Counts towards the posture.
    pub state: Option<Condition>,
    /// A check, which fails where this holds for no item. Counts towards the posture.
    pub lacks: Option<Condition>,
    /// Whether deleting the resource fails the check.
    #[serde(default)]
    pub deleted: bool,
    /// Holds now and did not before. Does not count towards the posture: there are good reasons to declare it.
    pub becomes: Option<Condition>,
    /// Holds for an item that is new.
    pub gained: Option<Condition>,
    /// Held for an item that is gone.
    pub lost: Option<Condition>,
    /// Holds for the resource before and after the change.
    pub change: Option<Condition>,
    /// How the change relates to the controls.
    #[serde(default)]
    pub relation: Relation,
    /// The control ids, by version of the benchmark.
    #[serde(default)]
    pub controls: BTreeMap<String, Vec<String>>,
    /// The ATT&CK techniques of the change.
    #[serde(default)]
    pub techniques: Techniques,
    /// Changes that the rule applies to, and changes that it does not apply to.
    pub examples: Vec<Example>,
}

/// How a change relates to a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The change fails the control.
    Fails,
    /// The control requires that such changes are monitored: no change fails it.
    #[default]
    WatchedBy,
}

/// Techniques of MITRE ATT&CK.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Techniques {
    /// The version of ATT&CK that defines the ids.
    pub attack: String,
    /// The ids, such as `T1133`.
    pub ids: Vec<String>,
}

/// An example of a change, which the tests try.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The resource type; the rule's first one by default.
    #[serde(rename = "type")]
    pub tf_type: Option<String>,
    /// The attributes before the change; empty for a new resource.
    #[serde(default)]
    pub before: serde_json::Map<String, serde_json::Value>,
    /// The attributes after the change; empty for a deleted resource.
    #[serde(default)]
    pub after: serde_json::Map<String, serde_json::Value>,
    /// Whether the rule applies.
    pub speaks: bool,
}

/// The severities of findings that no rule applies to, and the weights of checks in the posture.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    severity: BTreeMap<String, Severity>,
    weight: BTreeMap<String, u64>,
}

impl Defaults {
    /// Returns the default severity of a kind.
    pub fn of(&self, kind: Kind) -> Severity {
        let name = match kind {
            Kind::Deleted => "deleted",
            Kind::Unmanaged => "unmanaged",
            Kind::Modified | Kind::CodeOnly | Kind::StateOnly => "modified",
        };
        self.severity.get(name).copied().unwrap_or_default()
    }

    /// Returns the weight of a check of this severity.
    pub fn weight(&self, severity: Severity) -> u64 {
        self.weight
            .get(severity.as_str())
            .copied()
            .unwrap_or_default()
    }
}

fn all_kinds() -> Vec<Kind> {
    vec![Kind::Modified, Kind::Deleted, Kind::Unmanaged]
}

/// Loads every rule file.
pub(super) fn load() -> Result<Vec<Rule>, BadRule> {
    let rule = |file: &include_dir::File| {
        let name = file.path().display().to_string();
        let bad = |message: String| BadRule {
            file: name.clone(),
            message,
        };
        let text = file
            .contents_utf8()
            .ok_or_else(|| bad("not UTF-8".to_owned()))?;
        toml::from_str(text).map_err(|error| bad(error.to_string()))
    };
    FILES.files().map(rule).collect()
}

/// The types that a rule names.
static NAMED: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let types = RULES.iter().flat_map(|rule| &rule.types);
    types.map(String::as_str).collect()
});

/// Returns whether what a rule or a subject lists is this type, or stands for it: `other` stands for each type that no
/// rule names.
pub(super) fn covers(listed: &str, tf_type: &str) -> bool {
    listed == tf_type || (listed == "other" && !NAMED.contains(tf_type))
}

/// Returns whether a condition holds for an item, whatever there was before.
fn any_holds(condition: &Condition, items: &[Attributes]) -> bool {
    let nothing = EarlierItems::default();
    let context = |item| RuleContext {
        item,
        before: &nothing,
        account: None,
    };
    items.iter().any(|item| condition.holds(&context(item)))
}

/// Returns the attributes of a finding that differ.
pub(super) fn changed_roots(finding: &Finding) -> BTreeSet<&str> {
    finding
        .attributes
        .iter()
        .map(|difference| root_attribute(&difference.path))
        .collect()
}

impl Rule {
    /// Returns whether the rule applies to a resource type.
    pub fn applies_to_type(&self, tf_type: &str) -> bool {
        self.types
            .iter()
            .any(|listed_type| listed_type == "*" || covers(listed_type, tf_type))
    }

    /// Returns whether the rule applies to a finding; false once interrupted.
    pub fn applies_to_finding(&self, finding: &Finding, interrupt: &Interrupt) -> bool {
        let kind = match finding.kind {
            Kind::CodeOnly | Kind::StateOnly => Kind::Modified,
            kind => kind,
        };
        if !self.applies_to_type(&finding.tf_type) || !self.kinds.contains(&kind) {
            return false;
        }
        let attributes_read = self.attributes_read(&finding.tf_type);
        let touched = changed_roots(finding)
            .iter()
            .any(|root| attributes_read.contains(root));
        (touched || kind != Kind::Modified) && self.holds(finding, kind, interrupt)
    }

    fn holds(&self, finding: &Finding, kind: Kind, interrupt: &Interrupt) -> bool {
        let tf_type = &finding.tf_type;
        let before = self.items(tf_type, &finding.before);
        let after = self.items(tf_type, &finding.after);
        // There may be very many items.
        let goes_on = |_: &&Attributes| !interrupt.is_raised();
        let (earlier, later) = (EarlierItems::new(&before), EarlierItems::new(&after));
        let fresh = |item: &&Attributes| !earlier.covers(item);
        let gone = |item: &&Attributes| !later.covers(item);
        let context = |item| RuleContext {
            item,
            before: &earlier,
            account: finding.account.as_ref(),
        };

        let questions = [
            &self.state,
            &self.lacks,
            &self.becomes,
            &self.gained,
            &self.lost,
            &self.change,
        ];
        let holds = |c: &Condition, item| c.holds(&context(item));
        let after_items = || after.iter().take_while(goes_on);
        let before_items = || before.iter().take_while(goes_on);
        // What holds for few items is asked first: to compare an item with all others is dear.
        let gained = |c: &Condition| after_items().any(|item| holds(c, item) && fresh(&item));
        let lost = |c: &Condition| before_items().any(|item| holds(c, item) && gone(&item));
        let changed = |c: &Condition| after_items().any(|item| holds(c, item));
        questions.iter().all(|question| question.is_none())
            || self.starts_failing(finding)
            || self.gained.as_ref().is_some_and(gained)
            || self.lost.as_ref().is_some_and(lost)
            || (kind == Kind::Modified && self.change.as_ref().is_some_and(changed))
    }

    /// Returns whether the check passed before and fails now.
    fn starts_failing(&self, finding: &Finding) -> bool {
        let was = !finding.before.is_empty() && self.fails(&finding.tf_type, &finding.before);
        let is = if finding.after.is_empty() {
            self.deleted
        } else {
            self.fails(&finding.tf_type, &finding.after)
        };
        is && (!was || self.gets_worse(finding))
    }

    /// Returns whether one of the alternatives that are new holds now and did not before, whatever the others did.
    fn gets_worse(&self, finding: &Finding) -> bool {
        let parts = match &self.becomes {
            Some(Condition::Any { any }) => any.as_slice(),
            _ => return false,
        };
        let [before, after] =
            [&finding.before, &finding.after].map(|all| self.items(&finding.tf_type, all));
        let mut parts = parts.iter();
        parts.any(|part| any_holds(part, &after) && !any_holds(part, &before))
    }

    /// Returns whether a resource fails the check; `None` where it does not apply. A resource without attributes counts as
    /// deleted.
    pub fn fails_check(&self, tf_type: &str, attributes: &Attributes) -> Option<bool> {
        let is_check = self.state.is_some() || self.lacks.is_some();
        if !is_check || !self.applies_to_type(tf_type) {
            return None;
        }
        if attributes.is_empty() {
            return self.deleted.then_some(true);
        }
        Some(self.fails(tf_type, attributes))
    }

    fn fails(&self, tf_type: &str, attributes: &Attributes) -> bool {
        let items = self.items(tf_type, attributes);
        let holds = |condition: &Condition| any_holds(condition, &items);
        let bad = self.state.iter().chain(&self.becomes).any(holds);
        bad || self
            .lacks
            .as_ref()
            .is_some_and(|condition| !holds(condition))
    }

    fn items(&self, tf_type: &str, attributes: &Attributes) -> Vec<Attributes> {
        if attributes.is_empty() {
            return Vec::new();
        }
        match &self.each {
            None => vec![attributes.clone()],
            Some(name) => {
                let subject = SUBJECTS.get(name);
                subject
                    .map(|subject| subject.items(tf_type, attributes))
                    .unwrap_or_default()
            }
        }
    }

    /// Returns the attributes of a type that the rule reads.
    pub fn attributes_read(&self, tf_type: &str) -> BTreeSet<&str> {
        match &self.each {
            Some(name) => SUBJECTS
                .get(name)
                .map(|subject| subject.roots(tf_type))
                .unwrap_or_default(),
            None => self.questions().flat_map(Condition::roots).collect(),
        }
    }

    fn questions(&self) -> impl Iterator<Item = &Condition> {
        let Self {
            state,
            lacks,
            becomes,
            gained,
            lost,
            change,
            ..
        } = self;
        [state, lacks, becomes, gained, lost, change]
            .into_iter()
            .flatten()
    }

    /// Returns the controls that a change fails.
    pub fn failed_controls(&self, benchmark: &Benchmark) -> Vec<Control> {
        let ids = self
            .controls
            .get(benchmark.version())
            .filter(|_| self.relation == Relation::Fails);
        let control = |id: &String| Control {
            benchmark: benchmark.to_string(),
            id: id.clone(),
        };
        ids.into_iter().flatten().map(control).collect()
    }
}
