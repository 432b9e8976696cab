//! Writes the report as JSON: the object that `docs/scan.schema.json` describes.

use crate::model::{Report, is_unseen, mask_json};
use serde::Serialize;
use serde_json::Value;

/// The version of the JSON format.
const VERSION: u8 = 1;

/// Writes the report as a JSON object, with a line end. The same report gives the same bytes.
///
/// # Errors
/// Never for a scan's report: all its keys are strings.
pub fn json(report: &Report) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Form<'a> {
        version: u8,
        #[serde(flatten)]
        report: &'a Report,
    }
    let form = Form {
        version: VERSION,
        report,
    };
    let text = match credentials_masked(&form)? {
        None => serde_json::to_string_pretty(&form)?,
        Some(shown) => serde_json::to_string_pretty(&shown)?,
    };
    Ok(with_escapes(text) + "\n")
}

/// Escapes invisible characters and those that reverse text, which does not change the meaning. Outside its strings
/// JSON holds no such characters but line ends.
pub(super) fn with_escapes(json: String) -> String {
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

/// Masks what looks like a credential; `None` where nothing does, so that the keys keep their order.
pub(super) fn credentials_masked(form: &impl Serialize) -> serde_json::Result<Option<Value>> {
    let plain = serde_json::to_value(form)?;
    let mut shown = plain.clone();
    mask_json(&mut shown);
    Ok((shown != plain).then_some(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_an_escape_that_means_the_same() {
        let value = serde_json::json!({"a\u{202e}b": ["\u{200b}\u{7f}\u{e0041}\u{feff}", "ü\n\t\"\\u202e"]});
        let text = serde_json::to_string_pretty(&value).unwrap();
        let shown = with_escapes(text);
        assert!(!shown.contains(|c| is_unseen(c) && c != '\n'), "{shown}");
        assert!(
            shown.contains("a\\u202eb") && shown.contains("\\udb40\\udc41") && shown.contains('ü')
        );
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
    }
}
