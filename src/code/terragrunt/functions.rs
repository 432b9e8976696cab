//! Implements Terragrunt's functions. Those that run a program, call AWS or depend on the command are unknown, and
//! recorded.

use super::unit_context::ConfigScope;
use super::{CONFIG, config};
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::instance::relative;
use crate::code::scope::Scope;
use crate::code::typed::Typed;
use crate::code::types::Type;
use crate::model::{Tree, is_secret_name};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, FuncCall};

/// The Terraform commands that accept variables.
const NEED_VARS: &[&str] = &[
    "apply", "console", "destroy", "import", "plan", "push", "refresh",
];

/// How many bytes of a path cost as much to follow as a step.
const PATH: usize = 16;

/// Calls a function of Terragrunt's; none where it has no such function.
pub(in crate::code) fn call(
    scope: &Scope<'_>,
    config: &ConfigScope,
    call: &FuncCall,
) -> Option<Evaluated> {
    let name = call.name.name.as_str();
    let reason = match name {
        "run_cmd" => "is never run",
        "sops_decrypt_file" => "is never called: what it decrypts is a secret",
        "get_aws_account_id"
        | "get_aws_account_alias"
        | "get_aws_caller_identity_arn"
        | "get_aws_caller_identity_user_id" => "asks AWS when somebody applies",
        "get_terraform_command"
        | "get_terraform_cli_args"
        | "get_terragrunt_source_cli_flag"
        | "get_working_dir"
        | "get_platform"
        | "get_default_retryable_errors"
        | "constraint_check"
        | "read_tfvars_file"
        | "deep_merge" => "is not evaluated",
        _ => return known(scope, config, call),
    };
    note(scope, config, call, &format!("`{name}` {reason}"));
    Some(Ok(Typed::UNKNOWN))
}

fn note(scope: &Scope<'_>, config: &ConfigScope, call: &FuncCall, what: &str) {
    let place = scope.file.place(call.name.name.span());
    config.unit_context.note_unusual(place, what.to_owned());
}

/// Calls a function whose result follows from the repository.
fn known(scope: &Scope<'_>, config: &ConfigScope, call: &FuncCall) -> Option<Evaluated> {
    let unit_context = &config.unit_context;
    let label = || first_text(scope, call);
    let on_machine = |path: &str| Ok(Typed::text(unit_context.on_machine(path)));
    Some(match call.name.name.as_str() {
        "find_in_parent_folders" => find_in_parent_folders(scope, config, call),
        "read_terragrunt_config" => read_terragrunt_config(scope, config, call),
        "get_env" => get_env(scope, config, call),
        "get_terragrunt_dir" => on_machine(&config.running),
        "get_original_terragrunt_dir" => on_machine(&config.unit),
        "get_repo_root" => on_machine(""),
        "get_path_from_repo_root" => Ok(Typed::text(relative("", &config.running))),
        "get_path_to_repo_root" => Ok(Typed::text(relative(&config.running, ""))),
        "get_parent_terragrunt_dir" => label().and_then(|label| {
            let folder = included(config, label.as_deref())?;
            on_machine(folder.unwrap_or(&config.running))
        }),
        "path_relative_to_include" => label().and_then(|label| {
            let folder = included(config, label.as_deref())?;
            let folder = folder.unwrap_or(&config.running);
            Ok(Typed::text(relative(folder, &config.running)))
        }),
        "path_relative_from_include" => label().and_then(|label| {
            let folder = included(config, label.as_deref())?;
            let folder = folder.unwrap_or(&config.running);
            Ok(Typed::text(relative(&config.running, folder)))
        }),
        "get_terraform_commands_that_need_vars" => Ok(Typed::texts(
            NEED_VARS.iter().map(|name| (*name).to_owned()),
        )),
        "get_terraform_commands_that_need_locking"
        | "get_terraform_commands_that_need_input"
        | "get_terraform_commands_that_need_parallelism" => {
            // Which arguments they get makes no difference to what is declared.
            Ok(Typed::texts([]))
        }
        "mark_as_read" => match call.args.iter().next() {
            Some(path) => scope.value(path).map_err(Fault::from),
            None => Err(Fault::Invalid),
        },
        _ => return None,
    })
}

fn included<'c>(config: &'c ConfigScope, label: Option<&str>) -> Result<Option<&'c str>, Fault> {
    config.include(label).map_err(|()| Fault::Invalid)
}

/// Evaluates the optional first argument to a string.
fn first_text(scope: &Scope<'_>, call: &FuncCall) -> Result<Option<String>, Fault> {
    match call.args.iter().next() {
        None => Ok(None),
        Some(argument) => match scope.value(argument)? {
            Typed::String(text) => Ok(Some(text.into_string())),
            _ => Err(Fault::Invalid),
        },
    }
}

