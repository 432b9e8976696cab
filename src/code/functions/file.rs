//! Functions on the repository's files. Files outside it, and files that were not read, are unknown.

mod glob;

use super::Call;
use super::digest::{in_hex, of};
use super::encoding::in_base64;
use super::pattern;
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::file::File;
use crate::code::parse;
use crate::code::scope::{Scope, alone};
use crate::code::set;
use crate::code::size::{self, ENTRY};
use crate::code::template;
use crate::code::typed::Typed;
use crate::code::types::Type;
use crate::model::Tree;
use hcl_edit::expr::Expression;
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

/// The start of a Git LFS pointer file.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";
/// The steps of the parser that count as one step of work.
const STEPS: usize = 16;

/// A file that code reads.
enum FileLookup<'s> {
    /// Its path in the repository, and its bytes.
    Read(String, &'s [u8]),
    /// No such file exists.
    Missing,
    /// The file was not read, or is outside the repository.
    Unread,
}

/// Returns the path in the repository of a path in code.
fn in_repository(scope: &Scope<'_>, path: &str) -> Option<String> {
    let folder = scope.instance.root_folder();
    match &scope.instance.config {
        Some(config) => config.unit_context.in_repository(folder, path),
        None => Tree::join(folder, path),
    }
}

fn find<'s>(scope: &'s Scope<'_>, path: &str) -> FileLookup<'s> {
    let context = &scope.instance.context;
    let Some(path) = in_repository(scope, path) else {
        return FileLookup::Unread;
    };
    let path = context.code.resolve(&path).unwrap_or(path);
    match context.code.bytes(&path) {
        Some(bytes) if bytes.starts_with(POINTER) => FileLookup::Unread,
        Some(bytes) => {
            note_secrets(scope, &path, bytes);
            FileLookup::Read(path, bytes)
        }
        None if context.code.lacks(&path) => FileLookup::Missing,
        None => {
            if scope.budget().keep(ENTRY + path.len()).is_ok() {
                context.requested.borrow_mut().file(path);
            }
            FileLookup::Unread
        }
    }
}

/// Records the credentials in a file, since parts of the file may be used anywhere. Returns whether there are any.
fn note_secrets(scope: &Scope<'_>, path: &str, bytes: &[u8]) -> bool {
    let mut secrets = scope.instance.context.secrets.borrow_mut();
    if let Some(known) = secrets.files.get(path) {
        return *known;
    }
    // What this costs shows in what comes next, once the budget is spent.
    let _ = scope.budget().work(bytes.len() / size::LOOKED_AT);
    let has_some = std::str::from_utf8(bytes).is_ok_and(|text| secrets.texts.add_credentials(text));
    secrets.files.insert(path.to_owned(), has_some);
    has_some
}

/// Evaluates a function of a file's bytes; unknown where the file was not read.
fn with(call: &Call<'_, '_>, make: impl FnOnce(&[u8]) -> Evaluated) -> Evaluated {
    made_of(find(call.scope, call.text(0)?), make)
}

fn made_of(found: FileLookup<'_>, make: impl FnOnce(&[u8]) -> Evaluated) -> Evaluated {
    match found {
        FileLookup::Read(_, bytes) => make(bytes),
        FileLookup::Missing => Err(Fault::Invalid),
        FileLookup::Unread => Ok(Typed::Unknown(Type::String)),
    }
}

pub(super) fn file(call: &Call<'_, '_>) -> Evaluated {
    with(call, |bytes| {
        call.budget().take_text(bytes.len())?;
        Ok(Typed::text(
            std::str::from_utf8(bytes).map_err(|_| Invalid)?,
        ))
    })
}

/// Evaluates `filebase64`. A file with a credential is unknown, since the credential would not be recognized in base64.
pub(super) fn filebase64(call: &Call<'_, '_>) -> Evaluated {
    match find(call.scope, call.text(0)?) {
        FileLookup::Read(path, bytes) if note_secrets(call.scope, &path, bytes) => {
            Ok(Typed::Unknown(Type::String))
        }
        found => made_of(found, |bytes| in_base64(call, bytes)),
    }
}

pub(super) fn filebase64sha256(call: &Call<'_, '_>) -> Evaluated {
    with(call, |bytes| in_base64(call, &of::<Sha256>(call, bytes)))
}

pub(super) fn filebase64sha512(call: &Call<'_, '_>) -> Evaluated {
    with(call, |bytes| in_base64(call, &of::<Sha512>(call, bytes)))
}

pub(super) fn filemd5(call: &Call<'_, '_>) -> Evaluated {
    with(call, |bytes| in_hex::<Md5>(call, bytes))
}

pub(super) fn filesha1(call: &Call<'_, '_>) -> Evaluated {
    with(call, |bytes| in_hex::<Sha1>(call, bytes))
}

pub(super) fn filesha256(call: &Call<'_, '_>) -> Evaluated {
    with(call, |bytes| in_hex::<Sha256>(call, bytes))
}

pub(super) fn filesha512(call: &Call<'_, '_>) -> Evaluated {
    with(call, |bytes| in_hex::<Sha512>(call, bytes))
}

pub(super) fn fileexists(call: &Call<'_, '_>) -> Evaluated {
    Ok(match find(call.scope, call.text(0)?) {
        FileLookup::Read(..) => true.into(),
        FileLookup::Missing => false.into(),
        FileLookup::Unread => Typed::Unknown(Type::Bool),
    })
}

