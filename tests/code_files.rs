//! Which files are read as code, and how they are put together.

use driftguard::code::{self, Evaluated, Moves, NestedBlocks, Options};
use driftguard::model::{
    Attribute, Catalog, Difference, Finding, Kind, Nesting, Schema, Shape, Tree, Type, TypeRules,
    Value, Verdict,
};
use driftguard::patch;
use std::collections::BTreeMap;

fn evaluate(tree: &Tree, folder: &str) -> Evaluated {
    code::evaluate(tree, folder, &Options::default())
}

/// What the code says of an attribute, and the file and the text at its place.
fn defined(
    tree: &Tree,
    evaluated: &Evaluated,
    address: &str,
    path: &str,
) -> (Value, String, String) {
    let resource = &evaluated.declared.resources[&address.parse().unwrap()];
    let found = &resource.attributes[path];
    let (start, end) = found.source.span;
    let text = tree.text(&found.source.file).unwrap().get(start..end);
    let text = text.unwrap_or_default().to_owned();
    (found.value.clone(), found.source.file.clone(), text)
}

#[test]
fn a_linked_file_is_read_as_the_file_that_it_names() {
    let backend = "terraform {\n  backend \"s3\" {}\n}\n";
    let mut tree: Tree = [
        ("shared/common.tf", format!("{backend}variable \"n\" {{\n  default = 1\n}}\n")),
        ("shared/modules/m/main.tf", "resource \"aws_x\" \"m\" {\n  n = 2\n}\n".to_owned()),
        ("live/main.tf", "resource \"aws_x\" \"x\" {\n  n = var.n\n}\nmodule \"m\" {\n  source = \"./modules/m\"\n}\n".to_owned()),
    ]
    .into_iter()
    .collect();
    tree.add_link("live/common.tf".to_owned(), "../shared/common.tf");
    tree.add_link("live/modules".to_owned(), "../shared/modules");
    let evaluated = evaluate(&tree, "live");
    assert_eq!(evaluated.problems, []);
    let place = |file: &str, text: &str| {
        (
            Value::from(text.parse::<i64>().unwrap()),
            file.to_owned(),
            text.to_owned(),
        )
    };
    assert_eq!(
        defined(&tree, &evaluated, "aws_x.x", "n"),
        place("shared/common.tf", "1")
    );
    assert_eq!(
        defined(&tree, &evaluated, "module.m.aws_x.m", "n"),
        place("shared/modules/m/main.tf", "2")
    );
    let roots = code::root_modules(&tree, "", &Options::default());
    let roots: Vec<_> = roots.iter().map(|root| root.path.as_str()).collect();
    assert_eq!(roots, ["live", "shared"]);
}

#[test]
fn a_link_that_leads_nowhere_is_named_and_terraform_would_not_go_on() {
    let mut tree: Tree = [("main.tf", "")].into_iter().collect();
    tree.add_link("common.tf".to_owned(), "../elsewhere/common.tf");
    let evaluated = evaluate(&tree, "");
    let told: Vec<_> = evaluated.invalid.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("common.tf:1: this symbolic link leads to no file"),
        "{told:?}"
    );
}

#[test]
fn a_file_of_opentofu_takes_the_place_of_terraforms() {
    let tree: Tree = [
        ("a.tf", "locals {\n  n = 1\n}\n"),
        ("a.tofu", "locals {\n  n = 2\n}\n"),
        ("b.tofu", "resource \"aws_x\" \"x\" {\n  n = local.n\n}\n"),
    ]
    .into_iter()
    .collect();
    let evaluated = evaluate(&tree, "");
    let (value, file, _) = defined(&tree, &evaluated, "aws_x.x", "n");
    assert_eq!((value, file.as_str()), (Value::from(2), "a.tofu"));
}

