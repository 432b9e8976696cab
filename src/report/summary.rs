//! Writes the Markdown summary of a whole scan: an overview of one screen, then each stack.

use super::actor::who;
use super::agreed::agreed_lines;
use super::alike::{Alike, alike};
use super::change::{Sides, diff};
use super::coverage::unchecked;
use super::lines::{aside, controls, describe, members, named, price};
use super::markdown::{block, code, in_cell, sentence};
use super::not_scanned::{NotScanned, StackRow, rows};
use super::person::left_out;
use super::proof::{compared, planned};
use super::size::first_that_fits;
use super::technique::technique;
use super::words::{PARTIAL, by_severity, counted, event, excerpt, posture, signed};
use crate::model::{AccountReport, Backend, Coverage, Finding, FixKind, Money, Report, Scanned};
use std::convert::Infallible;
use std::fmt::Write;

/// The level of detail. Details go before the tables do.
#[derive(Debug, Clone, Copy)]
struct Detail {
    /// The number of rows of a table.
    rows: usize,
    /// Whether each finding has a section.
    sections: bool,
    /// Whether each stack has a section.
    stacks: bool,
}

/// How many characters of an error a row of the overview shows.
const MAX_ERROR_LENGTH: usize = 250;

/// All levels, the most detailed first.
const DETAILS: [Detail; 5] = [
    Detail {
        rows: usize::MAX,
        sections: true,
        stacks: true,
    },
    Detail {
        rows: usize::MAX,
        sections: false,
        stacks: true,
    },
    Detail {
        rows: 10,
        sections: false,
        stacks: true,
    },
    Detail {
        rows: 100,
        sections: false,
        stacks: false,
    },
    Detail {
        rows: 20,
        sections: false,
        stacks: false,
    },
];

/// Writes the summary, and the patch of its fixes behind it.
pub fn summary_with_patch(report: &Report, patch: &str) -> String {
    let mut text = summary(report);
    if !patch.is_empty() {
        let _ = write!(text, "\n{}\n", block("diff", patch));
    }
    text
}

/// Writes the report as Markdown, never longer than a comment may be.
pub fn summary(report: &Report) -> String {
    let render = |detail| Ok::<_, Infallible>(page(report, detail));
    first_that_fits(DETAILS, render).unwrap_or_default()
}

/// Joins the names of stacks that were not scanned for one reason.
fn code_names(row: &NotScanned<'_>) -> String {
    row.names(|name| code(name).to_string())
}

fn page(report: &Report, detail: Detail) -> String {
    let mut page = SummaryPage {
        text: String::new(),
        detail,
    };
    page.overview(report);
    if detail.stacks {
        for row in rows(&report.stacks) {
            page.stack(&row);
        }
        for account in &report.accounts {
            page.account(account);
        }
    }
    if !detail.sections {
        page.line("GitHub limits the length of this text: `driftguard scan` shows all of it.");
    }
    page.text
}

struct SummaryPage {
    text: String,
    detail: Detail,
}

impl SummaryPage {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Appends a paragraph and the blank line that ends it.
    fn paragraph(&mut self, text: &str) {
        self.line(text);
        self.line("");
    }

