//! Parses JSON with the position of each value, and keeps duplicate keys.

use crate::code::parse::{self, Unparsed};

/// The deepest nesting of values, which is more than the HCL parser allows.
const MAX_DEPTH: usize = 64;
/// The most values of a file.
const MAX_VALUES: usize = 400_000;

/// A value with its bytes.
pub struct Node<'t> {
    /// Its first byte.
    pub at: usize,
    /// The byte after its last.
    pub end: usize,
    /// The value.
    pub json: Json<'t>,
}

/// A JSON value.
pub enum Json<'t> {
    /// `null`, `true`, `false` or a number, as written.
    Word(&'t str),
    /// A string, without quotes and escapes.
    Text(String),
    /// The items of a list.
    List(Vec<Node<'t>>),
    /// The entries of an object, in order.
    Object(Vec<Entry<'t>>),
}

/// An entry of an object.
pub struct Entry<'t> {
    /// The first byte of its key.
    pub at: usize,
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: Node<'t>,
}

/// A parser of one text.
pub(super) struct Reader<'t> {
    text: &'t str,
    at: usize,
    values: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        // As in HCL, a byte order mark is no part of the code.
        let at = text.len() - text.trim_start_matches('\u{feff}').len();
        Self {
            text,
            at,
            values: 0,
        }
    }

    /// Reads the whole text.
    ///
    /// # Errors
    /// It is not valid JSON, or too large.
    pub(super) fn read(mut self) -> Result<Node<'t>, Unparsed> {
        let root = self.value(0)?;
        match self.peek() {
            None => Ok(root),
            Some(_) => Err(self.wrong("expected the end of the file")),
        }
    }

    fn wrong(&self, message: &str) -> Unparsed {
        Unparsed {
            line: parse::line(self.text, self.at),
            message: message.to_owned(),
            is_too_large: false,
        }
    }

    /// Returns the next byte that is no whitespace.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let blanks = rest.iter().take_while(|byte| b" \t\r\n".contains(byte));
        self.at += blanks.count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Result<(), Unparsed> {
        if self.peek() != Some(byte) {
            return Err(self.wrong(&format!("expected `{}`", char::from(byte))));
        }
        self.at += 1;
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Node<'t>, Unparsed> {
        self.values += 1;
        if depth > MAX_DEPTH || self.values > MAX_VALUES {
            return Err(Unparsed {
                is_too_large: true,
                ..self.wrong("it is too large: split it into several files")
            });
        }
        let first = self.peek();
        let at = self.at;
        let json = match first {
            Some(b'{') => Json::Object(self.object(depth)?),
            Some(b'[') => Json::List(self.list(depth)?),
            Some(b'"') => Json::Text(self.text()?),
            _ => Json::Word(self.word()?),
        };
        let end = self.at;
        Ok(Node { at, end, json })
    }

    fn object(&mut self, depth: usize) -> Result<Vec<Entry<'t>>, Unparsed> {
        let mut entries = Vec::new();
        self.at += 1;
        while self.peek() != Some(b'}') {
            if !entries.is_empty() {
                self.expect(b',')?;
                self.peek();
            }
            let at = self.at;
            let key = self.text()?;
            self.expect(b':')?;
            let value = self.value(depth + 1)?;
            entries.push(Entry { at, key, value });
        }
        self.at += 1;
        Ok(entries)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node<'t>>, Unparsed> {
        let mut items = Vec::new();
        self.at += 1;
        while self.peek() != Some(b']') {
            if !items.is_empty() {
                self.expect(b',')?;
            }
            items.push(self.value(depth + 1)?);
        }
        self.at += 1;
        Ok(items)
    }

    /// Returns a quoted string.
    fn text(&mut self) -> Result<String, Unparsed> {
        let rest = &self.text[self.at..];
        let mut escaped = false;
        let end = rest.bytes().skip(1).position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let quoted = end.filter(|_| rest.starts_with('"'));
        let quoted = quoted.and_then(|end| rest.get(..end + 2));
        let read = quoted.and_then(|quoted| serde_json::from_str(quoted).ok());
        let text = read.ok_or_else(|| self.wrong("expected a text in quotes"))?;
        self.at += quoted.map_or(0, str::len);
        Ok(text)
    }

    fn word(&mut self) -> Result<&'t str, Unparsed> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c));
        let word = &rest[..end.unwrap_or(rest.len())];
        let read = serde_json::from_str::<serde_json::Value>(word);
        read.map_err(|_| self.wrong("expected a value"))?;
        self.at += word.len();
        Ok(word)
    }
}
