//! `driftguard iam-policy`: the least that a scan needs to read.

use super::checkout::Checkout;
use super::exit;
use super::output::{print, tell};
use super::terraform::{self, Environment};
use crate::code;
use crate::model::Tree;
use crate::scan::find::Search;
use crate::scan::roles::{self, LONGEST_POLICY};
use crate::scan::states::States;
use crate::state::StateObject;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
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

pub(super) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let states = options.states()?;
    if let Some(refused) = nothing_known(&states) {
        return Ok(exit::refused(&refused));
    }
    for (stack, reason) in &states.unknown {
        tell(&format!(
            "driftguard: the state of {stack} is left out: {reason}"
        ));
    }
    let trust = roles::trust(&options.principal, &options.external_id);
    let policy = roles::permissions(&states.objects);
    if roles::policy_length(&policy) > LONGEST_POLICY {
        tell(&format!(
            "driftguard: this is longer than the {LONGEST_POLICY} characters that a managed policy may have: print several, \
             each with some of the buckets (--state)"
        ));
    }
    let text = match options.format {
        Format::Json => serde_json::to_string_pretty(&json!({"trust": trust, "policy": policy}))?,
        Format::Terraform => terraform(&trust, &policy)?,
        Format::Cloudformation => serde_json::to_string_pretty(&cloudformation(&trust, &policy))?,
    };
    print(&(text + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

impl Options {
    /// Returns the states that the role reads: those that were named, else those of the path's stacks.
    fn states(&self) -> anyhow::Result<States> {
        if !self.states.is_empty() {
            return Ok(States {
                objects: self.states.iter().cloned().collect(),
                ..States::default()
            });
        }
        let checkout = Checkout::read(&self.path, self.repo.as_deref())?;
        let settings = checkout.settings(self.config.as_deref())?;
        let environment = Environment::of_process();
        let code = code::Options {
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
        Ok(States::of(&stacks))
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

fn terraform(trust: &Value, policy: &Value) -> serde_json::Result<String> {
    let [trust, policy] = [trust, policy].map(serde_json::to_string_pretty);
    Ok(format!(
        "resource \"aws_iam_role\" \"{NAME}\" {{\n  name = \"{NAME}\"\n\n  assume_role_policy = <<-JSON\n{}\n  JSON\n}}\n\n\
         resource \"aws_iam_role_policy\" \"{NAME}\" {{\n  name = \"read\"\n  role = aws_iam_role.{NAME}.name\n\n  \
         policy = <<-JSON\n{}\n  JSON\n}}",
        heredoc(&trust?),
        heredoc(&policy?)
    ))
}

/// Escapes a text for a heredoc.
fn heredoc(text: &str) -> String {
    let text = text.replace("${", "$${").replace("%{", "%%{");
    let lines: Vec<_> = text.lines().map(|line| format!("    {line}")).collect();
    lines.join("\n")
}

fn cloudformation(trust: &Value, policy: &Value) -> Value {
    json!({
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
    })
}
