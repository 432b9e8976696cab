//! Respells numbers that are beyond the parser's doubles.

use super::Respelling;

/// The shortest number that may be too large, as in `1e309`.
const MIN_LENGTH: usize = 5;

impl Respelling<'_> {
    /// Replaces a number that is too large by zero. The evaluation reads its original digits.
    pub(super) fn number(&mut self) {
        let length = length(self.rest());
        let text = self.rest().get(..length).unwrap_or_default();
        if length < MIN_LENGTH || !is_too_large(text) {
            return;
        }
        let digits = text.iter().map(|byte| match byte {
            b'0'..=b'9' => b'0',
            other => *other,
        });
        let zero: Vec<u8> = digits.collect();
        self.write(self.at, &zero);
    }
}

/// Returns whether a number is beyond the parser's doubles.
pub(in crate::code) fn is_too_large(text: &[u8]) -> bool {
    let text = std::str::from_utf8(text).ok();
    text.and_then(|text| text.parse().ok())
        .is_some_and(f64::is_infinite)
}

/// Returns the length of the number at the start.
fn length(bytes: &[u8]) -> usize {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default().iter();
        rest.take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut length = digits(0);
    if bytes.get(length) == Some(&b'.') {
        match digits(length + 1) {
            0 => return length,
            fraction => length += 1 + fraction,
        }
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        match digits(length + 1 + sign) {
            0 => {}
            exponent => length += 1 + sign + exponent,
        }
    }
    length
}
