//! The last net before a text leaves: what looks like a credential in it is masked.
//! Secrets are sealed where they are read; this is for what holds one nevertheless, such as another's error message.

use super::shape::{MASK, holds_one, masked};
use serde_json::Value as Json;
use std::borrow::Cow;

/// Returns whether a text holds what looks like a credential, or what stands for one that was masked.
pub fn holds_credential(text: &str) -> bool {
    text.contains(MASK) || holds_one(text)
}

/// Masks what looks like a credential in every text of a JSON value, keys included.
pub fn mask_json(value: &mut Json) {
    match value {
        Json::String(text) => {
            if let Cow::Owned(shown) = masked(text) {
                *text = shown;
            }
        }
        Json::Array(items) => items.iter_mut().for_each(mask_json),
        Json::Object(entries) => {
            for (key, mut value) in std::mem::take(entries) {
                mask_json(&mut value);
                entries.insert(masked(&key).into_owned(), value);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// The start of a value that a parser's message quotes, and what ends it.
const QUOTED: [(&str, &str); 5] = [
    ("string \"", "\""),
    ("integer `", "`"),
    ("floating point `", "`"),
    ("boolean `", "`"),
    ("character `", "`"),
];

/// What a parser's message goes on with behind a value that it quotes.
const EXPECTED: &str = ", expected";

/// Returns a parser's message without the value that it quotes: in a state, any value may be a secret.
pub fn without_values(message: &str) -> Cow<'_, str> {
    let start = QUOTED.iter().filter_map(|(open, close)| {
        let at = message.find(open)?;
        Some((at + open.len(), *close))
    });
    let Some((start, close)) = start.min() else {
        return masked(message);
    };
    // The value may hold the same words: what is ours comes last.
    let rest = &message[start..];
    let end = rest
        .rfind(&format!("{close}{EXPECTED}"))
        .or_else(|| rest.rfind(close));
    let after = end.and_then(|end| rest.get(end..)).unwrap_or(close);
    Cow::Owned(format!("{}...{after}", &message[..start]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parsers_message_quotes_no_value() {
        for (message, shown) in [
            (
                "invalid type: string \"hunter2\", expected u64 at line 1 column 3",
                "invalid type: string \"...\", expected u64 at line 1 column 3",
            ),
            (
                "invalid type: string \"a\", expected b\", expected u64",
                "invalid type: string \"...\", expected u64",
            ),
            (
                "invalid type: integer `4711`, expected a map",
                "invalid type: integer `...`, expected a map",
            ),
            (
                "expected `,` at line 2 column 1",
                "expected `,` at line 2 column 1",
            ),
            ("string \"cut", "string \"...\""),
        ] {
            assert_eq!(without_values(message), shown);
        }
    }

    #[test]
    fn keys_and_values_of_json_are_masked() {
        let mut value = serde_json::json!({"AKIAIOSFODNN7EXAMPLE": ["pwd=x;", 1, {"a": "b"}]});
        mask_json(&mut value);
        assert_eq!(
            value,
            serde_json::json!({"(secret)": ["pwd=(secret);", 1, {"a": "b"}]})
        );
    }
}
