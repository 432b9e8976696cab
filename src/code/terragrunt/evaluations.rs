//! Merges the two evaluations of a unit's configuration: what differs is unknown.

use super::layers::{Config, LocatedValue};
use super::merge::common;
use super::source::{UnitSource, portable};
use super::unit::{GeneratedFile, Unit};
use super::unit_context::UnitContext;
use crate::code::folder::Problem;
use crate::code::marked_text::MarkedText;
use crate::code::overlay::Overlay;
use crate::code::scope::UNKNOWN_PART;
use crate::code::typed::Typed;
use crate::code::{BackendBlock, RequestedFiles};
use crate::model::{SecretTexts, Tree, Value, ValueMap};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The settings of the local backend that are paths.
const LOCAL_PATHS: &[&str] = &["path", "workspace_dir"];

/// The configuration, evaluated as if the repository were in each of two places.
pub(super) struct UnitEvaluations<'r> {
    pub(super) folder: &'r str,
    pub(super) code: Overlay<'r>,
    pub(super) evaluations: [(Config, Rc<UnitContext>); 2],
}

impl UnitEvaluations<'_> {
    pub(super) fn unit(self, path: String) -> Unit {
        let folder = self.folder;
        let mut problems = Vec::new();
        let source = self.source();
        let has_source = source.is_some();
        let source = source.unwrap_or_else(|| UnitSource::Folder(folder.to_owned()));
        let generated = self.generated(&mut problems);
        let backend = self.backend(&source);
        let arguments = self.arguments();
        let inputs = self.agreed(|(config, _)| Some(config.inputs()));
        let [(config, unit_context), _] = self.evaluations;
        Unit {
            source,
            backend,
            generated,
            files: unit_context.files(),
            included: config.included.clone(),
            has_source,
            var_files: arguments.var_files,
            environment: arguments.environment,
            unknown_arguments: arguments.unknown,
            problems,
            requested: RequestedFiles::default(),
            secrets: SecretTexts::default(),
            config,
            inputs: inputs.unwrap_or(Typed::NULL),
            unusual: unit_context.unusual(),
            path,
        }
    }

    /// Returns a value with its differing parts unknown; `None` where neither evaluation has it.
    fn agreed(&self, part: impl Fn(&(Config, Rc<UnitContext>)) -> Option<Typed>) -> Option<Typed> {
        let [first, second] = &self.evaluations;
        match (part(first), part(second)) {
            (None, None) => None,
            (Some(first), Some(second)) => Some(common(first, &second)),
            _ => Some(Typed::UNKNOWN),
        }
    }

    /// Returns the values of a part by label, as both evaluations agree on them, in the form that `make` gives them. Those
    /// of each evaluation are taken at once: there may be thousands.
    fn both(
        &self,
        part: impl Fn(&Config) -> BTreeMap<String, LocatedValue>,
        make: impl Fn(Typed, &UnitContext) -> Typed,
    ) -> Vec<(LocatedValue, Typed)> {
        let [(first, unit_context), (second, other_reader)] = &self.evaluations;
        let mut others = part(second);
        let pairs = part(first).into_iter().map(|(label, mut placed)| {
            let value = std::mem::replace(&mut placed.value, Typed::NULL);
            let other = others.remove(&label);
            let other = other.map_or(Typed::UNKNOWN, |other| make(other.value, other_reader));
            (placed, common(make(value, unit_context), &other))
        });
        pairs.collect()
    }

    /// Returns where the code is, if the configuration says so.
    fn source(&self) -> Option<UnitSource> {
        let placed = self.evaluations[0].0.first(|layer| layer.source.clone())?;
        let value = self.agreed(|(config, unit_context)| {
            let placed = config.first(|layer| layer.source.clone())?;
            Some(match placed.value {
                Typed::String(source) => Typed::text(portable(&source, self.folder, unit_context)),
                other => other,
            })
        });
        let unknown = |message: String| UnitSource::Unknown(placed.problem(message));
        match value? {
            Typed::Null(_) => None,
            Typed::String(source) if source.is_empty() => None,
            Typed::String(source) => {
                Some(UnitSource::parse(&source, self.folder).unwrap_or_else(unknown))
            }
            _ => Some(unknown(
                "the source of this unit's code is not known".to_owned(),
            )),
        }
    }

    /// Returns the backend; `None` where the configuration has none.
    fn backend(&self, source: &UnitSource) -> Result<Option<BackendBlock>, Problem> {
        let Some(placed) = self.evaluations[0]
            .0
            .first(|layer| layer.remote_state.clone())
        else {
            return Ok(None);
        };
        let state = self.agreed(|(config, unit_context)| {
            let placed = config.first(|layer| layer.remote_state.clone())?;
            Some(self.local_paths(placed.value, unit_context))
        });
        let unknown = || placed.problem("this `remote_state` is not known".to_owned());
        let state = state
            .as_ref()
            .and_then(Typed::entries)
            .ok_or_else(unknown)?;
        let kind = state
            .get("backend")
            .and_then(Typed::as_str)
            .ok_or_else(unknown)?;
        let config = state.get("config").map(Typed::plain).unwrap_or_default();
        let attributes = match config {
            Value::Map(attributes) => attributes,
            Value::Null => ValueMap::new(),
            _ => return Err(unknown()),
        };
        let path = attributes
            .get("path")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let is_cached = *source != UnitSource::Folder(self.folder.to_owned());
        if kind == "local" && is_cached && !path.starts_with("./") {
            return Err(placed.problem(
                "the state of this unit lies in Terragrunt's cache, which is not read: give it with --state FILE"
                    .to_owned(),
            ));
        }
        let block = BackendBlock {
            kind: kind.to_owned(),
            attributes,
            file: placed.file,
            line: placed.line,
        };
        block.bounded().map(Some)
    }

    /// Makes the local paths of a `remote_state` relative to the unit.
    fn local_paths(&self, state: Typed, unit_context: &UnitContext) -> Typed {
        let Typed::Object(mut state) = state else {
            return state;
        };
        let is_local = state.get("backend").and_then(Typed::as_str) == Some("local");
        if let (true, Some(Typed::Object(config))) = (is_local, state.get_mut("config")) {
            for (_, path) in config
                .iter_mut()
                .filter(|(name, _)| LOCAL_PATHS.contains(&name.as_str()))
            {
                if let Typed::String(text) = path {
                    text.rewrite(portable(text, self.folder, unit_context));
                }
            }
        }
        Typed::Object(state)
    }

    /// Returns the files that are generated in the folder of the code, by name.
    fn generated(&self, problems: &mut Vec<Problem>) -> BTreeMap<String, GeneratedFile> {
        let mut files = BTreeMap::new();
        for (placed, value) in self.both(Config::generated, |value, _| value) {
            let (file, problem) = self.generated_file(value.entries());
            problems.extend(problem.map(|problem| placed.problem(problem)));
            files.extend(file);
        }
        files
    }

    /// Returns a generated file with its name, and a problem with unknown parts of it.
    fn generated_file(
        &self,
        parts: Option<&BTreeMap<String, Typed>>,
    ) -> (Option<(String, GeneratedFile)>, Option<String>) {
        let part = |name: &str| parts?.get(name);
        let text = |name| part(name).and_then(Typed::as_str);
        if part("disable") == Some(&Typed::Bool(true)) {
            return (None, None);
        }
        let Some(name) = text("path").map(|name| name.trim_start_matches("./")) else {
            let problem = "the name of this generated file is not known";
            return (None, Some(problem.to_owned()));
        };
        if !Tree::is_read(name) {
            return (None, None);
        }
        if name.contains('/') {
            let problem =
                format!("the generated {name} lies in another folder, and is not evaluated");
            return (None, Some(problem));
        }
        let contents = text("contents");
        let extent = match contents {
            None => Some("the generated"),
            Some(text) if text.contains(UNKNOWN_PART) => Some("a part of the generated"),
            Some(_) => None,
        };
        let problem =
            extent.map(|extent| format!("{extent} {name} is not known, and is not evaluated"));
        let file = GeneratedFile {
            path: Tree::generated(self.folder, name),
            bytes: contents.unwrap_or_default().into(),
            skips: text("if_exists") == Some("skip"),
        };
        (Some((name.to_owned(), file)), problem)
    }

    /// Returns the tfvars files and variables of `extra_arguments`.
    fn arguments(&self) -> Arguments {
        let mut arguments = Arguments::default();
        let exists = |file: &String| {
            let path = Tree::join(self.folder, file);
            path.is_some_and(|path| self.code.resolve(&path).is_some())
        };
        let own_files = |value, unit_context: &UnitContext| self.var_files(value, unit_context);
        for (placed, value) in self.both(Config::arguments, own_files) {
            if let Some(extra) = value.entries().filter(|extra| applies(extra))
                && arguments.add(extra, exists).is_none()
            {
                arguments.unknown.get_or_insert(placed.place());
            }
        }
        arguments
    }

    /// Makes the tfvars files of `extra_arguments` relative to the unit.
    fn var_files(&self, extra: Typed, unit_context: &UnitContext) -> Typed {
        let Typed::Object(mut extra) = extra else {
            return extra;
        };
        let on_unit = |text: &str| match text.split_once('=') {
            Some((name, file)) if name.ends_with("-var-file") => {
                format!("{name}={}", portable(file, self.folder, unit_context))
            }
            _ => portable(text, self.folder, unit_context),
        };
        for name in ["arguments", "required_var_files", "optional_var_files"] {
            if let Some(Typed::Tuple(items) | Typed::List(_, items)) = extra.get_mut(name) {
                for item in items {
                    if let Typed::String(text) = item {
                        text.rewrite(on_unit(text));
                    }
                }
            }
        }
        Typed::Object(extra)
    }
}

