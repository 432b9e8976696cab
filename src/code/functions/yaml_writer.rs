//! Writes YAML for `yamlencode` as Terraform's library does: block style, quoted strings, long lines wrapped.

use super::Call;
use crate::code::budget::{Budget, Excess, MAX_TEXT_LENGTH};
use crate::code::fault::{Evaluated, Fault};
use crate::code::typed::Typed;
use crate::code::types::Type;
use std::collections::BTreeMap;

/// The column after which a quoted string is wrapped.
const LINE_WIDTH: usize = 80;
/// The longest key on one line with its value.
const MAX_KEY_LENGTH: usize = 128;
/// The indentation of each level.
const STEP: usize = 2;

pub(super) fn yamlencode(call: &Call<'_, '_>) -> Evaluated {
    let mut writer = Writer {
        text: String::new(),
        column: 0,
        budget: call.budget(),
    };
    let value = call.argument(0)?;
    let written = writer.root(value);
    match written {
        Ok(()) => call.new_text(writer.text.len(), || writer.text),
        Err(NotWritten::Unknown) => Ok(Typed::Unknown(Type::String)),
        Err(NotWritten::Excess(excess)) => Err(Fault::Excess(excess)),
    }
}

/// Why a value was not written.
enum NotWritten {
    /// Terraform's form of the value is not certain.
    Unknown,
    Excess(Excess),
}

impl From<Excess> for NotWritten {
    fn from(excess: Excess) -> Self {
        Self::Excess(excess)
    }
}

struct Writer<'b> {
    text: String,
    column: usize,
    budget: &'b Budget,
}

