//! Variables that are set out of sight: by files that nobody names, by the shell, by HCP Terraform.

use driftguard::code::{self, EnvironmentTags, GivenVariables, Options, OutsideVariable, Recorded};
use driftguard::live;
use driftguard::model::{Attributes, AwsLocation, ProviderKey, Region, Resource, Tree, Value};
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

/// A resource of a provider configuration, which records nothing but these attributes.
fn of_alias(address: &str, alias: Option<&str>, attributes: &[(&str, Value)]) -> Resource {
    let mut resource = role(address, attributes);
    resource.provider.alias = alias.map(str::to_owned);
    resource
}

const TWO_REGIONS: &str = r#"
variable "region" { default = "us-east-1" }
variable "dr" { default = "us-west-2" }
variable "kept" { default = "eu-central-1" }
variable "account" { default = "111111111111" }
provider "aws" { region = var.region }
provider "aws" {
  alias  = "dr"
  region = "${var.dr}"
  assume_role { role_arn = "arn:aws:iam::${var.account}:role/deploy" }
}
provider "aws" {
  alias  = "kept"
  region = var.kept
}
resource "aws_vpc" "v" { cidr_block = "10.0.0.0/16" }
resource "aws_route" "r" { route_table_id = "rtb-1" }
"#;

/// The resources that were recorded when the variables had other values.
fn in_two_regions() -> Vec<Resource> {
    let vpc = |address: &str, alias: Option<&str>, region: &str| {
        let arn = format!("arn:aws:ec2:{region}:222222222222:vpc/vpc-1");
        of_alias(address, alias, &[("arn", arn.as_str().into())])
    };
    let route = |address: &str, alias: Option<&str>| {
        of_alias(address, alias, &[("route_table_id", "rtb-1".into())])
    };
    vec![
        vpc("aws_vpc.v", None, "eu-west-1"),
        route("aws_route.r", None),
        vpc("aws_vpc.dr", Some("dr"), "ap-south-1"),
        route("aws_route.dr", Some("dr")),
        vpc("aws_vpc.kept", Some("kept"), "eu-central-1"),
        route("aws_route.kept", Some("kept")),
    ]
}

#[test]
fn a_region_or_an_account_that_no_resource_of_its_provider_is_in_is_set_outside() {
    let found = said(&outside(&[("main.tf", TWO_REGIONS)], in_two_regions()));
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].contains("`var.account`"), "{found:#?}");
    assert!(found[1].contains("`var.dr`"), "{found:#?}");
    assert!(
        found[2].contains("`var.region` may be set from outside (its default gives \"us-east-1\", the state holds \"eu-west-1\")"),
        "{found:#?}"
    );
}

#[test]
fn what_tells_no_region_itself_is_where_the_others_of_its_provider_are() {
    let located = |region: Option<&str>, is_region_unknown: bool, recorded: &[Resource]| {
        let providers: live::Providers = [None, Some("dr"), Some("kept")]
            .map(|alias| {
                let key = of_alias("aws_route.x", alias, &[]).provider;
                let region = region.and_then(Region::new);
                let location = AwsLocation {
                    account: None,
                    region,
                };
                let configured = live::ProviderLocation {
                    location,
                    is_region_unknown,
                };
                (key, configured)
            })
            .into();
        let located = live::locate(recorded, &providers).into_iter();
        let places = located.map(|tracked| {
            let region = tracked.location.region.map(|region| region.to_string());
            (region.unwrap_or_default(), tracked.doubt.is_some())
        });
        places.collect::<Vec<_>>()
    };
    let all = in_two_regions();
    let place = |region: &str, is_doubted: bool| (region.to_owned(), is_doubted);
    // Nobody knows the regions: the peers tell them, and what is missing there is gone.
    let peers = ["eu-west-1", "ap-south-1", "eu-central-1"];
    let expected: Vec<_> = peers
        .iter()
        .flat_map(|region| [place(region, false), place(region, false)])
        .collect();
    assert_eq!(located(None, true, &all), expected);
    // All peers contradict the code: what is missing among them is not called deleted.
    let expected: Vec<_> = peers
        .iter()
        .flat_map(|region| {
            [
                place(region, false),
                place(region, *region != "eu-central-1"),
            ]
        })
        .collect();
    assert_eq!(located(Some("eu-central-1"), false, &all), expected);
    // Nothing tells the region at all.
    let alone = [of_alias("aws_route.r", None, &[])];
    assert_eq!(located(None, true, &alone), [place("", true)]);
    assert_eq!(located(None, false, &alone), [place("", false)]);
}

