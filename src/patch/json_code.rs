//! Writes values into JSON: code (`.tf.json`), files of variables (`.tfvars.json`), and data that code decodes.

use super::Stack;
use super::json_file::{JsonFile, Texts};
use super::location::page;
use super::reasons::FileRefusal;
use super::refusal::Refusal;
use super::target::Target;
use super::write::Entry;
use crate::code::{JsonNode, JsonValue};
use crate::model::{Edit, Source, Value};

/// The top-level keys of a file of code below which values are edited. A variable's default may be set elsewhere, a local
/// may be used elsewhere.
const EDITED: &[&str] = &["module", "resource"];

impl Target<'_> {
    /// Replaces the value at a place.
    ///
    /// # Errors
    /// Why the value cannot be written there.
    pub(super) fn replace_json(
        &self,
        source: &Source,
        value: &Value,
        stack: &Stack<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        let file = open(&source.file, stack)?;
        let node = editable(&file, source)?;
        let edits = file.replace(node, value);
        edits.ok_or_else(|| Refusal::NotPlain {
            path: self.path.to_owned(),
            place: source.place(),
        })
    }

    /// Removes the entry whose value is at a place.
    ///
    /// # Errors
    /// Why the entry stays.
    pub(super) fn take_out_json(
        &self,
        source: &Source,
        stack: &Stack<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        let file = open(&source.file, stack)?;
        editable(&file, source)?;
        let edit = file.remove(source.span.0);
        Ok(vec![edit.ok_or_else(|| is_json(&source.file))?])
    }

    /// Adds entries to the map at a place.
    ///
    /// # Errors
    /// Why the entries cannot be added.
    pub(super) fn put_entries_json(
        &self,
        map: &Source,
        entries: &[Entry],
        stack: &Stack<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        let file = open(&map.file, stack)?;
        let node = editable(&file, map)?;
        let keys: Vec<&str> = match &node.json {
            JsonValue::Object(known) => known.iter().map(|entry| &*entry.key).collect(),
            _ => Vec::new(),
        };
        let is_computed = |key: &&str| key.contains("${") || key.contains("%{");
        let has_computed_keys = is_code(&map.file) && keys.iter().any(is_computed);
        let has_key = |key: &str| keys.contains(&key);
        self.is_free((&has_key, has_computed_keys), entries, map)?;
        let edits = file.add(node, entries);
        edits.ok_or_else(|| Refusal::NoMap {
            name: self.name.to_owned(),
            place: map.place(),
        })
    }

    /// Adds an attribute to the resource's block.
    ///
    /// # Errors
    /// Why the attribute cannot be added.
    pub(super) fn add_json(&self, value: &Value, stack: &Stack<'_>) -> Result<Vec<Edit>, Refusal> {
        let place = &self.resource.file;
        let file = open(place, stack)?;
        let (tf_type, name) = (self.address.tf_type.as_str(), self.address.name.as_str());
        let block = file.below(&["resource", tf_type, name]);
        let block = block.ok_or_else(|| is_json(place))?;
        let edits = file.add(block, &[(self.name.to_owned(), value.clone())]);
        edits.ok_or_else(|| is_json(place))
    }
}

/// Returns whether a file of JSON holds code, not values.
fn is_code(file: &str) -> bool {
    file.ends_with(".tf.json") || file.ends_with(".tofu.json")
}

fn is_json(file: &str) -> Refusal {
    FileRefusal::Json(file.to_owned()).into()
}

/// Opens a file of JSON.
///
/// # Errors
/// Why it may not be edited.
pub(super) fn open<'a>(file: &'a str, stack: &Stack<'a>) -> Result<JsonFile<'a>, Refusal> {
    let texts = match is_code(file) {
        true => Texts::Templates,
        false => Texts::Plain,
    };
    JsonFile::read(page(stack.tree, file)?, texts).ok_or_else(|| is_json(file))
}

/// Returns the value at a place, where it is one that may be edited.
fn editable<'f, 'a>(file: &'f JsonFile<'a>, source: &Source) -> Result<&'f JsonNode<'a>, Refusal> {
    let is_edited = !is_code(&source.file)
        || EDITED.iter().any(|key| {
            let below = file.below(&[key]);
            below.is_some_and(|node| node.at < source.span.0 && source.span.0 < node.end)
        });
    let node = file.node(source.span.0).filter(|_| is_edited);
    node.ok_or_else(|| is_json(&source.file))
}
