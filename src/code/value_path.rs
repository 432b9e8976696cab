//! Finds what is behind a part of a value: the other entries of the maps on the way to it do not matter.

use super::edited_places::{EditedPlaces, edited_setting};
use super::file::File;
use super::instance::{FileValue, Instance, SetBy};
use super::references::{EDITED, Finder, Names, STALE, Sought, entry_at};
use super::scope::Scope;
use super::written_references::{EACH, NOTHING, References, reference, repeated};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, ObjectKey, Traversal};
use hcl_edit::structure::Body;
use hcl_edit::visit::Visit;
use std::collections::BTreeSet;
use std::rc::Rc;

impl Finder {
    /// Finds what is behind the part of an expression's value at a path of keys, as far as maps are written as such.
    pub(super) fn at(
        &mut self,
        scope: &Scope<'_>,
        expression: &Expression,
        path: &[&str],
        left: usize,
    ) -> Names {
        let Some(left) = left.checked_sub(1) else {
            return Names::new();
        };
        if let (Expression::Traversal(traversal), [_, attribute, ..]) = (expression, path)
            && let Some(instances) = repeated(traversal)
        {
            let references = References::to_each(instances, attribute);
            return self.all(scope, references, left);
        }
        match (expression, path) {
            (Expression::Parenthesis(inner), _) => self.at(scope, inner.inner(), path, left),
            (Expression::Object(object), [EACH, rest @ ..]) => {
                let values: Vec<_> = object.iter().map(|(_, value)| value.expr()).collect();
                let mut names = self.of_elements(scope, expression, (&values, rest), left);
                for (key, _) in object {
                    if let ObjectKey::Expression(key) = key
                        && key.as_variable().is_none()
                    {
                        names.extend(self.inner(scope, key, left));
                    }
                }
                names
            }
            (Expression::Array(items), [EACH, rest @ ..]) => {
                let items: Vec<_> = items.iter().collect();
                self.of_elements(scope, expression, (&items, rest), left)
            }
            (Expression::Object(object), [first, rest @ ..]) if !first.is_empty() => {
                match entry_at(object, first) {
                    Some(entry) => self.at(scope, entry, rest, left),
                    None => self.inner(scope, expression, left),
                }
            }
            (Expression::Traversal(traversal), [_, ..]) if traversal.operators.len() == 1 => {
                let found = self.behind(scope, traversal, path, left);
                found.unwrap_or_else(|| self.inner(scope, expression, left))
            }
            _ => self.inner(scope, expression, left),
        }
    }

    /// Finds what the elements of a literal depend on, at a path below each of them. An edit that adds or removes an element
    /// counts.
    fn of_elements(
        &mut self,
        scope: &Scope<'_>,
        literal: &Expression,
        (elements, path): (&[&Expression], &[&str]),
        left: usize,
    ) -> Names {
        let mut names = Names::new();
        if let Sought::Places(places) = &self.sought {
            let span = literal.span().unwrap_or_default();
            let parts = elements.iter().filter_map(|element| element.span());
            let parts: Vec<_> = parts.map(|part| scope.file.span(part)).collect();
            let file = scope.file.path_at(span.start);
            let is_edited = places.change_between(file, scope.file.span(span), &parts);
            names.extend(is_edited.then(|| EDITED.into()));
        }
        if path != [NOTHING] {
            for element in elements {
                names.extend(self.at(scope, element, path, left));
            }
        }
        names
    }

    /// Finds what is behind `each.key`, or a part of `each.value`.
    pub(super) fn each(
        &mut self,
        scope: &Scope<'_>,
        (part, entry): (&str, &str),
        left: usize,
    ) -> Names {
        let Some(each) = &scope.each else {
            return Names::new();
        };
        let walked = &each.collection;
        match (&self.sought, part) {
            (Sought::Variables(_), _) => self.inner(&walked.scope, walked.expression, left),
            (Sought::Places(_), "value") => {
                let path = [&*each.key, entry];
                self.at(&walked.scope, walked.expression, &path, left)
            }
            // Other keys make other instances.
            (Sought::Places(_), _) => Names::new(),
        }
    }

    /// Finds the edits of a resource's argument, or of what it depends on; of any where the argument's name is empty.
    pub(super) fn resource(
        &mut self,
        instance: &Rc<Instance<'_>>,
        [tf_type, name, argument]: [&str; 3],
        left: usize,
    ) -> Names {
        let mut blocks = instance.folder.blocks("resource");
        let block = blocks.find(|(_, block)| {
            let labels = block.labels.iter().map(|label| label.as_str());
            labels.eq([tf_type, name])
        });
        let (Some((file, block)), Sought::Places(places)) = (block, &self.sought) else {
            return Names::new();
        };
        // What the provider computes from the tags changes with them.
        let argument = argument.strip_suffix("_all").unwrap_or(argument);
        let is_edited = places.insert_argument(file, block, argument)
            || places.change_part(file, &block.body, argument);
        if is_edited || self.depends(instance, (file, &block.body), argument, left) {
            return [STALE.into()].into();
        }
        Names::new()
    }

