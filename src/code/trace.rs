//! Traces an expression to the literal that defines its value, through variables, locals, calls and `each`.

use super::called::{MERGE, called, entry_of_merge, passed_on};
use super::element::{entry_of_for, item};
use super::expression::is_key;
use super::from_file::function_reason;
use super::handed_on::{is_call, is_literal, only_interpolation, taken};
use super::instance::{Caller, FileValue, SetBy};
use super::joined::{holds_literal, is_joined};
use super::literal::{Literal, entry_at, given_entry, left_out, no_literal};
use super::number::Number;
use super::output;
use super::resource::{is_repeated, keys};
use super::scope::{Each, Scope};
use super::typed::Typed;
use super::variable::optional_parts;
use super::{json_document, policy, policy_document};
use crate::model::{
    JsonCode, Key, LeftOutArgument, Location, PolicyCode, Site, Source, Uneditable, Value,
};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, Object, Traversal, TraversalOperator};
use std::rc::Rc;

/// The longest chain of references to a value.
pub(super) const MAX_CHAIN: usize = 32;
/// The most bytes of an expression that a message quotes.
const QUOTED: usize = 200;
/// The keys of an object that are compared for one step of work.
const KEYS: usize = 64;

/// Returns the location of the literal map or list behind `for_each`, or of the call that puts literal lists together; `None`
/// where it is computed.
pub(super) fn collection(each: &Each<'_>) -> Option<Source> {
    let collection = &each.collection;
    match trace(&collection.scope, collection.expression, MAX_CHAIN).ok()? {
        End::Code(scope, literal @ (Expression::Array(_) | Expression::Object(_)), _) => {
            Some(source(&scope, literal))
        }
        End::Code(scope, joined @ Expression::FuncCall(call), _) if holds_literal(call) => {
            Some(source(&scope, joined))
        }
        End::FileValue(given, _) => Some(given.source.clone()),
        _ => None,
    }
}

/// The end of a trace: an expression that is no reference.
pub(super) enum End<'a> {
    /// An expression in code, with its scope.
    Code(Scope<'a>, &'a Expression, Site),
    /// A policy in code.
    Policy(Source, PolicyCode, Site),
    /// Another text of JSON in code.
    Json(Source, JsonCode, Site),
    /// A value in a file of variables, or in a data file.
    FileValue(Rc<FileValue>, Site),
    /// A value that is not set, and the place where it may be added.
    LeftOut(Location),
}

/// The expression that sets `var.x` or `local.x`.
pub(super) enum Head<'a> {
    /// An expression, and how it is referred to.
    Code(Scope<'a>, &'a Expression, Site),
    /// A value in a file of variables, or in a data file.
    FileValue(Rc<FileValue>),
    /// The module's default, as long as the call leaves the argument out.
    LeftOut(Location),
}

pub(super) fn source(scope: &Scope<'_>, expression: &Expression) -> Source {
    scope.file.source(expression.span().unwrap_or_default())
}