    fn overview(&mut self, report: &Report) {
        let scanned = report
            .stacks
            .iter()
            .filter_map(|stack| stack.outcome.as_ref().ok());
        let accounts = report.accounts.iter().flat_map(|account| &account.findings);
        let findings = scanned.flat_map(|stack| &stack.findings).chain(accounts);
        let title = match by_severity(findings.clone()) {
            Some(severities) => {
                format!(
                    "{}: {severities}",
                    counted(findings.clone().count(), "finding")
                )
            }
            None if report.is_partial() => PARTIAL.to_owned(),
            None => "No drift found".to_owned(),
        };
        self.paragraph(&format!("## DriftGuard: {title}"));
        self.line("| where | findings | checked | posture | cost a month |");
        self.line("|---|---|---|---|---|");
        let rows = rows(&report.stacks);
        for row in rows.iter().take(self.detail.rows) {
            let (name, cells) = match row {
                StackRow::Scanned(stack, scanned) => {
                    (code(stack.name.as_str()).to_string(), numbers(scanned))
                }
                StackRow::NotScanned(row) => {
                    let reason = sentence(&excerpt(&row.error.message, MAX_ERROR_LENGTH)).in_cell();
                    (code_names(row), format!("**not scanned**: {reason} | | |"))
                }
            };
            self.line(&format!("| {name} | {cells} |"));
        }
        let more = rows
            .iter()
            .skip(self.detail.rows)
            .map(StackRow::stacks)
            .sum();
        if more > 0 {
            self.line(&format!("| and {} more | | | | |", counted(more, "stack")));
        }
        let mut accounts: Vec<_> = report.accounts.iter().collect();
        accounts.retain(|account| !account.findings.is_empty());
        for account in accounts.iter().take(self.detail.rows) {
            let found = by_severity(account.findings.iter()).unwrap_or_default();
            let name = code(account.account.as_str());
            self.line(&format!(
                "| account {name} | {found} | | | {} |",
                delta(&account.findings)
            ));
        }
        let more = accounts.len().saturating_sub(self.detail.rows);
        if more > 0 {
            self.line(&format!(
                "| and {} more | | | | |",
                counted(more, "account")
            ));
        }
        self.line("");
        if let Some(proof) = compared(findings) {
            self.paragraph(proof);
        }
    }

    /// Returns the name of a stack and where its state is; of several stacks their names.
    fn title(&mut self, name: &str, backend: Option<&Backend>) {
        let place = backend.map(|backend| format!(" · {}", code(&backend.location)));
        self.paragraph(&format!("### {name}{}", place.unwrap_or_default()));
    }

    fn stack(&mut self, row: &StackRow<'_>) {
        match row {
            StackRow::Scanned(stack, scanned) => {
                self.title(
                    &code(stack.name.as_str()).to_string(),
                    stack.backend.as_ref(),
                );
                self.findings(&scanned.findings, scanned.is_partial());
                for line in agreed_lines(scanned) {
                    self.paragraph(&line);
                }
                let aside = scanned.set_aside.iter().map(aside).collect();
                self.folded("Set aside", aside);
                let notes = scanned.notes.iter().map(|note| sentence(note).to_string());
                let gaps = unchecked(&scanned.coverage).into_iter().chain(notes);
                self.folded("Not checked by this scan", gaps.collect());
            }
            StackRow::NotScanned(row) => {
                self.title(&code_names(row), row.backend());
                self.paragraph(&format!("Not scanned: {}", sentence(&row.error.message)));
            }
        }
    }

    fn account(&mut self, account: &AccountReport) {
        let gaps = unchecked(&account.coverage);
        if account.findings.is_empty() && gaps.is_empty() {
            return;
        }
        let name = code(account.account.as_str());
        self.paragraph(&format!("### Account {name}: resources in no state"));
        let is_partial = !account.coverage.iter().all(Coverage::is_known);
        self.findings(&account.findings, is_partial);
        self.folded("Not checked by this scan", gaps);
    }

    fn findings(&mut self, findings: &[Finding], is_partial: bool) {
        if findings.is_empty() {
            let result = if is_partial { PARTIAL } else { "No drift" };
            return self.paragraph(&format!("{result}."));
        }
        let alike = alike(findings);
        let heading = Sides::Drift.heading();
        self.line(&format!("| severity | resource | {heading} | cost | fix |"));
        self.line("|---|---|---|---|---|");
        for alike in alike.iter().take(self.detail.rows) {
            let cells = [
                alike.severity().as_str().to_owned(),
                in_cell(&named(alike)),
                describe(alike.first, Sides::Drift).in_cell(),
                price(alike).unwrap_or_default(),
                in_cell(&fix(alike)),
            ];
            self.line(&format!("| {} |", cells.join(" | ")));
        }
        let more = alike.len().saturating_sub(self.detail.rows);
        if more > 0 {
            self.line(&format!("| | and {more} more | | | |"));
        }
        self.line("");
        if self.detail.sections {
            self.paragraph("<details><summary>Details</summary>");
            for alike in &alike {
                self.section(alike);
            }
            self.paragraph("</details>");
        }
    }

