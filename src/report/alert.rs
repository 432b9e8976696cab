//! One finding as code scanning shows it: a result, and the rule that it falls under.

use super::lines::controls;
use super::words::{cost, event, name, printable, value, wanted};
use crate::model::{Difference, Finding, Kind, Severity, StackName, StackReport};
use crate::settings;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// GitHub takes no rule with more tags.
const MOST_TAGS: usize = 20;
/// How many differences of one finding a message tells.
const TOLD: usize = 20;

/// A finding, and where it belongs.
pub(super) struct Alert<'a> {
    pub finding: &'a Finding,
    /// Whether it was set aside.
    pub aside: bool,
    stack: Option<&'a StackName>,
    /// Of the stack; empty for the root, and for what belongs to none.
    folder: &'a str,
}

impl<'a> Alert<'a> {
    /// What was found in a stack.
    pub fn of(finding: &'a Finding, stack: &'a StackReport) -> Self {
        Self {
            finding,
            aside: false,
            stack: Some(&stack.name),
            folder: &stack.path,
        }
    }

    /// What stands in an account and belongs to no stack.
    pub fn of_account(finding: &'a Finding) -> Self {
        Self {
            finding,
            aside: false,
            stack: None,
            folder: "",
        }
    }

    /// The same, set aside.
    pub fn aside(self) -> Self {
        Self {
            aside: true,
            ..self
        }
    }

    /// Type, what happened, severity: GitHub knows a severity of a rule only, not of a result.
    pub fn rule_id(&self) -> String {
        let finding = self.finding;
        let id = format!(
            "{}/{}/{}",
            finding.tf_type,
            happened(finding),
            finding.severity.as_str()
        );
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/');
        id.chars().map(|c| if plain(c) { c } else { '_' }).collect()
    }

    /// Where the code defines what differs, else where the fix edits it. What stands nowhere in the code is shown at its
    /// stack's folder, which stays the same between scans: an alert at another place is another alert.
    fn places(&self) -> Vec<(&str, usize)> {
        let sources = self.finding.attributes.iter();
        let sources = sources.filter_map(|difference| difference.defined_in.as_ref());
        let mut places: Vec<_> = sources
            .map(|source| (source.file.as_str(), source.line))
            .collect();
        if places.is_empty() {
            let edits = self.finding.fix.iter().flat_map(|fix| &fix.edits);
            places.extend(edits.map(|edit| (edit.file.as_str(), edit.line)));
        }
        if places.is_empty() {
            let place = match self.folder {
                "" => settings::FILE,
                folder => folder,
            };
            places.push((place, 1));
        }
        let mut seen = BTreeSet::new();
        places.retain(|place| seen.insert(*place));
        places
    }

    /// The controls and techniques that it is about.
    pub fn tags(&self) -> impl Iterator<Item = String> {
        let techniques = self.finding.techniques.iter();
        controls(self.finding).chain(techniques.map(|id| format!("ATT&CK {id}")))
    }

    /// It as a result of this rule.
    pub fn result(&self, rule: &str, index: usize) -> Json {
        let finding = self.finding;
        let locations: Vec<_> = self.places().into_iter().map(location).collect();
        let (first, others) = locations.split_at(1);
        let tags: BTreeSet<_> = self.tags().collect();
        let mut result = json!({
            "ruleId": rule,
            "ruleIndex": index,
            "level": level(finding.severity),
            "message": {"text": message(finding)},
            "locations": first,
            // The first is all that GitHub looks at.
            "partialFingerprints": {"primaryLocationLineHash": finding.id, "driftguard/v1": finding.id},
            "properties": {
                "id": finding.id, "stack": self.stack, "kind": finding.kind, "verdict": finding.verdict,
                "address": finding.address, "import_id": finding.import_id, "account": finding.account,
                "region": finding.region, "severity": finding.severity, "tags": tags,
                "security-severity": score(finding.severity), "monthly_cost": finding.monthly_cost,
            },
        });
        if !others.is_empty() {
            result["relatedLocations"] = others.into();
        }
        if self.aside {
            let reason = finding.reason.as_deref().map(printable);
            result["suppressions"] = json!([{
                "kind": "external", "status": "accepted", "justification": reason.unwrap_or_default(),
            }]);
        }
        result
    }
}

