//! Code whose cost lies in one expression: each of these took the process down by its stack or its memory, or kept it busy
//! for minutes. A value that is too dear is unknown, and what is left is evaluated.

use crate::fixes::adopted_in;
use crate::recorded_stack::difference;
use crate::unit_limits::processor_time;
use driftguard::code::{self, Evaluated, Moves, Options};
use driftguard::model::{Address, Tree, Value};
use std::time::Duration;

fn evaluate(files: &[(&str, &str)]) -> Evaluated {
    let tree: Tree = files.iter().map(|(path, text)| (*path, *text)).collect();
    code::evaluate(&tree, "", &Options::default())
}

/// The attributes of `a.b` with these values, in code with these locals and this file.
fn values(locals: &str, file: &str, values: &[&str]) -> (Vec<Value>, Vec<String>) {
    let arguments = values.iter().enumerate();
    let arguments: String = arguments
        .map(|(at, value)| format!("  x{at} = {value}\n"))
        .collect();
    let code = format!("locals {{\n{locals}}}\nresource \"a\" \"b\" {{\n{arguments}}}\n");
    let evaluated = evaluate(&[("main.tf", &code), ("a.tpl", file)]);
    let resource = &evaluated.declared.resources[&"a.b".parse().unwrap()];
    let found = (0..values.len()).map(|at| resource.value(&format!("x{at}")));
    let told = evaluated.problems.iter().map(|told| told.message.clone());
    (found.collect(), told.collect())
}

/// Locals `l0` to `l{last}`: the first is this, each other one is made of the one before, which is called `@`.
fn chain(first: &str, other: &str, last: usize) -> String {
    let others = (1..=last).map(|at| {
        let before = format!("local.l{}", at - 1);
        format!("  l{at} = {}\n", other.replace('@', &before))
    });
    format!("  l0 = {first}\n{}", others.collect::<String>())
}

/// A text of a mebibyte.
fn mebibyte(part: &str) -> String {
    chain(&format!("\"{part}\""), "\"${@}${@}\"", 16)
}

const TOO_LARGE: &str = "this value is too large to evaluate";
const TOO_DEEP: &str = "this value is nested too deeply to evaluate";
const TOO_LONG: &str = "this code takes too long to evaluate, so part of it was not";

#[test]
fn numbers_that_grow_with_each_step_are_unknown() {
    for (first, last) in [("1e999", 70), ("1e999", 20), ("1e-999", 70), ("1e-999", 14)] {
        let grown = chain(&format!("tonumber(\"{first}\")"), "@ * @", last);
        let local = format!("local.l{last}");
        let uses = [
            "@ + 1",
            "@ > 1",
            "@ % 7",
            "\"${@}\"",
            "format(\"%f\", @)",
            "format(\"%d\", @)",
            "floor(@)",
            "[1, 2][@]",
            "toset([@, 1])",
            "jsonencode(@)",
            "log(@, 2)",
            "range(0, @, @)",
            "max(@, 1)",
            "sum([@, 1])",
        ]
        .map(|used| used.replace('@', &local));
        let uses: Vec<_> = uses.iter().map(String::as_str).collect();
        let (found, _) = values(&grown, "", &uses);
        for (value, used) in found.iter().zip(uses) {
            assert!(value.has_unknown(), "{first} {used}: {value:?}");
        }
    }
    let (found, _) = values("", "", &["tonumber(\"1e300\") / 1e300"]);
    assert_eq!(found, [Value::from(1)]);
}

#[test]
fn splats_in_splats_are_counted() {
    for splats in ["[*]", ".*", ".*[0]"] {
        let reference = format!("local.a{}", splats.repeat(30_000));
        let (found, told) = values("  a = 1\n", "", &[&reference]);
        assert_eq!(found, [Value::Unknown], "{splats}");
        assert_eq!(told, [TOO_DEEP], "{splats}");
    }
}

#[test]
fn a_template_takes_any_number_of_names() {
    let names = "{ for i in flatten([for a in range(200) : [for b in range(1000) : \"k${a}x${b}\"]]) : i => 7 }";
    let filled = format!("templatefile(\"a.tpl\", {names})");
    // Each is looked for among all of them.
    let template = "${k3x4}".repeat(20_000);
    let (found, told) = values("", &template, &[&filled]);
    assert_eq!(told, [""; 0]);
    assert_eq!(found[0].as_str().map(str::len), Some(20_000));
}

#[test]
fn a_template_fills_no_other_template() {
    let twice = "${templatefile(\"a.tpl\", {})}".repeat(2);
    let recursive = "  t = \"$${templatestring(t, { t = t })}$${templatestring(t, { t = t })}\"\n";
    let uses = [
        "try(templatefile(\"a.tpl\", {}), \"refused\")",
        "try(templatestring(local.t, { t = local.t }), \"refused\")",
    ];
    let (found, told) = values(recursive, &twice, &uses);
    assert_eq!(told, [""; 0]);
    assert_eq!(found, ["refused".into(), "refused".into()]);
}

