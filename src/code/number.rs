//! Implements Terraform's numbers: binary with a precision of their own, printed with as few digits as that precision
//! needs.

mod big;
mod decimal;

pub(super) use decimal::{Decimal, Rounding, scientific};

use super::fault::Invalid;
use big::{Big, COUNTED, DOUBLE, WRITTEN};
use num_bigint::BigInt;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

/// A number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Number {
    /// A whole number, as most are.
    Small(Small),
    /// Any other.
    Large(Box<Big>),
}

/// A 64-bit integer with its precision in bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Small {
    number: i64,
    precision: u64,
}

/// The precision does not count in comparisons.
impl PartialEq for Small {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Small {}

impl From<Big> for Number {
    fn from(big: Big) -> Self {
        let small = big.whole().filter(|_| big.is_exact());
        match small {
            Some(number) => Self::Small(Small {
                number,
                precision: big.precision,
            }),
            None => Self::Large(Box::new(big)),
        }
    }
}

impl Number {
    fn small(number: i64, precision: u64) -> Self {
        Self::Small(Small { number, precision })
    }

    fn big(&self) -> Cow<'_, Big> {
        match self {
            Self::Small(small) => {
                Cow::Owned(Big::whole_number(small.number.into(), small.precision))
            }
            Self::Large(big) => Cow::Borrowed(big),
        }
    }

    /// Returns both numbers where both are small, with the precision of the result.
    fn both(&self, other: &Self) -> Option<(i64, i64, u64)> {
        match (self, other) {
            (Self::Small(left), Self::Small(right)) => Some((
                left.number,
                right.number,
                left.precision.max(right.precision),
            )),
            _ => None,
        }
    }

    /// Combines two numbers with `small` where both are small, else with `big`. Returns `None` where the result is out
    /// of bounds.
    fn of_two(
        &self,
        other: &Self,
        small: fn(i64, i64) -> Option<i64>,
        big: fn(&Big, &Big) -> Big,
    ) -> Option<Self> {
        let of_small = self.both(other).and_then(|(left, right, precision)| {
            Some(Self::small(small(left, right)?, precision)).filter(|_| precision >= COUNTED)
        });
        of_small.or_else(|| Self::bounded(big(&self.big(), &other.big())))
    }

    /// Returns a number, unless it is out of bounds.
    fn bounded(big: Big) -> Option<Self> {
        big.is_bounded().then(|| big.into())
    }

    /// Parses a decimal number; `None` where the text is none, or has too many digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Big::parse(text).and_then(Self::bounded)
    }

    /// Parses what Terraform accepts as a number. Returns `None` where it is out of bounds.
    ///
    /// # Errors
    /// The text is no number.
    pub(super) fn read(text: &str) -> Result<Option<Self>, Invalid> {
        match Self::parse(text) {
            Some(number) => Ok(Some(number)),
            None if is_number(text) => Ok(None),
            None => Err(Invalid),
        }
    }

    /// Creates the number of an integer literal; `None` where the parser may have lost digits.
    pub(super) fn written(number: i64) -> Option<Self> {
        let is_exact = number.unsigned_abs() < 1 << DOUBLE;
        is_exact.then(|| Self::small(number, WRITTEN))
    }

    /// Creates a number from an integer.
    pub(super) fn count(number: impl Into<i64>) -> Self {
        Self::small(number.into(), COUNTED)
    }

    /// Converts a double; `None` for NaN and infinity.
    pub(super) fn double(number: f64) -> Option<Self> {
        Big::double(number).map(Self::from)
    }

    /// Parses a whole number in a base of 2 to 36.
    pub(super) fn in_base(text: &str, base: u32) -> Option<Self> {
        Big::in_base(text, base).map(Self::from)
    }

    /// Adds; `None` where the sum is out of bounds.
    pub(super) fn plus(&self, other: &Self) -> Option<Self> {
        self.of_two(other, i64::checked_add, Big::plus)
    }

    /// Subtracts; `None` where the difference is out of bounds.
    pub(super) fn minus(&self, other: &Self) -> Option<Self> {
        self.of_two(other, i64::checked_sub, |left, right| {
            left.plus(&right.negated())
        })
    }

    /// Returns whether a product or quotient is negative zero, which Terraform distinguishes from zero.
    fn makes_negative_zero(&self, other: &Self) -> bool {
        let is_zero = self.is_zero() || other.is_zero();
        is_zero && self.is_negative() != other.is_negative()
    }

    /// Multiplies; `None` where the product is out of bounds or negative zero.
    pub(super) fn times(&self, other: &Self) -> Option<Self> {
        let product = || self.of_two(other, i64::checked_mul, Big::times);
        (!self.makes_negative_zero(other)).then(product)?
    }

    /// Divides; `None` by zero, and where the quotient is out of bounds or negative zero.
    pub(super) fn divided_by(&self, other: &Self) -> Option<Self> {
        let quotient = || Self::bounded(self.big().divided_by(&other.big())?);
        (!self.makes_negative_zero(other)).then(quotient)?
    }

    /// Returns the remainder of a division, with its own sign and precision; itself for a divisor of zero. Returns
    /// `None` where the quotient is out of bounds.
    pub(super) fn modulo(&self, divisor: &Self) -> Option<Self> {
        if divisor.is_zero() || self.is_zero() {
            return Some(self.clone());
        }
        let quotient = self.divided_by(divisor)?.truncated();
        Self::bounded(self.big().less(&quotient.big(), &divisor.big()))
    }

    pub(super) fn negated(&self) -> Self {
        self.big().negated().into()
    }

    pub(super) fn absolute(&self) -> Self {
        if self.is_negative() {
            self.negated()
        } else {
            self.clone()
        }
    }

    /// Drops the fraction.
    fn truncated(&self) -> Self {
        match self {
            Self::Small(_) => self.clone(),
            Self::Large(big) => big.truncated().into(),
        }
    }

    /// Rounds to a whole number, up or down; `None` where it is out of bounds.
    pub(super) fn rounded_to(&self, upwards: bool) -> Option<Self> {
        let whole = self.truncated();
        if whole == *self || self.is_negative() == upwards {
            Some(whole)
        } else {
            whole.plus(&Self::count(if upwards { 1 } else { -1 }))
        }
    }

    pub(super) fn is_negative(&self) -> bool {
        match self {
            Self::Small(small) => small.number < 0,
            Self::Large(big) => big.is_negative(),
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        matches!(self, Self::Small(small) if small.number == 0)
    }

    /// Converts to an integer type, where it fits.
    pub(super) fn whole<N: TryFrom<BigInt>>(&self) -> Option<N> {
        self.big().whole()
    }

    /// Returns the nearest double.
    pub(super) fn as_double(&self) -> Option<f64> {
        let near = self.big().as_double();
        near.or_else(|| self.to_string().parse().ok())
    }

    /// Returns the number in decimals, without its sign.
    pub(super) fn decimal(&self, rounding: Rounding) -> Decimal {
        self.big().decimal(rounding)
    }
}

