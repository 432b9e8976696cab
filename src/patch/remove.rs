//! Removes the code of deleted resources.

use super::data_file::is_data;
use super::dependents::Dependents;
use super::element;
use super::layout::SourceFile;
use super::location::{File, Owner, entry_at};
use super::map::{take_out_entry, take_out_parts};
use super::refusal::Refusal;
use super::removal_refusal::RemovalRefusal;
use super::siblings::Siblings;
use super::verify::Plan;
use super::{Stack, splice};
use crate::code::{self, parse};
use crate::model::{Address, DeclaredResource, Edit, Finding, Key, Source, Tree};
use hcl_edit::Span;
use hcl_edit::expr::{Array, Expression, FuncCall};
use hcl_edit::structure::Block;

/// Returns the plan that removes the code of a deleted resource, and with it the blocks of those resources that refer to
/// it and were deleted as well.
///
/// # Errors
/// Why the code must stay.
pub(super) fn plan(
    finding: &Finding,
    siblings: &Siblings<'_>,
    (stack, dependents): (&Stack<'_>, &Dependents<'_>),
) -> Result<Plan, Refusal> {
    let address = finding.address.as_ref().ok_or(Refusal::UnmanagedResource)?;
    let mut plan = Plan::default();
    let mut left = vec![address.clone()];
    while let Some(address) = left.pop() {
        let declared = stack.declared.resources.get(&address);
        let declared = declared.ok_or_else(|| Refusal::NotEvaluated(Box::new(address.clone())))?;
        let folder = Tree::folder(&declared.file);
        plan.gone.push(address.clone());
        let moves = Moves::to(&address, folder, stack);
        let mut opened: Option<File<'_>> = None;
        for user in users(stack.tree, folder, &address, &moves) {
            if opened
                .as_ref()
                .is_none_or(|file| file.page.file != user.file)
            {
                opened = File::open(stack.tree, user.file).ok();
            }
            let user_block = opened
                .as_ref()
                .and_then(|file| block_at(&user, file, stack));
            let is_gone = |other: &&Address| plan.gone.contains(other) || left.contains(other);
            match user_block {
                Some(other) if is_gone(&other) => {}
                Some(other) if other.key.is_none() && siblings.is_deleted(other) => {
                    left.push(other.clone());
                }
                _ => {
                    let user = format!("{}:{}", user.file, user.line);
                    let address = Box::new(address);
                    return Err(RemovalRefusal::Referenced { user, address }.into());
                }
            }
        }
        let edits = alone((&address, declared), moves, (stack, dependents))?;
        splice::join_in(stack.tree, &mut plan.edits, &edits)?;
    }
    Ok(plan)
}

/// Returns the resource whose block holds a reference.
fn block_at<'s>(user: &User<'_>, file: &File<'_>, stack: &Stack<'s>) -> Option<&'s Address> {
    let block = file.block_around((user.at, user.at))?;
    let labels: Vec<&str> = block.labels.iter().map(|label| label.as_str()).collect();
    let [tf_type, name] = labels.as_slice() else {
        return None;
    };
    let mut resources = stack.declared.resources.iter();
    let found = resources.find(|(address, resource)| {
        resource.file == user.file && address.tf_type == *tf_type && address.name == *name
    });
    found
        .map(|(address, _)| address)
        .filter(|_| block.has_ident("resource"))
}

/// Returns the edits that remove the block of a deleted resource, with the comment right above it and the `moved`
/// blocks that lead to it; for an instance of `for_each`, the edit that removes the entry.
///
/// # Errors
/// Why the block or the entry must stay.
fn alone(
    (address, declared): (&Address, &DeclaredResource),
    moves: Moves,
    (stack, dependents): (&Stack<'_>, &Dependents<'_>),
) -> Result<Vec<Edit>, Refusal> {
    let place = declared.place();
    let several = || RemovalRefusal::Several {
        place: place.clone(),
        call: declared.call.clone(),
    };
    let mut edits = match (&address.key, &declared.for_each) {
        (Some(Key::Name(key)), Some(collection)) => entry(address, key, collection, stack)?,
        (None, _) if dependents.block(declared).len() == 1 => block(address, declared, stack)?,
        (None, _) => return Err(several().into()),
        (Some(Key::Index(_)), _) => return Err(RemovalRefusal::Counted { place }.into()),
        (Some(Key::Name(key)), None) => {
            let computed = || RemovalRefusal::Computed {
                place: place.clone(),
                key: key.clone(),
            };
            let item = declared.for_each_item.as_ref().ok_or_else(computed)?;
            hold_to_own_item(address, key, item, stack)?;
            let file = File::open(stack.tree, &item.file)?;
            let edit = element::take_out(&file, item).ok_or_else(computed)?;
            vec![edit]
        }
    };
    edits.extend(moves.0.into_iter().map(|(_, edit)| edit));
    Ok(edits)
}