/// The code of `tests/code_files.rs`'s resources in JSON, with blocks that a schema tells.
fn evaluate_json(json: &str) -> (Tree, Evaluated) {
    let tree: Tree = [("main.tf.json", json)].into_iter().collect();
    let plain = |shape| Attribute {
        shape,
        optional: true,
        computed: false,
        sensitive: false,
        required: false,
    };
    let inner = BTreeMap::from([("size".to_owned(), plain(Shape::Plain(Type::Number)))]);
    let attributes = BTreeMap::from([
        ("disk".to_owned(), plain(Shape::Block(Nesting::List, inner))),
        (
            "tags".to_owned(),
            plain(Shape::Plain(Type::Map(Box::new(Type::String)))),
        ),
    ]);
    let rules = &TypeRules::NONE;
    let schema = Schema { attributes, rules };
    let catalog: Catalog = [("aws_x".to_owned(), schema)].into_iter().collect();
    let options = Options {
        nested_blocks: NestedBlocks::of(&catalog),
        ..Options::default()
    };
    let evaluated = code::evaluate(&tree, "", &options);
    (tree, evaluated)
}

const JSON: &str = r#"{
  "//": "made by a program",
  "terraform": {"backend": {"s3": {"bucket": "b", "key": "a/${b}"}}, "required_version": ">= 1.0"},
  "provider": {"aws": [{"region": "${var.region}"}, {"alias": "west", "region": "us-west-2"}]},
  "variable": {"region": {"type": "string", "default": "eu-west-1"}, "map": {"type": "map(string)", "default": {"a": "${b}"}}},
  "locals": [{"name": "x-${var.region}", "sizes": [1, 2]}, {"quoted": "${join(\"-\", [\"a\", \"b\"])}"}],
  "resource": {
    "aws_x": {
      "x": [{
        "//": {"a": 1},
        "count": 2,
        "name": "${local.name}",
        "tags": {"Name": "${local.quoted}", "n-${var.region}": "\u00e9\\\"\n$${a}", "b": true},
        "provider": "aws.west",
        "depends_on": ["aws_x.y"],
        "disk": {"size": 1},
        "lifecycle": {"ignore_changes": ["tags[\"Seen\"]"], "create_before_destroy": true}
      }],
      "y": {
        "default": "${var.map.a}",
        "disk": [{"size": "${local.sizes[0]}"}, {"size": 4}],
        "dynamic": {"disk": {"for_each": "${local.sizes}", "iterator": "each_size", "content": {"size": "${each_size.value}"}}},
        "lifecycle": {"ignore_changes": "all"}
      }
    }
  },
  "output": {"o": {"value": "${aws_x.y.id}"}}
}"#;

#[test]
fn code_in_json_says_what_the_same_in_hcl_would() {
    let (_, evaluated) = evaluate_json(JSON);
    assert_eq!(evaluated.problems, []);
    let resources = &evaluated.declared.resources;
    let addresses: Vec<_> = resources.keys().map(ToString::to_string).collect();
    assert_eq!(addresses, ["aws_x.x[0]", "aws_x.x[1]", "aws_x.y"]);
    let x = &resources[&"aws_x.x[1]".parse().unwrap()];
    assert_eq!(x.value("name"), Value::text("x-eu-west-1"));
    let tags = [
        ("Name", Value::text("a-b")),
        ("n-eu-west-1", Value::text("é\\\"\n${a}")),
        ("b", Value::Bool(true)),
    ];
    assert_eq!(x.value("tags"), Value::map(tags));
    assert_eq!(
        x.value("disk"),
        Value::List(vec![Value::map([("size", Value::from(1))])])
    );
    assert_eq!(x.ignore_changes, ["tags[\"Seen\"]"]);
    assert_eq!((x.file.as_str(), x.line), ("main.tf.json", 9));
    assert_eq!(x.attributes["name"].source.line, 12);
    assert_eq!(x.attributes["disk[0].size"].source.line, 16);
    let y = &resources[&"aws_x.y".parse().unwrap()];
    let sizes = [1, 4, 1, 2].map(|size| Value::map([("size", Value::from(size))]));
    assert_eq!(y.value("disk"), Value::List(sizes.to_vec()));
    assert_eq!(y.value("default"), Value::text("${b}"));
    assert_eq!(y.ignore_changes, ["all"]);
    let regions: Vec<_> = evaluated
        .providers
        .iter()
        .map(|one| one.region.as_str().unwrap())
        .collect();
    assert_eq!(regions, ["eu-west-1", "us-west-2"]);
    let tree: Tree = [("main.tf.json", JSON)].into_iter().collect();
    let roots = code::root_modules(&tree, "", &Options::default());
    let backend = roots[0].backend.as_ref().unwrap();
    assert_eq!((backend.kind.as_str(), backend.line), ("s3", 3));
    assert_eq!(backend.attributes["key"], Value::text("a/${b}"));
}

