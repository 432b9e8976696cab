//! Functions that convert a value, or mark it as sensitive.

use super::Call;
use crate::code::convert::convert;
use crate::code::fault::Evaluated;
use crate::code::types::Type;

/// Returns the argument unchanged. Sensitive values are unknown already.
pub(super) fn same(call: &Call<'_, '_>) -> Evaluated {
    Ok(call.argument(0)?.clone())
}

/// Returns false for known values: sensitive ones are unknown.
pub(super) fn issensitive(_: &Call<'_, '_>) -> Evaluated {
    Ok(false.into())
}

fn to(call: &Call<'_, '_>, kind: &Type) -> Evaluated {
    convert(call.argument(0)?.clone(), kind, call.budget())
}

pub(super) fn tobool(call: &Call<'_, '_>) -> Evaluated {
    to(call, &Type::Bool)
}

pub(super) fn tonumber(call: &Call<'_, '_>) -> Evaluated {
    to(call, &Type::Number)
}

pub(super) fn tostring(call: &Call<'_, '_>) -> Evaluated {
    to(call, &Type::String)
}

pub(super) fn tolist(call: &Call<'_, '_>) -> Evaluated {
    to(call, &Type::list(Type::Any))
}

pub(super) fn toset(call: &Call<'_, '_>) -> Evaluated {
    to(call, &Type::set(Type::Any))
}

pub(super) fn tomap(call: &Call<'_, '_>) -> Evaluated {
    to(call, &Type::map(Type::Any))
}
