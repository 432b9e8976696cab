//! Reads the files that code names besides those that are read anyway.

use super::checkout::Checkout;
use crate::code;
use crate::scan::load::Stack;

/// The functions with which code reads files.
const FILE_FUNCTIONS: &[&str] = &[
    "file(",
    "fileset(",
    "fileexists(",
    "filebase64",
    "filemd5(",
    "filesha",
];
/// How many rounds of files may name further ones.
const MAX_READINGS: usize = 3;

/// Reads the files that code names besides what is read anyway. What one of them holds may name others.
pub(super) fn read_named(checkout: &mut Checkout, stacks: &[Stack]) {
    let files = checkout
        .tree
        .files
        .iter()
        .filter(|(path, _)| code::is_code(path) || path.ends_with(".hcl"));
    let mut texts = files.filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok());
    if !texts.any(|text| {
        FILE_FUNCTIONS
            .iter()
            .any(|function| text.contains(function))
    }) {
        return;
    }
    let shared = code::Shared::default();
    for _ in 0..MAX_READINGS {
        let mut requested = code::RequestedFiles::default();
        for stack in stacks {
            let mut options = stack.options();
            options.shared = shared.clone();
            let evaluated = code::evaluate(&checkout.tree, &stack.path, &options);
            requested.files.extend(evaluated.requested.files);
            requested.folders.extend(evaluated.requested.folders);
        }
        if !checkout.read_requested(&requested) {
            return;
        }
    }
}
