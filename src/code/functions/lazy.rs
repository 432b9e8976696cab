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
    let dangling = &scope.instance.context.dangling;
    let mark = dangling.borrow().mark();
    for argument in arguments {
        if let Ok(value) = scope.value(argument) {
            dangling.borrow_mut().catch(mark);
            return Ok(match value.has_unknown() {
                true => Typed::UNKNOWN,
                false => value,
            });
        }
    }
    Err(Fault::Invalid)
}

fn is_valid(scope: &Scope<'_>, arguments: &[&Expression]) -> Evaluated {
    let [argument] = arguments else {
        return Err(Fault::Invalid);
    };
    let dangling = &scope.instance.context.dangling;
    let mark = dangling.borrow().mark();
    let value = scope.value(argument);
    dangling.borrow_mut().catch(mark);
    Ok(match value {
        Ok(value) if value.has_unknown() => Typed::Unknown(Type::Bool),
        Ok(_) => true.into(),
        Err(Invalid) => false.into(),
    })
}