/// Traces an expression to the literal behind it. The error says why there is none.
pub(super) fn trace<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    left: usize,
) -> Result<End<'a>, Uneditable> {
    let place = || scope.file.place(expression.span());
    if let Err(excess) = scope.budget().work(1) {
        scope.refuse(excess, expression);
        return Err(Uneditable::NotEvaluated(place()));
    }
    let Some(left) = left.checked_sub(1) else {
        return Err(Uneditable::TooFar(place()));
    };
    if let Some((source, code)) = policy::of_expression(scope, expression, left) {
        return Ok(End::Policy(source, code, Site::Literal));
    }
    if let Some((source, code)) = json_document::of_expression(scope, expression, left) {
        return Ok(End::Json(source, code, Site::Literal));
    }
    match expression {
        Expression::Parenthesis(inner) => trace(scope, inner.inner(), left),
        Expression::Traversal(traversal) => reference(scope, traversal, expression, left),
        Expression::Array(_) | Expression::Object(_) => {
            Ok(End::Code(scope.clone(), expression, Site::Literal))
        }
        // Their entries have literals of their own.
        Expression::ForExpr(_) => Ok(End::Code(scope.clone(), expression, Site::Literal)),
        Expression::FuncCall(call) if is_call(call, MERGE) || is_joined(call) => {
            Ok(End::Code(scope.clone(), expression, Site::Literal))
        }
        Expression::Variable(name) => match scope.element(name.as_str()) {
            Some(element) if !element.is_of_block => element.end(left),
            _ => Err(Uneditable::Computed(place())),
        },
        _ if is_literal(expression) => Ok(End::Code(scope.clone(), expression, Site::Literal)),
        Expression::Conditional(choice) => match taken(scope, choice) {
            Some(arm) => trace(scope, arm, left),
            None => Err(Uneditable::Condition(place())),
        },
        Expression::FuncCall(call) => called(scope, (expression, call), left)
            .or_else(|| passed_on(scope, expression, call, left).map(Ok))
            .unwrap_or_else(|| Err(function_reason(scope, call, left))),
        Expression::StringTemplate(template) => match only_interpolation(template.iter()) {
            Some(inner) => trace(scope, inner, left),
            None => Err(Uneditable::Template(place())),
        },
        Expression::HeredocTemplate(_) => Err(Uneditable::Template(place())),
        _ => Err(Uneditable::Computed(place())),
    }
}

/// Returns the expression that sets `var.x` or `local.x`, without following the steps below it.
pub(super) fn head<'a>(
    scope: &Scope<'a>,
    traversal: &'a Traversal,
    expression: &'a Expression,
) -> Result<Head<'a>, Uneditable> {
    let place = || scope.file.place(expression.span());
    let foreign = || Uneditable::Foreign {
        text: quoted(scope, expression).to_owned(),
        place: place(),
    };
    let root = traversal.expr.as_variable().map(|name| name.as_str());
    let first = traversal.operators.first().map(|operator| operator.value());
    match (root, first) {
        (Some("var"), Some(TraversalOperator::GetAttr(name))) => {
            variable(scope, name.as_str(), place)
        }
        (Some("local"), Some(TraversalOperator::GetAttr(name))) => {
            let (file, local) = scope.instance.local(name.as_str()).ok_or_else(foreign)?;
            Ok(Head::Code(scope.instance.scope(file), local, Site::Local))
        }
        _ => Err(foreign()),
    }
}

/// Traces `var.x`, `local.x`, `each.value` and the results of calls, and the entries of maps below them.
fn reference<'a>(
    scope: &Scope<'a>,
    traversal: &'a Traversal,
    expression: &'a Expression,
    left: usize,
) -> Result<End<'a>, Uneditable> {
    let place = || scope.file.place(expression.span());
    let text = || quoted(scope, expression).to_owned();
    let root = traversal.expr.as_variable().map(|name| name.as_str());
    let mut operators = traversal.operators.iter().map(|operator| operator.value());
    let bound = root.and_then(|root| scope.element(root));
    let first = match bound {
        Some(element) if !element.is_of_block => "",
        None if root.is_none() => "",
        _ => match operators.next() {
            Some(TraversalOperator::GetAttr(name)) => name.as_str(),
            _ => "",
        },
    };
    let mut end = match (bound, root, first) {
        (Some(element), _, "" | "value") => element.end(left)?,
        (None, Some("each"), "value") => match &scope.each {
            Some(each) => each.element().end(left)?,
            None => {
                return Err(Uneditable::UncertainKeys {
                    text: text(),
                    place: place(),
                });
            }
        },
        (None, Some("data"), policy_document::TYPE) => {
            return document(scope, (traversal, left), || Uneditable::Document {
                text: text(),
                place: place(),
            });
        }
        (None, Some("module"), name) => {
            return output::traced(scope, (traversal, name), (expression, left));
        }
        (Some(_), ..) | (None, Some("each" | "count"), _) => {
            return Err(Uneditable::DiffersByInstance {
                text: text(),
                place: place(),
            });
        }
        // A part of a call's result, or of a literal.
        (None, None, _) => trace(scope, &traversal.expr, left)?,
        _ => match head(scope, traversal, expression)? {
            Head::Code(scope, inner, site) => renamed(trace(&scope, inner, left)?, site),
            Head::FileValue(given) => End::FileValue(given, Site::FileValue),
            Head::LeftOut(location) => End::LeftOut(location),
        },
    };
    for operator in operators {
        end = part(scope, end, operator, (expression, left))?;
    }
    Ok(end)
}