/// A rule of a group as the state records it.
fn rule(port: i64, ranges: &[&str]) -> Value {
    let ranges: Vec<Value> = ranges.iter().map(|range| Value::from(*range)).collect();
    Value::map([
        ("cidr_blocks", Value::List(ranges)),
        ("description", "".into()),
        ("from_port", port.into()),
        ("ipv6_cidr_blocks", Value::List(Vec::new())),
        ("prefix_list_ids", Value::List(Vec::new())),
        ("protocol", "tcp".into()),
        ("security_groups", Value::List(Vec::new())),
        ("self", false.into()),
        ("to_port", port.into()),
    ])
}

/// The names of the variables that are set outside, for a group with these blocks and these recorded rules.
fn of_group(blocks: &str, rules: &[Value]) -> Vec<String> {
    let code = format!(
        "variable \"ssh\" {{ default = [\"0.0.0.0/0\"] }}\nvariable \"more\" {{ default = {{}} }}\n\
         resource \"aws_security_group\" \"g\" {{\n{blocks}\n}}\n"
    );
    let recorded = [("id", "sg-1".into()), ("ingress", rules.to_vec().into())];
    let recorded = vec![role("aws_security_group.g", &recorded)];
    let found = outside(&[("main.tf", &code)], recorded).into_iter();
    found.map(|variable| variable.name).collect()
}

const SSH: &str = "ingress {\n  from_port = 22\n  to_port = 22\n  protocol = \"tcp\"\n  cidr_blocks = var.ssh\n}\n";
const CONCAT: &str = "ingress {\n  from_port = 22\n  to_port = 22\n  protocol = \"tcp\"\n  cidr_blocks = concat([\"10.1.0.0/16\"], var.ssh)\n}\n";
const WEB: &str = "ingress {\n  from_port = 80\n  to_port = 80\n  protocol = \"tcp\"\n  cidr_blocks = [\"10.0.0.0/8\"]\n}\n";
const MORE: &str = "dynamic \"ingress\" {\n  for_each = var.more\n  content {\n    from_port = ingress.value\n    to_port = ingress.value\n    protocol = \"tcp\"\n    cidr_blocks = [\"10.0.0.0/8\"]\n  }\n}\n";

#[test]
fn blocks_that_were_recorded_otherwise_may_be_made_of_any_variable_in_them() {
    let (web, office) = (rule(80, &["10.0.0.0/8"]), rule(22, &["10.5.0.0/16"]));
    let open = rule(22, &["0.0.0.0/0"]);
    let both = rule(22, &["10.1.0.0/16", "10.5.0.0/16"]);
    let further = rule(8080, &["10.0.0.0/8"]);
    let (ssh, more) = (["ssh"], ["more"]);
    assert_eq!(of_group(SSH, std::slice::from_ref(&office)), ssh);
    assert_eq!(of_group(CONCAT, &[both]), ssh);
    assert_eq!(
        of_group(&format!("{WEB}{SSH}"), &[web.clone(), office]),
        ssh
    );
    assert_eq!(
        of_group(&format!("{WEB}{MORE}"), &[web.clone(), further]),
        more
    );
    // As the defaults lead to it.
    assert_eq!(of_group(SSH, std::slice::from_ref(&open)), [""; 0]);
    assert_eq!(
        of_group(&format!("{WEB}{SSH}{MORE}"), &[open, web.clone()]),
        [""; 0]
    );
    // What code does not write at all AWS may have filled in: see below.
    assert_eq!(of_group(MORE, &[web]), [""; 0]);
}

/// What another state holds is not known here: that a part of a block is unknown is no fault of the variable beside it.
#[test]
fn a_variable_beside_something_unknown_is_not_blamed_where_the_rest_is_as_recorded() {
    let blocks = r#"
  dynamic "ingress" {
    for_each = { ssh = 22, https = 443 }
    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = [for name in var.ssh : data.terraform_remote_state.base.outputs.cidrs[name]]
    }
  }
"#;
    let (https, ssh) = (rule(443, &["10.0.0.0/8"]), rule(22, &["10.0.0.0/8"]));
    assert_eq!(of_group(blocks, &[https.clone(), ssh]), [""; 0]);
    let other = rule(8443, &["10.0.0.0/8"]);
    assert_eq!(of_group(blocks, &[https, other]), ["ssh"]);
}

