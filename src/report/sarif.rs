//! Writes SARIF 2.1.0 for code scanning.

use super::alert::{Alert, AlertRule, plain};
use super::words::{counted, printable};
use crate::model::{
    Coverage, Finding, Report, StackName, StackReport, Status, escape_json, mask_json,
};
use serde_json::{Value as Json, json};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The most results of a run that GitHub accepts.
const MAX_RESULTS: usize = 25_000;

/// Writes the report as a SARIF run, with a line end. The same report gives the same bytes. What is set aside is a
/// result with `suppressions`.
///
/// # Errors
/// Never for a scan's report: all its keys are strings.
pub fn sarif(report: &Report) -> serde_json::Result<String> {
    let mut run = Run::default();
    for stack in &report.stacks {
        run.stack(stack);
        if let Ok(scanned) = &stack.outcome {
            let aside = scanned.set_aside.iter();
            run.alerts
                .extend(aside.map(|finding| Alert::of(finding, stack).aside()));
        }
    }
    for account in &report.accounts {
        run.coverage(&account.coverage);
        run.alerts
            .extend(account.findings.iter().map(Alert::of_account));
    }
    run.text(None)
}

/// Writes the upload to GitHub's code scanning for one stack; `None` where the stack could not be scanned, since an
/// upload would close its alerts.
///
/// Differs from [`sarif`]: GitHub does not support `suppressions`, and would open an alert for what is set aside; and
/// it closes alerts that are missing. So findings of `before`, the last scan, are repeated where their type could not
/// be read this time.
///
/// # Errors
/// Never for a scan's report.
pub fn code_scanning(
    before: Option<&StackReport>,
    now: &StackReport,
) -> serde_json::Result<Option<String>> {
    let Ok(scanned) = &now.outcome else {
        return Ok(None);
    };
    let mut run = Run::default();
    run.stack(now);
    let unread = scanned.coverage.iter().filter(|row| not_read(row));
    let unread: BTreeSet<_> = unread.map(|row| row.tf_type.as_str()).collect();
    let unread = |finding: &Finding| unread.contains(finding.tf_type.as_str());
    let known: BTreeSet<_> = scanned.findings.iter().map(|finding| &finding.id).collect();
    let before = before.and_then(|before| before.outcome.as_ref().ok());
    let missed = before.into_iter().flat_map(|before| &before.findings);
    let missed = missed.filter(|finding| unread(finding) && !known.contains(&finding.id));
    run.alerts
        .extend(missed.map(|finding| Alert::of(finding, now)));
    run.text(Some(&now.name)).map(Some)
}

/// Returns whether a coverage row has resources that could be checked and were not.
fn not_read(row: &Coverage) -> bool {
    !row.is_known()
}

#[derive(Default)]
struct Run<'a> {
    alerts: Vec<Alert<'a>>,
    notifications: Vec<Json>,
    failed: bool,
}

impl<'a> Run<'a> {
    fn stack(&mut self, stack: &'a StackReport) {
        match &stack.outcome {
            Ok(scanned) => {
                let findings = scanned.findings.iter();
                self.alerts
                    .extend(findings.map(|finding| Alert::of(finding, stack)));
                self.coverage(&scanned.coverage);
                for note in &scanned.notes {
                    self.notify(
                        "note",
                        "note",
                        &format!("{}: {note}", stack.name),
                        json!({}),
                    );
                }
            }
            Err(error) => {
                self.failed = true;
                let text = format!("{} could not be scanned: {}", stack.name, error.message);
                self.notify("error", "not-scanned", &text, json!({"kind": error.kind}));
            }
        }
    }

    fn coverage(&mut self, rows: &[Coverage]) {
        for row in rows.iter().filter(|row| row.status != Status::Checked) {
            let level = if not_read(row) { "warning" } else { "note" };
            // Of an account no state tells how many there are.
            let resources = match row.resources {
                0 => "resources".to_owned(),
                count => counted(count, "resource"),
            };
            let text = format!(
                "{resources} of type {} not checked: {}",
                row.tf_type,
                row.reason.as_deref().unwrap_or("no reason is known")
            );
            let about = json!({
                "type": row.tf_type, "account": row.account, "region": row.region, "status": row.status,
                "missing_action": row.missing_action,
            });
            self.notify(level, "not-checked", &text, about);
        }
    }

    fn notify(&mut self, level: &str, id: &str, text: &str, about: Json) {
        self.notifications.push(json!({
            "level": level, "descriptor": {"id": id}, "message": {"text": plain(&printable(text))}, "properties": about,
        }));
    }

    /// Writes the file. `stack` separates the uploads of several stacks: a newer upload replaces its own only.
    fn text(mut self, stack: Option<&StackName>) -> serde_json::Result<String> {
        // The worst first: of too many the end is lost.
        self.alerts
            .sort_by_key(|alert| (alert.aside, Reverse(alert.finding.severity)));
        let left = self.alerts.len().saturating_sub(MAX_RESULTS);
        if left > 0 {
            self.alerts.truncate(MAX_RESULTS);
            let text = format!(
                "{} left out: a run holds {MAX_RESULTS}",
                counted(left, "result")
            );
            self.notify("warning", "left-out", &text, json!({}));
        }
        let ids: Vec<_> = self.alerts.iter().map(Alert::rule_id).collect();
        let mut rules: BTreeMap<&str, AlertRule> = BTreeMap::new();
        for (id, alert) in ids.iter().zip(&self.alerts) {
            let rule = rules
                .entry(id)
                .or_insert_with(|| AlertRule::of(alert.finding));
            rule.tags.extend(alert.tags());
        }
        let order: Vec<_> = rules.keys().copied().collect();
        let results = ids.iter().zip(&self.alerts).map(|(id, alert)| {
            let index = order.binary_search(&id.as_str()).unwrap_or_default();
            alert.result(id, index)
        });
        let results: Vec<_> = results.collect();
        let rules: Vec<_> = rules.iter().map(|(id, rule)| rule.show(id)).collect();
        let version = env!("CARGO_PKG_VERSION");
        let mut run = json!({
            "tool": {"driver": {
                "name": "DriftGuard", "version": version, "semanticVersion": version,
                "informationUri": env!("CARGO_PKG_REPOSITORY"), "rules": rules,
            }},
            "invocations": [{
                "executionSuccessful": !self.failed, "toolExecutionNotifications": self.notifications,
            }],
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
            "results": results,
        });
        if let Some(stack) = stack {
            run["automationDetails"] = json!({"id": format!("driftguard/{stack}/")});
        }
        let mut file = json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run],
        });
        mask_json(&mut file);
        serde_json::to_string_pretty(&file).map(|text| escape_json(text) + "\n")
    }
}
