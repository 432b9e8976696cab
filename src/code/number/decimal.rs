//! Formats numbers as decimals: with the fewest digits that distinguish them, or with a given number of digits.

use super::Number;
use super::big::Big;
use num_bigint::BigUint;
use std::cmp::Ordering;
use std::fmt;

/// The default precision of `%g`.
const USUAL: usize = 6;
/// The smallest exponent that `%g` writes without an exponent.
const MIN_POWER: i64 = -4;

/// The number of digits.
#[derive(Debug, Clone, Copy)]
pub(in crate::code) enum Rounding {
    /// The fewest that distinguish the number.
    Shortest,
    /// This number in all.
    Digits(usize),
    /// This number after the point.
    Fraction(usize),
}

/// A decimal number: `0.digits * 10^point`, without leading and trailing zeros.
#[derive(Debug, Clone)]
pub(in crate::code) struct Decimal {
    /// Its digits; empty for zero.
    pub digits: String,
    /// The number of digits before the point.
    pub point: i64,
}

impl Decimal {
    /// Removes leading and trailing zeros.
    fn new(digits: &str, point: i64) -> Self {
        let bare = digits.trim_start_matches('0');
        let skipped = (digits.len() - bare.len()) as i64;
        let digits = bare.trim_end_matches('0').to_owned();
        let point = if digits.is_empty() {
            0
        } else {
            point - skipped
        };
        Self { digits, point }
    }

    /// Rounds to this number of digits, ties to even.
    fn rounded(&self, length: i64) -> Self {
        let Ok(kept) = usize::try_from(length) else {
            return Self::new("", 0);
        };
        let Some((kept, cut)) = self
            .digits
            .split_at_checked(kept)
            .filter(|(_, cut)| !cut.is_empty())
        else {
            return self.clone();
        };
        let is_odd = kept.bytes().last().is_some_and(|digit| digit % 2 == 1);
        let up = match cut.cmp("5") {
            Ordering::Greater => true,
            Ordering::Equal => is_odd,
            Ordering::Less => false,
        };
        match up {
            true => {
                let up = increased(&format!("0{kept}"));
                Self::new(&up, self.point + 1)
            }
            false => Self::new(kept, self.point),
        }
    }

    /// Returns the digit at a place after the point; before it where the place is negative.
    pub(in crate::code) fn digit(&self, place: i64) -> char {
        let at = usize::try_from(self.point + place).ok();
        let digit = at.and_then(|at| self.digits.as_bytes().get(at));
        digit.map_or('0', |digit| char::from(*digit))
    }

    /// Returns the digits before the point.
    pub(in crate::code) fn whole(&self) -> String {
        if self.point <= 0 {
            return "0".to_owned();
        }
        (-self.point..0).map(|place| self.digit(place)).collect()
    }

    /// Returns the number of digits after the point.
    pub(in crate::code) fn places(&self) -> i64 {
        (self.digits.len() as i64 - self.point).max(0)
    }
}

impl Big {
    /// Returns the number in decimals, without its sign.
    pub(super) fn decimal(&self, rounding: Rounding) -> Decimal {
        let exact = || {
            let digits = decimal(self.mantissa.magnitude().clone(), self.exponent);
            let point = digits.len() as i64 + self.exponent.min(0);
            Decimal::new(&digits, point)
        };
        match rounding {
            Rounding::Shortest if self.is_exact() => exact(),
            Rounding::Shortest => self.shortest(),
            Rounding::Digits(length) => exact().rounded(length as i64),
            Rounding::Fraction(places) => {
                let exact = exact();
                exact.rounded(exact.point + places as i64)
            }
        }
    }

    /// Returns whether it is whole, and its precision distinguishes it from the next whole number.
    pub(super) fn is_exact(&self) -> bool {
        let bits = self.mantissa.bits() as i64 + self.exponent;
        self.is_zero() || self.is_whole() && bits <= self.precision as i64
    }

