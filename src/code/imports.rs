//! Evaluates `import` blocks, which the next apply carries out.

use super::endpoint::Endpoint;
use super::expression::certain_key;
use super::file::File;
use super::for_expression::pairs;
use super::instance::Instance;
use super::scope::Scope;
use super::size;
use super::typed::Typed;
use crate::model::{Address, Key};
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The most instances of one block that are evaluated.
const MAX_INSTANCES: usize = 10_000;
/// The work that one instance counts as: it is looked up in the state, and named in the report.
const WORK: usize = 100;
/// The attributes of an identity that locate a resource instead of naming it.
const PLACES: &[&str] = &["account_id", "region"];

/// One instance of an `import` block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportTarget {
    /// The address that the resource gets.
    pub to: Address,
    /// Its import id; `None` where the code does not determine it.
    pub id: Option<String>,
    /// The file and line of the block.
    pub place: String,
}

/// Adds the targets of the `import` blocks of the root module, as far as the budget allows. Terraform allows the blocks
/// nowhere else.
pub(super) fn declare<'a>(root: &Rc<Instance<'a>>, targets: &mut Vec<ImportTarget>) {
    let budget = &root.context.budget;
    for (file, block) in root.folder.blocks("import") {
        let all = budget.mark();
        for scope in scopes(&root.scope(file), block) {
            let mark = budget.mark();
            let target = target(&scope, file, block);
            budget.settle(mark, 0);
            let Some(target) = target else {
                continue;
            };
            let room = budget.work(WORK).and_then(|()| budget.keep(bytes(&target)));
            match room {
                Ok(()) => targets.push(target),
                Err(excess) => scope.refuse_at(excess, block.span()),
            }
            if budget.is_over() {
                break;
            }
        }
        budget.settle(all, 0);
        if budget.is_over() {
            return;
        }
    }
}

/// Returns the scopes of a block's instances: one, or one for each element of `for_each`. Returns no scope where the
/// elements are not known.
fn scopes<'a>(scope: &Scope<'a>, block: &'a Block) -> Vec<Scope<'a>> {
    let Some(each) = block.body.get_attribute("for_each") else {
        return vec![scope.clone()];
    };
    let pairs = pairs(scope.known(&each.value)).into_iter().flatten();
    let scopes = pairs.take(MAX_INSTANCES).map(|(key, value)| {
        let each = Typed::object([("key", key), ("value", value)]);
        scope.with("each", each)
    });
    scopes.collect()
}

fn target(scope: &Scope<'_>, file: &File, block: &Block) -> Option<ImportTarget> {
    let to = &block.body.get_attribute("to")?.value;
    let to = Endpoint::new(to, &|index| match scope.known(index) {
        Typed::String(name) => Some(Key::Name(name.into_string())),
        Typed::Number(number) => number.whole().map(Key::Index),
        _ => None,
    });
    let id = match block.body.get_attribute("id") {
        Some(id) => text(&scope.known(&id.value)),
        None => {
            let identity = block.body.get_attribute("identity")?;
            by_identity(scope, &identity.value)
        }
    };
    Some(ImportTarget {
        to: to?.address()?,
        id,
        place: file.place(block.span()),
    })
}

fn text(value: &Typed) -> Option<String> {
    value.as_text().map(|text| text.into_owned())
}

/// Returns the only attribute of an identity that names a resource; `None` where several do.
fn by_identity(scope: &Scope<'_>, identity: &Expression) -> Option<String> {
    let Expression::Object(parts) = identity else {
        return None;
    };
    let mut names = BTreeMap::new();
    for (key, value) in parts {
        let key = certain_key(scope, key)?;
        if !PLACES.contains(&key.as_str()) {
            names.insert(key, value.expr());
        }
    }
    let mut values = names.into_values();
    match (values.next(), values.next()) {
        (Some(name), None) => text(&scope.known(name)),
        _ => None,
    }
}

/// Returns the bytes that a target takes.
fn bytes(target: &ImportTarget) -> usize {
    let id = target.id.as_ref().map_or(0, String::len);
    let names = target.to.tf_type.len() + target.to.name.len() + target.place.len();
    size_of::<ImportTarget>() + size::steps(&target.to.modules) + id + names
}
