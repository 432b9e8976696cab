//! Builds sets: each element once, in the order in which Terraform iterates over them.

use super::budget::{Budget, Excess};
use super::fault::Evaluated;
use super::number::Number;
use super::size::Size;
use super::typed::Typed;
use super::types::Type;
use std::cmp::Ordering;
use std::fmt::Write;

/// The most bytes of one byte in quotes.
const ESCAPED: usize = 8;
/// The digits of a number that determine its place in a set.
const DIGITS: usize = 10;
/// The bytes around each element.
const MARKS: usize = 8;
/// The most digits that numbers usually have.
const MAX_DIGITS: usize = 192;

/// Builds a set of elements of one type.
pub(super) fn new(element: Type, items: Vec<Typed>, budget: &Budget) -> Evaluated {
    charge_keys(&items, budget)?;
    let mut keyed: Vec<_> = items
        .into_iter()
        .map(|item| (Key::of(&item), item))
        .collect();
    keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
    keyed.dedup_by(|(left, item), (right, _)| left == right && !item.has_unknown());
    let items = keyed.into_iter().map(|(_, item)| item).collect();
    Ok(Typed::Set(element, items))
}

/// Charges the budget for the keys of elements, before they are built.
pub(super) fn charge_keys(items: &[Typed], budget: &Budget) -> Result<(), Excess> {
    for item in items {
        let size = Size::of_typed(item);
        budget.work(size.items)?;
        budget.take(size.bytes + length(item))?;
    }
    Ok(())
}

/// Returns the longest key of a value.
fn length(value: &Typed) -> usize {
    match value {
        Typed::String(text) => ESCAPED * text.len(),
        Typed::Number(_) => MAX_DIGITS,
        Typed::Map(_, entries) | Typed::Object(entries) => {
            let entry =
                |(key, value): (&String, &Typed)| ESCAPED * key.len() + MARKS + length(value);
            entries.iter().map(entry).sum()
        }
        other => {
            let items = other.items().unwrap_or_default().iter();
            items.map(|item| MARKS + length(item)).sum()
        }
    }
}

/// The sort key of a set's element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// A bool.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, or the serialized form of a list, a map or an object.
    Text(String),
    /// Unknown values come after known ones.
    Unknown,
    /// Null comes last.
    Null,
}

impl Key {
    /// Returns the key of an element.
    pub(super) fn of(item: &Typed) -> Self {
        match item {
            Typed::Null(_) => Self::Null,
            Typed::Unknown(_) => Self::Unknown,
            Typed::Bool(flag) => Self::Bool(*flag),
            Typed::Number(number) => Self::Number((**number).clone()),
            Typed::String(text) => Self::Text(text.to_string()),
            other => {
                let mut written = Written::default();
                written.push(other);
                Self::Text(written.text + "\0" + &written.numbers)
            }
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Bool(_) | Self::Number(_) | Self::Text(_) => 0,
            Self::Unknown => 1,
            Self::Null => 2,
        }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => left.cmp(right),
            (Self::Number(left), Self::Number(right)) => left.cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            // Elements of one set are of one type.
            (left, right) => left.rank().cmp(&right.rank()),
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The serialized form of a value by which Terraform's library sorts a set.
#[derive(Default)]
struct Written {
    text: String,
    /// Its numbers with all digits, to distinguish numbers with an equal form.
    numbers: String,
}

impl Written {
    fn push(&mut self, value: &Typed) {
        match value {
            Typed::Null(_) => self.text.push('~'),
            Typed::Unknown(_) => self.text.push('?'),
            Typed::Bool(flag) => self.text.push(if *flag { 'T' } else { 'F' }),
            Typed::Number(number) => self.number(number),
            Typed::String(quoted) => self.quoted(quoted),
            Typed::List(_, items) | Typed::Set(_, items) => self.all('[', items.iter(), ']'),
            Typed::Tuple(items) => self.all('<', items.iter(), '>'),
            Typed::Object(entries) => self.all('<', entries.values(), '>'),
            Typed::Map(_, entries) => {
                self.text.push('{');
                for (key, value) in entries {
                    self.quoted(key);
                    self.text.push(':');
                    self.push(value);
                    self.text.push(';');
                }
                self.text.push('}');
            }
        }
    }

    fn all<'v>(&mut self, open: char, values: impl Iterator<Item = &'v Typed>, close: char) {
        self.text.push(open);
        for value in values {
            self.push(value);
            self.text.push(';');
        }
        self.text.push(close);
    }

    fn number(&mut self, number: &Number) {
        if number.is_negative() {
            self.text.push('-');
        }
        self.text.push_str(&number.general(Some(DIGITS)));
        self.numbers.push_str(&number.to_string());
        self.numbers.push(';');
    }

    /// Quotes a string as Go does.
    fn quoted(&mut self, text: &str) {
        self.text.push('"');
        for letter in text.chars() {
            let code = u32::from(letter);
            // A text takes all that is written.
            let _ = match letter {
                '"' | '\\' => write!(self.text, "\\{letter}"),
                '\u{7}' => write!(self.text, "\\a"),
                '\u{8}' => write!(self.text, "\\b"),
                '\u{b}' => write!(self.text, "\\v"),
                '\u{c}' => write!(self.text, "\\f"),
                '\n' => write!(self.text, "\\n"),
                '\r' => write!(self.text, "\\r"),
                '\t' => write!(self.text, "\\t"),
                ' '..='~' => self.text.write_char(letter),
                _ if letter.is_ascii() => write!(self.text, "\\x{code:02x}"),
                _ if is_printed(letter) => self.text.write_char(letter),
                _ if code <= 0xffff => write!(self.text, "\\u{code:04x}"),
                _ => write!(self.text, "\\U{code:08x}"),
            };
        }
        self.text.push('"');
    }
}

/// Returns whether a character beyond ASCII is not escaped.
fn is_printed(letter: char) -> bool {
    // One that joins the letter before it would be escaped where it comes first.
    String::from_iter(['a', letter]).escape_debug().nth(1) == Some(letter)
}
