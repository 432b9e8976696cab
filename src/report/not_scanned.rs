//! Stacks that could not be scanned, by reason: each reason is one line, however many stacks have it.

use crate::model::{Backend, Report, ScanError, Scanned, StackReport};
use std::collections::BTreeMap;

/// How many stacks are named beside the reason that they have in common.
const NAMED: usize = 10;

/// A stack that was scanned, or those that were not for one reason.
pub(super) enum StackRow<'a> {
    Scanned(&'a StackReport, &'a Scanned),
    NotScanned(NotScanned<'a>),
}

/// Stacks that could not be scanned for one reason.
pub(super) struct NotScanned<'a> {
    pub stacks: Vec<&'a StackReport>,
    pub error: &'a ScanError,
}

impl StackRow<'_> {
    /// Returns how many stacks the row covers.
    pub(super) fn stacks(&self) -> usize {
        match self {
            Self::Scanned(..) => 1,
            Self::NotScanned(row) => row.stacks.len(),
        }
    }
}

impl NotScanned<'_> {
    /// Returns where the state is, if the row covers a single stack.
    pub(super) fn backend(&self) -> Option<&Backend> {
        match self.stacks.as_slice() {
            [stack] => stack.backend.as_ref(),
            _ => None,
        }
    }

    /// Joins the names of the stacks, each formatted by `write`.
    pub(super) fn names(&self, write: impl Fn(&str) -> String) -> String {
        let named = self.stacks.iter().take(NAMED);
        let named: Vec<_> = named.map(|stack| write(stack.name.as_str())).collect();
        match self.stacks.len() - named.len() {
            0 => named.join(", "),
            more => format!("{} and {more} more", named.join(", ")),
        }
    }
}

/// Returns the rows of a report, in its order: stacks with the same reason share the row of the first.
pub(super) fn rows(stacks: &[StackReport]) -> Vec<StackRow<'_>> {
    let mut rows = Vec::new();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for stack in stacks {
        let error = match &stack.outcome {
            Ok(scanned) => {
                rows.push(StackRow::Scanned(stack, scanned));
                continue;
            }
            Err(error) => error,
        };
        let at = *known.entry(&error.message).or_insert(rows.len());
        match rows.get_mut(at) {
            Some(StackRow::NotScanned(row)) => row.stacks.push(stack),
            _ => rows.push(StackRow::NotScanned(NotScanned {
                stacks: vec![stack],
                error,
            })),
        }
    }
    rows
}

/// Lists the stacks that could not be scanned, one line per reason: `a, b and 3 more: the reason`.
pub fn not_scanned(report: &Report) -> Vec<String> {
    let rows = rows(&report.stacks);
    let lines = rows.iter().filter_map(|row| match row {
        StackRow::Scanned(..) => None,
        StackRow::NotScanned(row) => {
            let names = row.names(str::to_owned);
            Some(format!("{names}: {}", row.error))
        }
    });
    lines.collect()
}
