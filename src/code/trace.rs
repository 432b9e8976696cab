//! Where a value is defined: the literal behind an expression, through variables, locals, calls and `each`.

use super::expression::key_of;
use super::instance::SetBy;
use super::scope::Scope;
use crate::model::{Definition, Site, Source, Value};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, Object, Traversal, TraversalOperator};

/// How many references may lead to a value.
const LONGEST: usize = 32;

/// What an expression evaluates to, and where an edit would change it.
pub(super) fn definition(scope: &Scope<'_>, expression: &Expression) -> Definition {
    let value = scope.value(expression);
    let (source, site) = match trace(scope, expression, LONGEST) {
        Ok(end) => end.place(),
        Err(why) => (source(scope, expression), Site::Refused(why)),
    };
    Definition {
        value,
        source,
        site,
    }
}

/// The entries of a map whose places differ from the map's own: those of a literal, and of the literals in `merge`.
pub(super) fn entries(scope: &Scope<'_>, expression: &Expression) -> Vec<(String, Definition)> {
    let Expression::FuncCall(call) = expression else {
        return Vec::new();
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
        let (source, site) = match entry {
            Some(end) => end.place(),
            None => {
                let place = scope.file.place(expression.span());
                (
                    source(scope, expression),
                    Site::Refused(format!("the key comes out of `merge` at {place}")),
                )
            }
        };
        (
            key,
            Definition {
                value,
                source,
                site,
            },
        )
    };
    merged.into_iter().map(of).collect()
}

/// The end of a trace: an expression that is no reference, and what stands there.
enum End<'a, 'e> {
    /// In code, where it stands.
    Code(Scope<'a>, &'e Expression, Site),
    /// In a file of variables.
    Tfvars(Source),
}

impl End<'_, '_> {
    fn place(self) -> (Source, Site) {
        match self {
            Self::Code(scope, expression, site) => (source(&scope, expression), site),
            Self::Tfvars(source) => (source, Site::Tfvars),
        }
    }
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
    match expression {
        Expression::Parenthesis(inner) => trace(scope, inner.inner(), left),
        Expression::Traversal(traversal) => reference(scope, traversal, expression, left),
        _ if is_literal(expression) => {
            let instance = &scope.instance;
            let site = match instance.shared {
                true => Site::Refused(format!(
                    "the value at {} stands in a module that is called several times: it feeds all of them",
                    place()
                )),
                false => Site::Literal,
            };
            Ok(End::Code(scope.clone(), expression, site))
        }
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
        Some(SetBy::Tfvars(file, line, span)) => Ok(End::Tfvars(Source { file, line, span })),
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
        other => other,
    }
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
        // The patch finds the entry in the file of variables itself.
        End::Tfvars(source) => Ok(End::Tfvars(source)),
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
