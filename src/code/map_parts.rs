//! Finds the maps that a map is merged from, and which of them defines each entry.

use super::called::MERGE;
use super::definition::{definition, refused};
use super::handed_on::{filtered, is_call, taken};
use super::literal::Literal;
use super::scope::Scope;
use super::trace::{self, End, Head, MAX_CHAIN, source, trace};
use crate::model::{Definition, Location, Site, Uneditable, Value};
use hcl_edit::Span;
use hcl_edit::expr::Expression;

/// One of the maps that a map is merged from. Later ones override earlier ones.
pub(super) enum MapPart<'a> {
    /// A literal, and the expression that refers to it.
    Literal(Literal<'a>, Site),
    /// A map that is not set: an argument that a call leaves out, or a missing entry of another map.
    LeftOut(Location),
    /// `null` in place of a map.
    Null(Location),
    /// An argument that refers to a map: entries can be merged with it.
    Argument(Location),
    /// A map that a condition chose: it counts for everything that meets the condition, so it gets no entries.
    Chosen(Box<Self>),
    /// A computed map.
    Computed(Scope<'a>, &'a Expression),
}

impl MapPart<'_> {
    /// Returns where an entry can be added.
    pub(super) fn location(&self) -> Option<Location> {
        match self {
            Self::Literal(literal, site) => Some(Location {
                source: literal.source(),
                site: site.clone(),
            }),
            Self::LeftOut(location) | Self::Null(location) | Self::Argument(location) => {
                Some(location.clone())
            }
            Self::Chosen(map) => {
                let source = map.location()?.source;
                let why = Uneditable::Condition(source.place());
                let site = Site::Refused(Box::new(why));
                Some(Location { source, site })
            }
            Self::Computed(..) => None,
        }
    }

    /// Returns the part as a condition chose it.
    fn chosen(self) -> Self {
        match self {
            Self::Computed(..) | Self::Chosen(_) => self,
            map => Self::Chosen(Box::new(map)),
        }
    }
}

/// Adds the places where entries can be added to a map, the last of its parts first.
pub(super) fn add_maps(definition: &mut Definition, parts: &[MapPart<'_>]) {
    // What a reference leads to is edited before the reference is.
    let (chosen, others): (Vec<_>, Vec<_>) = parts
        .iter()
        .rev()
        .partition(|part| matches!(part, MapPart::Chosen(_)));
    let (references, own): (Vec<_>, Vec<_>) = others
        .into_iter()
        .partition(|part| matches!(part, MapPart::Argument(_)));
    let all = own.into_iter().chain(references).chain(chosen);
    let maps: Vec<_> = all.filter_map(MapPart::location).collect();
    if !maps.is_empty() {
        definition.alternatives.get_or_insert_default().maps = maps;
    }
}

/// Returns the maps that an expression is merged from; `None` where its value is no map.
pub(super) fn map_parts<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    value: &Value,
) -> Vec<MapPart<'a>> {
    if !matches!(value, Value::Map(_) | Value::Null | Value::Unknown) {
        return Vec::new();
    }
    let mut parts = Vec::new();
    if matches!(expression, Expression::Traversal(_)) {
        parts.push(MapPart::Argument(Location {
            source: source(scope, expression),
            site: Site::Literal,
        }));
    }
    collect(scope, expression, (&Site::Literal, MAX_CHAIN), &mut parts);
    parts
}

fn collect<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    (site, left): (&Site, usize),
    parts: &mut Vec<MapPart<'a>>,
) {
    let computed = || MapPart::Computed(scope.clone(), expression);
    let affordable = scope.budget().work(1).is_ok();
    let Some(left) = left.checked_sub(1).filter(|_| affordable) else {
        return parts.push(computed());
    };
    match expression {
        Expression::Parenthesis(inner) => collect(scope, inner.inner(), (site, left), parts),
        Expression::FuncCall(call) if is_call(call, MERGE) => {
            for argument in call.args.iter() {
                collect(scope, argument, (site, left), parts);
            }
        }
        Expression::FuncCall(call) if is_call(call, "tomap") => {
            for argument in call.args.iter().take(1) {
                collect(scope, argument, (site, left), parts);
            }
        }
        Expression::Conditional(choice) => match taken(scope, choice) {
            Some(arm) => collect_chosen(scope, arm, (site, left), parts),
            None => parts.push(computed()),
        },
        Expression::Traversal(traversal) if traversal.operators.len() == 1 => {
            match trace::head(scope, traversal, expression) {
                Ok(Head::Code(scope, inner, site)) => {
                    collect(&scope, inner, (&site, left), parts);
                    if site == Site::ModuleArgument && matches!(inner, Expression::Traversal(_)) {
                        parts.push(MapPart::Argument(Location {
                            source: source(&scope, inner),
                            site,
                        }));
                    }
                }
                Ok(Head::FileValue(given)) => {
                    parts.push(MapPart::Literal(Literal::FileValue(given), Site::FileValue));
                }
                Ok(Head::LeftOut(location)) => parts.push(MapPart::LeftOut(location)),
                // `each.value`, and the names that `for` and `dynamic` bind.
                Err(_) => collect_elsewhere(scope, expression, (site, left), parts),
            }
        }
        Expression::Null(_) => parts.push(MapPart::Null(Location {
            source: source(scope, expression),
            site: site.clone(),
        })),
        Expression::Object(_) | Expression::Traversal(_) | Expression::FuncCall(_) => {
            collect_elsewhere(scope, expression, (site, left), parts);
        }
        Expression::ForExpr(each) => match filtered(each) {
            Some(map) => collect(scope, map, (site, left), parts),
            None => parts.push(computed()),
        },
        _ => parts.push(computed()),
    }
}

