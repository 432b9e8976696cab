//! Variables that are set out of sight: by files that nobody names, by the shell, by HCP Terraform.

use driftguard::code::{self, EnvironmentTags, GivenVariables, Options, OutsideVariable, Recorded};
use driftguard::model::{Attributes, ProviderKey, Resource, Tree, Value};
use driftguard::resources;
use std::sync::Arc;

/// A role as the state recorded it.
fn role(address: &str, attributes: &[(&str, Value)]) -> Resource {
    let attributes = attributes.iter().cloned();
    Resource {
        address: address.parse().unwrap(),
        provider: ProviderKey {
            module: String::new(),
            name: "aws".to_owned(),
            alias: None,
        },
        id: "app".to_owned(),
        attributes: attributes
            .map(|(name, value)| (name.to_owned(), value))
            .collect::<Attributes>(),
    }
}

fn options(recorded: Vec<Resource>) -> Options {
    Options {
        recorded: Recorded::new([Arc::new(recorded)]),
        ..Options::default()
    }
}

/// What is said of the variables of this code, with the state of these resources.
fn outside(files: &[(&str, &str)], recorded: Vec<Resource>) -> Vec<OutsideVariable> {
    let tree: Tree = files.iter().map(|(path, text)| (*path, *text)).collect();
    code::outside_variables(&tree, "", &options(recorded), &resources::catalog()).found
}

fn said(outside: &[OutsideVariable]) -> Vec<String> {
    outside.iter().map(ToString::to_string).collect()
}

const SESSION: &str = r#"
variable "session" {
  type    = number
  default = 3600
}
resource "aws_iam_role" "app" {
  name                 = "app"
  max_session_duration = var.session
}
"#;

#[test]
fn a_default_that_the_state_does_not_hold_is_set_outside_and_the_file_that_fits_is_named() {
    let recorded = || {
        vec![role(
            "aws_iam_role.app",
            &[("max_session_duration", 7200.into())],
        )]
    };
    let found = outside(
        &[
            ("main.tf", SESSION),
            ("env/dev.tfvars", "session = 1800\n"),
            ("env/prod.tfvars", "session = 7200\n"),
            ("env/other.tfvars", "region = \"eu-west-1\"\n"),
        ],
        recorded(),
    );
    assert_eq!(
        said(&found),
        [
            "`var.session` may be set from outside (its default gives 3600, the state holds 7200): pass --var-file \
             env/prod.tfvars, or name it under `var_files`"
        ]
    );
    // Its value is unknown then, and there is nothing to edit.
    let mut options = options(recorded());
    options.outside = found.into_iter().map(|one| one.name).collect();
    let tree: Tree = [("main.tf", SESSION)].into_iter().collect();
    let evaluated = code::evaluate(&tree, "", &options);
    let role = &evaluated.declared.resources[&"aws_iam_role.app".parse().unwrap()];
    assert_eq!(role.value("max_session_duration"), Value::Unknown);
    assert!(matches!(
        role.attributes["max_session_duration"].site,
        driftguard::model::Site::Refused(_)
    ));
    assert_eq!(role.value("name"), "app".into());
}

#[test]
fn a_default_that_the_state_holds_counts() {
    let recorded = vec![role(
        "aws_iam_role.app",
        &[("max_session_duration", 3600.into())],
    )];
    let files = [
        ("main.tf", SESSION),
        ("env/prod.tfvars", "session = 7200\n"),
    ];
    assert_eq!(said(&outside(&files, recorded)), [""; 0]);
}

#[test]
fn what_a_file_sets_that_terraform_reads_by_itself_is_not_set_outside() {
    let recorded = || {
        vec![role(
            "aws_iam_role.app",
            &[("max_session_duration", 7200.into())],
        )]
    };
    let files = [
        ("main.tf", SESSION),
        ("terraform.tfvars", "session = 1800\n"),
    ];
    assert_eq!(said(&outside(&files, recorded())), [""; 0]);
    // A file that could not be read may set it as well.
    let files = [
        ("main.tf", SESSION),
        ("x.auto.tfvars", "session = = 1800\n"),
    ];
    let tree: Tree = files.into_iter().collect();
    let evaluated = code::evaluate(&tree, "", &options(recorded()));
    let role = &evaluated.declared.resources[&"aws_iam_role.app".parse().unwrap()];
    assert_eq!(role.value("max_session_duration"), Value::Unknown);
}

