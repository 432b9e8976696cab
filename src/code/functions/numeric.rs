//! Functions on numbers.

use super::Call;
use crate::code::convert::convert;
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::number::Number;
use crate::code::size::VALUE;
use crate::code::typed::Typed;
use crate::code::types::Type;

/// The longest `range`: Terraform's own limit.
const LONGEST: usize = 1024;
/// The largest number of a base whose digits both Terraform and this know alike.
const LARGEST_BASE: i64 = 36;
/// Terraform's own largest base.
const MOST_DIGITS: i64 = 62;

pub(super) fn abs(call: &Call<'_, '_>) -> Evaluated {
    Ok(call.number(0)?.absolute().into())
}

pub(super) fn ceil(call: &Call<'_, '_>) -> Evaluated {
    Ok(call.number(0)?.rounded_to(true).into())
}

pub(super) fn floor(call: &Call<'_, '_>) -> Evaluated {
    Ok(call.number(0)?.rounded_to(false).into())
}

pub(super) fn signum(call: &Call<'_, '_>) -> Evaluated {
    let number = call.number(0)?;
    if !number.is_whole() {
        return Err(Fault::Invalid);
    }
    let sign = if number.is_nought() {
        0
    } else if number.is_negative() {
        -1
    } else {
        1
    };
    Ok(Number::count(sign).into())
}

fn numbers<'c>(call: &'c Call<'_, '_>) -> Result<Vec<&'c Number>, Invalid> {
    let numbers = call.arguments.iter().map(Typed::as_number);
    numbers.collect::<Option<_>>().ok_or(Invalid)
}

pub(super) fn max(call: &Call<'_, '_>) -> Evaluated {
    Ok(numbers(call)?
        .into_iter()
        .max()
        .ok_or(Invalid)?
        .clone()
        .into())
}

pub(super) fn min(call: &Call<'_, '_>) -> Evaluated {
    Ok(numbers(call)?
        .into_iter()
        .min()
        .ok_or(Invalid)?
        .clone()
        .into())
}

/// A number that was computed as a double: none where it is none, as the logarithm of nothing.
fn double(number: f64) -> Evaluated {
    let unknown = Typed::Unknown(Type::Number);
    Ok(Number::double(number).map_or(unknown, Typed::Number))
}

pub(super) fn log(call: &Call<'_, '_>) -> Evaluated {
    let number = call.number(0)?.as_double().ok_or(Invalid)?;
    let base = call.number(1)?.as_double().ok_or(Invalid)?;
    double(number.ln() / base.ln())
}

pub(super) fn pow(call: &Call<'_, '_>) -> Evaluated {
    let number = call.number(0)?.as_double().ok_or(Invalid)?;
    let power = call.number(1)?.as_double().ok_or(Invalid)?;
    double(number.powf(power))
}

pub(super) fn parseint(call: &Call<'_, '_>) -> Evaluated {
    let (text, base) = (call.text(0)?, call.whole(1)?);
    if !(2..=MOST_DIGITS).contains(&base) {
        return Err(Fault::Invalid);
    }
    if base > LARGEST_BASE {
        return Ok(Typed::Unknown(Type::Number));
    }
    let base = u32::try_from(base).map_err(|_| Invalid)?;
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(base)) {
        return Err(Fault::Invalid);
    }
    let number = Number::in_base(text.strip_prefix('+').unwrap_or(text), base);
    Ok(number.map_or(Typed::Unknown(Type::Number), Typed::Number))
}

pub(super) fn sum(call: &Call<'_, '_>) -> Evaluated {
    let items = call.items(0)?;
    let mut sum: Option<Number> = None;
    for item in items {
        if item.is_null() {
            return Err(Fault::Invalid);
        }
        let number = convert(item.clone(), &Type::Number, call.budget())?;
        let number = number.as_number().ok_or(Invalid)?;
        sum = Some(sum.map_or_else(|| number.clone(), |sum| sum.plus(number)));
    }
    Ok(sum.ok_or(Invalid)?.into())
}

pub(super) fn range(call: &Call<'_, '_>) -> Evaluated {
    let nought = Number::count(0);
    let bounds = numbers(call)?;
    let (start, end, step) = match bounds.as_slice() {
        [end] => (&nought, *end, None),
        [start, end] => (*start, *end, None),
        [start, end, step] => (*start, *end, Some((*step).clone())),
        _ => return Err(Fault::Invalid),
    };
    let is_down = end < start;
    let step = step.unwrap_or_else(|| Number::count(if is_down { -1 } else { 1 }));
    if step.is_nought() || start != end && step.is_negative() != is_down {
        return Err(Fault::Invalid);
    }
    let (mut items, mut number) = (Vec::new(), start.clone());
    while if is_down {
        number > *end
    } else {
        number < *end
    } {
        if items.len() >= LONGEST {
            return Err(Fault::Invalid);
        }
        call.budget().take(VALUE)?;
        let next = number.plus(&step);
        items.push(Typed::Number(std::mem::replace(&mut number, next)));
    }
    Ok(Typed::List(Type::Number, items))
}
