//! Respells what hcl-edit does not read, though Terraform does. Each token stays at its own bytes, so that what is parsed
//! tells where the file itself holds it.
//!
//! That is a byte order mark; an object's key that is given twice (the last one counts); a heredoc without a line, or with
//! a line that only begins with its marker; a number that is larger than a double; and, where brackets make line ends mean
//! nothing, line ends that the parser minds.

mod heredoc;
mod number;

use super::effort::{is_word, length_until};
use heredoc::Heredoc;
pub(super) use number::is_too_large;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

/// What some editors put before the text of a file.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// How deep brackets and texts are followed: deeper than the parser goes.
const DEEPEST: usize = 256;
/// How many entries of an object are compared: more than the parser may.
const MOST_ENTRIES: usize = 20_000;

/// Which line ends are taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineEnds {
    /// Those in `for` expressions and in directives of templates.
    InLoops,
    /// Those in all brackets where they mean nothing.
    InBrackets,
}

/// Code in a spelling that the parser reads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Respelled<'t> {
    /// The code, token by token at the same bytes.
    pub text: Cow<'t, str>,
    /// What was taken out of it, and is evaluated all the same.
    pub repeated: Vec<Repeated>,
}

/// The value of an object's key that is given again behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repeated {
    /// The byte of the brace that opens the object.
    pub object: usize,
    /// The bytes of the value.
    pub value: Range<usize>,
}

/// The same code in a spelling that the parser reads.
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
    while respelling.open.len() <= DEEPEST && respelling.step().is_some() {}
    let changed = respelling.changed.map(String::from_utf8);
    Respelled {
        text: changed.and_then(Result::ok).map_or(text.into(), Cow::Owned),
        repeated: respelling.repeated,
    }
}

/// What a byte stands in.
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
    /// A text in quotes.
    Quote,
    /// A heredoc.
    Heredoc(Heredoc),
}

/// The entries of an object, as far as they were read.
#[derive(Debug, Default)]
struct Entries<'t> {
    /// Where the brace stands that opens the object.
    brace: usize,
    /// Where the entry of each key stands, and its value.
    known: HashMap<&'t [u8], [Range<usize>; 2]>,
    /// Where the current entry starts.
    start: Option<usize>,
    /// Its key, once its value was reached, and where that starts.
    key: Option<(&'t [u8], usize)>,
    /// Where its last token ends.
    end: usize,
}

struct Respelling<'t> {
    bytes: &'t [u8],
    at: usize,
    open: Vec<Open<'t>>,
    /// Whether the last token was a word, a text or a bracket that closes.
    after_term: bool,
    line_ends: LineEnds,
    /// The new spelling, once something was changed.
    changed: Option<Vec<u8>>,
    repeated: Vec<Repeated>,
}

impl<'t> Respelling<'t> {
    /// Reads one token. None at the end, and where the code is not valid.
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

    /// One byte of a text in quotes.
    fn quoted(&mut self, byte: u8) {
        match byte {
            b'"' => self.close_text(1),
            b'\\' => self.at += 2,
            _ => self.template(byte),
        }
    }

    /// One byte of any text: `${` and `%{` open code, `$${` and `%%{` do not.
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

    /// One token of code.
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

    /// The object that the current token stands right in.
    fn entries(&mut self) -> Option<&mut Entries<'t>> {
        match self.open.last_mut() {
            Some(Open::Object(entries)) => Some(entries),
            _ => None,
        }
    }

    /// Notes that a token starts here, and moves behind what opens it.
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

    /// Notes that a token ended before this byte, after which an index or a block may follow.
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

    /// Whether `for` follows the bracket that stands here.
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

    /// Whether a line end means nothing here and is to be taken out.
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

    /// A comment to the end of its line: where that is taken out, the comment is as well.
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

    /// `=` or `:`, after which the value of an entry stands; `==` and `=>` are operators.
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

    /// Ends an entry of an object, with so many bytes of what ends it. An earlier one with its key does not count.
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
        if entries.known.len() >= MOST_ENTRIES {
            return;
        }
        let (object, value) = (entries.brace, value..end - comma);
        if let Some([earlier, value]) = entries.known.insert(key, [start..end, value]) {
            self.blank(earlier);
            self.repeated.push(Repeated { object, value });
        }
    }
}
