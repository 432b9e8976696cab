//! `format` and `formatlist`.

use super::Call;
use super::verb::{self, Verb};
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::typed::Typed;
use crate::code::types::Type;

pub(super) fn format(call: &Call<'_, '_>) -> Evaluated {
    let arguments: Vec<_> = call.arguments.iter().skip(1).collect();
    formatted(call, &arguments)
}

/// Formats arguments. The result is unknown with a null without a type, as in Terraform.
fn formatted(call: &Call<'_, '_>, arguments: &[&Typed]) -> Evaluated {
    if arguments.contains(&&Typed::NULL) {
        return Ok(Typed::Unknown(Type::String));
    }
    let (mut text, mut rest) = (String::new(), call.text(0)?);
    let (mut next, mut used) = (0, 0);
    while let Some((before, after)) = rest.split_once('%') {
        call.budget()
            .take_text(text.len().saturating_add(before.len()))?;
        text.push_str(before);
        let (verb, after) = Verb::parse(after)?;
        rest = after;
        if verb.mode == '%' {
            text.push('%');
            continue;
        }
        let at = verb.argument.unwrap_or(next);
        let argument = arguments.get(at).ok_or(Invalid)?;
        (next, used) = (at + 1, used.max(at + 1));
        text.push_str(&verb::written(call, &verb, argument)?);
    }
    if used < arguments.len() {
        return Err(Fault::Invalid);
    }
    call.new_text(text.len().saturating_add(rest.len()), || text + rest)
}

/// Formats one string for each element of the lists among the arguments, which have one length.
pub(super) fn formatlist(call: &Call<'_, '_>) -> Evaluated {
    let arguments: Vec<_> = call.arguments.iter().skip(1).collect();
    let mut lengths = arguments
        .iter()
        .filter_map(|argument| Some(argument.items()?.len()));
    let length = lengths.next();
    if lengths.any(|other| Some(other) != length) {
        return Err(Fault::Invalid);
    }
    let mut texts = Vec::new();
    for at in 0..length.unwrap_or(1) {
        call.budget().work(arguments.len())?;
        let row = arguments.iter().map(|argument| match argument.items() {
            Some(items) => items.get(at).ok_or(Invalid),
            None => Ok(*argument),
        });
        texts.push(formatted(call, &row.collect::<Result<Vec<_>, _>>()?)?);
    }
    Ok(Typed::List(Type::String, texts))
}
