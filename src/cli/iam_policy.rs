//! `driftguard iam-policy`: the least that a scan needs to read.

use super::checkout::{Checkout, MAX_FILE_BYTES};
use super::exit;
use super::output::{print, tell};
use super::terraform::{self, Environment};
use crate::code;
use crate::model::Tree;
use crate::report::counted;
use crate::scan::find::Search;
use crate::scan::load::Stack;
use crate::scan::provider_reads::{ProviderReads, provider_reads};
use crate::scan::roles::{self, MAX_POLICY_LENGTH};
use crate::scan::states::States;
use crate::settings::{self, Settings, Who};
use crate::state::StateObject;
use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

/// The arguments of `driftguard iam-policy`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// A root module or a repository: the role reads the states of its stacks
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The repository's root [default: the nearest parent with a .git or a .driftguard.yml]
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    /// Read this settings file instead of .driftguard.yml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A state, or a prefix of states, that the role reads instead of the states of PATH's stacks (repeatable)
    #[arg(long = "state", value_name = "s3://BUCKET/PREFIX", value_parser = StateObject::parse)]
    states: Vec<StateObject>,
    /// Also allow what reading the other types of PATH's stacks through Terraform's provider calls
    #[arg(long)]
    providers: bool,
    /// The format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Who assumes the role: the ARN that onboarding shows
    #[arg(long, value_name = "ARN", default_value = "ARN_OF_DRIFTGUARD")]
    principal: String,
    /// The external id that onboarding shows
    #[arg(long, value_name = "ID", default_value = "EXTERNAL_ID")]
    external_id: String,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    #[default]
    Json,
    Terraform,
    Cloudformation,
}

/// The role's name in the templates.
const NAME: &str = "driftguard";

/// The remedy where no state is named.
const HOW: &str = "name a root module or a repository whose backend blocks say where the states are, or each place with \
                   --state s3://bucket/prefix";

/// Lets the types be read that fetch a secret, as it does for scans.
const SECRETS: &str = "DRIFTGUARD_PROVIDER_SECRETS";

