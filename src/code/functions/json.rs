//! Encodes and decodes JSON as Terraform does.

use super::Call;
use crate::code::budget::{Excess, MAX_TEXT_LENGTH};
use crate::code::equality::are_alike;
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::json;
use crate::code::number::Number;
use crate::code::typed::Typed;
use crate::code::types::Type;
use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// The deepest nesting of values.
const MAX_DEPTH: usize = 128;

pub(super) fn jsonencode(call: &Call<'_, '_>) -> Evaluated {
    encoded(call, call.argument(0)?)
}

/// Encodes a value as JSON.
pub(super) fn encoded(call: &Call<'_, '_>, value: &Typed) -> Evaluated {
    let length = json::length(MAX_TEXT_LENGTH, |counter| write(value, counter));
    let length = length.unwrap_or(usize::MAX);
    call.new_text(length, || {
        let mut text = String::with_capacity(length);
        // A text takes all that is written.
        let _ = write(value, &mut text);
        text
    })
}

fn write(value: &Typed, to: &mut impl Write) -> fmt::Result {
    match value {
        Typed::Null(_) | Typed::Unknown(_) => to.write_str("null"),
        Typed::Bool(flag) => write!(to, "{flag}"),
        Typed::Number(number) => write!(to, "{number}"),
        Typed::String(text) => write_text(text, to),
        Typed::List(_, items) | Typed::Set(_, items) | Typed::Tuple(items) => {
            to.write_char('[')?;
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    to.write_char(',')?;
                }
                write(item, to)?;
            }
            to.write_char(']')
        }
        Typed::Map(_, entries) | Typed::Object(entries) => {
            to.write_char('{')?;
            for (at, (key, value)) in entries.iter().enumerate() {
                if at > 0 {
                    to.write_char(',')?;
                }
                write_text(key, to)?;
                to.write_char(':')?;
                write(value, to)?;
            }
            to.write_char('}')
        }
    }
}

/// Writes a string, with the characters escaped that have a meaning in HTML.
pub(in crate::code) fn write_text(text: &str, to: &mut impl Write) -> fmt::Result {
    to.write_char('"')?;
    for letter in text.chars() {
        match letter {
            '"' => to.write_str("\\\"")?,
            '\\' => to.write_str("\\\\")?,
            '\n' => to.write_str("\\n")?,
            '\r' => to.write_str("\\r")?,
            '\t' => to.write_str("\\t")?,
            '\u{8}' => to.write_str("\\b")?,
            '\u{c}' => to.write_str("\\f")?,
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..'\u{20}' => {
                write!(to, "\\u{:04x}", u32::from(letter))?;
            }
            letter => to.write_char(letter)?,
        }
    }
    to.write_char('"')
}

pub(super) fn jsondecode(call: &Call<'_, '_>) -> Evaluated {
    let text = call.text(0)?;
    call.budget().take(json::bytes(text))?;
    let mut reader = Reader {
        text,
        at: 0,
        is_certain: true,
    };
    let value = reader.value(0)?;
    reader.blanks();
    if reader.at < text.len() {
        return Err(Fault::Invalid);
    }
    Ok(if reader.is_certain {
        value
    } else {
        Typed::UNKNOWN
    })
}

