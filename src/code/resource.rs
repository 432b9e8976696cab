//! Evaluates resource blocks: the attributes of each instance.

use super::convert::convert;
use super::definition;
use super::element;
use super::file::File;
use super::for_expression::pairs;
use super::instance::Instance;
use super::scope::{Collection, Each, Scope};
use super::size::{ENTRY, MAP, VALUE};
use super::typed::Typed;
use super::types::Type;
use super::{map_parts, size, trace};
use crate::model::{Address, DeclaredResource, Definition, Key, Parts, Site, Source, Value};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, TraversalOperator};
use hcl_edit::structure::{Block, Body, Structure};
use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::rc::Rc;

/// Meta-arguments of a resource, which Terraform reads instead of the provider. `source` and `version` are a module's:
/// resources have attributes of these names.
const META: &[&str] = &["count", "for_each", "depends_on", "provider"];
/// Blocks that Terraform reads instead of the provider.
const META_BLOCKS: &[&str] = &["lifecycle", "provisioner", "connection"];
/// The most instances of one block that are evaluated.
const MAX_INSTANCES: usize = 10_000;

/// Adds the resource instances of a module instance, as far as the budget allows.
pub(super) fn declare<'a>(
    instance: &Rc<Instance<'a>>,
    resources: &mut BTreeMap<Address, DeclaredResource>,
) {
    let budget = &instance.context.budget;
    for (file, block) in instance.folder.blocks("resource") {
        let [tf_type, name] = block.labels.as_slice() else {
            continue;
        };
        let all = budget.mark();
        for (key, scope) in keys(&instance.scope(file), &block.body) {
            let mark = budget.mark();
            let address = Address {
                modules: instance.path.clone(),
                tf_type: tf_type.as_str().to_owned(),
                name: name.as_str().to_owned(),
                key,
            };
            let resource = resource(&scope, file, block);
            budget.settle(mark, 0);
            match budget.keep(size::resource(&address, &resource)) {
                Ok(()) => drop(resources.insert(address, resource)),
                Err(excess) => budget.report_excess(excess, &file.path, resource.line),
            }
            if budget.is_over() {
                break;
            }
        }
        budget.settle(all, 0);
        if budget.is_over() {
            return;
        }
    }
}

/// Returns whether Terraform reads an argument of a resource instead of the provider.
pub(super) fn is_meta(name: &str) -> bool {
    META.contains(&name)
}

/// Returns whether a block has `count` or `for_each`.
pub(super) fn is_repeated(body: &Body) -> bool {
    body.has_attribute("count") || body.has_attribute("for_each")
}

/// An iterator over the instances of a block.
type Keys<'a> = Box<dyn Iterator<Item = (Option<Key>, Scope<'a>)> + 'a>;

/// Returns the instances of a block: one without a key, or one for each key. Where the keys are not certain, one
/// instance without a key stands for all, and `each` and `count` are unknown in it.
pub(super) fn keys<'a>(scope: &Scope<'a>, body: &'a Body) -> Keys<'a> {
    let scope = scope.clone();
    let of_all =
        |name: &str| -> Keys<'a> { Box::new(iter::once((None, scope.with(name, Typed::UNKNOWN)))) };
    if let Some(count) = body.get_attribute("count") {
        let count = convert(scope.known(&count.value), &Type::Number, scope.budget());
        let count = count
            .ok()
            .and_then(|count| count.as_number()?.whole::<usize>());
        let Some(count) = count.filter(|count| *count <= MAX_INSTANCES) else {
            return of_all("count");
        };
        return Box::new((0..count).map(move |index| {
            let key = Key::Index(u64::try_from(index).unwrap_or(u64::MAX));
            let inner = scope.at(Some(&key), Typed::NULL);
            (Some(key), inner)
        }));
    }
    let Some(each) = body.get_attribute("for_each") else {
        return Box::new(iter::once((None, scope)));
    };
    let instances: Option<Box<dyn Iterator<Item = (String, Typed)>>> = match scope
        .known(&each.value)
    {
        // A set's elements are their own keys.
        Typed::Set(_, items) | Typed::List(_, items) | Typed::Tuple(items)
            if items.len() <= MAX_INSTANCES =>
        {
            let texts: Option<Vec<_>> = items.iter().map(Typed::as_text).collect();
            texts.is_some().then(|| {
                let key = |item: &Typed| item.as_text().unwrap_or_default().into_owned();
                let items = items.into_iter();
                Box::new(items.map(move |item| (key(&item), item))) as Box<dyn Iterator<Item = _>>
            })
        }
        Typed::Map(_, entries) | Typed::Object(entries) if entries.len() <= MAX_INSTANCES => {
            Some(Box::new(entries.into_iter()))
        }
        _ => None,
    };
    let Some(instances) = instances else {
        return of_all("each");
    };
    let collection = Rc::new(Collection::new(&scope, &each.value));
    Box::new(instances.map(move |(name, value)| {
        let key = Key::Name(name.clone());
        let mut inner = scope.at(Some(&key), value);
        inner.each = Some(Each {
            collection: collection.clone(),
            key: name.into(),
        });
        (Some(key), inner)
    }))
}

