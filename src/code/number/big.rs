//! Implements numbers of any size: a whole number times a power of two, rounded to a precision.

use num_bigint::{BigInt, BigUint, Sign};
use std::cmp::Ordering;

/// The precision of a number literal, in bits.
pub(super) const WRITTEN: u64 = 512;
/// The precision of an integer.
pub(super) const COUNTED: u64 = 64;
/// The precision of a double.
pub(super) const DOUBLE: u64 = 53;
/// The largest power of ten that is evaluated.
const MAX_DIGITS: i64 = 1_000;
/// The most bits before and after the point, which is more than that power of ten needs.
const MAX_BITS: i64 = 4_096;

/// A number: `mantissa * 2^exponent`. The mantissa is odd, unless it is zero.
#[derive(Debug, Clone)]
pub(in crate::code) struct Big {
    pub(super) mantissa: BigInt,
    pub(super) exponent: i64,
    pub(super) precision: u64,
}

impl Big {
    /// Rounds to the nearest number of this precision, ties to even. `inexact` says that the exact number is slightly
    /// larger.
    fn rounded(mantissa: BigInt, exponent: i64, precision: u64, inexact: bool) -> Self {
        let (sign, mut digits) = mantissa.into_parts();
        let mut exponent = exponent;
        let excess = digits.bits().saturating_sub(precision);
        if excess > 0 {
            let half = digits.bit(excess - 1);
            let below = inexact
                || digits
                    .trailing_zeros()
                    .is_some_and(|zeros| zeros < excess - 1);
            digits >>= excess;
            exponent += excess as i64;
            if half && (below || digits.bit(0)) {
                digits += 1_u8;
            }
        }
        let zeros = digits.trailing_zeros().unwrap_or_default();
        digits >>= zeros;
        exponent = if digits == BigUint::ZERO {
            0
        } else {
            exponent + zeros as i64
        };
        Self {
            mantissa: BigInt::from_biguint(sign, digits),
            exponent,
            precision,
        }
    }

    /// Parses a decimal number; `None` where the text is none, or has too many digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (digits, power) = match text.split_once(['e', 'E']) {
            Some((digits, power)) => (digits, power.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let bare = whole.strip_prefix(['-', '+']).unwrap_or(whole);
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if bare.len() + fraction.len() == 0 || !is_digits(bare) || !is_digits(fraction) {
            return None;
        }
        let power = power.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        if power.abs() > MAX_DIGITS || digits.len() as i64 > MAX_DIGITS {
            return None;
        }
        let mantissa: BigInt = format!("{bare}{fraction}").parse().ok()?;
        let mantissa = if whole.starts_with('-') {
            -mantissa
        } else {
            mantissa
        };
        let scale = BigInt::from(5_u8).pow(u32::try_from(power.unsigned_abs()).ok()?);
        let read = match power < 0 {
            false => Self::rounded(mantissa * scale, power, WRITTEN, false),
            true => Self::quotient(mantissa, power, &scale, 0, WRITTEN),
        };
        // Terraform tells a negative zero from a positive one.
        let is_negative_zero = read.is_zero() && whole.starts_with('-');
        (!is_negative_zero).then_some(read)
    }

    /// Returns whether it is within the bounds. Numbers grow with each multiplication.
    pub(super) fn is_bounded(&self) -> bool {
        let top = self.exponent.saturating_add(self.mantissa.bits() as i64);
        top.abs() <= MAX_BITS && self.exponent.abs() <= MAX_BITS + WRITTEN as i64
    }

    /// Returns the nearest double; `None` where that is subnormal or infinite.
    pub(super) fn as_double(&self) -> Option<f64> {
        /// The exponents of normal doubles.
        const NORMAL: std::ops::Range<i64> = -1020..1025;
        let near = Self::rounded(self.mantissa.clone(), self.exponent, DOUBLE, false);
        let top = near.exponent + near.mantissa.bits() as i64;
        let mantissa = i64::try_from(near.mantissa).ok()?;
        let power = i32::try_from(near.exponent).ok()?;
        // Either half of the power is a double, which the whole need not be.
        let (half, rest) = (power / 2, power - power / 2);
        let is_normal = mantissa == 0 || NORMAL.contains(&top);
        is_normal.then(|| mantissa as f64 * 2_f64.powi(half) * 2_f64.powi(rest))
    }

    /// Converts a double; `None` for NaN and infinity.
    pub(super) fn double(number: f64) -> Option<Self> {
        // Terraform tells a negative zero from a positive one.
        if !number.is_finite() || number == 0.0 && number.is_sign_negative() {
            return None;
        }
        let bits = number.to_bits();
        let (power, fraction) = ((bits >> 52) & 0x7ff, bits & ((1 << 52) - 1));
        let (mantissa, exponent) = match power {
            0 => (fraction, -1074),
            power => (fraction | 1 << 52, power as i64 - 1075),
        };
        let sign = if number < 0.0 {
            Sign::Minus
        } else {
            Sign::Plus
        };
        let mantissa = BigInt::from_biguint(sign, mantissa.into());
        Some(Self::rounded(mantissa, exponent, DOUBLE, false))
    }

