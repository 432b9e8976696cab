//! Where a value is defined: the literal behind an expression, through variables, locals, calls and `each`.

use super::expression::{is_key, key_of};
use super::instance::{Given, SetBy};
use super::literal::{Literal, entry_at, given_entry, no_entry, no_literal};
use super::scope::{Each, Scope};
use super::{policy, policy_document};
use crate::model::{Definition, Part, Parts, PolicyCode, Site, Source, Value};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, FuncCall, Object, ObjectValue, Traversal, TraversalOperator};
use std::rc::Rc;

/// How many references may lead to a value.
const LONGEST: usize = 32;
/// How much of an expression a message quotes, in bytes.
const QUOTED: usize = 200;
/// How many keys of an object are looked at for one step of work.
const KEYS: usize = 64;

/// What an expression evaluates to, and where an edit would change it.
pub(super) fn definition<'a>(scope: &Scope<'a>, expression: &'a Expression) -> Definition {
    let value = scope.value(expression);
    match trace(scope, expression, LONGEST) {
        Ok(end) => end.definition(value),
        Err(why) => refused(scope, expression, value, why),
    }
}

/// A value that must not be edited, and why.
fn refused(scope: &Scope<'_>, expression: &Expression, value: Value, why: String) -> Definition {
    Definition {
        value,
        source: source(scope, expression),
        site: Site::Refused(why),
        parts: Parts::Whole,
    }
}

/// The entries of a map, each with its own place: those of a literal, and of the literals in `merge`.
pub(super) fn entries<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
) -> Vec<(String, Definition)> {
    match expression {
        Expression::Object(object) => {
            let entry = |(key, value): (_, &'a ObjectValue)| {
                Some((key_of(scope, key)?, definition(scope, value.expr())))
            };
            object.iter().filter_map(entry).collect()
        }
        Expression::FuncCall(call) if call.name.name.as_str() == "merge" => {
            merged(scope, expression, call)
        }
        _ => Vec::new(),
    }
}

fn merged<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    call: &'a FuncCall,
) -> Vec<(String, Definition)> {
    if call.args.expand_final() {
        return Vec::new();
    }
    let Value::Map(merged) = scope.value(expression) else {
        return Vec::new();
    };
    let argument = |argument: &'a Expression| {
        let literal = trace(scope, argument, LONGEST).and_then(Literal::of);
        (scope.value(argument), literal.ok())
    };
    let arguments: Vec<_> = call.args.iter().map(argument).collect();
    let of = |(key, value): (String, Value)| {
        // The last argument that has the key wins.
        let winner = arguments.iter().rev().find(|(argument, _)| {
            let entries = argument.as_map();
            entries.is_some_and(|entries| entries.contains_key(&key))
        });
        let literal = winner.and_then(|(_, literal)| literal.as_ref());
        let entry = literal.and_then(|literal| literal.entry(&key, LONGEST).ok());
        let definition = match entry {
            Some(end) => end.definition(value),
            None => {
                let place = scope.file.place(expression.span());
                let why = format!("the key comes out of `merge` at {place}");
                refused(scope, expression, value, why)
            }
        };
        (key, definition)
    };
    merged.into_iter().map(of).collect()
}

/// Where the literal map stands that `each` walks; none where it is made otherwise.
pub(super) fn map(each: &Each<'_>) -> Option<Source> {
    each.collection.literal(LONGEST).as_ref().ok()?.source()
}

/// The end of a trace: an expression that is no reference, and what stands there.
pub(super) enum End<'a> {
    /// In code, where it stands.
    Code(Scope<'a>, &'a Expression, Site),
    /// A policy in code.
    Policy(Source, PolicyCode, Site),
    /// In a file of variables.
    Tfvars(Rc<Given>, Site),
}

impl End<'_> {
    fn definition(self, value: Value) -> Definition {
        let (source, site, parts) = match self {
            Self::Code(scope, expression, site) => {
                (source(&scope, expression), site, items(&scope, expression))
            }
            Self::Policy(source, code, site) => (source, site, Parts::Policy(code)),
            Self::Tfvars(given, site) => (given.source.clone(), site, Parts::Whole),
        };
        Definition {
            value,
            source,
            site,
            parts,
        }
    }
}

