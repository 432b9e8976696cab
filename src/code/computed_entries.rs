//! Indexes the entries that `for` makes: of `{ for ... }`, and of `merge(list...)`, where each item of the list is such a
//! map.

use super::called::MERGE;
use super::element::scopes;
use super::handed_on::is_expanded;
use super::scope::{Collection, Scope};
use super::size::ENTRY;
use super::trace::{End, Head, head, trace};
use hcl_edit::expr::{Expression, ForExpr};
use std::collections::BTreeMap;

/// The expression that gives each entry its value, with its scope.
pub(super) type ComputedEntries<'a> = BTreeMap<String, (Scope<'a>, &'a Expression)>;

impl<'a> Collection<'a> {
    /// Returns the entries that `for` makes in it; `None` where they are not certain. Looked for once.
    pub(super) fn computed(&self, left: usize) -> Option<&ComputedEntries<'a>> {
        let entries =
            self.computed
                .get_or_init(|| match map_of(&self.scope, self.expression, left)? {
                    (scope, Expression::FuncCall(call)) => {
                        let arguments: Vec<&Expression> = call.args.iter().collect();
                        match arguments.as_slice() {
                            [list] => entries_of(&scope, list, left),
                            _ => None,
                        }
                    }
                    (scope, Expression::ForExpr(each)) => {
                        let mut entries = ComputedEntries::new();
                        add_each(&scope, each, &mut entries)?;
                        Some(entries)
                    }
                    _ => None,
                });
        entries.as_ref()
    }
}

/// Returns the `for`, or the call of `merge`, that an expression is, or refers to.
fn map_of<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    left: usize,
) -> Option<(Scope<'a>, &'a Expression)> {
    let left = left.checked_sub(1)?;
    match expression {
        Expression::Parenthesis(inner) => map_of(scope, inner.inner(), left),
        Expression::FuncCall(call) => is_expanded(call, MERGE).then(|| (scope.clone(), expression)),
        Expression::ForExpr(_) => Some((scope.clone(), expression)),
        Expression::Traversal(traversal) if traversal.operators.len() == 1 => {
            match head(scope, traversal, expression).ok()? {
                Head::Code(scope, inner, _) => map_of(&scope, inner, left),
                Head::FileValue(_) | Head::LeftOut(_) => None,
            }
        }
        _ => None,
    }
}

fn entries_of<'a>(
    scope: &Scope<'a>,
    list: &'a Expression,
    left: usize,
) -> Option<ComputedEntries<'a>> {
    let mut entries = ComputedEntries::new();
    match trace(scope, list, left).ok()? {
        End::Code(scope, Expression::Array(items), _) => {
            for item in items {
                add(&scope, item, left, &mut entries)?;
            }
        }
        End::Code(scope, Expression::ForExpr(each), _) if each.key_expr.is_none() => {
            for scope in scopes(&scope, each)? {
                add(&scope?, &each.value_expr, left, &mut entries)?;
            }
        }
        _ => return None,
    }
    Some(entries)
}

/// Adds the entries of an item, which take the place of those before. `None` where its keys are not certain.
fn add<'a>(
    scope: &Scope<'a>,
    item: &'a Expression,
    left: usize,
    entries: &mut ComputedEntries<'a>,
) -> Option<()> {
    match trace(scope, item, left).ok()? {
        End::Code(scope, Expression::ForExpr(each), _) => add_each(&scope, each, entries),
        _ => None,
    }
}

/// Adds the entries of a `for`.
fn add_each<'a>(
    scope: &Scope<'a>,
    each: &'a ForExpr,
    entries: &mut ComputedEntries<'a>,
) -> Option<()> {
    let name = each.key_expr.as_ref().filter(|_| !each.grouping)?;
    for scope in scopes(scope, each)? {
        let scope = scope?;
        let key = scope.known(name).as_text()?.to_string();
        let room = ENTRY + key.len() + size_of::<Scope<'_>>();
        scope.budget().take(room).ok()?;
        entries.insert(key, (scope, &each.value_expr));
    }
    Some(())
}