#[test]
fn json_that_terraform_would_not_take_is_named_with_its_line() {
    for (json, told) in [
        ("{\n  \"resource\": [\n}", "main.tf.json:3:"),
        (
            "{\n  \"resource\": {\n    \"aws_x\": {\"x\": 1}}}",
            "main.tf.json:3:",
        ),
        ("{\n  \"resources\": {}}", "main.tf.json:2:"),
        ("{\"locals\": {\n  \"a b\": 1}}", "main.tf.json:2:"),
        ("{\"locals\": {\n\n  \"a\": \"${1 +}\"}}", "main.tf.json:3:"),
        ("[1, 2", "main.tf.json:1:"),
    ] {
        let (_, evaluated) = evaluate_json(json);
        let problem = evaluated
            .invalid
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(problem.starts_with(told), "{json}: {problem}");
    }
}

const BASE: &str = r#"
variable "size" {
  type    = string
  default = "small"
}
locals {
  where = "base"
  kept  = 1
}
provider "aws" {
  alias  = "west"
  region = "us-west-2"
}
module "m" {
  source = "./m"
  name   = "base"
}
resource "aws_x" "x" { name = "base" }
resource "aws_x" "y" {
  name = local.where
  size = var.size
  kept = local.kept
  disk {
    size = 1
  }
  disk {
    size = 2
  }
  port {
    number = 80
  }
  dynamic "rule" {
    for_each = [1, 2]
    content {
      number = rule.value
    }
  }
  list {
    a = 1
  }
  lifecycle {
    ignore_changes  = [tags]
    prevent_destroy = true
  }
}
"#;

const OVERRIDE: &str = r#"
variable "size" { default = "large" }
locals { where = "over" }
provider "aws" {
  region = "eu-west-1"
}
provider "aws" {
  alias  = "west"
  region = "us-west-1"
}
module "m" { name = "over" }
resource "aws_x" "x" {
  tags = {
    Name = "x"
  }
}
resource "aws_x" "y" {
  count = 1
  disk {
    size = 3
  }
  rule {
    number = 4
  }
  list = [{ a = 2 }, { a = 3 }]
  lifecycle {
    ignore_changes = [name]
  }
}
"#;

#[test]
fn override_files_are_merged_by_terraforms_rules() {
    let tree: Tree = [
        ("main.tf", BASE),
        ("a_override.tf", OVERRIDE),
        (
            "b_override.tf.json",
            r#"{"resource": {"aws_x": {"x": {"name": "json"}}}}"#,
        ),
        (
            "m/main.tf",
            "variable \"name\" {}\nresource \"aws_x\" \"m\" {\n  name = var.name\n}\n",
        ),
    ]
    .into_iter()
    .collect();
    let evaluated = evaluate(&tree, "");
    assert_eq!(evaluated.problems, []);
    let get = |address: &str| &evaluated.declared.resources[&address.parse().unwrap()];
    let (x, y) = (get("aws_x.x"), get("aws_x.y[0]"));
    assert_eq!(x.value("name"), Value::text("json"));
    assert_eq!(x.value("tags"), Value::map([("Name", Value::text("x"))]));
    assert_eq!((x.file.as_str(), x.line), ("main.tf", 18));
    let list = |name: &str, values: &[i64]| {
        let items = values
            .iter()
            .map(|value| Value::map([(name, Value::from(*value))]));
        Value::List(items.collect())
    };
    assert_eq!(y.value("name"), Value::text("over"));
    assert_eq!(y.value("size"), Value::text("large"));
    assert_eq!(y.value("kept"), Value::from(1));
    assert_eq!(y.value("disk"), list("size", &[3]));
    assert_eq!(y.value("port"), list("number", &[80]));
    assert_eq!(y.value("rule"), list("number", &[4]));
    assert_eq!(y.value("list"), list("a", &[2, 3]));
    assert_eq!(y.ignore_changes, ["name"]);
    let m = defined(&tree, &evaluated, "module.m.aws_x.m", "name");
    assert_eq!(
        m,
        (
            Value::text("over"),
            "a_override.tf".to_owned(),
            "\"over\"".to_owned()
        )
    );
    let tags = defined(&tree, &evaluated, "aws_x.x", "tags[\"Name\"]");
    assert_eq!(
        (tags.1.as_str(), tags.2.as_str()),
        ("a_override.tf", "\"x\"")
    );
    let kept = defined(&tree, &evaluated, "aws_x.y[0]", "port[0].number");
    assert_eq!((kept.1.as_str(), kept.2.as_str()), ("main.tf", "80"));
    let size = &y.attributes["size"].source;
    assert_eq!((size.file.as_str(), size.line), ("a_override.tf", 2));
    let regions: Vec<_> = evaluated
        .providers
        .iter()
        .map(|one| one.region.as_str().unwrap())
        .collect();
    assert_eq!(regions, ["us-west-1", "eu-west-1"]);
}

