//! Files of variables in JSON: what they set, and where each value stands.

use super::context::Context;
use super::file::line_ends;
use super::instance::{FileValue, Measured, SetBy, Setting};
use super::json;
use super::json_syntax::{Json, Node, nodes};
use super::parse::Unparsed;
use super::size::{ENTRY, MAP};
use super::typed::Typed;
use crate::model::{Source, ValueMap, without_values};
use std::collections::BTreeMap;
use std::rc::Rc;

/// How many bytes are read for one step of work.
const READ: usize = 16;

/// Returns the settings of a file.
///
/// # Errors
/// When it holds no object of JSON, or is too large.
pub(super) fn settings<'a>(
    path: &str,
    text: &str,
    context: &Context<'_>,
) -> Result<Vec<(String, Setting<'a>)>, Unparsed> {
    let wrong = |line, message: &str| Unparsed {
        line,
        message: message.to_owned(),
        is_too_large: false,
    };
    let room = context.budget.take(json::bytes(text));
    room.map_err(|_| wrong(1, "it is too large"))?;
    let values: ValueMap = serde_json::from_str(text)
        .map_err(|error| wrong(error.line(), &without_values(&error.to_string())))?;
    let mut places = places(path, text, context);
    let setting = |(name, value)| {
        let by = places.remove(&name).map(SetBy::FileValue);
        let value = Measured::new(Typed::of_json(value));
        (name, Setting { value, by })
    };
    Ok(values.into_iter().map(setting).collect())
}

/// Returns where the values of a file stand; `None` where there is no memory for that.
pub(super) fn root(path: &str, text: &str, context: &Context<'_>) -> Option<Rc<FileValue>> {
    let file = Text {
        path,
        lines: line_ends(text),
        context,
    };
    file.place(&nodes(text)?)
}

/// Returns the places of a file's values by name; none where there is no memory for them.
fn places(path: &str, text: &str, context: &Context<'_>) -> BTreeMap<String, Rc<FileValue>> {
    // What this costs shows in what comes next, once the budget is spent.
    let affordable = context.budget.work(text.len() / READ).is_ok();
    let root = nodes(text).filter(|_| affordable);
    let file = Text {
        path,
        lines: line_ends(text),
        context,
    };
    let place = root.and_then(|root| file.place(&root));
    place.map_or_else(BTreeMap::new, |place| place.entries.clone())
}

/// A file of variables.
struct Text<'t, 'a> {
    path: &'t str,
    /// Where its lines end.
    lines: Vec<usize>,
    context: &'t Context<'a>,
}

impl Text<'_, '_> {
    /// Returns the place of a value and of its entries; `None` where there is no memory for them.
    fn place(&self, node: &Node<'_>) -> Option<Rc<FileValue>> {
        let bytes = 2 * size_of::<FileValue>() + MAP + ENTRY + self.path.len();
        self.context.budget.keep(bytes).ok()?;
        let mut entries = BTreeMap::new();
        if let Json::Object(own) = &node.json {
            for entry in own {
                // Of two with one key the last counts.
                entries.insert(entry.key.to_string(), self.place(&entry.value)?);
            }
        }
        let items: Option<Vec<_>> = match &node.json {
            Json::List(own) => own.iter().map(|item| self.place(item)).collect(),
            _ => Some(Vec::new()),
        };
        Some(Rc::new(FileValue {
            items: items?,
            source: Source {
                file: self.path.to_owned(),
                line: 1 + self.lines.partition_point(|end| *end < node.at),
                span: (node.at, node.end),
            },
            entries,
        }))
    }
}
