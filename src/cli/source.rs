//! Defines the options that `scan` and `fix` share: what to scan, and how.

use super::checkout::{Checkout, MAX_STATE_BYTES};
use super::named_files::read_named;
use super::output::tell;
use super::terraform::{self, Environment};
use super::{host_tokens, key, progress};
use crate::aws::{Access, Aws, Role};
use crate::code;
use crate::config::Providers;
use crate::model::{Interrupt, Region, Severity, Tree};
use crate::plugin::ProviderFolder;
use crate::report;
use crate::resources::UnmanagedScope;
use crate::scan::ProviderAccess;
use crate::scan::actors::{self, ActorSearch};
use crate::scan::find::{MAX_STACKS, Search};
use crate::scan::load::{self, Stack};
use crate::scan::progress::Progress;
use crate::scan::scan_result::{ScanResult, StackCode};
use crate::scan::scan_stacks::{ScanInput, scan_stacks};
use crate::scan::workspaces;
use crate::score::Benchmark;
use crate::settings::{self, ProviderScope, Settings, StackSettings, Workspace};
use crate::state::StateBudget;
use crate::state::backends::{BackendAccess, HttpAccess};
use crate::who::{MAX_AGE, Question};
use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// The options that choose the stacks and how they are read.
#[derive(Debug, Args)]
pub(super) struct Source {
    /// A root module or a repository
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The repository's root: no code outside it is read or written [default: the nearest parent with a .git or a
    /// .driftguard.yml]
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    /// Only this stack (repeatable)
    #[arg(long = "stack", value_name = "NAME")]
    stacks: Vec<String>,
    /// Read this state file instead of the backend's; needs exactly one stack
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// A tfvars file, like terraform's option (repeatable)
    #[arg(long = "var-file", value_name = "FILE")]
    var_files: Vec<PathBuf>,
    /// A variable, like terraform's option (repeatable); it takes precedence over files
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    variables: Vec<(String, String)>,
    /// The workspace [default: .driftguard.yml's, TF_WORKSPACE, the one that terraform selected]
    #[arg(long, value_name = "NAME", value_parser = workspace)]
    workspace: Option<Workspace>,
    /// The folder of Terraform providers: what no native reader knows is read through them, as the caller. Never the
    /// repository's own .terraform unless it is named here
    #[arg(long, value_name = "DIR", env = "DRIFTGUARD_PROVIDERS")]
    providers: Option<PathBuf>,
    /// Read this settings file instead of .driftguard.yml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Assume this role from the caller's credentials
    #[arg(long, value_name = "ARN")]
    role_arn: Option<String>,
    /// The region where the code sets none
    #[arg(long, value_name = "REGION", value_parser = region)]
    region: Option<Region>,
    /// Where to look for resources that are in no state [default: .driftguard.yml's, else account]
    #[arg(long, value_enum)]
    unmanaged: Option<Unmanaged>,
    /// Exit with 2 only for findings of at least this severity [default: any finding]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Unmanaged {
    Account,
    Children,
    Off,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FailOn {
    Low,
    Medium,
    High,
    Critical,
}

fn region(text: &str) -> Result<Region, String> {
    Region::new(text).ok_or_else(|| "this is no region: write it as in eu-west-1".to_owned())
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| "this sets no variable: write NAME=VALUE".to_owned())?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

fn workspace(text: &str) -> Result<Workspace, String> {
    Workspace::try_from(text.to_owned())
}

/// A checkout and what its scan found.
pub(super) struct Scanned {
    /// The files.
    pub checkout: Checkout,
    /// The findings, and what they were made from.
    pub result: ScanResult,
    /// What the settings leave out of what providers read.
    pub provider_scope: ProviderScope,
    /// The operator's providers.
    pub providers: Option<ProviderFolder>,
}

impl Source {
    /// Scans the chosen stacks.
    ///
    /// # Errors
    /// When no stack could be scanned at all.
    pub(super) async fn scan(&self) -> anyhow::Result<Scanned> {
        let mut checkout = Checkout::read(&self.path, self.repo.as_deref())?;
        let settings = checkout.settings(self.config.as_deref())?;
        let benchmark = Benchmark::parse(&settings.benchmark).context(settings::FILE)?;
        let aws = Aws::connect(self.access(), self.region.as_ref()).await;
        let region = aws
            .default_region()
            .context("AWS's configuration names a region that is none: use --region")?;
        let http = HttpAccess::of_command_line(host_tokens::read());
        let states = StateBudget::of_command_line();
        let memory = states.memory();
        let backends = BackendAccess {
            aws: &aws,
            http: &http,
            region: region.clone(),
            tree: &checkout.tree,
            states: &states.begin(&memory),
        };
        let (stacks, beside) = self.stacks(&checkout, &settings, &backends).await?;
        read_named(&mut checkout, &stacks);
        let redactor = key::redactor()?;
        let providers = self.providers()?;
        let input = ScanInput {
            tree: &checkout.tree,
            settings: &settings,
            benchmark,
            aws: &aws,
            http: &http,
            region,
            unmanaged_scope: self.unmanaged_scope(&settings),
            redactor: &redactor,
            states: &states,
            memory: &memory,
            today: today(),
            only: None,
            interrupt: &Interrupt::default(),
            events: None,
            providers: providers.as_ref().map(ProviderAccess::of_caller),
        };
        let progress = progress::ProgressLine::start();
        let mut result = scan_stacks(&input, stacks, &|step| progress.show(step)).await;
        name_actors(&mut result, &settings, &|step| progress.show(step)).await;
        progress.end();
        result.unreported.extend(beside);
        let mut stacks = result.report.stacks.iter();
        ensure!(
            stacks.any(|stack| stack.outcome.is_ok()),
            report::not_scanned(&result.report).join("\n")
        );
        Ok(Scanned {
            checkout,
            result,
            provider_scope: settings.providers,
            providers,
        })
    }