fn resource<'a>(scope: &Scope<'a>, file: &'a File, block: &'a Block) -> DeclaredResource {
    let mut attributes = BTreeMap::new();
    let mut made_of_secrets = BTreeMap::new();
    for attribute in block.body.attributes() {
        let name = attribute.key.as_str();
        if !is_meta(name) {
            scope.instance.take_made();
            let mut definition = definition::definition(scope, &attribute.value);
            let maps = map_parts::map_parts(scope, &attribute.value, &definition.value);
            for (key, inner) in
                map_parts::entries(scope, &attribute.value, &definition.value, &maps)
            {
                let quoted = serde_json::to_string(&key).unwrap_or_default();
                attributes.insert(format!("{name}[{quoted}]"), inner);
            }
            map_parts::add_maps(&mut definition, &maps);
            attributes.insert(name.to_owned(), definition);
            note_made(scope, name, &mut made_of_secrets);
        }
    }
    define_blocks(scope, file, block, &mut attributes, &mut made_of_secrets);
    let Source { file, line, .. } = file.source(block.span().unwrap_or_default());
    DeclaredResource {
        file,
        line,
        attributes,
        for_each: scope.each.as_ref().and_then(trace::collection),
        for_each_item: scope.each.as_ref().and_then(Each::item),
        call: scope.instance.first_call(),
        ignore_changes: ignored(scope, &block.body),
        made_of_secrets,
    }
}

/// Returns the nested blocks of a resource: each kind under its own name, as a list, and the attributes of each block.
fn define_blocks<'a>(
    scope: &Scope<'a>,
    file: &'a File,
    block: &'a Block,
    attributes: &mut BTreeMap<String, Definition>,
    made_of_secrets: &mut BTreeMap<String, BTreeSet<String>>,
) {
    let mut nested: BTreeMap<&str, (Value, &'a Block)> = BTreeMap::new();
    for inner in block.body.blocks() {
        scope.instance.take_made();
        let (name, values) = blocks(scope, inner);
        if META_BLOCKS.contains(&name) {
            continue;
        }
        let (all, _) = nested
            .entry(name)
            .or_insert((Value::List(Vec::new()), inner));
        match (all, values) {
            (Value::List(all), Value::List(values)) => {
                define_all(scope, inner, (name, all.len()), attributes);
                all.extend(values);
            }
            (all, _) => *all = Value::Unknown,
        }
        note_made(scope, name, made_of_secrets);
    }
    for (name, (value, first)) in nested {
        // A `dynamic` block for nothing is no block.
        if value.is_empty() {
            continue;
        }
        let span = first.span().unwrap_or_default();
        let source = file.source(span);
        let site = Site::Literal;
        attributes.insert(
            name.to_owned(),
            Definition {
                value,
                source,
                site,
                parts: Parts::Whole,
                alternatives: None,
            },
        );
    }
}

/// Assigns the strings computed from secrets since the last call to an attribute.
fn note_made(scope: &Scope<'_>, name: &str, noted: &mut BTreeMap<String, BTreeSet<String>>) {
    let derived = scope.instance.take_made();
    if !derived.is_empty() {
        noted.entry(name.to_owned()).or_default().extend(derived);
    }
}

/// Returns the attributes of a nested block and of those in it, each under its own path.
fn define<'a>(
    scope: &Scope<'a>,
    body: &'a Body,
    path: &str,
    attributes: &mut BTreeMap<String, Definition>,
) {
    for part in body.attributes() {
        let path = format!("{path}.{}", part.key.as_str());
        attributes.insert(path, definition::definition(scope, &part.value));
    }
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for inner in body.blocks() {
        let name = match inner.has_ident("dynamic") {
            true => inner.labels.first().map_or("", |label| label.as_str()),
            false => inner.ident.as_str(),
        };
        let number = numbers.entry(name).or_default();
        let path = format!("{path}.{name}");
        *number += define_all(scope, inner, (path.as_str(), *number), attributes);
    }
}

