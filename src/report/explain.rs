//! Explains a finding in a comment.

use super::actor::who_of;
use super::change::{Sides, diff};
use super::lines::{controls, places, techniques};
use super::markdown::{Markdown, block, code, sentence};
use super::person::left_out;
use super::proof::checked;
use super::words::{cost, counted, event, name};
use crate::model::{Finding, Fix, FixKind, Verdict};

/// How many lines of a change are shown.
const LINES: usize = 60;

/// The longest suggested block that is shown, in characters.
const MAX_LENGTH: usize = 6_000;

/// Explains a finding, as Markdown.
pub fn explain(finding: &Finding) -> String {
    let mut parts = vec![format!(
        "**{}**: {} {} (finding {})",
        finding.severity.as_str(),
        code(&name(finding)),
        sentence(&event(finding)),
        code(&finding.id.to_string())
    )];
    parts.extend(finding.why.iter().map(|why| sentence(why).to_string()));
    parts.extend(change(finding).map(|change| change.to_string()));
    let facts: Vec<_> = facts(finding)
        .into_iter()
        .map(|fact| format!("- {fact}"))
        .collect();
    parts.push(facts.join("\n"));
    match &finding.fix {
        Some(fix) => parts.extend(remedy(finding, fix)),
        None => parts.push("No fix is proposed for it.".to_owned()),
    }
    parts.join("\n\n")
}

/// Shows a change as a diff of readable length.
fn change(finding: &Finding) -> Option<Markdown> {
    let mut lines = diff(finding, Sides::Drift);
    let more = lines.len().saturating_sub(LINES);
    if more > 0 {
        lines.truncate(LINES);
        lines.push(format!("  and {}", counted(more, "more line")));
    }
    (!lines.is_empty()).then(|| block("diff", &lines.join("\n")))
}

fn facts(finding: &Finding) -> Vec<String> {
    let listed = |label: &str, items: Vec<String>| {
        (!items.is_empty()).then(|| format!("{label}: {}", items.join(", ")))
    };
    let mut facts = vec![notice(finding)];
    facts.extend(listed("Controls", controls(finding).collect()));
    facts.extend(listed("Techniques", techniques(finding).collect()));
    facts.extend(cost(finding).map(|cost| sentence(&format!("Cost: {cost}")).to_string()));
    facts.extend(who_of(finding).map(|who| format!("Who: {who}")));
    let place = [
        finding.account.as_ref().map(ToString::to_string),
        finding.region.as_ref().map(ToString::to_string),
    ];
    let place = place.iter().flatten().map(|part| code(part).to_string());
    facts.extend(listed("Where", place.collect()));
    let mut sources: Vec<_> = finding
        .attributes
        .iter()
        .filter_map(|difference| difference.defined_in.as_ref())
        .map(|source| code(&source.place()).to_string())
        .collect();
    sources.sort();
    sources.dedup();
    let more = sources.len().saturating_sub(10);
    sources.truncate(10);
    if more > 0 {
        sources.push(counted(more, "more place"));
    }
    facts.extend(listed("Defined in", sources));
    facts
}

/// Explains who would notice the finding, or why it is set aside.
fn notice(finding: &Finding) -> String {
    match finding.verdict {
        Verdict::Drift => "`terraform plan` shows it".to_owned(),
        Verdict::UnseenByPlan => "`terraform plan` does not show it".to_owned(),
        _ => {
            let reason = sentence(finding.reason.as_deref().unwrap_or("it is no drift"));
            format!("Set aside: {reason}")
        }
    }
}

/// Explains the fix, or why there is none and what to do by hand.
fn remedy(finding: &Finding, fix: &Fix) -> Vec<String> {
    let places = places(finding).join(", ");
    let direction = match fix.kind {
        FixKind::Adopt => format!("adopt: the code follows AWS, at {places}"),
        FixKind::Import => format!("import: an `import` block at {places}"),
        FixKind::Remove => format!("remove: its block or entry, at {places}"),
        FixKind::Restore if fix.edits.is_empty() => "restore: apply the code as it is".to_owned(),
        FixKind::Restore => format!("restore: the code enforces its value, at {places}"),
        FixKind::Refused => String::new(),
    };
    let reason = fix.reason.as_deref().map(sentence);
    let fix_text = match (fix.kind, reason) {
        (FixKind::Refused, reason) => format!("**Not fixed**: {}.", reason.unwrap_or_default()),
        (_, Some(reason)) => format!("**Fix**: {direction}; {reason}."),
        (_, None) => format!("**Fix**: {direction}."),
    };
    let proof = checked(fix).map(|proof| format!(" Proof: {}.", sentence(&proof)));
    let mut parts = vec![fix_text + &proof.unwrap_or_default()];
    let left: Vec<_> = left_out(fix).map(|line| format!("- {line}")).collect();
    if !left.is_empty() {
        parts.push(left.join("\n"));
    }
    let shown = |text: &&str| text.chars().count() <= MAX_LENGTH;
    // What only a command undoes may grant access: that comes first.
    if let Some(text) = fix.command.as_deref().filter(shown) {
        parts.push(format!("To undo it in AWS:\n\n{}", block("sh", text)));
    }
    if let Some(text) = fix.block.as_deref().filter(shown) {
        parts.push(format!(
            "To keep it, in the code:\n\n{}",
            block("hcl", text)
        ));
    }
    parts
}
