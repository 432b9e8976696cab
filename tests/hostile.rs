//! Whatever comes from outside may be cut, damaged or made up: it gets an error that names it, or is read in part, and
//! never takes the program down.

use crate::aws::STATE;
use driftguard::code::{self, Options};
use driftguard::diff::{self, Ownership, ReadResource};
use driftguard::live;
use driftguard::model::{
    AwsLocation, Finding, Interrupt, ProviderKey, Reading, Redactor, Resource, Tree, Value,
};
use driftguard::patch;
use driftguard::resources;
use driftguard::settings::Settings;
use driftguard::state::{self, StateError};
use driftguard::webhook::signature::Signature;
use proptest::prelude::*;
use std::time::{Duration, Instant};

const CODE: &str = include_str!("../src/cli/demo/repo/infra/production/web.tf");
const SETTINGS: &str = "version: 1\naws:\n  role_arn: arn:aws:iam::123456789012:role/driftguard\nbenchmark: cis-3.0\nstacks:\n  \
    - path: infra/production\n    var_files: [production.tfvars]\naccept:\n  - address: 'aws_instance.worker[*]'\n    \
    reason: the patch schedule owns it\n    until: 2027-03-31\n";

/// Real text with some of its bytes taken out, doubled or replaced.
fn damaged(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let change = (
        any::<prop::sample::Index>(),
        0..4u8,
        any::<u8>(),
        1..40usize,
    );
    prop::collection::vec(change, 1..6).prop_map(move |changes| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, how, byte, length) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            match how {
                0 => drop(bytes.drain(at..end)),
                1 => {
                    let twice = bytes[at..end].to_vec();
                    bytes.splice(at..at, twice);
                }
                2 => bytes[at] = byte,
                _ => bytes.truncate(at),
            }
        }
        bytes
    })
}

fn nested(open: &str, close: &str, depth: usize) -> String {
    open.repeat(depth) + &close.repeat(depth)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_damaged_state_is_read_or_refused_by_name(bytes in damaged(STATE)) {
        let redactor = Redactor::new(b"key");
        if let Err(error) = state::parse(&bytes, "a.tfstate", &resources::catalog(), &redactor) {
            prop_assert!(error.to_string().starts_with("a.tfstate: "), "{error}");
        }
    }

    #[test]
    fn damaged_code_is_evaluated_as_far_as_it_goes(bytes in damaged(CODE)) {
        let tree: Tree = [("main.tf", bytes)].into_iter().collect();
        let evaluated = code::evaluate(&tree, "", &Options::default());
        for problem in &evaluated.problems {
            prop_assert_eq!(&problem.file, "main.tf");
        }
        code::root_modules(&tree, "", &Options::default());
    }

    #[test]
    fn damaged_settings_are_read_or_refused_with_their_line(bytes in damaged(SETTINGS)) {
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = Settings::parse(&text) {
            prop_assert!(error.to_string().starts_with(".driftguard.yml:"), "{error}");
        }
    }

    #[test]
    fn a_made_up_signature_is_none(text in "\\PC{0,80}|sha256=[0-9a-fA-F]{0,70}") {
        let good = text.len() == 71 && text.starts_with("sha256=");
        prop_assert!(good || Signature::parse(text.as_bytes()).is_none());
    }
}

#[test]
fn what_is_nested_too_deeply_is_refused() {
    let redactor = Redactor::new(b"key");
    let state = format!(
        r#"{{"version": 4, "resources": {}}}"#,
        nested("[", "]", 100_000)
    );
    assert!(
        state::parse(
            state.as_bytes(),
            "a.tfstate",
            &resources::catalog(),
            &redactor
        )
        .is_err()
    );
    assert!(Settings::parse(&format!("stacks: {}", nested("[", "]", 50_000))).is_err());
    let doubled = (1..40).map(|at| format!("a{at}: &a{at} [*a{0}, *a{0}]\n", at - 1));
    let doubled: String = doubled.collect();
    assert!(Settings::parse(&format!("a0: &a0 [x]\n{doubled}stacks: *a39\n")).is_err());
    let code = format!("a = {}\n", nested("[", "]", 5_000));
    let tree: Tree = [("main.tf", code)].into_iter().collect();
    code::evaluate(&tree, "", &Options::default());
}

