//! Code that would take for ever, or all memory, if it were evaluated to its end: what is too dear is unknown, and a
//! problem says where. Each of these took the process down, or kept it busy for minutes.

use crate::unit_limits::processor_time;
use driftguard::code::{self, Evaluated, Options, Shared};
use driftguard::memory::ScanBudget;
use driftguard::model::{Catalog, Finding, Kind, Tree, Value, Verdict};
use driftguard::patch;
use driftguard::scan::find::Search;
use driftguard::settings::Settings;
use std::time::Duration;

const TOO_LARGE: &str = "this value is too large to evaluate";
const TOO_DEEP: &str = "this value is nested too deeply to evaluate";
const TOO_LONG: &str = "this code takes too long to evaluate, so part of it was not";

fn evaluate(files: &[(&str, &str)]) -> Evaluated {
    let tree: Tree = files.iter().map(|(path, text)| (*path, *text)).collect();
    code::evaluate(&tree, "", &Options::default())
}

/// What an attribute of `a.b` is, and what was told.
fn attribute(code: &str) -> (Value, Vec<String>) {
    let evaluated = evaluate(&[("main.tf", code)]);
    let told = evaluated.problems.iter().map(ToString::to_string);
    let resource = &evaluated.declared.resources[&"a.b".parse().unwrap()];
    (resource.value("x"), told.collect())
}

/// Locals `l0` to `l{last}`: the first is this, each other one is made of the one before, which is called `@`.
fn chain(first: &str, other: &str, last: usize) -> String {
    let others = (1..=last).map(|at| {
        let before = format!("local.l{}", at - 1);
        format!("  l{at} = {}\n", other.replace('@', &before))
    });
    format!(
        "locals {{\n  l0 = {first}\n{}}}\n",
        others.collect::<String>()
    )
}

fn with_attribute(locals: &str, value: &str) -> String {
    format!("{locals}resource \"a\" \"b\" {{\n  x = {value}\n}}\n")
}

