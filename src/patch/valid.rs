//! Checks the blocks of an edited file against the provider's schema: names, required ones and types, at each depth.

use super::location::entry_at;
use super::reasons::Unproven;
use super::refusal::Refusal;
use crate::code::parse;
use crate::model::{Attribute, Catalog, Nesting, Number, Shape, Type};
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};
use std::collections::{BTreeMap, BTreeSet};

/// Arguments and blocks of a resource that are Terraform's and not the provider's.
const META: &[&str] = &[
    "count",
    "for_each",
    "depends_on",
    "provider",
    "lifecycle",
    "provisioner",
    "connection",
    "timeouts",
];

/// Checks that an edit leaves a file as valid as it was: errors from before the edit do not count.
///
/// # Errors
/// The violation of the schema.
pub(super) fn check(
    file: &str,
    (before, after): (&str, &[u8]),
    catalog: &Catalog,
) -> Result<(), Refusal> {
    let problems = |text: &str| {
        let body = parse::body(text).ok();
        body.map(|body| of_file(&body, catalog)).unwrap_or_default()
    };
    let after = problems(std::str::from_utf8(after).unwrap_or_default());
    if after.is_empty() {
        return Ok(());
    }
    let known = problems(before);
    match after.into_iter().find(|problem| !known.contains(problem)) {
        Some(problem) => Err(Refusal::Unproven(Unproven::NotValid {
            file: file.to_owned(),
            problem,
        })),
        None => Ok(()),
    }
}

fn of_file(body: &Body, catalog: &Catalog) -> BTreeSet<String> {
    let mut problems = BTreeSet::new();
    for block in body.get_blocks("resource") {
        let [tf_type, name] = block.labels.as_slice() else {
            continue;
        };
        if let Some(schema) = catalog.get(tf_type.as_str()) {
            let path = format!("{}.{}", tf_type.as_str(), name.as_str());
            of_body(&block.body, &schema.attributes, &path, &mut problems);
        }
    }
    problems
}

fn of_body(
    body: &Body,
    parts: &BTreeMap<String, Attribute>,
    path: &str,
    problems: &mut BTreeSet<String>,
) {
    for attribute in body.attributes() {
        let name = attribute.key.as_str();
        let path = format!("{path}.{name}");
        let problem = match parts.get(name) {
            _ if META.contains(&name) => None,
            None => Some("is no argument of this type"),
            Some(part) if !part.optional => Some("is set by AWS alone"),
            Some(part) => match &part.shape {
                Shape::Block(..) => Some("is a block"),
                Shape::Plain(of) if !takes(of, &attribute.value) => Some("is of another type"),
                Shape::Plain(_) => None,
            },
        };
        problems.extend(problem.map(|problem| format!("`{path}` {problem}")));
        if body.has_blocks(name) {
            problems.insert(format!("`{path}` is both an argument and a block"));
        }
    }
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for block in body.blocks() {
        let (name, inner) = block_of(block);
        if META.contains(&name) {
            continue;
        }
        let number = numbers.entry(name).or_default();
        let path = format!("{path}.{name}[{number}]");
        *number += 1;
        match parts.get(name).map(|part| &part.shape) {
            Some(Shape::Block(nesting, parts)) => {
                if *nesting == Nesting::Single && *number > 1 {
                    problems.insert(format!("`{path}` may stand once"));
                }
                inner
                    .into_iter()
                    .for_each(|inner| of_body(inner, parts, &path, problems));
            }
            // An attribute that code may write as blocks.
            Some(Shape::Plain(Type::Set(of) | Type::List(of))) => {
                if let (Type::Object(parts), Some(inner)) = (of.as_ref(), inner) {
                    let parts = parts.iter().map(|(name, of)| (name.clone(), optional(of)));
                    of_body(inner, &parts.collect(), &path, problems);
                } else {
                    problems.insert(format!("`{path}` is an argument"));
                }
            }
            Some(Shape::Plain(_)) => drop(problems.insert(format!("`{path}` is an argument"))),
            None => drop(problems.insert(format!("`{path}` is no block of this type"))),
        }
    }
    let is_missing =
        |(name, part): &(&String, &Attribute)| part.required && !body.has_attribute(name.as_str());
    let missing = parts.iter().filter(is_missing);
    problems.extend(missing.map(|(name, _)| format!("`{path}.{name}` is required")));
}

/// Returns the name and the body of a nested block; of a dynamic block the body of its content.
fn block_of(block: &Block) -> (&str, Option<&Body>) {
    if !block.has_ident("dynamic") {
        return (block.ident.as_str(), Some(&block.body));
    }
    let name = block.labels.first().map_or("", |label| label.as_str());
    let content = block.body.get_blocks("content").next();
    (name, content.map(|content| &content.body))
}

fn optional(of: &Type) -> Attribute {
    Attribute {
        shape: Shape::Plain(of.clone()),
        required: false,
        optional: true,
        computed: false,
        sensitive: false,
    }
}

/// Returns whether a type accepts an expression, as far as the expression is a literal.
fn takes(of: &Type, expression: &Expression) -> bool {
    match (of, expression) {
        (_, Expression::Null(_)) | (Type::Dynamic, _) => true,
        (Type::Bool, Expression::String(text)) => {
            ["true", "false"].contains(&text.value().as_str())
        }
        (Type::Bool, Expression::Number(_)) => false,
        (Type::Number, Expression::String(text)) => Number::parse(text.value()).is_some(),
        (Type::Number, Expression::Bool(_)) => false,
        (
            Type::Bool | Type::Number | Type::String,
            Expression::Array(_) | Expression::Object(_),
        ) => false,
        (Type::List(_) | Type::Set(_), expression) if is_single(expression) => false,
        (Type::List(of) | Type::Set(of), Expression::Array(items)) => {
            items.iter().all(|item| takes(of, item))
        }
        (Type::List(_) | Type::Set(_), Expression::Object(_)) => false,
        (Type::Map(_) | Type::Object(_), Expression::Array(_)) => false,
        (Type::Map(_) | Type::Object(_), expression) if is_single(expression) => false,
        // A literal object must name each part of its type.
        (Type::Object(parts), Expression::Object(object)) => parts.iter().all(|(name, of)| {
            let at = entry_at(object, name);
            let value = at.and_then(|at| object.iter().nth(at));
            value.is_some_and(|(_, value)| takes(of, value.expr()))
        }),
        (Type::Map(of), Expression::Object(object)) => {
            object.iter().all(|(_, value)| takes(of, value.expr()))
        }
        _ => true,
    }
}

fn is_single(expression: &Expression) -> bool {
    matches!(
        expression,
        Expression::String(_) | Expression::Number(_) | Expression::Bool(_)
    )
}
