//! Writes the report as JSON: the object that `docs/scan.schema.json` describes.

use crate::model::{Report, escape_json, mask_json};
use serde::Serialize;
use serde_json::Value;

/// The version of the JSON format.
const VERSION: u8 = 1;

/// The object.
#[derive(Serialize)]
struct ScanJson<'a> {
    version: u8,
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<&'a str>,
}

/// Writes the report as a JSON object, with a line end. The same report gives the same bytes.
///
/// # Errors
/// Never for a scan's report: all its keys are strings.
pub fn json(report: &Report) -> serde_json::Result<String> {
    written(report, None)
}

/// Writes the report as a JSON object that holds the patch of its fixes as well.
///
/// # Errors
/// As `json`.
pub fn json_with_patch(report: &Report, patch: &str) -> serde_json::Result<String> {
    written(report, Some(patch))
}

fn written(report: &Report, patch: Option<&str>) -> serde_json::Result<String> {
    let json = ScanJson {
        version: VERSION,
        report,
        patch,
    };
    let text = match credentials_masked(&json)? {
        None => serde_json::to_string_pretty(&json)?,
        Some(shown) => serde_json::to_string_pretty(&shown)?,
    };
    Ok(escape_json(text) + "\n")
}

/// Masks what looks like a credential; `None` where nothing does, so that the keys keep their order.
pub(super) fn credentials_masked(json: &impl Serialize) -> serde_json::Result<Option<Value>> {
    let plain = serde_json::to_value(json)?;
    let mut shown = plain.clone();
    mask_json(&mut shown);
    Ok((shown != plain).then_some(shown))
}
