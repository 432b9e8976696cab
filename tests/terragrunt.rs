//! Repositories of Terragrunt units: which there are, where their states are, what their code declares, and what is fixed.

use crate::aws::{CONSOLE, Checkout, PASSWORD, shop};
use driftguard::code::{self, Evaluated, GivenVariables, Options};
use driftguard::model::{Address, Difference, Finding, Fix, Kind, Severity, Tree, Value, Verdict};
use driftguard::patch::{self, Changed, FixPolicy};
use driftguard::resources;
use std::collections::BTreeMap;
use std::sync::Arc;

const ROOT: &str = r#"
locals {
  account     = read_terragrunt_config(find_in_parent_folders("account.hcl"))
  environment = basename(dirname(get_terragrunt_dir()))
}
remote_state {
  backend  = "s3"
  generate = { path = "backend.tf", if_exists = "overwrite_terragrunt" }
  config = {
    bucket = "acme-state-${local.account.locals.name}"
    key    = "${path_relative_to_include()}/terraform.tfstate"
    region = "eu-west-1"
  }
}
generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<-EOF
    provider "aws" {
      region = "${local.account.locals.region}"
      default_tags {
        tags = { Environment = "${local.environment}" }
      }
    }
  EOF
}
inputs = {
  environment = local.environment
  owner       = "platform"
}
"#;

const MODULE: &str = r#"
variable "environment" { type = string }
variable "owner" { type = string }
variable "size" {
  type    = string
  default = "t3.micro"
}
variable "tags" {
  type    = map(string)
  default = { Team = "web" }
}
variable "subnet" {
  type    = string
  default = null
}
variable "ports" {
  type    = list(number)
  default = []
}
resource "aws_instance" "web" {
  instance_type = var.size
  subnet_id     = var.subnet
  user_data     = "${var.environment} ${var.owner} ${join(",", var.ports)}"
  tags          = var.tags
}
"#;

/// A repository of two environments that share a module.
const REPOSITORY: &[(&str, &str)] = &[
    ("live/root.hcl", ROOT),
    (
        "live/prod/account.hcl",
        "locals {\n  name   = \"prod\"\n  region = \"eu-west-1\"\n}\n",
    ),
    (
        "live/stage/account.hcl",
        "locals {\n  name   = \"stage\"\n  region = \"eu-west-2\"\n}\n",
    ),
    (
        "live/prod/app/terragrunt.hcl",
        r#"include "root" {
  path = find_in_parent_folders("root.hcl")
}
terraform {
  source = "${get_repo_root()}/modules//app"
}
inputs = {
  size  = "t3.large"
  ports = [80, 443]
}
"#,
    ),
    (
        "live/stage/app/terragrunt.hcl",
        r#"include {
  path = find_in_parent_folders("root.hcl")
}
terraform {
  source = "../../../modules/app"
}
inputs = {
  owner = "somebody"
  tags  = { Team = "stage" }
}
"#,
    ),
    ("modules/app/main.tf", MODULE),
];

/// The repository, with these files in place of its own.
fn repository(files: &[(&str, &str)]) -> Tree {
    let all: BTreeMap<_, _> = REPOSITORY.iter().chain(files).copied().collect();
    all.into_iter().collect()
}

/// The stacks of a repository: each path with where its state is, or why that is not known.
fn units(tree: &Tree) -> Vec<String> {
    let units = code::unit_folders(tree, "", &Options::default());
    let unit = |unit: &code::UnitFolder| {
        let module = &unit.module;
        let text = |name: &str| {
            let block = module.backend.as_ref()?;
            Some(
                block
                    .attributes
                    .get(name)?
                    .as_str()
                    .unwrap_or("?")
                    .to_owned(),
            )
        };
        let place = match (text("bucket"), text("key"), text("path")) {
            (Some(bucket), Some(key), _) => format!("{bucket}/{key}"),
            (_, _, Some(path)) => path,
            _ => module
                .problem
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
        };
        format!("{} {place}", module.path)
    };
    units.iter().map(unit).collect()
}

fn evaluate(tree: &Tree, unit: &str) -> Evaluated {
    code::evaluate(tree, unit, &Options::default())
}