/// Returns the edit that removes a resource's block.
fn block(
    address: &Address,
    declared: &DeclaredResource,
    stack: &Stack<'_>,
) -> Result<Vec<Edit>, Refusal> {
    let file = File::open(stack.tree, &declared.file)?;
    let span = file.resource(address).and_then(Block::span);
    let span = span.ok_or_else(|| Refusal::NoBlock {
        address: Box::new(address.clone()),
        place: declared.place(),
    })?;
    Ok(vec![file.page.take_out_block(span)])
}

/// Returns the edit that removes an entry of the map or list that `for_each` iterates over.
fn entry(
    address: &Address,
    key: &str,
    collection: &Source,
    stack: &Stack<'_>,
) -> Result<Vec<Edit>, Refusal> {
    let place = collection.place();
    let missing = || RemovalRefusal::NoEntry {
        place: place.clone(),
        key: key.to_owned(),
    };
    hold_to_own(address, key, collection, stack)?;
    let file = File::open(stack.tree, &collection.file)?;
    let span = collection.span;
    let text = file.page.text.get(span.0..span.1).ok_or_else(missing)?;
    let edit = match parse::expression(text) {
        Ok(Expression::Object(object)) => {
            let at = entry_at(&object, key).ok_or_else(missing)?;
            let value = object
                .iter()
                .nth(at)
                .and_then(|(_, value)| value.expr().span());
            let value = value.ok_or_else(missing)?;
            match file.owner((span.0 + value.start, span.0 + value.end)) {
                Some(Owner::Entry(object, at)) => take_out_entry(file.page, object, at),
                _ => None,
            }
        }
        Ok(Expression::Array(items)) => {
            item(file.page, (&items, span.0), key).ok_or_else(missing)?
        }
        Ok(Expression::FuncCall(call)) => {
            let lists = arrays(&call);
            let mut edits = lists
                .into_iter()
                .filter_map(|items| item(file.page, (items, span.0), key));
            let only = edits.next().ok_or_else(missing)?;
            only.filter(|_| edits.next().is_none())
        }
        _ => None,
    };
    let shares = || RemovalRefusal::SharesLines {
        place: place.clone(),
        key: key.to_owned(),
    };
    Ok(vec![edit.ok_or_else(shares)?])
}

/// Returns the edit that removes the item with this text from a list, which starts at a byte of the page; `None` where no
/// item has it.
fn item(page: SourceFile<'_>, (items, start): (&Array, usize), key: &str) -> Option<Option<Edit>> {
    let at = items.iter().position(|item| item.as_str() == Some(key))?;
    let spans: Option<Vec<_>> = items.iter().map(Span::span).collect();
    let spans = spans?.into_iter();
    let all: Vec<_> = spans
        .map(|span| start + span.start..start + span.end)
        .collect();
    let edits = take_out_parts(page, &all, &[at]);
    Some(edits.and_then(|mut edits| edits.pop()))
}

/// Returns the literal lists that a call puts together.
fn arrays(call: &FuncCall) -> Vec<&Array> {
    let lists = call.args.iter().map(|argument| match argument {
        Expression::Array(items) => vec![items],
        Expression::FuncCall(inner) => arrays(inner),
        _ => Vec::new(),
    });
    lists.flatten().collect()
}

/// Refuses an entry that other instances walk as well, and one in a file of data.
fn hold_to_own(
    address: &Address,
    key: &str,
    collection: &Source,
    stack: &Stack<'_>,
) -> Result<(), RemovalRefusal> {
    // Entries that several instances of a module walk are those of all of them.
    let mut others = stack.declared.resources.iter().filter(|(other, resource)| {
        resource.for_each.as_ref() == Some(collection)
            && other.key == address.key
            && *other != address
    });
    if let Some((_, resource)) = others.next() {
        return Err(RemovalRefusal::Several {
            place: collection.place(),
            call: resource.call.clone(),
        });
    }
    hold_to_code(&collection.file, key)
}