    fn section(&mut self, alike: &Alike<'_>) {
        let finding = alike.first;
        let severity = alike.severity().as_str();
        self.paragraph(&format!("#### {severity}: {}", named(alike)));
        let why = finding.why.first().map(|why| format!(" {}", sentence(why)));
        let subject = match alike.others.len() {
            0 => "It",
            _ => "Each",
        };
        let event = format!("{subject} {}.", sentence(&event(finding)));
        self.paragraph(&format!("{event}{}", why.unwrap_or_default()));
        let changes = diff(finding, Sides::Drift);
        if !changes.is_empty() {
            self.paragraph(&block("diff", &changes.join("\n")).to_string());
        }
        self.paragraph(&facts(alike).join(" · "));
        if !alike.others.is_empty() {
            for member in members(alike) {
                self.line(&format!("- {member}"));
            }
            self.line("");
        }
        let Some(fix_of) = &finding.fix else {
            return;
        };
        let reason = fix_of
            .reason
            .as_deref()
            .map(|reason| format!(": {}", sentence(reason)));
        let proof = planned(fix_of).map(|proof| format!(" · {}", sentence(&proof)));
        self.paragraph(&format!(
            "Fix: {}{}{}",
            fix(alike),
            reason.unwrap_or_default(),
            proof.unwrap_or_default()
        ));
        for line in left_out(fix_of) {
            self.line(&format!("- {line}"));
        }
        if !fix_of.refused.is_empty() {
            self.line("");
        }
        for (language, text) in [("hcl", &fix_of.block), ("sh", &fix_of.command)] {
            if let Some(text) = text {
                self.paragraph(&block(language, text).to_string());
            }
        }
    }

    /// Appends a collapsed list.
    fn folded(&mut self, title: &str, lines: Vec<String>) {
        if lines.is_empty() {
            return;
        }
        let all = lines.len();
        self.paragraph(&format!("<details><summary>{title} ({all})</summary>"));
        for line in lines.iter().take(self.detail.rows) {
            self.line(&format!("- {line}"));
        }
        let more = all.saturating_sub(self.detail.rows);
        if more > 0 {
            self.line(&format!("- and {more} more"));
        }
        self.line("");
        self.paragraph("</details>");
    }
}

/// Formats a stack's cells in the overview.
fn numbers(scanned: &Scanned) -> String {
    let summary = &scanned.summary;
    let found = by_severity(scanned.findings.iter()).unwrap_or_else(|| "none".to_owned());
    let mut cells = format!("{found} | {} of {} | ", summary.checked, summary.resources);
    let _ = write!(cells, "{}", posture(summary.posture).unwrap_or_default());
    format!("{cells} | {}", delta(&scanned.findings))
}

/// Formats the cost of all findings; empty where it is zero.
fn delta(findings: &[Finding]) -> String {
    let costs = findings
        .iter()
        .filter_map(|finding| finding.monthly_cost.as_ref());
    let sum: Money = costs.filter_map(|cost| cost.delta()).sum();
    match sum.0.is_zero() {
        true => String::new(),
        false => signed(sum),
    }
}

/// Formats controls, techniques, cost and author of the change; and the finding's id where it is a single one.
fn facts(alike: &Alike<'_>) -> Vec<String> {
    let finding = alike.first;
    let techniques = finding.techniques.iter().map(|id| technique(id));
    let tags = controls(finding).chain(techniques);
    let mut facts: Vec<_> = tags.map(|tag| sentence(&tag).to_string()).collect();
    facts.extend(price(alike));
    facts.extend(who(alike).map(|who| format!("who: {who}")));
    if alike.others.is_empty() {
        facts.push(format!("finding {}", code(&finding.id.to_string())));
    }
    facts
}

/// Formats the direction of a fix, and where it edits the code.
fn fix(alike: &Alike<'_>) -> String {
    let Some(fix) = &alike.first.fix else {
        return String::new();
    };
    let places = alike.places();
    match fix.kind {
        FixKind::Refused => "needs a person".to_owned(),
        kind if places.is_empty() => format!("{}: apply the code as it is", kind.as_str()),
        kind => format!("{}: {}", kind.as_str(), places.join(", ")),
    }
}