/// Returns whether Terraform takes a text for a number.
fn is_number(text: &str) -> bool {
    let bare = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (digits, power) = match bare.split_once(['e', 'E', 'p', 'P']) {
        Some((digits, power)) => (digits, power.strip_prefix(['-', '+']).unwrap_or(power)),
        None => (bare, "0"),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_digits = !power.is_empty() && whole.len() + fraction.len() > 0;
    let is_decimal = has_digits && [whole, fraction, power].into_iter().all(is_digits);
    is_decimal || matches!(bare, "inf" | "Inf")
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Small(small) => small.number.fmt(f),
            Self::Large(big) => big.fmt(f),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.both(other) {
            Some((left, right, _)) => left.cmp(&right),
            None => self.big().compare(&other.big()),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<&crate::model::Number> for Number {
    fn from(number: &crate::model::Number) -> Self {
        let zero = || Self::count(0);
        Self::parse(&number.to_string()).unwrap_or_else(zero)
    }
}

impl From<&Number> for crate::model::Value {
    fn from(number: &Number) -> Self {
        let plain = crate::model::Number::parse(&number.to_string());
        plain.map_or(Self::Unknown, Self::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn a_number_is_printed_as_shortly_as_its_precision_allows() {
        for (text, printed) in [
            ("0", "0"),
            ("3.50", "3.5"),
            ("1e20", "100000000000000000000"),
            ("1e-7", "0.0000001"),
            ("-0.1", "-0.1"),
            (
                "123456789012345678901234567890.5",
                "123456789012345678901234567890.5",
            ),
        ] {
            assert_eq!(read(text).to_string(), printed, "{text}");
        }
        let third = read("1").divided_by(&read("3")).unwrap().to_string();
        assert_eq!(third, format!("0.{}5", "3".repeat(154)));
        assert_eq!(read("0.1").plus(&read("0.2")).unwrap().to_string(), "0.3");
        assert_eq!(
            Number::double(2.0_f64.sqrt()).unwrap().to_string(),
            "1.4142135623730951"
        );
        assert_eq!(
            Number::count(1)
                .divided_by(&Number::count(3))
                .unwrap()
                .to_string(),
            "0.33333333333333333334"
        );
    }

    #[test]
    fn what_is_left_of_a_division_has_the_sign_of_what_is_divided() {
        for (dividend, divisor, remainder) in [
            ("5", "3", "2"),
            ("-5", "3", "-2"),
            ("5.5", "2", "1.5"),
            ("5", "0", "5"),
        ] {
            assert_eq!(
                read(dividend).modulo(&read(divisor)),
                Some(read(remainder)),
                "{dividend} % {divisor}"
            );
        }
        assert_eq!(read("-1.5").rounded_to(false), Some(read("-2")));
        assert_eq!(read("-1.5").rounded_to(true), Some(read("-1")));
        assert_eq!(read("1.5").rounded_to(true), Some(read("2")));
    }

    #[test]
    fn what_is_out_of_bounds_is_a_number_that_is_not_evaluated() {
        let (large, small) = (read("1e999"), read("1e-999"));
        assert_eq!(large.times(&large), None);
        assert_eq!(small.times(&small), None);
        assert_eq!(large.divided_by(&small), None);
        assert_eq!(large.modulo(&small), None);
        assert_eq!(read("0").times(&read("-1")), None, "a negative zero");
        for text in ["1e2000", "1e-2000", "1p3", "-0", "Inf", &"9".repeat(2000)] {
            assert_eq!(Number::read(text), Ok(None), "{text}");
        }
        for text in ["", ".", "e5", "1e", "1e5.5", "0x10", "1_000", " 5", "NaN"] {
            assert_eq!(Number::read(text), Err(Invalid), "{text}");
        }
    }

    #[test]
    fn the_nearest_double_is_that_of_the_decimals() {
        for text in [
            "0",
            "1",
            "-3.7",
            "0.1",
            "1e300",
            "1e-310",
            "9007199254740993",
        ] {
            let double: f64 = text.parse().unwrap();
            assert_eq!(read(text).as_double(), Some(double), "{text}");
        }
        let third = read("1").divided_by(&read("3")).unwrap();
        assert_eq!(third.as_double(), Some(1.0 / 3.0));
    }
}