/// Returns whether `extra_arguments` apply to `plan` or `apply`.
fn applies(extra: &BTreeMap<String, Typed>) -> bool {
    let commands = extra.get("commands").and_then(Typed::items);
    commands.is_none_or(|commands| {
        let mut names = commands.iter().map(Typed::as_str);
        names.any(|name| name.is_none_or(|name| ["plan", "apply"].contains(&name)))
    })
}

/// The tfvars files and variables of `extra_arguments`.
#[derive(Debug, Default)]
struct Arguments {
    var_files: Vec<String>,
    environment: BTreeMap<String, MarkedText>,
    unknown: Option<String>,
}

impl Arguments {
    /// Adds those of one block; `None` where some are not known.
    fn add(
        &mut self,
        extra: &BTreeMap<String, Typed>,
        exists: impl Fn(&String) -> bool,
    ) -> Option<()> {
        let texts = |name: &str| match extra.get(name) {
            None | Some(Typed::Null(_)) => Some(Vec::new()),
            Some(value) => {
                let items = value.items()?.iter();
                let texts = items.map(|item| item.as_str().map(str::to_owned));
                texts.collect::<Option<Vec<_>>>()
            }
        };
        for argument in texts("arguments")? {
            let argument = argument.trim_start_matches('-');
            match argument.split_once('=') {
                Some(("var-file", file)) => self.var_files.push(file.to_owned()),
                _ if argument.starts_with("var") => return None,
                _ => {}
            }
        }
        self.var_files.extend(texts("required_var_files")?);
        let optional = texts("optional_var_files")?.into_iter();
        self.var_files.extend(optional.filter(exists));
        let variables = extra.get("env_vars").and_then(Typed::entries);
        for (name, value) in variables.into_iter().flatten() {
            if let Some(name) = name.strip_prefix("TF_VAR_") {
                let text = MarkedText::from(value.as_text()?.into_owned());
                let text = match value.has_secret_text() {
                    true => text.of_secret(),
                    false => text,
                };
                self.environment.insert(name.to_owned(), text);
            }
        }
        Some(())
    }
}