/// Which instances there are is not known: what is recorded of one tells of the code that all have.
#[test]
fn a_variable_is_followed_into_modules_whose_instances_are_not_certain() {
    let main = r#"
variable "owner" { default = "nobody" }
variable "names" {}
variable "keys" {}
variable "spare" {}
provider "aws" {
  ignore_tags { keys = var.keys }
}
module "apps" {
  source   = "./app"
  for_each = var.names
  owner    = "team-${var.owner}"
}
"#;
    let app = "variable \"owner\" {}\nresource \"aws_iam_role\" \"app\" {\n  description = \"of ${var.owner}\"\n}\n";
    let recorded = |owner: &str| {
        let description = format!("of team-{owner}");
        let role = |key: &str| {
            let address = format!("module.apps[\"{key}\"].aws_iam_role.app");
            role(&address, &[("description", description.as_str().into())])
        };
        vec![role("a"), role("b")]
    };
    let names = |owner: &str| {
        let files = [("main.tf", main), ("app/main.tf", app)];
        let found = outside(&files, recorded(owner)).into_iter();
        found.map(|variable| variable.name).collect::<Vec<_>>()
    };
    assert_eq!(names("zed"), ["keys", "names", "owner"]);
    assert_eq!(names("nobody"), ["keys", "names"]);
}

#[test]
fn the_environment_gives_tags_to_every_provider() {
    let tags = |code: &str| {
        let mut tags = EnvironmentTags::default();
        tags.add("TF_AWS_DEFAULT_TAGS_Team", "env");
        tags.add("TF_AWS_DEFAULT_TAGS_Cost", "7");
        tags.add("TF_AWS_IGNORE_TAGS_KEYS", "Scan, B,");
        tags.add("TF_AWS_IGNORE_TAGS_KEY_PREFIXES", "k8s/");
        tags.add("PATH", "/bin");
        let options = Options {
            given: GivenVariables {
                tags,
                ..GivenVariables::default()
            },
            ..Options::default()
        };
        let tree: Tree = [("main.tf", code)].into_iter().collect();
        let evaluated = code::evaluate(&tree, "", &options);
        assert_eq!(evaluated.providers.len(), 1);
        let tags = evaluated.providers[0].tags.clone();
        let ignored = ["A", "B", "Scan", "k8s/x", "C"].map(|key| tags.ignores(key));
        (tags.default, ignored)
    };
    let default = |team: &str| Value::map([("Cost", "7".into()), ("Team", team.into())]);
    let code = "provider \"aws\" {\n  default_tags { tags = { Team = \"code\" } }\n  ignore_tags { keys = [\"A\"] }\n}\n";
    assert_eq!(
        tags(code),
        (default("code"), [true, true, true, true, false])
    );
    let ignored = [false, true, true, true, false];
    assert_eq!(tags("provider \"aws\" {}\n"), (default("env"), ignored));
    // The default configuration need not be written.
    assert_eq!(tags("locals { a = 1 }\n"), (default("env"), ignored));
    let unknown = "variable \"x\" {}\nprovider \"aws\" {\n  default_tags { tags = var.x }\n}\n";
    assert_eq!(tags(unknown), (Value::Unknown, ignored));
}

