//! Traces a variable of `for`, or of a `dynamic` block, to the element of the literal that it is bound to.

use super::convert::convert;
use super::flattened::{self, is_flatten};
use super::for_expression::pairs;
use super::from_file::function_reason;
use super::handed_on::by_key;
use super::instance::FileValue;
use super::joined;
use super::literal::no_literal;
use super::number::Number;
use super::scope::{Collection, Scope};
use super::trace::{End, below, renamed, trace};
use super::typed::Typed;
use super::types::Type;
use crate::model::{Location, Site, Uneditable};
use hcl_edit::expr::{Expression, ForExpr};
use hcl_edit::structure::{Block, Body};
use std::rc::Rc;

/// The element of a collection that a name is bound to.
#[derive(Debug, Clone)]
pub(super) struct Element<'a> {
    /// The collection.
    pub collection: Rc<Collection<'a>>,
    /// The position of the element.
    pub key: ElementKey,
    /// Whether the name is a block's, whose `value` is the element.
    pub is_of_block: bool,
}

/// The position of an element.
#[derive(Debug, Clone)]
pub(super) enum ElementKey {
    /// In a map, or the element of a set itself.
    Name(Rc<str>),
    /// In a list.
    Index(usize),
}

impl ElementKey {
    fn of(key: &Typed) -> Option<Self> {
        match key {
            Typed::Number(index) => index.whole().map(Self::Index),
            key => key.as_text().map(|text| Self::Name(text.into())),
        }
    }
}

impl<'a> Element<'a> {
    /// Returns the end of the trace to the element, or why there is none.
    pub(super) fn end(&self, left: usize) -> Result<End<'a>, Uneditable> {
        let collection = &self.collection;
        let name = match &self.key {
            ElementKey::Name(name) => name,
            ElementKey::Index(index) => {
                let items = collection.flattened(left);
                if let Some(end) = items.and_then(|items| items.get(*index)?.end(left)) {
                    return end;
                }
                let end = trace(&collection.scope, collection.expression, left)?;
                let number = i64::try_from(*index).unwrap_or(i64::MAX);
                let why = || match &end {
                    End::Code(scope, Expression::FuncCall(call), _) => {
                        function_reason(scope, call, left)
                    }
                    _ => no_literal(&end),
                };
                return item(&end, number, left).unwrap_or_else(|| Err(why()));
            }
        };
        let why = match collection.literal(left) {
            Ok(literal) => return literal.entry(name, left),
            Err(why) => why,
        };
        if let Some((scope, value)) = collection.computed(left).and_then(|all| all.get(&**name)) {
            return Ok(renamed(trace(scope, value, left)?, Site::MapEntry));
        }
        match trace(&collection.scope, collection.expression, left)? {
            End::Code(scope, Expression::Array(items), _) => {
                let mut items = items.iter();
                let own =
                    items.find(|item| scope.known(item).as_text().as_deref() == Some(&**name));
                let item = own.ok_or_else(|| why.clone())?;
                Ok(renamed(trace(&scope, item, left)?, Site::MapEntry))
            }
            End::Code(scope, list @ Expression::FuncCall(call), _) if joined::is_joined(call) => {
                joined::item_like(&scope, (list, call), name, left).ok_or_else(|| why.clone())?
            }
            end => below(end, name, left).map_err(|_| why.clone()),
        }
    }
}

/// Returns an item of a list in code or in a file of variables; `None` where there is no literal list.
pub(super) fn item<'a>(
    end: &End<'a>,
    number: i64,
    left: usize,
) -> Option<Result<End<'a>, Uneditable>> {
    let index = usize::try_from(number).ok()?;
    match end {
        End::Code(scope, Expression::Array(items), _) => {
            let item = trace(scope, items.get(index)?, left);
            Some(item.map(|end| renamed(end, Site::MapEntry)))
        }
        End::Code(scope, Expression::ForExpr(each), _) if each.key_expr.is_none() => {
            let scope = scopes(scope, each)?.nth(index)??;
            Some(trace(&scope, &each.value_expr, left))
        }
        End::Code(scope, list @ Expression::FuncCall(call), _) if joined::is_joined(call) => {
            joined::item(scope, (list, call), index, left)
        }
        End::Code(scope, list @ Expression::FuncCall(call), _) if is_flatten(call) => {
            flattened::item(scope, list, index, left)
        }
        End::FileValue(given, _) => given_item(given, index),
        End::LeftOut(Location {
            source,
            site: Site::LeftOutArgument(argument),
        }) => {
            let steps = argument.steps.iter();
            let list = steps.fold(&argument.default, |outer, step| outer.get(step));
            list.as_list()?.get(index)?;
            let mut argument = argument.clone();
            argument.steps.push(index.to_string());
            Some(Ok(End::LeftOut(Location {
                source: source.clone(),
                site: Site::LeftOutArgument(argument),
            })))
        }
        _ => None,
    }
}