/// Evaluates an argument to a string; `None` where it is not known.
fn text(scope: &Scope<'_>, argument: &Expression) -> Result<Option<String>, Fault> {
    match scope.value(argument)? {
        Typed::Unknown(_) => Ok(None),
        value => Ok(Some(value.as_text().ok_or(Invalid)?.into_owned())),
    }
}

/// Evaluates `find_in_parent_folders`: the nearest file of this name in the folders above.
fn find_in_parent_folders(scope: &Scope<'_>, config: &ConfigScope, call: &FuncCall) -> Evaluated {
    let arguments: Vec<_> = call.args.iter().collect();
    let name = match arguments.first() {
        None => Some(CONFIG.to_owned()),
        Some(name) => text(scope, name)?,
    };
    let Some(name) = name else {
        return Ok(Typed::Unknown(Type::String));
    };
    let code = &scope.instance.context.code;
    let mut folder = config.running.as_str();
    while !folder.is_empty() {
        folder = Tree::folder(folder);
        scope.budget().work(1 + name.len() / PATH)?;
        let Some(path) = Tree::join(folder, &name) else {
            break;
        };
        let known = code.resolve(&path);
        if known.is_some() || code.has_below(&path) {
            return Ok(Typed::text(config.unit_context.on_machine(&path)));
        }
        if !Tree::is_read(&path) && !code.lacks(&path) {
            // A folder without anything that is read, or a file that was not.
            return Ok(Typed::Unknown(Type::String));
        }
    }
    match arguments.get(1) {
        Some(fallback) => Ok(scope.value(fallback)?),
        None => Err(Fault::Invalid),
    }
}

/// Evaluates `read_terragrunt_config`: the values of another configuration.
fn read_terragrunt_config(scope: &Scope<'_>, config: &ConfigScope, call: &FuncCall) -> Evaluated {
    let mut arguments = call.args.iter();
    let path = match arguments.next() {
        Some(path) => text(scope, path)?,
        None => return Err(Fault::Invalid),
    };
    let Some(path) = path else {
        return Ok(Typed::UNKNOWN);
    };
    let code = &scope.instance.context.code;
    let place = scope.file.problem(call.name.name.span(), String::new());
    let Some(path) = config.unit_context.in_repository(&config.running, &path) else {
        config.unit_context.fail(crate::code::folder::Problem {
            message: "`read_terragrunt_config` reads a file outside of the repository, which is never read: name one in it"
                .to_owned(),
            ..place
        });
        return Ok(Typed::UNKNOWN);
    };
    let inside = Tree::join(&path, CONFIG).filter(|_| code.has_below(&path));
    let path = inside.unwrap_or(path);
    let Some(path) = code.resolve(&path) else {
        return match arguments.next() {
            Some(fallback) => Ok(scope.value(fallback)?),
            None => Err(Fault::Invalid),
        };
    };
    if let Some(known) = config.unit_context.known.borrow().get(&path) {
        return Ok(scope.copy(known)?);
    }
    let running = Tree::folder(&path).to_owned();
    match config::read(&path, &config.unit, &running, None, (scope, config)) {
        Ok(read) => {
            let value = read.value(scope.budget())?;
            let copy = scope.copy(&value)?;
            let mut known = config.unit_context.known.borrow_mut();
            known.insert(path, value);
            Ok(copy)
        }
        Err(problem) => {
            config.unit_context.fail(problem);
            Ok(Typed::UNKNOWN)
        }
    }
}

/// Evaluates `get_env` with the environment of the command line; unknown on a server.
fn get_env(scope: &Scope<'_>, config: &ConfigScope, call: &FuncCall) -> Evaluated {
    let mut arguments = call.args.iter();
    let name = match arguments.next() {
        Some(name) => text(scope, name)?,
        None => return Err(Fault::Invalid),
    };
    let (Some(name), Some(environment)) = (name, &config.unit_context.environment) else {
        note(
            scope,
            config,
            call,
            "`get_env` reads the environment of whoever applies",
        );
        return Ok(Typed::Unknown(Type::String));
    };
    if is_secret_name(&name) {
        note(
            scope,
            config,
            call,
            "`get_env` reads what is called as a secret is",
        );
        return Ok(Typed::Unknown(Type::String));
    }
    match (environment.get(&name), arguments.next()) {
        (Some(value), _) => {
            scope.budget().take_text(value.len())?;
            Ok(Typed::text(value.as_str()))
        }
        (None, Some(fallback)) => Ok(scope.value(fallback)?),
        (None, None) => Err(Fault::Invalid),
    }
}
