//! Compares blocks whose arguments the code leaves out: the provider uses its default, or computes them.

use super::normal::{pairs_up, satisfies};
use super::{Attribute, Nesting, Shape, Value};
use std::collections::BTreeMap;

impl Attribute {
    /// Returns whether the code certainly leads to a live value, both in normal form. An argument that a block leaves
    /// out gets the provider's default: the recorded value of that block, else none. Only what the provider computes
    /// may have any value.
    pub fn surely_gives(&self, expected: &Value, recorded: &Value, live: &Value) -> bool {
        !expected.has_unknown()
            && self.is_satisfied(expected, live)
            && gives(self, expected, recorded, live)
    }

    /// Returns whether the provider computes an attribute where a block leaves it out: never for nested blocks, which
    /// exist or do not.
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

/// Returns whether a block leads to a live one, given the recorded ones.
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

/// Returns whether a recorded block comes from a declared one: it has all that the code declares.
fn says(parts: &BTreeMap<String, Attribute>, expected: &Value, recorded: &Value) -> bool {
    let mut set_parts = parts
        .iter()
        .filter(|(name, _)| !expected.get(name).is_null());
    set_parts.all(|(name, part)| satisfies(part, expected.get(name), recorded.get(name)))
}

/// Returns the blocks of a value: the value itself where it is no list.
fn blocks(value: &Value) -> &[Value] {
    match value {
        Value::List(items) => items,
        Value::Null => &[],
        single => std::slice::from_ref(single),
    }
}
