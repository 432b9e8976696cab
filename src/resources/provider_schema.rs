//! Loads the AWS provider's schema of each type from `schema/aws.tsv`, which `scripts/provider-schema` generates.

use crate::model::{Attribute, Nesting, Shape, Type};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// One line per type: its name, a tab, its attributes as JSON.
const SCHEMA: &str = include_str!("schema/aws.tsv");

/// Returns the attributes and blocks of a type, if the provider has it.
pub(super) fn attributes(tf_type: &str) -> Option<BTreeMap<String, Attribute>> {
    let line = SCHEMA.lines().find_map(|line| {
        let (name, rest) = line.split_once('\t')?;
        (name == tf_type).then_some(rest)
    })?;
    block(&serde_json::from_str(line).ok()?)
}

/// Returns the attributes and blocks of all types.
pub(super) fn all() -> Vec<(String, BTreeMap<String, Attribute>)> {
    let lines = SCHEMA.lines().filter_map(|line| {
        let (name, rest) = line.split_once('\t')?;
        Some((name.to_owned(), block(&serde_json::from_str(rest).ok()?)?))
    });
    lines.collect()
}

fn block(json: &Json) -> Option<BTreeMap<String, Attribute>> {
    let read = |(name, json): (&String, &Json)| Some((name.clone(), attribute(json)?));
    json.as_object()?.iter().map(read).collect()
}

fn attribute(json: &Json) -> Option<Attribute> {
    if let Some([ty, flags]) = json.as_array().map(Vec::as_slice) {
        let flags = flags.as_str()?;
        return Some(Attribute {
            shape: Shape::Plain(plain(ty)?),
            required: flags.contains('r'),
            optional: flags.contains(['o', 'r']),
            computed: flags.contains('c'),
            sensitive: flags.contains('s'),
        });
    }
    let nesting = match json.get("nesting")?.as_str()? {
        "single" | "group" => Nesting::Single,
        "list" => Nesting::List,
        "set" => Nesting::Set,
        _ => Nesting::Map,
    };
    Some(Attribute {
        shape: Shape::Block(nesting, block(json.get("attributes")?)?),
        required: false,
        optional: true,
        computed: true,
        sensitive: false,
    })
}

fn plain(json: &Json) -> Option<Type> {
    match json {
        Json::String(name) => match name.as_str() {
            "bool" => Some(Type::Bool),
            "number" => Some(Type::Number),
            "string" => Some(Type::String),
            _ => Some(Type::Dynamic),
        },
        Json::Array(parts) => {
            let [kind, of] = parts.as_slice() else {
                return None;
            };
            match kind.as_str()? {
                "list" | "tuple" => Some(Type::List(Box::new(plain(of)?))),
                "set" => Some(Type::Set(Box::new(plain(of)?))),
                "map" => Some(Type::Map(Box::new(plain(of)?))),
                _ => {
                    let part = |(name, of): (&String, &Json)| Some((name.clone(), plain(of)?));
                    Some(Type::Object(
                        of.as_object()?.iter().map(part).collect::<Option<_>>()?,
                    ))
                }
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_of_the_provider_reads() {
        let names: Vec<_> = SCHEMA
            .lines()
            .filter_map(|line| line.split('\t').next())
            .collect();
        assert!(names.len() > 1_400, "{}", names.len());
        for name in names {
            assert!(attributes(name).is_some(), "{name}");
        }
    }

    #[test]
    fn the_flags_and_nesting_are_the_providers() {
        let instance = attributes("aws_instance").unwrap_or_default();
        let ami = &instance["ami"];
        assert!(ami.optional && ami.computed && !ami.sensitive);
        assert!(matches!(
            instance["ebs_block_device"].shape,
            Shape::Block(Nesting::Set, _)
        ));
        let database = attributes("aws_db_instance").unwrap_or_default();
        assert!(database["password"].sensitive);
    }
}
