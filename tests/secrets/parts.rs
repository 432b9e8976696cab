//! What is cut out of a secret, or written in other letters, is a secret as well.

use driftguard::code::{self, Options};
use driftguard::model::{Redactor, Tree, Value};
use driftguard::resources;
use driftguard::scan::load;

/// What is noted as a secret in code with this expression.
fn noted(expression: &str, text: &str) -> bool {
    let code = format!(
        r#"
variable "db_password" {{
  default = "Tr0ub4dorCanaryXYZ93"
}}
locals {{
  db     = {{ password = "Tr0ub4dorCanaryXYZ93", host = "db-0.example.com" }}
  again  = var.db_password
  region = "eu-central-1"
}}
resource "a" "b" {{
  x = {expression}
}}
"#
    );
    let file = r#"{"password": "Tr0ub4dorCanaryXYZ93", "host": "db-0.example.com"}"#;
    let tree: Tree = [("main.tf", code.as_str()), ("s.json", file)]
        .into_iter()
        .collect();
    let evaluated = code::evaluate(&tree, "", &Options::default());
    assert_eq!(evaluated.problems, [], "{expression}");
    evaluated.secrets.holds(text)
}

#[test]
fn parts_of_secrets_are_secrets() {
    for (expression, part) in [
        ("substr(var.db_password, 0, 10)", "Tr0ub4dorC"),
        ("substr(local.again, 10, -1)", "anaryXYZ93"),
        ("substr(local.db.password, 0, 10)", "Tr0ub4dorC"),
        (
            "substr(jsondecode(file(\"s.json\")).password, 0, 10)",
            "Tr0ub4dorC",
        ),
        ("strrev(var.db_password)", "39ZYXyranaCrod4bu0rT"),
        (
            "strrev(strrev(substr(var.db_password, 0, 10)))",
            "Tr0ub4dorC",
        ),
        ("join(\"-\", split(\"C\", var.db_password))", "anaryXYZ93"),
        ("regex(\"^(.{10})\", var.db_password)[0]", "Tr0ub4dorC"),
        ("regexall(\".{10}\", var.db_password)[1]", "anaryXYZ93"),
        ("trimprefix(var.db_password, \"Tr\")", "0ub4dorCanaryXYZ93"),
        (
            "replace(var.db_password, \"Canary\", \"-\")",
            "Tr0ub4dor-XYZ93",
        ),
        ("format(\"%.10s\", var.db_password)", "Tr0ub4dorC"),
        (
            "base64encode(var.db_password)",
            "VHIwdWI0ZG9yQ2FuYXJ5WFlaOTM=",
        ),
        ("\"x ${substr(var.db_password, 0, 10)}\"", "Tr0ub4dorC"),
    ] {
        assert!(noted(expression, part), "{expression}");
    }
}

/// The attribute of a resource with this expression, and whether what it is made of is noted.
fn sealed(expression: &str) -> (Value, bool) {
    let code = format!(
        r#"
variable "db_password" {{
  default = "Tr0ub4dorCanaryXYZ93"
}}
locals {{
  piece   = substr(var.db_password, 0, 3)
  letters = [for letter in split("", var.db_password) : upper(letter)]
  tags    = {{ Piece = local.piece, Name = "web" }}
  pin     = tonumber(substr("x4711${{substr(var.db_password, 0, 1)}}", 1, 4))
}}
resource "aws_instance" "b" {{
  tags = {{ Name = "web", Tr0 = "Trx", Tested = {expression} }}
}}
"#
    );
    let tree: Tree = [("main.tf", code.as_str())].into_iter().collect();
    let mut evaluated = code::evaluate(&tree, "", &Options::default());
    assert_eq!(evaluated.problems, [], "{expression}");
    load::seal(
        &mut evaluated,
        &resources::catalog(),
        &Redactor::new(b"key"),
    );
    let resource = &evaluated.declared.resources[&"aws_instance.b".parse().unwrap()];
    let tags = resource.value("tags");
    let plain = [("Name", "web"), ("Tr0", "Trx")];
    for (key, value) in plain {
        assert_eq!(tags.get(key), &Value::from(value), "{expression}");
    }
    let own = resource.value("tags[\"Tested\"]");
    assert_eq!(&own, tags.get("Tested"), "{expression}");
    (own, resource.made_of_secrets.contains_key("tags"))
}

