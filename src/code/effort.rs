//! Estimates the cost of parsing a text, in one pass over its tokens before it is parsed.
//!
//! The parser limits nesting, but three things cost it more than their length. Each key of an object is compared with
//! all keys before it. A tree takes up to three hundred times the memory of its text. And an empty heredoc is read
//! twice, once of these to the end of the file, so that nested ones double the time.

/// The most bytes that the tree of each token takes: measured, and rounded up.
mod cost {
    pub(super) const WORD: usize = 330;
    pub(super) const TEXT: usize = 330;
    pub(super) const OPERATOR: usize = 360;
    pub(super) const BRACKET: usize = 1_000;
    pub(super) const BRACE: usize = 1_250;
    pub(super) const HOLE: usize = 560;
    /// The first operator of a traversal, and each further one.
    pub(super) const FIRST_STEP: usize = 1_000;
    pub(super) const STEP: usize = 460;
    /// A byte of text, which is copied while it grows.
    pub(super) const BYTE: usize = 3;
    /// The steps that reading a byte takes, where comparing two keys is one.
    pub(super) const STEPS: usize = 4;
}

/// The most readings of a file: one, and one more for each empty heredoc.
const MAX_READINGS: usize = 8;

/// A heredoc marker that no line is: a template ends with its text.
const NO_END: &[u8] = b"\0";

/// The most that parsing a text costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Effort {
    /// The bytes of the tree.
    pub memory: usize,
    /// Bytes read and keys compared, in steps of some twenty nanoseconds.
    pub steps: usize,
}

/// A text with too many empty heredocs to be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EmptyHeredocs {
    /// The byte where one heredoc too many starts.
    pub at: usize,
}

impl Effort {
    /// Measures a body or an expression.
    ///
    /// # Errors
    /// It has too many empty heredocs, each of which doubles the time of the parser.
    pub(super) fn of(text: &str) -> Result<Self, EmptyHeredocs> {
        Self::within(text, Vec::new())
    }

    /// Measures a template.
    ///
    /// # Errors
    /// It has too many empty heredocs, each of which doubles the time of the parser.
    pub(super) fn of_template(text: &str) -> Result<Self, EmptyHeredocs> {
        Self::within(text, vec![Open::Heredoc(NO_END)])
    }

    fn within(text: &str, open: Vec<Open<'_>>) -> Result<Self, EmptyHeredocs> {
        let mut effort = Self {
            memory: text.len().saturating_mul(cost::BYTE),
            steps: 0,
        };
        let first = Reading {
            bytes: text.as_bytes(),
            at: 0,
            open,
            last: LastToken::Other,
            tokens: 0,
        };
        let (mut readings, mut number) = (vec![first], 1);
        while let Some(mut reading) = readings.pop() {
            let mut at = reading.at;
            while let Some(step) = reading.step(&mut effort) {
                let read = reading.at - at;
                effort.steps = effort
                    .steps
                    .saturating_add(read.saturating_mul(cost::STEPS));
                at = reading.at;
                let Step::MayBeEmpty(other) = step else {
                    continue;
                };
                number += 1;
                if number > MAX_READINGS {
                    return Err(EmptyHeredocs { at: other.at });
                }
                readings.push(other);
            }
        }
        Ok(effort)
    }
}

/// The construct that a byte is inside of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open<'t> {
    /// A block.
    Body,
    /// An object: the number of its keys, and of the token where the current entry starts.
    Object { keys: usize, start: usize },
    /// A list, an index, arguments or parentheses, and the byte that closes it.
    Bracket(u8),
    /// `${` or `%{`.
    Hole,
    /// A quoted string.
    Quote,
    /// A heredoc that ends with this word.
    Heredoc(&'t [u8]),
}

/// The kind of the last token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastToken {
    /// A word, a text or a bracket that closes: an index may follow.
    Term,
    /// `.` or an index: the operators of a traversal go on.
    Step,
    Other,
}

/// The position and open constructs of one way to read the text.
#[derive(Debug, Clone)]
struct Reading<'t> {
    bytes: &'t [u8],
    at: usize,
    open: Vec<Open<'t>>,
    last: LastToken,
    tokens: usize,
}

