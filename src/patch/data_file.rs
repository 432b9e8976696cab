//! Edits a value in a file of YAML or CSV that code reads: the text of that value alone; and adds entries to YAML.

use super::literal::quote;
use super::location::page;
use super::refusal::Refusal;
use super::target::Target;
use super::write::Entry;
use super::{Stack, path, yaml_entries};
use crate::model::{Edit, Location, Site, Source, Uneditable, Value};

/// The characters that a plain text of YAML may hold, besides letters and digits.
const PLAIN: &[char] = &['_', '-', '.', '/', '+', '@', ' ', '=', '*'];
/// Words that YAML takes for something else than a text.
const WORDS: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

/// Returns whether a file holds data that code decodes, and is neither code nor JSON.
pub(super) fn is_data(file: &str) -> bool {
    is_yaml(file) || file.ends_with(".csv")
}

fn is_yaml(file: &str) -> bool {
    file.ends_with(".yaml") || file.ends_with(".yml")
}

impl Target<'_> {
    /// Replaces a value in a data file.
    ///
    /// # Errors
    /// The file is not edited in this form.
    pub(super) fn write_data(
        &self,
        location: &Location,
        value: &Value,
        stack: &Stack<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        let source = &location.source;
        match &location.site {
            Site::LeftOutEntry(keys) if !value.is_null() => {
                let entry = path::nested(keys, value.clone());
                let entry = entry.ok_or_else(|| self.in_data(location))?;
                return self.add_data(location, &[entry], stack);
            }
            Site::LeftOutArgument(_) | Site::LeftOutEntry(_) => return Err(self.in_data(location)),
            _ => {}
        }
        let page = page(stack.tree, &source.file)?;
        let (start, end) = source.span;
        let old = page.text.get(start..end).unwrap_or_default();
        let text = match is_yaml(&source.file) {
            true => scalar(old, value),
            false => cell(old, value),
        };
        match text.filter(|_| start < end) {
            Some(text) => Ok(vec![page.edit(start..end, text)]),
            None => Err(self.in_data(location)),
        }
    }

    /// Adds entries to the map of the target, which a data file holds or leaves out.
    ///
    /// # Errors
    /// The file is not edited in this form.
    pub(super) fn add_data_entries(
        &self,
        location: &Location,
        entries: &[Entry],
        stack: &Stack<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        match &location.site {
            Site::LeftOutArgument(_) => Err(self.in_data(location)),
            Site::LeftOutEntry(keys) => {
                let map = Value::map(entries.iter().cloned());
                let entry = path::nested(keys, map).ok_or_else(|| self.in_data(location))?;
                self.add_data(location, &[entry], stack)
            }
            _ => self.add_data(location, entries, stack),
        }
    }

    /// Adds entries to the mapping at a location of a data file.
    ///
    /// # Errors
    /// The mapping is not edited in this form.
    pub(super) fn add_data(
        &self,
        location: &Location,
        entries: &[Entry],
        stack: &Stack<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        let source = &location.source;
        let page = page(stack.tree, &source.file)?;
        let added = is_yaml(&source.file)
            .then(|| yaml_entries::added(page.text, source.span, entries))
            .flatten();
        let (at, text) = added.ok_or_else(|| self.in_data(location))?;
        Ok(vec![page.edit(at..at, text)])
    }

    /// Returns the refusal that names the place in the data file, where a person edits.
    pub(super) fn in_data(&self, location: &Location) -> Refusal {
        let Source { file, line, .. } = &location.source;
        Refusal::Uneditable {
            why: Uneditable::Data(format!("{file}:{line}")),
            call: self.resource.call.clone(),
        }
    }
}

/// Writes a scalar in the style of another.
fn scalar(old: &str, value: &Value) -> Option<String> {
    let text = match value {
        Value::Bool(flag) if is_plain_form(old) => return Some(flag.to_string()),
        Value::Number(number) if is_plain_form(old) => return Some(number.to_string()),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    if text.contains(['\n', '\r']) || old.contains('\n') {
        return None;
    }
    match old.chars().next()? {
        '\'' => Some(format!("'{}'", text.replace('\'', "''"))),
        '"' => Some(quoted(&text)),
        '|' | '>' | '[' | '{' | '&' | '*' | '!' => None,
        _ if is_same_word(old, &text) => Some(text),
        _ => Some(plain_or_quoted(&text)),
    }
}

fn is_plain_form(old: &str) -> bool {
    !old.starts_with(['\'', '"', '|', '>', '[', '{', '&', '*', '!'])
}

/// Writes a text for YAML, in quotes where it needs them.
pub(super) fn plain_or_quoted(text: &str) -> String {
    match is_plain(text) {
        true => text.to_owned(),
        false => quoted(text),
    }
}

/// Quotes a text for YAML, whose escapes in double quotes are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| quote(text))
}

/// Returns whether a text is a text of YAML without quotes.
fn is_plain(text: &str) -> bool {
    let first = text.chars().next();
    let is_number = text.parse::<f64>().is_ok();
    first.is_some_and(|first| first.is_alphabetic() || first == '/')
        && !text.ends_with(' ')
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || PLAIN.contains(&c))
        && !is_number
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// Returns whether code takes a number or a flag as text here: its new text is one as well.
fn is_same_word(old: &str, new: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let is_flag = |text: &str| text == "true" || text == "false";
    (is_number(old) && is_number(new) && !new.starts_with('0')) || (is_flag(old) && is_flag(new))
}

/// Writes a cell of a table.
fn cell(old: &str, value: &Value) -> Option<String> {
    let text = match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    if text.contains(['\n', '\r']) {
        return None;
    }
    let needs_quotes = old.starts_with('"') || text.contains([',', '"']) || text.trim() != text;
    Some(match needs_quotes {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    })
}
