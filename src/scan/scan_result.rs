//! The result of a scan.

use super::load::{Loaded, Stack};
use super::native_shapes::CleanReading;
use crate::aws::Aws;
use crate::code;
use crate::live::Sessions;
use crate::model::{Catalog, Redactor, Region, Report, StackName};
use crate::state;
use std::collections::BTreeSet;

/// A report, with everything needed to plan fixes.
pub struct ScanResult {
    /// The report.
    pub report: Report,
    /// The stacks, in the order of the report.
    pub loaded: Vec<Loaded>,
    /// The code of the stacks that are not in the report.
    pub unreported: Vec<StackCode>,
    /// The provider's schema of each type.
    pub catalog: Catalog,
    /// Replaces secrets, including those known by their text.
    pub redactor: Redactor,
    /// The connection to AWS.
    pub(super) aws: Aws,
    /// The region where neither code nor state names one.
    pub(super) region: Region,
    /// The sessions in AWS, in which fixes are proven.
    pub(super) sessions: Sessions,
    /// The hashes by which events find each stack, in the order of the report; empty where nobody tells of events.
    pub events: Vec<BTreeSet<i64>>,
    /// Native readings that show no difference, which are proven with the fixes.
    pub(super) clean: Vec<CleanReading>,
}

impl ScanResult {
    /// Returns how many calls were sent to AWS so far.
    pub fn aws_calls(&self) -> u64 {
        self.aws.calls()
    }
}

/// The code of a stack, and how it is evaluated.
pub struct StackCode {
    /// The stack's name.
    pub name: StackName,
    /// The folder of its root module; empty for the root.
    pub path: String,
    /// The options of its evaluation.
    pub options: code::Options,
}

impl From<&Stack> for StackCode {
    /// Returns the code of a stack whose state is not read.
    fn from(stack: &Stack) -> Self {
        Self {
            name: stack.name.clone(),
            path: stack.path.clone(),
            options: stack.options(),
        }
    }
}

impl From<Loaded> for StackCode {
    fn from(loaded: Loaded) -> Self {
        Self {
            name: loaded.stack.name,
            path: loaded.stack.path,
            options: loaded.options,
        }
    }
}

impl ScanResult {
    /// Returns whether the stacks were not scanned because other scans use the memory.
    pub fn is_busy(&self) -> bool {
        is_busy(&self.loaded)
    }
}

/// Another stack that runs the code of a reported one.
pub struct StackBeside<'a> {
    /// Its place in the report; `None` where it is not in the report.
    pub at: Option<usize>,
    /// Its name.
    pub name: &'a StackName,
    /// The options with which its code was evaluated.
    pub options: &'a code::Options,
}

/// Returns the other stacks that run the code of the stack at a place in the report.
pub fn stacks_beside<'a>(
    at: usize,
    loaded: &'a [Loaded],
    unreported: &'a [StackCode],
) -> impl Iterator<Item = StackBeside<'a>> {
    let path = loaded.get(at).map(|loaded| loaded.stack.path.as_str());
    let reported = loaded
        .iter()
        .enumerate()
        .filter(move |(other, loaded)| *other != at && path == Some(loaded.stack.path.as_str()));
    let reported = reported.map(|(other, loaded)| StackBeside {
        at: Some(other),
        name: &loaded.stack.name,
        options: &loaded.options,
    });
    let rest = unreported.iter();
    let rest = rest.filter(move |code| path == Some(code.path.as_str()));
    reported.chain(rest.map(|code| StackBeside {
        at: None,
        name: &code.name,
        options: &code.options,
    }))
}

/// Returns whether stacks were not scanned because other scans use the memory.
pub(super) fn is_busy(loaded: &[Loaded]) -> bool {
    loaded.iter().any(|stack| {
        let starved = stack.options.shared.is_starved();
        starved || stack.state.as_ref().is_err_and(state::is_busy)
    })
}
