//! Respells empty heredocs, and heredocs with a line that only begins with their marker.

use super::{Open, Respelling};
use crate::code::effort::{is_word, length_until};
use std::ops::Range;

/// The replacement of an empty heredoc.
const EMPTY_TEXT: &[u8] = b"\"\"";
/// The letters of a replaced marker.
const LETTERS: Range<u8> = b'A'..b'Z' + 1;

/// An open heredoc.
#[derive(Debug)]
pub(super) struct Heredoc {
    start: usize,
    marker: Range<usize>,
    first_line: usize,
    /// Whether one of its lines begins with the marker and continues.
    is_ambiguous: bool,
}

impl Respelling<'_> {
    /// Reads one byte of a heredoc.
    pub(super) fn heredoc(&mut self, byte: u8) {
        if byte != b'\n' {
            return self.template(byte);
        }
        self.at += 1;
        self.heredoc_line();
    }

    /// Checks whether a line is the end of the heredoc.
    fn heredoc_line(&mut self) {
        let bytes = self.bytes;
        let line = self.at..self.at + length_until(self.rest(), b"\n");
        let Some(Open::Heredoc(heredoc)) = self.open.last_mut() else {
            return;
        };
        let marker = &bytes[heredoc.marker.clone()];
        let text = &bytes[line.clone()];
        if text.trim_ascii() != marker {
            heredoc.is_ambiguous |= ends_heredoc(text, marker);
            return;
        }
        let closing = line.start + text.len() - text.trim_ascii_start().len();
        let end = closing + marker.len();
        let (start, opening) = (heredoc.start, heredoc.marker.start);
        if heredoc.first_line == line.start {
            self.blank(start..end);
            self.write(start, EMPTY_TEXT);
        } else if heredoc.is_ambiguous
            && let Some(other) = other_marker(&bytes[opening..closing], marker)
        {
            self.write(opening, &other);
            self.write(closing, &other);
        }
        self.close_text(end - self.at);
    }

    /// Opens a heredoc; `None` where it has no end.
    pub(super) fn open_heredoc(&mut self) -> Option<()> {
        let rest = self.rest().get(2..).unwrap_or_default();
        let word = rest.strip_prefix(b"-").unwrap_or(rest);
        let start = self.at + 2 + rest.len() - word.len();
        let length = word.iter().take_while(|byte| is_word(**byte)).count();
        let after = &word[length..];
        let line = after.strip_prefix(b"\r").unwrap_or(after);
        if length == 0 || !line.starts_with(b"\n") {
            self.word(b'<');
            return Some(());
        }
        let first_line = self.bytes.len() - line.len() + 1;
        let heredoc = Heredoc {
            start: self.at,
            marker: start..start + length,
            first_line,
            is_ambiguous: false,
        };
        self.open_token(Open::Heredoc(heredoc), 0);
        self.at = first_line;
        self.heredoc_line();
        Some(())
    }
}

/// Returns whether the parser takes a line for the end of a heredoc with this marker.
fn ends_heredoc(line: &[u8], marker: &[u8]) -> bool {
    let after = line.trim_ascii_start().strip_prefix(marker);
    after.is_some_and(|after| !after.first().is_some_and(|byte| is_word(*byte)))
}

/// Returns a marker of the same length that no line of the heredoc begins with.
fn other_marker(text: &[u8], marker: &[u8]) -> Option<Vec<u8>> {
    let fits = |other: &Vec<u8>| {
        let mut lines = text.split(|byte| *byte == b'\n');
        !lines.any(|line| ends_heredoc(line, other))
    };
    let mut others = LETTERS.map(|letter| vec![letter; marker.len()]);
    others.find(fits)
}