#[test]
fn a_text_that_would_be_too_long_is_unknown_and_named_with_its_line() {
    let doubled = chain("\"xxxxxxxxxxxxxxxx\"", "\"${@}${@}\"", 16);
    for value in [
        "replace(local.l16, \"x\", local.l16)",
        "\"${local.l16}.\"",
        "join(\"\", [local.l16, local.l16])",
        "join(local.l16, [1, 2, 3])",
        "format(\"%s%s\", local.l16, local.l16)",
        "base64encode(local.l16)",
        "jsonencode([local.l16])",
        "jsonencode(replace(local.l15, \"x\", \"\\n\"))",
        "<<E\n${local.l16}\nE\n",
    ] {
        let (found, told) = attribute(&with_attribute(&doubled, value));
        assert_eq!(found, Value::Unknown, "{value}");
        assert_eq!(told, [format!("main.tf:21: {TOO_LARGE}")], "{value}");
    }
    let (value, told) = attribute(&with_attribute(&doubled, "local.l16"));
    assert_eq!(value.as_str().map(str::len), Some(1 << 20));
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn a_collection_that_would_be_too_large_is_unknown_and_named_with_its_line() {
    let doubled = chain("\"xxxxxxxxxxxxxxxx\"", "\"${@}${@}\"", 16);
    let list = chain("[1, 2, 3, 4]", "concat(@, @)", 30);
    let flat = chain("[1, 2, 3, 4]", "flatten([@, @])", 30);
    let twice = "merge({ for k, v in @ : \"a${k}\" => v }, { for k, v in @ : \"b${k}\" => v })";
    let map = chain("{ k = 1 }", twice, 30);
    for (locals, value) in [
        (&doubled, "[for i in range(1024) : local.l16]"),
        (&doubled, "[for i in range(9) : split(\"\", local.l16)]"),
        (
            &doubled,
            "{ for i in range(1024) : \"k${i}\" => local.l16 }",
        ),
        (&list, "local.l30"),
        (&flat, "local.l30"),
        (&map, "local.l30"),
    ] {
        let (found, told) = attribute(&with_attribute(locals, value));
        assert!(found.has_unknown(), "{value}");
        let is_dear = |told: &String| told.ends_with(TOO_LARGE) || told.ends_with(TOO_LONG);
        assert!(
            !told.is_empty() && told.iter().all(is_dear),
            "{value}: {told:?}"
        );
        assert!(told[0].starts_with("main.tf:"), "{value}: {told:?}");
    }
}

#[test]
fn what_leads_too_deep_is_unknown_and_the_stack_holds() {
    for (what, code) in [
        (
            "calls",
            with_attribute(&chain("\"x\"", "upper(lower(\"${@}\"))", 500), "local.l500"),
        ),
        (
            "operators",
            with_attribute(
                &chain("1", &format!("@{}", " + 1".repeat(100)), 9),
                "local.l9",
            ),
        ),
        (
            "objects",
            with_attribute(&chain("1", "{ a = [{ b = @ }] }", 500), "local.l500"),
        ),
    ] {
        let (value, told) = attribute(&code);
        assert!(value.has_unknown(), "{what}");
        assert!(told[0].ends_with(TOO_DEEP), "{what}: {told:?}");
    }
    // Each is asked for after the one before: none leads far, but the values grow deeper.
    let lists = chain("1", "[@]", 300);
    let asked: String = (0..300)
        .map(|at| format!("  x{at} = local.l{at}\n"))
        .collect();
    let (_, told) = attribute(&format!(
        "{lists}resource \"a\" \"b\" {{\n  x = 1\n{asked}}}\n"
    ));
    assert!(told[0].ends_with(TOO_DEEP), "{told:?}");
}

#[test]
fn work_without_end_is_given_up_where_it_was_too_much() {
    let list = "locals {\n  l = [for i in range(1000) : \"x${i}\"]\n  m = [for i in range(60) : local.l]\n}\n";
    for (what, value) in [
        (
            "loops",
            "[for a in range(1024) : [for b in range(1024) : [for c in range(1024) : 1 if false]]]",
        ),
        (
            "a search in a loop",
            "[for a in flatten(local.m) : contains(local.l, \"y\")]",
        ),
    ] {
        let (value, told) = attribute(&with_attribute(list, value));
        assert!(value.has_unknown(), "{what}");
        assert_eq!(told.len(), 1, "{what}: {told:?}");
        assert!(told[0].starts_with("main.tf:6: "), "{what}: {told:?}");
        assert!(told[0].ends_with(TOO_LONG), "{what}: {told:?}");
    }
}

#[test]
fn sets_and_maps_of_sixty_thousand_are_made() {
    let words: String = (0..60_000).map(|at| format!("w{at},")).collect();
    let code = format!(
        r#"
locals {{
  words = split(",", "{words}")
}}
resource "a" "b" {{
  set  = length(toset(concat(local.words, local.words)))
  once = length(distinct(local.words))
  map  = length(merge(zipmap(local.words, local.words), {{ a = 1 }}))
  flat = length(flatten([local.words, [local.words]]))
}}
"#
    );
    let evaluated = evaluate(&[("main.tf", &code)]);
    assert!(evaluated.problems.is_empty(), "{:?}", evaluated.problems);
    let resource = &evaluated.declared.resources[&"a.b".parse().unwrap()];
    for (name, length) in [
        ("set", 60_001),
        ("once", 60_001),
        ("map", 60_002),
        ("flat", 120_002),
    ] {
        assert_eq!(resource.value(name), length.into(), "{name}");
    }
}

#[test]
fn what_the_parser_would_take_too_long_for_is_not_parsed() {
    // A heredoc that may end with its first line is read twice, and what follows four times, eight times, ...
    let twice: String = (0..32).map(|at| format!("<<A{at}\nA{at} + ")).collect();
    let keys: String = (0..20_000).map(|at| format!("k{at} = 1\n")).collect();
    let many = "[],".repeat(1 << 20);
    for (what, value, why) in [
        ("heredocs", twice, "too many empty heredocs"),
        ("keys", format!("{{\n{keys}}}"), "it is too large"),
        ("a tree", format!("[{many}]"), "it is too large"),
        ("lists", "[".repeat(50_000), "nesting depth"),
        ("operators", "-".repeat(50_000), "nesting depth"),
        ("templates", "\"${".repeat(50_000), "nesting depth"),
    ] {
        let code = format!("a = {value}\n");
        for file in ["main.tf", "terraform.tfvars"] {
            let evaluated = evaluate(&[("other.tf", "variable \"a\" {}\n"), (file, &code)]);
            let told = evaluated.problems[0].to_string();
            assert!(told.starts_with(&format!("{file}:")), "{what}: {told}");
            assert!(told.contains(why), "{what}: {told}");
        }
        // A root module, as far as can be seen without the parser.
        let root = format!("terraform {{\n  backend \"s3\" {{}}\n}}\n{code}");
        let tree: Tree = [("main.tf", root)].into_iter().collect();
        let roots = code::root_modules(&tree, "", &Options::default());
        let [root] = roots.as_slice() else {
            panic!("{what}: {roots:?}");
        };
        let told = root.problem.as_ref().unwrap().to_string();
        assert!(told.starts_with("main.tf:"), "{what}: {told}");
        assert!(told.contains(why), "{what}: {told}");
        assert!(code::parse::body(&code).is_err(), "{what}");
    }
}

#[test]
fn a_root_module_whose_file_is_not_parsed_is_one_all_the_same() {
    let backend = "terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n  }\n}\n";
    let tree: Tree = [
        ("a/main.tf", format!("{backend}x = {}\n", "[".repeat(100))),
        (
            "b/main.tf",
            "# The cloud has no terraform {\nx = [\n".to_owned(),
        ),
        ("c/a.tf", format!("{backend}x = [\n")),
        ("c/b.tf", backend.to_owned()),
    ]
    .into_iter()
    .collect();
    let found = code::root_modules(&tree, "", &Options::default());
    let paths: Vec<_> = found.iter().map(|root| root.path.as_str()).collect();
    assert_eq!(paths, ["a", "c"]);
    let told = found[0].problem.as_ref().unwrap().to_string();
    assert!(
        told.starts_with("a/main.tf:6: this file could not be parsed"),
        "{told}"
    );
    assert!(found[1].backend.is_some());
}

const BACKEND: &str = "terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n  }\n}\n";

/// A repository of so many root modules.
fn roots(count: usize) -> Tree {
    let file = |at| (format!("s{at:05}/main.tf"), BACKEND);
    (0..count).map(file).collect()
}

/// The names of the stacks that are found, and how many are left out.
fn found_stacks(tree: &Tree, settings: &str, code: &Options) -> (Vec<String>, usize) {
    let search = Search {
        tree,
        settings: &Settings::parse(settings).unwrap(),
        within: "",
        most: 500,
        code,
    };
    let found = search.stacks().unwrap();
    let names = found.stacks.iter().map(|stack| stack.name.to_string());
    (names.collect(), found.left_out.len())
}

#[test]
fn of_thirty_thousand_root_modules_the_first_ones_are_found_in_one_pass() {
    let tree = roots(30_000);
    let (names, left_out) = found_stacks(&tree, "version: 1\n", &Options::default());
    assert_eq!((names.len(), left_out), (500, 29_500));
    assert_eq!(
        (names[0].as_str(), names[499].as_str()),
        ("s00000", "s00499")
    );
    let named: String = (0..600)
        .rev()
        .map(|at| format!("  - path: s{at:05}\n"))
        .collect();
    let settings = format!("version: 1\nstacks:\n{named}");
    let (names, left_out) = found_stacks(&tree, &settings, &Options::default());
    assert_eq!((names.len(), left_out), (500, 100));
    assert_eq!(names[499], "s00499");
}

#[test]
fn an_interrupted_search_parses_nothing_more() {
    let options = Options::default();
    options.interrupt.raise();
    let (names, _) = found_stacks(&roots(10), "version: 1\n", &options);
    assert_eq!(names, [""; 0]);
}

#[test]
fn a_few_empty_heredocs_are_read() {
    let code = with_attribute("locals {\n  e = <<E\nE\n}\n", "\"${local.e}x\"");
    assert_eq!(attribute(&code).0, "x".into());
}

#[test]
fn a_policy_in_a_heredoc_is_parsed_with_the_same_care() {
    let keys: String = (0..20_000).map(|at| format!("\"k{at}\": 1,\n")).collect();
    let (value, told) = attribute(&with_attribute("", &format!("<<E\n{{\n{keys}}}\nE\n")));
    assert!(value.as_str().is_some_and(|text| text.len() > 200_000));
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn modules_are_followed_only_so_deep() {
    let module = |at: usize| {
        let call = format!("module \"m\" {{\n  source = \"../m{}\"\n}}\n", at + 1);
        let resource = "resource \"a\" \"b\" {\n  x = 1\n}\n";
        (format!("m{at}/main.tf"), call + resource)
    };
    let tree: Tree = (0..8_000).map(module).collect();
    let evaluated = code::evaluate(&tree, "m0", &Options::default());
    assert_eq!(evaluated.declared.resources.len(), 33);
    assert_eq!(
        evaluated.problems[0].to_string(),
        "m32/main.tf:1: module `m` is called through 32 others, so it was not evaluated"
    );
}

#[test]
fn modules_called_without_end_are_given_up() {
    let call =
        |source: &str| format!("module \"m\" {{\n  source = \"{source}\"\n  count = 10000\n}}\n");
    let evaluated = evaluate(&[
        ("main.tf", &call("./a")),
        ("a/main.tf", &call("./b")),
        (
            "a/b/main.tf",
            "locals {\n  x = [for i in range(1000) : i]\n}\n",
        ),
    ]);
    let told: Vec<_> = evaluated.problems.iter().map(ToString::to_string).collect();
    assert_eq!(told, [format!("a/main.tf:1: {TOO_LONG}")]);
}

#[test]
fn more_than_can_be_kept_ends_the_evaluation() {
    let attributes: String = (0..100).map(|at| format!("  x{at} = true\n")).collect();
    let code = format!("resource \"a\" \"b\" {{\n  count = 10000\n{attributes}}}\n");
    let evaluated = evaluate(&[("main.tf", &code)]);
    let kept = evaluated.declared.resources.len();
    assert!((2_000..8_000).contains(&kept), "{kept}");
    let told: Vec<_> = evaluated.problems.iter().map(ToString::to_string).collect();
    let ended = "this code declares too much to keep, so part of it was not evaluated";
    assert!(told.len() == 1 && told[0].ends_with(ended), "{told:?}");
}

#[test]
fn code_that_others_left_no_memory_for_is_evaluated_later() {
    let budget = ScanBudget::new(96 << 20);
    let within = || Options {
        shared: Shared::within(&budget.begin()),
        ..Options::default()
    };
    let attributes: String = (0..100).map(|at| format!("  x{at} = true\n")).collect();
    let code = format!("resource \"a\" \"b\" {{\n  count = 2000\n{attributes}}}\n");
    let tree: Tree = [("main.tf", code)].into_iter().collect();
    let (large, other) = (within(), within());
    let first = code::evaluate(&tree, "", &large);
    assert!(!large.shared.is_starved());
    let second = code::evaluate(&tree, "", &other);
    assert!(other.shared.is_starved());
    assert!(second.declared.resources.len() < first.declared.resources.len());
    // A common scan has what it needs of its own.
    let small: Tree = [("main.tf", "resource \"a\" \"b\" {}\n")]
        .into_iter()
        .collect();
    let common = within();
    code::evaluate(&small, "", &common);
    assert!(!common.shared.is_starved());
    let count = first.declared.resources.len();
    drop((first, second, large, other));
    let later = within();
    let again = code::evaluate(&tree, "", &later);
    assert!(!later.shared.is_starved());
    assert_eq!(again.declared.resources.len(), count);
}

#[test]
fn the_instances_of_a_large_literal_map_are_each_traced() {
    let names: String = (0..2_000)
        .map(|at| format!("n{at} = \"t3.micro\"\n"))
        .collect();
    let evaluated = evaluate(&[(
        "main.tf",
        &format!(
            "locals {{\n  all = {{\n{names}  }}\n}}\nresource \"a\" \"b\" {{\n  for_each = local.all\n  x = each.value\n}}\n"
        ),
    )]);
    assert!(evaluated.problems.is_empty(), "{:?}", evaluated.problems);
    let last = &evaluated.declared.resources[&"a.b[\"n1999\"]".parse().unwrap()];
    assert_eq!(last.attributes["x"].source.line, 2_002);
}

/// Each of these took minutes, or an hour, before what it costs was counted or done once.
#[test]
fn what_many_instances_share_is_measured_once() {
    let module = "module \"m\" {\n  source = \"./m\"\n  count  = 2000\n}\n";
    let default = format!(
        "variable \"d\" {{\n  default = [{}]\n}}\n",
        "1,".repeat(100_000)
    );
    let code = evaluate(&[("main.tf", module), ("m/main.tf", &default)]);
    assert_eq!(code.problems, []);
}

#[test]
fn a_path_that_no_attribute_has_is_not_read_to_its_end() {
    let path = ".b".repeat(100_000);
    let file = format!(
        "resource \"aws_instance\" \"a\" {{\n  count = 200\n  lifecycle {{\n    ignore_changes = [tags, a{path}]\n  }}\n}}\n"
    );
    let code = evaluate(&[("main.tf", &file)]);
    let resources: Vec<_> = code.declared.resources.values().collect();
    assert_eq!(resources.len(), 200);
    assert_eq!(resources[0].ignore_changes[0], "tags");
    assert!(resources[0].ignore_changes[1].len() < 1_000);
}

#[test]
fn a_heredoc_is_counted_each_time_that_it_is_read() {
    let text = "    a line\n".repeat(10_000);
    let file = with_attribute(
        &format!("a = [for i in range(1000) : [for j in range(1000) : <<-EOT\n{text}    EOT\n  ]]"),
        "local.a",
    );
    let code = evaluate(&[("main.tf", &file)]);
    assert!(!code.problems.is_empty());
}

#[test]
fn an_interrupted_plan_changes_nothing() {
    let tree: Tree = [("main.tf", "resource \"a\" \"b\" {\n  x = 1\n}\n")]
        .into_iter()
        .collect();
    let options = Options::default();
    let before = code::evaluate(&tree, "", &options);
    options.interrupt.raise();
    let catalog = Catalog::default();
    let stack = patch::Stack {
        tree: &tree,
        folder: "",
        options: &options,
        declared: &before.declared,
        catalog: &catalog,
        others: Vec::new(),
    };
    let finding = Finding {
        address: "a.b".parse().ok(),
        ..Finding::new(Kind::Deleted, Verdict::Drift, "a")
    };
    let findings: &mut [_] = &mut [finding];
    assert!(patch::plan(findings, &stack, patch::FixPolicy::Adopt).is_empty());
    let fix = findings[0].fix.as_ref().unwrap();
    assert!(
        fix.reason
            .as_ref()
            .is_some_and(|why| why.contains("too long"))
    );
    assert!(fix.untried);
}

/// Each workspace is a stack: none copies the list of all, and only those that are scanned copy anything.
#[test]
fn a_stack_of_very_many_workspaces_is_found_at_once() {
    let tree: Tree = [("infra/main.tf", "terraform {\n  backend \"s3\" {}\n}\n")]
        .into_iter()
        .collect();
    let names: Vec<_> = (0..40_000).map(|at| format!("w{at}")).collect();
    let settings = format!(
        "stacks:\n  - path: infra\n    workspaces: [{}]\n",
        names.join(", ")
    );
    let before = processor_time();
    let (found, left_out) = found_stacks(&tree, &settings, &Options::default());
    let took = processor_time() - before;
    assert_eq!((found.len(), left_out), (500, 39_500));
    assert_eq!(found[0], "infra-w0");
    assert!(took < Duration::from_secs(20), "{took:?}");
}

/// What each of hundreds of stacks would hold is refused where it is long.
#[test]
fn what_is_said_of_one_stack_is_bounded() {
    let of_files = |count: usize| {
        let files: Vec<_> = (0..count).map(|at| format!("f{at}.tfvars")).collect();
        format!(
            "stacks:\n  - path: infra\n    workspaces: [a, b]\n    var_files: [{}]\n",
            files.join(", ")
        )
    };
    assert!(Settings::parse(&of_files(300)).is_ok());
    let long = "x".repeat(40_000);
    for settings in [
        of_files(1_000),
        format!("stacks:\n  - path: {long}\n"),
        format!("stacks:\n  - path: infra\n    state: s3://bucket/{long}\n"),
        format!(
            "stacks:\n  - path: infra\n    schedule: {}1 * * * *\n",
            "1,".repeat(20_000)
        ),
        format!(
            "stacks:\n  - path: infra\n    aws: {{role_arn: \"arn:aws:iam::123456789012:role/{long}\"}}\n"
        ),
    ] {
        let error = Settings::parse(&settings).unwrap_err().to_string();
        assert!(error.contains("longer than 32 KiB"), "{error:.200}");
    }
    for (file, code) in [
        (
            "main.tf",
            format!("terraform {{\n  backend \"s3\" {{\n    key = \"{long}\"\n  }}\n}}\n"),
        ),
        (
            "terragrunt.hcl",
            format!(
                "terraform {{\n  source = \"./code\"\n}}\nremote_state {{\n  backend = \"s3\"\n  config = {{\n    bucket = \"b\"\n    key = \"{long}\"\n  }}\n}}\n"
            ),
        ),
    ] {
        let files = [
            (file, code.as_str()),
            ("code/main.tf", "resource \"a\" \"b\" {}\n"),
        ];
        let tree: Tree = files.into_iter().collect();
        let options = Options::default();
        let search = Search {
            tree: &tree,
            settings: &Settings::default(),
            within: "",
            most: 500,
            code: &options,
        };
        let module = search.stacks().unwrap().stacks.remove(0).module.unwrap();
        assert_eq!(module.backend, None, "{file}");
        let problem = module.problem.unwrap();
        assert!(problem.message.contains("longer than 16 KiB"), "{problem}");
    }
}
