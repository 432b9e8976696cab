//! Functions that look at their arguments' expressions: those that go on where one is refused, and templates.

use super::file;
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::scope::Scope;
use crate::code::typed::Typed;
use crate::code::types::Type;
use hcl_edit::expr::Expression;

type Lazy = fn(&Scope<'_>, &[&Expression]) -> Evaluated;

/// A function that evaluates its arguments itself.
pub(in crate::code) fn lazy(name: &str) -> Option<Lazy> {
    match name {
        "try" => Some(first_valid),
        "can" => Some(is_valid),
        "templatefile" => Some(file::templatefile),
        "templatestring" => Some(file::templatestring),
        _ => None,
    }
}

/// The first argument that Terraform does not refuse. One that is unknown in part may yet be refused.
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
