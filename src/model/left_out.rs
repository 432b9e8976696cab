//! What the blocks of code leave out: the provider's default, or what it fills in by itself.

use super::normal::{pairs_up, satisfies};
use super::{Attribute, Nesting, Shape, Value};
use std::collections::BTreeMap;

impl Attribute {
    /// Whether code gives a live value for certain, all in normal form. What a block leaves out is the provider's default
    /// again: what the state recorded of that block, else nothing. Only what the provider fills in by itself is free.
    pub fn surely_gives(&self, wanted: &Value, recorded: &Value, live: &Value) -> bool {
        !wanted.has_unknown()
            && self.is_satisfied(wanted, live)
            && gives(self, wanted, recorded, live)
    }

    /// Whether the provider fills it in where a block leaves it out: of nested blocks it never is, since they are there
    /// or not.
    fn is_filled_in(&self) -> bool {
        self.computed && matches!(self.shape, Shape::Plain(_))
    }
}

fn gives(attribute: &Attribute, wanted: &Value, recorded: &Value, live: &Value) -> bool {
    let Shape::Block(nesting, parts) = &attribute.shape else {
        return true;
    };
    let (wanted, recorded, live) = (blocks(wanted), blocks(recorded), blocks(live));
    let fits = |wanted: &Value, found: &Value| {
        let own = recorded.iter().filter(|one| says(parts, wanted, one));
        let own: Vec<&Value> = own.collect();
        block_gives(parts, wanted, &own, found)
    };
    match nesting {
        Nesting::Set => pairs_up(wanted, live, fits),
        _ => {
            let pairs = wanted.iter().zip(live).enumerate();
            wanted.len() == live.len()
                && pairs.into_iter().all(|(at, (wanted, live))| {
                    let own: Vec<&Value> = recorded.get(at).into_iter().collect();
                    block_gives(parts, wanted, &own, live)
                })
        }
    }
}

/// Whether a block gives a live one, where the state recorded it as one of these.
fn block_gives(
    parts: &BTreeMap<String, Attribute>,
    wanted: &Value,
    recorded: &[&Value],
    live: &Value,
) -> bool {
    parts.iter().all(|(name, part)| {
        let (wanted, live) = (wanted.get(name), live.get(name));
        let mut recorded = recorded.iter().map(|one| one.get(name));
        if wanted.is_null() {
            let is_default = live.is_null() || recorded.any(|recorded| recorded == live);
            return is_default || part.is_filled_in() || !part.optional;
        }
        let own = recorded.next().unwrap_or(&Value::Null);
        satisfies(part, wanted, live) && gives(part, wanted, own, live)
    })
}

/// Whether a recorded block is what code wrote: it holds all that the code says.
fn says(parts: &BTreeMap<String, Attribute>, wanted: &Value, recorded: &Value) -> bool {
    let mut said = parts.iter().filter(|(name, _)| !wanted.get(name).is_null());
    said.all(|(name, part)| satisfies(part, wanted.get(name), recorded.get(name)))
}

/// The blocks of a value: one where it is no list.
fn blocks(value: &Value) -> &[Value] {
    match value {
        Value::List(items) => items,
        Value::Null => &[],
        one => std::slice::from_ref(one),
    }
}
