//! Pure: plans fixes as byte splices of the code, each verified before it is offered. No syntax tree is ever printed.
//!
//! Each finding gets a plan: the code follows AWS (`adopt`), enforces what it declares (`restore`), drops the block of
//! a deleted resource (`remove`) or imports an added one (`import`); or it gets the reason why nothing is done, with
//! the code to write by hand. A plan is accepted only if both parsers accept the edited files, and if the code then
//! evaluates to the expected values there and to the same as before everywhere else; and all plans of a stack only if they
//! hold together as well.
#![deny(clippy::disallowed_methods)]

mod adopt;
mod alike;
mod blocks;
mod by_hand;
mod callers;
mod child_style;
mod comments;
mod conditions;
mod cycles;
mod data_file;
mod defaults;
mod dependents;
mod diff;
mod direction;
mod dynamic;
mod element;
mod flag;
mod format;
mod hcl_writer;
mod heredoc;
mod import;
mod joined_lists;
mod joined_parts;
mod json_changes;
mod json_code;
mod json_document;
mod json_file;
mod json_splice;
mod layout;
mod left_out;
mod list;
mod literal;
mod local_values;
mod location;
mod map;
mod map_entries;
mod marker;
mod names;
mod new_blocks;
mod objects;
mod others;
mod outputs;
mod own_tags;
mod parses;
mod path;
mod planned_fix;
mod planner;
mod policy;
mod policy_block;
mod policy_file;
mod policy_lists;
mod policy_parts;
mod reasons;
mod referring;
mod refusal;
mod regroup;
mod removal_refusal;
mod removals;
mod remove;
mod restore;
mod siblings;
mod splice;
mod stranded;
mod target;
mod together;
mod valid;
mod verify;
mod version;
mod write;
mod yaml_entries;

pub use diff::{Mask, diff};
pub use direction::FixPolicy;
pub use marker::{MARKER, marker};
pub use others::{AdoptedValues, OtherStack};

use crate::code::{self, Options};
use crate::model::{Catalog, Declared, Disproved, Finding, FixKind, StackReport, Tree};
use dependents::Dependents;
use planner::Planner;
use std::collections::BTreeMap;
use together::Together;

/// The code of one stack.
pub struct Stack<'a> {
    /// The files of the repository.
    pub tree: &'a Tree,
    /// The folder of its root module; empty for the root.
    pub folder: &'a str,
    /// The options of the evaluation.
    pub options: &'a Options,
    /// The declared resources, with secrets replaced.
    pub declared: &'a Declared,
    /// The provider's schema of each type.
    pub catalog: &'a Catalog,
    /// The other stacks that run the code of this root module.
    pub others: Vec<OtherStack<'a>>,
}

/// The changed files, each with its full new content.
pub type Changed = BTreeMap<String, Vec<u8>>;

/// Plans the fix of each finding, all by one policy, and returns the changed files.
pub fn plan(findings: &mut [Finding], stack: &Stack<'_>, policy: FixPolicy) -> Changed {
    plan_with(findings, stack, |_| policy)
}

/// Plans the fix of each finding, each by its own policy, and returns the changed files. Of findings whose edits
/// conflict the first is fixed.
pub fn plan_with(
    findings: &mut [Finding],
    stack: &Stack<'_>,
    policy: impl Fn(&Finding) -> FixPolicy,
) -> Changed {
    plan_all(findings, stack, &Disproved::new(), policy)
}

/// Plans the fixes as `plan_with`, or anew without what a provider's plan disproved of them; returns the changed files.
/// Where nothing was disproved in part, the fixes stay as they are.
pub fn plan_again(
    findings: &mut [Finding],
    stack: &Stack<'_>,
    disproved: Option<&Disproved>,
    policy: impl Fn(&Finding) -> FixPolicy,
) -> Changed {
    match disproved {
        None => plan_with(findings, stack, policy),
        Some(disproved) if disproved.is_empty() => {
            files(stack.tree, &findings.iter().collect::<Vec<_>>())
        }
        Some(disproved) => plan_without(findings, stack, disproved, policy),
    }
}

