//! Values that a function reads from a file of the repository: a person edits them there.

use super::functions::file::path_of;
use super::scope::Scope;
use super::trace::{End, trace};
use crate::model::Uneditable;
use hcl_edit::Span;
use hcl_edit::expr::{Expression, ForExpr, FuncCall};

/// Functions that read the file which their first argument names.
const READ: &[&str] = &["file", "templatefile"];
/// Functions whose result comes from their first argument: if that is read from a file, so is the result.
const PASS_THROUGH: &[&str] = &[
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

/// Returns why the result of a function call cannot be edited in place.
pub(super) fn function_reason<'a>(
    scope: &Scope<'a>,
    call: &'a FuncCall,
    depth_left: usize,
) -> Uneditable {
    let place = scope.file.place(call.span());
    let function = call.name.name.as_str().to_owned();
    let first = call.args.iter().next();
    let from_file = first.and_then(|first| match function.as_str() {
        name if READ.contains(&name) => Some(Uneditable::File {
            file: path_of(scope, first)?,
            function: function.clone(),
            place: place.clone(),
        }),
        name if PASS_THROUGH.contains(&name) => file_reason(scope, first, depth_left),
        _ => None,
    });
    from_file.unwrap_or(Uneditable::Function { function, place })
}

/// Returns the reason that names the file which a value is read from; `None` where it is read from none.
fn file_reason<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    depth_left: usize,
) -> Option<Uneditable> {
    // A local value may lead back to itself.
    let depth_left = depth_left.checked_sub(1)?;
    let why = match trace(scope, expression, depth_left) {
        Ok(End::Code(scope, Expression::ForExpr(each), _)) => for_reason(&scope, each, depth_left),
        Ok(End::Code(scope, Expression::FuncCall(call), _)) => {
            function_reason(&scope, call, depth_left)
        }
        Ok(End::FileValue(given, _)) => data_file_reason(scope, expression, &given.source.file)?,
        traced => traced.err()?,
    };
    Some(why).filter(is_from_file)
}

/// Returns the reason that names the data file which a value is in; `None` for other files.
fn data_file_reason(scope: &Scope<'_>, expression: &Expression, file: &str) -> Option<Uneditable> {
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

/// Returns why the result of a `for` cannot be edited in place.
pub(super) fn for_reason<'a>(
    scope: &Scope<'a>,
    each: &'a ForExpr,
    depth_left: usize,
) -> Uneditable {
    let why = file_reason(scope, &each.intro.collection_expr, depth_left);
    why.unwrap_or_else(|| Uneditable::Computed(scope.file.place(each.span())))
}

/// Returns whether the reason is that a value comes from a file.
fn is_from_file(why: &Uneditable) -> bool {
    match why {
        Uneditable::Output { why, .. } => is_from_file(why),
        why => matches!(why, Uneditable::File { .. }),
    }
}
