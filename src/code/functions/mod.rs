//! Implements Terraform's functions. Those that need a clock, randomness, a private key or the machine are unknown.
//!
//! A function is a row of the table: its parameters, the type of its result, and its implementation. It requests memory
//! from the budget for a result that is larger than its arguments.

mod collection;
mod conversion;
mod csv;
mod digest;
mod double;
mod encoding;
pub(in crate::code) mod file;
mod format;
mod json;
mod lazy;
mod moment;
mod network;
mod numeric;
mod pattern;
mod sequence;
mod sets;
mod table;
mod text;
mod verb;
mod yaml;
mod yaml_writer;

pub(super) use json::write_text as write_json_text;
pub(super) use lazy::lazy;

use super::budget::{Budget, Excess};
use super::convert::convert;
use super::fault::{Evaluated, Fault, Invalid};
use super::number::Number;
use super::scope::Scope;
use super::size::Size;
use super::typed::Typed;
use super::types::Type;
use num_bigint::BigInt;
use std::collections::BTreeMap;
use table::FUNCTIONS;

/// One function.
struct Function {
    name: &'static str,
    parameters: &'static [Parameter],
    /// The variadic parameter.
    rest: Option<Parameter>,
    /// The type of its result.
    returns: Kind,
    call: fn(&Call<'_, '_>) -> Evaluated,
}

/// The arguments that a parameter accepts.
#[derive(Debug, Clone, Copy)]
struct Parameter {
    kind: Kind,
    /// Whether null is accepted.
    takes_null: bool,
    /// Whether partly unknown arguments are accepted.
    takes_parts: bool,
    /// Whether unknown arguments are accepted.
    takes_unknown: bool,
}

/// The type of a parameter or of a result.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Any,
    Flag,
    Number,
    Text,
    List,
    Texts,
    Flags,
    Set,
    TextLists,
}

impl Kind {
    fn kind(self) -> Type {
        match self {
            Self::Any => Type::Any,
            Self::Flag => Type::Bool,
            Self::Number => Type::Number,
            Self::Text => Type::String,
            Self::List => Type::list(Type::Any),
            Self::Texts => Type::list(Type::String),
            Self::Flags => Type::list(Type::Bool),
            Self::Set => Type::set(Type::Any),
            Self::TextLists => Type::map(Type::list(Type::String)),
        }
    }
}

const fn parameter(kind: Kind) -> Parameter {
    Parameter {
        kind,
        takes_null: false,
        takes_parts: false,
        takes_unknown: false,
    }
}

impl Parameter {
    /// Accepts partly unknown arguments.
    const fn in_parts(self) -> Self {
        Self {
            takes_parts: true,
            ..self
        }
    }

    /// Accepts unknown arguments.
    const fn or_unknown(self) -> Self {
        Self {
            takes_unknown: true,
            ..self
        }
    }

    /// Accepts null.
    const fn or_null(self) -> Self {
        Self {
            takes_null: true,
            ..self
        }
    }
}

/// The arguments of one call, converted to the types of the parameters.
struct Call<'c, 'a> {
    arguments: Vec<Typed>,
    scope: &'c Scope<'a>,
}

impl Call<'_, '_> {
    fn budget(&self) -> &Budget {
        self.scope.budget()
    }

    fn argument(&self, at: usize) -> Result<&Typed, Invalid> {
        self.arguments.get(at).ok_or(Invalid)
    }

    fn text(&self, at: usize) -> Result<&str, Invalid> {
        self.argument(at)?.as_str().ok_or(Invalid)
    }

    fn number(&self, at: usize) -> Result<&Number, Invalid> {
        self.argument(at)?.as_number().ok_or(Invalid)
    }

    /// Returns an argument as an integer.
    fn whole<N: TryFrom<BigInt>>(&self, at: usize) -> Result<N, Invalid> {
        self.number(at)?.whole().ok_or(Invalid)
    }

    fn items(&self, at: usize) -> Result<&[Typed], Invalid> {
        self.argument(at)?.items().ok_or(Invalid)
    }

    fn entries(&self, at: usize) -> Result<&BTreeMap<String, Typed>, Invalid> {
        self.argument(at)?.entries().ok_or(Invalid)
    }

    /// Charges the budget for comparing a value with each item.
    fn charge_comparison(&self, items: &[Typed], value: &Typed) -> Result<(), Excess> {
        let size = Size::of_typed(value);
        self.budget().take(size.bytes)?;
        self.budget().work(items.len().saturating_mul(size.items))
    }

    /// Builds a string, after requesting its memory.
    fn new_text(&self, length: usize, make: impl FnOnce() -> String) -> Evaluated {
        self.budget().take_text(length)?;
        Ok(Typed::text(make()))
    }
}

/// Calls a function.
///
/// # Errors
/// Terraform refuses the call, or the result would exceed a limit.
pub(super) fn call(name: &str, arguments: Vec<Typed>, scope: &Scope<'_>) -> Evaluated {
    let row = FUNCTIONS.binary_search_by(|function| function.name.cmp(name));
    let Some(function) = row.ok().and_then(|row| FUNCTIONS.get(row)) else {
        return Ok(Typed::UNKNOWN);
    };
    if arguments.len() < function.parameters.len()
        || arguments.len() > function.parameters.len() && function.rest.is_none()
    {
        return Err(Fault::Invalid);
    }
    let budget = scope.budget();
    let parameters = function
        .parameters
        .iter()
        .chain(function.rest.iter().cycle());
    let (mut taken, mut is_known) = (Vec::with_capacity(arguments.len()), true);
    for (argument, parameter) in arguments.into_iter().zip(parameters) {
        if argument.is_null() && !parameter.takes_null {
            return Err(Fault::Invalid);
        }
        let size = Size::of_typed(&argument);
        budget.work(size.items)?;
        // The answer is made of the arguments, each once at most.
        budget.take(size.bytes)?;
        let argument = convert(argument, &parameter.kind.kind(), budget)?;
        is_known &= match argument.is_unknown() {
            true => parameter.takes_unknown,
            false => parameter.takes_parts || !argument.has_unknown(),
        };
        taken.push(argument);
    }
    if !is_known {
        return Ok(Typed::Unknown(function.returns.kind()));
    }
    let call = Call {
        arguments: taken,
        scope,
    };
    let answer = (function.call)(&call)?;
    Ok(scope.instance.marked(name, &call.arguments, answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        assert!(FUNCTIONS.is_sorted_by(|left, right| left.name < right.name));
    }
}
