//! Finds what changed in a text of JSON between the state and AWS, and where the code says it.
//!
//! AWS adds to such a text what the code leaves out, and orders it in its own way. So the code is not compared with AWS's text
//! as a whole: what changed since the state was recorded is carried over, value by value.

use super::reasons::JsonRefusal;
use super::refusal::Refusal;
use super::write::Entry;
use crate::model::{JsonCode, JsonPart, Part, SEALED, Value, ValueMap};

/// The most values of a text whose lists are compared item by item. Each item is compared with all others.
const MAX_COMPARED: usize = 5_000;

/// A change of the code's text.
pub(super) struct Change<'a> {
    /// The keys that lead to it, for messages.
    pub path: String,
    /// What changes.
    pub kind: ChangeKind<'a>,
}

/// What changes in a text.
pub(super) enum ChangeKind<'a> {
    /// A literal, or an expression, gets another value.
    Value(&'a Part, Value),
    /// A list of literals at these bytes gets other items.
    Items((usize, usize), Vec<Value>),
    /// The object at these bytes gets an entry.
    Added((usize, usize), Entry),
    /// An entry goes.
    Removed(&'a JsonPart),
}

/// The changes that are carried over to the code's text.
pub(super) struct Carried<'a> {
    at: &'a str,
    /// Whether AWS may have ordered lists in its own way: a long text is compared item by item.
    is_small: bool,
    changes: Vec<Change<'a>>,
}

impl<'a> Carried<'a> {
    /// Carries what changed between the recorded text and AWS's over to the code, and returns the code's value after that,
    /// with the changes.
    ///
    /// # Errors
    /// Why a change has no place in the code.
    pub(super) fn of(
        code: &'a JsonCode,
        (recorded, live): (Option<&Value>, &Value),
        at: &'a str,
    ) -> Result<(Value, Vec<Change<'a>>), Refusal> {
        let parsed = |value: &Value| serde_json::from_str::<Value>(value.as_str()?).ok();
        let live = parsed(live).ok_or_else(|| JsonRefusal::NotJson(at.to_owned()))?;
        let own = code.root.value();
        if own.has_unknown() {
            return Err(JsonRefusal::Unknown(at.to_owned()).into());
        }
        let base = recorded.and_then(parsed).unwrap_or(own);
        let mut carried = Self {
            at,
            is_small: count(&base) <= MAX_COMPARED,
            changes: Vec::new(),
        };
        let after = carried.part((&code.root, &base), &live, "")?;
        Ok((after, carried.changes))
    }

