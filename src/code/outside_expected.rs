//! Compares what code makes of the variables of a root module with what the state recorded.

use super::outside_variable::as_text;
use crate::model::{Attribute, Schema, Value};

/// The recorded value of one attribute, and how to compare it.
#[derive(Clone, Copy)]
pub(super) struct Expected<'s> {
    pub schema: Option<&'s Schema>,
    pub attribute: Option<&'s Attribute>,
    /// Its path without indexes.
    pub path: &'s str,
    pub recorded: &'s Value,
    /// Whether the provider records the value exactly as written, which is not known of types that are not read.
    pub is_kept: bool,
}

impl Expected<'_> {
    /// Returns whether a value equals the recorded one; `None` where the comparison is not conclusive.
    pub(super) fn agrees(&self, value: &Value) -> Option<bool> {
        let recorded = self.recorded;
        if value.has_unknown() || recorded.is_null() || recorded.has_secret() {
            return None;
        }
        match (self.schema, self.attribute) {
            // What the provider fills in where the code leaves it out tells nothing of the code.
            (_, Some(attribute)) if value.is_null() && attribute.computed => None,
            (Some(_), Some(_)) => self.fits(value),
            _ => {
                let agrees = as_text(value)? == as_text(recorded)?;
                let is_text = matches!(recorded, Value::String(_));
                (agrees || self.is_kept || !is_text).then_some(agrees)
            }
        }
    }

    /// Returns whether a value is the same to the provider as leaving it out, which the state recorded.
    pub(super) fn is_left_out(&self, value: &Value) -> bool {
        let is_equal = value.is_empty() || *value == Value::Bool(false);
        is_equal || self.fits(value) == Some(true)
    }

    /// Returns whether all blocks of a name lead to the recorded ones, as far as they are known; `None` where the
    /// comparison is not conclusive, as where the code has none: the provider may have filled them in.
    pub(super) fn blocks_agree(&self, blocks: &Value) -> Option<bool> {
        let is_open = matches!(blocks, Value::Unknown) || blocks.is_empty();
        if is_open || self.recorded.is_null() || self.recorded.has_secret() {
            return None;
        }
        match self.fits(blocks)? {
            true if blocks.has_unknown() => None,
            false if blocks.has_unknown() && self.may_hold_all(blocks) => None,
            fits => Some(fits),
        }
    }

    /// Returns whether each block may be a recorded one: whether its known parts are equal to those of a recorded block.
    fn may_hold_all(&self, blocks: &Value) -> bool {
        let all = blocks.as_list().unwrap_or_default();
        let recorded = self.recorded.as_list().unwrap_or_default();
        let is_same = |block: &Value, recorded: &Value| {
            let Some(parts) = block.as_map() else {
                return block.has_unknown();
            };
            let mut known = parts.iter().filter(|(_, part)| !part.has_unknown());
            known.all(|(name, part)| {
                let other = recorded.get(name);
                let is_text = || as_text(part).is_some_and(|text| as_text(other) == Some(text));
                part == other || part.is_empty() && other.is_empty() || is_text()
            })
        };
        all.len() == recorded.len()
            && all
                .iter()
                .all(|block| recorded.iter().any(|recorded| is_same(block, recorded)))
    }

    /// Returns whether the state has at least these blocks.
    pub(super) fn holds_all(&self, blocks: &Value) -> bool {
        let all = blocks.as_list().unwrap_or_default();
        let recorded = self.recorded.as_list().unwrap_or_default();
        all.iter().all(|block| {
            let of_block = |recorded: &Value| {
                let recorded = Value::List(vec![recorded.clone()]);
                let expected = Expected {
                    recorded: &recorded,
                    ..*self
                };
                expected.fits(&Value::List(vec![block.clone()])) == Some(true)
            };
            recorded.iter().any(of_block)
        })
    }

    /// Returns whether the recorded value satisfies a value; `None` where nothing is known of the attribute.
    fn fits(&self, value: &Value) -> Option<bool> {
        let (schema, attribute) = self.schema.zip(self.attribute)?;
        let form = |value| schema.normal(attribute, self.path, value);
        let (asked, recorded) = (form(value), form(self.recorded));
        Some(asked == recorded || attribute.is_satisfied(&asked, &recorded))
    }
}