/// Plans the fixes without the disproved paths, and returns the changed files. A fix that was disproved as a whole stays
/// refused; one that comes out as before keeps its proof.
fn plan_without(
    findings: &mut [Finding],
    stack: &Stack<'_>,
    disproved: &Disproved,
    policy: impl Fn(&Finding) -> FixPolicy,
) -> Changed {
    let stays = |finding: &Finding| stays_refused(finding, disproved);
    let before = findings
        .iter()
        .map(|finding| (stays(finding), finding.fix.clone()));
    let before: Vec<_> = before.collect();
    plan_all(findings, stack, disproved, |finding| match stays(finding) {
        true => FixPolicy::None,
        false => policy(finding),
    });
    let is_interrupted = stack.options.interrupt.is_raised();
    for (finding, (stays, before)) in findings.iter_mut().zip(before) {
        if is_interrupted || stays {
            finding.fix = before;
            continue;
        }
        if let (Some(fix), Some(before)) = (&mut finding.fix, before)
            && fix.edits == before.edits
            && fix.refused == before.refused
        {
            fix.proof = before.proof;
        }
    }
    let all: Vec<_> = findings.iter().collect();
    files(stack.tree, &all)
}

/// Returns whether a provider's plan disproved a fix as a whole.
fn stays_refused(finding: &Finding, disproved: &Disproved) -> bool {
    let address = finding.address.as_ref();
    let is_in_part = address.is_some_and(|address| disproved.contains_key(address));
    let fix = finding.fix.as_ref().filter(|_| !is_in_part);
    fix.is_some_and(|fix| fix.kind == FixKind::Refused && fix.is_judged_by_provider())
}

/// Plans the fix of each finding, without what a provider disproved.
fn plan_all(
    findings: &mut [Finding],
    stack: &Stack<'_>,
    disproved: &Disproved,
    policy: impl Fn(&Finding) -> FixPolicy,
) -> Changed {
    let all: &[Finding] = findings;
    let mut directions: Vec<_> = all
        .iter()
        .map(|finding| policy(finding).direction_of(finding))
        .collect();
    if directions.iter().all(Option::is_none) {
        // The code of a large repository takes seconds to evaluate.
        findings.iter_mut().for_each(|finding| finding.fix = None);
        return Changed::new();
    }
    let options = conditions::options(stack.options);
    let before = code::evaluate(stack.tree, stack.folder, &options);
    let dependents = Dependents::of(stack);
    let mut kept = BTreeMap::new();
    let edits = loop {
        let planner = Planner::new(all, &directions, (stack, &dependents), &before, disproved);
        let mut together = Together::new(&planner, stack.tree);
        for (finding, direction) in all.iter().zip(&directions) {
            together.add(finding, *direction);
        }
        let (mut fixes, edits) = together.end();
        let stranded = stranded::stranded(all, &fixes);
        for (at, why) in &stranded {
            directions[*at] = None;
            kept.insert(*at, planner.refused(&all[*at], why));
        }
        if stranded.is_empty() {
            for (at, fix) in kept {
                fixes[at] = Some(fix);
            }
            for (finding, fix) in findings.iter_mut().zip(fixes) {
                finding.fix = fix;
            }
            break edits;
        }
    };
    splice::files(stack.tree, &edits)
}

/// Returns the files that the fixes of each stack change, in the order of the report.
pub fn files_by_stack(tree: &Tree, stacks: &[StackReport]) -> Vec<Changed> {
    let of_stack = |stack: &StackReport| {
        let scanned = stack.outcome.iter();
        let findings: Vec<_> = scanned.flat_map(|scanned| &scanned.findings).collect();
        files(tree, &findings)
    };
    stacks.iter().map(of_stack).collect()
}

/// Returns the files that the fixes of these findings change, each with its full new content.
pub fn files(tree: &Tree, findings: &[&Finding]) -> Changed {
    let mut edits = Vec::new();
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
        // Of those that exclude one another the first was planned.
        let _ = splice::join_in(tree, &mut edits, &fix.edits);
    }
    splice::files(tree, &edits)
}