/// HCL takes a block on one line only with one argument, and one of several lines only with its brace on its own.
#[test]
fn blocks_on_one_line_are_overridden_as_others_are() {
    let code = "variable \"n\" { default = \"a\" }\nresource \"aws_iam_role\" \"r\" { name = var.n }\n\
                resource \"aws_vpc\" \"v\" {\n  lifecycle { ignore_changes = [tags] }\n}\n";
    let over = "variable \"n\" { default = \"b\" }\nresource \"aws_vpc\" \"v\" {\n  lifecycle { ignore_changes = [] }\n}\n";
    let json = r#"{"resource": {"aws_iam_role": {"r": {"name": "${var.n}-json"}}}}"#;
    let tree: Tree = [
        ("main.tf", code),
        ("override.tf", over),
        ("z_override.tf.json", json),
    ]
    .into_iter()
    .collect();
    let evaluated = code::evaluate(&tree, "", &Options::default());
    assert_eq!(evaluated.problems, []);
    let declared = |address: &str| &evaluated.declared.resources[&address.parse().unwrap()];
    assert_eq!(declared("aws_iam_role.r").value("name"), "b-json".into());
    assert!(declared("aws_vpc.v").ignore_changes.is_empty());
}

#[test]
fn what_overrides_nothing_is_not_valid() {
    for code in [
        "resource \"aws_x\" \"x\" {\n  a = 1\n}\n",
        "locals {\n  a = 1\n}\n",
        "moved {\n  from = aws_x.a\n  to = aws_x.b\n}\n",
    ] {
        let tree: Tree = [("main.tf", ""), ("override.tf", code)]
            .into_iter()
            .collect();
        let invalid = evaluate(&tree, "").invalid;
        assert!(invalid[0].file == "override.tf", "{code}: {invalid:?}");
    }
}

#[test]
fn the_backend_of_an_override_file_counts() {
    let backend =
        |key: &str| format!("terraform {{\n  backend \"s3\" {{\n    key = \"{key}\"\n  }}\n}}\n");
    let tree: Tree = [
        ("a_override.tf", backend("over")),
        ("main.tf", backend("base")),
    ]
    .into_iter()
    .collect();
    let roots = code::root_modules(&tree, "", &Options::default());
    assert_eq!(
        roots[0].backend.as_ref().unwrap().attributes["key"],
        Value::text("over")
    );
}

