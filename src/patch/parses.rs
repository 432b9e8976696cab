//! Checks that an edited file parses.

use super::data_file::is_data;
use super::location::is_hcl;
use super::reasons::Unproven;
use super::refusal::Refusal;
use crate::code::{json_nodes, parse};
use crate::model::Interrupt;
use std::ops::ControlFlow;
use tree_sitter::{ParseOptions, ParseState};

/// Checks that both parsers accept a file. The second one supports less of HCL: errors from before the edit do not
/// count.
pub(super) fn parses(
    file: &str,
    before: &str,
    bytes: &[u8],
    interrupt: &Interrupt,
) -> Result<(), Refusal> {
    let refused = || Refusal::from(Unproven::NotHcl(file.to_owned()));
    let text = std::str::from_utf8(bytes).map_err(|_| refused())?;
    if is_data(file) {
        // The evaluation reads it.
        return Ok(());
    }
    if !is_hcl(file) {
        let is_json = json_nodes(text).is_some();
        return is_json.then_some(()).ok_or_else(refused);
    }
    parse::body(text).map_err(|_| refused())?;
    let mut parser = tree_sitter::Parser::new();
    parser
        .set_language(&tree_sitter_hcl::LANGUAGE.into())
        .map_err(|_| refused())?;
    let mut accepts = |text: &str| {
        let mut go_on = |_: &ParseState| match interrupt.is_raised() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let options = ParseOptions::new().progress_callback(&mut go_on);
        let mut read = |at: usize, _| text.as_bytes().get(at..).unwrap_or_default();
        let tree = parser.parse_with_options(&mut read, None, Some(options));
        tree.is_some_and(|tree| !tree.root_node().has_error())
    };
    if accepts(text) || !accepts(before) {
        Ok(())
    } else {
        Err(refused())
    }
}
