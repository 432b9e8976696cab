//! Functions that evaluate their arguments themselves: `try` and `can`, which continue after an error, and templates.

use super::file;
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::scope::Scope;
use crate::code::typed::Typed;
use crate::code::types::Type;
use hcl_edit::expr::Expression;

type Lazy = fn(&Scope<'_>, &[&Expression]) -> Evaluated;

/// Returns a function that evaluates its arguments itself.
pub(in crate::code) fn lazy(name: &str) -> Option<Lazy> {
    match name {
        "try" => Some(first_valid),
        "can" => Some(is_valid),
        "templatefile" => Some(file::templatefile),
        "templatestring" => Some(file::templatestring),
        _ => None,
    }
}

/// Returns the first argument that Terraform does not refuse; unknown where that is partly unknown, since Terraform may
/// still refuse it.
fn first_valid(scope: &Scope<'_>, arguments: &[&Expression]) -> Evaluated {
    for argument in arguments {
        match scope.value(argument) {
            Ok(value) if value.has_unknown() => return Ok(Typed::UNKNOWN),
            Ok(value) => return Ok(value),
            Err(Invalid) => {}
        }
    }
    Err(Fault::Invalid)
}

fn is_valid(scope: &Scope<'_>, arguments: &[&Expression]) -> Evaluated {
    let [argument] = arguments else {
        return Err(Fault::Invalid);
    };
    Ok(match scope.value(argument) {
        Ok(value) if value.has_unknown() => Typed::Unknown(Type::Bool),
        Ok(_) => true.into(),
        Err(Invalid) => false.into(),
    })
}
