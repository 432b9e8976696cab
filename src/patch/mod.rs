//! Pure: byte splices that make the code right, each verified before it is offered. No tree is ever printed.
//!
//! Each finding gets a plan: code follows live (`adopt`), code enforces what it declares (`restore`), code drops what
//! is gone (`remove`), code takes over what was added (`import`), or the reason why nothing is done, with what to write
//! by hand. A plan stands only if both parsers accept the files it makes, and if the code then evaluates to what is
//! wanted there and to the same as before everywhere else.
#![deny(clippy::disallowed_methods)]

mod adopt;
mod blocks;
mod by_hand;
mod direction;
mod draft;
mod form;
mod import;
mod layout;
mod list;
mod literal;
mod marker;
mod names;
mod path;
mod place;
mod policy;
mod remove;
mod restore;
mod siblings;
mod splice;
mod target;
mod verify;
mod version;

pub use direction::Direction;
pub use marker::{MARKER, marker};

use crate::code::{self, Options};
use crate::model::{
    Catalog, Declared, Difference, Edit, Finding, Fix, FixKind, Kind, Refusal, Tree, Value,
    is_unseen,
};
use direction::Way;
use import::Importer;
use siblings::Siblings;
use std::borrow::Cow;
use std::collections::BTreeMap;
use verify::{Plan, Verifier};

/// Why a fix is refused that nobody had the time to try.
const NO_TIME: &str = "so many fixes, or so large a stack, take too long to try one by one: \
                       `driftguard fix --finding ID` makes this one";

/// How many values may stand in what differs of a resource for it to be edited: lists and sets are compared value by
/// value.
const LARGEST: usize = 10_000;

/// Why a fix is refused that is too large.
const TOO_LARGE: &str = "more than ten thousand values stand in what differs: write it by hand, or by a program of yours";

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
    let all: &[Finding] = findings;
    let ways: Vec<_> = all
        .iter()
        .map(|finding| direction(finding).way(finding))
        .collect();
    // One value may feed several: what goes another way does not change alike.
    let going = |way| -> Siblings<'_> {
        let all = all.iter().zip(&ways);
        let going = all.filter(|(_, other)| **other == Some(way));
        going.map(|(finding, _)| finding).collect()
    };
    let planner = Planner {
        adopted: going(Way::Adopt),
        restored: going(Way::Restore),
        stack,
        verifier: Verifier::new(stack, &before),
        importer: Importer::new(all, &ways, stack, &before),
    };
    let mut edits: Vec<Edit> = Vec::new();
    let mut fixes = Vec::new();
    for (finding, way) in all.iter().zip(&ways) {
        let fix = way.and_then(|way| planner.fix(finding, way));
        fixes.push(fix.map(|fix| match splice::join(&mut edits, &fix.edits) {
            Ok(()) => fix,
            Err(clash) => Fix::refused(Refusal {
                reason: clash,
                block: planner.block(finding),
                command: None,
            }),
        }));
    }
    for (finding, fix) in findings.iter_mut().zip(fixes) {
        finding.fix = fix;
    }
    splice::files(stack.tree, &edits)
}

/// Plans the findings of one stack, one by one.
struct Planner<'a> {
    adopted: Siblings<'a>,
    restored: Siblings<'a>,
    stack: &'a Stack<'a>,
    verifier: Verifier<'a>,
    importer: Importer<'a>,
}

