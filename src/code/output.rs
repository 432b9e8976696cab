//! Evaluates references to module outputs: an object for one instance, a list with `count`, a map with `for_each`. Only
//! the outputs that are referred to are evaluated.

use super::budget::Excess;
use super::call;
use super::instance::Instance;
use super::scope::Scope;
use super::size::{ENTRY, MAP, REFERRED, Size};
use super::trace::{End, part, quoted, renamed, trace};
use super::typed::Typed;
use super::variable::is_sensitive;
use crate::model::{Key, Site, Uneditable, Value};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, Traversal, TraversalOperator};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Evaluates the outputs of a root module, as far as the budget allows. Sensitive ones are unknown.
pub(super) fn of_root(instance: &Rc<Instance<'_>>) -> BTreeMap<String, Value> {
    let budget = &instance.context.budget;
    let mut outputs = BTreeMap::new();
    for name in instance.folder.outputs.keys() {
        let Some(value) = instance.output(name, 0) else {
            continue;
        };
        if budget.take(Size::of_typed(&value).bytes).is_err() {
            break;
        }
        outputs.insert((*name).to_owned(), value.plain());
    }
    outputs
}

/// Evaluates `module.name` for an expression that continues with these operators. Unknown where the module is not
/// evaluated, or the keys of its instances are not certain.
pub(super) fn value(
    scope: &Scope<'_>,
    name: &str,
    operators: &[&TraversalOperator],
) -> Result<Typed, Excess> {
    let Some(instances) = call::kept(&scope.instance, name, scope.depth() + 1) else {
        return Ok(Typed::UNKNOWN);
    };
    let (mut list, mut map) = (Vec::new(), BTreeMap::new());
    for called in instances.iter() {
        let key = called.path.last().and_then(|step| step.key.as_ref());
        let outputs = |operators| outputs(scope, called, operators);
        match key {
            None if repeated_by(scope, name).is_some() => return Ok(Typed::UNKNOWN),
            None => return outputs(operators),
            Some(Key::Index(_)) => list.push(outputs(operators)?),
            Some(Key::Name(key)) => {
                scope.budget().take(ENTRY + key.len())?;
                map.insert(key.clone(), outputs(behind_key(operators))?);
            }
        }
    }
    Ok(match repeated_by(scope, name) {
        Some("for_each") => Typed::Object(map),
        _ => Typed::Tuple(list),
    })
}

/// Traces `module.name.output`, and the entries of maps below it.
pub(super) fn traced<'a>(
    scope: &Scope<'a>,
    (traversal, name): (&'a Traversal, &str),
    (expression, left): (&'a Expression, usize),
) -> Result<End<'a>, Uneditable> {
    let (text, place) = (
        || quoted(scope, expression).to_owned(),
        || scope.file.place(expression.span()),
    );
    let operators = traversal.operators.iter().skip(1);
    let operators: Vec<_> = operators.map(|operator| operator.value()).collect();
    let Some(found) = referred(scope, name, &operators) else {
        return Err(Uneditable::Foreign {
            text: text(),
            place: place(),
        });
    };
    let handed_out = |why| Uneditable::Output {
        text: text(),
        place: place(),
        why: match why {
            // Of outputs that hand on others the last one matters.
            Uneditable::Output { why, .. } => why,
            why => Box::new(why),
        },
    };
    let end = trace(&found.scope, found.value, left).map_err(handed_out)?;
    let mut end = renamed(end, Site::Output);
    for operator in found.rest.iter().copied() {
        end = part(scope, end, operator, (expression, left)).map_err(handed_out)?;
    }
    Ok(end)
}

/// An output that an expression refers to.
struct Output<'a, 'o> {
    /// The scope of its value.
    scope: Scope<'a>,
    /// Its value.
    value: &'a Expression,
    /// The operators behind its name.
    rest: &'o [&'a TraversalOperator],
}

/// Returns the output that `module.name` leads to with these operators; `None` where it is not certain which that is, or
/// where it is sensitive.
fn referred<'a, 'o>(
    scope: &Scope<'a>,
    name: &str,
    operators: &'o [&'a TraversalOperator],
) -> Option<Output<'a, 'o>> {
    let instances = call::kept(&scope.instance, name, scope.depth() + 1)?;
    let (called, rest) = match (repeated_by(scope, name), operators) {
        (None, _) => (instances.first()?, operators),
        (Some(_), [key, rest @ ..]) => {
            let key = match key {
                TraversalOperator::Index(key) => scope.known(key),
                TraversalOperator::GetAttr(key) => Typed::text(key.as_str()),
                _ => return None,
            };
            let mut instances = instances.iter();
            (instances.find(|called| has_key(called, &key))?, rest)
        }
        (Some(_), []) => return None,
    };
    let [TraversalOperator::GetAttr(output), rest @ ..] = rest else {
        return None;
    };
    let (file, block) = called.folder.outputs.get(output.as_str())?;
    let value = block.body.get_attribute("value");
    Some(Output {
        scope: called.scope(file),
        value: &value.filter(|_| !is_sensitive(&block.body))?.value,
        rest,
    })
}

/// Returns whether a key is that of an instance.
fn has_key(called: &Instance<'_>, key: &Typed) -> bool {
    let own = called.path.last().and_then(|step| step.key.as_ref());
    match (own, key) {
        (Some(Key::Index(own)), Typed::Number(key)) => key.whole() == Some(*own),
        (Some(Key::Name(own)), key) => key.as_text().as_deref() == Some(own.as_str()),
        _ => false,
    }
}

/// Returns the operators after the key of an instance, which may be written as an attribute, or after a splat of all
/// instances.
pub(super) fn behind_key<'o, 't>(
    operators: &'o [&'t TraversalOperator],
) -> &'o [&'t TraversalOperator] {
    match operators {
        [TraversalOperator::GetAttr(_), rest @ ..] => rest,
        [
            TraversalOperator::FullSplat(_) | TraversalOperator::AttrSplat(_),
            TraversalOperator::GetAttr(_),
            rest @ ..,
        ] => rest,
        _ => operators,
    }
}

/// Returns the argument, `count` or `for_each`, that gives a call several instances.
fn repeated_by(scope: &Scope<'_>, name: &str) -> Option<&'static str> {
    let (_, call) = scope.instance.folder.calls.get(name)?;
    ["count", "for_each"]
        .into_iter()
        .find(|argument| call.body.has_attribute(argument))
}

/// Evaluates the outputs of one instance: the one that is referred to, or all.
fn outputs<'a>(
    scope: &Scope<'a>,
    called: &Rc<Instance<'a>>,
    operators: &[&TraversalOperator],
) -> Result<Typed, Excess> {
    let asked = operators.iter().find_map(|operator| match operator {
        TraversalOperator::GetAttr(name) => Some(name.as_str()),
        _ => None,
    });
    let all = called.folder.outputs.keys().copied();
    let names: Vec<_> = match asked {
        Some(asked) => vec![asked],
        None => all.collect(),
    };
    scope.budget().take(MAP)?;
    scope.budget().work(REFERRED)?;
    let mut outputs = BTreeMap::new();
    for name in names {
        if let Some(value) = called.output(name, scope.depth() + 1) {
            scope.budget().take(ENTRY + name.len())?;
            scope.budget().work(REFERRED)?;
            outputs.insert(name.to_owned(), scope.copy(&value)?);
        }
    }
    Ok(Typed::Object(outputs))
}