/// An attribute of the one server that a unit declares.
fn attribute(evaluated: &Evaluated, name: &str) -> Value {
    let mut resources = evaluated.declared.resources.values();
    let resource = resources.next().unwrap_or_else(|| panic!("{evaluated:?}"));
    resource.attributes[name].value.clone()
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn problems(evaluated: &Evaluated) -> Vec<String> {
    let problems = evaluated.problems.iter();
    problems.map(ToString::to_string).collect()
}

#[test]
fn units_are_found_with_their_states_and_what_they_include_is_none() {
    let old_parent = [
        (
            "terragrunt.hcl",
            "remote_state {\n  backend = \"local\"\n  config = {\n    path = \"${get_parent_terragrunt_dir()}/states/${path_relative_to_include()}.tfstate\"\n  }\n}\n",
        ),
        (
            "older/a/terragrunt.hcl",
            "include {\n  path = find_in_parent_folders()\n}\nterraform {\n  source = \"../../modules/app\"\n}\n",
        ),
        // Its code lies beside it, and says itself where the state is.
        ("own/terragrunt.hcl", "inputs = { size = \"t3.nano\" }\n"),
        (
            "own/main.tf",
            "terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n    key    = \"own\"\n  }\n}\nvariable \"size\" {}\n",
        ),
        // What the module says of a backend is completed by each unit.
        (
            "modules/app/backend.tf",
            "terraform {\n  backend \"s3\" {}\n}\n",
        ),
        (
            "stacked/terragrunt.stack.hcl",
            "unit \"a\" {\n  source = \"../modules/app\"\n  path   = \"a\"\n}\n",
        ),
    ];
    assert_eq!(
        units(&repository(&old_parent)),
        [
            "live/prod/app acme-state-prod/prod/app/terraform.tfstate",
            "live/stage/app acme-state-stage/stage/app/terraform.tfstate",
            "older/a ./../../states/older/a.tfstate",
            "own b/own",
            "stacked stacked/terragrunt.stack.hcl:1: the units that a stack of Terragrunt's generates are not evaluated: \
             name each with its state, or commit the generated units",
        ]
    );
}

#[test]
fn a_unit_is_evaluated_as_the_root_module_that_its_inputs_set() {
    let tree = repository(&[]);
    let prod = evaluate(&tree, "live/prod/app");
    assert_eq!(problems(&prod), [""; 0]);
    assert_eq!(attribute(&prod, "instance_type"), Value::text("t3.large"));
    assert_eq!(
        attribute(&prod, "user_data"),
        Value::text("prod platform 80,443")
    );
    assert_eq!(
        attribute(&prod, "tags"),
        Value::map([("Team", Value::text("web"))])
    );
    let stage = evaluate(&tree, "live/stage/app");
    assert_eq!(attribute(&stage, "instance_type"), Value::text("t3.micro"));
    assert_eq!(
        attribute(&stage, "user_data"),
        Value::text("stage somebody ")
    );
    assert_eq!(
        attribute(&stage, "tags"),
        Value::map([("Team", Value::text("stage"))])
    );
    for (evaluated, region, environment) in
        [(prod, "eu-west-1", "prod"), (stage, "eu-west-2", "stage")]
    {
        let provider = &evaluated.providers[0];
        assert_eq!(provider.region, Value::text(region));
        let tags = Value::map([("Environment", Value::text(environment))]);
        assert_eq!(provider.tags.default, tags);
    }
}

#[test]
fn includes_are_merged_as_their_strategies_say_and_exposed_where_asked() {
    let inputs = r#"
inputs = {
  owner = include.root.inputs.owner
  ports = [2]
  tags  = { Own = include.common.locals.size }
  size  = include.common.locals.size
}
"#;
    let unit = |strategy: &str| {
        format!(
            "include \"root\" {{\n  path   = find_in_parent_folders(\"root.hcl\")\n  expose = true\n}}\n\
             include \"common\" {{\n  path           = \"${{dirname(find_in_parent_folders(\"root.hcl\"))}}/common/app.hcl\"\n  \
             merge_strategy = \"{strategy}\"\n  expose         = true\n}}\n{inputs}"
        )
    };
    let common = r#"
locals { size = "t3.small" }
terraform { source = "${get_repo_root()}/modules//app" }
inputs = {
  ports = [1]
  tags  = { Common = path_relative_to_include() }
  size  = "t3.nano"
}
"#;
    for (strategy, ports, tags) in [
        ("shallow", "prod platform 2", vec![("Own", "t3.small")]),
        (
            "deep",
            "prod platform 1,2",
            vec![("Common", "../prod/app"), ("Own", "t3.small")],
        ),
    ] {
        let unit = unit(strategy);
        let files = [
            ("live/common/app.hcl", common),
            ("live/prod/app/terragrunt.hcl", unit.as_str()),
        ];
        let evaluated = evaluate(&repository(&files), "live/prod/app");
        assert_eq!(
            attribute(&evaluated, "user_data"),
            Value::text(ports),
            "{strategy}"
        );
        let tags = tags
            .into_iter()
            .map(|(key, value)| (key, Value::text(value)));
        assert_eq!(
            attribute(&evaluated, "tags"),
            Value::map(tags),
            "{strategy}"
        );
        assert_eq!(
            attribute(&evaluated, "instance_type"),
            Value::text("t3.small")
        );
    }
    // What is not merged says nothing of the source.
    let unit = unit("no_merge");
    let files = [
        ("live/common/app.hcl", common),
        ("live/prod/app/terragrunt.hcl", unit.as_str()),
    ];
    let evaluated = evaluate(&repository(&files), "live/prod/app");
    assert!(evaluated.declared.resources.is_empty());
}

/// A unit of the module with these inputs.
fn unit_of(inputs: &str) -> String {
    format!("terraform {{\n  source = \"../../../modules/app\"\n}}\n{inputs}\n")
}

#[test]
fn what_is_not_known_of_a_unit_is_unknown_and_told_in_one_message() {
    let unit = unit_of(
        r#"locals {
  key = run_cmd("cat", "/etc/key")
}
dependency "vpc" {
  config_path  = "../vpc"
  mock_outputs = { subnet = "subnet-mock" }
}
inputs = {
  environment = "prod"
  owner       = local.key
  subnet      = dependency.vpc.outputs.subnet
  size        = get_env("SIZE", "t3.small")
  tags        = { Folder = get_terragrunt_dir(), Name = basename(get_terragrunt_dir()) }
}"#,
    );
    let tree = repository(&[("live/prod/app/terragrunt.hcl", &unit)]);
    let evaluated = evaluate(&tree, "live/prod/app");
    for name in ["subnet_id", "user_data", "instance_type"] {
        assert_eq!(attribute(&evaluated, name), Value::Unknown, "{name}");
    }
    let tags = [("Folder", Value::Unknown), ("Name", Value::text("app"))];
    assert_eq!(attribute(&evaluated, "tags"), Value::map(tags));
    assert_eq!(
        problems(&evaluated),
        [
            "live/prod/app/terragrunt.hcl:11: the inputs `owner`, `size`, `tags`, `subnet` are not known, so what they set is \
             compared by state and AWS alone: `dependency.vpc`: outputs of other units are not read \
             (live/prod/app/terragrunt.hcl:14); `get_env` reads the environment of whoever applies \
             (live/prod/app/terragrunt.hcl:15); `run_cmd` is never run (live/prod/app/terragrunt.hcl:5)"
        ]
    );
    // On the command line the environment is the caller's.
    let environment = BTreeMap::from([("SIZE".to_owned(), "t3.xlarge".to_owned())]);
    let options = Options {
        given: GivenVariables {
            terragrunt: Some(Arc::new(environment)),
            ..GivenVariables::default()
        },
        ..Options::default()
    };
    let evaluated = code::evaluate(&tree, "live/prod/app", &options);
    assert_eq!(
        attribute(&evaluated, "instance_type"),
        Value::text("t3.xlarge")
    );
}

