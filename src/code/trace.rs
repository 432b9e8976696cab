//! Where a value is defined: the literal behind an expression, through variables, locals, calls and `each`.

use super::expression::key_of;
use super::instance::{Given, SetBy};
use super::scope::{Each, Scope};
use super::{policy, policy_document};
use crate::model::{Definition, Part, Parts, PolicyCode, Site, Source, Value};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, Object, ObjectValue, Traversal, TraversalOperator};
use std::rc::Rc;

/// How many references may lead to a value.
const LONGEST: usize = 32;

/// What an expression evaluates to, and where an edit would change it.
pub(super) fn definition(scope: &Scope<'_>, expression: &Expression) -> Definition {
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
pub(super) fn entries(scope: &Scope<'_>, expression: &Expression) -> Vec<(String, Definition)> {
    let call = match expression {
        Expression::FuncCall(call) => call,
        Expression::Object(object) => {
            let entry = |(key, value): (_, &ObjectValue)| {
                Some((key_of(scope, key)?, definition(scope, value.expr())))
            };
            return object.iter().filter_map(entry).collect();
        }
        _ => return Vec::new(),
    };
    if call.name.name.as_str() != "merge" || call.args.expand_final() {
        return Vec::new();
    }
    let Value::Map(merged) = scope.value(expression) else {
        return Vec::new();
    };
    let arguments: Vec<_> = call.args.iter().collect();
    let of = |(key, value): (String, Value)| {
        // The last argument that has the key wins.
        let winner = arguments.iter().rev().find(|argument| {
            scope
                .value(argument)
                .as_map()
                .is_some_and(|map| map.contains_key(&key))
        });
        let entry = winner.and_then(|argument| {
            let end = trace(scope, argument, LONGEST).ok()?;
            entry(end, &key, LONGEST).ok()
        });
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
    match trace(&each.scope, each.collection, LONGEST).ok()? {
        End::Code(scope, map @ Expression::Object(_), _) => Some(source(&scope, map)),
        End::Tfvars(given, _) if !given.entries.is_empty() => Some(given.source.clone()),
        _ => None,
    }
}

/// The end of a trace: an expression that is no reference, and what stands there.
enum End<'a, 'e> {
    /// In code, where it stands.
    Code(Scope<'a>, &'e Expression, Site),
    /// A policy in code.
    Policy(Source, PolicyCode, Site),
    /// In a file of variables.
    Tfvars(Rc<Given>, Site),
}

impl End<'_, '_> {
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

fn source(scope: &Scope<'_>, expression: &Expression) -> Source {
    let span = expression.span().unwrap_or_default();
    Source {
        file: scope.file.path.to_owned(),
        line: scope.file.line(span.start),
        span: (span.start, span.end),
    }
}

/// Follows an expression to the literal behind it, or says why there is none.
fn trace<'a, 'e: 'a>(
    scope: &Scope<'a>,
    expression: &'e Expression,
    left: usize,
) -> Result<End<'a, 'e>, String>
where
    'a: 'e,
{
    let place = || scope.file.place(expression.span());
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
fn reference<'a, 'e: 'a>(
    scope: &Scope<'a>,
    traversal: &'e Traversal,
    expression: &'e Expression,
    left: usize,
) -> Result<End<'a, 'e>, String>
where
    'a: 'e,
{
    let place = scope.file.place(expression.span());
    let text = scope
        .file
        .text
        .get(expression.span().unwrap_or_default())
        .unwrap_or_default();
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
            Some(each) => {
                let map = trace(&each.scope, each.collection, left)?;
                entry(map, &each.key, left)?
            }
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
fn variable<'a, 'e: 'a>(
    scope: &Scope<'a>,
    name: &str,
    place: &str,
    left: usize,
) -> Result<End<'a, 'e>, String>
where
    'a: 'e,
{
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
fn renamed<'a, 'e>(end: End<'a, 'e>, site: Site) -> End<'a, 'e> {
    match end {
        End::Code(scope, expression, Site::Literal) => End::Code(scope, expression, site),
        End::Policy(source, code, Site::Literal) => End::Policy(source, code, site),
        other => other,
    }
}

/// `data.aws_iam_policy_document.x.json`.
fn document<'a, 'e>(
    scope: &Scope<'_>,
    traversal: &Traversal,
    text: &str,
    place: &str,
) -> Result<End<'a, 'e>, String> {
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
fn entry<'a, 'e: 'a>(end: End<'a, 'e>, key: &str, left: usize) -> Result<End<'a, 'e>, String>
where
    'a: 'e,
{
    match end {
        End::Code(scope, Expression::Object(object), _) => match find(&scope, object, key) {
            Some(value) => Ok(match trace(&scope, value, left)? {
                End::Code(scope, expression, Site::Literal) => {
                    End::Code(scope, expression, Site::MapEntry)
                }
                other => other,
            }),
            None => Err(format!(
                "the map in {} has no entry `{key}`",
                scope.file.path
            )),
        },
        End::Tfvars(given, _) => match given.entries.get(key) {
            Some(entry) => Ok(End::Tfvars(entry.clone(), Site::MapEntry)),
            None => Err(format!(
                "the value at {}:{} has no entry `{key}`",
                given.source.file, given.source.line
            )),
        },
        End::Policy(source, ..) => Err(format!(
            "the value at {}:{} is no literal map",
            source.file, source.line
        )),
        End::Code(scope, expression, _) => Err(format!(
            "the value at {} is no literal map",
            scope.file.place(expression.span())
        )),
    }
}

fn find<'e>(scope: &Scope<'_>, object: &'e Object, key: &str) -> Option<&'e Expression> {
    let mut entries = object.iter();
    let found = entries.find(|(name, _)| key_of(scope, name).as_deref() == Some(key));
    found.map(|(_, value)| value.expr())
}