/// Were the usual account looked for once a resource, this would take longer than anybody waits.
#[test]
fn a_state_may_name_an_account_for_each_of_its_resources() {
    let instance = |at: u64| {
        let arn = format!("arn:aws:ec2:us-east-1:{at:012}:instance/i-{at}");
        format!(r#"{{"index_key": {at}, "attributes": {{"id": "i-{at}", "arn": "{arn}"}}}}"#)
    };
    let instances: Vec<_> = (0..50_000).map(instance).collect();
    let state = block("aws_instance", "a", &instances.join(","));
    let state = state::parse(
        state.as_bytes(),
        "a.tfstate",
        &resources::catalog(),
        &Redactor::new(b"key"),
    )
    .unwrap();
    let places = live::locate(&state.resources, &live::Providers::new());
    assert_eq!(places.len(), 50_000);
    let last = places[49_999].location.account.as_ref().unwrap();
    assert_eq!(last.to_string(), "000000049999");
}

/// A state of one block with these instances.
fn block(tf_type: &str, name: &str, instances: &str) -> String {
    let provider = r#"provider[\"registry.terraform.io/hashicorp/aws\"]"#;
    format!(
        r#"{{"version": 4, "resources": [{{"mode": "managed", "type": "{tf_type}", "name": "{name}", "provider": "{provider}",
        "instances": [{instances}]}}]}}"#
    )
}

#[test]
fn a_state_whose_names_would_fill_the_memory_is_refused_before_they_are_copied() {
    let parse = |name: usize, instances: usize| {
        let instances = vec!["{}"; instances].join(",");
        let state = block("aws_instance", &"n".repeat(name), &instances);
        let catalog = resources::catalog();
        state::parse(
            state.as_bytes(),
            "a.tfstate",
            &catalog,
            &Redactor::new(b"key"),
        )
    };
    let error = parse(1 << 20, 100_000).unwrap_err().to_string();
    assert!(
        error.contains("names of its resources") && error.contains("256 MiB"),
        "{error}"
    );
    assert_eq!(parse(1 << 10, 1_000).unwrap().resources.len(), 1_000);
}

#[test]
fn a_state_is_read_no_further_once_nobody_waits_for_it() {
    /// Far more than the next instance takes on a busy machine, and far less than the whole state.
    const MARGIN: Duration = Duration::from_secs(5);
    let tags: String = (0..40)
        .map(|at| format!("\"Tag{at}\": \"the {at}th value\", "))
        .collect();
    let instance =
        format!("{{\"index_key\": 1, \"attributes\": {{\"tags\": {{{tags}\"z\": \"\"}}}}}}");
    let instances = vec![instance.as_str(); 40_000].join(",");
    let state = block("aws_instance", "a", &instances);
    assert!(state.len() > 40 << 20);
    let (catalog, redactor) = (resources::catalog(), Redactor::new(b"key"));
    // While the text is parsed, and while its secrets are sealed.
    for patience in [
        Duration::ZERO,
        Duration::from_millis(300),
        Duration::from_secs(3),
    ] {
        let interrupt = Interrupt::default();
        let keeper = interrupt.clone();
        let started = Instant::now();
        let keeper = std::thread::spawn(move || {
            std::thread::sleep(patience);
            keeper.raise();
        });
        let read = state::parse_within(
            state.as_bytes(),
            "a.tfstate",
            &catalog,
            &redactor,
            None,
            &interrupt,
        );
        let took = started.elapsed();
        keeper.join().unwrap();
        assert!(took < patience + MARGIN, "{patience:?}: {took:?}");
        let is_interrupted = matches!(read, Err(StateError::Interrupted { .. }));
        assert!(is_interrupted || took < patience, "{patience:?}: {took:?}");
    }
}

