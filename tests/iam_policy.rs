//! `driftguard iam-policy`: the role that reads a checkout's stacks, and nothing beside them.

use crate::aws::{Checkout, Run};
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Nobody is asked.
const NOBODY: &str = "http://127.0.0.1:9";

fn printed(checkout: &Checkout, arguments: &[&str]) -> Run {
    checkout.driftguard(NOBODY, &[&["iam-policy"], arguments].concat())
}

/// The policy, and the objects that it lets the role read.
fn policy(run: &Run) -> (Value, Vec<String>) {
    let mut told: Value = serde_json::from_str(&run.out).unwrap();
    let policy = told["policy"].take();
    let statements = policy["Statement"].as_array().unwrap();
    let states = statements.iter().find(|one| one["Sid"] == "ReadTheStates");
    let resources = states.unwrap()["Resource"].as_array().unwrap().iter();
    let resources = resources
        .map(|arn| arn.as_str().unwrap().to_owned())
        .collect();
    (policy, resources)
}

#[test]
fn the_states_are_those_of_the_stacks_or_those_that_are_named() {
    let checkout = Checkout::new();
    let run = printed(&checkout, &[]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let (policy, states) = policy(&run);
    let own = "arn:aws:s3:::acme-terraform-state/shop/production/terraform.tfstate";
    assert_eq!(states, [own.to_owned(), format!("{own}.tflock")]);
    let decrypt = policy["Statement"].as_array().unwrap().last().unwrap();
    assert_eq!(decrypt["Action"], json!(["kms:Decrypt"]));
    let condition = &decrypt["Condition"]["StringLike"];
    assert_eq!(
        condition["kms:ViaService"],
        json!(["s3.us-east-1.amazonaws.com"])
    );

    let named = ["--state", "s3://a/x/", "--state", "s3://b/y/z.tfstate"];
    let (_, states) = self::policy(&printed(&checkout, &named));
    assert_eq!(
        states,
        [
            "arn:aws:s3:::a/x/*",
            "arn:aws:s3:::b/y/z.tfstate",
            "arn:aws:s3:::b/y/z.tfstate.tflock"
        ]
    );

    // All workspaces are listed, and those of this stack's folder are read.
    let settings = checkout.read(".driftguard.yml");
    let all = format!("{settings}    workspaces: \"*\"\n");
    checkout.write(".driftguard.yml", &all);
    let (policy, states) = self::policy(&printed(&checkout, &[]));
    let below = "arn:aws:s3:::acme-terraform-state/env:/*";
    assert_eq!(
        states,
        [below.to_owned(), own.to_owned(), format!("{own}.tflock")]
    );
    let list = policy["Statement"].as_array().unwrap().last().unwrap();
    assert_eq!(list["Action"], json!(["s3:ListBucket"]));
    assert_eq!(
        list["Resource"],
        json!(["arn:aws:s3:::acme-terraform-state"])
    );
    let prefixes = json!(["env:/", "shop/production/terraform.tfstate"]);
    assert_eq!(list["Condition"]["StringLike"]["s3:prefix"], prefixes);
    checkout.write(".driftguard.yml", &settings);

    // The key that the code names is the only one.
    let backend = checkout.read("infra/production/backend.tf");
    let key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let region = "region = \"us-east-1\"";
    let keyed = backend.replacen(region, &format!("{region}\n    kms_key_id = \"{key}\""), 1);
    assert_ne!(keyed, backend);
    checkout.write("infra/production/backend.tf", &keyed);
    let (policy, _) = self::policy(&printed(&checkout, &[]));
    let decrypt = policy["Statement"].as_array().unwrap().last().unwrap();
    assert_eq!(decrypt["Resource"], json!([key]));
}

#[test]
fn without_a_state_it_is_refused_with_how_to_name_one() {
    let checkout = Checkout::new();
    std::fs::create_dir(checkout.path().join("empty")).unwrap();
    let run = printed(&checkout, &["empty"]);
    assert_eq!((run.code, run.out.as_str()), (64, ""));
    assert!(
        run.err.contains("--state s3://bucket/prefix"),
        "{}",
        run.err
    );
    // The bucket is given on Terraform's own command line.
    checkout.write(
        "infra/production/backend.tf",
        "terraform {\n  backend \"s3\" {}\n}\n",
    );
    let run = printed(&checkout, &[]);
    assert_eq!((run.code, run.out.as_str()), (64, ""));
    assert!(
        run.err.contains("infra-production") && run.err.contains("--state"),
        "{}",
        run.err
    );
    let run = printed(&checkout, &["--state", "acme/shop"]);
    assert_eq!(run.code, 64);
    assert!(run.err.contains("s3://bucket/prefix"), "{}", run.err);
    assert_eq!(printed(&checkout, &["--state", "s3://acme/shop"]).code, 0);
}

#[test]
fn each_form_says_the_same() {
    let checkout = Checkout::new();
    let state = ["--state", "s3://acme/what?/${a}%{b}/x.tfstate"];
    let form = |name: &str| printed(&checkout, &[&state[..], &["--format", name]].concat()).out;
    let (policy, states) = policy(&printed(&checkout, &state));
    assert_eq!(
        states[0],
        "arn:aws:s3:::acme/what${?}/${$}{a}%{b}/x.tfstate"
    );
    let template: Value = serde_json::from_str(&form("cloudformation")).unwrap();
    let properties = &template["Resources"]["DriftGuard"]["Properties"];
    assert_eq!(properties["Policies"][0]["PolicyDocument"], policy);
    let code = form("terraform");
    let (_, text) = code.split_once("policy = <<-JSON\n").unwrap();
    let (_, text) = text.split_once("policy = <<-JSON\n").unwrap();
    let (text, _) = text.split_once("\n  JSON").unwrap();
    let text = text.replace("$${", "${").replace("%%{", "%{");
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), policy);
    is_terraform(&code);
}

