//! Computes powers and logarithms of doubles with the steps of Go's library, since other steps may differ in the last
//! bit.

/// The natural logarithm of two: its leading half, whose last bits are zero, and the rest.
const LN_2: [f64; 2] = [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10];
/// The coefficients of the polynomial that approximates the logarithm.
const COEFFICIENTS: [f64; 7] = [
    0.666_666_666_666_673_5,
    0.399_999_999_994_094_2,
    0.285_714_287_436_623_9,
    0.222_221_984_321_497_84,
    0.181_835_721_616_180_5,
    0.153_138_376_992_093_73,
    0.147_981_986_051_165_86,
];
/// Powers of two beyond this are infinite or zero.
const MAX_POWER: i32 = 1 << 12;

/// Splits a double into a factor from a half to one and a power of two; `None` where it is subnormal.
fn split(number: f64) -> Option<(f64, i32)> {
    /// The bits of a double's exponent, and their value for a half.
    const POWER: u64 = 0x7ff << 52;
    const HALF: u64 = 1022;
    if number == 0.0 {
        return Some((number, 0));
    }
    let bits = number.to_bits();
    let power = i32::try_from((bits & POWER) >> 52).ok()?;
    let part = f64::from_bits(bits & !POWER | HALF << 52);
    number.is_normal().then_some((part, power - 1022))
}

/// Multiplies a number with a power of two; `None` where the product is subnormal.
fn scaled(number: f64, power: i32) -> Option<f64> {
    let (part, own) = split(number)?;
    let power = own.checked_add(power)?;
    if part == 0.0 {
        return Some(part);
    }
    // The part is less than one, so it may be as small as half of the least normal power.
    (-1021..=1024)
        .contains(&power)
        .then(|| part * 2.0 * 2_f64.powi(power - 1))
}

/// Returns the natural logarithm of a number above zero.
pub(super) fn ln(number: f64) -> Option<f64> {
    let (mut part, mut power) = split(number).filter(|(part, _)| *part > 0.0)?;
    if part < std::f64::consts::SQRT_2 / 2.0 {
        part *= 2.0;
        power -= 1;
    }
    let (part, power) = (part - 1.0, f64::from(power));
    let [l1, l2, l3, l4, l5, l6, l7] = COEFFICIENTS;
    let [high, low] = LN_2;
    let ratio = part / (2.0 + part);
    let square = ratio * ratio;
    let fourth = square * square;
    let odd = square * (l1 + fourth * (l3 + fourth * (l5 + fourth * l7)));
    let even = fourth * (l2 + fourth * (l4 + fourth * l6));
    let half = 0.5 * part * part;
    Some(power * high - ((half - (ratio * (half + (odd + even)) + power * low)) - part))
}

/// Computes a power with a whole exponent, or a square root; `None` for other exponents.
pub(super) fn pow(number: f64, power: f64) -> Option<f64> {
    if power == 0.0 || number == 1.0 {
        return Some(1.0);
    }
    if power == 1.0 {
        return Some(number);
    }
    if number == 0.0 {
        return (power > 0.0).then_some(0.0);
    }
    if power == 0.5 {
        return Some(number.sqrt());
    }
    if power == -0.5 {
        return Some(1.0 / number.sqrt());
    }
    let whole = power.abs();
    if whole.fract() != 0.0 || whole >= f64::from(u32::MAX) {
        return None;
    }
    let (mut product, mut products_power) = (1.0, 0);
    let (mut base, mut bases_power) = split(number)?;
    let mut left = whole as u64;
    while left != 0 {
        if !(-MAX_POWER..=MAX_POWER).contains(&bases_power) {
            return None;
        }
        if left & 1 == 1 {
            product *= base;
            products_power += bases_power;
        }
        base *= base;
        bases_power *= 2;
        if base < 0.5 {
            base += base;
            bases_power -= 1;
        }
        left >>= 1;
    }
    if power < 0.0 {
        (product, products_power) = (1.0 / product, -products_power);
    }
    scaled(product, products_power)
}