impl Planner<'_> {
    /// What is done about one finding; none where nothing is to be done.
    fn fix(&self, finding: &Finding, way: Way) -> Option<Fix> {
        let interrupt = &self.stack.options.interrupt;
        if interrupt.is_raised() {
            return Some(Fix::untried(NO_TIME));
        }
        let planned = match size(finding) {
            size if size > LARGEST => Err(TOO_LARGE.to_owned()),
            _ => self.plan(finding, way)?,
        };
        let verified = planned.and_then(|(kind, plan, reason)| {
            self.verifier.check(&plan)?;
            Ok(Fix {
                reason: reason.map(str::to_owned),
                ..Fix::of(kind, plan.edits)
            })
        });
        Some(
            verified.unwrap_or_else(|reason| match interrupt.is_raised() {
                // What was evaluated half proves nothing.
                true => Fix::untried(NO_TIME),
                false => Fix::refused(Refusal {
                    reason,
                    block: self.block(finding),
                    command: by_hand::command(finding, self.stack.catalog),
                }),
            }),
        )
    }

    /// The plan of one finding, and what a person must know of it besides.
    fn plan(&self, finding: &Finding, way: Way) -> Option<Planned> {
        let stack = self.stack;
        Some(match (way, finding.kind) {
            (Way::Import, Kind::Unmanaged) => self.importer.plan(finding).map(|plan| {
                let reason = plan.made.is_some().then_some(import::TAKEN);
                (FixKind::Import, plan, reason)
            }),
            (_, Kind::Unmanaged) => Err(by_hand::unmanaged(finding)),
            (Way::Adopt, Kind::Modified) => adopt::plan(finding, &self.adopted, stack)
                .map(|made| (FixKind::Adopt, Plan::of(made), None)),
            (Way::Restore, Kind::Modified) => {
                restore::plan(finding, &self.restored, stack).map(|made| {
                    let reason = match made.0.is_empty() {
                        true => restore::REASON,
                        false => restore::PINNED,
                    };
                    (FixKind::Restore, Plan::of(made), Some(reason))
                })
            }
            (Way::Adopt, Kind::Deleted) => remove::plan(finding, stack).map(|edits| {
                let plan = Plan {
                    edits,
                    gone: finding.address.clone(),
                    ..Plan::default()
                };
                (FixKind::Remove, plan, None)
            }),
            (Way::Restore, Kind::Deleted) => {
                Ok((FixKind::Restore, Plan::default(), Some(restore::MADE_ANEW)))
            }
            (Way::Import, Kind::Modified | Kind::Deleted)
            | (_, Kind::CodeOnly | Kind::StateOnly) => return None,
        })
    }

    /// What a person writes where nothing is done.
    fn block(&self, finding: &Finding) -> Option<String> {
        if size(finding) > LARGEST {
            return None;
        }
        let drafted = self.importer.block(finding);
        drafted.or_else(|| by_hand::block(finding, self.stack.catalog))
    }
}

/// How many values stand in what differs of a resource.
fn size(finding: &Finding) -> usize {
    let differences = finding.attributes.iter();
    let of = |one: &Difference| values(&one.recorded).max(values(&one.live));
    differences.map(of).sum()
}

/// How many values stand in one; a long text counts as several.
fn values(value: &Value) -> usize {
    /// About the length of one value of a policy.
    const TEXT: usize = 64;
    match value {
        Value::List(items) => items.iter().map(values).sum(),
        Value::Map(entries) => entries.values().map(values).sum(),
        Value::String(text) => 1 + text.len() / TEXT,
        _ => 1,
    }
}

/// A kind of fix, its plan, and what a person must know of it besides; or why there is none.
type Planned = Result<(FixKind, Plan, Option<&'static str>), String>;

/// The files that the fixes of these findings change, each with its whole new content.
pub fn files(tree: &Tree, findings: &[&Finding]) -> Changed {
    let mut edits = Vec::new();
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
        // Of those that exclude one another the first was planned.
        let _ = splice::join(&mut edits, &fix.edits);
    }
    splice::files(tree, &edits)
}

/// Replaces the secrets in a text, and keeps its lines.
pub type Mask<'a> = dyn Fn(&str) -> Cow<'_, str> + 'a;

/// A file's name as git writes it in a patch: in quotes, where a line could end in it or a terminal would take it for more.
fn header(name: &str) -> String {
    if !name.contains(|c| is_unseen(c) || matches!(c, '"' | '\\')) {
        return name.to_owned();
    }
    let quoted = name.bytes().map(|byte| match byte {
        b'"' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        byte => format!("\\{byte:03o}"),
    });
    format!("\"{}\"", quoted.collect::<String>())
}

/// The changes as `git apply` takes them, as far as none of the lines around them holds a secret: that is masked.
pub fn diff(tree: &Tree, changed: &Changed, mask: &Mask<'_>) -> String {
    let mut all = String::new();
    for (path, after) in changed {
        // All of a file: a key may begin above the lines that are shown.
        let before = mask(tree.text(path).unwrap_or_default());
        let after = String::from_utf8_lossy(after);
        let after = mask(&after);
        let diff = similar::TextDiff::from_lines(before.as_ref(), after.as_ref());
        let (old, new) = (header(&format!("a/{path}")), header(&format!("b/{path}")));
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