/// Refuses an element of which other instances are made as well, and one in a file of data.
fn hold_to_own_item(
    address: &Address,
    key: &str,
    item: &Source,
    stack: &Stack<'_>,
) -> Result<(), RemovalRefusal> {
    let mut others = stack.declared.resources.iter();
    let other = others.find(|(other, resource)| {
        resource.for_each_item.as_ref() == Some(item) && *other != address
    });
    if let Some((_, resource)) = other {
        return Err(RemovalRefusal::Several {
            place: item.place(),
            call: resource.call.clone(),
        });
    }
    hold_to_code(&item.file, key)
}

/// Refuses an entry in a file of data.
fn hold_to_code(file: &str, key: &str) -> Result<(), RemovalRefusal> {
    match is_data(file) || file.ends_with(".json") {
        true => Err(RemovalRefusal::InData {
            file: file.to_owned(),
            key: key.to_owned(),
        }),
        false => Ok(()),
    }
}

/// A `moved` block, and the edit that removes it.
struct MovedBlock {
    from: Option<String>,
    to: Option<String>,
    source: Source,
    removal: Edit,
}

/// Returns the `moved` blocks of a folder.
fn moved(folder: &str, stack: &Stack<'_>) -> Vec<MovedBlock> {
    let mut all = Vec::new();
    for (path, _) in stack.tree.in_folder(folder) {
        let Ok(file) = File::open(stack.tree, path) else {
            continue;
        };
        all.extend(file.blocks("moved").map(|block| {
            let text = |name| {
                let attribute = block.body.get_attribute(name)?;
                Some(file.text(&attribute.value).trim().to_owned())
            };
            let span = block.span().unwrap_or_default();
            MovedBlock {
                from: text("from"),
                to: text("to"),
                source: Source {
                    file: path.to_owned(),
                    line: file.page.edit(span.start..span.start, String::new()).line,
                    span: (span.start, span.end),
                },
                removal: file.page.take_out_block(span),
            }
        }));
    }
    all
}

/// The chain of `moved` blocks that leads to a resource: their places, and the edits that remove them.
struct Moves(Vec<(Source, Edit)>);

impl Moves {
    fn to(address: &Address, folder: &str, stack: &Stack<'_>) -> Self {
        let all = moved(folder, stack);
        let mut moves = Self(Vec::new());
        let own = Address {
            modules: Vec::new(),
            ..address.block()
        };
        let mut names = vec![own.to_string()];
        while let Some(name) = names.pop() {
            for block in &all {
                let is_known = moves.0.iter().any(|(known, _)| *known == block.source);
                if block.to.as_ref() == Some(&name) && !is_known {
                    names.extend(block.from.clone());
                    moves.0.push((block.source.clone(), block.removal.clone()));
                }
            }
        }
        moves
    }

    /// Returns whether a byte of a file is in one of the blocks.
    fn hold(&self, file: &str, at: usize) -> bool {
        let mut sources = self.0.iter().map(|(source, _)| source);
        sources.any(|source| source.file == file && source.span.0 <= at && at < source.span.1)
    }
}

/// A place that names a resource.
struct User<'a> {
    file: &'a str,
    line: usize,
    /// The byte in the file.
    at: usize,
}

/// Returns the places in the module's folder that name a resource, except for its own block and the `moved` blocks: of each
/// line the first, file by file.
fn users<'a>(tree: &'a Tree, folder: &str, address: &Address, moves: &Moves) -> Vec<User<'a>> {
    let mut users = Vec::new();
    let own = Address {
        modules: Vec::new(),
        ..address.clone()
    };
    let name = own.to_string();
    let continues = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let values = tree.in_folder(folder).map(|(file, _)| file.to_owned());
    let values = values.filter(|file| file.contains(".tfvars"));
    for path in code::code_paths(tree, folder).into_iter().chain(values) {
        let Some((file, _)) = tree.files.get_key_value(&path) else {
            continue;
        };
        let text = tree.text(file).unwrap_or_default();
        let mut start = 0;
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let mut found = line.match_indices(&name);
            let refers = found.find(|(at, _)| {
                let at = *at;
                !line[at + name.len()..].starts_with(continues)
                    && !line[..at].ends_with(continues)
                    && !moves.hold(file, start + at)
            });
            if let Some((at, _)) = refers.filter(|_| !line.trim_start().starts_with(['#', '/'])) {
                users.push(User {
                    file,
                    line: number + 1,
                    at: start + at,
                });
            }
            start += line.len();
        }
    }
    users
}