    /// Opens the folder of providers, if there is one, and prints that they run as the caller.
    fn providers(&self) -> anyhow::Result<Option<ProviderFolder>> {
        let Some(path) = &self.providers else {
            return Ok(None);
        };
        let lookup = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        let settings = Providers::in_folder(path.clone(), &key::data_folder(), &lookup)?;
        let folder = ProviderFolder::of_caller(&settings)?;
        tell(&format!(
            "driftguard: what no native reader knows is read through the provider in {}, which runs as you and with your credentials",
            path.display()
        ));
        Ok(Some(folder))
    }

    /// Returns the lowest severity that counts.
    pub(super) fn fail_on(&self) -> Severity {
        match self.fail_on {
            None => Severity::Info,
            Some(FailOn::Low) => Severity::Low,
            Some(FailOn::Medium) => Severity::Medium,
            Some(FailOn::High) => Severity::High,
            Some(FailOn::Critical) => Severity::Critical,
        }
    }

    /// Returns the caller's own credentials, whatever roles the code or the settings name.
    fn access(&self) -> Access {
        let role = self.role_arn.as_ref().map(|arn| Role {
            arn: arn.clone(),
            external_id: None,
        });
        Access {
            own: true,
            role,
            ..Access::default()
        }
    }

    fn unmanaged_scope(&self, settings: &Settings) -> UnmanagedScope {
        let asked = self.unmanaged.map(|asked| match asked {
            Unmanaged::Account => UnmanagedScope::Account,
            Unmanaged::Children => UnmanagedScope::Children,
            Unmanaged::Off => UnmanagedScope::Off,
        });
        asked
            .or(settings.unmanaged.map(load::unmanaged_scope))
            .unwrap_or(UnmanagedScope::Account)
    }

    /// Finds the stacks, one for each workspace where all are meant, and chooses among them.
    async fn stacks(
        &self,
        checkout: &Checkout,
        settings: &Settings,
        backends: &BackendAccess<'_>,
    ) -> anyhow::Result<(Vec<Stack>, Vec<StackCode>)> {
        let environment = Environment::of_process();
        let mut found = self.find(checkout, settings, &environment)?;
        if self.state.is_none() {
            found = workspaces::expand(found, backends).await?;
        }
        self.choose(found, checkout, &environment)
    }

    /// Returns the stacks in and below the named folder, with the backend settings of the environment.
    fn find(
        &self,
        checkout: &Checkout,
        settings: &Settings,
        environment: &Environment,
    ) -> anyhow::Result<Vec<Stack>> {
        let folder = checkout.path.as_str();
        let code = code::Options {
            modules: code::OtherModules::Installed,
            given: environment.of_configurations(),
            ..code::Options::default()
        };
        let search = Search {
            tree: &checkout.tree,
            settings,
            within: folder,
            most: usize::MAX,
            code: &code,
        };
        let mut found = search.stacks()?;
        let mut stacks = std::mem::take(&mut found.stacks);
        stacks.retain(|stack| Tree::holds(folder, &stack.path));
        if stacks.iter().any(|stack| stack.path == folder) && self.path != Path::new(".") {
            stacks.retain(|stack| stack.path == folder);
        }
        let is_module = !code::code_paths(&checkout.tree, folder).is_empty();
        if stacks.is_empty() && is_module {
            stacks.push(Stack {
                modules: code::OtherModules::Installed,
                ..Stack::new(StackSettings::of_path(folder), None)
            });
        }
        // A root module that is named is scanned, whatever it lacks.
        let is_scanned = |path: &String| stacks.iter().any(|stack| stack.path == *path);
        found.without_backend.retain(|path| !is_scanned(path));
        let stateless = found.stateless();
        let stateless = stateless.map(|why| format!("not scanned, because {why}, or --state FILE"));
        if stacks.is_empty() {
            let more = stateless.map(|folders| format!("\n{folders}"));
            bail!(
                "{} holds no stack: no folder has a backend block; name a root module, with --state FILE where it has none{}",
                self.path.display(),
                more.unwrap_or_default()
            );
        }
        if let (Some(folders), true) = (stateless, self.stacks.is_empty()) {
            tell(&format!("driftguard: {folders}"));
        }
        terraform::find_backends(&mut stacks, environment, checkout);
        Ok(stacks)
    }