#[test]
fn nested_blocks_of_any_kind_are_compared_as_a_whole() {
    let code = r#"
variable "origins" { default = [] }
variable "rules" { default = {} }
resource "aws_s3_bucket" "b" {
  dynamic "cors_rule" {
    for_each = concat(["https://a"], var.origins)
    content {
      allowed_methods = ["GET"]
      allowed_origins = [cors_rule.value]
    }
  }
}
resource "aws_iam_role" "r" {
  inline_policy {
    name   = "fixed"
    policy = "{}"
  }
  dynamic "inline_policy" {
    for_each = var.rules
    content {
      name   = inline_policy.key
      policy = inline_policy.value
    }
  }
}
"#;
    let cors = |origin: &str| {
        let list = |text: &str| Value::List(vec![text.into()]);
        Value::map([
            ("allowed_headers", Value::Null),
            ("allowed_methods", list("GET")),
            ("allowed_origins", list(origin)),
            ("max_age_seconds", 0.into()),
        ])
    };
    let inline = |name: &str| Value::map([("name", Value::from(name)), ("policy", "{}".into())]);
    let recorded = |origins: &[&str], policies: &[&str]| {
        let origins: Vec<_> = origins.iter().map(|origin| cors(origin)).collect();
        let policies: Vec<_> = policies.iter().map(|name| inline(name)).collect();
        vec![
            role("aws_s3_bucket.b", &[("cors_rule", Value::List(origins))]),
            role(
                "aws_iam_role.r",
                &[("inline_policy", Value::List(policies))],
            ),
        ]
    };
    let names = |recorded| {
        let found = outside(&[("main.tf", code)], recorded).into_iter();
        found.map(|variable| variable.name).collect::<Vec<_>>()
    };
    let applied = recorded(&["https://a", "https://b"], &["fixed", "other"]);
    assert_eq!(names(applied), ["origins", "rules"]);
    assert_eq!(names(recorded(&["https://a"], &["fixed"])), [""; 0]);
}

/// The value of an attribute, and who is told to decide on it.
fn null_default(
    code: &str,
    address: &str,
    attributes: &[(&str, Value)],
    path: &str,
) -> (Value, Vec<String>) {
    let tree: Tree = [("main.tf", code)].into_iter().collect();
    let mut options = options(vec![role(address, attributes)]);
    let outside = code::outside_variables(&tree, "", &options, &resources::catalog());
    assert_eq!(said(&outside.found), [""; 0]);
    let address = address.parse().unwrap();
    let behind = outside.null_defaults.behind(&address, path);
    let behind = behind.map(ToString::to_string).collect();
    options.null_defaults = Arc::new(outside.null_defaults);
    let evaluated = code::evaluate(&tree, "", &options);
    (evaluated.declared.resources[&address].value(path), behind)
}

#[test]
fn an_argument_that_is_null_by_a_default_is_unknown_where_the_state_holds_a_value() {
    let code = r#"
variable "dns" { default = null }
variable "hop" { default = null }
variable "disks" { default = [] }
resource "aws_vpc" "v" { enable_dns_hostnames = var.dns == "x" ? true : var.dns }
resource "aws_instance" "i" {
  ebs_optimized = var.dns
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = var.hop
  }
  dynamic "root_block_device" {
    for_each = var.disks
    content { volume_size = root_block_device.value }
  }
}
"#;
    let block = |name: &str, value: i64| Value::List(vec![Value::map([(name, value.into())])]);
    let (value, behind) = null_default(
        code,
        "aws_vpc.v",
        &[("enable_dns_hostnames", true.into())],
        "enable_dns_hostnames",
    );
    assert_eq!(value, Value::Unknown);
    assert!(behind[0].contains("`var.dns`"), "{behind:?}");
    // That nothing is set tells nothing.
    let (value, behind) = null_default(
        code,
        "aws_vpc.v",
        &[("enable_dns_hostnames", false.into())],
        "enable_dns_hostnames",
    );
    assert_eq!((value, behind.len()), (Value::Null, 0));
    let recorded = [
        ("ebs_optimized", Value::from(true)),
        ("metadata_options", block("http_put_response_hop_limit", 1)),
        ("root_block_device", block("volume_size", 20)),
    ];
    let (value, behind) = null_default(code, "aws_instance.i", &recorded, "ebs_optimized");
    assert_eq!(value, Value::Unknown);
    assert!(
        behind[0].contains("its default gives null, the state holds true"),
        "{behind:?}"
    );
    let path = "metadata_options[0].http_put_response_hop_limit";
    let (value, behind) = null_default(code, "aws_instance.i", &recorded, path);
    assert_eq!(value, Value::Unknown);
    assert!(behind[0].contains("`var.hop`"), "{behind:?}");
    let (value, _) = null_default(code, "aws_instance.i", &recorded, "metadata_options");
    let block = &value.as_list().unwrap()[0];
    assert_eq!(block.get("http_put_response_hop_limit"), &Value::Unknown);
    assert_eq!(block.get("http_tokens"), &"required".into());
    let (value, behind) = null_default(code, "aws_instance.i", &recorded, "root_block_device");
    assert_eq!(value, Value::Unknown);
    assert!(behind[0].contains("`var.disks`"), "{behind:?}");
}