/// Returns the attributes of a nested block, or of all that a `dynamic` block makes, with the number of blocks; the
/// first has this number.
fn define_all<'a>(
    scope: &Scope<'a>,
    block: &'a Block,
    (name, first): (&str, usize),
    attributes: &mut BTreeMap<String, Definition>,
) -> usize {
    if !block.has_ident("dynamic") {
        define(scope, &block.body, &format!("{name}[{first}]"), attributes);
        return 1;
    }
    let (scopes, content) = element::of_block(scope, block).unwrap_or((Vec::new(), &block.body));
    for (number, scope) in scopes.iter().enumerate() {
        let path = format!("{name}[{}]", first + number);
        define(scope, content, &path, attributes);
    }
    scopes.len()
}

/// Evaluates a nested block to its name and a list of one map; a `dynamic` block to a list with one map for each
/// element.
pub(super) fn blocks<'b>(scope: &Scope<'_>, block: &'b Block) -> (&'b str, Value) {
    if !block.has_ident("dynamic") {
        return (
            block.ident.as_str(),
            Value::List(vec![body(scope, &block.body)]),
        );
    }
    let name = block.labels.first().map_or("", |label| label.as_str());
    let each = block
        .body
        .get_attribute("for_each")
        .map(|each| scope.known(&each.value));
    let content = block.body.get_blocks("content").next();
    let (Some(pairs), Some(content)) = (each.and_then(pairs), content) else {
        return (name, Value::Unknown);
    };
    let iterator = block
        .body
        .get_attribute("iterator")
        .and_then(|iterator| iterator.value.as_variable());
    let iterator = iterator.map_or(name, |iterator| iterator.as_str());
    let of = |(key, value): (Typed, Typed)| {
        let names = Typed::object([("key", key), ("value", value)]);
        body(&scope.with(iterator, names), &content.body)
    };
    (name, Value::List(pairs.map(of).collect()))
}

/// Evaluates a body to a map of its attributes, with nested blocks as lists. Unknown where the budget has no memory for
/// it.
pub(super) fn body(scope: &Scope<'_>, body: &Body) -> Value {
    let names = body.iter().map(|part| match part {
        Structure::Attribute(attribute) => attribute.key.as_str().len(),
        Structure::Block(block) => block.ident.as_str().len(),
    });
    let entries: usize = names.map(|name| ENTRY + name).sum();
    if let Err(excess) = scope.budget().take(VALUE + MAP + entries) {
        scope.refuse_at(excess, body.span());
        return Value::Unknown;
    }
    let mut parts: BTreeMap<String, Value> = BTreeMap::new();
    for attribute in body.attributes() {
        parts.insert(
            attribute.key.as_str().to_owned(),
            scope.plain(&attribute.value),
        );
    }
    for block in body.blocks() {
        let (name, values) = blocks(scope, block);
        let all = parts
            .entry(name.to_owned())
            .or_insert_with(|| Value::List(Vec::new()));
        match (all, values) {
            (Value::List(all), Value::List(values)) => all.extend(values),
            (all, _) => *all = Value::Unknown,
        }
    }
    Value::map(parts)
}

/// Returns the paths of `lifecycle.ignore_changes`, as Terraform writes them.
fn ignored(scope: &Scope<'_>, body: &Body) -> Vec<String> {
    let blocks = body.get_blocks("lifecycle");
    let lists = blocks.filter_map(|block| block.body.get_attribute("ignore_changes"));
    let mut paths = Vec::new();
    for list in lists {
        match &list.value {
            Expression::Array(items) if scope.budget().work(items.len()).is_err() => {}
            Expression::Array(items) => paths.extend(items.iter().filter_map(path)),
            single => paths.extend(path(single)),
        }
    }
    paths
}

/// The most steps of an ignored path: no provider has a deeper attribute.
const MAX_PATH_DEPTH: usize = 64;

/// Parses a path such as `tags["PatchGroup"]`, `root_block_device[0].iops` or `all`, also in quotes as in older code.
fn path(expression: &Expression) -> Option<String> {
    match expression {
        Expression::Variable(name) => Some(name.as_str().to_owned()),
        Expression::String(text) => Some(text.value().clone()),
        Expression::Traversal(traversal) => {
            let mut path = path(&traversal.expr)?;
            for operator in traversal.operators.iter().take(MAX_PATH_DEPTH) {
                match operator.value() {
                    TraversalOperator::GetAttr(name) => {
                        path.push('.');
                        path.push_str(name.as_str());
                    }
                    TraversalOperator::Index(Expression::String(key)) => {
                        let key = serde_json::to_string(key.value()).ok()?;
                        path.push_str(&format!("[{key}]"));
                    }
                    TraversalOperator::Index(Expression::Number(index)) => {
                        path.push_str(&format!("[{}]", index.value()));
                    }
                    TraversalOperator::LegacyIndex(index) => {
                        path.push_str(&format!("[{}]", index.value()));
                    }
                    _ => return Some(path),
                }
            }
            Some(path)
        }
        _ => None,
    }
}
