//! Regular expressions of RE2, written for the engine that is used here.

use crate::code::fault::Invalid;

/// What RE2 and this engine would read differently, written so that both mean the same. None where that is not certain.
///
/// # Errors
/// When RE2 refuses it.
pub(super) fn translated(pattern: &str) -> Result<Option<String>, Invalid> {
    let (mut text, mut letters) = (
        String::with_capacity(pattern.len()),
        pattern.chars().peekable(),
    );
    let (mut in_class, mut at_start) = (false, false);
    while let Some(letter) = letters.next() {
        let starts = std::mem::take(&mut at_start);
        match letter {
            '\\' => {
                let escaped = letters.next().ok_or(Invalid)?;
                match escape(escaped, in_class) {
                    Some(known) => text.push_str(known),
                    // Terraform knows neither of them, and the others are not told apart here.
                    None if matches!(escaped, 'Q' | 'E' | 'C' | 'p' | 'P') => return Ok(None),
                    None if escaped.is_alphabetic() && !"afnrtvxAz".contains(escaped) => {
                        return Err(Invalid);
                    }
                    None => text.extend(['\\', escaped]),
                }
            }
            '[' if !in_class => {
                (in_class, at_start) = (true, true);
                text.push('[');
                if letters.next_if_eq(&'^').is_some() {
                    text.push('^');
                }
                // A bracket that comes first does not close.
                if letters.next_if_eq(&']').is_some() {
                    text.push_str("\\]");
                    at_start = false;
                }
            }
            '[' if letters.peek() == Some(&':') => text.push('['),
            '[' => text.push_str("\\["),
            ']' if in_class && text.ends_with(':') && text.rfind("[:").is_some() => {
                text.push(']');
            }
            ']' if in_class => {
                in_class = false;
                text.push(']');
            }
            '&' | '~' if in_class => text.extend(['\\', letter]),
            '-' if in_class && !starts && letters.peek() == Some(&'-') => text.push_str("\\-"),
            '{' if !in_class => text.push_str(brace(&letters.clone().collect::<String>())),
            letter => text.push(letter),
        }
    }
    Ok(Some(text))
}

/// Classes of letters that mean ASCII alone in RE2.
fn escape(letter: char, in_class: bool) -> Option<&'static str> {
    Some(match (letter, in_class) {
        ('d', false) => "[0-9]",
        ('d', true) => "0-9",
        ('D', _) => "[^0-9]",
        ('w', false) => "[0-9A-Za-z_]",
        ('w', true) => "0-9A-Za-z_",
        ('W', _) => "[^0-9A-Za-z_]",
        ('s', false) => "[\\t\\n\\f\\r ]",
        ('s', true) => "\\t\\n\\f\\r ",
        ('S', _) => "[^\\t\\n\\f\\r ]",
        ('b', false) => "(?-u:\\b)",
        ('B', false) => "(?-u:\\B)",
        _ => return None,
    })
}

/// A brace that repeats nothing is a letter.
fn brace(rest: &str) -> &'static str {
    let inner = rest.split_once('}').map_or("", |(inner, _)| inner);
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let repeats = !least.is_empty() && is_digits(least) && is_digits(most);
    if repeats { "{" } else { "\\{" }
}
