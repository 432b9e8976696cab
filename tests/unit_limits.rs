//! Terragrunt units that would take for ever, or all memory: what is too dear is told, and nothing is copied for each of
//! thousands.

use driftguard::code::{self, Evaluated, Options};
use driftguard::model::Tree;
use std::time::Duration;

const TOO_LONG: &str = "this code takes too long to evaluate";
const TOO_MUCH: &str = "this code declares too much to keep";
const MODULE: &str = "variable \"x\" {}\nresource \"a\" \"b\" {\n  x = var.x\n}\n";

fn evaluate(unit: &str, files: &[(&str, &str)]) -> Evaluated {
    let tree: Tree = files.iter().copied().collect();
    code::evaluate(&tree, unit, &Options::default())
}

fn problems(evaluated: &Evaluated) -> String {
    let problems = evaluated.problems.iter().map(ToString::to_string);
    problems.collect::<Vec<_>>().join("\n")
}

/// The time that this thread had a processor.
pub fn processor_time() -> Duration {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let time = times.split_whitespace().next().unwrap();
    Duration::from_nanos(time.parse().unwrap())
}

#[test]
fn what_a_unit_includes_and_reads_counts_together() {
    let large = "locals {\n  a = [for i in range(400) : [for j in range(100) : { a = 1 }]]\n}\n";
    let parent = [("root.hcl", large), ("unit/main.tf", MODULE)];
    let one = evaluate(
        "unit",
        &[
            parent[0],
            parent[1],
            (
                "unit/terragrunt.hcl",
                "include \"a\" {\n  path = \"../root.hcl\"\n}\n",
            ),
        ],
    );
    assert_eq!(problems(&one), "");
    let includes: String = (0..8)
        .map(|at| format!("include \"a{at}\" {{\n  path = \"../root.hcl\"\n  expose = true\n}}\n"))
        .collect();
    let many = evaluate(
        "unit",
        &[parent[0], parent[1], ("unit/terragrunt.hcl", &includes)],
    );
    assert!(problems(&many).contains(TOO_MUCH), "{}", problems(&many));
    let files: Vec<_> = (0..8).map(|at| format!("r{at}.hcl")).collect();
    let reads: String = (0..8)
        .map(|at| format!("  a{at} = read_terragrunt_config(\"../r{at}.hcl\").inputs\n"))
        .collect();
    let unit = format!("locals {{\n{reads}}}\n");
    let mut tree: Vec<_> = files.iter().map(|path| (path.as_str(), large)).collect();
    tree.extend([parent[1], ("unit/terragrunt.hcl", unit.as_str())]);
    let many = evaluate("unit", &tree);
    assert!(problems(&many).contains(TOO_MUCH), "{}", problems(&many));
}

#[test]
fn a_long_path_is_followed_into_no_thousand_folders() {
    let folder = vec!["d"; 300].join("/");
    let name = "y/".repeat(1 << 15) + "x.hcl";
    let unit = format!(
        "inputs = {{\n  x = [for i in range(100) : find_in_parent_folders(\"{name}\", \"none\")]\n}}\n"
    );
    let (config, main) = (
        format!("{folder}/terragrunt.hcl"),
        format!("{folder}/main.tf"),
    );
    let evaluated = evaluate(&folder, &[(&config, &unit), (&main, MODULE)]);
    assert!(
        problems(&evaluated).contains(TOO_LONG),
        "{}",
        problems(&evaluated)
    );
}

#[test]
fn thousands_of_generated_files_and_of_arguments_are_compared_once() {
    let generated = "generate = { for i in range(1000) : \"a${i}\" => \
                     { path = \"a${i}.tf\", if_exists = \"overwrite\", contents = \"# ${i}\" } }\n";
    let arguments: String = (0..2000)
        .map(|at| format!("  extra_arguments \"a{at}\" {{\n    commands = [\"plan\"]\n  }}\n"))
        .collect();
    let unit = format!("{generated}terraform {{\n{arguments}}}\ninputs = {{\n  x = 1\n}}\n");
    let before = processor_time();
    let evaluated = evaluate(
        "unit",
        &[("unit/terragrunt.hcl", &unit), ("unit/main.tf", MODULE)],
    );
    let took = processor_time() - before;
    assert_eq!(problems(&evaluated), "");
    assert!(took < Duration::from_secs(10), "{took:?}");
}
