//! Values that a function reads from a file of the repository: a person edits them there.

use super::functions::file::path_of;
use super::scope::Scope;
use super::trace::{End, trace};
use crate::model::Uneditable;
use hcl_edit::Span;
use hcl_edit::expr::{Expression, ForExpr, FuncCall};

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

/// Returns the reason that names the file which a value is read from; `None` where it is read from none.
fn read_by<'a>(scope: &Scope<'a>, expression: &'a Expression, left: usize) -> Option<Uneditable> {
    // A local value may lead back to itself.
    let left = left.checked_sub(1)?;
    let why = match trace(scope, expression, left) {
        Ok(End::Code(scope, Expression::ForExpr(each), _)) => computed_by(&scope, each, left),
        Ok(End::Code(scope, Expression::FuncCall(call), _)) => made_by(&scope, call, left),
        Ok(End::Tfvars(given, _)) => in_data(scope, expression, &given.source.file)?,
        traced => traced.err()?,
    };
    Some(why).filter(is_from_file)
}

/// Returns the reason that names the data file which a value is in; `None` for other files.
fn in_data(scope: &Scope<'_>, expression: &Expression, file: &str) -> Option<Uneditable> {
    let (_, ending) = file.rsplit_once('.')?;
    let function = match ending {
        "yaml" | "yml" => "yamldecode",
        "csv" => "csvdecode",
        "json" if !file.ends_with(".tfvars.json") => "jsondecode",
        _ => return None,
    };
    Some(Uneditable::File {
        file: file.to_owned(),
        function: function.to_owned(),
        place: scope.file.place(expression.span()),
    })
}

/// Returns why the result of a `for` is no literal.
pub(super) fn computed_by<'a>(scope: &Scope<'a>, each: &'a ForExpr, left: usize) -> Uneditable {
    let why = read_by(scope, &each.intro.collection_expr, left);
    why.unwrap_or_else(|| Uneditable::Computed(scope.file.place(each.span())))
}

/// Whether a value comes from a file.
fn is_from_file(why: &Uneditable) -> bool {
    matches!(why, Uneditable::File { .. })
}
