//! Replaces the text of heredocs: their marker, indentation and line ends stay.

use super::layout::SourceFile;
use crate::model::{Edit, is_unseen};

/// Returns the edit after which the heredoc at these bytes has a text; `None` where it cannot hold the text.
pub(super) fn rewrite(page: SourceFile<'_>, span: (usize, usize), text: &str) -> Option<Edit> {
    let old = page.text.get(span.0..span.1)?;
    let (head, rest) = old.split_once('\n')?;
    let marker = head.trim_start_matches("<<").trim();
    let (is_flush, marker) = match marker.strip_prefix('-') {
        Some(marker) => (true, marker.trim()),
        None => (false, marker),
    };
    let body_end = match rest.trim_end().rfind('\n') {
        Some(end) => end + 1,
        // A heredoc without a line of its own.
        None => 0,
    };
    let (body, closing) = rest.split_at(body_end);
    let indent = if is_flush {
        common_indent(body).unwrap_or_else(|| blanks(closing))
    } else {
        ""
    };
    let lines = text.strip_suffix('\n')?.split('\n');
    let ends_heredoc = |line: &str| line.trim() == marker;
    let is_hidden = |c: char| c != '\n' && c != '\r' && c != '\t' && is_unseen(c);
    if text.chars().any(is_hidden) || lines.clone().any(ends_heredoc) {
        return None;
    }
    // What all lines begin with would be taken for indentation.
    if is_flush && common_indent(text).is_some_and(|indent| !indent.is_empty()) {
        return None;
    }
    let line = |line: &str| match line.trim().is_empty() {
        true => format!("{line}\n"),
        false => format!("{indent}{}\n", escaped(line)),
    };
    let lines: String = lines.map(line).collect();
    let start = span.0 + head.len() + 1;
    Some(page.edit(start..start + body_end, lines))
}

/// Escapes everything in a line that a template would evaluate.
fn escaped(line: &str) -> String {
    line.replace("${", "$${").replace("%{", "%%{")
}

/// Returns the blanks at the start of a line.
fn blanks(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Returns the smallest indentation of all lines that are not blank.
fn common_indent(text: &str) -> Option<&str> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(blanks).min_by_key(|blanks| blanks.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(code: &str, text: &str) -> Option<String> {
        let page = SourceFile {
            file: "main.tf",
            text: code,
        };
        let start = code.find("<<").unwrap();
        let edit = rewrite(page, (start, code.trim_end().len()), text)?;
        let mut after = code.to_owned();
        after.replace_range(edit.range, &edit.text);
        Some(after)
    }

    #[test]
    fn marker_indentation_and_line_ends_stay() {
        assert_eq!(
            rewritten("a = <<EOT\nx\nEOT\n", "y ${z}\n  w\n").as_deref(),
            Some("a = <<EOT\ny $${z}\n  w\nEOT\n")
        );
        assert_eq!(
            rewritten("a = <<-EOT\n    x\n      y\n  EOT\n", "z\n\n  w\n").as_deref(),
            Some("a = <<-EOT\n    z\n\n      w\n  EOT\n")
        );
        assert_eq!(
            rewritten("a = <<EOT\r\nx\r\nEOT\r\n", "y\r\n").as_deref(),
            Some("a = <<EOT\r\ny\r\nEOT\r\n")
        );
    }

    #[test]
    fn what_a_heredoc_cannot_hold_is_not_written_into_one() {
        assert_eq!(rewritten("a = <<EOT\nx\nEOT\n", "no line end"), None);
        assert_eq!(rewritten("a = <<EOT\nx\nEOT\n", "y\nEOT\n"), None);
        assert_eq!(rewritten("a = <<EOT\nx\nEOT\n", "y\u{202e}\n"), None);
        assert_eq!(rewritten("a = <<-EOT\n  x\n  EOT\n", "  y\n"), None);
    }
}
