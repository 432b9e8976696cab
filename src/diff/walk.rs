//! Compares code, state and live of one resource, attribute by attribute.

use super::tags;
use crate::model::{
    Attribute, Attributes, DeclaredResource, Difference, Nesting, ProviderTags, Resource, Schema,
    Shape, Type, Value, Verdict,
};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Attributes that name a resource or control its creation, and are no configuration.
const NEVER: &[&str] = &["id", "timeouts"];
/// Attributes that the provider derives from a name.
const PREFIXES: &[&str] = &["name_prefix", "bucket_prefix", "identifier_prefix"];

/// The inputs of comparing one resource.
pub(super) struct ComparedResource<'a> {
    /// The declared attributes; `None` where the resource was not evaluated.
    pub declared: Option<&'a DeclaredResource>,
    /// The tags that the provider adds or ignores; `None` where the provider is not known.
    pub tags: Option<&'a ProviderTags>,
    /// The recorded attributes.
    pub recorded: &'a Resource,
    /// The live attributes.
    pub live: &'a Attributes,
    /// The schema of the type.
    pub schema: &'a Schema,
    /// Attributes whose differences are reported elsewhere: by another resource, or as findings of their own.
    pub elsewhere: BTreeSet<&'a str>,
}

/// Returns the differences, each with its verdict; noise is left out.
pub(super) fn differences(compared: &ComparedResource<'_>) -> Vec<Difference> {
    let mut found = tags::differences(compared);
    // Both are sorted by name: side by side they need no search.
    let mut recorded = compared.recorded.attributes.iter().peekable();
    for (name, live) in compared.live {
        while recorded.next_if(|(other, _)| *other < name).is_some() {}
        let same = recorded.next_if(|(other, _)| *other == name);
        let declared = compared.declared.map(|declared| {
            let found = declared.attributes.get(name);
            found.map_or(&Value::Null, |definition| &definition.value)
        });
        let values = Values {
            declared,
            recorded: same.map_or(&Value::Null, |(_, value)| value),
            live,
        };
        // Most values agree to the letter: nothing need be brought to a form for these.
        if values.agree() {
            continue;
        }
        let Some(attribute) = compared.schema.attributes.get(name) else {
            continue;
        };
        let skipped = NEVER.contains(&name.as_str())
            || tags::NAMES.contains(&name.as_str())
            || compared.schema.rules.never_read.contains(&name.as_str())
            || (compared.schema.rules.idle)(name, compared.recorded)
            || compared.elsewhere.contains(name.as_str());
        if skipped {
            continue;
        }
        let place = AttributePosition::of_attribute(compared.schema, name);
        compare(compared, attribute, &place, values, &mut found);
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

/// The path of a value in a resource, and the rules for it.
struct AttributePosition {
    /// The path with indexes, as Terraform writes it.
    path: String,
    /// The path without indexes, as the type's rules write it.
    plain: String,
    /// Whether a change matters even where the code leaves the attribute out.
    watched: bool,
    /// Whether AWS or the provider changes the value by itself.
    settled: bool,
    /// Whether no plan shows a change, as far as that is known without the code.
    unseen: bool,
}

impl AttributePosition {
    fn of_attribute(schema: &Schema, name: &str) -> Self {
        let extra = &schema.rules;
        Self {
            path: name.to_owned(),
            plain: name.to_owned(),
            watched: extra.watched.contains(&name),
            settled: extra.settled.contains(&name) || PREFIXES.contains(&name),
            unseen: extra.unseen.contains(&name),
        }
    }

    /// Returns the position of an attribute of the block with this index.
    fn part(&self, schema: &Schema, index: usize, name: &str) -> Self {
        let plain = format!("{}.{name}", self.plain);
        let listed = |names: &[&str]| names.contains(&plain.as_str());
        Self {
            path: format!("{}[{index}].{name}", self.path),
            watched: self.watched || listed(schema.rules.watched),
            settled: self.settled || listed(schema.rules.settled),
            unseen: self.unseen || listed(schema.rules.unseen),
            plain,
        }
    }
}

/// The three values at a path. The declared one is `None` where the code was not evaluated, null where the code leaves
/// the value out.
#[derive(Clone, Copy)]
struct Values<'a> {
    declared: Option<&'a Value>,
    recorded: &'a Value,
    live: &'a Value,
}

impl Values<'_> {
    /// Returns whether all values are exactly the same.
    fn agree(&self) -> bool {
        let asks = |declared: &Value| declared.is_null() || declared == self.recorded;
        self.recorded == self.live && self.declared.is_none_or(asks)
    }
}

