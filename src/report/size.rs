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

/// Keeps the first lines of a list, within a number of lines and of characters; the last line counts the rest.
pub(super) fn some(lines: Vec<String>, most: usize, longest: usize) -> Vec<String> {
    let (all, mut length) = (lines.len(), 0);
    let mut some: Vec<_> = lines
        .into_iter()
        .take_while(|line| {
            length += line.chars().count();
            length <= longest
        })
        .take(most)
        .collect();
    let more = all - some.len();
    if more > 0 {
        some.push(format!("and {more} more"));
    }
    some
}

/// Cuts a comment at the end of a line where GitHub would not accept it.
pub fn fit_comment(text: &str) -> String {
    if fits(text) {
        return text.to_owned();
    }
    let (mut kept, mut length, mut fence) = (0, 0, None);
    for line in text.split_inclusive('\n') {
        length += line.chars().count();
        if length > MAX_TEXT {
            break;
        }
        kept += line.len();
        fence = fence_after(fence, line);
    }
    let close = fence.map_or_else(String::new, |fence| format!("\n{fence}"));
    format!(
        "{}{close}\n\nGitHub limits the length of a comment: the rest is left out.",
        text[..kept].trim_end_matches('\n')
    )
}

/// Returns the fence of the code block that is open after a line, where one is.
fn fence_after<'t>(open: Option<&'t str>, line: &'t str) -> Option<&'t str> {
    let run = &line[..line.len() - line.trim_start_matches('`').len()];
    match open {
        Some(fence) if run.len() >= fence.len() && line.trim_end() == run => None,
        None if run.len() >= 3 => Some(run),
        open => open,
    }
}
