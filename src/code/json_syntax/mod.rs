//! Terraform's JSON syntax, as the HCL that says the same.

mod reader;
mod rules;
mod template;
mod writer;

pub use reader::{Entry, Json, Node};

use super::nested_blocks::NestedBlocks;
use super::parse::Unparsed;
use reader::Reader;
use writer::Writer;

/// The HCL that says the same as a text of JSON, and where its parts stand in that.
pub(super) struct Hcl {
    pub text: String,
    /// By the byte of the HCL, in order.
    pub places: Vec<JsonPlace>,
}

/// Where in the JSON a part of the HCL stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonPlace {
    /// The byte of the HCL where it starts.
    pub start: usize,
    /// The line of the JSON, from 1.
    pub line: usize,
    /// The byte of the JSON.
    pub at: usize,
}

/// Reads a text of JSON with the place of each value; none where it is no JSON, or too large.
pub fn nodes(text: &str) -> Option<Node<'_>> {
    Reader::new(text).read().ok()
}

/// Writes a file of JSON as HCL.
///
/// # Errors
/// When it is no JSON, is too large, or says something that no file of Terraform may say.
pub(super) fn to_hcl(text: &str, blocks: &NestedBlocks) -> Result<Hcl, Unparsed> {
    let root = Reader::new(text).read()?;
    Writer::new(text, blocks).write(&root)
}