enum Step<'t> {
    Read,
    /// A heredoc that may be empty, with the other way to read it.
    MayBeEmpty(Reading<'t>),
}

impl<'t> Reading<'t> {
    /// Reads one token. Returns `None` at the end, and where the parser would stop at an error.
    fn step(&mut self, effort: &mut Effort) -> Option<Step<'t>> {
        let byte = *self.bytes.get(self.at)?;
        match self.open.last().copied() {
            Some(Open::Quote) => self.quoted(byte, effort),
            Some(Open::Heredoc(end)) => self.heredoc(byte, end, effort),
            _ => return self.code(byte, effort),
        }
        Some(Step::Read)
    }

    /// Reads one byte of a quoted string.
    fn quoted(&mut self, byte: u8, effort: &mut Effort) {
        match byte {
            b'"' => self.close_text(1),
            b'\\' => self.at += 2,
            _ => self.text(byte, effort),
        }
    }

    /// Reads one byte of a heredoc.
    fn heredoc(&mut self, byte: u8, end: &[u8], effort: &mut Effort) {
        let ending = match byte {
            b'\n' => 1,
            b'\r' if self.rest().starts_with(b"\r\n") => 2,
            _ => return self.text(byte, effort),
        };
        match delimiter(&self.bytes[self.at + ending..], end) {
            Some(length) => self.close_text(ending + length),
            None => self.at += ending,
        }
    }

    /// Reads one byte of a template: `${` and `%{` open code, `$${` and `%%{` do not.
    fn text(&mut self, byte: u8, effort: &mut Effort) {
        let rest = self.rest();
        if rest.starts_with(b"$${") || rest.starts_with(b"%%{") {
            self.at += 3;
        } else if matches!(byte, b'$' | b'%') && rest.get(1) == Some(&b'{') {
            self.open.push(Open::Hole);
            self.token(2, cost::HOLE + cost::TEXT, LastToken::Other, effort);
        } else {
            self.at += 1;
        }
    }

    fn close_text(&mut self, length: usize) {
        self.open.pop();
        self.at += length;
        self.last = LastToken::Term;
    }

    /// Reads one token of code.
    fn code(&mut self, byte: u8, effort: &mut Effort) -> Option<Step<'t>> {
        let next = self.bytes.get(self.at + 1).copied();
        match (byte, next) {
            (b' ' | b'\t' | b'\r', _) => self.at += 1,
            (b'\n', _) => self.end_entry(1),
            (b'#', _) | (b'/', Some(b'/')) => self.at += length_until(self.rest(), b"\n"),
            (b'/', Some(b'*')) => self.at += 2 + length_until(&self.rest()[2..], b"*/") + 2,
            (b'"', _) => {
                self.open.push(Open::Quote);
                self.token(1, cost::TEXT, LastToken::Other, effort);
            }
            (b'<', Some(b'<')) => return self.open_heredoc(effort),
            (b'{' | b'[' | b'(', _) => self.open_bracket(byte, effort),
            (b'}' | b']' | b')', _) => return self.close_bracket(byte),
            (b',', _) => self.end_entry(1),
            (b'=', Some(b'=' | b'>')) | (b'!' | b'<' | b'>', Some(b'=')) | (b':', Some(b':')) => {
                self.token(2, cost::OPERATOR, LastToken::Other, effort);
            }
            (b'=' | b':', _) => {
                self.end_key(effort);
                self.token(1, cost::OPERATOR, LastToken::Other, effort);
            }
            (b'.', _) => self.token(1, self.step_cost(), LastToken::Step, effort),
            (b'0'..=b'9', _) => self.word(|byte| byte.is_ascii_alphanumeric(), effort),
            (byte, _) if is_word(byte) && byte != b'-' => self.word(is_word, effort),
            _ => self.token(1, cost::OPERATOR, LastToken::Other, effort),
        }
        Some(Step::Read)
    }

    fn rest(&self) -> &'t [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn token(&mut self, length: usize, memory: usize, last: LastToken, effort: &mut Effort) {
        self.at += length;
        self.tokens += 1;
        self.last = last;
        effort.memory = effort.memory.saturating_add(memory);
    }

    fn word(&mut self, goes_on: impl Fn(u8) -> bool, effort: &mut Effort) {
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| goes_on(**byte)).count();
        // The word after `.` goes on with the traversal.
        let last = match self.last {
            LastToken::Step => LastToken::Step,
            _ => LastToken::Term,
        };
        self.token(length.max(1), cost::WORD, last, effort);
    }

    fn step_cost(&self) -> usize {
        match self.last {
            LastToken::Step => cost::STEP,
            _ => cost::FIRST_STEP,
        }
    }

    fn open_bracket(&mut self, byte: u8, effort: &mut Effort) {
        let in_body = matches!(self.open.last(), None | Some(Open::Body));
        let after_term = matches!(self.last, LastToken::Term | LastToken::Step);
        let (open, memory) = match byte {
            b'{' if in_body && after_term => (Open::Body, cost::BRACE),
            b'{' => {
                let start = self.tokens + 1;
                (Open::Object { keys: 0, start }, cost::BRACE)
            }
            b'[' if after_term => (Open::Bracket(b']'), self.step_cost()),
            b'[' => (Open::Bracket(b']'), cost::BRACKET),
            _ => (Open::Bracket(b')'), cost::BRACKET),
        };
        self.open.push(open);
        self.token(1, memory, LastToken::Other, effort);
    }

    /// Closes a bracket. Returns `None` where it is not open.
    fn close_bracket(&mut self, byte: u8) -> Option<Step<'t>> {
        let right = match self.open.pop()? {
            Open::Body | Open::Object { .. } | Open::Hole => byte == b'}',
            Open::Bracket(close) => byte == close,
            Open::Quote | Open::Heredoc(_) => false,
        };
        self.at += 1;
        self.last = match byte {
            b']' => LastToken::Step,
            _ => LastToken::Term,
        };
        right.then_some(Step::Read)
    }

    /// Ends a key of an object, and counts its comparison with all keys before it.
    fn end_key(&mut self, effort: &mut Effort) {
        if let Some(Open::Object { keys, start }) = self.open.last_mut() {
            let length = (self.tokens + 1).saturating_sub(*start).max(1);
            effort.steps = effort.steps.saturating_add(keys.saturating_mul(length));
            *keys += 1;
        }
    }

    fn end_entry(&mut self, length: usize) {
        self.at += length;
        self.last = LastToken::Other;
        if let Some(Open::Object { start, .. }) = self.open.last_mut() {
            *start = self.tokens + 1;
        }
    }

    /// Opens a heredoc. Returns `None` where `<<` opens none.
    fn open_heredoc(&mut self, effort: &mut Effort) -> Option<Step<'t>> {
        let rest = self.rest().get(2..).unwrap_or_default();
        let rest = rest.strip_prefix(b"-").unwrap_or(rest);
        let length = rest.iter().take_while(|byte| is_word(**byte)).count();
        let (word, after) = rest.split_at(length);
        let after = after.strip_prefix(b"\r").unwrap_or(after);
        let Some(text) = after.strip_prefix(b"\n").filter(|_| !word.is_empty()) else {
            self.token(1, cost::OPERATOR, LastToken::Other, effort);
            return Some(Step::Read);
        };
        let start = self.bytes.len() - text.len();
        let other = delimiter(text, word).map(|length| Self {
            at: start + length,
            last: LastToken::Term,
            ..self.clone()
        });
        self.open.push(Open::Heredoc(word));
        self.token(start - self.at, cost::TEXT, LastToken::Other, effort);
        Some(other.map_or(Step::Read, Step::MayBeEmpty))
    }
}

/// Returns the length of a heredoc's closing marker with its indentation; `None` where the line is not the end.
fn delimiter(line: &[u8], word: &[u8]) -> Option<usize> {
    let indent = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
    let indent = indent.count();
    let after = line.get(indent..)?.strip_prefix(word)?;
    let ends = !after.first().is_some_and(|byte| is_word(*byte));
    ends.then_some(indent + word.len())
}

/// Returns whether a byte may be part of an identifier. Bytes beyond ASCII may.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || !byte.is_ascii()
}

/// Returns the number of bytes before the first of `searched`; all where none is found.
pub(super) fn length_until(bytes: &[u8], searched: &[u8]) -> usize {
    bytes
        .windows(searched.len())
        .position(|found| found == searched)
        .unwrap_or(bytes.len())
}