/// Compares one attribute, or each part of ordered blocks by itself.
fn compare(
    compared: &ComparedResource<'_>,
    attribute: &Attribute,
    place: &AttributePosition,
    values: Values<'_>,
    found: &mut Vec<Difference>,
) {
    let schema = compared.schema;
    let form = |value: &Value| {
        let read = tags::without_ignored(compared, &place.plain, value);
        schema.normal(attribute, &place.plain, &read)
    };
    let declared = values.declared.map(form);
    let recorded = form(values.recorded);
    // To bring a policy to its form is dear: what is the same need not be brought twice.
    let live = match values.recorded == values.live {
        true => recorded.clone(),
        false => form(values.live),
    };
    if recorded != live
        && let Shape::Block(Nesting::List | Nesting::Single, parts) = &attribute.shape
        && let (Some(recorded), Some(live)) = (blocks(values.recorded), blocks(values.live))
        && recorded.len() == live.len()
    {
        let declared_blocks = values.declared.and_then(blocks);
        for (index, (recorded, live)) in recorded.iter().zip(&live).enumerate() {
            let declared = values.declared;
            let values = Values {
                declared: declared.map(|all| nth(all, declared_blocks.as_deref(), index)),
                recorded,
                live,
            };
            compare_block(compared, parts, (place, index), values, found);
        }
        return;
    }
    // An explicit `false`, 0 or `[]` is asked for, whatever its normal form; `""` is how modules leave a value out.
    let is_set = values.declared.is_some_and(|declared| {
        !declared.is_null() && declared.as_str() != Some("") && !sets_nothing(attribute, declared)
    });
    let asked = declared.as_ref().filter(|_| is_set);
    let code = (declared.is_some(), asked);
    let Some(mut verdict) = verdict(attribute, place, code, &recorded, &live) else {
        return;
    };
    if verdict == Verdict::Drift && is_told_apart(schema, place, values) {
        verdict = Verdict::UnseenByPlan;
    }
    let (added, removed) = if is_set_of_values(&attribute.shape) {
        elements(values.recorded, values.live, &form)
    } else {
        Default::default()
    };
    found.push(Difference {
        path: place.path.clone(),
        verdict,
        declared: values
            .declared
            .filter(|declared| !declared.has_unknown())
            .cloned(),
        recorded: values.recorded.clone(),
        live: values.live.clone(),
        added,
        removed,
        defined_in: None,
    });
}

/// Compares the parts of one block.
fn compare_block(
    compared: &ComparedResource<'_>,
    parts: &BTreeMap<String, Attribute>,
    (outer, index): (&AttributePosition, usize),
    values: Values<'_>,
    found: &mut Vec<Difference>,
) {
    let schema = compared.schema;
    for (name, part) in parts {
        let plain = format!("{}.{name}", outer.plain);
        let read = values
            .live
            .as_map()
            .is_some_and(|live| live.contains_key(name));
        if !read || schema.rules.never_read.contains(&plain.as_str()) {
            continue;
        }
        // Of a block that was not evaluated nobody knows which parts it sets.
        let declared = values.declared.filter(|block| **block != Value::Unknown);
        let inner = Values {
            declared: declared.map(|declared| declared.get(name)),
            recorded: values.recorded.get(name),
            live: values.live.get(name),
        };
        if inner.agree() {
            continue;
        }
        // A block that the code leaves out is the provider's to fill, whatever is said of its parts. In one that it
        // writes, a nested block is there or not.
        let left_out = declared.is_some_and(Value::is_null);
        let is_written = declared.is_some_and(|block| !block.is_null());
        let is_nested = matches!(part.shape, Shape::Block(..));
        let place = outer.part(schema, index, name);
        let is_filled_in = part.computed || place.settled;
        let filled = Attribute {
            computed: left_out || (is_filled_in && !(is_nested && is_written)),
            ..part.clone()
        };
        compare(compared, &filled, &place, inner, found);
    }
}

/// Returns whether the blocks that code writes are there, and each argument in them is null: `cpu_credits = null`. Blocks of
/// a set differ from others by what they leave out.
fn sets_nothing(attribute: &Attribute, declared: &Value) -> bool {
    let is_block = matches!(attribute.shape, Shape::Block(Nesting::List, _));
    is_block && !declared.is_empty() && holds_only_null(declared)
}

