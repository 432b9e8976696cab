//! Names the variables that decide on what was found, where they are null in the code and the state holds a value.

use super::load::Loaded;
use crate::model::{Redactor, Report};
use std::collections::BTreeSet;

/// Adds to the reports of stacks which variables decide on what was found, where they are null in the code.
pub(super) fn add(report: &mut Report, loaded: &[Loaded], redactor: &Redactor) {
    for stack in &mut report.stacks {
        let of_stack = loaded.iter().find(|loaded| loaded.stack.name == stack.name);
        let (Some(loaded), Ok(scanned)) = (of_stack, &mut stack.outcome) else {
            continue;
        };
        let nulls = &loaded.options.null_defaults;
        let mut notes = BTreeSet::new();
        for finding in &scanned.findings {
            let attributes = finding.address.iter().flat_map(|address| {
                let paths = finding.attributes.iter();
                paths.map(move |difference| (address, difference.path.as_str()))
            });
            let behind = attributes.flat_map(|(address, path)| nulls.behind(address, path));
            notes.extend(behind.map(|variable| redactor.mask(&variable.to_string()).into_owned()));
        }
        scanned.notes.extend(notes);
    }
}
