//! Respells code that Terraform reads and hcl-edit does not. Each token keeps its bytes, so that spans of the parsed
//! code are valid in the file.
//!
//! Respelled are: a byte order mark; duplicate keys of an object, of which the last one counts; an empty heredoc, or
//! one with a line that only begins with its marker; a number beyond doubles; and line ends within brackets, where
//! Terraform ignores them and the parser does not.

mod heredoc;
mod number;

use super::effort::{is_word, length_until};
use heredoc::Heredoc;
pub(super) use number::is_too_large;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

/// The byte order mark that some editors write.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// The deepest nesting that is followed, which is more than the parser allows.
const MAX_DEPTH: usize = 256;
/// The most entries of an object that are compared, which is more than the parser is allowed.
const MAX_ENTRIES: usize = 20_000;

/// The line ends that are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineEnds {
    /// Those in `for` expressions and in template directives.
    InLoops,
    /// Those in all brackets where Terraform ignores them.
    InBrackets,
}

/// Code in a spelling that the parser reads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Respelled<'t> {
    /// The code. Each token is at its original bytes.
    pub text: Cow<'t, str>,
    /// Values that were removed and are evaluated all the same.
    pub repeated: Vec<Repeated>,
}

/// The value of a duplicate key that a later entry replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repeated {
    /// The byte of the brace that opens the object.
    pub object: usize,
    /// The bytes of the value.
    pub value: Range<usize>,
}

/// Respells code for the parser.
pub(super) fn respelled(text: &str, line_ends: LineEnds) -> Respelled<'_> {
    let mut respelling = Respelling {
        bytes: text.as_bytes(),
        at: 0,
        open: Vec::new(),
        after_term: false,
        line_ends,
        changed: None,
        repeated: Vec::new(),
    };
    if text.starts_with(BYTE_ORDER_MARK) {
        respelling.blank(0..BYTE_ORDER_MARK.len());
        respelling.at = BYTE_ORDER_MARK.len();
    }
    while respelling.open.len() <= MAX_DEPTH && respelling.step().is_some() {}
    let changed = respelling.changed.map(String::from_utf8);
    Respelled {
        text: changed.and_then(Result::ok).map_or(text.into(), Cow::Owned),
        repeated: respelling.repeated,
    }
}

/// The construct that a byte is inside of.
#[derive(Debug)]
enum Open<'t> {
    /// A block.
    Body,
    /// An object, and its entries.
    Object(Entries<'t>),
    /// `{ for` or `[for`, and the byte that closes it.
    Loop(u8),
    /// Any other bracket, and the byte that closes it.
    Bracket(u8),
    /// `${`.
    Interpolation,
    /// `%{`.
    Directive,
    /// A quoted string.
    Quote,
    /// A heredoc.
    Heredoc(Heredoc),
}

/// The entries of an object that were read so far.
#[derive(Debug, Default)]
struct Entries<'t> {
    /// The byte of the opening brace.
    brace: usize,
    /// The bytes of each key's entry, and of its value.
    known: HashMap<&'t [u8], [Range<usize>; 2]>,
    /// The first byte of the current entry.
    start: Option<usize>,
    /// Its key and the first byte of its value, once that was reached.
    key: Option<(&'t [u8], usize)>,
    /// The end of its last token.
    end: usize,
}

struct Respelling<'t> {
    bytes: &'t [u8],
    at: usize,
    open: Vec<Open<'t>>,
    /// Whether the last token was an identifier, a string or a closing bracket.
    after_term: bool,
    line_ends: LineEnds,
    /// The respelled text, once something was changed.
    changed: Option<Vec<u8>>,
    repeated: Vec<Repeated>,
}

impl<'t> Respelling<'t> {
    /// Reads one token; `None` at the end, and where the code is not valid.
    fn step(&mut self) -> Option<()> {
        let byte = *self.bytes.get(self.at)?;
        match self.open.last() {
            Some(Open::Quote) => self.quoted(byte),
            Some(Open::Heredoc(_)) => self.heredoc(byte),
            _ => return self.code(byte),
        }
        Some(())
    }

    fn rest(&self) -> &'t [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn blank(&mut self, range: Range<usize>) {
        self.write(range.start, &vec![b' '; range.len()]);
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        let text = self.changed.get_or_insert_with(|| self.bytes.to_vec());
        if let Some(place) = text.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    /// Reads one byte of a quoted string.
    fn quoted(&mut self, byte: u8) {
        match byte {
            b'"' => self.close_text(1),
            b'\\' => self.at += 2,
            _ => self.template(byte),
        }
    }

    /// Reads one byte of a template: `${` and `%{` open code, `$${` and `%%{` do not.
    fn template(&mut self, byte: u8) {
        let rest = self.rest();
        if rest.starts_with(b"$${") || rest.starts_with(b"%%{") {
            self.at += 3;
        } else if matches!(byte, b'$' | b'%') && rest.get(1) == Some(&b'{') {
            self.open.push(match byte {
                b'$' => Open::Interpolation,
                _ => Open::Directive,
            });
            self.at += 2;
            self.after_term = false;
        } else {
            self.at += 1;
        }
    }

    fn close_text(&mut self, length: usize) {
        self.open.pop();
        self.at += length;
        self.end_token();
    }

    /// Reads one token of code.
    fn code(&mut self, byte: u8) -> Option<()> {
        let rest = self.rest();
        match byte {
            b' ' | b'\t' => self.at += 1,
            b'\r' | b'\n' => self.line_end(byte),
            b'#' => self.comment(),
            b'/' if rest.starts_with(b"//") => self.comment(),
            b'/' if rest.starts_with(b"/*") => self.at += 4 + length_until(&rest[2..], b"*/"),
            b'"' => self.open_token(Open::Quote, 1),
            b'<' if rest.starts_with(b"<<") => return self.open_heredoc(),
            b'{' => self.open_brace(),
            b'[' => self.open_list(),
            b'(' => self.open_token(Open::Bracket(b')'), 1),
            b'}' | b']' | b')' => return self.close_bracket(byte),
            b',' => self.comma(),
            b'=' | b':' => self.end_key(byte),
            _ => self.word(byte),
        }
        Some(())
    }

