//! Converts Terraform's JSON syntax to HCL.

mod reader;
mod rules;
mod template;
mod writer;

pub use reader::{Entry, Json, Node};

use super::nested_blocks::NestedBlocks;
use super::parse::Unparsed;
use reader::Reader;
use writer::Writer;

/// The HCL of a JSON file, and the positions of its parts in the JSON.
pub(super) struct Hcl {
    pub text: String,
    /// The positions, sorted by the byte of the HCL.
    pub places: Vec<JsonPlace>,
}

/// The position in the JSON of a part of the HCL.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonPlace {
    /// The byte of the HCL where it starts.
    pub start: usize,
    /// The line of the JSON, from 1.
    pub line: usize,
    /// The byte of the JSON.
    pub at: usize,
}

/// Parses JSON with the position of each value; `None` where it is not valid, or too large.
pub fn nodes(text: &str) -> Option<Node<'_>> {
    Reader::new(text).read().ok()
}

/// Writes a file of JSON as HCL.
///
/// # Errors
/// It is not valid JSON, is too large, or is not valid Terraform.
pub(super) fn to_hcl(text: &str, blocks: &NestedBlocks) -> Result<Hcl, Unparsed> {
    let root = Reader::new(text).read()?;
    Writer::new(text, blocks).write(&root)
}
