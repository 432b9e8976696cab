//! Functions on numbers.

use super::{Call, double};
use crate::code::convert::convert;
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::number::Number;
use crate::code::size::VALUE;
use crate::code::typed::Typed;
use crate::code::types::Type;

/// The longest `range`: Terraform's own limit.
const MAX_RANGE: usize = 1024;
/// The largest base of `parseint` that is evaluated.
const MAX_BASE: i64 = 36;
/// Terraform's largest base.
const MAX_TERRAFORM_BASE: i64 = 62;

/// Returns a number as a value; unknown where it is out of bounds.
fn known(number: Option<Number>) -> Typed {
    number.map_or(Typed::Unknown(Type::Number), Typed::from)
}

pub(super) fn abs(call: &Call<'_, '_>) -> Evaluated {
    Ok(call.number(0)?.absolute().into())
}

pub(super) fn ceil(call: &Call<'_, '_>) -> Evaluated {
    Ok(known(call.number(0)?.rounded_to(true)))
}

pub(super) fn floor(call: &Call<'_, '_>) -> Evaluated {
    Ok(known(call.number(0)?.rounded_to(false)))
}

pub(super) fn signum(call: &Call<'_, '_>) -> Evaluated {
    let number = call.number(0)?;
    number.whole::<i64>().ok_or(Invalid)?;
    let sign = if number.is_zero() {
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

/// Two numbers as doubles.
fn doubles(call: &Call<'_, '_>) -> Result<(f64, f64), Invalid> {
    let number = |at| call.number(at)?.as_double().ok_or(Invalid);
    Ok((number(0)?, number(1)?))
}

pub(super) fn log(call: &Call<'_, '_>) -> Evaluated {
    let (number, base) = doubles(call)?;
    if number < 0.0 || base < 0.0 {
        return Err(Fault::Invalid);
    }
    let quotient = || Number::double(double::ln(number)? / double::ln(base)?);
    Ok(known(quotient()))
}

pub(super) fn pow(call: &Call<'_, '_>) -> Evaluated {
    let (number, power) = doubles(call)?;
    if number < 0.0 && power.fract() != 0.0 {
        return Err(Fault::Invalid);
    }
    Ok(known(double::pow(number, power).and_then(Number::double)))
}

pub(super) fn parseint(call: &Call<'_, '_>) -> Evaluated {
    let (text, base) = (call.text(0)?, call.whole(1)?);
    if !(2..=MAX_TERRAFORM_BASE).contains(&base) {
        return Err(Fault::Invalid);
    }
    if base > MAX_BASE {
        return Ok(Typed::Unknown(Type::Number));
    }
    let base = u32::try_from(base).map_err(|_| Invalid)?;
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(base)) {
        return Err(Fault::Invalid);
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    Ok(known(Number::in_base(text, base)))
}

pub(super) fn sum(call: &Call<'_, '_>) -> Evaluated {
    let items = call.items(0)?;
    let mut numbers = Vec::with_capacity(items.len());
    for item in items {
        if item.is_null() {
            return Err(Fault::Invalid);
        }
        numbers.push(convert(item.clone(), &Type::Number, call.budget())?);
    }
    let mut numbers = numbers.iter().map(Typed::as_number);
    let first = numbers.next().ok_or(Invalid)?.cloned();
    let sum = numbers.try_fold(first, |sum, number| Some(Some(sum?.plus(number?)?)));
    Ok(known(sum.flatten()))
}

pub(super) fn range(call: &Call<'_, '_>) -> Evaluated {
    let zero = Number::count(0);
    let bounds = numbers(call)?;
    let (start, end, step) = match bounds.as_slice() {
        [end] => (&zero, *end, None),
        [start, end] => (*start, *end, None),
        [start, end, step] => (*start, *end, Some((*step).clone())),
        _ => return Err(Fault::Invalid),
    };
    let is_down = end < start;
    let step = step.unwrap_or_else(|| Number::count(if is_down { -1 } else { 1 }));
    if step.is_zero() || start != end && step.is_negative() != is_down {
        return Err(Fault::Invalid);
    }
    let (mut items, mut number) = (Vec::new(), start.clone());
    while if is_down {
        number > *end
    } else {
        number < *end
    } {
        if items.len() >= MAX_RANGE {
            return Err(Fault::Invalid);
        }
        call.budget().take(VALUE)?;
        let Some(next) = number.plus(&step) else {
            return Ok(Typed::Unknown(Type::list(Type::Number)));
        };
        items.push(Typed::from(std::mem::replace(&mut number, next)));
    }
    Ok(Typed::List(Type::Number, items))
}