/// Holds code to Terraform's own parser and style.
fn is_terraform(code: &str) {
    let folder = TempDir::new().unwrap();
    std::fs::write(
        folder.path().join("main.tf"),
        format!("{}\n", code.trim_end()),
    )
    .unwrap();
    let check = Command::new("terraform")
        .args(["fmt", "-check", "-diff"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output();
    match check {
        Ok(check) => assert!(check.status.success(), "{check:?}"),
        Err(_) => eprintln!("SKIPPED: no Terraform on this machine"),
    }
}

/// The actions of the statement about the provider, in all policies.
fn provider_actions(printed: &Value) -> Vec<String> {
    let further = printed["provider_policies"].as_array();
    let policies = further.into_iter().flatten().chain([&printed["policy"]]);
    let statements = policies.flat_map(|policy| policy["Statement"].as_array().unwrap());
    let statements = statements.filter(|one| one["Sid"] == "ReadThroughTheProvider");
    let actions = statements.flat_map(|one| one["Action"].as_array().unwrap());
    let mut actions: Vec<_> = actions
        .map(|action| action.as_str().unwrap().to_owned())
        .collect();
    actions.sort();
    actions
}

#[test]
fn what_a_provider_calls_is_allowed_for_the_types_of_the_code_and_content_never_unasked() {
    let checkout = Checkout::new();
    let code = r#"
resource "aws_sqs_queue" "q" {
  name = "q"
}

resource "aws_secretsmanager_secret_version" "s" {
  secret_id     = "s"
  secret_string = "x"
}

resource "aws_s3_object" "o" {
  bucket = "b"
  key    = "k"
}

resource "aws_made_up" "m" {}
"#;
    checkout.write("infra/production/more.tf", code);
    let json = |run: &Run| -> Value { serde_json::from_str(&run.out).unwrap() };
    assert_eq!(provider_actions(&json(&printed(&checkout, &[]))), [""; 0]);
    let run = printed(&checkout, &["--providers"]);
    let of_queue = ["sqs:GetQueueAttributes", "sqs:ListQueueTags"];
    assert_eq!(provider_actions(&json(&run)), of_queue);
    let content = "2 types: reading it through a provider returns content, such as a secret: the policy does not allow \
                   that: aws_s3_object, aws_secretsmanager_secret_version";
    let unknown = "1 type: what a provider calls to read it is not recorded: a scan names the action that is denied: \
                   aws_made_up";
    for line in [content, unknown] {
        assert!(run.err.contains(line), "{}", run.err);
    }
    let secrets = [("DRIFTGUARD_PROVIDER_SECRETS", "1")];
    let run = checkout.driftguard_in(&secrets, NOBODY, &["iam-policy", "--providers"]);
    let actions = provider_actions(&json(&run));
    assert!(
        actions.contains(&"secretsmanager:GetSecretValue".to_owned()),
        "{actions:?}"
    );
    assert!(!actions.contains(&"s3:GetObject".to_owned()), "{actions:?}");
}

#[test]
fn what_one_policy_cannot_hold_is_in_further_ones_in_each_form() {
    let checkout = Checkout::new();
    let table = include_str!("../src/scan/provider_reads.tsv");
    let types = table.lines().filter_map(|line| line.split('\t').next());
    let blocks = types.map(|tf_type| format!("resource \"{tf_type}\" \"x\" {{}}\n"));
    checkout.write(
        "infra/production/all.tf",
        &blocks.collect::<Vec<_>>().join("\n"),
    );
    let form = |name: &str| printed(&checkout, &["--providers", "--format", name]).out;
    let printed: Value = serde_json::from_str(&form("json")).unwrap();
    let further = printed["provider_policies"].as_array().unwrap();
    assert!(further.len() > 1, "{}", further.len());
    for policy in further.iter().chain([&printed["policy"]]) {
        let length = policy.to_string().len();
        assert!(length <= 6_144, "{length}");
    }
    let template: Value = serde_json::from_str(&form("cloudformation")).unwrap();
    let code = form("terraform");
    for (at, policy) in further.iter().enumerate() {
        let managed = &template["Resources"][format!("DriftGuardProvider{}", at + 1)];
        assert_eq!(managed["Properties"]["PolicyDocument"], *policy);
        let name = format!(
            "resource \"aws_iam_policy\" \"driftguard_provider_{}\"",
            at + 1
        );
        assert!(code.contains(&name), "{name}");
        for action in policy["Statement"][0]["Action"].as_array().unwrap() {
            assert!(code.contains(&action.to_string()), "{action}");
        }
    }
    is_terraform(&code);
}
