//! What the blocks of code leave out: the provider's default, or what it fills in by itself.

use super::normal::{pairs_up, satisfies};
use super::{Attribute, Nesting, Shape, Value};
use std::collections::BTreeMap;

impl Attribute {
    /// Whether code gives a live value for certain, all in normal form. What a block leaves out is the provider's default
    /// again: what the state recorded of that block, else nothing. Only what the provider fills in by itself is free.
    pub fn surely_gives(&self, expected: &Value, recorded: &Value, live: &Value) -> bool {
        !expected.has_unknown()
            && self.is_satisfied(expected, live)
            && gives(self, expected, recorded, live)
    }

    /// Whether the provider fills it in where a block leaves it out: of nested blocks it never is, since they are there
    /// or not.
    fn is_filled_in(&self) -> bool {
        self.computed && matches!(self.shape, Shape::Plain(_))
    }
}

fn gives(attribute: &Attribute, expected: &Value, recorded: &Value, live: &Value) -> bool {
    let Shape::Block(nesting, parts) = &attribute.shape else {
        return true;
    };
    let (expected, recorded, live) = (blocks(expected), blocks(recorded), blocks(live));
    let fits = |expected: &Value, found: &Value| {
        let own = recorded.iter().filter(|block| says(parts, expected, block));
        let own: Vec<&Value> = own.collect();
        block_gives(parts, expected, &own, found)
    };
    match nesting {
        Nesting::Set => pairs_up(expected, live, fits),
        _ => {
            let pairs = expected.iter().zip(live).enumerate();
            expected.len() == live.len()
                && pairs.into_iter().all(|(at, (expected, live))| {
                    let own: Vec<&Value> = recorded.get(at).into_iter().collect();
                    block_gives(parts, expected, &own, live)
                })
        }
    }
}

/// Whether a block gives a live one, where the state recorded it as one of these.
fn block_gives(
    parts: &BTreeMap<String, Attribute>,
    expected: &Value,
    recorded: &[&Value],
    live: &Value,
) -> bool {
    parts.iter().all(|(name, part)| {
        let (expected, live) = (expected.get(name), live.get(name));
        let mut recorded = recorded.iter().map(|block| block.get(name));
        if expected.is_null() {
            let is_default = live.is_null() || recorded.any(|recorded| recorded == live);
            return is_default || part.is_filled_in() || !part.optional;
        }
        let own = recorded.next().unwrap_or(&Value::Null);
        satisfies(part, expected, live) && gives(part, expected, own, live)
    })
}

/// Whether a recorded block is what code wrote: it holds all that the code says.
fn says(parts: &BTreeMap<String, Attribute>, expected: &Value, recorded: &Value) -> bool {
    let mut set_parts = parts
        .iter()
        .filter(|(name, _)| !expected.get(name).is_null());
    set_parts.all(|(name, part)| satisfies(part, expected.get(name), recorded.get(name)))
}

/// The blocks of a value: one where it is no list.
fn blocks(value: &Value) -> &[Value] {
    match value {
        Value::List(items) => items,
        Value::Null => &[],
        single => std::slice::from_ref(single),
    }
}
