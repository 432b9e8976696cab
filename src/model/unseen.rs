//! Recognizes characters that are invisible, or that change how the characters around them look.

use std::borrow::Cow;

/// Returns whether a character is shown and written as an escape: control characters, those that change the direction
/// of text, and those without width.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Escapes the invisible characters of a file's name, line ends among them.
pub fn escape_name(name: &str) -> Cow<'_, str> {
    if !name.contains(is_unseen) {
        return Cow::Borrowed(name);
    }
    let shown = |c: char| match is_unseen(c) {
        true => c.escape_unicode().to_string(),
        false => c.to_string(),
    };
    Cow::Owned(name.chars().map(shown).collect())
}

/// Escapes invisible characters and those that reverse text in JSON, which does not change its meaning: outside its
/// strings JSON holds no such characters but line ends.
pub fn escape_json(json: String) -> String {
    let is_hidden = |c: char| is_unseen(c) && c != '\n';
    if !json.contains(is_hidden) {
        return json;
    }
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        match is_hidden(c) {
            false => shown.push(c),
            true => {
                let mut units = [0; 2];
                let units = c.encode_utf16(&mut units).iter();
                shown.extend(units.map(|unit| format!("\\u{unit:04x}")));
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_an_escape_that_means_the_same() {
        let value = serde_json::json!({"a\u{202e}b": ["\u{200b}\u{7f}\u{e0041}\u{feff}", "ü\n\t\"\\u202e"]});
        let text = serde_json::to_string_pretty(&value).unwrap();
        let shown = escape_json(text);
        assert!(!shown.contains(|c| is_unseen(c) && c != '\n'), "{shown}");
        assert!(
            shown.contains("a\\u202eb") && shown.contains("\\udb40\\udc41") && shown.contains('ü')
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
            value
        );
    }
}
