//! What Terraform code declares, and where each value is defined.

use driftguard::code::{self, Evaluated, Options, Recorded};
use driftguard::model::{Number, Redactor, Site, Tree, Value};
use driftguard::{resources, state};

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
            Site::FileValue,
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
    let found: Vec<_> = code::root_modules(&tree, "", &Options::default())
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

#[test]
fn a_reference_is_what_the_state_recorded() {
    let code = r#"
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}
resource "aws_subnet" "a" {
  count  = 2
  vpc_id = aws_vpc.main.id
}
resource "aws_instance" "web" {
  subnet_id              = aws_subnet.a[1].id
  vpc_security_group_ids = aws_subnet.a[*].id
  ami                    = data.aws_ami.base.id
  key_name               = aws_key_pair.none.id
  user_data              = aws_db_instance.main.password
  availability_zone      = aws_subnet.keyed.x.id
  private_ip             = one(aws_subnet.keyed[*].x.id)
}
"#;
    let state = |resources: serde_json::Value| {
        let text = serde_json::json!({"version": 4, "resources": resources}).to_string();
        let (catalog, redactor) = (resources::catalog(), Redactor::new(b"key"));
        state::parse(text.as_bytes(), "state", &catalog, &redactor).unwrap()
    };
    let block = |mode: &str, tf_type: &str, name: &str, instances: serde_json::Value| {
        let provider = "provider[\"registry.terraform.io/hashicorp/aws\"]";
        serde_json::json!({"mode": mode, "type": tf_type, "name": name, "provider": provider, "instances": instances})
    };
    let state = state(serde_json::json!([
        block(
            "managed",
            "aws_vpc",
            "main",
            serde_json::json!([{"attributes": {"id": "vpc-1"}}])
        ),
        block(
            "managed",
            "aws_subnet",
            "a",
            serde_json::json!([
            {"index_key": 1, "attributes": {"id": "subnet-2"}},
            {"index_key": 0, "attributes": {"id": "subnet-1"}}])
        ),
        block(
            "managed",
            "aws_subnet",
            "keyed",
            serde_json::json!([{"index_key": "x", "attributes": {"id": "subnet-x"}}])
        ),
        block(
            "managed",
            "aws_db_instance",
            "main",
            serde_json::json!([{"attributes": {"password": "hunter2"}}])
        ),
        block(
            "data",
            "aws_ami",
            "base",
            serde_json::json!([{"attributes": {"id": "ami-1"}}])
        ),
        block(
            "data",
            "aws_secretsmanager_secret_version",
            "x",
            serde_json::json!([{"attributes": {"id": "s"}}])
        ),
    ]));
    assert_eq!(state.data.len(), 1, "only data sources without secrets");
    let options = Options {
        recorded: Recorded::new([state.resources.clone(), state.data.clone()]),
        ..Options::default()
    };
    let tree: Tree = [("main.tf", code)].into_iter().collect();
    let evaluated = code::evaluate(&tree, "", &options);
    let value = |address: &str, name: &str| {
        evaluated.declared.resources[&address.parse().unwrap()].value(name)
    };
    assert_eq!(value("aws_subnet.a[0]", "vpc_id"), "vpc-1".into());
    assert_eq!(value("aws_instance.web", "subnet_id"), "subnet-2".into());
    assert_eq!(
        value("aws_instance.web", "vpc_security_group_ids"),
        vec!["subnet-1", "subnet-2"].into()
    );
    for name in ["availability_zone", "private_ip"] {
        assert_eq!(value("aws_instance.web", name), "subnet-x".into());
    }
    assert_eq!(value("aws_instance.web", "ami"), "ami-1".into());
    assert_eq!(value("aws_instance.web", "key_name"), Value::Unknown);
    assert_eq!(
        value("aws_instance.web", "user_data"),
        Value::Unknown,
        "a secret goes nowhere"
    );
}