#[test]
fn what_is_read_again_and_again_is_counted() {
    let digits = mebibyte("1234567891234567");
    let many = "[for a in range(1000) : [for b in range(1000) : @]]";
    let failing = format!("try({}1)", "[][0], ".repeat(3_000));
    for repeated in [
        "parseint(local.l16, 10)",
        "can(regex(\".{900}\", \"a\"))",
        &failing,
    ] {
        let (found, told) = values(&digits, "", &[&many.replace('@', repeated)]);
        assert!(found[0].has_unknown(), "{repeated}");
        assert!(
            told.iter().any(|told| told == TOO_LONG),
            "{repeated}: {told:?}"
        );
    }
}

#[test]
fn matches_that_look_at_all_that_follows_are_counted() {
    let (found, told) = values(
        &mebibyte("xxxxxxxxxxxxxxxx"),
        "",
        &[
            "replace(local.l16, \"/(?s).*[^x]|x/\", \"y\")",
            "length(regexall(\"(?s).*[^x]|x\", local.l8))",
        ],
    );
    assert_eq!(found, [Value::Unknown, Value::from(4096)]);
    assert_eq!(told, [TOO_LARGE]);
}

/// A few letters repeat a part of a pattern many times: a search may look at each repetition for each byte.
#[test]
fn searches_count_the_states_of_a_pattern() {
    let patterns = [
        "^(?:(a){1,30})*$",
        "^(?:a{0,30}(b)?)*$",
        "^((((a?){9}){9}))*$",
    ];
    let searched = |text: &str| {
        let uses = patterns.map(|pattern| format!("can(regex(\"{pattern}\", {text}))"));
        let uses: Vec<_> = uses.iter().map(String::as_str).collect();
        values(&mebibyte("aaaaaaaaaaaaaaaa"), "", &uses)
    };
    let (found, told) = searched("local.l16");
    assert_eq!(found, vec![Value::Unknown; 3]);
    assert_eq!(told, [TOO_LARGE; 3]);
    let (found, told) = searched("local.l2");
    assert_eq!(found, vec![Value::from(true); 3]);
    assert_eq!(told, [""; 0]);
}

#[test]
fn a_search_for_files_counts_the_states_of_its_pattern() {
    let files = (0..2_000).map(|at| format!("{}{at}", "a/".repeat(50)));
    let listed = [("d".to_owned(), files.collect::<Vec<_>>())];
    let set = |pattern: &str| {
        let code =
            format!("resource \"a\" \"b\" {{\n  x = length(fileset(\"d\", \"{pattern}\"))\n}}\n");
        let mut tree: Tree = [("main.tf", code.as_str())].into_iter().collect();
        tree.listed.extend(listed.clone());
        let evaluated = code::evaluate(&tree, "", &Options::default());
        let messages = evaluated.problems.iter();
        let messages: Vec<_> = messages.map(|problem| problem.message.clone()).collect();
        let resource = &evaluated.declared.resources[&"a.b".parse().unwrap()];
        (resource.value("x"), messages)
    };
    assert_eq!(set("**/*7"), (Value::from(200), vec![]));
    let (found, messages) = set(&"**/".repeat(60));
    assert_eq!(
        (found, messages),
        (Value::Unknown, vec![TOO_LONG.to_owned()])
    );
    // No pattern of more states is compiled.
    assert_eq!(set(&"**/".repeat(300)).0, Value::Unknown);
}

#[test]
fn what_is_only_too_deep_or_too_long_to_be_read_is_not_refused() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let many: String = (0..70).map(|at| format!("{{ k{at} = {at} }}, ")).collect();
    let (found, _) = values(
        "",
        "",
        &[
            &format!("try(jsondecode(\"{deep}\"), \"refused\")"),
            &format!("try(yamldecode(\"{deep}\"), \"refused\")"),
            "try(tonumber(\"1e5000\"), \"refused\")",
            "try(jsondecode(\"1e5000\"), \"refused\")",
            &format!("try(tolist([{many}]), \"refused\")"),
            "try(timeadd(\"9999-12-31T23:59:59Z\", \"1h\"), \"refused\")",
        ],
    );
    for (at, value) in found.iter().enumerate() {
        assert_eq!(*value, Value::Unknown, "{at}");
    }
}

#[test]
fn override_files_cost_what_they_look_at() {
    let locals: String = (0..20_000).map(|at| format!("  b{at} = {at}\n")).collect();
    let base = format!("locals {{\n{locals}}}\nresource \"a\" \"b\" {{\n  x = local.b1\n}}\n");
    let mut files = vec![("main.tf".to_owned(), base)];
    let other = |at: usize| {
        let code = format!("locals {{\n  b1 = {at}\n}}\n");
        (format!("z{at:04}_override.tf"), code)
    };
    files.extend((0..2_000).map(other));
    let tree: Tree = files.into_iter().collect();
    let evaluated = code::evaluate(&tree, "", &Options::default());
    // What is overridden in the end was not found out, so nothing in that file is known.
    assert!(evaluated.declared.resources.is_empty());
    let told = evaluated.problems[0].to_string();
    assert!(told.contains("so neither was evaluated"), "{told}");
}

