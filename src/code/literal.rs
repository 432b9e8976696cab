//! Literal maps whose entries are asked for one after another.

use super::expression::key_of;
use super::instance::Given;
use super::scope::{Collection, Scope};
use super::size::ENTRY;
use super::trace::{End, source, trace};
use crate::model::{Site, Source};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, Object};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A literal map, its entries in order: each is found at once.
#[derive(Debug)]
pub(super) enum Literal<'a> {
    /// In code.
    Code {
        scope: Scope<'a>,
        source: Source,
        entries: BTreeMap<String, &'a Expression>,
    },
    /// In a file of variables.
    Tfvars(Rc<Given>),
}

impl<'a> Literal<'a> {
    /// The map at the end of a trace, or why there is none.
    pub(super) fn of(end: End<'a>) -> Result<Self, String> {
        match end {
            End::Code(scope, map @ Expression::Object(object), _) => Ok(Self::Code {
                source: source(&scope, map),
                entries: entries(&scope, object)
                    .ok_or_else(|| format!("the map in {} is too large", scope.file.path))?,
                scope,
            }),
            End::Tfvars(given, _) => Ok(Self::Tfvars(given)),
            other => Err(no_literal(&other)),
        }
    }

    /// What stands at one of its entries.
    pub(super) fn entry(&self, key: &str, left: usize) -> Result<End<'a>, String> {
        match self {
            Self::Code { scope, entries, .. } => match entries.get(key) {
                Some(value) => entry_at(scope, value, left),
                None => Err(no_entry(scope, key)),
            },
            Self::Tfvars(given) => given_entry(given, key),
        }
    }

    /// Where it stands; none where it is no map.
    pub(super) fn source(&self) -> Option<Source> {
        match self {
            Self::Code { source, .. } => Some(source.clone()),
            Self::Tfvars(given) => {
                let is_map = !given.entries.is_empty();
                is_map.then(|| given.source.clone())
            }
        }
    }
}

/// The entries of an object by their keys. Of two with one key the first counts. None where there is no memory for them.
fn entries<'a>(scope: &Scope<'_>, object: &'a Object) -> Option<BTreeMap<String, &'a Expression>> {
    let mut entries = BTreeMap::new();
    for (key, value) in object {
        if let Some(key) = key_of(scope, key) {
            scope.budget().take(ENTRY + key.len()).ok()?;
            entries.entry(key).or_insert(value.expr());
        }
    }
    Some(entries)
}

impl<'a> Collection<'a> {
    /// The literal map behind it, or why there is none: looked for once.
    pub(super) fn literal(&self, left: usize) -> &Result<Literal<'a>, String> {
        self.literal
            .get_or_init(|| trace(&self.scope, self.expression, left).and_then(Literal::of))
    }
}

/// What stands at an entry of a literal map.
pub(super) fn entry_at<'a>(
    scope: &Scope<'a>,
    value: &'a Expression,
    left: usize,
) -> Result<End<'a>, String> {
    Ok(match trace(scope, value, left)? {
        End::Code(scope, expression, Site::Literal) => End::Code(scope, expression, Site::MapEntry),
        other => other,
    })
}

/// What stands at an entry in a file of variables.
pub(super) fn given_entry<'a>(given: &Given, key: &str) -> Result<End<'a>, String> {
    match given.entries.get(key) {
        Some(entry) => Ok(End::Tfvars(entry.clone(), Site::MapEntry)),
        None => Err(format!(
            "the value at {}:{} has no entry `{key}`",
            given.source.file, given.source.line
        )),
    }
}

/// That a literal map lacks an entry.
pub(super) fn no_entry(scope: &Scope<'_>, key: &str) -> String {
    format!("the map in {} has no entry `{key}`", scope.file.path)
}

/// That what a trace leads to is no literal map.
pub(super) fn no_literal(end: &End<'_>) -> String {
    let place = match end {
        End::Code(scope, expression, _) => scope.file.place(expression.span()),
        End::Policy(source, ..) => format!("{}:{}", source.file, source.line),
        End::Tfvars(given, _) => format!("{}:{}", given.source.file, given.source.line),
    };
    format!("the value at {place} is no literal map")
}