/// The variable may have been set to null, or nobody has applied the code yet: so the code tells nothing.
#[test]
fn an_argument_that_a_default_sets_is_unknown_where_the_state_holds_null() {
    let code = r#"
variable "boundary" { default = "arn:aws:iam::1:policy/b" }
variable "owner" { default = "ada" }
variable "on" { default = true }
variable "fixed" {
  default  = "arn:aws:iam::1:policy/f"
  nullable = false
}
resource "aws_iam_role" "app" {
  name                 = "app"
  permissions_boundary = var.boundary
  description          = var.on ? "x" : null
  tags                 = { Owner = var.owner, Stage = "prod-${var.owner}" }
}
resource "aws_iam_role" "fixed" { permissions_boundary = var.fixed }
"#;
    let recorded = |boundary: Value| {
        [
            ("name", Value::from("app")),
            ("permissions_boundary", boundary),
            ("description", Value::Null),
            ("tags", Value::map([("Stage", Value::from("prod-ada"))])),
        ]
    };
    let none = recorded(Value::Null);
    let open = |path: &str| null_default(code, "aws_iam_role.app", &none, path);
    let (value, behind) = open("permissions_boundary");
    assert_eq!(value, Value::Unknown);
    let why = "`var.boundary` may be set from outside (its default gives \"arn:aws:iam::1:policy/b\", the state holds null)";
    assert!(behind[0].starts_with(why), "{behind:?}");
    let (value, behind) = open("description");
    assert_eq!((value, behind.len()), (Value::Unknown, 1));
    // The state holds the variable's default elsewhere, in a template: nothing else set it.
    let (value, behind) = open("tags[\"Owner\"]");
    assert_eq!((value, behind.len()), ("ada".into(), 0));
    let others = [("tags", Value::map([("Team", Value::from("web"))]))];
    let (value, behind) = null_default(code, "aws_iam_role.app", &others, "tags[\"Owner\"]");
    assert_eq!((value, behind.len()), (Value::Unknown, 1));
    let (value, _) = null_default(code, "aws_iam_role.app", &others, "tags");
    assert_eq!(value.get("Owner"), &Value::Unknown);
    assert_eq!(value.get("Stage"), &"prod-ada".into());
    // A variable that takes no null was not set to null.
    let fixed = [("permissions_boundary", Value::Null)];
    let (value, behind) = null_default(code, "aws_iam_role.fixed", &fixed, "permissions_boundary");
    assert_eq!((value, behind.len()), ("arn:aws:iam::1:policy/f".into(), 0));
}

#[test]
fn tags_of_a_provider_that_code_merges_are_compared_with_those_that_the_state_recorded() {
    let code = r#"
variable "org_tags" { default = {} }
provider "aws" {
  default_tags { tags = merge({ a = 1 }, var.org_tags) }
}
resource "aws_iam_role" "app" { tags = { own = "x" } }
"#;
    let recorded = |all: &[(&str, &str)]| {
        let all = all.iter().map(|(key, value)| (*key, Value::from(*value)));
        let own = Value::map([("own", Value::from("x"))]);
        let attributes = [("tags", own), ("tags_all", Value::map(all))];
        vec![role("aws_iam_role.app", &attributes)]
    };
    let names = |all: &[(&str, &str)]| {
        let found = outside(&[("main.tf", code)], recorded(all)).into_iter();
        found.map(|variable| variable.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&[("a", "1"), ("own", "x")]), [""; 0]);
    assert_eq!(
        names(&[("a", "1"), ("org", "y"), ("own", "x")]),
        ["org_tags"]
    );
}

#[test]
fn each_variable_without_a_value_that_code_uses_is_told() {
    let code = r#"
variable "admins" { type = list(string) }
variable "more" { default = {} }
variable "owner" {}
variable "region" {}
variable "unused" {}
variable "password" {
  sensitive = true
  default   = null
}
variable "pin" {
  sensitive = true
  default   = "4711"
}
provider "aws" { region = var.region }
data "aws_ami" "a" { owners = [var.owner] }
resource "aws_security_group" "g" {
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = var.admins
  }
  dynamic "ingress" {
    for_each = var.more
    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["10.0.0.0/8"]
    }
  }
}
resource "aws_security_group_rule" "r" {
  for_each    = toset(var.admins)
  cidr_blocks = [each.value]
}
resource "aws_iam_role" "app" { description = "${var.password} ${var.pin}" }
"#;
    let rules = [rule(22, &["10.9.0.0/16"]), rule(8080, &["10.0.0.0/8"])];
    let recorded = vec![
        role(
            "aws_security_group.g",
            &[("ingress", rules.to_vec().into())],
        ),
        role("aws_iam_role.app", &[("description", "x".into())]),
    ];
    let found = outside(&[("main.tf", code)], recorded);
    let names: Vec<_> = found
        .iter()
        .map(|variable| variable.name.as_str())
        .collect();
    assert_eq!(names, ["admins", "more", "owner", "password", "region"]);
    assert!(
        said(&found)[3].contains("it is a secret, and no file sets it"),
        "{found:?}"
    );
}
