//! Lines of `key = value`: put in, taken out, their `=` in one column where they were before.

use crate::model::Edit;
use std::ops::Range;

/// A file whose lines are edited.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a> {
    /// Its path.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// One line of `key = value`.
struct Pair<'a> {
    line: Range<usize>,
    indent: &'a str,
    key: &'a str,
    /// Where the blanks before `=` are.
    gap: Range<usize>,
}

impl<'a> Page<'a> {
    /// An edit of these bytes.
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

    /// How lines end here.
    pub(super) fn line_end(&self) -> &'static str {
        if self.text.contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        }
    }

    /// The line around a byte, its end included. The byte may be any of a character's.
    pub(super) fn line_of(&self, at: usize) -> Range<usize> {
        let (before, after) = self.text.as_bytes().split_at(at);
        let start = before.iter().rposition(|byte| *byte == b'\n');
        let end = after.iter().position(|byte| *byte == b'\n');
        start.map_or(0, |end| end + 1)..end.map_or(self.text.len(), |end| at + end + 1)
    }

    /// The blanks that a line starts with.
    pub(super) fn indent_of(&self, at: usize) -> &'a str {
        let line = &self.text[self.line_of(at)];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    /// Puts `key = value` on a line of its own after the line around a byte.
    pub(super) fn put_after(&self, at: usize, indent: &str, key: &str, value: &str) -> Vec<Edit> {
        let line = self.line_of(at);
        let run = self.run(line.start);
        let mut column = key.chars().count();
        let mut edits = Vec::new();
        if self.is_aligned(&run) && run.iter().any(|pair| pair.indent == indent) {
            column = column.max(widest(&run));
            edits.extend(self.align(&run, column));
        }
        let blanks = " ".repeat(column - key.chars().count());
        let end = self.line_end();
        // The last line of a file may lack its end.
        let (lead, tail) = if self.text[line.clone()].ends_with('\n') {
            ("", end)
        } else {
            (end, "")
        };
        let text = format!("{lead}{indent}{key}{blanks} = {value}{tail}");
        edits.push(self.edit(line.end..line.end, text));
        edits
    }

    /// Takes out the line of an attribute or entry: none where it shares its lines with something else.
    pub(super) fn take_out(&self, whole: Range<usize>) -> Option<Vec<Edit>> {
        let (first, last) = (
            self.line_of(whole.start),
            self.line_of(whole.end.saturating_sub(1).max(whole.start)),
        );
        let alone = self.text[first.start..whole.start].trim().is_empty();
        let rest = self.text[whole.end..last.end].trim();
        let rest = rest.strip_prefix(',').unwrap_or(rest).trim();
        if !alone || !(rest.is_empty() || rest.starts_with('#') || rest.starts_with("//")) {
            return None;
        }
        let run = self.run(first.start);
        let mut edits = Vec::new();
        if self.is_aligned(&run) {
            let left: Vec<_> = run
                .into_iter()
                .filter(|pair| pair.line.start != first.start)
                .collect();
            let column = widest(&left);
            edits.extend(self.align(&left, column));
        }
        edits.push(self.edit(first.start..last.end, String::new()));
        Some(edits)
    }

    /// Takes out a block, with the comment that stands right above it and one of the blank lines around it.
    pub(super) fn take_out_block(&self, span: Range<usize>) -> Edit {
        let mut start = self.line_of(span.start).start;
        while let Some(above) = start.checked_sub(1).map(|at| self.line_of(at)) {
            if !self.text[above.clone()]
                .trim_start()
                .starts_with(['#', '/'])
            {
                break;
            }
            start = above.start;
        }
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

    /// The consecutive lines of `key = value` around one, of the same indent.
    fn run(&self, at: usize) -> Vec<Pair<'a>> {
        let Some(own) = self.pair(at) else {
            return Vec::new();
        };
        let fits = |pair: &Pair<'_>| pair.indent == own.indent;
        let mut above = Vec::new();
        let mut start = own.line.start;
        while let Some(pair) = start
            .checked_sub(1)
            .and_then(|before| self.pair(before))
            .filter(fits)
        {
            start = pair.line.start;
            above.push(pair);
        }
        above.reverse();
        let mut end = own.line.end;
        let mut below = Vec::new();
        while let Some(pair) = Some(end)
            .filter(|end| *end < self.text.len())
            .and_then(|at| self.pair(at))
            .filter(fits)
        {
            end = pair.line.end;
            below.push(pair);
        }
        above.push(own);
        above.extend(below);
        above
    }

    /// A line as `key = value`, where it is one that ends where it starts.
    fn pair(&self, at: usize) -> Option<Pair<'a>> {
        let line = self.line_of(at);
        let text = &self.text[line.clone()];
        let indent = self.indent_of(line.start);
        let (left, right) = text[indent.len()..].split_once('=')?;
        let key = left.trim_end();
        let bare = key
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '"' | '.' | '/' | ':'));
        let right = right.trim();
        let opens = right.ends_with(['{', '[', '(']) || right.contains("<<");
        if key.is_empty() || !bare || right.is_empty() || right.starts_with(['=', '>']) || opens {
            return None;
        }
        let start = line.start + indent.len() + key.len();
        Some(Pair {
            gap: start..line.start + indent.len() + left.len(),
            line,
            indent,
            key,
        })
    }

    /// Whether the `=` of these lines stand in one column, one blank after the longest key.
    fn is_aligned(&self, run: &[Pair<'_>]) -> bool {
        let column = widest(run);
        run.iter()
            .all(|pair| pair.key.chars().count() + pair.gap.len() == column + 1)
    }

    /// The edits that bring the `=` of these lines to a column.
    fn align(&self, run: &[Pair<'_>], column: usize) -> Vec<Edit> {
        let edit = |pair: &Pair<'_>| {
            let blanks = " ".repeat(column + 1 - pair.key.chars().count());
            (self.text[pair.gap.clone()] != blanks).then(|| self.edit(pair.gap.clone(), blanks))
        };
        run.iter().filter_map(edit).collect()
    }
}

fn widest(run: &[Pair<'_>]) -> usize {
    run.iter()
        .map(|pair| pair.key.chars().count())
        .max()
        .unwrap_or_default()
}