#[test]
fn what_cannot_be_evaluated_of_a_unit_names_file_and_line_and_no_unit_is_left_out() {
    let chain: Vec<_> = (0..40)
        .map(|at| {
            let next = at + 1;
            let text = format!("locals {{\n  next = read_terragrunt_config(\"c{next}.hcl\")\n}}\n");
            (format!("live/prod/app/c{at}.hcl"), text)
        })
        .collect();
    let reads = |file: &str| {
        unit_of(&format!(
            "locals {{\n  a = read_terragrunt_config(\"{file}\")\n}}\ninputs = {{\n  size = local.a.locals.size\n}}"
        ))
    };
    let (first, second) = (
        reads("../second.hcl"),
        "locals {\n  b = read_terragrunt_config(\"app/terragrunt.hcl\")\n}\n",
    );
    let deep = reads("c0.hcl");
    let outside = reads("../../../../elsewhere/x.hcl");
    let included = "include {\n  path = \"../middle.hcl\"\n}\n";
    let middle = "include {\n  path = \"root.hcl\"\n}\n";
    for (unit, others, why) in [
        (
            first.as_str(),
            vec![("live/prod/second.hcl", second)],
            "live/prod/app/terragrunt.hcl:1: the configurations lead back to themselves: live/prod/app/terragrunt.hcl, then \
             live/prod/second.hcl, then live/prod/app/terragrunt.hcl",
        ),
        (
            deep.as_str(),
            chain
                .iter()
                .map(|(path, text)| (path.as_str(), text.as_str()))
                .collect(),
            "live/prod/app/c15.hcl:1: the configurations of this unit are more than 64, or read one another more than 16 deep",
        ),
        (
            outside.as_str(),
            vec![],
            "live/prod/app/terragrunt.hcl:5: `read_terragrunt_config` reads a file outside of the repository, which is never \
             read: name one in it",
        ),
        (
            included,
            vec![("live/prod/middle.hcl", middle)],
            "live/prod/middle.hcl:1: this configuration is included, and includes another itself: Terragrunt follows one level",
        ),
        (
            "include {\n  path = \"/etc/terragrunt.hcl\"\n}\n",
            vec![],
            "live/prod/app/terragrunt.hcl:1: this `include` leads out of the repository, and no file outside of it is read",
        ),
        (
            "include {\n  path = find_in_parent_folders(\"none.hcl\")\n}\n",
            vec![],
            "live/prod/app/terragrunt.hcl:1: the path of this `include` is not known, or there is no such file",
        ),
        (
            "inputs = }\n",
            vec![],
            "live/prod/app/terragrunt.hcl:1: this configuration of Terragrunt's could not be parsed",
        ),
    ] {
        let files = [vec![("live/prod/app/terragrunt.hcl", unit)], others].concat();
        let tree = repository(&files);
        let told = &units(&tree)[0];
        assert!(told.starts_with(&format!("live/prod/app {why}")), "{told}");
        let evaluated = evaluate(&tree, "live/prod/app");
        assert!(evaluated.declared.resources.is_empty());
        assert!(
            problems(&evaluated)[0].starts_with(why),
            "{:?}",
            problems(&evaluated)
        );
    }
}