    fn shortest(&self) -> Decimal {
        let digits = self.mantissa.magnitude();
        // The last bit of the mantissa is half of what it may be off by.
        let missing = (self.precision + 1).saturating_sub(digits.bits());
        let (middle, exponent) = (digits << missing, self.exponent - missing as i64);
        let inclusive = !middle.bit(1);
        let upper = decimal(&middle + 1_u8, exponent);
        let padded = |text: String| "0".repeat(upper.len() - text.len()) + &text;
        let lower = padded(decimal(&middle - 1_u8, exponent));
        let exact = padded(decimal(middle, exponent));
        let point = upper.len() as i64 + exponent.min(0);
        Decimal::new(&nearest(&exact, &lower, &upper, inclusive), point)
    }
}

/// Returns the digits of a mantissa times a power of two. A negative power has that many digits after the point.
fn decimal(mantissa: BigUint, exponent: i64) -> String {
    let power = exponent.unsigned_abs();
    match exponent < 0 {
        true => (mantissa * BigUint::from(5_u8).pow(power as u32)).to_string(),
        false => (mantissa << power).to_string(),
    }
}

/// Returns the shortest digits between two bounds.
fn nearest(exact: &str, lower: &str, upper: &str, inclusive: bool) -> String {
    let kept = exact.trim_end_matches('0').len();
    let (last_lower, last_upper) = (
        lower.trim_end_matches('0').len(),
        upper.trim_end_matches('0').len(),
    );
    let places = exact
        .bytes()
        .zip(lower.bytes().zip(upper.bytes()))
        .enumerate();
    for (at, (digit, (low, high))) in places.take(kept) {
        let length = at + 1;
        let down = low != digit || (inclusive && length == last_lower);
        let up = digit != high && (inclusive || digit + 1 < high || length < last_upper);
        let next = exact.as_bytes().get(length).copied().unwrap_or(b'0');
        let half = exact
            .get(length + 1..kept.max(length + 1))
            .unwrap_or_default();
        let above = next > b'5' || next == b'5' && (!half.is_empty() || (digit - b'0') % 2 == 1);
        match (down, up) {
            (false, false) => {}
            (true, true) if above => return increased(&exact[..length]),
            (false, true) => return increased(&exact[..length]),
            (true, _) => return exact[..length].to_owned(),
        }
    }
    exact[..kept].to_owned()
}

/// Adds one to the last digit.
fn increased(digits: &str) -> String {
    let kept = digits.trim_end_matches('9');
    let zeros = "0".repeat(digits.len() - kept.len());
    let mut bytes = kept.as_bytes().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last += 1;
    }
    String::from_utf8_lossy(&bytes).into_owned() + &zeros
}

impl Number {
    /// Formats as `%g`: with or without an exponent, whichever is shorter.
    pub(in crate::code) fn general(&self, precision: Option<usize>) -> String {
        let decimal = self.decimal(match precision {
            Some(digits) => Rounding::Digits(digits.max(1)),
            None => Rounding::Shortest,
        });
        let own = decimal.digits.len() as i64;
        let most = match precision {
            None => USUAL as i64,
            Some(digits) if (digits as i64) > own && own >= decimal.point => own,
            Some(digits) => digits.max(1) as i64,
        };
        let power = decimal.point - 1;
        if !decimal.digits.is_empty() && (power < MIN_POWER || power >= most) {
            return scientific(&decimal, decimal.digits.len() - 1);
        }
        let fraction: String = (0..decimal.places())
            .map(|place| decimal.digit(place))
            .collect();
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{}{point}{fraction}", decimal.whole())
    }
}

/// Formats as `1.234e+05`, with this number of digits after the point.
pub(in crate::code) fn scientific(decimal: &Decimal, places: usize) -> String {
    let power = if decimal.digits.is_empty() {
        0
    } else {
        decimal.point - 1
    };
    let digit = |place: usize| decimal.digit(place as i64 - decimal.point);
    let fraction: String = (1..=places).map(digit).collect();
    let point = if places > 0 { "." } else { "" };
    let sign = if power < 0 { '-' } else { '+' };
    format!(
        "{}{point}{fraction}e{sign}{:02}",
        digit(0),
        power.unsigned_abs()
    )
}

impl fmt::Display for Big {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_negative() {
            f.write_str("-")?;
        }
        let decimal = self.decimal(Rounding::Shortest);
        f.write_str(&decimal.whole())?;
        if decimal.places() > 0 {
            f.write_str(".")?;
        }
        (0..decimal.places()).try_for_each(|place| write!(f, "{}", decimal.digit(place)))
    }
}