/// A root module whose call asks for this, beside a module that `terraform init` installed for version 1.2.0.
fn installed(call: &str) -> (Tree, Evaluated) {
    let manifest = r#"{"Modules": [
        {"Key": "", "Source": "", "Dir": "."},
        {"Key": "net", "Source": "registry.terraform.io/acme/net/aws", "Version": "1.2.0", "Dir": ".terraform/modules/net"},
        {"Key": "net.sub", "Source": "./modules/sub", "Dir": ".terraform/modules/net/modules/sub"},
        {"Key": "net.git", "Source": "git::https://github.com/acme/git.git?ref=v1", "Dir": ".terraform/modules/net.git"},
        {"Key": "out", "Source": "registry.terraform.io/acme/out/aws", "Version": "1.0.0", "Dir": "../../../out"}
    ]}"#;
    let net = "variable \"name\" {}\nresource \"aws_x\" \"x\" {\n  name = var.name\n}\n\
               module \"sub\" {\n  source = \"./modules/sub\"\n}\n\
               module \"git\" {\n  source = \"github.com/acme/git?ref=v1\"\n}\n";
    let sub =
        "terraform {\n  backend \"s3\" {}\n}\nresource \"aws_x\" \"x\" {\n  name = \"sub\"\n}\n";
    let root = format!("module \"net\" {{\n  {call}\n  name = \"a\"\n}}\n");
    let tree: Tree = [
        ("live/main.tf", root.as_str()),
        ("live/.terraform/modules/modules.json", manifest),
        ("live/.terraform/modules/net/main.tf", net),
        ("live/.terraform/modules/net/modules/sub/main.tf", sub),
        ("live/.terraform/modules/net.git/main.tf", sub),
    ]
    .into_iter()
    .collect();
    let options = Options {
        modules: code::OtherModules::Installed,
        ..Options::default()
    };
    let evaluated = code::evaluate(&tree, "live", &options);
    (tree, evaluated)
}

#[test]
fn an_installed_module_is_evaluated_where_it_fits_the_call() {
    for version in ["", "version = \"1.2.0\"", "version = \"~> 1.1, != 1.1.5\""] {
        let (tree, evaluated) = installed(&format!("source = \"acme/net/aws\"\n  {version}"));
        assert_eq!(evaluated.problems, []);
        let addresses = evaluated.declared.resources.keys().map(ToString::to_string);
        let expected = [
            "module.net.aws_x.x",
            "module.net.module.git.aws_x.x",
            "module.net.module.sub.aws_x.x",
        ];
        assert_eq!(addresses.collect::<Vec<_>>(), expected);
        let (value, file, text) = defined(&tree, &evaluated, "module.net.aws_x.x", "name");
        assert_eq!(
            (value, file.as_str(), text.as_str()),
            (Value::text("a"), "live/main.tf", "\"a\"")
        );
        assert_eq!(code::root_modules(&tree, "", &Options::default()), []);
    }
    for (call, told) in [
        (
            "source = \"acme/net/aws\"\n  version = \"~> 1.3\"",
            "registry.terraform.io/acme/net/aws 1.2.0, which is installed",
        ),
        ("source = \"acme/other/aws\"", "(run `terraform init`)"),
    ] {
        let (_, evaluated) = installed(call);
        assert!(evaluated.declared.resources.is_empty());
        let problem = evaluated.problems[0].to_string();
        assert!(
            problem.starts_with("live/main.tf:1:") && problem.contains(told),
            "{problem}"
        );
    }
}

#[test]
fn modules_that_were_installed_are_read_only_where_they_are_asked_for() {
    let (tree, _) = installed("source = \"acme/net/aws\"");
    let evaluated = evaluate(&tree, "live");
    assert!(evaluated.declared.resources.is_empty());
    assert!(
        evaluated.problems[0]
            .message
            .contains("is not a folder of this repository")
    );
}

#[test]
fn what_others_read_through_a_link_is_not_edited_and_the_reason_names_them() {
    let shared = "variable \"n\" {\n  default = \"a\"\n}\nresource \"aws_vpc\" \"x\" {\n  cidr_block = var.n\n}\n";
    let mut tree: Tree = [("shared/common.tf", shared)].into_iter().collect();
    tree.add_link("live/common.tf".to_owned(), "../shared/common.tf");
    let (fixed, reason) = adopted(&tree, "live");
    assert_eq!(fixed, None);
    assert!(
        reason.starts_with("shared/common.tf is code that `shared` runs as well"),
        "{reason}"
    );
    tree.add_link("dev/common.tf".to_owned(), "../shared/common.tf");
    let (fixed, reason) = adopted(&tree, "live");
    assert_eq!(fixed, None);
    assert!(
        reason.contains("dev/common.tf and live/common.tf"),
        "{reason}"
    );
}