#[test]
fn code_that_is_elsewhere_is_told_and_no_path_leads_out_of_the_repository() {
    for (source, why) in [
        (
            "git::https://user:secret@example.com/acme/modules.git//app?ref=v1",
            "of this unit is not in the repository, so its code was not evaluated",
        ),
        (
            "../../../../modules/app",
            "live/prod/app/terragrunt.hcl:2: the source `../../../../modules/app` leads out of the repository",
        ),
        (
            "../../../modules/none",
            "live/prod/app/terragrunt.hcl:1: the source of this unit leads to `modules/none`, which holds no code",
        ),
    ] {
        let unit = format!("terraform {{\n  source = \"{source}\"\n}}\n");
        let evaluated = evaluate(
            &repository(&[("live/prod/app/terragrunt.hcl", &unit)]),
            "live/prod/app",
        );
        let told = problems(&evaluated).join("\n");
        assert!(told.contains(why), "{told}");
        assert!(!told.contains("secret"), "{told}");
        assert!(evaluated.declared.resources.is_empty());
    }
}

#[test]
fn a_part_of_generated_code_that_is_not_known_leaves_the_rest() {
    let root = ROOT.replace(
        "tags = { Environment = \"${local.environment}\" }",
        "tags = { Environment = \"${local.environment}\", Account = \"${get_aws_account_id()}\" }",
    );
    let evaluated = evaluate(&repository(&[("live/root.hcl", &root)]), "live/prod/app");
    let provider = &evaluated.providers[0];
    assert_eq!(provider.region, Value::text("eu-west-1"));
    let tags = [
        ("Account", Value::Unknown),
        ("Environment", Value::text("prod")),
    ];
    assert_eq!(provider.tags.default, Value::map(tags));
    let told = problems(&evaluated);
    assert!(
        told[0].contains("a part of the generated provider.tf is not known"),
        "{told:?}"
    );
    assert!(told[1].contains("get_aws_account_id"), "{told:?}");
}