#[test]
fn deposed_objects_without_number_are_counted() {
    let instances = vec![r#"{"deposed": "a1b2c3d4"}"#; 1_000].join(",");
    let state = block("aws_instance", "a", &instances);
    let state = state::parse(
        state.as_bytes(),
        "a.tfstate",
        &resources::catalog(),
        &Redactor::new(b"key"),
    )
    .unwrap();
    assert_eq!(state.notes.len(), 101);
    assert!(
        state.notes[100].starts_with("900 more"),
        "{}",
        state.notes[100]
    );
}

#[test]
fn sets_of_sixty_thousand_elements_are_compared_at_once() {
    let names = |from: usize| (from..from + 60_000).map(|at| format!("subnet-{at}"));
    let set = |from| Value::List(names(from).map(Value::from).collect());
    let attributes = |from| [("subnet_ids".to_owned(), set(from))].into();
    let resource = Resource {
        address: "aws_db_subnet_group.all".parse().unwrap(),
        provider: ProviderKey {
            module: String::new(),
            name: "hashicorp/aws".to_owned(),
            alias: None,
        },
        id: "all".to_owned(),
        attributes: attributes(0),
    };
    let resources = [ReadResource {
        resource: &resource,
        location: AwsLocation::default(),
        reading: Reading::Found(attributes(1)),
        planned: None,
    }];
    let all: Vec<_> = names(0).collect();
    let code = format!(
        "resource \"aws_db_subnet_group\" \"all\" {{\n  subnet_ids = split(\",\", \"{}\")\n}}\n",
        all.join(",")
    );
    let tree: Tree = [("main.tf", code)].into_iter().collect();
    let evaluated = code::evaluate(&tree, "", &Options::default());
    let catalog = resources::catalog();
    let stack = diff::Stack {
        declared: &evaluated.declared,
        provider_tags: &|_| None,
        pending_removal: &|_| None,
        resources: &resources,
        unmanaged: &[],
        interrupt: &Interrupt::default(),
    };
    let found = diff::compare(&stack, &Ownership::new([&resource], &catalog), &catalog);
    let difference = &found.findings[0].attributes[0];
    assert_eq!(difference.added, [Value::from("subnet-60000")]);
    assert_eq!(difference.removed, [Value::from("subnet-0")]);
}

#[test]
fn code_that_is_no_text_is_named_and_never_edited() {
    let tree: Tree = [("main.tf", b"\0GITCRYPT\0\xff\xfe".to_vec())]
        .into_iter()
        .collect();
    let evaluated = code::evaluate(&tree, "", &Options::default());
    assert!(
        evaluated.problems[0]
            .to_string()
            .starts_with("main.tf:1: this file is not UTF-8")
    );
    let catalog = resources::catalog();
    let stack = patch::Stack {
        tree: &tree,
        folder: "",
        options: &Options::default(),
        declared: &evaluated.declared,
        catalog: &catalog,
        others: Vec::new(),
    };
    let none: &mut [Finding] = &mut [];
    assert!(patch::plan(none, &stack, patch::FixPolicy::Adopt).is_empty());
}

/// Values that lead back to themselves: through parts of policies and other JSON, elements of a `for`, and functions.
#[test]
fn what_leads_back_to_itself_is_traced_to_an_end() {
    let policy = |value: &str| format!("jsonencode({{ Statement = [{{ Action = {value} }}] }})");
    for (locals, value) in [
        (format!("a = {}", policy("local.a")), "local.a"),
        (
            format!("a = {}", policy("local.b")) + "\nb = local.a",
            "local.b",
        ),
        (format!("a = {}", policy(&policy("local.a"))), "local.a"),
        ("a = jsonencode({ x = [local.a] })".to_owned(), "local.a"),
        (
            "a = { for x in local.a.b : x.name => x }".to_owned(),
            "local.a.b",
        ),
        (
            "a = { for k, x in local.a.b : k => x }".to_owned(),
            "local.a.c",
        ),
        ("a = [for x in local.a : x]".to_owned(), "local.a[0]"),
        (
            "a = merge(local.a, { for x in local.a.k : x.name => x })".to_owned(),
            "local.a.c",
        ),
        ("a = flatten([local.a])".to_owned(), "local.a[0]"),
        (
            "a = try(local.a, lookup(local.a, \"k\", local.a))".to_owned(),
            "local.a",
        ),
        ("a = element(local.a, 0)".to_owned(), "local.a"),
        ("a = \"${local.a}\"".to_owned(), "local.a"),
        ("a = local.a ? local.a : local.a".to_owned(), "local.a"),
    ] {
        let text = format!(
            "locals {{\n{locals}\n}}\nresource \"aws_sqs_queue\" \"q\" {{\n  name = \"q\"\n  policy = {value}\n  tags = {value}\n}}\n"
        );
        let tree: Tree = [("main.tf", text.into_bytes())].into_iter().collect();
        let evaluated = code::evaluate(&tree, "", &Options::default());
        let address = "aws_sqs_queue.q".parse().unwrap();
        let queue = &evaluated.declared.resources[&address];
        assert!(queue.value("policy").has_unknown(), "{locals}");
    }
    // The statements of a document, plain and made by a dynamic block.
    for statement in [
        "statement {\n actions = data.aws_iam_policy_document.d.json\n }",
        "statement {\n actions = local.a\n }",
        "dynamic \"statement\" {\n for_each = [local.a]\n content {\n actions = [statement.value]\n resources = statement.value\n }\n }",
    ] {
        let text = format!(
            "locals {{\n a = data.aws_iam_policy_document.d.json\n}}\ndata \"aws_iam_policy_document\" \"d\" {{\n {statement}\n}}\n\
             resource \"aws_sqs_queue\" \"q\" {{\n  policy = local.a\n}}\n"
        );
        let tree: Tree = [("main.tf", text.into_bytes())].into_iter().collect();
        let evaluated = code::evaluate(&tree, "", &Options::default());
        assert_eq!(evaluated.declared.resources.len(), 1, "{statement}");
    }
}