#[test]
fn what_is_made_of_a_piece_of_a_secret_is_sealed_however_short_it_is() {
    for expression in [
        "substr(var.db_password, 0, 3)",
        "local.piece",
        "local.tags.Piece",
        "lookup(local.tags, \"Piece\", \"\")",
        "merge(local.tags, { Name = \"x\" })[\"Piece\"]",
        "split(\"\", var.db_password)[0]",
        "local.letters[0]",
        "element(local.letters, 7)",
        "join(\"-\", local.letters)",
        "join(\"-\", reverse(sort(tolist(toset(local.letters)))))",
        "\"${local.piece}\"",
        "\"x${local.piece}y\"",
        "\"%{ for letter in local.letters }${letter} %{ endfor }\"",
        "true ? local.piece : \"\"",
        "coalesce(local.piece, \"x\")",
        "upper(local.piece)",
        "title(lower(local.piece))",
        "strrev(local.piece)",
        "urlencode(local.piece)",
        "base64encode(local.piece)",
        "format(\"%s!\", local.piece)",
        "format(\"%.3s\", var.db_password)",
        "jsonencode({ a = local.piece })",
        "jsondecode(jsonencode([local.piece]))[0]",
        "[for letter in split(\"\", var.db_password) : letter if letter == \"T\"][0]",
        "regex(\"^(..)\", var.db_password)[0]",
        "replace(local.piece, \"0\", \"o\")",
        "trimspace(\" ${local.piece} \")",
        "element(chunklist(split(\"\", var.db_password), 2), 1)[1]",
        "base64decode(base64encode(local.piece))",
        "local.pin",
        "tostring(local.pin)",
        "local.pin + 1",
        "2 * local.pin",
        "-local.pin",
        "local.pin % 100",
        "max(local.pin, 3)",
        "sum([1, local.pin])",
        "abs(local.pin)",
        "floor(local.pin / 10)",
        "parseint(substr(\"x4711${substr(var.db_password, 0, 1)}\", 1, 4), 10)",
        "[for digit in split(\"\", tostring(local.pin)) : tonumber(digit)][1]",
        "\"port-${local.pin}\"",
        "format(\"%05d\", local.pin)",
        "jsondecode(jsonencode({ pin = local.pin })).pin",
    ] {
        let (value, is_noted) = sealed(expression);
        assert!(matches!(value, Value::Secret(_)), "{expression}: {value:?}");
        assert!(is_noted, "{expression}");
    }
}

#[test]
fn what_tells_nothing_of_a_secret_is_not_sealed() {
    for expression in [
        "local.tags.Name",
        "merge(local.tags, { Name = \"x\" })[\"Name\"]",
        "sha256(var.db_password)",
        "substr(sha256(var.db_password), 0, 8)",
        "md5(local.piece)",
        "tostring(length(var.db_password))",
        "local.piece == \"Tr0\" ? \"yes\" : \"no\"",
        "join(\"-\", [\"a\", \"b\"])",
        "substr(\"Tr0ub4dor\", 0, 3)",
        "\"Tr0\"",
        "startswith(var.db_password, \"T\") ? \"T\" : \"\"",
        "local.pin > 3 ? \"many\" : \"few\"",
        "tostring(4711)",
        "tostring(length(local.letters) + 1)",
    ] {
        let (value, is_noted) = sealed(expression);
        assert!(value.as_str().is_some(), "{expression}: {value:?}");
        assert!(!is_noted, "{expression}");
    }
}

