//! Finds what is behind a part of a value: the other entries of the maps on the way to it do not matter.

use super::edited_places::edited_setting;
use super::instance::{FileValue, Instance, SetBy};
use super::references::{Finder, Names, Sought, entry_at, reference};
use super::scope::Scope;
use hcl_edit::expr::{Expression, Traversal};
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
        match (expression, path) {
            (Expression::Parenthesis(inner), _) => self.at(scope, inner.inner(), path, left),
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
        let part = match &set.by {
            Some(SetBy::FileValue(value)) => Some(SetBy::FileValue(part(value, path).clone())),
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

/// Returns the part of a value of a file at a path, as far as its entries are known.
fn part<'v>(value: &'v Rc<FileValue>, path: &[&str]) -> &'v Rc<FileValue> {
    match path {
        [first, rest @ ..] => match value.entries.get(*first) {
            Some(entry) => part(entry, rest),
            None => value,
        },
        [] => value,
    }
}