    /// Returns the chosen stacks, with the options and the environment applied to them, and the code of the others.
    fn choose(
        &self,
        stacks: Vec<Stack>,
        checkout: &Checkout,
        environment: &Environment,
    ) -> anyhow::Result<(Vec<Stack>, Vec<StackCode>)> {
        let is_known = |name: &&String| stacks.iter().any(|stack| stack.name.as_str() == *name);
        if let Some(wrong) = self.stacks.iter().find(|name| !is_known(name)) {
            let names: Vec<_> = stacks.iter().map(|stack| stack.name.to_string()).collect();
            bail!("there is no stack `{wrong}`, only: {}", names.join(", "));
        }
        let is_chosen = |stack: &Stack| self.stacks.iter().any(|name| name == stack.name.as_str());
        let (mut stacks, others): (Vec<_>, Vec<_>) = stacks
            .into_iter()
            .partition(|stack| self.stacks.is_empty() || is_chosen(stack));
        // The server scans no more of a repository.
        if stacks.len() > MAX_STACKS {
            tell(&format!(
                "driftguard: {} holds {} stacks, and all of them are scanned together: choose some with --stack, or a folder \
                 of them, where that takes too long or too much memory",
                self.path.display(),
                stacks.len()
            ));
        }
        terraform::select_workspaces(&mut stacks, self.workspace.as_ref(), environment, checkout);
        terraform::set_variables(&mut stacks, environment, checkout);
        self.give(checkout, &mut stacks)?;
        Ok((stacks, others.iter().map(StackCode::from).collect()))
    }

    /// Gives the stacks the files that the options name.
    fn give(&self, checkout: &Checkout, stacks: &mut [Stack]) -> anyhow::Result<()> {
        if let Some(file) = &self.state {
            let [stack] = stacks else {
                let names: Vec<_> = stacks.iter().map(|stack| stack.name.to_string()).collect();
                bail!(
                    "--state needs exactly one stack: choose one of {} with --stack",
                    names.join(", ")
                );
            };
            let state = Checkout::read_limited(file, MAX_STATE_BYTES)?;
            stack.given = Some((file.display().to_string(), state.into()));
        }
        for file in &self.var_files {
            let path = checkout.path_in_tree(file).with_context(|| {
                format!(
                    "--var-file {} is not a file of the repository: name its root with --repo",
                    file.display()
                )
            })?;
            for stack in &mut *stacks {
                stack.var_files.push(climb(&stack.path, &path));
            }
        }
        for stack in stacks {
            let given = self.variables.iter().cloned();
            stack.given_variables.arguments.extend(given);
        }
        Ok(())
    }
}

/// Asks CloudTrail who made the changes. No earlier scan is known here, so each may be as old as its oldest event.
async fn name_actors(
    result: &mut ScanResult,
    settings: &Settings,
    report_progress: &(dyn Fn(Progress) + Sync),
) {
    report_progress(Progress::AskingWho);
    let now = jiff::Timestamp::now().as_millisecond();
    let question = Question {
        since: now - MAX_AGE,
        answered: None,
    };
    let search = ActorSearch {
        who: &settings.who,
        now,
        time: actors::MAX_TIME,
        question: &|_, _| Some(question),
        notes_inquiries: false,
    };
    actors::name_actors(result, &search).await;
}

/// Returns today's date in UTC, as `2026-11-24`.
fn today() -> String {
    jiff::Timestamp::now().strftime("%F").to_string()
}

/// Returns a file of the repository, as seen from a folder of it.
pub(super) fn climb(folder: &str, file: &str) -> String {
    let steps = folder.split('/').filter(|step| !step.is_empty()).count();
    debug_assert_eq!(
        Tree::join(folder, &"../".repeat(steps)).as_deref(),
        Some("")
    );
    "../".repeat(steps) + file
}