#[test]
fn a_variable_is_followed_through_modules_locals_blocks_and_tags() {
    let main = r#"
variable "env" { default = "dev" }
variable "size" { default = 20 }
variable "wide" { default = false }
variable "many" { default = 1 }
locals {
  prefix = var.env
}
provider "aws" {
  default_tags { tags = { Owner = var.owner } }
}
variable "owner" { default = "nobody" }
variable "kept" { default = "x" }
module "web" {
  source = "./web"
  size   = var.size
  wide   = var.wide
}
resource "aws_iam_role" "app" {
  count = var.many
  name  = "${local.prefix}-app"
  tags  = { Kept = var.kept, Env = local.prefix }
}
"#;
    let web = r#"
variable "size" {}
variable "wide" {}
resource "aws_instance" "this" {
  instance_type = var.wide ? "m5.large" : "t3.nano"
  root_block_device { volume_size = var.size }
}
"#;
    let disk = Value::List(vec![Value::map([("volume_size", 50.into())])]);
    let tags = Value::map([("Kept", "x".into()), ("Env", "prod".into())]);
    let mut all = tags.as_map().unwrap().clone();
    all.insert("Owner".to_owned(), "platform".into());
    let app = |at| {
        role(
            &format!("aws_iam_role.app[{at}]"),
            &[
                ("name", "prod-app".into()),
                ("tags", tags.clone()),
                ("tags_all", Value::Map(all.clone())),
            ],
        )
    };
    let instance = role(
        "module.web.aws_instance.this",
        &[
            ("instance_type", "m5.large".into()),
            ("root_block_device", disk),
        ],
    );
    let files = [("main.tf", main), ("web/main.tf", web)];
    let found = outside(&files, vec![app(0), app(1), instance]);
    let names: Vec<_> = found.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["env", "many", "owner", "size", "wide"]);
}

#[test]
fn a_condition_that_comes_out_otherwise_proves_nothing_where_the_variable_itself_agrees() {
    let code = r#"
variable "env" { default = "dev" }
resource "aws_iam_role" "app" {
  description          = var.env
  max_session_duration = var.env == "dev" ? 3600 : 7200
}
"#;
    let recorded = |env: &str| {
        let attributes = [
            ("description", env.into()),
            ("max_session_duration", 7200.into()),
        ];
        vec![role("aws_iam_role.app", &attributes)]
    };
    // Somebody edited the condition, and nobody has applied it yet.
    assert_eq!(
        said(&outside(&[("main.tf", code)], recorded("dev"))),
        [""; 0]
    );
    assert_eq!(outside(&[("main.tf", code)], recorded("prod")).len(), 1);
}

#[test]
fn a_variable_without_default_is_told_where_it_matters_and_a_secret_ones_values_never_are() {
    let code = r#"
variable "session" {}
variable "unused" {}
variable "api_token" { default = "planted-default" }
resource "aws_iam_role" "app" {
  max_session_duration = var.session
  description          = var.api_token
}
"#;
    let attributes = [
        ("max_session_duration", 7200.into()),
        ("description", "planted-live".into()),
    ];
    let said = said(&outside(
        &[("main.tf", code)],
        vec![role("aws_iam_role.app", &attributes)],
    ));
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[1].contains("`var.session`") && said[1].contains("no default"),
        "{said:?}"
    );
    assert!(!said.concat().contains("planted"), "{said:?}");
}

