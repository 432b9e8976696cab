//! One rule: what it asks, and what it means where the answer changes.

use super::Benchmark;
use super::condition::{Condition, Scene};
use super::earlier::Earlier;
use super::subject::SUBJECTS;
use crate::model::{Attributes, Control, Finding, Interrupt, Kind, Severity};
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Looked at when this file is compiled: `touch` it where a build does not see a new rule.
static FILES: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/score/rules");

/// All rules. A test reads each, so none can fail to be read here.
pub static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| load().unwrap_or_default());

/// What holds where no rule speaks.
pub static DEFAULTS: LazyLock<Defaults> =
    LazyLock::new(|| toml::from_str(include_str!("defaults.toml")).unwrap_or_default());

/// A rule file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("rules/{file}: {message}")]
pub struct BadRule {
    file: String,
    message: String,
}

/// One rule. At most one of its questions need hold for it to speak; with none, it speaks of each finding of its kinds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name, which is also its file's.
    pub id: String,
    /// The resource types it looks at; `*` for all.
    pub types: Vec<String>,
    /// How bad it is.
    pub severity: Severity,
    /// Why, in one sentence for the pull request.
    pub why: String,
    /// The kinds of finding it speaks of.
    #[serde(default = "all_kinds")]
    pub kinds: Vec<Kind>,
    /// The rules to which it leaves the word.
    #[serde(default)]
    pub unless: Vec<String>,
    /// The part of a resource that the questions are about; none for the whole.
    pub each: Option<String>,
    /// A check: it fails where this holds. Posture counts it.
    pub state: Option<Condition>,
    /// A check: it fails where this holds of nothing. Posture counts it.
    pub lacks: Option<Condition>,
    /// Whether to be deleted fails the check.
    #[serde(default)]
    pub deleted: bool,
    /// It holds now and did not before. Posture does not count it: there are good reasons to declare it.
    pub becomes: Option<Condition>,
    /// It holds of a part that is new.
    pub gained: Option<Condition>,
    /// It held of a part that is gone.
    pub lost: Option<Condition>,
    /// It holds of the resource as it was and as it is.
    pub change: Option<Condition>,
    /// What the change has to do with its controls.
    #[serde(default)]
    pub relation: Relation,
    /// Control ids, by version of the benchmark.
    #[serde(default)]
    pub controls: BTreeMap<String, Vec<String>>,
    /// What an attacker would call it.
    #[serde(default)]
    pub techniques: Techniques,
    /// Changes of which it speaks and of which it does not.
    pub examples: Vec<Example>,
}

/// What a change has to do with a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The change fails the control.
    Fails,
    /// The control only asks that such changes are watched: no change fails it.
    #[default]
    WatchedBy,
}

/// Techniques of MITRE ATT&CK.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Techniques {
    /// The version of ATT&CK that the ids are from.
    pub attack: String,
    /// Such as `T1133`.
    pub ids: Vec<String>,
}

/// A change, and whether the rule speaks of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The type; the rule's first where it is left out.
    #[serde(rename = "type")]
    pub tf_type: Option<String>,
    /// The attributes before; none where it was not there.
    #[serde(default)]
    pub before: serde_json::Map<String, serde_json::Value>,
    /// The attributes after; none where it is gone.
    #[serde(default)]
    pub after: serde_json::Map<String, serde_json::Value>,
    /// Whether the rule speaks.
    pub speaks: bool,
}

/// Severities of what no rule speaks of, and the weight of a check in the posture.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    severity: BTreeMap<String, Severity>,
    weight: BTreeMap<String, u64>,
}

impl Defaults {
    /// The severity of a kind.
    pub fn of(&self, kind: Kind) -> Severity {
        let name = match kind {
            Kind::Deleted => "deleted",
            Kind::Unmanaged => "unmanaged",
            Kind::Modified | Kind::CodeOnly | Kind::StateOnly => "modified",
        };
        self.severity.get(name).copied().unwrap_or_default()
    }

