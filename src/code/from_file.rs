//! Values that a function reads from a file of the repository: a person edits them there.

use super::functions::file::path_of;
use super::scope::Scope;
use super::trace::trace;
use crate::model::Uneditable;
use hcl_edit::Span;
use hcl_edit::expr::{Expression, FuncCall};

/// Functions that read the file which their first argument names.
const READ: &[&str] = &["file", "templatefile"];
/// Functions that give what their first argument holds in another form.
const DECODE: &[&str] = &[
    "jsondecode",
    "yamldecode",
    "csvdecode",
    "jsonencode",
    "yamlencode",
    "trimspace",
    "chomp",
    "merge",
    "flatten",
];

/// Why what a function gives has no literal.
pub(super) fn made_by<'a>(scope: &Scope<'a>, call: &'a FuncCall, left: usize) -> Uneditable {
    let place = scope.file.place(call.span());
    let function = call.name.name.as_str().to_owned();
    let first = call.args.iter().next();
    let from_file = first.and_then(|first| match function.as_str() {
        name if READ.contains(&name) => Some(Uneditable::File {
            file: path_of(scope, first)?,
            function: function.clone(),
            place: place.clone(),
        }),
        name if DECODE.contains(&name) => read_by(scope, first, left),
        _ => None,
    });
    from_file.unwrap_or(Uneditable::Function { function, place })
}

/// That a value comes from a file, where it does.
fn read_by<'a>(scope: &Scope<'a>, expression: &'a Expression, left: usize) -> Option<Uneditable> {
    let why = trace(scope, expression, left).err()?;
    Some(why).filter(is_from_file)
}

/// Whether a value comes from a file.
pub(super) fn is_from_file(why: &Uneditable) -> bool {
    matches!(why, Uneditable::File { .. })
}
