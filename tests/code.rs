//! What Terraform code declares, and where each value is defined.

use driftguard::code::{self, Evaluated, Options};
use driftguard::model::{Site, Tree, Value};

fn evaluate(files: &[(&str, &str)]) -> (Tree, Evaluated) {
    let tree: Tree = files.iter().map(|(path, text)| (*path, *text)).collect();
    let evaluated = code::evaluate(&tree, "", &Options::default());
    (tree, evaluated)
}

/// The value of an attribute, and the text that defines it.
fn defined<'a>(
    (tree, evaluated): &'a (Tree, Evaluated),
    address: &str,
    path: &str,
) -> (Value, &'a str, Site) {
    let resource = &evaluated.declared.resources[&address.parse().unwrap()];
    let found = &resource.attributes[path];
    let text = tree.text(&found.source.file).unwrap();
    (
        found.value.clone(),
        &text[found.source.span.0..found.source.span.1],
        found.site.clone(),
    )
}

#[test]
fn a_value_is_followed_to_where_it_is_written() {
    let code = evaluate(&[
        (
            "main.tf",
            r#"
variable "size" { type = string }
variable "kept" { default = "t3.nano" }
locals {
  disk    = 20
  workers = { email = "t3.micro", reports = "m5.large" }
}
resource "aws_instance" "web" {
  instance_type = var.size
  user_data     = "plain"
  tags = {
    Role = "web"
  }
  root_block_device {
    volume_size = local.disk
  }
}
resource "aws_instance" "worker" {
  for_each      = local.workers
  instance_type = each.value
}
resource "aws_instance" "kept" {
  instance_type = var.kept
}
"#,
        ),
        ("terraform.tfvars", "size = \"t3.small\"\n"),
    ]);
    for (address, path, value, text, site) in [
        (
            "aws_instance.web",
            "instance_type",
            "t3.small",
            "\"t3.small\"",
            Site::Tfvars,
        ),
        (
            "aws_instance.web",
            "user_data",
            "plain",
            "\"plain\"",
            Site::Literal,
        ),
        (
            "aws_instance.web",
            "tags[\"Role\"]",
            "web",
            "\"web\"",
            Site::Literal,
        ),
        (
            "aws_instance.worker[\"email\"]",
            "instance_type",
            "t3.micro",
            "\"t3.micro\"",
            Site::MapEntry,
        ),
        (
            "aws_instance.kept",
            "instance_type",
            "t3.nano",
            "\"t3.nano\"",
            Site::VariableDefault,
        ),
    ] {
        let found = defined(&code, address, path);
        assert_eq!(found, (Value::text(value), text, site), "{address} {path}");
    }
    let disk = defined(
        &code,
        "aws_instance.web",
        "root_block_device[0].volume_size",
    );
    assert_eq!(disk, (20.into(), "20", Site::Local));
}

#[test]
fn a_local_modules_value_is_the_callers_argument() {
    let code = evaluate(&[
        (
            "main.tf",
            "module \"a\" {\n  source = \"./service\"\n  size   = \"t3.large\"\n}\n",
        ),
        (
            "service/main.tf",
            "variable \"size\" {}\nresource \"aws_instance\" \"this\" {\n  count         = 2\n  instance_type = var.size\n}\n",
        ),
    ]);
    for index in [0, 1] {
        let found = defined(
            &code,
            &format!("module.a.aws_instance.this[{index}]"),
            "instance_type",
        );
        assert_eq!(
            found,
            (
                Value::text("t3.large"),
                "\"t3.large\"",
                Site::ModuleArgument
            )
        );
    }
}

#[test]
fn what_the_code_alone_does_not_tell_is_unknown_and_never_guessed() {
    let (_, evaluated) = evaluate(&[(
        "main.tf",
        r#"
variable "outside" {}
data "aws_ami" "newest" {}
resource "aws_instance" "web" {
  ami           = data.aws_ami.newest.id
  instance_type = var.outside
  subnet_id     = aws_subnet.a.id
  user_data     = "${var.outside}-web"
}
resource "aws_instance" "many" {
  count         = var.outside
  instance_type = "t3.small"
}
"#,
    )]);
    let web = &evaluated.declared.resources[&"aws_instance.web".parse().unwrap()];
    for name in ["ami", "instance_type", "subnet_id", "user_data"] {
        assert_eq!(web.value(name), Value::Unknown, "{name}");
        assert!(
            matches!(web.attributes[name].site, Site::Refused(_)),
            "{name}"
        );
    }
    // How many there are is not known: what holds for all of them is.
    let address = "aws_instance.many[7]".parse().unwrap();
    assert_eq!(
        evaluated
            .declared
            .get(&address)
            .unwrap()
            .value("instance_type"),
        Value::text("t3.small")
    );
}

#[test]
fn root_modules_are_the_folders_that_say_where_their_state_is() {
    let backend = |kind: &str| {
        format!(
            "terraform {{\n  backend \"{kind}\" {{\n    bucket = \"b\"\n    key = \"k\"\n  }}\n}}\n"
        )
    };
    let tree: Tree = [
        ("infra/a/main.tf", backend("s3")),
        ("infra/b/main.tf", backend("local")),
        ("modules/x/main.tf", "# no backend here\n".to_owned()),
    ]
    .into_iter()
    .collect();
    let found: Vec<_> = code::root_modules(&tree)
        .into_iter()
        .map(|one| (one.path, one.backend.unwrap().kind))
        .collect();
    assert_eq!(
        found,
        [
            ("infra/a".to_owned(), "s3".to_owned()),
            ("infra/b".to_owned(), "local".to_owned())
        ]
    );
}
