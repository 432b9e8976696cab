//! Functions on texts.

use super::Cost;
use crate::code::expression::as_text;
use crate::code::size::{self, VALUE};
use crate::model::Value;
use std::borrow::Cow;

/// The longest text of a number, and of one that `format` pads.
const NUMBER: usize = 64;

/// The texts of all arguments, where there are so many and all are texts.
fn texts<const N: usize>(arguments: &[Value]) -> Option<[&str; N]> {
    let texts: Option<Vec<&str>> = arguments.iter().map(Value::as_str).collect();
    texts?.try_into().ok()
}

pub(super) fn lower(arguments: &[Value]) -> Option<Value> {
    let [text] = texts(arguments)?;
    Some(text.to_lowercase().into())
}

pub(super) fn lower_cost(arguments: &[Value]) -> Option<Cost> {
    let [text] = texts(arguments)?;
    let letters = text.chars().flat_map(char::to_lowercase);
    Some(Cost::Text(letters.map(char::len_utf8).sum()))
}

pub(super) fn upper(arguments: &[Value]) -> Option<Value> {
    let [text] = texts(arguments)?;
    Some(text.to_uppercase().into())
}

pub(super) fn upper_cost(arguments: &[Value]) -> Option<Cost> {
    let [text] = texts(arguments)?;
    let letters = text.chars().flat_map(char::to_uppercase);
    Some(Cost::Text(letters.map(char::len_utf8).sum()))
}

pub(super) fn trimspace(arguments: &[Value]) -> Option<Value> {
    let [text] = texts(arguments)?;
    Some(text.trim().into())
}

pub(super) fn trimprefix(arguments: &[Value]) -> Option<Value> {
    let [text, prefix] = texts(arguments)?;
    Some(text.strip_prefix(prefix).unwrap_or(text).into())
}

pub(super) fn trimsuffix(arguments: &[Value]) -> Option<Value> {
    let [text, suffix] = texts(arguments)?;
    Some(text.strip_suffix(suffix).unwrap_or(text).into())
}

pub(super) fn startswith(arguments: &[Value]) -> Option<Value> {
    let [text, prefix] = texts(arguments)?;
    Some(text.starts_with(prefix).into())
}

pub(super) fn endswith(arguments: &[Value]) -> Option<Value> {
    let [text, suffix] = texts(arguments)?;
    Some(text.ends_with(suffix).into())
}

pub(super) fn tostring(arguments: &[Value]) -> Option<Value> {
    let [value] = arguments else { return None };
    as_text(value).map(|text| text.into_owned().into())
}

/// The separator, and the parts as texts.
fn parts(arguments: &[Value]) -> Option<(&str, Vec<Cow<'_, str>>)> {
    let [separator, parts] = arguments else {
        return None;
    };
    let parts: Option<_> = parts.as_list()?.iter().map(as_text).collect();
    Some((separator.as_str()?, parts?))
}

pub(super) fn join(arguments: &[Value]) -> Option<Value> {
    let (separator, parts) = parts(arguments)?;
    Some(parts.join(separator).into())
}

pub(super) fn join_cost(arguments: &[Value]) -> Option<Cost> {
    let (separator, parts) = parts(arguments)?;
    let own: usize = parts.iter().map(|part| part.len()).sum();
    let between = parts.len().saturating_sub(1);
    Some(Cost::Text(
        own.saturating_add(between.saturating_mul(separator.len())),
    ))
}

pub(super) fn split(arguments: &[Value]) -> Option<Value> {
    let [separator, text] = texts(arguments)?;
    Some(Value::List(
        text.split(separator).map(Value::from).collect(),
    ))
}

pub(super) fn split_cost(arguments: &[Value]) -> Option<Cost> {
    let [separator, text] = texts(arguments)?;
    // Nothing stands before and after each letter as well.
    let parts = text.matches(separator).count() + 1;
    Some(Cost::Bytes(
        VALUE + text.len() + parts.saturating_mul(size::text(0)),
    ))
}

/// A pattern between slashes is a regular expression, whose answer is not known here.
fn replaced(arguments: &[Value]) -> Option<[&str; 3]> {
    texts(arguments).filter(|[_, pattern, _]: &[&str; 3]| !pattern.starts_with('/'))
}

pub(super) fn replace(arguments: &[Value]) -> Option<Value> {
    let [text, pattern, by] = replaced(arguments)?;
    Some(text.replace(pattern, by).into())
}

pub(super) fn replace_cost(arguments: &[Value]) -> Option<Cost> {
    let [text, pattern, by] = replaced(arguments)?;
    let matches = text.matches(pattern).count();
    let kept = text.len() - matches * pattern.len();
    Some(Cost::Text(
        kept.saturating_add(matches.saturating_mul(by.len())),
    ))
}

pub(super) fn format_cost(arguments: &[Value]) -> Option<Cost> {
    let lengths = arguments.iter().map(|argument| match argument {
        Value::String(text) => text.len(),
        _ => NUMBER,
    });
    Some(Cost::Text(
        lengths.sum::<usize>() + NUMBER * arguments.len(),
    ))
}

/// `format` with `%s`, `%d`, `%v` and `%%`, and `%02d`-like widths. Anything finer is unknown.
pub(super) fn format(arguments: &[Value]) -> Option<Value> {
    let (pattern, mut values) = (arguments.first()?.as_str()?, arguments.iter().skip(1));
    let (mut text, mut rest) = (String::new(), pattern);
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let verb = after.find(|c: char| c.is_ascii_alphabetic() || c == '%')?;
        let (width, kind) = (&after[..verb], after[verb..].chars().next()?);
        match (width, kind) {
            ("", '%') => text.push('%'),
            ("", 's' | 'v') => text.push_str(&as_text(values.next()?)?),
            ("", 'd') => text.push_str(&values.next()?.as_i64()?.to_string()),
            (width, 'd') if width.starts_with('0') => {
                let width: usize = width[1..].parse().ok().filter(|width| *width < NUMBER)?;
                text.push_str(&format!("{:0width$}", values.next()?.as_i64()?));
            }
            _ => return None,
        }
        rest = &after[verb + 1..];
    }
    text.push_str(rest);
    values.next().is_none().then(|| text.into())
}
