//! Keeps texts within the length that GitHub accepts.

/// How many characters a text at GitHub may have. GitHub accepts 65,536; the rest is room for what is added later, such as
/// ticked boxes and markers.
pub const MAX_TEXT: usize = 60_000;

/// Returns whether GitHub accepts a text of this length.
pub fn fits(text: &str) -> bool {
    text.chars().count() <= MAX_TEXT
}

/// Renders a text in the first of these levels of detail in which it fits, else in the last one.
pub(super) fn first_that_fits<D, E>(
    details: impl IntoIterator<Item = D>,
    render: impl Fn(D) -> Result<String, E>,
) -> Result<String, E> {
    let mut text = String::new();
    for detail in details {
        text = render(detail)?;
        if fits(&text) {
            break;
        }
    }
    Ok(text)
}

/// Joins as many lines as fit into a number of characters; the last one counts the rest.
pub(super) fn within(lines: Vec<String>, longest: usize) -> String {
    let (mut text, mut length, all) = (String::new(), 0, lines.len());
    for (at, line) in lines.into_iter().enumerate() {
        length += line.chars().count() + 1;
        if length > longest {
            return text
                + &format!(
                    "- and {} more lines: `driftguard scan` shows all\n",
                    all - at
                );
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// Cuts a comment at the end of a line where GitHub would not accept it.
pub fn fit_comment(text: &str) -> String {
    if text.len() <= MAX_TEXT {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(MAX_TEXT);
    let whole = text[..end].rfind('\n').unwrap_or(end);
    let fences = text[..whole].matches("```").count();
    let close = if fences % 2 == 1 { "\n```" } else { "" };
    format!(
        "{}{close}\n\nGitHub limits the length of a comment: the rest is left out.",
        &text[..whole]
    )
}