    /// Parses a whole number in a base of 2 to 36.
    pub(super) fn in_base(text: &str, base: u32) -> Option<Self> {
        // Each digit has a bit at least, but for zeros before them. Reading them takes the square of their number.
        if text.len() as u64 > WRITTEN {
            return None;
        }
        let number = BigInt::parse_bytes(text.as_bytes(), base)?;
        let bits = number.bits().max(COUNTED);
        (bits <= WRITTEN).then(|| Self::rounded(number, 0, bits, false))
    }

    /// Creates a whole number.
    pub(super) fn whole_number(number: BigInt, precision: u64) -> Self {
        Self::rounded(number, 0, precision, false)
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let (left, right, _) = self.aligned(other);
        left.cmp(&right)
    }

    pub(super) fn is_zero(&self) -> bool {
        self.mantissa.sign() == Sign::NoSign
    }

    fn quotient(
        dividend: BigInt,
        exponent: i64,
        divisor: &BigInt,
        by: i64,
        precision: u64,
    ) -> Self {
        let missing = (precision + 2 + divisor.bits()).saturating_sub(dividend.bits());
        let scaled = dividend << missing;
        let (whole, rest) = (&scaled / divisor, &scaled % divisor);
        let exponent = exponent - by - missing as i64;
        let inexact = rest.sign() != Sign::NoSign;
        Self::rounded(whole, exponent, precision, inexact)
    }

    /// Returns both mantissas, scaled to the lower exponent.
    fn aligned(&self, other: &Self) -> (BigInt, BigInt, i64) {
        let exponent = self.exponent.min(other.exponent);
        let shifted = |number: &Self| &number.mantissa << (number.exponent - exponent) as u64;
        (shifted(self), shifted(other), exponent)
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        let (left, right, exponent) = self.aligned(other);
        let precision = self.precision.max(other.precision);
        Self::rounded(left + right, exponent, precision, false)
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        let exact = Self::rounded(
            &self.mantissa * &other.mantissa,
            self.exponent + other.exponent,
            WRITTEN,
            false,
        );
        let least = exact.mantissa.bits();
        let precision = self.precision.max(other.precision).max(least);
        Self { precision, ..exact }
    }

    /// Subtracts the product of two numbers. Each step is rounded.
    pub(super) fn less(&self, quotient: &Self, divisor: &Self) -> Self {
        let precision = self.precision;
        let whole = Self::rounded(
            quotient.mantissa.clone(),
            quotient.exponent,
            precision,
            false,
        );
        let product = Self::rounded(
            whole.mantissa * &divisor.mantissa,
            whole.exponent + divisor.exponent,
            precision,
            false,
        );
        let (own, product, exponent) = self.aligned(&product);
        Self::rounded(own - product, exponent, precision, false)
    }

    /// Divides; `None` by zero.
    pub(super) fn divided_by(&self, other: &Self) -> Option<Self> {
        (!other.is_zero()).then(|| {
            let precision = self.precision.max(other.precision);
            let (dividend, divisor) = (self.mantissa.clone(), &other.mantissa);
            Self::quotient(dividend, self.exponent, divisor, other.exponent, precision)
        })
    }

    pub(super) fn negated(&self) -> Self {
        Self {
            mantissa: -&self.mantissa,
            ..self.clone()
        }
    }

    /// Drops the fraction.
    pub(super) fn truncated(&self) -> Self {
        if self.exponent >= 0 {
            return self.clone();
        }
        let (sign, digits) = (self.mantissa.sign(), self.mantissa.magnitude());
        let whole = BigInt::from_biguint(sign, digits >> self.exponent.unsigned_abs());
        Self::rounded(whole, 0, self.precision, false)
    }

    pub(super) fn is_negative(&self) -> bool {
        self.mantissa.sign() == Sign::Minus
    }

    pub(super) fn is_whole(&self) -> bool {
        self.exponent >= 0
    }

    /// Converts to an integer type, where it fits.
    pub(super) fn whole<N: TryFrom<BigInt>>(&self) -> Option<N> {
        let is_small = self.is_whole() && self.exponent <= WRITTEN as i64;
        is_small.then(|| N::try_from(&self.mantissa << self.exponent as u64).ok())?
    }
}

impl PartialEq for Big {
    fn eq(&self, other: &Self) -> bool {
        self.exponent == other.exponent && self.mantissa == other.mantissa
    }
}

impl Eq for Big {}
