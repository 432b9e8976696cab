//! Finds comments in the text of an expression.

/// Returns whether a text begins with a comment.
pub(super) fn is_comment(text: &str) -> bool {
    ["#", "//", "/*"].iter().any(|sign| text.starts_with(sign))
}

/// Returns whether there are comments in a list: outside of its texts, since those may hold addresses with `//`.
pub(super) fn has_comment(list: &str) -> bool {
    let (mut is_text, mut is_escaped) = (false, false);
    // A heredoc may hold quotes of its own.
    let has_heredoc = list.contains("<<");
    list.char_indices().any(|(at, c)| {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_text => is_escaped = true,
            '"' => is_text = !is_text,
            _ => {}
        }
        (!is_text || has_heredoc) && is_comment(&list[at..])
    })
}

/// Returns what comes behind the blanks, line ends and comments at the start of a text.
pub(super) fn behind_comments(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let is_line = rest.starts_with('#') || rest.starts_with("//");
        let end = match rest.starts_with("/*") {
            true => rest.find("*/").map(|end| end + 2),
            false => rest.find('\n').filter(|_| is_line),
        };
        match end.and_then(|end| rest.get(end..)) {
            Some(behind) => rest = behind.trim_start(),
            None => return rest,
        }
    }
}
