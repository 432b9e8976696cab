//! Encodes and decodes MessagePack, within bounds: a provider is a foreign program.

use crate::model::{Number, Value};

/// How deep a value may be nested.
const MAX_DEPTH: usize = 256;
/// How many parts a value may have: each takes up to a hundred bytes of memory.
pub(super) const MAX_PARTS: usize = 500_000;

/// Why bytes are no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MsgpackError {
    /// The bytes end within a value.
    #[error("the value ends too early")]
    Truncated,
    /// Bytes follow the value.
    #[error("bytes follow the value")]
    Trailing,
    /// A marker that Terraform's values do not have.
    #[error("the marker {0:#04x} is none of Terraform's")]
    Marker(u8),
    /// A text that is no UTF-8.
    #[error("a text is not UTF-8")]
    Text,
    /// A key that is no text.
    #[error("a key is no text")]
    Key,
    /// A number that is not finite.
    #[error("a number is not finite")]
    Number,
    /// Too deep, or too many parts.
    #[error("the value is nested too deep, or has too many parts")]
    TooLarge,
}

/// Decodes a value. Whatever extension stands for a value that is not known yet is `Unknown`.
///
/// # Errors
/// When the bytes are no value, or too large.
pub fn decode(bytes: &[u8]) -> Result<Value, MsgpackError> {
    let mut decoder = Decoder {
        bytes,
        parts: MAX_PARTS,
    };
    let value = decoder.value(MAX_DEPTH)?;
    match decoder.bytes {
        [] => Ok(value),
        _ => Err(MsgpackError::Trailing),
    }
}

struct Decoder<'a> {
    bytes: &'a [u8],
    parts: usize,
}

impl<'a> Decoder<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], MsgpackError> {
        let (head, rest) = self
            .bytes
            .split_at_checked(length)
            .ok_or(MsgpackError::Truncated)?;
        self.bytes = rest;
        Ok(head)
    }

    /// Reads a whole number of this many bytes, the highest first.
    fn unsigned(&mut self, length: usize) -> Result<u64, MsgpackError> {
        let bytes = self.take(length)?.iter();
        Ok(bytes.fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn length(&mut self, bytes: usize) -> Result<usize, MsgpackError> {
        usize::try_from(self.unsigned(bytes)?).map_err(|_| MsgpackError::TooLarge)
    }

    fn value(&mut self, depth: usize) -> Result<Value, MsgpackError> {
        self.parts = self.parts.checked_sub(1).ok_or(MsgpackError::TooLarge)?;
        let depth = depth.checked_sub(1).ok_or(MsgpackError::TooLarge)?;
        let marker = self.take(1)?.first().copied().unwrap_or_default();
        match marker {
            0x00..=0x7f => Ok(i64::from(marker).into()),
            0xe0..=0xff => Ok(i64::from(marker as i8).into()),
            0x80..=0x8f => self.map(usize::from(marker & 0x0f), depth),
            0x90..=0x9f => self.list(usize::from(marker & 0x0f), depth),
            0xa0..=0xbf => self.text(usize::from(marker & 0x1f)),
            0xc0 => Ok(Value::Null),
            0xc2 => Ok(false.into()),
            0xc3 => Ok(true.into()),
            0xc4..=0xc6 | 0xd9..=0xdb => {
                let base = if marker < 0xd0 { 0xc4 } else { 0xd9 };
                let length = self.length(1 << (marker - base))?;
                self.text(length)
            }
            // A whole of an extension: its type, and its content.
            0xc7..=0xc9 => {
                let length = self.length(1 << (marker - 0xc7))?;
                self.unknown(length)
            }
            0xd4..=0xd8 => self.unknown(1 << (marker - 0xd4)),
            0xca => {
                let bits = self.unsigned(4)? as u32;
                float(f64::from(f32::from_bits(bits)))
            }
            0xcb => float(f64::from_bits(self.unsigned(8)?)),
            0xcc..=0xcf => {
                let number = self.unsigned(1 << (marker - 0xcc))?;
                Ok(Value::Number(serde_json::Number::from(number).into()))
            }
            0xd0 => Ok(i64::from(self.unsigned(1)? as u8 as i8).into()),
            0xd1 => Ok(i64::from(self.unsigned(2)? as u16 as i16).into()),
            0xd2 => Ok(i64::from(self.unsigned(4)? as u32 as i32).into()),
            0xd3 => Ok((self.unsigned(8)? as i64).into()),
            0xdc | 0xdd => {
                let length = self.length(if marker == 0xdc { 2 } else { 4 })?;
                self.list(length, depth)
            }
            0xde | 0xdf => {
                let length = self.length(if marker == 0xde { 2 } else { 4 })?;
                self.map(length, depth)
            }
            _ => Err(MsgpackError::Marker(marker)),
        }
    }

    fn text(&mut self, length: usize) -> Result<Value, MsgpackError> {
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| MsgpackError::Text)?;
        Ok(Value::text(text))
    }

    fn unknown(&mut self, length: usize) -> Result<Value, MsgpackError> {
        self.take(1)?;
        self.take(length)?;
        Ok(Value::Unknown)
    }

    /// Reads items one by one: what the length promises is not believed, and no room is made for it.
    fn list(&mut self, length: usize, depth: usize) -> Result<Value, MsgpackError> {
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(self.value(depth)?);
        }
        Ok(Value::List(items))
    }

    fn map(&mut self, length: usize, depth: usize) -> Result<Value, MsgpackError> {
        let mut entries = Vec::new();
        for _ in 0..length {
            let Value::String(key) = self.value(depth)? else {
                return Err(MsgpackError::Key);
            };
            entries.push((key, self.value(depth)?));
        }
        Ok(Value::map(entries))
    }
}