/// Collects the parts of the arm that a condition chose.
fn collect_chosen<'a>(
    scope: &Scope<'a>,
    arm: &'a Expression,
    place: (&Site, usize),
    parts: &mut Vec<MapPart<'a>>,
) {
    let mut own = Vec::new();
    collect(scope, arm, place, &mut own);
    parts.extend(own.into_iter().map(MapPart::chosen));
}

/// Collects the parts of a map that another expression defines: the output of a module may merge it as well.
fn collect_elsewhere<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    (site, left): (&Site, usize),
    parts: &mut Vec<MapPart<'a>>,
) {
    if let Some(found) = elsewhere(scope, expression, (site, left)) {
        return parts.push(found);
    }
    match trace(scope, expression, left) {
        Ok(End::Code(inner, map, own)) if is_merged(map) && !std::ptr::eq(map, expression) => {
            let site = if own == Site::Literal { site } else { &own };
            collect(&inner, map, (site, left), parts);
        }
        _ => parts.push(MapPart::Computed(scope.clone(), expression)),
    }
}

/// Returns whether an expression passes on the entries of other maps.
fn is_merged(expression: &Expression) -> bool {
    match expression {
        Expression::FuncCall(call) => is_call(call, MERGE),
        Expression::ForExpr(each) => filtered(each).is_some(),
        _ => false,
    }
}

/// Returns the part that a map is which another expression defines; `None` where that is no literal.
fn elsewhere<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    (site, left): (&Site, usize),
) -> Option<MapPart<'a>> {
    let end = match trace(scope, expression, left).ok()? {
        End::LeftOut(location) => return Some(MapPart::LeftOut(location)),
        end => end,
    };
    let own = match &end {
        End::Code(_, _, own) | End::FileValue(_, own) if *own != Site::Literal => own.clone(),
        _ => site.clone(),
    };
    let map = Literal::of(end, left).ok()?;
    Some(MapPart::Literal(map, own))
}

/// Returns the entries of a map, each defined by the last part that sets it.
pub(super) fn entries<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    value: &Value,
    parts: &[MapPart<'a>],
) -> Vec<(String, Definition)> {
    let Value::Map(values) = value else {
        return Vec::new();
    };
    if parts
        .iter()
        .all(|part| matches!(part, MapPart::Computed(..)))
    {
        return Vec::new();
    }
    let part_values: Vec<Value> = parts.iter().map(computed_value).collect();
    let own = parts
        .iter()
        .filter(|part| !matches!(part, MapPart::Argument(_)));
    let is_merged = own.count() > 1;
    let merged = || {
        let place = scope.file.place(expression.span());
        match is_merged {
            true => Uneditable::Merged(place),
            false => Uneditable::Computed(place),
        }
    };
    let entry = |(key, value): (&String, &Value)| {
        let found = winner(parts, &part_values, (key, value));
        let definition =
            found.unwrap_or_else(|| refused(scope, expression, value.clone(), merged()));
        (key.clone(), definition)
    };
    values.iter().map(entry).collect()
}

/// Returns the value of a part that is no literal.
fn computed_value(part: &MapPart<'_>) -> Value {
    match part {
        MapPart::Computed(scope, expression) => scope.plain(expression),
        _ => Value::Null,
    }
}

/// Returns the entry of the last part that has a key.
fn winner(
    parts: &[MapPart<'_>],
    part_values: &[Value],
    (key, value): (&str, &Value),
) -> Option<Definition> {
    for (part, part_value) in parts.iter().zip(part_values).rev() {
        let part = match part {
            MapPart::Chosen(map) => map.as_ref(),
            part => part,
        };
        match part {
            MapPart::Literal(Literal::Code { scope, entries, .. }, site) => {
                if let Some(expression) = entries.get(key) {
                    let own = definition(scope, expression);
                    // A type may have changed it on the way.
                    let value = value.clone();
                    return Some(in_map(Definition { value, ..own }, site));
                }
            }
            MapPart::Literal(Literal::FileValue(given), _) => {
                if let Some(entry) = given.entries.get(key) {
                    return Some(
                        End::FileValue(entry.clone(), Site::MapEntry).definition(value.clone()),
                    );
                }
            }
            MapPart::LeftOut(location) => {
                if let Site::LeftOutArgument(argument) = &location.site
                    && has_key(&argument.default, key)
                {
                    let entry = trace::below(End::LeftOut(location.clone()), key, MAX_CHAIN);
                    return entry.ok().map(|entry| entry.definition(value.clone()));
                }
            }
            MapPart::Computed(..) if has_key(part_value, key) => return None,
            MapPart::Computed(..)
            | MapPart::Null(_)
            | MapPart::Argument(_)
            | MapPart::Chosen(_) => {}
        }
    }
    None
}

fn has_key(value: &Value, key: &str) -> bool {
    value
        .as_map()
        .is_some_and(|entries| entries.contains_key(key))
}

/// Marks an entry as one of a map outside the resource's own block.
fn in_map(mut definition: Definition, map: &Site) -> Definition {
    if definition.site == Site::Literal && *map != Site::Literal {
        definition.site = match map {
            // Its readers matter for each of its entries.
            Site::Output => Site::Output,
            _ => Site::MapEntry,
        };
    }
    definition
}