    /// How much a check of this severity counts.
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

/// Reads every rule file.
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

/// The attribute that a path begins with.
pub(super) fn root(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

/// The attributes of a finding that differ.
pub(super) fn changed_roots(finding: &Finding) -> BTreeSet<&str> {
    finding
        .attributes
        .iter()
        .map(|difference| root(&difference.path))
        .collect()
}

impl Rule {
    /// Whether it has to do with a type.
    pub fn applies_to(&self, tf_type: &str) -> bool {
        self.types
            .iter()
            .any(|wanted| wanted == "*" || wanted == tf_type)
    }

    /// Whether it has something to say of a finding; once interrupted, nothing more.
    pub fn speaks_of(&self, finding: &Finding, interrupt: &Interrupt) -> bool {
        let kind = match finding.kind {
            Kind::CodeOnly | Kind::StateOnly => Kind::Modified,
            kind => kind,
        };
        if !self.applies_to(&finding.tf_type) || !self.kinds.contains(&kind) {
            return false;
        }
        let looks_at = self.looks_at(&finding.tf_type);
        let touched = changed_roots(finding)
            .iter()
            .any(|root| looks_at.contains(root));
        (touched || kind != Kind::Modified) && self.holds(finding, kind, interrupt)
    }

    fn holds(&self, finding: &Finding, kind: Kind, interrupt: &Interrupt) -> bool {
        let tf_type = &finding.tf_type;
        let before = self.items(tf_type, &finding.before);
        let after = self.items(tf_type, &finding.after);
        // There may be very many items.
        let goes_on = |_: &&Attributes| !interrupt.is_raised();
        let (earlier, later) = (Earlier::new(&before), Earlier::new(&after));
        let fresh = |item: &&Attributes| !earlier.covers(item);
        let gone = |item: &&Attributes| !later.covers(item);
        let scene = |item| Scene {
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
        let holds = |c: &Condition, item| c.holds(&scene(item));
        let after_items = || after.iter().take_while(goes_on);
        let before_items = || before.iter().take_while(goes_on);
        // What holds for few items is asked first: to compare an item with all others is dear.
        let gained = |c: &Condition| after_items().any(|item| holds(c, item) && fresh(&item));
        let lost = |c: &Condition| before_items().any(|item| holds(c, item) && gone(&item));
        let changed = |c: &Condition| after_items().any(|item| holds(c, item));
        questions.iter().all(|question| question.is_none())
            || self.turned(finding)
            || self.gained.as_ref().is_some_and(gained)
            || self.lost.as_ref().is_some_and(lost)
            || (kind == Kind::Modified && self.change.as_ref().is_some_and(changed))
    }

    /// Whether the check passed before and fails now.
    fn turned(&self, finding: &Finding) -> bool {
        let was = !finding.before.is_empty() && self.is_bad(&finding.tf_type, &finding.before);
        let is = if finding.after.is_empty() {
            self.deleted
        } else {
            self.is_bad(&finding.tf_type, &finding.after)
        };
        is && !was
    }

    /// Whether a check fails; none where it does not apply. Without attributes a resource is gone.
    pub fn check(&self, tf_type: &str, attributes: &Attributes) -> Option<bool> {
        let is_check = self.state.is_some() || self.lacks.is_some();
        if !is_check || !self.applies_to(tf_type) {
            return None;
        }
        if attributes.is_empty() {
            return self.deleted.then_some(true);
        }
        Some(self.is_bad(tf_type, attributes))
    }

    fn is_bad(&self, tf_type: &str, attributes: &Attributes) -> bool {
        let items = self.items(tf_type, attributes);
        let nothing = Earlier::default();
        let holds = |condition: &Condition| {
            let scene = |item| Scene {
                item,
                before: &nothing,
                account: None,
            };
            items.iter().any(|item| condition.holds(&scene(item)))
        };
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

    /// The attributes of a type that it looks at.
    pub fn looks_at(&self, tf_type: &str) -> BTreeSet<&str> {
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

    /// The controls that a change fails of which it speaks.
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
