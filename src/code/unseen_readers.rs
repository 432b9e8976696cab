//! Finds code that depends on edited places and whose values the evaluation does not tell: what the edits change there
//! shows in no comparison of evaluated values.

use super::edited_places::EditedPlaces;
use super::element;
use super::file::File;
use super::folder::ModuleIndex;
use super::instance::Instance;
use super::overlay::Overlay;
use super::references::{Finder, STALE};
use super::root_code::RootCode;
use super::scope::Scope;
use super::{
    Options, call, context::Context, folder, policy_document, provider, resource, variable,
};
use crate::model::Tree;
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};
use std::ops::Range;
use std::rc::Rc;

/// Code that depends on an edited place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnseenReader {
    /// Its file and line.
    pub place: String,
    /// Its kind and name, as in `data.aws_ami.x`.
    pub name: String,
}

/// The search took more work or memory than an evaluation may, so that readers may be left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchUnfinished;

/// Returns the first code of a root module, or of the modules that it calls, that depends on edited places and is not
/// evaluated.
///
/// # Errors
/// The search did not come to its end.
pub fn unseen_reader(
    tree: &Tree,
    root: &str,
    options: &Options,
    places: EditedPlaces,
) -> Result<Option<UnseenReader>, SearchUnfinished> {
    let code = Overlay::of(tree);
    let root_code = RootCode::find(&code, root, options);
    let Ok(folder) = &root_code.folder else {
        return Err(SearchUnfinished);
    };
    let code = root_code.lay(code);
    let context = Context::new(options, code);
    let files = folder::LoadedModules::load(&code, folder, options, &context.budget);
    let folders = files.index();
    let configs = root_code.configs();
    let found = folders.get(folder).and_then(|folder| {
        let of_unit = (&root_code, configs.as_slice());
        let variables = variable::of_root(&code, folder, of_unit, options, &context).settings;
        let instance = Instance::root(folder, variables, &context).calling(&folders);
        instance.hold().ok()?;
        let mut search = Search {
            finder: Finder::of_places(places),
            found: None,
        };
        search.walk(&folders, &instance);
        Some(search.found)
    });
    let is_over = context.budget.is_over();
    drop(context.budget.end(0));
    match found {
        Some(found) if found.is_some() || !is_over => Ok(found),
        _ => Err(SearchUnfinished),
    }
}

/// A search that ends at the first reader.
struct Search {
    finder: Finder,
    found: Option<UnseenReader>,
}

