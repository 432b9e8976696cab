//! What programs read: the object that `docs/scan.schema.json` describes.

use crate::model::{Report, mask_json};
use serde::Serialize;
use serde_json::Value;

/// The version of the form.
const VERSION: u8 = 1;

/// The report as one JSON object, with a line end. The same report makes the same bytes.
///
/// # Errors
/// Never for a report that a scan made: all its keys are texts.
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
    Ok(text + "\n")
}

/// What is shown in the place of something that holds what looks like a credential; none where nothing does. Then its
/// keys keep their order.
pub(super) fn credentials_masked(form: &impl Serialize) -> serde_json::Result<Option<Value>> {
    let plain = serde_json::to_value(form)?;
    let mut shown = plain.clone();
    mask_json(&mut shown);
    Ok((shown != plain).then_some(shown))
}