#[test]
fn nothing_is_known_beside_an_override_file_that_is_not_read() {
    let too_large = format!("a = {}\n", "[],".repeat(1 << 20));
    let evaluated = evaluate(&[
        ("main.tf", "resource \"a\" \"b\" {\n  x = 1\n}\n"),
        ("override.tf", &too_large),
    ]);
    assert!(evaluated.declared.resources.is_empty());
    assert!(
        evaluated.problems[0]
            .to_string()
            .starts_with("override.tf:")
    );
}

#[test]
fn chains_of_moves_end_and_leave_what_is_left() {
    let step = |at: usize| {
        format!(
            "moved {{\n  from = module.m{at}\n  to = module.m{}\n}}\n",
            at + 1
        )
    };
    let code: String = (0..5_000).rev().map(step).collect();
    let tree: Tree = [("main.tf", code)].into_iter().collect();
    let moves = Moves::read(&tree, "", &Options::default());
    let address = |at: usize| format!("module.m0.a.b[{at}]").parse::<Address>().unwrap();
    let known: Vec<_> = (0..5_000).map(address).collect();
    let renamed = moves.new_addresses(known.iter());
    assert!(renamed.len() < known.len());
    let few = moves.new_addresses(known[..1].iter());
    let end = "module.m5000.a.b[0]".parse().unwrap();
    assert_eq!(few.get(&known[0]), Some(&end));
}

#[test]
fn imports_for_each_of_many_end_with_the_work() {
    let block = |at: usize| {
        format!(
            "import {{\n  for_each = toset([for x in range(1000) : tostring(x)])\n  to       = aws_eip.e{at}[each.key]\n  \
             id       = each.value\n}}\n"
        )
    };
    let code: String = (0..1_000).map(block).collect();
    let evaluated = evaluate(&[("main.tf", &code)]);
    let count = evaluated.imports.len();
    assert!((10_000..100_000).contains(&count), "{count}");
    let told: Vec<_> = evaluated
        .problems
        .iter()
        .map(|told| &told.message)
        .collect();
    assert_eq!(told, [TOO_LONG]);
}

/// The processor time that providers in files of a thousand take.
fn time_of_providers(files: usize) -> Duration {
    let block = |at: usize| format!("provider \"aws\" {{\n  alias = \"p{at}\"\n}}\n");
    let file = |file: usize| {
        let blocks = (0..1_000).map(|at| block(file * 1_000 + at));
        (format!("p{file}.tf"), blocks.collect::<String>())
    };
    let tree: Tree = (0..files).map(file).collect();
    let before = processor_time();
    let evaluated = code::evaluate(&tree, "", &Options::default());
    assert_eq!(evaluated.providers.len(), files * 1_000);
    processor_time() - before
}

#[test]
fn the_time_of_providers_grows_with_their_number_alone() {
    let (few, many) = (time_of_providers(4), time_of_providers(32));
    assert!(many < few * 20, "{few:?} and {many:?}");
}

/// The processor time that a fix of a rule with this many sources takes, each second of which is another in AWS.
fn time_of_sources(count: usize) -> Duration {
    let source = |at: usize, net: usize| format!("{net}.{}.{}.0/24", at / 250, at % 250);
    let rule = |net: usize| {
        let sources = (0..count).map(|at| source(at, if at % 2 == 0 { 10 } else { net }).into());
        Value::List(vec![Value::map([
            ("protocol", Value::from("tcp")),
            ("from_port", 80.into()),
            ("to_port", 80.into()),
            ("cidr_blocks", Value::List(sources.collect())),
        ])])
    };
    let sources = (0..count).map(|at| format!("      \"{}\",\n", source(at, 10)));
    let code = format!(
        "resource \"aws_security_group\" \"g\" {{\n  ingress {{\n    protocol    = \"tcp\"\n    from_port   = 80\n    \
         to_port     = 80\n    cidr_blocks = [\n{}    ]\n  }}\n}}\n",
        sources.collect::<String>()
    );
    let drift = vec![difference("ingress", rule(10), rule(172))];
    let before = processor_time();
    let (file, text) = adopted_in(&[("main.tf", &code)], "aws_security_group.g", drift);
    let time = processor_time() - before;
    assert_eq!(file, "main.tf");
    assert_eq!(text.matches("\"172.").count(), count / 2);
    time
}

#[test]
fn the_time_of_a_fix_grows_with_the_sources_of_a_rule() {
    let (few, many) = (time_of_sources(500), time_of_sources(4_000));
    assert!(many < few * 24, "{few:?} and {many:?}");
}