impl Writer<'_> {
    fn push(&mut self, text: &str) -> Result<(), NotWritten> {
        if self.text.len() + text.len() > MAX_TEXT_LENGTH {
            return Err(Excess::Size.into());
        }
        self.budget.take(2 * text.len())?;
        self.text.push_str(text);
        self.column += text.chars().count();
        Ok(())
    }

    fn line(&mut self, indent: usize) -> Result<(), NotWritten> {
        self.push("\n")?;
        self.column = 0;
        self.push(&" ".repeat(indent))
    }

    fn root(&mut self, value: &Typed) -> Result<(), NotWritten> {
        self.node(value, 0, STEP)?;
        let is_bare = matches!(value, Typed::Null(_) | Typed::Bool(_) | Typed::Number(_));
        if is_bare {
            self.push("\n...")?;
        }
        if self.text.ends_with('\n') {
            Ok(())
        } else {
            self.push("\n")
        }
    }

    /// Writes a value at the current position: its entries indented by `own`, the lines of its text by `below`.
    fn node(&mut self, value: &Typed, own: usize, below: usize) -> Result<(), NotWritten> {
        match value {
            Typed::Null(_) => self.push("null"),
            Typed::Unknown(_) => Err(NotWritten::Unknown),
            Typed::Bool(_) | Typed::Number(_) => self.push(&value.as_text().unwrap_or_default()),
            Typed::String(text) if text.contains('\n') => self.lines(text, below),
            Typed::String(text) => self.quoted(text, Some(below)),
            Typed::Map(_, entries) | Typed::Object(entries) if entries.is_empty() => {
                self.push("{}")
            }
            Typed::Map(_, entries) | Typed::Object(entries) => self.mapping(entries, own),
            other => match other.items() {
                None | Some([]) => self.push("[]"),
                Some(items) => self.sequence(items, own),
            },
        }
    }

    fn mapping(
        &mut self,
        entries: &BTreeMap<String, Typed>,
        indent: usize,
    ) -> Result<(), NotWritten> {
        for (at, (key, value)) in entries.iter().enumerate() {
            if at > 0 {
                self.next_line(indent)?;
            }
            if key.contains('\n') || key.len() > MAX_KEY_LENGTH {
                return Err(NotWritten::Unknown);
            }
            self.quoted(key, None)?;
            self.push(":")?;
            match value {
                Typed::Map(_, inner) | Typed::Object(inner) if !inner.is_empty() => {
                    self.line(indent + STEP)?;
                    self.mapping(inner, indent + STEP)?;
                }
                // A list in a map is not indented.
                other if other.items().is_some_and(|items| !items.is_empty()) => {
                    self.line(indent)?;
                    self.sequence(other.items().unwrap_or_default(), indent)?;
                }
                other => {
                    self.push(" ")?;
                    self.node(other, indent + STEP, indent + STEP)?;
                }
            }
        }
        Ok(())
    }

    fn sequence(&mut self, items: &[Typed], indent: usize) -> Result<(), NotWritten> {
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.next_line(indent)?;
            }
            self.push("- ")?;
            self.node(item, indent + STEP, indent + STEP)?;
        }
        Ok(())
    }

    /// Begins a line, unless a text of several lines has just ended one.
    fn next_line(&mut self, indent: usize) -> Result<(), NotWritten> {
        if self.text.ends_with('\n') {
            self.column = 0;
            self.push(&" ".repeat(indent))
        } else {
            self.line(indent)
        }
    }

    /// Writes a text of several lines in literal style.
    fn lines(&mut self, text: &str, indent: usize) -> Result<(), NotWritten> {
        let lines = text.split('\n');
        let is_plain = |line: &str| {
            line.trim_end_matches([' ', '\t']) == line && line.chars().all(is_printable)
        };
        let starts_plainly = !text.starts_with([' ', '\n', '\t']);
        if !starts_plainly || !lines.clone().all(is_plain) {
            return Err(NotWritten::Unknown);
        }
        let end = match text.len() - text.trim_end_matches('\n').len() {
            0 => "|-",
            1 => "|",
            _ => "|+",
        };
        self.push(end)?;
        self.push("\n")?;
        for line in text.split_inclusive('\n') {
            if line != "\n" {
                self.push(&" ".repeat(indent))?;
            }
            self.push(line)?;
        }
        Ok(())
    }

    /// Writes a quoted string, wrapped where that is allowed.
    fn quoted(&mut self, text: &str, next_line: Option<usize>) -> Result<(), NotWritten> {
        self.push("\"")?;
        let (mut after_space, last) = (false, text.chars().count().saturating_sub(1));
        let mut letters = text.chars().enumerate().peekable();
        while let Some((at, letter)) = letters.next() {
            let breaks =
                letter == ' ' && !after_space && self.column > LINE_WIDTH && at > 0 && at < last;
            after_space = letter == ' ';
            match next_line.filter(|_| breaks) {
                Some(indent) => {
                    self.line(indent)?;
                    if letters.peek().is_some_and(|(_, next)| *next == ' ') {
                        self.push("\\")?;
                    }
                }
                None => self.letter(letter)?,
            }
        }
        self.push("\"")
    }

    fn letter(&mut self, letter: char) -> Result<(), NotWritten> {
        let code = u32::from(letter);
        let escaped = match letter {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\0' => "\\0".to_owned(),
            '\u{7}' => "\\a".to_owned(),
            '\u{8}' => "\\b".to_owned(),
            '\t' => "\\t".to_owned(),
            '\n' => "\\n".to_owned(),
            '\u{b}' => "\\v".to_owned(),
            '\u{c}' => "\\f".to_owned(),
            '\r' => "\\r".to_owned(),
            '\u{1b}' => "\\e".to_owned(),
            '\u{85}' => "\\N".to_owned(),
            '\u{a0}' => "\\_".to_owned(),
            '\u{2028}' => "\\L".to_owned(),
            '\u{2029}' => "\\P".to_owned(),
            letter if is_printable(letter) => letter.to_string(),
            _ if code <= 0xff => format!("\\x{code:02X}"),
            _ if code <= 0xffff => format!("\\u{code:04X}"),
            _ => format!("\\U{code:08X}"),
        };
        self.push(&escaped)
    }
}

/// Returns whether Terraform's library leaves a character unescaped.
fn is_printable(letter: char) -> bool {
    matches!(letter, ' '..='~' | '\u{a1}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && !matches!(letter, '\u{feff}' | '\u{2028}' | '\u{2029}')
}