#[test]
fn files_of_variables_count_before_inputs_and_a_units_own_files_are_copied_beside_the_code() {
    let unit = unit_of("inputs = {\n  size = \"t3.small\"\n  owner = \"input\"\n  environment = \"input\"\n}").replace(
        "source = \"../../../modules/app\"",
        "source = \"../../../modules/app\"\n  extra_arguments \"vars\" {\n    commands = get_terraform_commands_that_need_vars()\n    \
         required_var_files = [\"${get_repo_root()}/live/common.tfvars\"]\n    optional_var_files = [\"none.tfvars\"]\n  }",
    );
    let files = [
        ("live/prod/app/terragrunt.hcl", unit.as_str()),
        ("live/prod/app/terraform.tfvars", "owner = \"copied\"\n"),
        (
            "live/prod/app/more.tf",
            "resource \"aws_eip\" \"more\" {\n  domain = \"vpc\"\n}\n",
        ),
        ("live/common.tfvars", "environment = \"common\"\n"),
    ];
    let evaluated = evaluate(&repository(&files), "live/prod/app");
    assert_eq!(problems(&evaluated), [""; 0]);
    let resources = &evaluated.declared.resources;
    let server = &resources[&address("aws_instance.web")];
    assert_eq!(
        server.attributes["instance_type"].value,
        Value::text("t3.small")
    );
    assert_eq!(
        server.attributes["user_data"].value,
        Value::text("common copied ")
    );
    let eip = &resources[&address("aws_eip.more")];
    assert_eq!(eip.file, "live/prod/app/more.tf");
}

/// What adopting these values of the server of a unit changes: the files, and the fix.
fn adopt(tree: &Tree, unit: &str, live: &[(&str, Value, Value)]) -> (Changed, Fix) {
    let options = Options::default();
    let evaluated = code::evaluate(tree, unit, &options);
    let difference = |(path, recorded, live): &(&str, Value, Value)| Difference {
        path: (*path).to_owned(),
        verdict: Verdict::Drift,
        declared: None,
        recorded: recorded.clone(),
        live: live.clone(),
        added: Vec::new(),
        removed: Vec::new(),
        defined_in: None,
    };
    let mut findings = [Finding {
        address: Some(address("aws_instance.web")),
        severity: Severity::Low,
        attributes: live.iter().map(difference).collect(),
        ..Finding::new(Kind::Modified, Verdict::Drift, "aws_instance")
    }];
    let stack = patch::Stack {
        tree,
        folder: unit,
        options: &options,
        declared: &evaluated.declared,
        catalog: &resources::catalog(),
        others: Vec::new(),
    };
    let changed = patch::plan(&mut findings, &stack, FixPolicy::Adopt);
    let [finding] = findings;
    (changed, finding.fix.unwrap())
}

fn text_of<'c>(changed: &'c Changed, file: &str) -> &'c str {
    assert_eq!(changed.keys().collect::<Vec<_>>(), [file]);
    std::str::from_utf8(&changed[file]).unwrap()
}

const PROD: &str = "live/prod/app/terragrunt.hcl";