#[test]
fn the_command_line_sets_variables_as_terraform_does() {
    let code = r#"
variable "session" {
  type    = number
  default = 3600
}
variable "names" { type = list(string) }
variable "plain" {}
resource "aws_iam_role" "app" {
  max_session_duration = var.session
  name                 = var.names[1]
  description          = var.plain
}
"#;
    let given = |environment: &[(&str, &str)], arguments: &[(&str, &str)], tfvars: &str| {
        let text = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        let options = Options {
            given: GivenVariables {
                environment: environment.iter().map(text).collect(),
                arguments: arguments.iter().map(text).collect(),
                ..GivenVariables::default()
            },
            ..Options::default()
        };
        let tree: Tree = [("main.tf", code), ("terraform.tfvars", tfvars)]
            .into_iter()
            .collect();
        let evaluated = code::evaluate(&tree, "", &options);
        let role = &evaluated.declared.resources[&"aws_iam_role.app".parse().unwrap()];
        ["max_session_duration", "name", "description"].map(|name| role.value(name))
    };
    let environment = [
        ("session", "7200"),
        ("names", r#"["a", "b"]"#),
        ("plain", r#"["c"]"#),
    ];
    let plain = || Value::from(r#"["c"]"#);
    assert_eq!(
        given(&environment, &[], ""),
        [7200.into(), "b".into(), plain()]
    );
    // A file counts before the environment, an argument before the file, the last before the others.
    assert_eq!(given(&environment, &[], "session = 1800\n")[0], 1800.into());
    let arguments = [("session", "900"), ("session", "901")];
    assert_eq!(
        given(&environment, &arguments, "session = 1800\n")[0],
        901.into()
    );
    assert_eq!(given(&[("names", "[")], &[], "")[1], Value::Unknown);
}

#[test]
fn of_a_type_that_is_not_read_only_what_no_provider_writes_otherwise_proves_anything() {
    let code = r#"
variable "size" { default = 128 }
variable "policy" { default = "{\"a\": 1}" }
variable "team" { default = "none" }
resource "aws_lambda_function" "f" {
  memory_size = var.size
  policy      = var.policy
  tags        = { Team = var.team }
}
"#;
    let attributes = [
        ("memory_size", 512.into()),
        ("policy", "{\"a\":1}".into()),
        ("tags", Value::map([("Team", "shop".into())])),
    ];
    let recorded = vec![role("aws_lambda_function.f", &attributes)];
    let found = outside(&[("main.tf", code)], recorded);
    let names: Vec<_> = found.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["size", "team"]);
}

#[test]
fn a_variable_is_followed_through_the_outputs_of_modules() {
    let files = [
        (
            "main.tf",
            r#"
variable "session" { default = 3600 }
variable "shop" { default = { name = "base" } }
variable "path" { default = "/" }
module "settings" {
  source  = "./settings"
  count   = 1
  session = var.session
  name    = var.shop.name
  path    = var.path
}
module "plain" {
  source  = "./settings"
  session = var.session
  name    = "x"
  path    = var.path
}
resource "aws_iam_role" "app" {
  name                 = "app"
  max_session_duration = module.plain.session
  description          = module.settings[0].all.name
  path                 = module.plain.all.path
}
"#,
        ),
        (
            "settings/main.tf",
            r#"
variable "session" {}
variable "name" {}
variable "path" {}
locals { all = { name = var.name, path = var.path } }
output "session" { value = var.session }
output "all" { value = local.all }
"#,
        ),
    ];
    let recorded = vec![role(
        "aws_iam_role.app",
        &[
            ("max_session_duration", 7200.into()),
            ("description", "The shop".into()),
            ("path", "/".into()),
        ],
    )];
    let names: Vec<String> = outside(&files, recorded)
        .into_iter()
        .map(|variable| variable.to_string())
        .collect();
    let [session, shop] = names.as_slice() else {
        panic!("{names:#?}");
    };
    let differs =
        "`var.session` may be set from outside (its default gives 3600, the state holds 7200)";
    assert!(session.starts_with(differs), "{session}");
    let differs =
        "`var.shop` may be set from outside (its default does not give what the state holds)";
    assert!(shop.starts_with(differs), "{shop}");
}

#[test]
fn a_call_that_the_state_has_other_instances_of_is_counted_from_outside() {
    let main = r#"
variable "apps" { default = {} }
variable "is_on" { default = false }
variable "fixed" { default = "app" }
module "each" {
  source   = "./app"
  for_each = var.apps
  name     = each.key
}
module "count" {
  source = "./app"
  count  = var.is_on ? 1 : 0
  name   = var.fixed
}
module "same" {
  source   = "./app"
  for_each = toset([var.fixed])
  name     = each.key
}
"#;
    let app = "variable \"name\" {}\nresource \"aws_iam_role\" \"app\" {\n  name = var.name\n}\n";
    let recorded = [
        r#"module.each["a"].aws_iam_role.app"#,
        "module.count[0].aws_iam_role.app",
        r#"module.same["app"].aws_iam_role.app"#,
    ];
    let recorded = recorded.map(|address| role(address, &[("name", "app".into())]));
    let names: Vec<_> = outside(
        &[("main.tf", main), ("app/main.tf", app)],
        recorded.to_vec(),
    )
    .into_iter()
    .map(|variable| variable.name)
    .collect();
    assert_eq!(names, ["apps", "is_on"]);
}