/// A JSON parser. Numbers keep all their digits.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// Whether Terraform certainly reads the same.
    is_certain: bool,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    /// Consumes a token. Returns false where another one follows.
    fn takes(&mut self, token: &str) -> bool {
        self.blanks();
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn value(&mut self, depth: usize) -> Evaluated {
        if depth > MAX_DEPTH {
            return Err(Excess::Depth.into());
        }
        self.blanks();
        for (word, value) in [
            ("null", Typed::NULL),
            ("true", true.into()),
            ("false", false.into()),
        ] {
            if self.takes(word) {
                return Ok(value);
            }
        }
        match self.rest().bytes().next().ok_or(Invalid)? {
            b'"' => Ok(Typed::text(self.text()?)),
            b'[' => self.list(depth),
            b'{' => self.object(depth),
            _ => self.number(),
        }
    }

    fn list(&mut self, depth: usize) -> Evaluated {
        self.takes("[");
        let mut items = Vec::new();
        if self.takes("]") {
            return Ok(Typed::Tuple(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.takes("]") {
                return Ok(Typed::Tuple(items));
            }
            if !self.takes(",") {
                return Err(Fault::Invalid);
            }
        }
    }

    fn object(&mut self, depth: usize) -> Evaluated {
        self.takes("{");
        let mut entries = BTreeMap::new();
        if self.takes("}") {
            return Ok(Typed::Object(entries));
        }
        loop {
            self.blanks();
            let key = Typed::key(self.text()?);
            if !self.takes(":") {
                return Err(Fault::Invalid);
            }
            let value = self.value(depth + 1)?;
            // Of two with one key the last counts, where both are of one type.
            let earlier = entries.get(&key);
            self.is_certain &= earlier.is_none_or(|earlier| are_alike(earlier, &value));
            entries.insert(key, value);
            if self.takes("}") {
                return Ok(Typed::Object(entries));
            }
            if !self.takes(",") {
                return Err(Fault::Invalid);
            }
        }
    }

    fn text(&mut self) -> Result<String, Invalid> {
        let mut texts = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        if let Some(Ok(text)) = texts.next() {
            self.at += texts.byte_offset();
            return Ok(text);
        }
        let length = quoted_length(self.rest()).ok_or(Invalid)?;
        let paired = with_pairs(self.rest().get(..length).ok_or(Invalid)?);
        self.at += length;
        serde_json::from_str(&paired).map_err(|_| Invalid)
    }

    fn number(&mut self) -> Evaluated {
        let rest = self.rest();
        let is_part = |letter: char| letter.is_ascii_digit() || "+-.eE".contains(letter);
        let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        let digits = &rest[..end];
        self.at += end;
        if !is_number(digits) {
            return Err(Fault::Invalid);
        }
        let number = Number::parse(digits);
        Ok(number.map_or(Typed::Unknown(Type::Number), Typed::from))
    }
}

/// Returns whether a text is a JSON number, which is stricter than Terraform's own numbers.
fn is_number(text: &str) -> bool {
    let bare = text.strip_prefix('-').unwrap_or(text);
    let (digits, power) = match bare.split_once(['e', 'E']) {
        Some((digits, power)) => (digits, power.strip_prefix(['-', '+']).unwrap_or(power)),
        None => (bare, "0"),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = [whole, fraction, power];
    let has_digits = parts.iter().all(|part| !part.is_empty() && is_digits(part));
    has_digits && (whole == "0" || !whole.starts_with('0'))
}

/// Returns the length of a quoted string.
fn quoted_length(text: &str) -> Option<usize> {
    let mut bytes = text.bytes().enumerate();
    bytes.next().filter(|(_, byte)| *byte == b'"')?;
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some(at + 1),
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
    None
}

/// Replaces each unpaired surrogate in a quoted text by U+FFFD, as Go does.
fn with_pairs(quoted: &str) -> String {
    /// The length of `\ud83d`.
    const ESCAPE: usize = 6;
    let unit = |text: &str| {
        let digits = text.get(..ESCAPE)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut paired, mut rest) = (String::new(), quoted);
    while let Some((before, _)) = rest.split_once('\\') {
        let escape = &rest[before.len()..];
        paired.push_str(before);
        let length = match (unit(escape), escape.get(ESCAPE..).and_then(unit)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 2 * ESCAPE,
            (Some(0xd800..0xe000), _) => {
                paired.push_str("\\ufffd");
                rest = &escape[ESCAPE..];
                continue;
            }
            _ => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
        };
        let (kept, after) = escape.split_at(length.min(escape.len()));
        paired.push_str(kept);
        rest = after;
    }
    paired + rest
}