    /// Returns whether an argument, or a nested block, depends on an edited place.
    fn depends<'a>(
        &mut self,
        instance: &Rc<Instance<'a>>,
        (file, body): (&'a File, &'a Body),
        argument: &str,
        left: usize,
    ) -> bool {
        let is_asked = |name: &str| argument.is_empty() || name == argument;
        let scope = instance.scope(file);
        let mut each_read = BTreeSet::new();
        let mut found = Names::new();
        for part in body.attributes().filter(|part| is_asked(part.key.as_str())) {
            let references = References::of(&part.value);
            each_read.extend(references.names.iter().filter_map(of_each));
            found.extend(self.inner(&scope, &part.value, left));
        }
        for block in body.blocks() {
            let label = block.labels.first().map(|label| label.as_str());
            if is_asked(block.ident.as_str()) || label.is_some_and(is_asked) {
                let mut references = References::default();
                references.visit_body(&block.body);
                each_read.extend(references.names.iter().filter_map(of_each));
                found.extend(self.inner_body(&scope, &block.body, left));
            }
        }
        if let Some(each) = body.get_attribute("for_each") {
            for part in &each_read {
                found.extend(self.at(&scope, &each.value, &[EACH, part], left));
            }
        }
        !found.is_empty()
    }

    /// Finds what is behind a part of a local value or of a variable; `None` for all other references.
    fn behind(
        &mut self,
        scope: &Scope<'_>,
        traversal: &Traversal,
        path: &[&str],
        left: usize,
    ) -> Option<Names> {
        let [root, name, ..] = reference(traversal)?;
        self.behind_name(&scope.instance, (&root, &name), path, left)
    }

    /// Finds what is behind a part of `local.NAME` or `var.NAME`; `None` for other roots.
    pub(super) fn behind_name(
        &mut self,
        instance: &Rc<Instance<'_>>,
        (root, name): (&str, &str),
        path: &[&str],
        left: usize,
    ) -> Option<Names> {
        if root == "local" {
            let (file, local) = instance.local(name)?;
            return Some(self.at(&instance.scope(file), local, path, left));
        }
        let set = instance.variables.get(name).filter(|_| root == "var")?;
        if let Some(SetBy::Argument(caller, argument)) = &set.by {
            return Some(self.at(caller, argument, path, left));
        }
        let Sought::Places(places) = &self.sought else {
            return None;
        };
        if let (Some(SetBy::Default(file, default)), Some(&EACH)) = (&set.by, path.first()) {
            let inserted = edited_setting(instance, None, name, places);
            let mut names = self.at(&instance.scope(file), default, path, left);
            names.extend(inserted);
            return Some(names);
        }
        let part = match &set.by {
            Some(SetBy::FileValue(value)) => {
                let is_edited = is_edited_in(value, path, places);
                return Some(is_edited.then(|| EDITED.into()).into_iter().collect());
            }
            Some(SetBy::Default(file, default)) => {
                let entry = path.iter().try_fold(*default, |outer, key| match outer {
                    Expression::Object(object) => entry_at(object, key),
                    _ => None,
                });
                Some(SetBy::Default(file, entry.unwrap_or(default)))
            }
            other => other.clone(),
        };
        Some(edited_setting(instance, part.as_ref(), name, places))
    }
}

/// Returns the part of `each` that a reference reads: an entry of its value, nothing but the key, or the whole value.
fn of_each([root, first, second, _]: &[String; 4]) -> Option<String> {
    (root == "each").then(|| match first.as_str() {
        "key" => NOTHING.to_owned(),
        _ => second.clone(),
    })
}

/// Returns whether edits change a part of a value of a file, at a path through all elements.
fn is_edited_in(value: &FileValue, path: &[&str], places: &EditedPlaces) -> bool {
    let file = value.source.file.as_str();
    match path {
        [EACH, rest @ ..] if !value.entries.is_empty() || !value.items.is_empty() => {
            let parts = || value.entries.values().chain(&value.items);
            let spans: Vec<_> = parts().map(|part| part.source.span).collect();
            let is_below = |part: &Rc<FileValue>| is_edited_in(part, rest, places);
            places.change_between(file, value.source.span, &spans)
                || (rest != [NOTHING] && parts().any(is_below))
        }
        [first, rest @ ..] if value.entries.contains_key(*first) => {
            let mut entry = value.entries.get(*first).into_iter();
            entry.any(|entry| is_edited_in(entry, rest, places))
        }
        _ => places.change(file, value.source.span),
    }
}
