//! `yamlencode`: blocks, each text in quotes, lines wrapped where Terraform's own library wraps them.

use super::Call;
use crate::code::budget::{Budget, Excess, LONGEST_TEXT};
use crate::code::fault::{Evaluated, Fault};
use crate::code::typed::Typed;
use crate::code::types::Type;
use std::collections::BTreeMap;

/// The column after which a text in quotes goes on in the next line.
const WIDEST: usize = 80;
/// The longest key that stands in one line with its value.
const LONGEST_KEY: usize = 128;
/// What each level is indented by.
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
        Err(Refused::Form) => Ok(Typed::Unknown(Type::String)),
        Err(Refused::Excess(excess)) => Err(Fault::Excess(excess)),
    }
}

/// Why a value is not written.
enum Refused {
    /// It would need a form that is not certain here.
    Form,
    Excess(Excess),
}

impl From<Excess> for Refused {
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
    fn push(&mut self, text: &str) -> Result<(), Refused> {
        if self.text.len() + text.len() > LONGEST_TEXT {
            return Err(Excess::Size.into());
        }
        self.budget.take(2 * text.len())?;
        self.text.push_str(text);
        self.column += text.chars().count();
        Ok(())
    }

    fn line(&mut self, indent: usize) -> Result<(), Refused> {
        self.push("\n")?;
        self.column = 0;
        self.push(&" ".repeat(indent))
    }

    fn root(&mut self, value: &Typed) -> Result<(), Refused> {
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

    /// A value where the writer stands: what it holds is indented by `own`, the lines of its text by `below`.
    fn node(&mut self, value: &Typed, own: usize, below: usize) -> Result<(), Refused> {
        match value {
            Typed::Null(_) => self.push("null"),
            Typed::Unknown(_) => Err(Refused::Form),
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

    fn mapping(&mut self, entries: &BTreeMap<String, Typed>, indent: usize) -> Result<(), Refused> {
        for (at, (key, value)) in entries.iter().enumerate() {
            if at > 0 {
                self.next_line(indent)?;
            }
            if key.contains('\n') || key.len() > LONGEST_KEY {
                return Err(Refused::Form);
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

    fn sequence(&mut self, items: &[Typed], indent: usize) -> Result<(), Refused> {
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.next_line(indent)?;
            }
            self.push("- ")?;
            self.node(item, indent + STEP, indent + STEP)?;
        }
        Ok(())
    }

    /// Begins a line, unless a text with lines of its own ended the last one.
    fn next_line(&mut self, indent: usize) -> Result<(), Refused> {
        if self.text.ends_with('\n') {
            self.column = 0;
            self.push(&" ".repeat(indent))
        } else {
            self.line(indent)
        }
    }

    /// A text of several lines, as they are.
    fn lines(&mut self, text: &str, indent: usize) -> Result<(), Refused> {
        let lines = text.split('\n');
        let is_plain = |line: &str| {
            line.trim_end_matches([' ', '\t']) == line && line.chars().all(is_printable)
        };
        let starts_plainly = !text.starts_with([' ', '\n', '\t']);
        if !starts_plainly || !lines.clone().all(is_plain) {
            return Err(Refused::Form);
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

    /// A text in quotes, which goes on in the next line where that is allowed.
    fn quoted(&mut self, text: &str, next_line: Option<usize>) -> Result<(), Refused> {
        self.push("\"")?;
        let (mut after_space, last) = (false, text.chars().count().saturating_sub(1));
        let mut letters = text.chars().enumerate().peekable();
        while let Some((at, letter)) = letters.next() {
            let breaks =
                letter == ' ' && !after_space && self.column > WIDEST && at > 0 && at < last;
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

    fn letter(&mut self, letter: char) -> Result<(), Refused> {
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

/// Whether Terraform's library writes a letter as it is.
fn is_printable(letter: char) -> bool {
    matches!(letter, ' '..='~' | '\u{a1}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && !matches!(letter, '\u{feff}' | '\u{2028}' | '\u{2029}')
}
