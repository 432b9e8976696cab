//! Pure: byte splices that make the code right, each verified before it is offered. No tree is ever printed.
//!
//! Each finding gets a plan: code follows live (`adopt`), code enforces what it declares (`restore`), code drops what
//! is gone (`forget`), or the reason why nothing is done, with what to write by hand. A plan stands only if both parsers
//! accept the files it makes, and if the code then evaluates to what is wanted there and to the same as before
//! everywhere else.
#![deny(clippy::disallowed_methods)]

mod adopt;
mod blocks;
mod by_hand;
mod direction;
mod forget;
mod layout;
mod list;
mod literal;
mod marker;
mod path;
mod place;
mod policy;
mod restore;
mod splice;
mod target;
mod verify;

pub use direction::Direction;
pub use marker::{MARKER, marker};

use crate::code::{self, Evaluated, Options};
use crate::model::{Catalog, Declared, Edit, Finding, Fix, FixKind, Kind, Refusal, Tree};
use direction::Way;
use std::collections::BTreeMap;
use verify::Verifier;

/// One stack's code.
pub struct Stack<'a> {
    /// The repository's files.
    pub tree: &'a Tree,
    /// The folder of its root module; empty for the root.
    pub folder: &'a str,
    /// How it is evaluated.
    pub options: &'a Options,
    /// What it says, secrets replaced.
    pub declared: &'a Declared,
    /// How the provider sees each type.
    pub catalog: &'a Catalog,
}

/// The files that change, each with its whole new content.
pub type Changed = BTreeMap<String, Vec<u8>>;

/// Fills in what is done about each finding, all in one direction, and makes the files that change.
pub fn plan(findings: &mut [Finding], stack: &Stack<'_>, direction: Direction) -> Changed {
    plan_with(findings, stack, |_| direction)
}

/// Fills in what is done about each finding, in the direction of its own, and makes the files that change. Of findings
/// whose edits exclude one another the first is fixed.
pub fn plan_with(
    findings: &mut [Finding],
    stack: &Stack<'_>,
    direction: impl Fn(&Finding) -> Direction,
) -> Changed {
    let before = code::evaluate(stack.tree, stack.folder, stack.options);
    let fixes: Vec<_> = findings
        .iter()
        .map(|finding| fix(finding, findings, stack, &before, direction(finding)))
        .collect();
    let mut all: Vec<Edit> = Vec::new();
    for (finding, fix) in findings.iter_mut().zip(fixes) {
        finding.fix = fix.map(|fix| match splice::join(&all, &fix.edits) {
            Ok(joined) => {
                all = joined;
                fix
            }
            Err(clash) => Fix::refused(Refusal {
                reason: clash,
                block: by_hand::block(finding, stack.catalog),
                command: None,
            }),
        });
    }
    splice::files(stack.tree, &all)
}

/// What is done about one finding; none where nothing is to be done unasked.
fn fix(
    finding: &Finding,
    all: &[Finding],
    stack: &Stack<'_>,
    before: &Evaluated,
    direction: Direction,
) -> Option<Fix> {
    let way = direction.way(finding)?;
    let planned = match (way, finding.kind) {
        (Way::Adopt, Kind::Modified) => adopt::plan(finding, all, stack)
            .map(|(edits, wanted)| (FixKind::Adopt, edits, wanted, None)),
        (Way::Restore, Kind::Modified) => {
            restore::plan(finding, all, stack).map(|(edits, wanted)| {
                let reason = match edits.is_empty() {
                    true => restore::REASON,
                    false => restore::PINNED,
                };
                (FixKind::Restore, edits, wanted, Some(reason))
            })
        }
        (Way::Adopt, Kind::Deleted) => {
            forget::plan(finding, stack).map(|edits| (FixKind::Forget, edits, Vec::new(), None))
        }
        (Way::Restore, Kind::Deleted) => Ok((
            FixKind::Restore,
            Vec::new(),
            Vec::new(),
            Some(restore::MADE_ANEW),
        )),
        (_, Kind::Unmanaged) => Err(by_hand::unmanaged(finding)),
        (_, Kind::CodeOnly | Kind::StateOnly) => return None,
    };
    let verified = planned.and_then(|(kind, edits, wanted, reason)| {
        let gone = finding.address.as_ref().filter(|_| kind == FixKind::Forget);
        let verifier = Verifier { stack, before };
        verifier.check(&edits, &wanted, gone)?;
        Ok(Fix {
            reason: reason.map(str::to_owned),
            ..Fix::of(kind, edits)
        })
    });
    Some(verified.unwrap_or_else(|reason| {
        Fix::refused(Refusal {
            reason,
            block: by_hand::block(finding, stack.catalog),
            command: by_hand::command(finding, stack.catalog),
        })
    }))
}

/// The files that the fixes of these findings change, each with its whole new content.
pub fn files(tree: &Tree, findings: &[&Finding]) -> Changed {
    let fixes = findings.iter().filter_map(|finding| finding.fix.as_ref());
    let edits = fixes.fold(Vec::new(), |all, fix| {
        splice::join(&all, &fix.edits).unwrap_or(all)
    });
    splice::files(tree, &edits)
}

/// The changes as `git apply` takes them.
pub fn diff(tree: &Tree, changed: &Changed) -> String {
    let mut all = String::new();
    for (path, after) in changed {
        let before = tree.text(path).unwrap_or_default();
        let after = String::from_utf8_lossy(after);
        let diff = similar::TextDiff::from_lines(before, after.as_ref());
        let (old, new) = (format!("a/{path}"), format!("b/{path}"));
        let old = if tree.files.contains_key(path) {
            old.as_str()
        } else {
            "/dev/null"
        };
        all.push_str(
            &diff
                .unified_diff()
                .context_radius(3)
                .header(old, &new)
                .to_string(),
        );
    }
    all
}