#[test]
fn a_policy_document_is_the_policy_that_it_makes() {
    let code = evaluate(&[(
        "main.tf",
        r#"
data "aws_iam_policy_document" "read" {
  statement {
    sid       = "Read"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::a/&{aws:username}/*"]

    principals {
      type        = "AWS"
      identifiers = ["123456789012"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["true"]
    }
  }
}
resource "aws_s3_bucket_policy" "a" {
  policy = data.aws_iam_policy_document.read.json
}
"#,
    )]);
    let (value, place, site) = defined(&code, "aws_s3_bucket_policy.a", "policy");
    let made: serde_json::Value = serde_json::from_str(value.as_str().unwrap()).unwrap();
    assert_eq!(
        made,
        serde_json::json!({"Version": "2012-10-17", "Statement": [{
            "Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::a/${aws:username}/*",
            "Principal": {"AWS": "123456789012"},
            "Condition": {"Bool": {"aws:SecureTransport": "true"}},
        }]})
    );
    assert!(place.starts_with("data \"aws_iam_policy_document\" \"read\""));
    assert_eq!(site, Site::Literal);
}

#[test]
fn an_entry_of_a_file_of_variables_is_followed_to_its_own_place() {
    let code = evaluate(&[
        (
            "main.tf",
            "variable \"services\" {}\nmodule \"s\" {\n  source   = \"./s\"\n  for_each = var.services\n  size = each.value.size\n}\n",
        ),
        (
            "s/main.tf",
            "variable \"size\" {}\nresource \"aws_instance\" \"a\" {\n  instance_type = var.size\n}\n",
        ),
        (
            "terraform.tfvars",
            "services = {\n  pay = { size = \"t3.micro\" }\n  cat = { size = \"t3.small\" }\n}\n",
        ),
    ]);
    let found = defined(&code, "module.s[\"pay\"].aws_instance.a", "instance_type");
    assert_eq!(found, ("t3.micro".into(), "\"t3.micro\"", Site::MapEntry));
}

#[test]
fn code_that_would_take_for_ever_is_given_up_and_said_so() {
    let doubled: String = (1..64)
        .map(|at| format!("  a{at} = \"${{local.a{0}}}${{local.a{0}}}\"\n", at - 1))
        .collect();
    let doubled = format!(
        "locals {{\n  a0 = \"xxxxxxxxxx\"\n{doubled}}}\nresource \"a\" \"b\" {{\n  x = local.a63\n}}\n"
    );
    let loops = "resource \"a\" \"b\" {\n  x = [for a in range(1024): [for b in range(1024): [for c in range(1024): 1]]]\n}\n";
    for code in [doubled.as_str(), loops] {
        let (_, evaluated) = evaluate(&[("main.tf", code)]);
        let resource = &evaluated.declared.resources[&"a.b".parse().unwrap()];
        assert!(resource.value("x").has_unknown());
        let told = &evaluated.problems[0].message;
        assert!(
            told.contains("takes too long") || told.contains("too large"),
            "{told}"
        );
    }
    let (_, evaluated) = evaluate(&[(
        "main.tf",
        "module \"a\" {\n  source = \"./\"\n}\nmodule \"b\" {\n  source = \"./\"\n}\n",
    )]);
    let told: Vec<_> = evaluated.problems.iter().map(ToString::to_string).collect();
    assert!(
        told.iter().all(|one| one.contains("leads back to itself")),
        "{told:?}"
    );
    let (_, evaluated) = evaluate(&[(
        "main.tf",
        "resource \"a\" \"b\" {\n  x = -9223372036854775808 / -1\n  y = 6 / 4\n  z = 6 / 3\n}\n",
    )]);
    let resource = &evaluated.declared.resources[&"a.b".parse().unwrap()];
    assert_eq!(
        resource.value("y"),
        Number::parse("1.5").map_or(Value::Unknown, Value::Number)
    );
    assert_eq!(resource.value("z"), 2.into());
}

#[test]
fn an_evaluation_that_is_interrupted_leaves_the_rest_unknown_and_says_so() {
    let tree: Tree = [("main.tf", "resource \"a\" \"b\" {\n  x = 1\n}\n")]
        .into_iter()
        .collect();
    let options = Options::default();
    options.interrupt.raise();
    let evaluated = code::evaluate(&tree, "", &options);
    for resource in evaluated.declared.resources.values() {
        assert_eq!(resource.value("x"), Value::Unknown);
    }
    assert_eq!(
        evaluated.problems[0].message,
        "the scan ran out of time, so part of this code was not evaluated"
    );
}

/// What the attributes of `a.b` are.
fn attributes(files: &[(&str, &str)]) -> impl Fn(&str) -> Value {
    let (_, evaluated) = evaluate(files);
    move |name| evaluated.declared.resources[&"a.b".parse().unwrap()].value(name)
}

#[test]
fn a_module_called_with_null_takes_the_default_of_what_must_not_be_null() {
    let net = "variable \"dns\" {\n  type = bool\n  default = true\n  nullable = false\n}\nvariable \"other\" {\n  type = bool\n  default = true\n}\nresource \"a\" \"b\" {\n  dns = var.dns\n  other = var.other\n}\n";
    let (_, evaluated) = evaluate(&[
        (
            "main.tf",
            "module \"net\" {\n  source = \"./net\"\n  dns    = null\n  other  = null\n}\n",
        ),
        ("net/main.tf", net),
    ]);
    let vpc = &evaluated.declared.resources[&"module.net.a.b".parse().unwrap()];
    assert_eq!(vpc.value("dns"), true.into());
    assert_eq!(vpc.value("other"), Value::Null);
}

#[test]
fn an_output_of_a_module_is_what_its_code_says() {
    let value = attributes(&[
        (
            "main.tf",
            r#"
module "one" {
  source = "./m"
  size   = 2
}
module "counted" {
  source = "./m"
  count  = 2
  size   = count.index
}
module "keyed" {
  source   = "./m"
  for_each = { x = 5, y = 6 }
  size     = each.value
}
module "none" {
  source   = "./m"
  for_each = {}
  size     = 1
}
module "there" {
  source = "./m"
  size   = module.back.doubled
}
module "back" {
  source = "./m"
  size   = module.there.doubled
}
resource "a" "b" {
  one     = module.one.doubled
  counted = module.counted[*].doubled
  keyed   = [for key, one in module.keyed : "${key}=${one.doubled}"]
  first   = module.keyed["x"].doubled
  none    = length(module.none)
  secret  = module.one.secret
  missing = try(module.one.missing, "missing")
  circle  = module.there.doubled
  names   = keys(module.one)
  whole   = module.keyed[*].x.doubled
  written = module.keyed.y.doubled
}
"#,
        ),
        (
            "m/main.tf",
            "variable \"size\" {}\noutput \"doubled\" {\n  value = var.size * 2\n}\noutput \"secret\" {\n  value = \"x\"\n  sensitive = true\n}\n",
        ),
    ]);
    assert_eq!(value("one"), 4.into());
    assert_eq!(value("counted"), vec![0, 2].into());
    assert_eq!(value("keyed"), vec!["x=10", "y=12"].into());
    assert_eq!(value("first"), 10.into());
    assert_eq!(value("none"), 0.into());
    assert_eq!(value("secret"), Value::Unknown);
    assert_eq!(value("missing"), "missing".into());
    assert_eq!(value("circle"), Value::Unknown);
    assert_eq!(value("names"), vec!["doubled", "secret"].into());
    assert_eq!(value("whole"), vec![10].into());
    assert_eq!(value("written"), 12.into());
}

#[test]
fn what_is_unknown_is_never_taken_for_an_error() {
    let value = attributes(&[(
        "main.tf",
        r#"
variable "outside" {}
variable "text" {
  type = string
}
resource "a" "b" {
  refused   = try(upper({}), "refused")
  perhaps   = try(var.outside.a, "perhaps")
  certainly = can(var.outside)
  arms      = true ? 5 : var.text
  equal     = var.text == ["a"]
  partly    = { a = 1, b = var.outside }.a
  length    = length([var.outside, 1])
  decided   = false && var.outside
}
"#,
    )]);
    assert_eq!(value("refused"), "refused".into());
    assert_eq!(value("perhaps"), Value::Unknown);
    assert_eq!(value("certainly"), Value::Unknown);
    assert_eq!(value("arms"), "5".into());
    assert_eq!(value("equal"), false.into());
    assert_eq!(value("partly"), 1.into());
    assert_eq!(value("length"), 2.into());
    assert_eq!(value("decided"), false.into());
}

#[test]
fn a_set_is_walked_in_its_order_and_by_its_own_elements() {
    let (_, evaluated) = evaluate(&[(
        "main.tf",
        r#"
variable "ports" {
  type    = set(string)
  default = ["443", "22", "443"]
}
resource "a" "b" {
  dynamic "ingress" {
    for_each = var.ports
    content {
      from = ingress.key
      to   = ingress.value
    }
  }
}
"#,
    )]);
    let rules = evaluated.declared.resources[&"a.b".parse().unwrap()].value("ingress");
    let rule = |port: &str| Value::map([("from", port.into()), ("to", Value::from(port))]);
    assert_eq!(rules, Value::List(vec![rule("22"), rule("443")]));
}