#[test]
fn a_value_of_the_inputs_is_edited_where_the_unit_writes_it() {
    let tree = repository(&[]);
    let before = tree.text(PROD).unwrap().to_owned();
    let size = (
        "instance_type",
        Value::text("t3.large"),
        Value::text("t3.xlarge"),
    );
    let (changed, _) = adopt(&tree, "live/prod/app", std::slice::from_ref(&size));
    assert_eq!(
        text_of(&changed, PROD),
        before.replace("t3.large", "t3.xlarge")
    );
    // What the unit leaves to the module's default becomes an input of its own.
    let stage = "live/stage/app/terragrunt.hcl";
    let before = tree.text(stage).unwrap().to_owned();
    let size = (
        "instance_type",
        Value::text("t3.micro"),
        Value::text("t3.nano"),
    );
    let (changed, _) = adopt(&tree, "live/stage/app", &[size]);
    let with = "  tags  = { Team = \"stage\" }\n  size  = \"t3.nano\"\n";
    let expected = before.replace("  tags  = { Team = \"stage\" }\n", with);
    assert_eq!(text_of(&changed, stage), expected);
    let team = ("tags[\"Team\"]", Value::text("stage"), Value::text("ops"));
    let (changed, _) = adopt(&tree, "live/stage/app", &[team]);
    assert_eq!(
        text_of(&changed, stage),
        before.replace("Team = \"stage\"", "Team = \"ops\"")
    );
    let team = ("tags[\"Team\"]", Value::text("web"), Value::text("ops"));
    let (changed, _) = adopt(&tree, "live/prod/app", &[team]);
    let with = "  ports = [80, 443]\n  tags = {\n    Team = \"ops\"\n  }\n";
    let before = tree.text(PROD).unwrap();
    let expected = before.replace("  ports = [80, 443]\n", with);
    assert_eq!(text_of(&changed, PROD), expected);
}

#[test]
fn what_other_units_read_as_well_is_not_edited_and_the_reason_names_them() {
    // The parent sets it for both units.
    let root = ROOT.replace(
        "owner       = \"platform\"",
        "owner       = \"platform\"\n  size        = \"t3.small\"",
    );
    let unit = REPOSITORY[3].1.replace("  size  = \"t3.large\"\n", "");
    let tree = repository(&[("live/root.hcl", &root), (PROD, &unit)]);
    let size = (
        "instance_type",
        Value::text("t3.small"),
        Value::text("t3.xlarge"),
    );
    let (changed, fix) = adopt(&tree, "live/prod/app", &[size]);
    assert_eq!(changed, Changed::new());
    assert_eq!(
        fix.reason.unwrap(),
        "live/root.hcl is a configuration that the unit `live/stage/app` reads as well: set the input in the unit's own \
         terragrunt.hcl"
    );
    // The module is shared.
    let module = MODULE.replace("instance_type = var.size", "instance_type = \"t3.small\"");
    let tree = repository(&[("modules/app/main.tf", &module)]);
    let size = (
        "instance_type",
        Value::text("t3.small"),
        Value::text("t3.xlarge"),
    );
    let (changed, fix) = adopt(&tree, "live/prod/app", std::slice::from_ref(&size));
    assert_eq!(changed, Changed::new());
    assert_eq!(
        fix.reason.unwrap(),
        "modules/app/main.tf is code that `live/stage/app` runs as well: let the module take the value as a variable"
    );
    // One unit alone may change its module.
    let mut tree = tree;
    tree.files.remove("live/stage/app/terragrunt.hcl");
    let (changed, _) = adopt(&tree, "live/prod/app", &[size]);
    assert_eq!(
        text_of(&changed, "modules/app/main.tf"),
        module.replace("t3.small", "t3.xlarge")
    );
    // What is computed is named with its place.
    let unit = unit_of(
        "locals {\n  c = read_terragrunt_config(\"../size.hcl\")\n}\ninputs = {\n  environment = \"a\"\n  owner = \"b\"\n  size = local.c.locals.size\n}",
    );
    let tree = repository(&[
        (PROD, &unit),
        ("live/prod/size.hcl", "locals { size = \"t3.small\" }\n"),
    ]);
    let size = (
        "instance_type",
        Value::text("t3.small"),
        Value::text("t3.xlarge"),
    );
    let (changed, fix) = adopt(&tree, "live/prod/app", &[size]);
    // The unit's own input takes the value in place of the reference.
    let expected = unit.replace("size = local.c.locals.size", "size = \"t3.xlarge\"");
    match changed.is_empty() {
        true => assert!(
            fix.reason
                .unwrap()
                .contains("live/prod/app/terragrunt.hcl:"),
            "no place"
        ),
        false => assert_eq!(text_of(&changed, PROD), expected),
    }
}

