//! Numbers as Terraform holds them: binary, with a precision that each carries along, and printed as shortly as that allows.

mod big;
mod decimal;

pub(super) use decimal::{Decimal, Rounding};

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

/// A whole number that fits a register, and its precision in bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Small {
    number: i64,
    precision: u64,
}

/// The precision makes no two numbers of one.
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

    /// Both, where both are small, and the precision of what is made of them.
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

    /// What comes of two small numbers, else of any two.
    fn of_two(
        &self,
        other: &Self,
        small: fn(i64, i64) -> Option<i64>,
        big: fn(&Big, &Big) -> Big,
    ) -> Self {
        let of_small = self.both(other).and_then(|(left, right, precision)| {
            Some(Self::small(small(left, right)?, precision)).filter(|_| precision >= COUNTED)
        });
        of_small.unwrap_or_else(|| big(&self.big(), &other.big()).into())
    }

    /// Reads a number in decimals. None where the text is none, or has more digits than are evaluated.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Big::parse(text).map(Self::from)
    }

    /// A whole number that code writes down; none where a parser may have kept less of it.
    pub(super) fn written(number: i64) -> Option<Self> {
        let is_exact = number.unsigned_abs() < 1 << DOUBLE;
        is_exact.then(|| Self::small(number, WRITTEN))
    }

    /// A whole number that counts something.
    pub(super) fn count(number: impl Into<i64>) -> Self {
        Self::small(number.into(), COUNTED)
    }

    /// The number that a double is; none for what is no number.
    pub(super) fn double(number: f64) -> Option<Self> {
        Big::double(number).map(Self::from)
    }

    /// The whole number of these digits in a base of 2 to 36.
    pub(super) fn in_base(text: &str, base: u32) -> Option<Self> {
        Big::in_base(text, base).map(Self::from)
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        self.of_two(other, i64::checked_add, Big::plus)
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        self.of_two(other, i64::checked_sub, |left, right| {
            left.plus(&right.negated())
        })
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        self.of_two(other, i64::checked_mul, Big::times)
    }

    /// None where it is divided by nought.
    pub(super) fn divided_by(&self, other: &Self) -> Option<Self> {
        self.big().divided_by(&other.big()).map(Self::from)
    }

    /// What is left when it is divided, with its own sign; itself where it is divided by nought.
    pub(super) fn modulo(&self, other: &Self) -> Self {
        let Some(quotient) = self.divided_by(other) else {
            return self.clone();
        };
        self.minus(&quotient.truncated().times(other))
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

    /// Without its fraction.
    fn truncated(&self) -> Self {
        match self {
            Self::Small(_) => self.clone(),
            Self::Large(big) => big.truncated().into(),
        }
    }

    /// The next whole number, upwards or downwards.
    pub(super) fn rounded_to(&self, upwards: bool) -> Self {
        let whole = self.truncated();
        if whole == *self || self.is_negative() == upwards {
            whole
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

    pub(super) fn is_nought(&self) -> bool {
        matches!(self, Self::Small(small) if small.number == 0)
    }

    pub(super) fn is_whole(&self) -> bool {
        match self {
            Self::Small(_) => true,
            Self::Large(big) => big.is_whole(),
        }
    }

    /// As a whole number of this kind, where it is one.
    pub(super) fn whole<N: TryFrom<BigInt>>(&self) -> Option<N> {
        self.big().whole()
    }

    /// The nearest double.
    pub(super) fn as_double(&self) -> Option<f64> {
        self.to_string().parse().ok()
    }

    /// The number in decimals, without its sign.
    pub(super) fn decimal(&self, rounding: Rounding) -> Decimal {
        self.big().decimal(rounding)
    }
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
        let nought = || Self::count(0);
        Self::parse(&number.to_string()).unwrap_or_else(nought)
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
            ("-0", "0"),
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
        assert_eq!(read("0.1").plus(&read("0.2")).to_string(), "0.3");
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
                read(remainder),
                "{dividend} % {divisor}"
            );
        }
        assert_eq!(read("-1.5").rounded_to(false), read("-2"));
        assert_eq!(read("-1.5").rounded_to(true), read("-1"));
        assert_eq!(read("1.5").rounded_to(true), read("2"));
    }
}