fn given_item<'a>(given: &FileValue, index: usize) -> Option<Result<End<'a>, Uneditable>> {
    let item = given.items.get(index)?;
    Some(Ok(End::FileValue(item.clone(), Site::MapEntry)))
}

/// Returns the value that `{ for ... }` gives to a key; `None` where that is not certain.
pub(super) fn entry_of_for<'a>(
    scope: &Scope<'a>,
    each: &'a ForExpr,
    key: &str,
    left: usize,
) -> Option<Result<End<'a>, Uneditable>> {
    let name = each.key_expr.as_ref().filter(|_| !each.grouping)?;
    for scope in scopes(scope, each)? {
        let scope = scope?;
        if scope.known(name).as_text()? == key {
            let end = trace(&scope, &each.value_expr, left);
            return Some(end.map(|end| renamed(end, Site::MapEntry)));
        }
    }
    None
}

/// Returns whether an expression is a `for` that computes its elements.
pub(super) fn computed_for(expression: &Expression) -> Option<&ForExpr> {
    match expression {
        Expression::ForExpr(each) => by_key(each).is_none().then_some(each),
        _ => None,
    }
}

/// Returns the scope of each element that a `for` keeps; `None` in place of one where that is not certain.
pub(super) fn scopes<'a>(
    scope: &Scope<'a>,
    each: &'a ForExpr,
) -> Option<impl Iterator<Item = Option<Scope<'a>>>> {
    let collection = Rc::new(Collection::new(scope, &each.intro.collection_expr));
    let pairs = pairs(scope.known(&each.intro.collection_expr))?;
    let scope = scope.clone();
    let element = move |(key, value): (Typed, Typed)| {
        scope.budget().work(1).ok()?;
        let name = each.intro.value_var.as_str();
        let element = Element {
            collection: collection.clone(),
            key: ElementKey::of(&key)?,
            is_of_block: false,
        };
        let mut inner = scope.with(name, value).with_element(name, element);
        if let Some(name) = &each.intro.key_var {
            inner = inner.with(name.as_str(), key);
        }
        let Some(condition) = &each.cond else {
            return Some(Some(inner));
        };
        let kept = convert(inner.known(&condition.expr), &Type::Bool, inner.budget());
        match kept.ok()? {
            Typed::Bool(kept) => Some(kept.then_some(inner)),
            _ => None,
        }
    };
    Some(pairs.map(element).filter_map(|scope| match scope {
        Some(kept) => kept.map(Some),
        None => Some(None),
    }))
}

/// Returns the scope of each element of a `dynamic` block, and its content; `None` where they are not certain.
pub(super) fn of_block<'a>(
    scope: &Scope<'a>,
    block: &'a Block,
) -> Option<(Vec<Scope<'a>>, &'a Body)> {
    let each = &block.body.get_attribute("for_each")?.value;
    let content = block.body.get_blocks("content").next()?;
    let iterator = block.body.get_attribute("iterator");
    let iterator = iterator.and_then(|iterator| iterator.value.as_variable());
    let name = match iterator {
        Some(name) => name.as_str(),
        None => block.labels.first()?.as_str(),
    };
    let collection = Rc::new(Collection::new(scope, each));
    let of = |(key, value): (Typed, Typed)| {
        let element = Element {
            collection: collection.clone(),
            key: ElementKey::of(&key)?,
            is_of_block: true,
        };
        let names = Typed::object([("key", key), ("value", value)]);
        Some(scope.with(name, names).with_element(name, element))
    };
    let scopes: Option<Vec<_>> = pairs(scope.known(each))?.map(of).collect();
    Some((scopes?, &content.body))
}

/// Returns an element of `element(list, number)`.
pub(super) fn wrapped<'a>(
    scope: &Scope<'a>,
    list: &'a Expression,
    number: &Expression,
    left: usize,
) -> Option<Result<End<'a>, Uneditable>> {
    let items = pairs(scope.known(list))?.count();
    let number: i64 = scope.known(number).as_number().and_then(Number::whole)?;
    let length = i64::try_from(items).ok()?;
    let number = number.checked_rem_euclid(length)?;
    match trace(scope, list, left) {
        Ok(end) => item(&end, number, left),
        Err(why) => Some(Err(why)),
    }
}