/// Traces a part of what an expression leads to: the entry or the element that an operator names.
pub(super) fn part<'a>(
    scope: &Scope<'a>,
    end: End<'a>,
    operator: &'a TraversalOperator,
    (expression, left): (&'a Expression, usize),
) -> Result<End<'a>, Uneditable> {
    let place = || scope.file.place(expression.span());
    let text = || quoted(scope, expression).to_owned();
    match operator {
        TraversalOperator::GetAttr(name) => below(end, name.as_str(), left),
        TraversalOperator::Index(index) => match scope.known(index) {
            Typed::String(key) => below(end, &key, left),
            number => {
                let number = number.as_number().and_then(Number::whole);
                let item = number.and_then(|number| item(&end, number, left));
                item.ok_or_else(|| Uneditable::Element {
                    text: text(),
                    place: place(),
                })?
            }
        },
        _ => Err(Uneditable::Elements {
            text: text(),
            place: place(),
        }),
    }
}

/// Returns the expression that sets a variable.
fn variable<'a>(
    scope: &Scope<'a>,
    name: &str,
    place: impl Fn() -> String,
) -> Result<Head<'a>, Uneditable> {
    let setting = scope.instance.variables.get(name);
    let set = setting.and_then(|setting| Some((setting, setting.by.clone()?)));
    let Some((setting, by)) = set else {
        return Err(Uneditable::SetOutside {
            name: name.to_owned(),
            place: place(),
        });
    };
    Ok(match (by, &scope.instance.call) {
        (SetBy::FileValue(given), _) => Head::FileValue(given),
        (SetBy::Inputs(inputs), _) => {
            return Err(Uneditable::Inputs {
                name: name.to_owned(),
                place: inputs.to_string(),
            });
        }
        (SetBy::Argument(caller, argument), _) => {
            Head::Code(caller, argument, Site::ModuleArgument)
        }
        (SetBy::Default(file, default), caller) => {
            let input = || scope.instance.new_inputs.get(name).cloned();
            match caller.as_ref().map(Caller::source).or_else(input) {
                None => Head::Code(scope.instance.scope(file), default, Site::VariableDefault),
                Some(source) => Head::LeftOut(Location {
                    source,
                    site: Site::LeftOutArgument(Box::new(LeftOutArgument {
                        name: name.to_owned(),
                        default: scope
                            .copy(&setting.value)
                            .map_or(Value::Unknown, |value| value.plain()),
                        optional: optional_parts(scope, name),
                        steps: Vec::new(),
                    })),
                }),
            }
        }
    })
}