#[tokio::test]
async fn the_shop_as_a_unit_is_scanned_and_fixed_as_any_other_stack() {
    let aws = shop().await;
    let checkout = Checkout::new();
    let root = checkout.path();
    std::fs::create_dir_all(root.join("modules")).unwrap();
    std::fs::rename(root.join("infra/production"), root.join("modules/shop")).unwrap();
    for file in [
        "modules/shop/backend.tf",
        "modules/shop/terraform.tfvars",
        ".driftguard.yml",
    ] {
        std::fs::remove_file(root.join(file)).unwrap();
    }
    for folder in ["live/production", "live/staging"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    checkout.write(
        "live/root.hcl",
        r#"remote_state {
  backend = "s3"
  config = {
    bucket = "acme-terraform-state"
    key    = "shop/${path_relative_to_include()}/terraform.tfstate"
    region = "us-east-1"
  }
}
generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<EOF
provider "aws" {
  region = "us-east-1"
  default_tags {
    tags = {
      Environment = "${basename(get_terragrunt_dir())}"
      ManagedBy   = "terraform"
    }
  }
}
EOF
}
"#,
    );
    let unit = |size: &str| {
        format!(
            "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\nterraform {{\n  source = \
             \"../../modules//shop\"\n}}\ninputs = {{\n  instance_type     = \"{size}\"\n  database_password = \
             sops_decrypt_file(\"secrets.yaml\")\n}}\n"
        )
    };
    checkout.write("live/production/terragrunt.hcl", &unit("t3.small"));
    checkout.write("live/staging/terragrunt.hcl", &unit("t3.micro"));
    let scan = [
        "scan",
        "live/production",
        "--unmanaged",
        "off",
        "--format",
        "json",
    ];
    let run = checkout.driftguard(aws.url(), &scan);
    assert_eq!(run.findings(), [""; 0], "{run:?}");
    assert_eq!(run.code, 0, "{run:?}");
    let text = checkout.driftguard(
        aws.url(),
        &["scan", "live/production", "--unmanaged", "off"],
    );
    assert!(text.out.contains("sops_decrypt_file"), "{text:?}");
    // Every unit of the repository is a stack: one has no state yet.
    let all = checkout.driftguard(
        aws.url(),
        &["scan", "--unmanaged", "off", "--format", "json"],
    );
    assert_eq!(all.code, 3, "{all:?}");
    let stacks = all.json()["stacks"].as_array().unwrap().clone();
    let names: Vec<_> = stacks
        .iter()
        .map(|stack| stack["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["live-production", "live-staging"]);
    assert!(
        stacks[1]["error"]["message"]
            .as_str()
            .unwrap()
            .contains("shop/staging")
    );

    aws.replay(CONSOLE).await.unwrap();
    let fix = [
        "fix",
        "live/production",
        "--unmanaged",
        "off",
        "--format",
        "json",
    ];
    let run = checkout.driftguard(aws.url(), &fix);
    assert_eq!(
        checkout.read("live/production/terragrunt.hcl"),
        unit("t3.xlarge")
    );
    assert_eq!(
        checkout.read("live/staging/terragrunt.hcl"),
        unit("t3.micro")
    );
    let fixes = run.fixes();
    let server = "aws_instance.web[0]: adopt live/production/terragrunt.hcl:8".to_owned();
    assert!(fixes.contains(&server), "{fixes:?}");
    let shared = "modules/shop/web.tf is code that `live/staging` runs as well";
    assert!(fixes.iter().any(|fix| fix.contains(shared)), "{fixes:?}");
    assert_eq!(run.code, 2, "{run:?}");
    assert!(!format!("{run:?}").contains(PASSWORD));
}