impl Search {
    fn walk<'a>(&mut self, folders: &'a ModuleIndex<'a>, instance: &Rc<Instance<'a>>) {
        if self.found.is_some() || instance.context.budget.is_over() {
            return;
        }
        self.finder.enter(instance);
        self.found = self.in_module(instance);
        call::for_each_instance(folders, instance, &mut |called| self.walk(folders, called));
    }

    fn in_module<'a>(&mut self, instance: &Rc<Instance<'a>>) -> Option<UnseenReader> {
        let folder = instance.folder;
        let budget = &instance.context.budget;
        for (file, block) in folder.blocks("resource") {
            let mark = budget.mark();
            let is_unseen = self.has_unseen_part(&instance.scope(file), block);
            budget.settle(mark, 0);
            if is_unseen {
                return Some(reader(file, block));
            }
        }
        let data = folder.data.iter();
        let data = data.filter(|((tf_type, _), _)| *tf_type != policy_document::TYPE);
        let data = data.map(|(_, found)| *found);
        let calls = folder.calls.iter();
        let unread = calls.filter(|(name, _)| call::kept(instance, name, 1).is_none());
        let unread = unread.map(|(_, found)| *found);
        let providers = folder.blocks("provider");
        let unknown =
            providers.filter(|(file, block)| provider::is_unknown(&instance.scope(file), block));
        let found = data.chain(unread).chain(unknown).find(|(file, block)| {
            let scope = instance.scope(file);
            !self.finder.of_body(&scope, &block.body).is_empty()
        });
        let checked = ["variable", "output"].into_iter();
        let mut checked = checked.flat_map(|kind| folder.blocks(kind));
        let found = found.or_else(|| {
            checked.find(|(file, block)| self.has_stale_condition(&instance.scope(file), block))
        });
        found.map(|(file, block)| reader(file, block))
    }

    /// Returns whether a condition of a variable or an output reads an edited argument from the state.
    fn has_stale_condition<'a>(&mut self, scope: &Scope<'a>, block: &'a Block) -> bool {
        let blocks = block.body.blocks();
        let mut conditions = blocks.filter_map(|block| block.body.get_attribute("condition"));
        conditions.any(|condition| {
            let names = self.finder.of_expression(scope, &condition.value);
            names.contains(STALE)
        })
    }

    /// Returns whether a part of a resource depends on the places and is unknown, or is read from the state.
    fn has_unseen_part<'a>(&mut self, scope: &Scope<'a>, block: &'a Block) -> bool {
        let body = &block.body;
        let repeated = ["count", "for_each"].map(|name| body.get_attribute(name));
        let are_keys_edited = repeated.into_iter().flatten().any(|argument| {
            let names = self.finder.of_expression(scope, &argument.value);
            !names.is_empty()
        });
        resource::keys(scope, body)
            .any(|(key, scope)| are_keys_edited && key.is_none() || self.is_unseen_in(&scope, body))
    }

    /// Returns whether an argument, or a nested block, is unseen.
    fn is_unseen_in<'a>(&mut self, scope: &Scope<'a>, body: &'a Body) -> bool {
        let arguments = body.attributes();
        let mut arguments = arguments.filter(|argument| !resource::is_meta(argument.key.as_str()));
        let mut blocks = body.blocks();
        arguments.any(|argument| self.is_unseen(scope, &argument.value))
            || blocks.any(|block| self.is_unseen_block(scope, block))
    }

    fn is_unseen_block<'a>(&mut self, scope: &Scope<'a>, block: &'a Block) -> bool {
        if self.finder.of_body(scope, &block.body).is_empty() {
            return false;
        }
        if !block.has_ident("dynamic") {
            return self.is_unseen_in(scope, &block.body);
        }
        let each = block.body.get_attribute("for_each");
        let are_elements_edited = each.is_some_and(|each| {
            let names = self.finder.of_expression(scope, &each.value);
            !names.is_empty()
        });
        match element::of_block(scope, block) {
            Some((scopes, content)) => {
                let mut scopes = scopes.iter();
                scopes.any(|scope| {
                    self.is_unseen_in(scope, content)
                        || are_elements_edited && is_mixed(scope, content)
                })
            }
            None => true,
        }
    }

    /// Returns whether a part of an expression depends on the places and is unknown. Other unknown parts are left out:
    /// the verification compares the items of lists and the entries of maps one by one.
    fn is_unseen(&mut self, scope: &Scope<'_>, expression: &Expression) -> bool {
        let names = self.finder.of_expression(scope, expression);
        if names.is_empty() {
            return false;
        }
        if names.contains(STALE) {
            return true;
        }
        match expression {
            Expression::Parenthesis(inner) => self.is_unseen(scope, inner.inner()),
            Expression::Array(items) => items.iter().any(|item| self.is_unseen(scope, item)),
            Expression::Object(object) => {
                let mut entries = object.iter();
                entries.any(|(_, value)| self.is_unseen(scope, value.expr()))
            }
            _ => scope.plain(expression).has_unknown(),
        }
    }
}

/// Returns whether a body computes anything unknown: what it computes it from may be an edited element. A mere reference
/// is the element's own part.
fn is_mixed(scope: &Scope<'_>, body: &Body) -> bool {
    let mut arguments = body.attributes();
    let mut blocks = body.blocks();
    arguments.any(|argument| {
        !matches!(argument.value, Expression::Traversal(_))
            && scope.plain(&argument.value).has_unknown()
    }) || blocks.any(|block| resource::blocks(scope, block).1.has_unknown())
}

fn reader(file: &File, block: &Block) -> UnseenReader {
    let span: Option<Range<usize>> = block.span();
    let labels = block.labels.iter().map(|label| label.as_str());
    let kind = match block.ident.as_str() {
        "resource" => None,
        kind => Some(kind),
    };
    let names: Vec<_> = kind.into_iter().chain(labels).collect();
    UnseenReader {
        place: file.place(span),
        name: names.join("."),
    }
}