#[test]
fn a_default_tag_that_is_made_of_a_piece_of_a_secret_is_sealed() {
    let code = r#"
variable "db_password" {
  default = "Tr0ub4dorCanaryXYZ93"
}
provider "aws" {
  region = "eu-west-1"
  default_tags {
    tags = { Piece = substr(var.db_password, 0, 3), Team = "Tr0x" }
  }
}
resource "aws_instance" "b" {
  tags = { Name = "Tr0" }
}
"#;
    let tree: Tree = [("main.tf", code)].into_iter().collect();
    let mut evaluated = code::evaluate(&tree, "", &Options::default());
    assert_eq!(evaluated.problems, []);
    let redactor = Redactor::new(b"key");
    load::seal(&mut evaluated, &resources::catalog(), &redactor);
    let provider = &evaluated.providers[0];
    let tags = &provider.tags.default;
    assert_eq!(tags.get("Piece"), &redactor.fingerprint(&"Tr0".into()));
    assert_eq!(tags.get("Team"), &Value::from("Tr0x"));
    assert_eq!(provider.region, Value::from("eu-west-1"));
    assert!(provider.made_of_secrets.is_empty(), "they are forgotten");
    let resource = &evaluated.declared.resources[&"aws_instance.b".parse().unwrap()];
    assert_eq!(resource.value("tags").get("Name"), &Value::from("Tr0"));
}

/// Inputs reach the variables of a unit's code as texts, and so does the environment that it sets.
#[test]
fn a_piece_of_a_secret_that_a_unit_hands_over_is_sealed() {
    let unit = r#"
locals {
  db_password = "Tr0ub4dorCanaryXYZ93"
  piece       = substr(local.db_password, 0, 3)
}
terraform {
  source = "../app"
  extra_arguments "env" {
    commands = ["plan", "apply"]
    env_vars = { TF_VAR_set = local.piece }
  }
}
inputs = {
  bare  = local.piece
  typed = local.piece
  list  = [local.piece]
  pin   = parseint("${substr(local.db_password, 2, 1)}1", 10)
  name  = "web"
}
"#;
    let module = r#"
variable "set" {}
variable "bare" {}
variable "typed" { type = string }
variable "list" { type = list(string) }
variable "pin" {}
variable "name" {}
resource "aws_instance" "b" {
  tags = { Set = var.set, Bare = var.bare, Typed = var.typed, List = var.list[0], Pin = var.pin, Name = var.name }
}
"#;
    let tree: Tree = [("unit/terragrunt.hcl", unit), ("app/main.tf", module)]
        .into_iter()
        .collect();
    let mut evaluated = code::evaluate(&tree, "unit", &Options::default());
    assert_eq!(evaluated.problems, []);
    let redactor = Redactor::new(b"key");
    load::seal(&mut evaluated, &resources::catalog(), &redactor);
    let tags = evaluated.declared.resources[&"aws_instance.b".parse().unwrap()].value("tags");
    for key in ["Set", "Bare", "Typed", "List"] {
        assert_eq!(tags.get(key), &redactor.fingerprint(&"Tr0".into()), "{key}");
    }
    assert_eq!(tags.get("Pin"), &redactor.fingerprint(&"1".into()));
    assert_eq!(tags.get("Name"), &Value::from("web"));
}

#[test]
fn what_stands_beside_a_secret_is_none() {
    for (expression, part) in [
        ("substr(local.db.host, 0, 10)", "db-0.examp"),
        ("substr(local.region, 0, 10)", "eu-central"),
        ("split(\"-\", local.region)", "central"),
        (
            "substr(jsondecode(file(\"s.json\")).host, 0, 10)",
            "db-0.examp",
        ),
        (
            "var.db_password == \"\" ? \"none-0\" : \"some-0-is\"",
            "some-0-is",
        ),
        ("upper(\"some-0-is\")", "SOME-0-IS"),
    ] {
        assert!(!noted(expression, part), "{expression}");
    }
}