fn holds_only_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::List(items) => items.iter().all(holds_only_null),
        Value::Map(parts) => parts.values().all(holds_only_null),
        _ => false,
    }
}

/// Returns whether differences are reported element by element.
fn is_set_of_values(shape: &Shape) -> bool {
    matches!(
        shape,
        Shape::Block(Nesting::Set, _) | Shape::Plain(Type::Set(_))
    )
}

/// Returns one of the blocks that the code declares: unknown where all are, null where it declares fewer.
fn nth<'v>(declared: &'v Value, blocks: Option<&'v [Value]>, index: usize) -> &'v Value {
    match (declared, blocks) {
        (Value::Unknown, _) => &Value::Unknown,
        (_, Some(blocks)) => blocks.get(index).unwrap_or(&Value::Null),
        (_, None) => &Value::Null,
    }
}

/// Returns the blocks of a value: the value itself where it is no list.
fn blocks(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(items) => Some(items.clone()),
        Value::Map(_) => Some(vec![value.clone()]),
        _ => None,
    }
}

/// Returns whether the elements of a set are equal to the provider, which identifies them by some of their parts only:
/// a plan does not show differences of the other parts.
fn is_told_apart(schema: &Schema, place: &AttributePosition, values: Values<'_>) -> bool {
    let hashed = schema.rules.hashed.iter();
    let Some((_, parts)) = hashed.into_iter().find(|(path, _)| *path == place.plain) else {
        return false;
    };
    let keys = |value: &Value| {
        let items = value.as_list().unwrap_or_default().iter();
        let mut keys: Vec<_> = items
            .map(|item| {
                let key = parts.iter().map(|part| item.get(part).as_str());
                key.map(Option::unwrap_or_default)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect();
        keys.sort();
        keys
    };
    keys(values.recorded) == keys(values.live)
}

/// Returns the verdict about three values in normal form; `None` where they agree, or where nobody declared the one
/// that changed. The code is given by whether it was evaluated, and by its value.
fn verdict(
    attribute: &Attribute,
    place: &AttributePosition,
    (evaluated, asked): (bool, Option<&Value>),
    recorded: &Value,
    live: &Value,
) -> Option<Verdict> {
    let settable = attribute.optional || !attribute.computed;
    if !settable {
        return None;
    }
    if recorded == live {
        let differs =
            |asked: &Value| !asked.has_unknown() && !attribute.is_satisfied(asked, recorded);
        return asked.is_some_and(differs).then_some(Verdict::NotApplied);
    }
    match asked {
        Some(asked) if attribute.surely_gives(asked, recorded, live) => Some(Verdict::StaleState),
        Some(_) => Some(Verdict::Drift),
        None if !evaluated => unevaluated(attribute, place),
        None if attribute.optional && !attribute.computed => Some(Verdict::Drift),
        None if place.watched => Some(Verdict::UnseenByPlan),
        None => None,
    }
}

/// Returns the verdict about a change where the code is not known: drift, unless the value changes by itself.
fn unevaluated(attribute: &Attribute, place: &AttributePosition) -> Option<Verdict> {
    if place.unseen {
        Some(Verdict::UnseenByPlan)
    } else if place.settled && attribute.computed {
        None
    } else {
        Some(Verdict::Drift)
    }
}

/// Returns the elements of a set that only AWS has, and those that AWS lacks. Since a set may be very large, each
/// element is normalized once, and looked up by that form.
fn elements(
    recorded: &Value,
    live: &Value,
    form: &impl Fn(&Value) -> Value,
) -> (Vec<Value>, Vec<Value>) {
    let by_form = |value: &Value| {
        let items = value.as_list().unwrap_or_default().iter();
        let keyed = items.map(|item| {
            let form = form(&Value::List(vec![item.clone()]));
            (
                serde_json::to_string(&form).unwrap_or_default(),
                item.clone(),
            )
        });
        keyed.collect::<Vec<_>>()
    };
    let (recorded, live) = (by_form(recorded), by_form(live));
    let only_in = |set: &[(String, Value)], other: &[(String, Value)]| {
        let others: HashSet<&str> = other.iter().map(|(form, _)| form.as_str()).collect();
        let only = set
            .iter()
            .filter(|(form, _)| !others.contains(form.as_str()));
        only.map(|(_, item)| item.clone()).collect()
    };
    (only_in(&live, &recorded), only_in(&recorded, &live))
}
