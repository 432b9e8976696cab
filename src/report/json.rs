//! What programs read: the object that `docs/scan.schema.json` describes.

use crate::model::Report;
use serde::Serialize;

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
    serde_json::to_string_pretty(&form).map(|text| text + "\n")
}
