//! What code names is looked up in what a state holds, and the other way round: each look-up is short, or it counts as
//! work.

use crate::growth::{MANY, resource, timed};
use driftguard::code::{self, Options};
use driftguard::model::{Address, Attributes, Key, Tree, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Each tag of each resource is looked up among them.
#[test]
fn a_provider_that_ignores_a_hundred_thousand_tags() {
    let texts = |kind: &str| {
        let texts = (0..3 * MANY).map(|at| format!("\"{kind}-{at}!\""));
        texts.collect::<Vec<_>>().join(", ")
    };
    let code = format!(
        "provider \"aws\" {{\n  ignore_tags {{\n    keys = [{}]\n    key_prefixes = [{}]\n  }}\n}}\n",
        texts("key"),
        texts("prefix")
    );
    let tree: Tree = [("main.tf", code.as_str())].into_iter().collect();
    let evaluated = timed("evaluate", || {
        code::evaluate(&tree, "", &Options::default())
    });
    let tags = &evaluated.providers[0].tags;
    timed("ignored tags", || {
        for at in 0..3 * MANY {
            assert!(tags.ignores(&format!("key-{at}!")));
            assert!(tags.ignores(&format!("prefix-{at}!x")));
            assert!(!tags.ignores(&format!("key-{at}!x")));
            assert!(!tags.ignores(&format!("prefix-{at}")));
        }
    });
}

/// What a state holds of a block is looked up among what the code declares of it.
#[test]
fn a_state_of_many_instances_that_the_code_does_not_declare() {
    let code = "resource \"aws_instance\" \"web\" {\n  count = 10000\n}\n";
    let tree: Tree = [("main.tf", code)].into_iter().collect();
    let evaluated = code::evaluate(&tree, "", &Options::default());
    let undeclared = code::Undeclared::of(&evaluated);
    let mut address: Address = "aws_instance.web[0]".parse().unwrap();
    assert!(!undeclared.contain(&address));
    timed("undeclared", || {
        for at in 10_000..15 * MANY {
            address.key = Some(Key::Index(at as u64));
            assert!(undeclared.contain(&address));
        }
    });
}

#[test]
fn what_the_code_may_declare_is_not_undeclared() {
    let code = "variable \"x\" {}\nresource \"aws_instance\" \"one\" {}\nresource \"aws_instance\" \"some\" {\n  count = var.x\n}\n\
                resource \"aws_instance\" \"two\" {\n  for_each = toset([\"a\", \"b\"])\n}\n";
    let module = "module \"m\" {\n  source   = \"./m\"\n  for_each = toset([\"a\"])\n}\nmodule \"n\" {\n  source = \"./m\"\n  count  = var.x\n}\n";
    let main = format!("{code}{module}");
    let tree: Tree = [("main.tf", main.as_str()), ("m/main.tf", code)]
        .into_iter()
        .collect();
    let evaluated = code::evaluate(&tree, "", &Options::default());
    assert_eq!(evaluated.problems, []);
    let undeclared = code::Undeclared::of(&evaluated);
    for (address, is_gone) in [
        ("aws_instance.one", false),
        ("aws_instance.one[0]", false),
        ("aws_instance.some[7]", false),
        ("aws_instance.some", false),
        ("aws_instance.two[\"a\"]", false),
        ("aws_instance.two[\"c\"]", true),
        ("aws_instance.two", true),
        ("aws_instance.three", true),
        ("module.m[\"a\"].aws_instance.one", false),
        ("module.m[\"b\"].aws_instance.one", true),
        ("module.m[\"a\"].aws_instance.two[\"b\"]", false),
        ("module.m[\"a\"].aws_instance.two[\"c\"]", true),
        ("module.n[3].aws_instance.two[\"b\"]", false),
        ("module.n[3].aws_instance.two[\"c\"]", true),
        ("module.n[3].aws_instance.some[1]", false),
    ] {
        let address: Address = address.parse().unwrap();
        assert_eq!(undeclared.contain(&address), is_gone, "{address}");
    }
}

/// What code refers to in a state counts as work, however little of it is an answer.
#[test]
fn references_to_what_a_state_holds_very_often_end() {
    let attribute = |at: usize| (format!("a{at}"), Value::from(1));
    let wide = resource("aws_x.wide", "i", (0..15 * MANY).map(attribute).collect());
    let many =
        (0..5 * MANY).map(|at| resource(&format!("aws_x.many[{at}]"), "i", Attributes::new()));
    let resources: Vec<_> = std::iter::once(wide).chain(many).collect();
    let options = Options {
        recorded: code::Recorded::new([Arc::new(resources)]),
        ..Options::default()
    };
    for reference in [
        "aws_x.wide.a7",
        "aws_x.wide.none",
        "aws_x.many[0].none",
        "aws_x.many[*].none",
    ] {
        let code = format!(
            "locals {{\n  r = range(0, 80)\n}}\nresource \"a\" \"b\" {{\n  x = [for i in local.r : [for j in local.r : {reference}]]\n}}\n"
        );
        let tree: Tree = [("main.tf", code.as_str())].into_iter().collect();
        timed(reference, || code::evaluate(&tree, "", &options));
    }
}

#[test]
fn references_to_the_outputs_of_many_modules_and_to_what_a_unit_includes_end() {
    let inner = "[for i in local.r : [for j in local.r : @]]";
    let range = "locals {\n  r = range(0, 80)\n}\n";
    for reference in ["module.m[0].none", "module.m[0].x", "module.m[*].none"] {
        let code = format!(
            "{range}module \"m\" {{\n  source = \"./m\"\n  count  = 5000\n}}\nresource \"a\" \"b\" {{\n  x = {}\n}}\n",
            inner.replace('@', reference)
        );
        let module = "output \"x\" {\n  value = 1\n}\n";
        let tree: Tree = [("main.tf", code.as_str()), ("m/main.tf", module)]
            .into_iter()
            .collect();
        timed(reference, || code::evaluate(&tree, "", &Options::default()));
    }
    let large = "locals {\n  large = { for i in range(0, 1000) : i => { for j in range(0, 100) : j => j } }\n}\nvariable \"x\" {}\n";
    let reference = "local.large[var.x]";
    let code = format!(
        "{range}{large}resource \"a\" \"b\" {{\n  x = {}\n}}\n",
        inner.replace('@', reference)
    );
    let tree: Tree = [("main.tf", code.as_str())].into_iter().collect();
    timed(reference, || code::evaluate(&tree, "", &Options::default()));
    let above = "locals {\n  one   = 1\n  large = [for i in range(0, 1000) : range(0, 100)]\n}\n";
    for (label, reference) in [
        ("\"above\"", "include.above.locals.one"),
        ("", "include.locals.one"),
    ] {
        let unit = format!(
            "include {label} {{\n  path   = find_in_parent_folders(\"above.hcl\")\n  expose = true\n}}\n{range}inputs = {{\n  x = {}\n}}\n",
            inner.replace('@', reference)
        );
        let files = [
            ("above.hcl", above),
            ("unit/terragrunt.hcl", unit.as_str()),
            (
                "unit/main.tf",
                "variable \"x\" {}\nresource \"a\" \"b\" {\n  x = var.x[79][79]\n}\n",
            ),
        ];
        let tree: Tree = files.into_iter().collect();
        timed(reference, || {
            code::evaluate(&tree, "unit", &Options::default())
        });
    }
}

/// Each value is looked at once, and not again at each level above it.
#[test]
fn a_nested_json_text_takes_no_longer_than_a_flat_one() {
    let items = vec![r#"{"b":1}"#; 30_000].join(",");
    let flat = format!(r#"{{"a":[{items}]}}"#);
    let deep = format!("{}{flat}{}", r#"{"a":"#.repeat(100), "}".repeat(100));
    let code =
        "resource \"a\" \"b\" {\n  x = length(jsondecode(file(\"${path.module}/a.json\")))\n}\n";
    let took = |text: &str| {
        let tree: Tree = [("main.tf", code), ("a.json", text)].into_iter().collect();
        let started = Instant::now();
        let evaluated = code::evaluate(&tree, "", &Options::default());
        assert_eq!(evaluated.problems, []);
        let found = evaluated.declared.resources[&"a.b".parse().unwrap()].value("x");
        assert_eq!(found, Value::from(1));
        started.elapsed()
    };
    let (flat, deep) = (took(&flat), took(&deep));
    assert!(
        deep < 3 * flat + Duration::from_millis(500),
        "{flat:?} {deep:?}"
    );
}

/// Each anchor keeps a copy of its value.
#[test]
fn anchors_within_anchors_are_counted() {
    let items = vec!["1"; 15_000].join(",");
    let open: String = (0..90).map(|at| format!("&a{at} [")).collect();
    let text = format!("{open}[{items}]{}", "]".repeat(90));
    let code = "resource \"a\" \"b\" {\n  x = [for i in range(0, 500) : length(yamldecode(file(\"${path.module}/a.yaml\")))]\n}\n";
    let tree: Tree = [("main.tf", code), ("a.yaml", text.as_str())]
        .into_iter()
        .collect();
    timed("anchors", || code::evaluate(&tree, "", &Options::default()));
}