/// The items of a list.
fn items(scope: &Scope<'_>, expression: &Expression) -> Parts {
    let Expression::Array(items) = expression else {
        return Parts::Whole;
    };
    let item = |item: &Expression| {
        let span = item.span()?;
        Some(Part {
            value: scope.value(item),
            span: (span.start, span.end),
        })
    };
    let items: Option<_> = items.iter().map(item).collect();
    items.map_or(Parts::Whole, Parts::Items)
}

pub(super) fn source(scope: &Scope<'_>, expression: &Expression) -> Source {
    let span = expression.span().unwrap_or_default();
    Source {
        file: scope.file.path.clone(),
        line: scope.file.line(span.start),
        span: (span.start, span.end),
    }
}

/// Follows an expression to the literal behind it, or says why there is none.
pub(super) fn trace<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    left: usize,
) -> Result<End<'a>, String> {
    let place = || scope.file.place(expression.span());
    if let Err(excess) = scope.budget().work(1) {
        scope.refuse(excess, expression);
        return Err(format!("the value at {} was not evaluated", place()));
    }
    let Some(left) = left.checked_sub(1) else {
        return Err(format!("the references at {} lead too far", place()));
    };
    let site = || match scope.instance.shared {
        true => Site::Refused(format!(
            "the value at {} stands in a module that is called several times: it feeds all of them",
            place()
        )),
        false => Site::Literal,
    };
    if let Some(code) = policy::of_expression(scope, expression) {
        return Ok(End::Policy(source(scope, expression), code, site()));
    }
    match expression {
        Expression::Parenthesis(inner) => trace(scope, inner.inner(), left),
        Expression::Traversal(traversal) => reference(scope, traversal, expression, left),
        Expression::Array(_) => Ok(End::Code(scope.clone(), expression, site())),
        _ if is_literal(expression) => Ok(End::Code(scope.clone(), expression, site())),
        Expression::Object(_) => Ok(End::Code(scope.clone(), expression, Site::Literal)),
        Expression::Conditional(_) => {
            Err(format!("the value at {} depends on a condition", place()))
        }
        Expression::FuncCall(call) => Err(format!(
            "the value at {} is made by `{}`",
            place(),
            call.name.name.as_str()
        )),
        Expression::StringTemplate(_) | Expression::HeredocTemplate(_) => {
            Err(format!("the value at {} is made from a template", place()))
        }
        _ => Err(format!("the value at {} is computed", place())),
    }
}

/// Whether an expression holds nothing that is computed.
fn is_literal(expression: &Expression) -> bool {
    match expression {
        Expression::Null(_)
        | Expression::Bool(_)
        | Expression::Number(_)
        | Expression::String(_) => true,
        Expression::Array(items) => items.iter().all(is_literal),
        Expression::Object(object) => object.iter().all(|(_, value)| is_literal(value.expr())),
        Expression::HeredocTemplate(heredoc) => {
            heredoc.template.iter().all(|element| element.is_literal())
        }
        _ => false,
    }
}

/// Follows `var.x`, `local.x` and `each.value`, and the entries of maps below them.
fn reference<'a>(
    scope: &Scope<'a>,
    traversal: &'a Traversal,
    expression: &'a Expression,
    left: usize,
) -> Result<End<'a>, String> {
    let place = scope.file.place(expression.span());
    let text = quoted(scope, expression);
    let foreign = || {
        Err(format!(
            "`{text}` at {place} refers to something that the code does not set"
        ))
    };
    let root = traversal.expr.as_variable().map(|name| name.as_str());
    let mut operators = traversal.operators.iter().map(|operator| operator.value());
    let first = match operators.next() {
        Some(TraversalOperator::GetAttr(name)) => name.as_str(),
        _ => return foreign(),
    };
    let mut end = match (root, first) {
        (Some("var"), name) => variable(scope, name, &place, left)?,
        (Some("local"), name) => match scope.instance.local(name) {
            Some((file, local)) => renamed(
                trace(&scope.instance.scope(file), local, left)?,
                Site::Local,
            ),
            None => return foreign(),
        },
        (Some("each"), "value") => match &scope.each {
            Some(each) => match each.collection.literal(left) {
                Ok(literal) => literal.entry(&each.key, left)?,
                Err(why) => return Err(why.clone()),
            },
            None => {
                return Err(format!(
                    "`{text}` at {place}: the keys of `for_each` are not certain"
                ));
            }
        },
        (Some("data"), policy_document::TYPE) => return document(scope, traversal, text, &place),
        (Some("each" | "count"), _) => {
            return Err(format!("`{text}` at {place} differs for each instance"));
        }
        _ => return foreign(),
    };
    for operator in operators {
        let key = match operator {
            TraversalOperator::GetAttr(name) => name.as_str().to_owned(),
            TraversalOperator::Index(index) => match scope.value(index) {
                Value::String(key) => key,
                _ => return Err(format!("`{text}` at {place} picks an element")),
            },
            _ => return Err(format!("`{text}` at {place} picks several elements")),
        };
        end = entry(end, &key, left)?;
    }
    Ok(end)
}

