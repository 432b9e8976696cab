//! Functions that write values as texts, and read them back.

use super::Cost;
use crate::code::budget::LONGEST_TEXT;
use crate::code::json;
use crate::model::Value;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub(super) fn base64encode(arguments: &[Value]) -> Option<Value> {
    let [text] = arguments else { return None };
    Some(STANDARD.encode(text.as_str()?).into())
}

pub(super) fn base64_cost(arguments: &[Value]) -> Option<Cost> {
    let [text] = arguments else { return None };
    Some(Cost::Text(text.as_str()?.len().div_ceil(3) * 4))
}

pub(super) fn jsonencode(arguments: &[Value]) -> Option<Value> {
    let [value] = arguments else { return None };
    let known = !value.has_unknown();
    known
        .then(|| serde_json::to_string(value).ok())
        .flatten()
        .map(Value::String)
}

pub(super) fn encoded_cost(arguments: &[Value]) -> Option<Cost> {
    let [value] = arguments else { return None };
    let length = json::length(value, LONGEST_TEXT);
    Some(Cost::Text(length.unwrap_or(usize::MAX)))
}

pub(super) fn jsondecode(arguments: &[Value]) -> Option<Value> {
    let [text] = arguments else { return None };
    serde_json::from_str(text.as_str()?).ok()
}

pub(super) fn json_cost(arguments: &[Value]) -> Option<Cost> {
    let [text] = arguments else { return None };
    Some(Cost::Bytes(json::bytes(text.as_str()?)))
}
