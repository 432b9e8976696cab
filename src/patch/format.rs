//! Keeps the columns of `terraform fmt`: in neighbouring lines the `=` are aligned, and so are the comments behind
//! them. An edit keeps the alignment where there was one.

use std::ops::Range;

/// A line of `key = value`, in bytes of the line.
struct Pair {
    /// The end of the key.
    key: usize,
    /// The position of `=`.
    equals: usize,
}

/// Splits a text into lines, with their ends. The lines of a heredoc belong to the one that opens it.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut marker = None;
    for line in text.split_inclusive('\n') {
        match (marker, lines.last_mut()) {
            (Some(end), Some(opening)) => {
                opening.push_str(line);
                marker = marker.filter(|_| line.trim() != end);
            }
            _ => {
                marker = opened(line);
                lines.push(line.to_owned());
            }
        }
    }
    lines
}

/// Returns the marker of the heredoc that a line opens.
fn opened(line: &str) -> Option<&str> {
    let (start, _) = unquoted(line).find(|(at, _)| line[*at..].starts_with("<<"))?;
    let is_comment = comment(line).is_some_and(|comment| comment < start);
    let marker = line.get(start + 2..)?.trim();
    let marker = marker.strip_prefix('-').unwrap_or(marker).trim();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    (!is_comment && !marker.is_empty() && marker.chars().all(is_name)).then_some(marker)
}

/// Returns the first line of a heredoc, or the line itself.
fn head(line: &str) -> &str {
    line.split_inclusive('\n').next().unwrap_or_default()
}

/// Aligns an edited text as `terraform fmt` would, as far as it was aligned before. Each edit has its bytes before and
/// after.
pub(super) fn realigned(
    before: &str,
    after: &str,
    edits: &[(Range<usize>, Range<usize>)],
) -> String {
    let old = lines(before);
    let mut new = lines(after);
    let ends = [&old, &new].map(|lines| ends(lines));
    for (was, is) in edits {
        let was_formatted = around(&ends[0], was).all(|line| is_formatted(&old, line));
        if was_formatted {
            // What is put behind a line without an end leaves that line as it is.
            let text = after.get(is.clone()).unwrap_or_default();
            let ended = text.len() - text.trim_start_matches(['\r', '\n']).len();
            let start = if was.is_empty() {
                is.start + ended.min(2)
            } else {
                is.start
            };
            for line in around(&ends[1], &(start..is.end)) {
                align(&mut new, line);
            }
        }
    }
    new.concat()
}

/// Returns the byte behind each line.
fn ends(lines: &[String]) -> Vec<usize> {
    let end = |end: &mut usize, line: &String| {
        *end += line.len();
        Some(*end)
    };
    lines.iter().scan(0, end).collect()
}

/// Returns the numbers of the lines that hold these bytes, and of their neighbours.
fn around(ends: &[usize], bytes: &Range<usize>) -> Range<usize> {
    let line = |at: usize| ends.partition_point(|end| *end <= at);
    let (first, last) = (line(bytes.start), line(bytes.end));
    first.saturating_sub(1)..last + 2
}

/// Parses a line as `key = value`, if it ends on the same line, or in a heredoc.
fn pair(line: &str) -> Option<Pair> {
    let line = head(line);
    let (equals, _) = unquoted(line).find(|(_, c)| *c == '=')?;
    let key = line[..equals].trim();
    let bare = |c: char| c.is_alphanumeric() || "_-./:()".contains(c);
    let is_quoted = key.len() > 1 && key.starts_with('"') && key.ends_with('"');
    let is_key = is_quoted || (!key.is_empty() && key.chars().all(bare));
    let value = line[equals + 1..].trim();
    let value = value.get(..comment(value).unwrap_or(value.len()))?.trim();
    let opens = balance(value) != 0;
    if !is_key || value.is_empty() || value.starts_with(['=', '>']) || opens {
        return None;
    }
    let key = line[..equals].trim_end().len();
    Some(Pair { key, equals })
}

/// Returns how many more brackets a text opens than it closes.
fn balance(text: &str) -> i32 {
    let bracket = |(_, c)| match c {
        '{' | '[' | '(' => 1,
        '}' | ']' | ')' => -1,
        _ => 0,
    };
    unquoted(text).map(bracket).sum()
}

/// Returns the characters of a line outside of quotes.
fn unquoted(line: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut in_quotes, mut escaped) = (false, false);
    line.char_indices().filter(move |(_, c)| {
        let was_in_quotes = in_quotes;
        match c {
            _ if escaped => escaped = false,
            '\\' if in_quotes => escaped = true,
            '"' => in_quotes = !in_quotes,
            _ => {}
        }
        !was_in_quotes
    })
}

/// Returns where the comment of a line starts that follows code.
fn comment(line: &str) -> Option<usize> {
    let starts =
        |(at, c): &(usize, char)| *c == '#' || (*c == '/' && line[*at..].starts_with("//"));
    unquoted(line).find(starts).map(|(at, _)| at)
}

/// Returns where the comment behind the code of a line starts.
fn trailing(line: &str) -> Option<usize> {
    let line = head(line);
    comment(line).filter(|at| !line[..*at].trim().is_empty())
}