/// What sets a variable.
fn variable<'a>(
    scope: &Scope<'a>,
    name: &str,
    place: &str,
    left: usize,
) -> Result<End<'a>, String> {
    let set = scope
        .instance
        .variables
        .get(name)
        .and_then(|setting| setting.by.clone());
    match set {
        None => Err(format!(
            "`var.{name}` at {place} is set from outside the code, or is a secret"
        )),
        Some(SetBy::Tfvars(given)) => Ok(End::Tfvars(given, Site::Tfvars)),
        Some(SetBy::Argument(caller, argument)) => Ok(renamed(
            trace(&caller, argument, left)?,
            Site::ModuleArgument,
        )),
        Some(SetBy::Default(file, default)) if scope.instance.path.is_empty() => Ok(End::Code(
            scope.instance.scope(file),
            default,
            Site::VariableDefault,
        )),
        Some(SetBy::Default(file, default)) => Err(format!(
            "`var.{name}` has its default at {}, which every caller of the module shares",
            file.place(default.span())
        )),
    }
}

/// The same place, reached through something: what stands there is then called so.
fn renamed(end: End<'_>, site: Site) -> End<'_> {
    match end {
        End::Code(scope, expression, Site::Literal) => End::Code(scope, expression, site),
        End::Policy(source, code, Site::Literal) => End::Policy(source, code, site),
        other => other,
    }
}

/// `data.aws_iam_policy_document.x.json`.
fn document<'a>(
    scope: &Scope<'a>,
    traversal: &Traversal,
    text: &str,
    place: &str,
) -> Result<End<'a>, String> {
    let mut operators = traversal.operators.iter().map(|operator| operator.value());
    let (_, name, attribute) = (operators.next(), operators.next(), operators.next());
    let (Some(TraversalOperator::GetAttr(name)), Some(TraversalOperator::GetAttr(attribute)), None) =
        (name, attribute, operators.next())
    else {
        return Err(format!(
            "`{text}` at {place} picks one of several documents"
        ));
    };
    let found = policy::document(scope, name.as_str())
        .filter(|_| ["json", "minified_json"].contains(&attribute.as_str()));
    let Some((file, block)) = found else {
        return Err(format!("`{text}` at {place} is no document of this module"));
    };
    let inner = scope.instance.scope(file);
    let at = file.place(block.span());
    let code = policy::of_document(&inner, block)
        .ok_or_else(|| format!("the document at {at} is made for each of something"))?;
    let span = block.span().unwrap_or_default();
    let source = Source {
        file: file.path.to_owned(),
        line: file.line(span.start),
        span: (span.start, span.end),
    };
    let site = match scope.instance.shared {
        true => Site::Refused(format!(
            "the document at {at} stands in a module that is called several times: it feeds all of them"
        )),
        false => Site::Literal,
    };
    Ok(End::Policy(source, code, site))
}

/// One entry of a literal map.
fn entry<'a>(end: End<'a>, key: &str, left: usize) -> Result<End<'a>, String> {
    match end {
        End::Code(scope, Expression::Object(object), _) => match find(&scope, object, key) {
            Some(value) => entry_at(&scope, value, left),
            None => Err(no_entry(&scope, key)),
        },
        End::Tfvars(given, _) => given_entry(&given, key),
        other => Err(no_literal(&other)),
    }
}

fn find<'a>(scope: &Scope<'a>, object: &'a Object, key: &str) -> Option<&'a Expression> {
    // What this costs shows in what comes next, once the budget is spent.
    let _ = scope.budget().work(object.len() / KEYS);
    let mut entries = object.iter();
    let found = entries.find(|(name, _)| is_key(scope, name, key));
    found.map(|(_, value)| value.expr())
}

/// An expression as it is written, for messages.
fn quoted<'s>(scope: &Scope<'s>, expression: &Expression) -> &'s str {
    let text = scope.file.text.get(expression.span().unwrap_or_default());
    let text = text.unwrap_or_default();
    &text[..text.floor_char_boundary(QUOTED)]
}