#[test]
fn what_is_written_in_an_override_file_or_in_json_is_edited_there() {
    let block =
        |cidr: &str| format!("resource \"aws_vpc\" \"x\" {{\n  cidr_block = \"{cidr}\"\n}}\n");
    let tree: Tree = [("main.tf", block("z")), ("override.tf", block("a"))]
        .into_iter()
        .collect();
    let (fixed, reason) = adopted(&tree, "");
    assert_eq!((fixed, reason.as_str()), (Some(block("b")), ""));
    let json = "{\"resource\": {\"aws_vpc\": {\"x\": {\"cidr_block\": \"a\"}}}}";
    let tree: Tree = [("main.tf.json", json)].into_iter().collect();
    let (fixed, reason) = adopted(&tree, "");
    let after = json.replace("\"a\"", "\"b\"");
    assert_eq!((fixed, reason.as_str()), (Some(after), ""));
}

/// What adopting `b` for `a` in `aws_vpc.x` makes of the one file that changes, and the reason where none does.
fn adopted(tree: &Tree, folder: &str) -> (Option<String>, String) {
    let options = Options::default();
    let evaluated = evaluate(tree, folder);
    let catalog = Catalog::default();
    let stack = patch::Stack {
        tree,
        folder,
        options: &options,
        declared: &evaluated.declared,
        catalog: &catalog,
        others: Vec::new(),
    };
    let difference = Difference {
        path: "cidr_block".to_owned(),
        verdict: Verdict::Drift,
        declared: Some(Value::text("a")),
        recorded: Value::text("a"),
        live: Value::text("b"),
        added: Vec::new(),
        removed: Vec::new(),
        defined_in: None,
    };
    let mut findings = [Finding {
        address: Some("aws_vpc.x".parse().unwrap()),
        attributes: vec![difference],
        ..Finding::new(Kind::Modified, Verdict::Drift, "aws_vpc")
    }];
    let changed = patch::plan(&mut findings, &stack, patch::FixPolicy::Adopt);
    let fixed = changed
        .into_values()
        .next()
        .map(|bytes| String::from_utf8(bytes).unwrap());
    let reason = findings[0].fix.as_ref().and_then(|fix| fix.reason.clone());
    (fixed, reason.unwrap_or_default())
}

#[test]
fn however_often_modules_call_one_another_reading_their_moves_ends() {
    let call =
        |to: usize, name: &str| format!("module \"{name}\" {{\n  source = \"../m{to}\"\n}}\n");
    let files = (0..32).map(|at| {
        (
            format!("m{at}/main.tf"),
            call(at + 1, "a") + &call(at + 1, "b"),
        )
    });
    let tree: Tree = files.collect();
    assert_eq!(
        Moves::read(&tree, "m0", &Options::default()),
        Moves::default()
    );
}

#[test]
fn json_and_override_files_are_read_within_bounds() {
    let deep = format!(
        "{{\"locals\": {{\"a\": {}1{}}}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let many = format!("{{\"locals\": {{\"a\": [{}1]}}}}", "1,".repeat(500_000));
    for json in [deep, many] {
        let (_, evaluated) = evaluate_json(&json);
        assert!(
            evaluated.problems[0].message.contains("too large"),
            "{:?}",
            evaluated.problems
        );
        assert!(evaluated.invalid.is_empty(), "it may be valid");
    }
    // The same block again and again, in one file and in many.
    let block = |n: usize| format!("resource \"aws_x\" \"x\" {{\n  n = {n}\n}}\n");
    let mut files = vec![("main.tf".to_owned(), block(0))];
    files.extend((0..50).map(|at| {
        (
            format!("f{at:02}_override.tf"),
            block(at) + &block(at + 100),
        )
    }));
    let tree: Tree = files.into_iter().collect();
    let evaluated = evaluate(&tree, "");
    assert_eq!(evaluated.problems, []);
    let (value, file, _) = defined(&tree, &evaluated, "aws_x.x", "n");
    assert_eq!(
        (value, file.as_str()),
        (Value::from(149), "f49_override.tf")
    );
}
