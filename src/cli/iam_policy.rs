//! `driftguard iam-policy`: the least that a scan needs to read.

use crate::jobs::role;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::process::ExitCode;

/// What to print.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// In which form
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

/// What the role is called in the templates.
const NAME: &str = "driftguard";

pub(super) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let trust = role::trust(&options.principal, &options.external_id);
    let policy = role::permissions();
    let text = match options.format {
        Format::Json => serde_json::to_string_pretty(&json!({"trust": trust, "policy": policy}))?,
        Format::Terraform => terraform(&trust, &policy)?,
        Format::Cloudformation => serde_json::to_string_pretty(&cloudformation(&trust, &policy))?,
    };
    println!("{text}");
    Ok(ExitCode::SUCCESS)
}

fn terraform(trust: &Value, policy: &Value) -> serde_json::Result<String> {
    let [trust, policy] = [trust, policy].map(serde_json::to_string_pretty);
    Ok(format!(
        "resource \"aws_iam_role\" \"{NAME}\" {{\n  name = \"{NAME}\"\n\n  assume_role_policy = <<-JSON\n{}\n  JSON\n}}\n\n\
         resource \"aws_iam_role_policy\" \"{NAME}\" {{\n  name = \"read\"\n  role = aws_iam_role.{NAME}.name\n\n  \
         policy = <<-JSON\n{}\n  JSON\n}}",
        indented(&trust?),
        indented(&policy?)
    ))
}

fn indented(text: &str) -> String {
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
