//! Evaluates references to module outputs: an object for one instance, a list with `count`, a map with `for_each`. Only
//! the outputs that are referred to are evaluated.

use super::budget::Excess;
use super::call;
use super::instance::Instance;
use super::scope::Scope;
use super::size::{ENTRY, MAP, REFERRED};
use super::typed::Typed;
use crate::model::Key;
use hcl_edit::expr::TraversalOperator;
use std::collections::BTreeMap;
use std::rc::Rc;

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
