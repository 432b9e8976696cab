//! Measures JSON before it is read or written.

use super::size::{self, ENTRY, MAP, NUMBER};
use std::fmt::{self, Write};

/// The fewest digits of a whole number that is not small. Other numbers have a point or an exponent.
const LONG: usize = 18;

/// Returns the most bytes that the value of a JSON text takes. Each of its values follows one of these characters.
pub(super) fn bytes(text: &str) -> usize {
    let holders = text.bytes().filter(|byte| b"[{,:".contains(byte)).count();
    let maps = text.bytes().filter(|byte| *byte == b'{').count();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let marks = text.bytes().filter(|byte| b".eE".contains(byte)).count();
    let numbers = (digits / LONG + marks).saturating_mul(NUMBER);
    size::text(text.len())
        + (holders + 1).saturating_mul(ENTRY)
        + maps.saturating_mul(MAP)
        + numbers
}

/// Returns how many bytes are written; `None` where they are more than `most`.
pub(super) fn length(
    most: usize,
    write: impl FnOnce(&mut Counter) -> fmt::Result,
) -> Option<usize> {
    let mut counter = Counter { left: most };
    write(&mut counter).ok()?;
    Some(most - counter.left)
}

/// A writer that counts bytes up to a limit.
pub(super) struct Counter {
    left: usize,
}

impl Write for Counter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.left = self.left.checked_sub(text.len()).ok_or(fmt::Error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::size::Size;
    use crate::model::Value;

    #[test]
    fn a_length_is_what_is_written() {
        let written = |to: &mut Counter| write!(to, "[{}]", 12);
        assert_eq!(length(1000, written), Some(4));
        assert_eq!(length(4, written), Some(4));
        assert_eq!(length(3, written), None);
    }

    #[test]
    fn no_value_is_larger_than_its_text_lets_expect() {
        for text in [
            "1",
            "\"abc\"",
            "[]",
            "[[],[],[]]",
            "[1,2,3]",
            "{\"a\":{\"b\":[true,null]}}",
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert!(Size::of(&value).bytes <= bytes(text), "{text}");
        }
    }
}
