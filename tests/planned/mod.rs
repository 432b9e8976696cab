//! What is evaluated of code, against what Terraform's plan says of it, address by address: the same, or unknown.
//!
//! `record.py` records what `terraform show -json` says of the plans of these stacks.

use crate::recorded_stack::{mark_unknown, tree};
use driftguard::code::{self, Options, Recorded};
use driftguard::model::{Redactor, Schema, Tree, Value};
use driftguard::{resources, state};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How much of what a plan knows is evaluated, in percent.
const MIN_EVALUATED: usize = 95;

/// A stack: the name of its recorded plan, its code, and its state where it has one.
struct Stack {
    name: String,
    folder: PathBuf,
    state: Option<PathBuf>,
}

impl Stack {
    /// A stack that was made by `scripts/record-stack`.
    fn made(name: &str, folder: &str) -> Self {
        let folder = repository().join(folder);
        Self {
            name: name.to_owned(),
            state: Some(folder.join("terraform.tfstate")),
            folder: folder.join("repo/infra/production"),
        }
    }

    /// A stack that was never applied.
    fn code(name: &str, folder: &str) -> Self {
        Self {
            name: name.to_owned(),
            folder: repository().join(folder),
            state: None,
        }
    }
}

fn stacks() -> Vec<Stack> {
    let mut stacks = vec![
        Stack::made("older", "tests/older"),
        Stack::made("demo", "src/cli/demo"),
        Stack::code("nested", "tests/nested/stack"),
        Stack::code("providers", "tests/providers/stack"),
    ];
    for entry in std::fs::read_dir(repository().join("tests/parity")).unwrap() {
        let entry = entry.unwrap();
        if entry.path().join("account.jsonl").exists() {
            let service = entry.file_name().into_string().unwrap();
            let name = format!("parity-{service}");
            stacks.push(Stack::made(&name, &format!("tests/parity/{service}")));
        }
    }
    assert!(stacks.len() > 5, "no stack of tests/parity");
    stacks
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a plan says of each resource: the attributes that its code sets.
type Plan = BTreeMap<String, BTreeMap<String, Value>>;

/// Reads a recorded plan; what is not known before an apply is unknown.
fn plan(text: &str) -> Plan {
    let mut plan: Plan = serde_json::from_str(text).unwrap();
    let attributes = plan.values_mut().flat_map(BTreeMap::values_mut);
    attributes.for_each(mark_unknown);
    plan
}

/// How many attributes the plan knows, how many of these are evaluated, and which come out otherwise.
#[derive(Default)]
struct Outcome {
    known: usize,
    unknown: Vec<String>,
    wrong: Vec<String>,
}

/// Whether the provider sees no difference; of a type that is not read, whether there is none.
fn agrees(schema: Option<&Schema>, name: &str, declared: &Value, planned: &Value) -> bool {
    let attribute = schema.and_then(|schema| Some((schema, schema.attributes.get(name)?)));
    let Some((schema, attribute)) = attribute else {
        return declared == planned;
    };
    let form = |value: &Value| schema.normal(attribute, name, value);
    let (declared, planned) = (form(declared), form(planned));
    declared == planned || attribute.is_satisfied(&declared, &planned)
}

/// Whether what code writes in blocks is as planned: only what it leaves out is not known.
fn leaves_open(declared: &Value, planned: &Value) -> bool {
    match (declared, planned) {
        (Value::List(declared), Value::List(planned)) if declared.len() == planned.len() => {
            let mut pairs = declared.iter().zip(planned);
            pairs.all(|(declared, planned)| leaves_open(declared, planned))
        }
        (Value::Map(declared), Value::Map(planned)) => declared.iter().all(|(name, value)| {
            let planned = planned.get(name);
            planned.is_some_and(|planned| value == planned || leaves_open(value, planned))
        }),
        _ => false,
    }
}

fn compared(plan: &Plan, tree: &Tree, state: Option<&str>) -> Outcome {
    let catalog = resources::catalog();
    let mut options = Options::default();
    if let Some(state) = state {
        let redactor = Redactor::new(b"planned");
        let state = state::parse(state.as_bytes(), "x.tfstate", &catalog, &redactor).unwrap();
        options.recorded = Recorded::new([state.resources.clone(), state.data.clone()])
            .by_terraform(state.info.terraform_version.as_deref());
    }
    let code = code::evaluate(tree, "", &options);
    assert_eq!(code.problems, []);
    let mut outcome = Outcome::default();
    for (address, attributes) in plan {
        let declared = code.declared.get(&address.parse().unwrap());
        let declared = declared.unwrap_or_else(|| panic!("{address} is not declared"));
        let schema = catalog.get(&declared_type(address));
        for (name, planned) in attributes {
            let value = declared.value(name);
            let place = format!("{address} {name}");
            if planned.has_unknown() {
                // What no plan knows, code alone does not tell either; a block may have computed parts beside it.
                if !value.has_unknown() && !leaves_open(&value, planned) {
                    outcome
                        .wrong
                        .push(format!("{place}: {value:?} is not known"));
                }
                continue;
            }
            outcome.known += 1;
            if value.has_unknown() {
                outcome.unknown.push(place);
            } else if !agrees(schema, name, &value, planned) {
                outcome
                    .wrong
                    .push(format!("{place}: {value:?}, in the plan {planned:?}"));
            }
        }
    }
    outcome
}

fn declared_type(address: &str) -> String {
    let address: driftguard::model::Address = address.parse().unwrap();
    address.tf_type
}

#[test]
fn each_attribute_is_what_the_plan_says_or_unknown() {
    for stack in stacks() {
        let path = repository().join(format!("tests/planned/{}.json", stack.name));
        let plan = plan(&std::fs::read_to_string(path).unwrap());
        let state = stack
            .state
            .map(|path| std::fs::read_to_string(path).unwrap());
        let tree = tree(&stack.folder);
        let outcome = compared(&plan, &tree, state.as_deref());
        let (name, known) = (stack.name, outcome.known);
        let evaluated = known - outcome.unknown.len();
        println!(
            "{name}: {evaluated} of {known} evaluated, not {:?}",
            outcome.unknown
        );
        assert_eq!(outcome.wrong, [""; 0], "{name}");
        assert!(evaluated * 100 >= known * MIN_EVALUATED, "{name}");
    }
}
