//! Converts findings to code scanning alerts: results, and the rules that they fall under.

use super::lines::controls;
use super::words::{cost, event, expected, name, printable, value};
use crate::model::{Difference, Finding, Kind, Severity, StackName, StackReport, root_attribute};
use crate::settings;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// The most tags of a rule that GitHub accepts.
const MAX_TAGS: usize = 20;
/// How many differences of a finding a message lists.
const MAX_DIFFERENCES: usize = 20;

/// A finding as an alert.
pub(super) struct Alert<'a> {
    pub finding: &'a Finding,
    /// Whether the finding is set aside.
    pub aside: bool,
    stack: Option<&'a StackName>,
    /// The stack's folder; empty for the root, and for findings without a stack.
    folder: &'a str,
}

impl<'a> Alert<'a> {
    /// Creates the alert of a stack's finding.
    pub fn of(finding: &'a Finding, stack: &'a StackReport) -> Self {
        Self {
            finding,
            aside: false,
            stack: Some(&stack.name),
            folder: &stack.path,
        }
    }

    /// Creates the alert of an account's finding, which belongs to no stack.
    pub fn of_account(finding: &'a Finding) -> Self {
        Self {
            finding,
            aside: false,
            stack: None,
            folder: "",
        }
    }

    /// Returns the alert as set aside.
    pub fn aside(self) -> Self {
        Self {
            aside: true,
            ..self
        }
    }

    /// Returns the rule id, from type, event and severity: GitHub knows severities of rules only, not of results.
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

    /// Returns the lines that define the drift, else those that the fix edits. A finding that is not in the code is
    /// located at its stack's folder, which stays the same between scans: another location would be another alert.
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

    /// Returns the controls and techniques of the finding.
    pub fn tags(&self) -> impl Iterator<Item = String> {
        let techniques = self.finding.techniques.iter();
        controls(self.finding).chain(techniques.map(|id| format!("ATT&CK {id}")))
    }

    /// Converts the alert to a SARIF result of this rule.
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

/// The rule that findings of the same kind share.
pub(super) struct AlertRule {
    about: String,
    severity: Severity,
    pub tags: BTreeSet<String>,
}

impl AlertRule {
    /// Returns the rule of a finding.
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
        let tags: Vec<_> = tags.take(MAX_TAGS).collect();
        json!({
            "id": id,
            "shortDescription": {"text": self.about},
            "fullDescription": {"text": format!("{}. DriftGuard compared Terraform's code and state with live AWS.", self.about)},
            "help": {"text": "Adopt the change in the code, or apply the code again. `accept` in .driftguard.yml sets a difference aside."},
            "defaultConfiguration": {"level": level(self.severity)},
            "properties": {"tags": tags, "security-severity": score(self.severity)},
        })
    }
}

/// Returns the attribute that differs, if it is a single one; else what happened to the resource.
fn happened(finding: &Finding) -> &str {
    match finding.kind {
        Kind::Deleted => return "deleted",
        Kind::Unmanaged => return "unmanaged",
        Kind::Modified | Kind::CodeOnly | Kind::StateOnly => {}
    }
    let differences = finding.attributes.iter();
    let mut roots = differences.map(|difference| root_attribute(&difference.path));
    match roots.next() {
        Some(first) if roots.all(|other| other == first) => first,
        _ => "modified",
    }
}

/// Describes what all findings of the rule share.
fn about(finding: &Finding) -> String {
    let tf_type = printable(&finding.tf_type);
    match (finding.kind, happened(finding)) {
        (Kind::Deleted, _) => format!("{tf_type} is gone from AWS"),
        (Kind::Unmanaged, _) => format!("{tf_type} in no Terraform state"),
        (_, "modified") => format!("{tf_type} is not as declared in several places"),
        (_, attribute) => format!("{} of {tf_type} is not as declared", printable(attribute)),
    }
}

/// Describes a single finding in plain sentences. Secrets were replaced by fingerprints earlier.
fn message(finding: &Finding) -> String {
    let mut sentences = vec![format!("{} {}.", name(finding), event(finding))];
    sentences.extend(finding.attributes.iter().take(MAX_DIFFERENCES).map(change));
    if finding.attributes.len() > MAX_DIFFERENCES {
        sentences.push(format!(
            "And {} more.",
            finding.attributes.len() - MAX_DIFFERENCES
        ));
    }
    sentences.extend(finding.why.first().map(|why| printable(why)));
    sentences.extend(cost(finding).map(|cost| format!("Cost: {cost}.")));
    let command = finding.fix.as_ref().and_then(|fix| fix.command.as_deref());
    sentences.extend(command.map(|command| format!("Undo it with: {}", printable(command))));
    plain(&sentences.join(" "))
}

fn change(difference: &Difference) -> String {
    let path = printable(&difference.path);
    if difference.added.is_empty() && difference.removed.is_empty() {
        let (from, to) = (value(expected(difference)), value(&difference.live));
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

/// Removes the brackets of links, `[text](target)`, which a message may contain.
pub(super) fn plain(text: &str) -> String {
    text.replace("](", "] (")
}

fn location((file, line): (&str, usize)) -> Json {
    json!({"physicalLocation": {
        "artifactLocation": {"uri": uri(file), "uriBaseId": "%SRCROOT%"}, "region": {"startLine": line.max(1)},
    }})
}

/// Encodes a path as a relative reference.
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

/// Returns a score in the middle of the range that GitHub gives the same name; it has none for `info`.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "1.0",
    }
}