/// Sets how the end of a trace was reached.
pub(super) fn renamed(end: End<'_>, site: Site) -> End<'_> {
    match end {
        End::Code(scope, expression, Site::Literal) => End::Code(scope, expression, site),
        // What leads to a file of its own does not say how that is edited.
        End::Policy(source, code, Site::Literal) if !code.form.is_file() => {
            End::Policy(source, code, site)
        }
        End::Json(source, code, Site::Literal) if !code.form.is_file() => {
            End::Json(source, code, site)
        }
        other => other,
    }
}

/// Traces `data.aws_iam_policy_document.x.json`.
fn document<'a>(
    scope: &Scope<'a>,
    (traversal, left): (&Traversal, usize),
    foreign: impl Fn() -> Uneditable,
) -> Result<End<'a>, Uneditable> {
    let operators: Vec<_> = traversal
        .operators
        .iter()
        .map(|operator| operator.value())
        .collect();
    let (name, index, attribute) = match operators.as_slice() {
        [
            _,
            TraversalOperator::GetAttr(name),
            TraversalOperator::GetAttr(attribute),
        ] => (name, None, attribute),
        [
            _,
            TraversalOperator::GetAttr(name),
            TraversalOperator::Index(index),
            TraversalOperator::GetAttr(attribute),
        ] => (name, Some(index), attribute),
        _ => return Err(foreign()),
    };
    let found = policy::document(scope, name.as_str())
        .filter(|_| ["json", "minified_json"].contains(&attribute.as_str()));
    let (file, block) = found.ok_or_else(&foreign)?;
    let index = index.map(|index| scope.known(index));
    let mut instances = keys(&scope.instance.scope(file), &block.body);
    let inner = instances.find_map(|(key, inner)| match (key, &index) {
        (None, None) if !is_repeated(&block.body) => Some(inner),
        (Some(Key::Name(key)), Some(Typed::String(name))) if *key == **name => Some(inner),
        (Some(Key::Index(own)), Some(Typed::Number(number))) => {
            (number.whole() == Some(own)).then_some(inner)
        }
        _ => None,
    });
    let inner = inner.ok_or_else(&foreign)?;
    let unsplit = || Uneditable::Statements(file.place(block.span()));
    if policy_document::is_merged(block) {
        return Err(Uneditable::MergedDocument(file.place(block.span())));
    }
    let code = policy::of_document(&inner, block, left).ok_or_else(unsplit)?;
    let source = file.source(block.span().unwrap_or_default());
    Ok(End::Policy(source, code, Site::Literal))
}

/// Returns one entry of a literal map, or the place where it can be added.
pub(super) fn below<'a>(end: End<'a>, key: &str, left: usize) -> Result<End<'a>, Uneditable> {
    match end {
        End::Code(scope, map @ Expression::Object(object), _) => match find(&scope, object, key) {
            Some(value) => entry_at(&scope, value, left),
            None => Ok(left_out(source(&scope, map), key)),
        },
        End::FileValue(given, _) => Ok(given_entry(&given, key)),
        End::Code(scope, Expression::FuncCall(call), _) => entry_of_merge(&scope, call, key, left),
        End::Code(scope, expression @ Expression::ForExpr(each), site) => {
            match Literal::of(End::Code(scope.clone(), expression, site), left) {
                Ok(literal) => literal.entry(key, left),
                Err(why) => entry_of_for(&scope, each, key, left).unwrap_or(Err(why)),
            }
        }
        End::LeftOut(Location {
            source,
            site: Site::LeftOutArgument(mut argument),
        }) => {
            argument.steps.push(key.to_owned());
            let site = Site::LeftOutArgument(argument);
            Ok(End::LeftOut(Location { source, site }))
        }
        End::LeftOut(Location {
            source,
            site: Site::LeftOutEntry(mut keys),
        }) => {
            keys.push(key.to_owned());
            let site = Site::LeftOutEntry(keys);
            Ok(End::LeftOut(Location { source, site }))
        }
        other => Err(no_literal(&other)),
    }
}

fn find<'a>(scope: &Scope<'a>, object: &'a Object, key: &str) -> Option<&'a Expression> {
    // What this costs shows in what comes next, once the budget is spent.
    let _ = scope.budget().work(object.len() / KEYS);
    // Of two with one key the last counts.
    let entries = object.iter();
    let found = entries.filter(|(name, _)| is_key(scope, name, key));
    found.last().map(|(_, value)| value.expr())
}

/// Returns an expression as it is written, for messages.
pub(super) fn quoted<'s>(scope: &Scope<'s>, expression: &Expression) -> &'s str {
    let text = scope.file.text.get(expression.span().unwrap_or_default());
    let text = text.unwrap_or_default();
    &text[..text.floor_char_boundary(QUOTED)]
}
