//! Terraform's functions: those that code often calls and whose answer is certain. Any other is unknown.

use super::expression::as_text;
use crate::model::Value;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What a function answers. An unknown argument makes the answer unknown, unless only a part of one is.
pub(super) fn call(name: &str, arguments: Vec<Value>) -> Value {
    if arguments
        .iter()
        .any(|argument| matches!(argument, Value::Unknown))
    {
        return Value::Unknown;
    }
    let answer = match arguments.as_slice() {
        [one] => of_one(name, one),
        [one, two] => of_two(name, one, two),
        [one, two, three] => of_three(name, one, two, three),
        _ => None,
    };
    answer
        .or_else(|| of_many(name, &arguments))
        .unwrap_or(Value::Unknown)
}

fn of_one(name: &str, value: &Value) -> Option<Value> {
    let text = || value.as_str();
    match name {
        "lower" => Some(text()?.to_lowercase().into()),
        "upper" => Some(text()?.to_uppercase().into()),
        "trimspace" => Some(text()?.trim().into()),
        "base64encode" => Some(STANDARD.encode(text()?).into()),
        "tostring" => as_text(value).map(Value::String),
        "tonumber" => crate::model::Number::parse(&as_text(value)?).map(Value::Number),
        "tobool" => value.as_bool().map(Value::Bool),
        "tolist" | "tomap" | "sensitive" | "nonsensitive" if !matches!(value, Value::Unknown) => {
            (name != "sensitive").then(|| value.clone())
        }
        "toset" | "distinct" => {
            let mut items: Vec<Value> = Vec::new();
            for item in value.as_list()? {
                if !items.contains(item) {
                    items.push(item.clone());
                }
            }
            Some(Value::List(items))
        }
        "length" => {
            let length = match value {
                Value::List(items) => items.len(),
                Value::Map(entries) => entries.len(),
                Value::String(text) => text.chars().count(),
                _ => return None,
            };
            i64::try_from(length).ok().map(Value::from)
        }
        "keys" => Some(Value::List(
            value
                .as_map()?
                .keys()
                .map(|key| key.as_str().into())
                .collect(),
        )),
        "values" => Some(Value::List(value.as_map()?.values().cloned().collect())),
        "compact" => {
            let items = value.as_list()?.iter().filter(|item| !item.is_empty());
            Some(Value::List(items.cloned().collect()))
        }
        "flatten" => flattened(value).map(Value::List),
        "jsonencode" => (!value.has_unknown())
            .then(|| serde_json::to_string(value).ok())
            .flatten()
            .map(Value::String),
        "jsondecode" => serde_json::from_str(text()?).ok(),
        _ => None,
    }
}

fn of_two(name: &str, one: &Value, two: &Value) -> Option<Value> {
    match name {
        "join" => {
            let parts: Option<Vec<_>> = two.as_list()?.iter().map(as_text).collect();
            Some(parts?.join(one.as_str()?).into())
        }
        "split" => Some(Value::List(
            two.as_str()?
                .split(one.as_str()?)
                .map(Value::from)
                .collect(),
        )),
        "contains" if !one.has_unknown() => Some(Value::Bool(one.as_list()?.contains(two))),
        "element" => {
            let items = one.as_list()?;
            let length = i64::try_from(items.len())
                .ok()
                .filter(|length| *length > 0)?;
            items
                .get(usize::try_from(two.as_i64()?.rem_euclid(length)).ok()?)
                .cloned()
        }
        "lookup" => one.as_map()?.get(two.as_str()?).cloned(),
        "trimprefix" => Some(
            one.as_str()?
                .strip_prefix(two.as_str()?)
                .or(one.as_str())?
                .into(),
        ),
        "trimsuffix" => Some(
            one.as_str()?
                .strip_suffix(two.as_str()?)
                .or(one.as_str())?
                .into(),
        ),
        "startswith" => Some(Value::Bool(one.as_str()?.starts_with(two.as_str()?))),
        "endswith" => Some(Value::Bool(one.as_str()?.ends_with(two.as_str()?))),
        "zipmap" => {
            let (keys, values) = (one.as_list()?, two.as_list()?);
            let keys: Option<Vec<_>> = keys.iter().map(as_text).collect();
            let keys = keys.filter(|keys| keys.len() == values.len())?;
            Some(Value::map(keys.into_iter().zip(values.iter().cloned())))
        }
        _ => None,
    }
}

fn of_three(name: &str, one: &Value, two: &Value, three: &Value) -> Option<Value> {
    match name {
        "lookup" => Some(one.as_map()?.get(two.as_str()?).unwrap_or(three).clone()),
        // A pattern between slashes is a regular expression.
        "replace" if !two.as_str()?.starts_with('/') => {
            Some(one.as_str()?.replace(two.as_str()?, three.as_str()?).into())
        }
        _ => None,
    }
}

fn of_many(name: &str, arguments: &[Value]) -> Option<Value> {
    match name {
        "merge" => {
            let mut merged = std::collections::BTreeMap::new();
            for argument in arguments.iter().filter(|argument| !argument.is_null()) {
                merged.extend(argument.as_map()?.clone());
            }
            Some(Value::Map(merged))
        }
        "concat" => {
            let lists: Option<Vec<_>> = arguments.iter().map(|list| list.as_list()).collect();
            Some(Value::List(lists?.concat()))
        }
        "coalesce" => arguments
            .iter()
            .find(|value| !value.is_null() && value.as_str() != Some(""))
            .cloned(),
        "coalescelist" => arguments
            .iter()
            .find(|value| value.as_list().is_some_and(|items| !items.is_empty()))
            .cloned(),
        "try" => arguments.first().cloned(),
        "max" | "min" => {
            let numbers: Option<Vec<_>> = arguments.iter().map(Value::as_i64).collect();
            let numbers = numbers?.into_iter();
            if name == "max" {
                numbers.max()
            } else {
                numbers.min()
            }
            .map(Value::from)
        }
        "format" => format(arguments),
        "range" => {
            let numbers: Option<Vec<_>> = arguments.iter().map(Value::as_i64).collect();
            let (from, to) = match numbers?.as_slice() {
                [to] => (0, *to),
                [from, to] => (*from, *to),
                _ => return None,
            };
            (to.checked_sub(from)? <= 1024)
                .then(|| Value::List((from..to).map(Value::from).collect()))
        }
        _ => None,
    }
}

fn flattened(value: &Value) -> Option<Vec<Value>> {
    let mut items = Vec::new();
    for item in value.as_list()? {
        match item {
            Value::List(_) => items.extend(flattened(item)?),
            Value::Unknown => return None,
            item => items.push(item.clone()),
        }
    }
    Some(items)
}

/// `format` with `%s`, `%d`, `%v` and `%%`, and `%02d`-like widths. Anything finer is unknown.
fn format(arguments: &[Value]) -> Option<Value> {
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
                let width: usize = width[1..].parse().ok().filter(|width| *width < 64)?;
                text.push_str(&format!("{:0width$}", values.next()?.as_i64()?));
            }
            _ => return None,
        }
        rest = &after[verb + 1..];
    }
    text.push_str(rest);
    values.next().is_none().then(|| text.into())
}
