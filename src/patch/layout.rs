//! Inserts and removes lines and blocks.

use super::comments::{behind_comments, has_comment, is_comment};
use crate::model::Edit;
use std::ops::Range;

/// A file whose lines are edited.
#[derive(Debug, Clone, Copy)]
pub(super) struct SourceFile<'a> {
    /// The path.
    pub file: &'a str,
    /// The text.
    pub text: &'a str,
}

impl<'a> SourceFile<'a> {
    /// Creates an edit of these bytes.
    pub(super) fn edit(&self, range: Range<usize>, text: String) -> Edit {
        let before = self.text.as_bytes().get(..range.start).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        Edit {
            file: self.file.to_owned(),
            line,
            range,
            text,
        }
    }

    /// Returns file and line of a byte, for messages.
    pub(super) fn place(&self, at: usize) -> String {
        format!("{}:{}", self.file, self.edit(at..at, String::new()).line)
    }

    /// Returns the line end that the file uses.
    pub(super) fn line_end(&self) -> &'static str {
        if self.text.contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        }
    }

    /// Returns the line around a byte, with its end. The byte may be any byte of a character.
    pub(super) fn line_of(&self, at: usize) -> Range<usize> {
        let (before, after) = self.text.as_bytes().split_at(at);
        let start = before.iter().rposition(|byte| *byte == b'\n');
        let end = after.iter().position(|byte| *byte == b'\n');
        start.map_or(0, |end| end + 1)..end.map_or(self.text.len(), |end| at + end + 1)
    }

    /// Returns the indentation of a line.
    pub(super) fn indent_of(&self, at: usize) -> &'a str {
        let line = &self.text[self.line_of(at)];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    /// Inserts `key = value` on a line of its own below the line around a byte.
    pub(super) fn put_after(&self, at: usize, indent: &str, key: &str, value: &str) -> Edit {
        let line = self.line_of(at);
        let end = self.line_end();
        // The last line of a file may lack its end.
        let (lead, tail) = if self.text[line.clone()].ends_with('\n') {
            ("", end)
        } else {
            (end, "")
        };
        let text = format!("{lead}{indent}{key} = {value}{tail}");
        self.edit(line.end..line.end, text)
    }

    /// Removes the lines of an attribute or entry, with its comment right above; `None` where it shares them with other
    /// code.
    pub(super) fn take_out(&self, whole: Range<usize>) -> Option<Edit> {
        let lines = self.lines_of(whole)?;
        Some(self.edit(lines, String::new()))
    }

    /// Returns the lines of an attribute or entry, with its comment right above it; `None` where it shares them with other
    /// code.
    pub(super) fn lines_of(&self, whole: Range<usize>) -> Option<Range<usize>> {
        let (first, last) = (
            self.line_of(whole.start),
            self.line_of(whole.end.saturating_sub(1).max(whole.start)),
        );
        let alone = self.text[first.start..whole.start].trim().is_empty();
        let rest = behind_part(&self.text[whole.end..last.end]);
        if !alone || !(rest.is_empty() || rest.starts_with('#') || rest.starts_with("//")) {
            return None;
        }
        Some(self.own_start(first.start, last.end)..last.end)
    }

    /// Returns where the lines of a part start, with the comment right above it. A comment that heads several parts,
    /// which follow one another line by line, stays.
    pub(super) fn own_start(&self, start: usize, end: usize) -> usize {
        let comment = self.comment_above(start);
        let above = self.text[..comment].lines().next_back();
        let above = above.unwrap_or_default().trim();
        let heads = above.is_empty() || above.ends_with(['{', '[', '(']);
        let below = self.text[end..].lines().next().unwrap_or_default().trim();
        let closes = below.is_empty() || below.starts_with(['}', ']', ')']);
        match heads && !closes && !is_comment(below) {
            true => start,
            false => comment,
        }
    }

    /// Returns where the comment right above a line starts: nothing but comments is in its lines. Without one it is
    /// where the line starts.
    fn comment_above(&self, line: usize) -> usize {
        let mut start = line;
        while let Some(above) = start.checked_sub(1).map(|at| self.line_of(at)) {
            let text = self.text[above.clone()].trim();
            let opening = match text.starts_with('#') || text.starts_with("//") {
                true => Some(above.start),
                false if text.ends_with("*/") => self.text[..above.end].rfind("/*"),
                false => None,
            };
            let Some(opening) = opening else {
                break;
            };
            let first = self.line_of(opening).start;
            if !self.text[first..opening].trim().is_empty() {
                break;
            }
            start = first;
        }
        start
    }

    /// Returns whether a comment stands right above a block, or in it.
    pub(super) fn is_commented(&self, span: &Range<usize>) -> bool {
        let start = self.line_of(span.start).start;
        let text = self.text.get(span.clone()).unwrap_or_default();
        self.comment_above(start) < start || has_comment(text)
    }

    /// Removes a block, with the comment right above it and one of the blank lines around it.
    pub(super) fn take_out_block(&self, span: Range<usize>) -> Edit {
        let mut start = self.comment_above(self.line_of(span.start).start);
        let mut end = self.line_of(span.end.saturating_sub(1)).end;
        let below = self.line_of(end.min(self.text.len().saturating_sub(1)));
        if end < self.text.len() && self.text[below.clone()].trim().is_empty() {
            end = below.end;
        } else if end == self.text.len() || self.text[below].trim() == "}" {
            // The last block of a file, or of another block, takes the blank line above it along.
            let above = start.checked_sub(1).map(|at| self.line_of(at));
            if let Some(above) = above.filter(|above| self.text[above.clone()].trim().is_empty()) {
                start = above.start;
            }
        }
        self.edit(start..end, String::new())
    }
}

/// Returns the rest of a line behind a part and its comma, which comments may come before.
fn behind_part(rest: &str) -> &str {
    let rest = rest.trim();
    let behind = behind_comments(rest);
    behind.strip_prefix(',').map_or(rest, str::trim)
}
