//! Parses and formats the verbs of `format`: `%s`, `%05.1f`, `%[2]q`.

use super::Call;
use super::json;
use crate::code::convert::convert;
use crate::code::fault::{Fault, Invalid};
use crate::code::number::{Number, Rounding, scientific};
use crate::code::typed::Typed;
use crate::code::types::Type;
use num_bigint::BigInt;
use unicode_segmentation::UnicodeSegmentation;

/// The largest width and precision.
const MAX_WIDTH: usize = 1 << 16;
/// The default precision.
const USUAL: usize = 6;

/// A verb of a format string.
#[derive(Debug, Default)]
pub(super) struct Verb {
    pub mode: char,
    /// The explicit number of its argument.
    pub argument: Option<usize>,
    flags: String,
    width: Option<usize>,
    precision: Option<usize>,
}

impl Verb {
    /// Parses the text after a `%`. Returns the text after the verb as well.
    pub(super) fn parse(text: &str) -> Result<(Self, &str), Invalid> {
        let rest = text.trim_start_matches(['0', '#', '+', '-', ' ']);
        let flags = text[..text.len() - rest.len()].to_owned();
        let (width, rest) = number(rest)?;
        let (precision, rest) = match rest.strip_prefix('.') {
            Some(rest) => {
                let (precision, rest) = number(rest)?;
                (Some(precision.ok_or(Invalid)?), rest)
            }
            None => (None, rest),
        };
        let (argument, rest) = match rest.strip_prefix('[') {
            Some(rest) => {
                let (argument, rest) = number(rest)?;
                let argument = argument.and_then(|argument| argument.checked_sub(1));
                (
                    Some(argument.ok_or(Invalid)?),
                    rest.strip_prefix(']').ok_or(Invalid)?,
                )
            }
            None => (None, rest),
        };
        let mode = rest.chars().next().ok_or(Invalid)?;
        let verb = Self {
            mode,
            argument,
            flags,
            width,
            precision,
        };
        Ok((verb, &rest[mode.len_utf8()..]))
    }

    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    /// Pads a string to the width.
    fn padded(&self, text: String) -> String {
        let missing = self.missing(text.graphemes(true).count());
        let pad = if self.has('0') { "0" } else { " " };
        if self.has('-') {
            text + &pad.repeat(missing)
        } else {
            pad.repeat(missing) + &text
        }
    }

    fn missing(&self, length: usize) -> usize {
        self.width.unwrap_or_default().saturating_sub(length)
    }

    /// Pads digits with a sign to the width.
    fn signed(&self, is_negative: bool, prefix: &str, digits: &str) -> String {
        let sign = match is_negative {
            true => "-",
            false if self.has('+') => "+",
            false if self.has(' ') => " ",
            false => "",
        };
        let missing = self.missing(sign.len() + prefix.len() + digits.len());
        let fill = |pad: &str| pad.repeat(missing);
        if self.has('-') {
            format!("{sign}{prefix}{digits}{}", fill(" "))
        } else if self.has('0') && (self.precision.is_none() || "efgEG".contains(self.mode)) {
            format!("{sign}{prefix}{}{digits}", fill("0"))
        } else {
            format!("{}{sign}{prefix}{digits}", fill(" "))
        }
    }
}

/// Parses the digits at the start of a text.
fn number(text: &str) -> Result<(Option<usize>, &str), Invalid> {
    let rest = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    match &text[..text.len() - rest.len()] {
        "" => Ok((None, rest)),
        digits => {
            let number = digits.parse().ok().filter(|number| *number <= MAX_WIDTH);
            Ok((Some(number.ok_or(Invalid)?), rest))
        }
    }
}

/// Formats an argument with a verb.
pub(super) fn written(call: &Call<'_, '_>, verb: &Verb, argument: &Typed) -> Result<String, Fault> {
    call.budget().take_text(verb.width.unwrap_or_default())?;
    call.budget()
        .take_text(verb.precision.unwrap_or_default())?;
    if argument.is_null() && verb.mode != 'v' {
        return Err(Fault::Invalid);
    }
    let to = |kind: &Type| convert(argument.clone(), kind, call.budget());
    match verb.mode {
        'v' => match argument {
            Typed::String(text) if !verb.has('#') => Ok(verb.padded(text.to_string())),
            Typed::Number(number) if !verb.has('#') => {
                let sign = if number.is_negative() { "-" } else { "" };
                Ok(verb.padded(format!("{sign}{}", number.general(None))))
            }
            other => Ok(verb.padded(text_of(json::encoded(call, other)?)?)),
        },
        't' => text_of(to(&Type::Bool)?),
        's' | 'q' => {
            let text = text_of(to(&Type::String)?)?;
            let text = match verb.precision {
                Some(length) if length > 0 => text.graphemes(true).take(length).collect(),
                _ => text,
            };
            let quoted = verb.mode == 'q';
            let text = if quoted {
                text_of(json::encoded(call, &Typed::String(text.into()))?)?
            } else {
                text
            };
            Ok(verb.padded(text))
        }
        'b' | 'd' | 'o' | 'x' | 'X' => {
            integer(verb, to(&Type::Number)?.as_number().ok_or(Invalid)?)
        }
        'e' | 'E' | 'f' | 'g' | 'G' => {
            let number = to(&Type::Number)?;
            let number = number.as_number().ok_or(Invalid)?;
            let digits = match verb.mode.to_ascii_lowercase() {
                'e' => scientific(
                    &number.decimal(Rounding::Digits(1 + verb.precision.unwrap_or(USUAL))),
                    verb.precision.unwrap_or(USUAL),
                ),
                'f' => fixed(number, verb.precision.unwrap_or(USUAL)),
                _ => number.general(verb.precision),
            };
            let digits = if verb.mode.is_ascii_uppercase() {
                digits.to_uppercase()
            } else {
                digits
            };
            Ok(verb.signed(number.is_negative(), "", &digits))
        }
        _ => Err(Fault::Invalid),
    }
}

fn text_of(value: Typed) -> Result<String, Fault> {
    Ok(value.as_text().ok_or(Invalid)?.into_owned())
}

fn integer(verb: &Verb, number: &Number) -> Result<String, Fault> {
    let whole: BigInt = number.whole().ok_or(Invalid)?;
    let (base, prefix) = match verb.mode {
        'b' => (2, "0b"),
        'o' => (8, "0"),
        'x' => (16, "0x"),
        'X' => (16, "0X"),
        _ => (10, ""),
    };
    let digits = whole.magnitude().to_str_radix(base);
    let digits = if verb.mode == 'X' {
        digits.to_uppercase()
    } else {
        digits
    };
    let missing = verb
        .precision
        .unwrap_or_default()
        .saturating_sub(digits.len());
    let digits = "0".repeat(missing) + &digits;
    let prefix = if verb.has('#') { prefix } else { "" };
    Ok(verb.signed(number.is_negative(), prefix, &digits))
}

fn fixed(number: &Number, places: usize) -> String {
    let decimal = number.decimal(Rounding::Fraction(places));
    let fraction: String = (0..places)
        .map(|place| decimal.digit(place as i64))
        .collect();
    let point = if places > 0 { "." } else { "" };
    format!("{}{point}{fraction}", decimal.whole())
}
