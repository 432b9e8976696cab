//! Measures JSON before it is read or written.

use super::size::{self, ENTRY, MAP, NUMBER};
use crate::model::Value;
use std::io::{self, Write};

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

/// Returns the length of a value as JSON; `None` where it is longer than `most`.
pub(super) fn length(value: &Value, most: usize) -> Option<usize> {
    let mut counter = Counter { left: most };
    serde_json::to_writer(&mut counter, value).ok()?;
    Some(most - counter.left)
}

/// A writer that counts bytes up to a limit.
struct Counter {
    left: usize,
}

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.left.checked_sub(bytes.len());
        self.left = left.ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::size::Size;

    #[test]
    fn a_length_is_what_would_be_written() {
        let value = Value::map([("a \"b\"", Value::from(vec![1, 20])), ("c", Value::Null)]);
        let written = serde_json::to_string(&value).unwrap();
        assert_eq!(length(&value, 1000), Some(written.len()));
        assert_eq!(length(&value, written.len()), Some(written.len()));
        assert_eq!(length(&value, written.len() - 1), None);
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