    /// Carries what changed between two values over to a part, and returns the part's value after that.
    fn part(
        &mut self,
        (part, base): (&'a JsonPart, &Value),
        live: &Value,
        path: &str,
    ) -> Result<Value, Refusal> {
        if base == live {
            return Ok(part.value());
        }
        match (part, base, live) {
            (JsonPart::Object(span, entries), Value::Map(base), Value::Map(live)) => {
                self.object((*span, entries), (base, live), path)
            }
            (JsonPart::List(span, items), Value::List(base), Value::List(live)) => {
                self.list((*span, items), (base, live), path)
            }
            (JsonPart::Value(part), base, live) => {
                if part.value == *live {
                    return Ok(live.clone());
                }
                if !is_same(&part.value, base) {
                    return Err(JsonRefusal::Differs(path.to_owned(), self.at.to_owned()).into());
                }
                if holds_seal(live) {
                    return Err(Refusal::Secret(path.to_owned()));
                }
                // Some write numbers and flags in quotes.
                let value = match (&part.value, base, live) {
                    (Value::String(_), Value::Number(_) | Value::Bool(_), _) => {
                        serde_json::to_string(live).unwrap_or_default().into()
                    }
                    _ => live.clone(),
                };
                self.add(path, ChangeKind::Value(part, value.clone()));
                Ok(value)
            }
            _ => Err(JsonRefusal::Shape(path.to_owned(), self.at.to_owned()).into()),
        }
    }

    fn object(
        &mut self,
        (span, entries): ((usize, usize), &'a [(String, JsonPart)]),
        (base, live): (&ValueMap, &ValueMap),
        path: &str,
    ) -> Result<Value, Refusal> {
        let mut after = Vec::new();
        for (key, part) in entries {
            let path = below(path, key);
            match (base.get(key), live.get(key)) {
                (_, Some(live)) => {
                    let own = part.value();
                    let base = base.get(key).unwrap_or(&own);
                    after.push((key.clone(), self.part((part, base), live, &path)?));
                }
                (Some(base), None) if !is_default(base) => {
                    self.add(&path, ChangeKind::Removed(part));
                }
                // AWS returns none of what it does without.
                (_, None) => after.push((key.clone(), part.value())),
            }
        }
        for (key, value) in live.iter() {
            let is_written = entries.iter().any(|(own, _)| own == key);
            let before = base.get(key);
            let is_default = is_default(value) && before.is_none_or(is_default);
            if is_written || before == Some(value) || is_default {
                continue;
            }
            if holds_seal(value) {
                return Err(Refusal::Secret(below(path, key)));
            }
            let kind = ChangeKind::Added(span, (key.clone(), value.clone()));
            self.add(&below(path, key), kind);
            after.push((key.clone(), value.clone()));
        }
        Ok(Value::map(after))
    }

    fn list(
        &mut self,
        (span, items): ((usize, usize), &'a [JsonPart]),
        (base, live): (&[Value], &[Value]),
        path: &str,
    ) -> Result<Value, Refusal> {
        if base.len() != live.len() || items.len() != base.len() {
            return self.items((span, items), (base, live), path);
        }
        let Some(places) = places(items, base, self.is_small) else {
            return Err(JsonRefusal::Items(path.to_owned(), self.at.to_owned()).into());
        };
        let mut after = Vec::new();
        for (number, (part, at)) in items.iter().zip(places).enumerate() {
            let path = format!("{path}[{number}]");
            let (Some(base), Some(live)) = (base.get(at), live.get(at)) else {
                continue;
            };
            after.push(self.part((part, base), live, &path)?);
        }
        Ok(Value::List(after))
    }

    /// Gives a list of literals, which the code writes as the state recorded it, other items.
    fn items(
        &mut self,
        (span, items): ((usize, usize), &'a [JsonPart]),
        (base, live): (&[Value], &[Value]),
        path: &str,
    ) -> Result<Value, Refusal> {
        let own: Vec<_> = items.iter().map(JsonPart::value).collect();
        let is_plain = |value: &Value| value.as_list().is_none() && value.as_map().is_none();
        if own != base || !live.iter().all(is_plain) || live.iter().any(holds_seal) {
            return Err(JsonRefusal::Items(path.to_owned(), self.at.to_owned()).into());
        }
        self.add(path, ChangeKind::Items(span, live.to_vec()));
        Ok(Value::List(live.to_vec()))
    }

    fn add(&mut self, path: &str, kind: ChangeKind<'a>) {
        self.changes.push(Change {
            path: path.to_owned(),
            kind,
        });
    }
}

/// Returns for each item of the code its position in the recorded list, which has as many: the same, where each item says
/// what is recorded there; else that of the only recorded item which says the same. `None` where that is not certain.
fn places(items: &[JsonPart], base: &[Value], is_small: bool) -> Option<Vec<usize>> {
    let mut pairs = items.iter().zip(base);
    if pairs.all(|(item, base)| is_told(&item.value(), base)) {
        return Some((0..items.len()).collect());
    }
    if !is_small {
        return None;
    }
    let mut taken = vec![false; base.len()];
    let mut places = Vec::new();
    for item in items {
        let own = item.value();
        let mut alike = (0..base.len()).filter(|at| is_told(&own, &base[*at]));
        let (only, None) = (alike.next()?, alike.next()) else {
            return None;
        };
        places.push(only);
        if std::mem::replace(&mut taken[only], true) {
            return None;
        }
    }
    Some(places)
}

/// Returns whether a recorded value says all that the code's value says, its lists in any order. Each value is compared
/// with one other: nested lists must not multiply the work.
fn is_told(own: &Value, base: &Value) -> bool {
    match (own, base) {
        (Value::Map(own), Value::Map(base)) => own
            .iter()
            .all(|(key, own)| is_told(own, base.get(key).unwrap_or(&Value::Null))),
        (Value::List(own), Value::List(base)) if own.len() == base.len() => {
            let sorted = |items: &[Value]| {
                let mut items = items.to_vec();
                items.sort();
                items
            };
            own == base
                || sorted(own)
                    .iter()
                    .zip(&sorted(base))
                    .all(|(own, base)| is_told(own, base))
        }
        (own, base) => is_same(own, base),
    }
}

/// Counts the values in a text.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::List(items) => items.iter().map(count).sum(),
        Value::Map(entries) => entries.iter().map(|(_, value)| count(value)).sum(),
        _ => 0,
    }
}

/// Returns whether two values are the same, a number or flag in quotes included.
fn is_same(left: &Value, right: &Value) -> bool {
    let is_quoted = |text: &Value, plain: &Value| match (text, plain) {
        (Value::String(text), Value::Number(_) | Value::Bool(_)) => {
            serde_json::to_string(plain).is_ok_and(|plain| *plain == **text)
        }
        _ => false,
    };
    left == right
        || is_default(left) && right.is_null()
        || is_quoted(left, right)
        || is_quoted(right, left)
}

/// Returns whether AWS may add a value to a text that leaves it out.
fn is_default(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        _ => false,
    }
}

/// Returns whether a secret was replaced in a value of AWS's.
fn holds_seal(value: &Value) -> bool {
    serde_json::to_string(value).is_ok_and(|text| text.contains(SEALED))
}

fn below(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}