fn float(number: f64) -> Result<Value, MsgpackError> {
    let number = serde_json::Number::from_f64(number).ok_or(MsgpackError::Number)?;
    Ok(Value::Number(number.into()))
}

/// Appends nothing.
pub(super) fn null(out: &mut Vec<u8>) {
    out.push(0xc0);
}

/// Appends a value that is not known yet.
pub(super) fn unknown(out: &mut Vec<u8>) {
    out.extend([0xd4, 0, 0]);
}

/// Appends a truth value.
pub(super) fn bool(out: &mut Vec<u8>, value: bool) {
    out.push(if value { 0xc3 } else { 0xc2 });
}

/// Appends a number.
pub(super) fn number(out: &mut Vec<u8>, number: &Number) {
    let positive = || number.to_string().parse::<u64>().ok();
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => {
            out.push(0xd3);
            out.extend(whole.to_be_bytes());
        }
        (None, float) => match positive() {
            Some(whole) => {
                out.push(0xcf);
                out.extend(whole.to_be_bytes());
            }
            None => {
                out.push(0xcb);
                out.extend(float.unwrap_or_default().to_be_bytes());
            }
        },
    }
}

/// Appends a text.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    length(out, text.len(), (0xa0, 32), [0xd9, 0xda, 0xdb]);
    out.extend(text.as_bytes());
}

/// Appends bytes.
pub(super) fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    length(out, bytes.len(), (0, 0), [0xc4, 0xc5, 0xc6]);
    out.extend(bytes);
}

/// Begins a list of this many items.
pub(super) fn list(out: &mut Vec<u8>, items: usize) {
    length(out, items, (0x90, 16), [0xdc, 0xdc, 0xdd]);
}

/// Begins a map of this many entries.
pub(super) fn map(out: &mut Vec<u8>, entries: usize) {
    length(out, entries, (0x80, 16), [0xde, 0xde, 0xdf]);
}

/// Appends a marker with a length: in the marker itself below `short`, else in one, two or four bytes. Markers of lists and
/// maps have no form of one byte: theirs is that of two.
fn length(out: &mut Vec<u8>, length: usize, short: (u8, usize), markers: [u8; 3]) {
    let [small, medium, large] = markers;
    match length {
        _ if length < short.1 => out.push(short.0 | length as u8),
        0..=0xff if small != medium => out.extend([small, length as u8]),
        0..=0xffff => {
            out.push(medium);
            out.extend((length as u16).to_be_bytes());
        }
        _ => {
            out.push(large);
            out.extend((length as u32).to_be_bytes());
        }
    }
}
