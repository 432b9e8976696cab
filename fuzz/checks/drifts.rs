//! An input as a repository, and what drifted in it.

use driftguard::model::{
    Address, Attribute, Catalog, Declared, DeclaredResource, Difference, Finding, Kind, Number,
    Severity, Shape, Tree, Type, Value, Verdict,
};
use std::collections::BTreeMap;

/// Paths that code may leave out.
const PATHS: [&str; 6] = [
    "associate_public_ip_address",
    "force_destroy",
    "root_block_device[0].iops",
    "root_block_device[0]",
    "tags[\"Team\"]",
    "tags[\"\u{e9} ${x}\"]",
];
/// ASCII's record separator, which stands in no code.
const SEPARATOR: u8 = 0x1e;
/// The most drifts of one input.
const MAX_CHOICES: usize = 6;
/// From this value on, every instance of the block drifts alike.
const ALL: usize = 64;

/// The parts of an input, a separator between two: `main.tf`, `terraform.tfvars`, a text that AWS holds, and choices:
/// three digits a drift, for the resource, the attribute and the value; what follows the digits in ASCII counts on. What
/// is left out is empty.
pub struct Input<'a> {
    pub tree: Tree,
    text: String,
    choices: &'a [u8],
}

impl<'a> Input<'a> {
    pub fn read(bytes: &'a [u8]) -> Self {
        let mut parts = bytes.splitn(4, |byte| *byte == SEPARATOR);
        let mut next = || parts.next().unwrap_or_default();
        let (main, variables) = (next(), next());
        let mut tree: Tree = [("main.tf", main)].into_iter().collect();
        if !variables.is_empty() {
            let path = "terraform.tfvars".to_owned();
            tree.files.insert(path, variables.to_vec().into());
        }
        let text = String::from_utf8_lossy(next()).into_owned();
        // Without choices, the first attributes of the first resources drift.
        let choices = match next() {
            [] => b"073173281",
            some => some,
        };
        Self {
            tree,
            text,
            choices,
        }
    }

    /// One finding a resource: it is gone, or some of its attributes are not what they were.
    pub fn findings(&self, declared: &Declared, catalog: &Catalog) -> Vec<Finding> {
        let resources: Vec<_> = declared.resources.iter().take(256).collect();
        let mut drifts: BTreeMap<&Address, BTreeMap<&str, Value>> = BTreeMap::new();
        for choice in self.choices.chunks_exact(3).take(MAX_CHOICES) {
            let digit = |at: usize| usize::from(choice[at].wrapping_sub(b'0'));
            let [which, part, value] = [0, 1, 2].map(digit);
            let Some(first) = which.checked_rem(resources.len()) else {
                continue;
            };
            let (first, resource) = resources[first];
            let attributes = resource.attributes.keys().map(String::as_str);
            let paths: Vec<&str> = PATHS.into_iter().chain(attributes).collect();
            // No path: the resource is gone.
            let path = (part % (paths.len() + 1))
                .checked_sub(1)
                .map(|at| paths[at]);
            let all = value >= ALL;
            let drifted = resources.iter().filter(|(address, _)| {
                *address == first || all && address.block() == first.block()
            });
            for (address, resource) in drifted {
                let drift = drifts.entry(address).or_default();
                match path {
                    Some(path) if !drift.keys().any(|other| name(other) == name(path)) => {
                        let attribute = catalog
                            .get(&address.tf_type)
                            .and_then(|schema| schema.attributes.get(path));
                        let live = self.live(value % ALL, attribute, &resource.value(path));
                        drift.insert(path, live);
                    }
                    Some(_) => {}
                    None => drift.clear(),
                }
            }
        }
        let finding = |(address, drift)| finding(address, drift, declared);
        drifts.into_iter().map(finding).collect()
    }

    /// What AWS has where the code declares a value, or nested blocks: of those one less, and one of any part more.
    fn live(&self, choice: usize, attribute: Option<&Attribute>, declared: &Value) -> Value {
        let Some(parts) = attribute.and_then(parts) else {
            return self.value(choice, declared);
        };
        let known = !declared.has_unknown();
        let blocks = declared.as_list().filter(|_| known).unwrap_or_default();
        let kept = blocks.iter().skip(choice % 2).cloned();
        let part = parts.get(choice % parts.len().max(1));
        let more = part.map(|part| Value::map([(*part, self.value(choice, &Value::Null))]));
        Value::List(kept.chain(more.filter(|_| choice > 1)).collect())
    }

    /// A value, which may be near the declared one.
    fn value(&self, choice: usize, declared: &Value) -> Value {
        let text = || Value::from(self.text.as_str());
        match (choice % 12, declared) {
            (0, _) => Value::Null,
            (1, _) => (declared.as_bool() != Some(true)).into(),
            (2, _) => 7.into(),
            (4, _) => "${x} %{if y}$${z} \"quoted\" \\ \n\t\u{e9}".into(),
            (5, _) => "".into(),
            (6, _) => vec![text(), "b".into()].into(),
            (7, _) => Value::List(Vec::new()),
            (8, _) => Value::map([(self.text.as_str(), 1.into()), ("b c", vec![true].into())]),
            (9, _) => Number::parse("18446744073709551615").map_or(Value::Null, Value::Number),
            (10, Value::List(items)) if !declared.has_unknown() => {
                Value::List(items.iter().skip(1).cloned().chain([text()]).collect())
            }
            (11, _) if !declared.has_unknown() => declared.clone(),
            _ => text(),
        }
    }
}

/// The parts of an attribute that code writes as nested blocks.
fn parts(attribute: &Attribute) -> Option<Vec<&str>> {
    match &attribute.shape {
        Shape::Block(_, parts) => Some(parts.keys().map(String::as_str).collect()),
        Shape::Plain(Type::List(of) | Type::Set(of)) => match of.as_ref() {
            Type::Object(parts) => Some(parts.keys().map(String::as_str).collect()),
            _ => None,
        },
        Shape::Plain(_) => None,
    }
}

/// The attribute that a path leads into.
fn name(path: &str) -> &str {
    path.split(['[', '.']).next().unwrap_or(path)
}

fn finding(address: &Address, drift: BTreeMap<&str, Value>, declared: &Declared) -> Finding {
    let resource: Option<&DeclaredResource> = declared.resources.get(address);
    let kind = match drift.is_empty() {
        true => Kind::Deleted,
        false => Kind::Modified,
    };
    let difference = |(path, live): (&str, Value)| Difference {
        path: path.to_owned(),
        verdict: Verdict::Drift,
        declared: None,
        recorded: resource.map_or(Value::Null, |resource| resource.value(path)),
        live,
        added: Vec::new(),
        removed: Vec::new(),
        defined_in: None,
    };
    Finding {
        address: Some(address.clone()),
        attributes: drift.into_iter().map(difference).collect(),
        severity: Severity::Low,
        ..Finding::new(kind, Verdict::Drift, &address.tf_type)
    }
}