/// What is told of all findings of one rule.
pub(super) struct Rule {
    about: String,
    severity: Severity,
    pub tags: BTreeSet<String>,
}

impl Rule {
    /// The rule that a finding falls under.
    pub fn of(finding: &Finding) -> Self {
        Self {
            about: about(finding),
            severity: finding.severity,
            tags: BTreeSet::new(),
        }
    }

    pub fn show(&self, id: &str) -> Json {
        let own = ["security", "drift"].map(str::to_owned);
        let tags = own.into_iter().chain(self.tags.iter().cloned());
        let tags: Vec<_> = tags.take(MOST_TAGS).collect();
        json!({
            "id": id,
            "shortDescription": {"text": self.about},
            "fullDescription": {"text": format!("{}. DriftGuard compared Terraform's code and state with live AWS.", self.about)},
            "help": {"text": "Take the change over into the code, or apply the code again; `accept` in .driftguard.yml sets a difference aside."},
            "defaultConfiguration": {"level": level(self.severity)},
            "properties": {"tags": tags, "security-severity": score(self.severity)},
        })
    }
}

/// The attribute that differs, where it is one; else what happened to all of it.
fn happened(finding: &Finding) -> &str {
    match finding.kind {
        Kind::Deleted => return "deleted",
        Kind::Unmanaged => return "unmanaged",
        Kind::Modified | Kind::CodeOnly | Kind::StateOnly => {}
    }
    let differences = finding.attributes.iter();
    let mut roots = differences.filter_map(|one| one.path.split(['.', '[']).next());
    match roots.next() {
        Some(first) if roots.all(|other| other == first) => first,
        _ => "modified",
    }
}

/// What all findings of its rule have in common.
fn about(finding: &Finding) -> String {
    let tf_type = printable(&finding.tf_type);
    match (finding.kind, happened(finding)) {
        (Kind::Deleted, _) => format!("{tf_type} is gone from AWS"),
        (Kind::Unmanaged, _) => format!("{tf_type} that no state knows"),
        (_, "modified") => format!("{tf_type} is not as declared in several places"),
        (_, attribute) => format!("{} of {tf_type} is not as declared", printable(attribute)),
    }
}

/// What happened to one thing, in plain sentences. Secrets were fingerprints before they came here.
fn message(finding: &Finding) -> String {
    let mut said = vec![format!("{} {}.", name(finding), event(finding))];
    said.extend(finding.attributes.iter().take(TOLD).map(change));
    if finding.attributes.len() > TOLD {
        said.push(format!("And {} more.", finding.attributes.len() - TOLD));
    }
    said.extend(finding.why.first().map(|why| printable(why)));
    said.extend(cost(finding).map(|cost| format!("Cost: {cost}.")));
    let command = finding.fix.as_ref().and_then(|fix| fix.command.as_deref());
    said.extend(command.map(|command| format!("Undo it with: {}", printable(command))));
    plain(&said.join(" "))
}

fn change(difference: &Difference) -> String {
    let path = printable(&difference.path);
    if difference.added.is_empty() && difference.removed.is_empty() {
        let (from, to) = (value(wanted(difference)), value(&difference.live));
        return format!("{path}: {from} -> {to}.");
    }
    let removed = difference.removed.iter().map(|item| ("without", item));
    let added = difference.added.iter().map(|item| ("with", item));
    let parts: Vec<_> = removed
        .chain(added)
        .map(|(word, item)| format!("{word} {}", value(item)))
        .collect();
    format!("{path}: {}.", parts.join(", "))
}

/// A message may hold links, `[text](target)`: what comes from outside makes none.
pub(super) fn plain(text: &str) -> String {
    text.replace("](", "] (")
}

fn location((file, line): (&str, usize)) -> Json {
    json!({"physicalLocation": {
        "artifactLocation": {"uri": uri(file), "uriBaseId": "%SRCROOT%"}, "region": {"startLine": line.max(1)},
    }})
}

/// A path as a relative reference.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => uri.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// In the middle of the range that GitHub calls by the same name; it has no word for `info`.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "1.0",
    }
}
