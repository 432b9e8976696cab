//! Indexes literal maps, whose entries are looked up one after another.

use super::expression::certain_key;
use super::flattened::is_flatten;
use super::from_file::{for_reason, function_reason};
use super::handed_on::by_key;
use super::instance::FileValue;
use super::scope::{Collection, Scope};
use super::size::ENTRY;
use super::trace::{End, renamed, source, trace};
use super::typed::Typed;
use crate::model::{Location, Site, Source, Uneditable};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, ForExpr, Object};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A literal map with an index of its entries.
#[derive(Debug)]
pub(super) enum Literal<'a> {
    /// In code.
    Code {
        scope: Scope<'a>,
        source: Source,
        entries: BTreeMap<String, &'a Expression>,
    },
    /// A value in a file of variables, or in a data file.
    FileValue(Rc<FileValue>),
}

impl<'a> Literal<'a> {
    /// Returns the map at the end of a trace, or why there is none.
    pub(super) fn of(end: End<'a>, left: usize) -> Result<Self, Uneditable> {
        match end {
            End::Code(scope, map @ Expression::Object(object), _) => Ok(Self::Code {
                source: source(&scope, map),
                entries: entries(&scope, object)
                    .ok_or_else(|| Uneditable::LargeMap(scope.file.path.clone()))?,
                scope,
            }),
            // A list has no keys: its elements are found by their positions.
            End::FileValue(given, _) if given.items.is_empty() => Ok(Self::FileValue(given)),
            End::Code(scope, Expression::ForExpr(each), _) => Self::of_elements(&scope, each, left),
            End::Code(scope, Expression::FuncCall(call), _) => {
                Err(function_reason(&scope, call, left))
            }
            other => Err(no_literal(&other)),
        }
    }

    /// Returns the map that `{ for x in list : x.name => x }` makes of the elements of a literal.
    fn of_elements(scope: &Scope<'a>, each: &'a ForExpr, left: usize) -> Result<Self, Uneditable> {
        let none = || Uneditable::Computed(scope.file.place(each.span()));
        let intro = &each.intro;
        let name = by_key(each).ok_or_else(|| for_reason(scope, each, left))?;
        let is_key = |name: &Expression| {
            let key = intro.key_var.as_ref().map(|key| key.as_str());
            name.as_variable().map(|name| name.as_str()) == key && key.is_some()
        };
        match trace(scope, &intro.collection_expr, left)? {
            End::Code(inner, list @ Expression::Array(items), _) => {
                let mut entries = BTreeMap::new();
                for item in items {
                    let named = scope.with(intro.value_var.as_str(), inner.known(item));
                    let Typed::String(key) = named.known(name) else {
                        return Err(none());
                    };
                    let room = scope.budget().take(ENTRY + key.len());
                    room.map_err(|_| Uneditable::LargeMap(scope.file.path.clone()))?;
                    entries.insert(key.into_string(), item);
                }
                Ok(Self::Code {
                    source: source(&inner, list),
                    entries,
                    scope: inner,
                })
            }
            end if is_key(name) => Self::of(end, left),
            End::Code(inner, Expression::FuncCall(call), _) if is_flatten(call) => {
                Err(function_reason(&inner, call, left))
            }
            _ => Err(none()),
        }
    }

    /// Returns one of its entries.
    pub(super) fn entry(&self, key: &str, left: usize) -> Result<End<'a>, Uneditable> {
        match self {
            Self::Code {
                scope,
                entries,
                source,
            } => match entries.get(key) {
                Some(value) => entry_at(scope, value, left),
                None => Ok(left_out(source.clone(), key)),
            },
            Self::FileValue(given) => Ok(given_entry(given, key)),
        }
    }

    /// Returns its location.
    pub(super) fn source(&self) -> Source {
        match self {
            Self::Code { source, .. } => source.clone(),
            Self::FileValue(given) => given.source.clone(),
        }
    }
}

/// Returns the entries of an object by their keys. Of two with one key the last counts. `None` where there is no memory
/// for them.
fn entries<'a>(scope: &Scope<'_>, object: &'a Object) -> Option<BTreeMap<String, &'a Expression>> {
    let mut entries = BTreeMap::new();
    for (key, value) in object {
        if let Some(key) = certain_key(scope, key) {
            scope.budget().take(ENTRY + key.len()).ok()?;
            entries.insert(key, value.expr());
        }
    }
    Some(entries)
}

impl<'a> Collection<'a> {
    /// Returns the literal map behind it, or why there is none: looked for once.
    pub(super) fn literal(&self, left: usize) -> &Result<Literal<'a>, Uneditable> {
        self.literal.get_or_init(|| {
            let end = trace(&self.scope, self.expression, left)?;
            Literal::of(end, left)
        })
    }
}

/// Returns an entry of a literal map.
pub(super) fn entry_at<'a>(
    scope: &Scope<'a>,
    value: &'a Expression,
    left: usize,
) -> Result<End<'a>, Uneditable> {
    Ok(renamed(trace(scope, value, left)?, Site::MapEntry))
}

/// Returns an entry of a map in a tfvars file.
pub(super) fn given_entry<'a>(given: &FileValue, key: &str) -> End<'a> {
    match given.entries.get(key) {
        Some(entry) => End::FileValue(entry.clone(), Site::MapEntry),
        None => left_out(given.source.clone(), key),
    }
}

/// Returns the place where a literal map's missing entry may be added.
pub(super) fn left_out<'a>(map: Source, key: &str) -> End<'a> {
    End::LeftOut(Location {
        source: map,
        site: Site::LeftOutEntry(vec![key.to_owned()]),
    })
}

/// Returns the refusal for a trace that does not end at a literal map.
pub(super) fn no_literal(end: &End<'_>) -> Uneditable {
    let at = |source: &Source| format!("{}:{}", source.file, source.line);
    Uneditable::NoMap(match end {
        End::Code(scope, expression, _) => scope.file.place(expression.span()),
        End::Policy(source, ..) | End::Json(source, ..) => at(source),
        End::FileValue(given, _) => at(&given.source),
        End::LeftOut(location) => at(&location.source),
    })
}
