//! Translates regular expressions of RE2 for the `regex` crate.

use crate::code::fault::Invalid;

/// Rewrites the parts of a pattern that RE2 and the `regex` crate read differently; `None` where the meaning is not
/// certain.
///
/// # Errors
/// RE2 refuses it.
pub(super) fn translated(pattern: &str) -> Result<Option<String>, Invalid> {
    let (mut text, mut letters) = (
        String::with_capacity(pattern.len()),
        pattern.chars().peekable(),
    );
    let (mut in_class, mut at_start) = (false, false);
    let mut repetition = Repetition::None;
    while let Some(letter) = letters.next() {
        let starts = std::mem::take(&mut at_start);
        if !in_class {
            repetition = repetition.then(letter, || repeats(letters.clone()))?;
        }
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
            '{' if !in_class => text.push_str(if repeats(letters.clone()) { "{" } else { "\\{" }),
            letter => text.push(letter),
        }
    }
    Ok(Some(text))
}

/// Returns the ASCII class for an escape.
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

/// The repetition operator before a character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repetition {
    None,
    /// `*`, `+` or `?`.
    Sign,
    /// `{1,2}`, open and closed.
    Open,
    Closed,
    /// Any of them with `?`.
    Lazy,
}

impl Repetition {
    /// Returns the repetition after one more character.
    ///
    /// # Errors
    /// The character repeats a repetition, which RE2 refuses.
    fn then(self, letter: char, repeats: impl FnOnce() -> bool) -> Result<Self, Invalid> {
        let is_repeated = matches!(self, Self::Sign | Self::Closed | Self::Lazy);
        match letter {
            '}' if self == Self::Open => Ok(Self::Closed),
            _ if self == Self::Open => Ok(self),
            '?' if matches!(self, Self::Sign | Self::Closed) => Ok(Self::Lazy),
            '*' | '+' | '?' if is_repeated => Err(Invalid),
            '*' | '+' | '?' => Ok(Self::Sign),
            '{' if repeats() => match is_repeated {
                true => Err(Invalid),
                false => Ok(Self::Open),
            },
            _ => Ok(Self::None),
        }
    }
}

/// Returns whether a brace followed by this is a repetition. Any other brace is literal.
fn repeats(rest: impl Iterator<Item = char>) -> bool {
    /// RE2 accepts no longer repetition.
    const MAX_LENGTH: usize = 16;
    let rest: String = rest.take(MAX_LENGTH).collect();
    let inner = rest.split_once('}').map_or("", |(inner, _)| inner);
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && is_digits(least) && is_digits(most)
}
