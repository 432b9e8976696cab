//! Writes the report for a terminal.

use super::actor::who_plain;
use super::agreed::{agreed, agreement};
use super::alike::{Alike, alike};
use super::change::{Change, Parts, Sides, changes};
use super::coverage::{Unchecked, readable_by_provider};
use super::lines::controls;
use super::not_scanned::{StackRow, rows};
use super::proof::{compared, planned};
use super::technique::technique;
use super::words::{PARTIAL, by_severity, counted, event, name, posture, printable, signed};
use crate::model::{Backend, Coverage, Finding, Fix, FixKind, Report, Scanned, Severity, Status};
use std::fmt::Write;

/// Whether the text is colored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// No colors.
    Plain,
    /// Terminal colors.
    Coloured,
}

impl Paint {
    fn severity(self, severity: Severity) -> String {
        let word = format!("{:<8}", severity.as_str());
        let code = match severity {
            Severity::Critical => "1;31",
            Severity::High => "31",
            Severity::Medium => "33",
            Severity::Low => "36",
            Severity::Info => "2",
        };
        self.in_code(code, &word)
    }

    fn strong(self, text: &str) -> String {
        self.in_code("1", text)
    }

    fn in_code(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

/// The indentation of a finding's details.
const INDENT: &str = "            ";

/// Writes the report: the most severe findings first, what was not checked last.
pub fn text(report: &Report, paint: Paint) -> String {
    let mut page = TextPage {
        paint,
        text: String::new(),
    };
    for row in rows(&report.stacks) {
        page.stack(&row);
    }
    for account in &report.accounts {
        let unchecked = account
            .coverage
            .iter()
            .any(|row| row.status != Status::Checked);
        if unchecked || !account.findings.is_empty() {
            let title = format!("account {}: resources in no state", account.account);
            page.line(&paint.strong(&title));
            page.findings(&account.findings);
        }
        page.not_checked(&account.coverage);
    }
    page.total(report);
    page.text
}

struct TextPage {
    paint: Paint,
    text: String,
}

impl TextPage {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Appends a line of a finding, unless it is blank.
    fn detail(&mut self, line: &str) {
        self.line(&format!("{INDENT}{line}"));
    }

    fn stack(&mut self, row: &StackRow<'_>) {
        match row {
            StackRow::Scanned(stack, scanned) => {
                self.title(stack.name.as_str(), stack.backend.as_ref());
                self.scanned(scanned);
            }
            StackRow::NotScanned(row) => {
                self.title(&row.names(str::to_owned), row.backend());
                self.line(&format!("  not scanned: {}", printable(&row.error.message)));
                self.line("");
            }
        }
    }

    /// Returns the name of a stack and where its state is; of several stacks their names.
    fn title(&mut self, name: &str, backend: Option<&Backend>) {
        let place = backend.map(|backend| printable(&backend.location));
        let title = self.paint.strong(name);
        self.line(&format!("{title}  {}", place.unwrap_or_default()));
    }

    fn scanned(&mut self, scanned: &Scanned) {
        let summary = &scanned.summary;
        let mut line = format!(
            "  {} of {} checked",
            summary.checked,
            counted(summary.resources, "resource")
        );
        if let Some(posture) = posture(summary.posture) {
            let _ = write!(line, ", posture {posture}");
        }
        self.line(&line);
        for note in &scanned.notes {
            self.line(&format!("  note: {}", printable(note)));
        }
        self.line("");
        self.findings(&scanned.findings);
        for finding in agreed(scanned) {
            let severity = self.paint.severity(finding.severity);
            let title = self.paint.strong(&name(finding));
            self.line(&format!("  {severity}  {title} set aside"));
            self.detail(&printable(&agreement(finding)));
            self.line("");
        }
        if !scanned.set_aside.is_empty() {
            self.line(&format!(
                "  set aside: {}",
                counted(scanned.set_aside.len(), "finding")
            ));
            for finding in &scanned.set_aside {
                let reason = finding.reason.as_deref().unwrap_or_default();
                self.line(&format!("    {}: {}", name(finding), printable(reason)));
            }
            self.line("");
        }
        self.not_checked(&scanned.coverage);
    }

    fn findings(&mut self, findings: &[Finding]) {
        for alike in alike(findings) {
            self.finding(&alike);
        }
    }

    fn finding(&mut self, alike: &Alike<'_>) {
        let finding = alike.first;
        let severity = self.paint.severity(finding.severity);
        let title = self.paint.strong(&name(finding));
        self.line(&format!("  {severity}  {title} {}", event(finding)));
        for other in &alike.others {
            self.detail(&format!("and {} ({})", name(other), other.id));
        }
        for change in changes(finding, Sides::Drift) {
            self.change(&change);
        }
        for why in finding.why.iter().take(1) {
            self.detail(why);
        }
        let controls = controls(finding);
        let techniques = finding.techniques.iter().map(|id| technique(id));
        let tags: Vec<_> = controls.chain(techniques).chain(alike.cost()).collect();
        if !tags.is_empty() {
            self.detail(&tags.join(", "));
        }
        if let Some(who) = who_plain(alike) {
            self.detail(&format!("who: {who}"));
        }
        if let Some(fix) = &finding.fix {
            self.fix(fix);
        }
        self.detail(&finding.id.to_string());
        self.line("");
    }

    fn change(&mut self, change: &Change) {
        let path = &change.path;
        match &change.parts {
            Parts::Value { before, after } => self.detail(&format!("{path}: {before} -> {after}")),
            Parts::Members { .. } => {
                for line in change.diff() {
                    self.detail(&line);
                }
            }
        }
    }

    fn fix(&mut self, fix: &Fix) {
        let direction = match fix.kind {
            FixKind::Refused => "not fixed",
            kind => kind.as_str(),
        };
        let places: Vec<_> = fix
            .edits
            .iter()
            .map(|edit| printable(&edit.place()))
            .collect();
        let reason = fix.reason.as_deref().map(printable);
        let details: Vec<_> = places.into_iter().chain(reason).collect();
        self.detail(&format!("{direction}: {}", details.join(", ")));
        if let Some(line) = planned(fix) {
            self.detail(&printable(&line));
        }
        let refused = fix.refused.iter().filter(|_| fix.kind != FixKind::Refused);
        for refused_attribute in refused {
            let (path, reason) = (
                printable(&refused_attribute.path),
                printable(&refused_attribute.reason),
            );
            self.detail(&format!("not fixed: {path}, {reason}"));
        }
        for block in [&fix.block, &fix.command].into_iter().flatten() {
            for line in block.lines() {
                self.detail(&format!("  {}", printable(line)));
            }
        }
    }

    fn not_checked(&mut self, coverage: &[Coverage]) {
        let unchecked = Unchecked::of(coverage);
        let readable = readable_by_provider(coverage, printable);
        if unchecked.is_empty() && readable.is_none() {
            return;
        }
        self.line("  not checked:");
        for row in unchecked {
            let regions: Vec<_> = row.regions.into_iter().collect();
            let place = match regions.as_slice() {
                [] => String::new(),
                regions => format!(" in {}", regions.join(", ")),
            };
            let (tf_type, reason) = (printable(row.tf_type), printable(row.reason));
            let count = match row.resources {
                0 => String::new(),
                count => format!("{count:<4} "),
            };
            self.line(&format!("    {count}{tf_type}{place}: {reason}"));
        }
        if let Some(line) = readable {
            self.line(&format!("    {line}"));
        }
        self.line("");
    }

    fn total(&mut self, report: &Report) {
        let scanned = report
            .stacks
            .iter()
            .filter_map(|stack| stack.outcome.as_ref().ok());
        let accounts = report.accounts.iter().flat_map(|account| &account.findings);
        let findings = scanned
            .clone()
            .flat_map(|stack| &stack.findings)
            .chain(accounts);
        if let Some(line) = compared(findings.clone()) {
            self.line(line);
        }
        let count = findings.clone().count();
        let delta = findings
            .clone()
            .filter_map(|finding| finding.monthly_cost.as_ref()?.delta())
            .sum();
        let total = match by_severity(findings) {
            None if report.is_partial() => format!("{PARTIAL}."),
            None => "No drift found.".to_owned(),
            Some(severities) => {
                let cost = format!(", {} a month", signed(delta));
                format!(
                    "{}: {severities}{}",
                    counted(count, "finding"),
                    if delta.0.is_zero() { "" } else { &cost }
                )
            }
        };
        self.line(&self.paint.strong(&total));
    }
}