/// Returns the files below a folder whose paths fit a pattern.
pub(super) fn fileset(call: &Call<'_, '_>) -> Evaluated {
    let context = &call.scope.instance.context;
    let unknown = Typed::Unknown(Type::set(Type::String));
    let folder = in_repository(call.scope, call.text(0)?);
    let (Some(folder), Some(pattern)) = (folder, glob::regex(call.text(1)?)) else {
        return Ok(unknown);
    };
    let Some(files) = context.code.below(&folder) else {
        call.budget().keep(ENTRY + folder.len())?;
        context.requested.borrow_mut().folder(folder);
        return Ok(unknown);
    };
    let Some(pattern) = pattern::measured(call, &pattern, 0)? else {
        return Ok(unknown);
    };
    let mut paths = Vec::new();
    for path in files {
        call.budget().work(1 + path.len() / size::LOOKED_AT)?;
        pattern.search(call, path.len())?;
        if pattern.regex.is_match(path) {
            call.budget().take(size::text(path.len()))?;
            paths.push(Typed::text(path.as_str()));
        }
    }
    set::new(Type::String, paths, call.budget())
}

/// Evaluates `templatefile`. Terraform refuses it within another template.
pub(super) fn templatefile(scope: &Scope<'_>, arguments: &[&Expression]) -> Evaluated {
    let [path, names] = arguments else {
        return Err(Fault::Invalid);
    };
    if scope.is_closed() {
        return Err(Fault::Invalid);
    }
    let path = scope.value(path)?;
    if path.is_unknown() {
        return Ok(Typed::UNKNOWN);
    }
    let path = path.as_text().ok_or(Invalid)?;
    let names = scope.value(names)?;
    let (path, bytes) = match find(scope, &path) {
        FileLookup::Read(path, bytes) => (path, bytes),
        FileLookup::Missing => return Err(Fault::Invalid),
        FileLookup::Unread => return Ok(Typed::UNKNOWN),
    };
    let text = std::str::from_utf8(bytes).map_err(|_| Invalid)?;
    filled(scope, &path, text, names)
}

/// Evaluates `templatestring`, whose first argument must be a reference.
pub(super) fn templatestring(scope: &Scope<'_>, arguments: &[&Expression]) -> Evaluated {
    let [text, names] = arguments else {
        return Err(Fault::Invalid);
    };
    if scope.is_closed() {
        return Err(Fault::Invalid);
    }
    if !matches!(text, Expression::Traversal(_) | Expression::Variable(_)) {
        return Err(Fault::Invalid);
    }
    let (text, names) = (scope.value(text)?, scope.value(names)?);
    match text {
        Typed::Unknown(_) => Ok(Typed::UNKNOWN),
        Typed::String(text) => filled(scope, &scope.file.path, &text, names),
        _ => Err(Fault::Invalid),
    }
}

/// Returns the path in the repository of a file that code reads; `None` where it was not read.
pub(in crate::code) fn path_of(scope: &Scope<'_>, path: &Expression) -> Option<String> {
    let Typed::String(path) = scope.known(path) else {
        return None;
    };
    match find(scope, &path) {
        FileLookup::Read(path, _) => Some(path),
        FileLookup::Missing | FileLookup::Unread => None,
    }
}

/// Hands the text of the file that code names to `ask`, with its path, in the scope of a template that knows these names
/// where there are any. None where the file was not read, or a template is no JSON.
pub(in crate::code) fn policy_text<T>(
    scope: &Scope<'_>,
    path: &Expression,
    names: Option<&Expression>,
    ask: impl FnOnce(&Scope<'_>, &str, &str) -> Option<T>,
) -> Option<T> {
    let Typed::String(path) = scope.known(path) else {
        return None;
    };
    let FileLookup::Read(path, bytes) = find(scope, &path) else {
        return None;
    };
    let text = std::str::from_utf8(bytes).ok()?;
    let Some(names) = names else {
        return ask(scope, &path, text);
    };
    // The names may be many, and are evaluated for each question.
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let names = match scope.known(names) {
        Typed::Map(_, names) | Typed::Object(names) => names,
        _ => return None,
    };
    let file = File::of_template(&path, text);
    let instance = &scope.instance;
    alone(instance.root_folder(), &file, &instance.context, |empty| {
        let inner = empty.clone().closed().deeper(scope.depth() + 1);
        ask(&inner.with_all(names), &path, text)
    })
}

/// Evaluates a template with these names only.
fn filled(scope: &Scope<'_>, path: &str, text: &str, names: Typed) -> Evaluated {
    let names = match names {
        Typed::Unknown(_) => return Ok(Typed::UNKNOWN),
        Typed::Map(_, names) | Typed::Object(names) => names,
        _ => return Err(Fault::Invalid),
    };
    scope.budget().take_text(text.len())?;
    scope.budget().work(text.len())?;
    // What the parser does not read is not known to be wrong.
    let Ok((template, effort)) = parse::template(text) else {
        return Ok(Typed::UNKNOWN);
    };
    scope.budget().take(effort.memory)?;
    scope.budget().work(effort.steps / STEPS)?;
    let file = File::of_template(path, text);
    let instance = &scope.instance;
    alone(instance.root_folder(), &file, &instance.context, |empty| {
        let inner = empty.clone().closed().deeper(scope.depth() + 1);
        template::bare(&inner.with_all(names), &template)
    })
}