/// Returns the consecutive lines around one that satisfy a condition.
fn chain<T>(lines: &[String], line: usize, of: impl Fn(&str) -> Option<T>) -> Range<usize> {
    let holds = |at: usize| lines.get(at).is_some_and(|line| of(line).is_some());
    if !holds(line) {
        return line..line;
    }
    let mut first = line;
    while first > 0 && holds(first - 1) {
        first -= 1;
    }
    let mut end = line + 1;
    while holds(end) {
        end += 1;
    }
    first..end
}

/// Returns the column of a byte.
fn column(line: &str, at: usize) -> usize {
    line[..at].chars().count()
}

/// Returns the `=` of a group of lines, with the column that each should have.
fn assignments(lines: &[String], line: usize) -> Vec<(usize, Pair, usize)> {
    let range = chain(lines, line, pair);
    let pairs: Vec<_> = range
        .filter_map(|at| Some((at, pair(&lines[at])?)))
        .collect();
    let ends = pairs.iter().map(|(at, pair)| column(&lines[*at], pair.key));
    let widest = ends.max().unwrap_or_default();
    pairs
        .into_iter()
        .map(|(at, pair)| (at, pair, widest + 1))
        .collect()
}

/// Returns the comments of a group of lines: the line, where its code ends, where the comment starts, and the column
/// that it should have.
fn comments(lines: &[String], line: usize) -> Vec<(usize, usize, usize, usize)> {
    let range = chain(lines, line, trailing);
    let found: Vec<_> = range
        .filter_map(|at| {
            let start = trailing(&lines[at])?;
            let code = lines[at][..start].trim_end().len();
            Some((at, code, start))
        })
        .collect();
    let ends = found.iter().map(|(at, code, _)| column(&lines[*at], *code));
    let widest = ends.max().unwrap_or_default();
    found
        .into_iter()
        .map(|(at, code, start)| (at, code, start, widest + 1))
        .collect()
}

/// Returns whether a part of a line is blanks, as `terraform fmt` writes them: no tabs.
fn is_blank(line: &str, part: Range<usize>) -> bool {
    line[part].bytes().all(|byte| byte == b' ')
}

/// Returns whether the lines around one are aligned as by `terraform fmt`.
fn is_formatted(lines: &[String], line: usize) -> bool {
    let equals = assignments(lines, line);
    let equals = equals.iter();
    equals
        .map(|(at, pair, expected_column)| {
            let line = &lines[*at];
            column(line, pair.equals) == *expected_column && is_blank(line, pair.key..pair.equals)
        })
        .chain(
            comments(lines, line)
                .iter()
                .map(|(at, code, start, expected_column)| {
                    let line = &lines[*at];
                    column(line, *start) == *expected_column && is_blank(line, *code..*start)
                }),
        )
        .all(|is_right| is_right)
}

/// Aligns the lines around one.
fn align(lines: &mut [String], line: usize) {
    for (at, pair, expected_column) in assignments(lines, line) {
        let blanks = expected_column - column(&lines[at], pair.key);
        lines[at].replace_range(pair.key..pair.equals, &" ".repeat(blanks));
    }
    for (at, code, start, expected_column) in comments(lines, line) {
        let blanks = expected_column - column(&lines[at], code);
        lines[at].replace_range(code..start, &" ".repeat(blanks));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_again_after_an_edit_where_they_stood_before() {
        let aligned = "  a  = 1  # one\n  bb = 22 # two\n\n  c = 1\n";
        let after = aligned.replace("a ", "aaaa");
        let found = realigned(aligned, &after, &[(2..3, 2..6)]);
        assert_eq!(found, "  aaaa = 1  # one\n  bb   = 22 # two\n\n  c = 1\n");
        let ragged = "  a = 1\n  bb = 22\n";
        let after = ragged.replace("a ", "aaaa ");
        assert_eq!(realigned(ragged, &after, &[(2..3, 2..6)]), after);
        let tabs = "\ta\t=\t1\t# one\n";
        let after = tabs.replace('1', "22");
        assert_eq!(realigned(tabs, &after, &[(5..6, 5..7)]), after);
    }

    #[test]
    fn what_is_put_behind_a_file_without_a_last_line_end_leaves_its_last_block() {
        let before = "b {\n  from = 1\n  to   = 2\n  protocol = 3\n}";
        let after = format!("{before}\n\nb {{\n  a = 1\n  bb = 2\n}}\n");
        let at = before.len();
        let found = realigned(before, &after, &[(at..at, at..after.len())]);
        assert!(found.starts_with(before), "{found}");
        assert!(found.ends_with("  a  = 1\n  bb = 2\n}\n"), "{found}");
    }

    #[test]
    fn a_heredoc_is_a_line_among_its_neighbours() {
        let before = "  a    = 1\n  text = <<-EOT\n    x = 1\n  EOT\n";
        let after = format!("{before}  longer = 2\n");
        let at = before.len();
        let found = realigned(before, &after, &[(at..at, at..after.len())]);
        assert_eq!(
            found,
            "  a      = 1\n  text   = <<-EOT\n    x = 1\n  EOT\n  longer = 2\n"
        );
    }

    #[test]
    fn what_takes_several_lines_and_text_in_quotes_stand_for_themselves() {
        assert!(pair("  a = {\n").is_none());
        assert!(pair("  a = f(<<EOT\n").is_none());
        assert!(pair("  a == 1\n").is_none());
        assert!(pair("  \"a b\" = 1\n").is_some());
        assert!(comment("  a = \"# no\" # yes").is_some());
        assert_eq!(comment("  a = \"# no\""), None);
    }
}