pub(super) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let found = options.find()?;
    let states = options.states(&found);
    if let Some(refused) = nothing_known(&states) {
        return Ok(exit::refused(&refused));
    }
    for (stack, reason) in &states.unknown {
        tell(&format!(
            "driftguard: the state of {stack} is left out: {reason}"
        ));
    }
    let reads = found.reads(options.providers);
    tell_reads(&reads);
    let trust = roles::trust(&options.principal, &options.external_id);
    let policies = roles::permissions_with(&states.objects, &found.who, &reads);
    let Some((policy, more)) = policies.split_first() else {
        return Ok(ExitCode::FAILURE);
    };
    if roles::policy_length(policy) > MAX_POLICY_LENGTH {
        tell(&format!(
            "driftguard: this is longer than the {MAX_POLICY_LENGTH} characters that a managed policy may have: print several, \
             each with some of the buckets (--state)"
        ));
    }
    let text = match options.format {
        Format::Json => {
            let mut all = json!({"trust": trust, "policy": policy});
            if !more.is_empty() {
                all["provider_policies"] = more.into();
            }
            serde_json::to_string_pretty(&all)?
        }
        Format::Terraform => terraform(&trust, policy, more)?,
        Format::Cloudformation => {
            serde_json::to_string_pretty(&cloudformation(&trust, policy, more))?
        }
    };
    print(&(text + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// Says which types the policy is not, or not surely, enough for.
fn tell_reads(reads: &ProviderReads) {
    for (types, problem) in [
        (
            &reads.withheld,
            "reading it through a provider returns content, such as a secret: the policy does not allow that",
        ),
        (
            &reads.unknown,
            "what a provider calls to read it is not recorded: a scan names the action that is denied",
        ),
        (
            &reads.in_part,
            "only the first call of a provider that reads it is recorded: a scan names what else is denied",
        ),
    ] {
        if !types.is_empty() {
            let names: Vec<_> = types.iter().map(String::as_str).collect();
            tell(&format!(
                "driftguard: {}: {problem}: {}",
                counted(types.len(), "type"),
                names.join(", ")
            ));
        }
    }
}

/// A checkout's stacks.
struct Found {
    checkout: Option<Checkout>,
    stacks: Vec<Stack>,
    /// Whether CloudTrail is asked who made a change.
    who: Who,
}

impl Found {
    /// Returns what a provider calls to read what the stacks declare, if that is asked for.
    fn reads(&self, asks: bool) -> ProviderReads {
        let Some(checkout) = self.checkout.as_ref().filter(|_| asks) else {
            return ProviderReads::default();
        };
        let mut types = BTreeSet::new();
        for stack in &self.stacks {
            let code = code::evaluate(&checkout.tree, &stack.path, &stack.options());
            let addresses = code.declared.resources.into_keys();
            types.extend(addresses.map(|address| address.tf_type));
        }
        let with_secrets = std::env::var_os(SECRETS).is_some_and(|value| value == "1");
        provider_reads(types.iter().map(String::as_str), with_secrets)
    }
}

impl Options {
    /// Returns the states that the role reads: those that were named, else those of the path's stacks.
    fn states(&self, found: &Found) -> States {
        if self.states.is_empty() {
            return States::of(&found.stacks);
        }
        States {
            objects: self.states.iter().cloned().collect(),
            ..States::default()
        }
    }

    /// Returns the setting where nothing else of the path is read: that of the named file, else of the path's own.
    fn who(&self) -> anyhow::Result<Who> {
        let own = || Some(self.path.join(settings::FILE)).filter(|file| file.is_file());
        let Some(file) = self.config.clone().or_else(own) else {
            return Ok(Who::default());
        };
        let text = String::from_utf8(Checkout::read_limited(&file, MAX_FILE_BYTES)?);
        let text =
            text.with_context(|| format!("{} is not UTF-8: save it as such", file.display()))?;
        let settings = Settings::parse(&text);
        Ok(settings
            .with_context(|| format!("while reading {}", file.display()))?
            .who)
    }

    /// Finds the stacks of the path, unless nothing is asked of them.
    fn find(&self) -> anyhow::Result<Found> {
        if !self.states.is_empty() && !self.providers {
            return Ok(Found {
                checkout: None,
                stacks: Vec::new(),
                who: self.who()?,
            });
        }
        let checkout = Checkout::read(&self.path, self.repo.as_deref())?;
        let settings = checkout.settings(self.config.as_deref())?;
        let environment = Environment::of_process();
        let code = code::Options {
            modules: code::OtherModules::Installed,
            given: environment.of_configurations(),
            ..code::Options::default()
        };
        let search = Search {
            tree: &checkout.tree,
            settings: &settings,
            within: "",
            most: usize::MAX,
            code: &code,
        };
        let mut stacks = search.stacks()?.stacks;
        stacks.retain(|stack| Tree::holds(&checkout.path, &stack.path));
        terraform::find_backends(&mut stacks, &environment, &checkout);
        terraform::select_workspaces(&mut stacks, None, &environment, &checkout);
        Ok(Found {
            checkout: Some(checkout),
            stacks,
            who: settings.who,
        })
    }
}

/// Returns the error where there is nothing to print: a policy without the states would not be enough for a scan.
fn nothing_known(states: &States) -> Option<String> {
    if !states.objects.is_empty() || states.elsewhere > 0 {
        return None;
    }
    let reasons = states
        .unknown
        .iter()
        .map(|(stack, why)| format!("{stack}: {why}"));
    let reasons: Vec<_> = reasons.collect();
    Some(match reasons.is_empty() {
        true => format!("there is no stack here, so no state that the role could read: {HOW}"),
        false => format!(
            "no state is known that the role could read: {HOW}\n{}",
            reasons.join("\n")
        ),
    })
}

fn terraform(trust: &Value, policy: &Value, more: &[Value]) -> serde_json::Result<String> {
    let [trust, policy] = [trust, policy].map(serde_json::to_string_pretty);
    let mut code = format!(
        "resource \"aws_iam_role\" \"{NAME}\" {{\n  name = \"{NAME}\"\n\n  assume_role_policy = <<-JSON\n{}\n  JSON\n}}\n\n\
         resource \"aws_iam_role_policy\" \"{NAME}\" {{\n  name = \"read\"\n  role = aws_iam_role.{NAME}.name\n\n  \
         policy = <<-JSON\n{}\n  JSON\n}}",
        heredoc(&trust?),
        heredoc(&policy?)
    );
    for (at, policy) in more.iter().enumerate() {
        let name = format!("{NAME}_provider_{}", at + 1);
        let policy = heredoc(&serde_json::to_string_pretty(policy)?);
        code.push_str(&format!(
            "\n\nresource \"aws_iam_policy\" \"{name}\" {{\n  name = \"{}\"\n\n  policy = <<-JSON\n{policy}\n  JSON\n}}\n\n\
             resource \"aws_iam_role_policy_attachment\" \"{name}\" {{\n  role       = aws_iam_role.{NAME}.name\n  \
             policy_arn = aws_iam_policy.{name}.arn\n}}",
            name.replace('_', "-")
        ));
    }
    Ok(code)
}

/// Escapes a text for a heredoc.
fn heredoc(text: &str) -> String {
    let text = text.replace("${", "$${").replace("%{", "%%{");
    let lines: Vec<_> = text.lines().map(|line| format!("    {line}")).collect();
    lines.join("\n")
}

fn cloudformation(trust: &Value, policy: &Value, more: &[Value]) -> Value {
    let mut template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The role with which DriftGuard reads this account",
        "Resources": {"DriftGuard": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": NAME,
                "AssumeRolePolicyDocument": trust,
                "Policies": [{"PolicyName": "read", "PolicyDocument": policy}],
            },
        }},
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["DriftGuard", "Arn"]}}},
    });
    for (at, policy) in more.iter().enumerate() {
        template["Resources"][format!("DriftGuardProvider{}", at + 1)] = json!({
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": policy, "Roles": [{"Ref": "DriftGuard"}]},
        });
    }
    template
}