    /// Returns the innermost construct, if it is an object.
    fn entries(&mut self) -> Option<&mut Entries<'t>> {
        match self.open.last_mut() {
            Some(Open::Object(entries)) => Some(entries),
            _ => None,
        }
    }

    /// Records the start of a token, and moves after its opening bytes.
    fn open_token(&mut self, open: Open<'t>, length: usize) {
        self.start_token();
        self.open.push(open);
        self.at += length;
        self.after_term = false;
    }

    fn start_token(&mut self) {
        let at = self.at;
        if let Some(entries) = self.entries() {
            entries.start.get_or_insert(at);
        }
    }

    /// Records the end of a token before this byte, after which an index or a block may follow.
    fn end_token(&mut self) {
        let at = self.at;
        self.after_term = true;
        if let Some(entries) = self.entries() {
            entries.end = at;
        }
    }

    fn word(&mut self, byte: u8) {
        self.start_token();
        let starts_word = is_word(byte) && byte != b'-';
        if byte.is_ascii_digit() {
            self.number();
        }
        let rest = self.rest().iter();
        self.at += match starts_word {
            true => rest.take_while(|byte| is_word(**byte)).count(),
            false => 1,
        };
        self.end_token();
        self.after_term = starts_word;
    }

    fn open_brace(&mut self) {
        let in_body = matches!(self.open.last(), None | Some(Open::Body));
        let open = match self.opens_loop() {
            _ if in_body && self.after_term => Open::Body,
            true => Open::Loop(b'}'),
            false => Open::Object(Entries {
                brace: self.at,
                ..Entries::default()
            }),
        };
        self.open_token(open, 1);
    }

    fn open_list(&mut self) {
        let open = match !self.after_term && self.opens_loop() {
            true => Open::Loop(b']'),
            false => Open::Bracket(b']'),
        };
        self.open_token(open, 1);
    }

    /// Returns whether `for` follows the bracket at this byte.
    fn opens_loop(&self) -> bool {
        let mut rest = self.rest().get(1..).unwrap_or_default();
        loop {
            rest = rest.trim_ascii_start();
            let skipped = match rest {
                [b'#', ..] | [b'/', b'/', ..] => length_until(rest, b"\n"),
                [b'/', b'*', ..] => 4 + length_until(&rest[2..], b"*/"),
                _ => break,
            };
            rest = rest.get(skipped..).unwrap_or_default();
        }
        let after = rest.strip_prefix(b"for");
        after.is_some_and(|after| !after.first().is_some_and(|byte| is_word(*byte)))
    }

    fn close_bracket(&mut self, byte: u8) -> Option<()> {
        self.end_entry(0);
        let right = match self.open.pop()? {
            Open::Body | Open::Object(_) | Open::Interpolation | Open::Directive => byte == b'}',
            Open::Loop(close) | Open::Bracket(close) => byte == close,
            Open::Quote | Open::Heredoc(_) => false,
        };
        self.at += 1;
        self.end_token();
        right.then_some(())
    }

    /// Returns whether line ends are to be removed here.
    fn drops_line_ends(&self) -> bool {
        match self.open.last() {
            Some(Open::Loop(_) | Open::Directive) => true,
            Some(Open::Bracket(_) | Open::Interpolation) => self.line_ends == LineEnds::InBrackets,
            _ => false,
        }
    }

    fn line_end(&mut self, byte: u8) {
        if self.drops_line_ends() {
            self.blank(self.at..self.at + 1);
        } else if byte == b'\n' {
            self.end_entry(0);
            self.after_term = false;
        }
        self.at += 1;
    }

    /// Reads a comment, which is removed together with the end of its line.
    fn comment(&mut self) {
        let length = length_until(self.rest(), b"\n");
        if self.drops_line_ends() {
            self.blank(self.at..self.at + length);
        }
        self.at += length;
    }

    fn comma(&mut self) {
        self.at += 1;
        self.end_entry(1);
        self.after_term = false;
    }

    /// Reads `=` or `:` before the value of an entry; `==` and `=>` are operators.
    fn end_key(&mut self, byte: u8) {
        let is_operator = byte == b'=' && matches!(self.rest().get(1), Some(b'=' | b'>'));
        let (bytes, at) = (self.bytes, self.at);
        if let Some(entries) = self.entries()
            && let (Some(start), None, false) = (entries.start, entries.key, is_operator)
        {
            entries.key = Some((bytes[start..at].trim_ascii(), at + 1));
        }
        self.at += if is_operator { 2 } else { 1 };
        self.after_term = false;
    }

    /// Ends an entry of an object, with `comma` bytes of separator. Removes an earlier entry of the same key.
    fn end_entry(&mut self, comma: usize) {
        let at = self.at;
        let Some(entries) = self.entries() else {
            return;
        };
        let (start, key) = (entries.start.take(), entries.key.take());
        let (Some(start), Some((key, value))) = (start, key) else {
            return;
        };
        let end = if comma > 0 { at } else { entries.end };
        if entries.known.len() >= MAX_ENTRIES {
            return;
        }
        let (object, value) = (entries.brace, value..end - comma);
        if let Some([earlier, value]) = entries.known.insert(key, [start..end, value]) {
            self.blank(earlier);
            self.repeated.push(Repeated { object, value });
        }
    }
}
