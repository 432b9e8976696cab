//! Stacks that the real Terraform applied and planned, before and after somebody changed them in the console.
//!
//! `stacks/record.py` records what Terraform asked the real provider for each instance, what the provider answered, and
//! what the plan then said. DriftGuard must ask the same of the same code, and say the same.

use crate::recorded_stack::{mark_unknown, tree};
use driftguard::code::{self, Evaluated, NestedBlocks, Options, Recorded};
use driftguard::model::{Redactor, Value};
use driftguard::plugin::schema::{Block, TypeSchema};
use driftguard::plugin::value::canonical;
use driftguard::plugin::wire::{Attribute5, Block5, Nested5, Schema5};
use driftguard::plugin::{Configuration, PlanInput, configuration};
use driftguard::{resources, state};
use flate2::read::GzDecoder;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

const STACKS: &[&str] = &["flat", "nested", "older"];
/// How much of what the code sets is evaluated, in percent.
const MIN_EVALUATED: usize = 95;
const RECORDINGS: &[&str] = &["clean", "drift"];

/// What Terraform and the provider asked and answered.
#[derive(Deserialize)]
struct Recording {
    schemas: BTreeMap<String, ShortBlock>,
    instances: Vec<Instance>,
}

/// A block of a schema: of each attribute its type and the letters of what it is.
#[derive(Deserialize)]
struct ShortBlock {
    attributes: BTreeMap<String, (serde_json::Value, String)>,
    blocks: BTreeMap<String, (String, ShortBlock)>,
}

/// An instance. What is null in a value, and blocks that are empty, are left out.
#[derive(Deserialize)]
struct Instance {
    address: String,
    recorded: Value,
    #[serde(default)]
    live: Value,
    #[serde(default)]
    config: Value,
    #[serde(default)]
    proposed: Value,
    #[serde(default)]
    planned: Value,
    actions: Vec<String>,
    #[serde(default)]
    changed: BTreeSet<String>,
}

fn folder(stack: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/plugin/stacks")
        .join(stack)
}

fn unzipped(path: &Path) -> String {
    let mut text = String::new();
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    GzDecoder::new(bytes.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    text
}

fn short(block: &ShortBlock) -> Block5 {
    let attributes = block
        .attributes
        .iter()
        .map(|(name, (ty, letters))| Attribute5 {
            name: name.clone(),
            r#type: ty.to_string().into_bytes(),
            required: letters.contains('r'),
            optional: letters.contains('o'),
            computed: letters.contains('c'),
            sensitive: letters.contains('s'),
            write_only: letters.contains('w'),
        });
    let blocks = block.blocks.iter().map(|(name, (nesting, block))| Nested5 {
        type_name: name.clone(),
        block: Some(short(block)),
        nesting: match nesting.as_str() {
            "single" => 1,
            "list" => 2,
            "set" => 3,
            "map" => 4,
            _ => 5,
        },
    });
    Block5 {
        attributes: attributes.collect(),
        block_types: blocks.collect(),
    }
}

fn schema(block: &ShortBlock) -> Block {
    let schema = Schema5 {
        version: 0,
        block: Some(short(block)),
    };
    TypeSchema::of_v5(&schema).unwrap().block
}

/// Gives a recorded value back what was left out, and marks what is unknown.
fn whole(block: &Block, value: &Value) -> Value {
    let mut value = value.clone();
    mark_unknown(&mut value);
    if value.is_null() {
        return value;
    }
    // What is written is the whole value, with each name of the schema.
    let bytes = driftguard::plugin::value::encode(block, &value).unwrap();
    let value = driftguard::plugin::value::decode(block, &bytes).unwrap();
    canonical(block, &value.unwrap())
}

/// Evaluates a stack's code with the state that was recorded of it.
fn evaluate(stack: &str) -> Evaluated {
    let tree = tree(&folder(stack).join("code"));
    let catalog = resources::full_catalog();
    let text = unzipped(&folder(stack).join("terraform.tfstate.gz"));
    let redactor = Redactor::new(b"recorded");
    let state = state::parse(text.as_bytes(), "x.tfstate", &catalog, &redactor).unwrap();
    let options = Options {
        nested_blocks: NestedBlocks::of(&catalog),
        recorded: Recorded::new([state.resources.clone(), state.data.clone()])
            .by_terraform(state.info.terraform_version.as_deref()),
        ..Options::default()
    };
    let code = code::evaluate(&tree, "", &options);
    assert_eq!(code.problems, [], "{stack}");
    code
}

/// How many values the code sets, as Terraform has it, and how many of these are evaluated.
#[derive(Default)]
struct Share {
    set: usize,
    evaluated: usize,
}

impl Share {
    fn add(&mut self, config: &Value, own: &Configuration) {
        let set = config.as_map().into_iter().flatten();
        for (name, _) in set.filter(|(_, value)| !value.is_empty() && !value.has_unknown()) {
            self.set += 1;
            self.evaluated += usize::from(own.evaluated.contains(name));
        }
    }
}

/// Whether a value is Terraform's, or Terraform does not know it yet, because an apply will change what it is made of.
fn agrees(own: &Value, other: &Value) -> bool {
    own == other || other.has_unknown()
}

/// What of an instance comes out otherwise than Terraform has it.
fn differences(
    instance: &Instance,
    block: &Block,
    code: &Evaluated,
    share: &mut Share,
) -> Vec<String> {
    let address = &instance.address;
    let declared = code.declared.get(&address.parse().unwrap());
    let [recorded, live, config, proposed, planned] = [
        &instance.recorded,
        &instance.live,
        &instance.config,
        &instance.proposed,
        &instance.planned,
    ]
    .map(|value| whole(block, value));
    if live.is_null() {
        let is_created = instance.actions == ["create"];
        return Vec::from_iter(
            (!is_created).then(|| format!("{address} is not missing in the plan")),
        );
    }
    let mut found = Vec::new();
    if declared.is_none() {
        found.push(format!("{address} is not declared"));
    }
    let own = configuration(block, declared, &recorded);
    share.add(&config, &own);
    let ignored = declared
        .map(|code| code.ignore_changes.clone())
        .unwrap_or_default();
    let input = PlanInput {
        block,
        recorded: &recorded,
        live: &live,
        configuration: &own,
        ignore_changes: &ignored,
    };
    let own_proposed = canonical(block, &input.proposed());
    let own_config = canonical(block, &input.config());
    for name in &own.evaluated {
        for (what, ours, theirs) in [
            ("configuration", &own_config, &config),
            ("proposed", &own_proposed, &proposed),
        ] {
            if !agrees(ours.get(name), theirs.get(name)) {
                found.push(format!(
                    "{address} {what} {name}: {:?}, Terraform's {:?}",
                    ours.get(name),
                    theirs.get(name)
                ));
            }
        }
    }
    let changes = input.changes(&planned);
    let names: BTreeSet<_> = changes.drift.union(&changes.not_applied).cloned().collect();
    // Of what is made anew the plan compares the whole state with a configuration.
    let is_replaced = instance.actions.iter().any(|action| action == "delete");
    let is_same = match is_replaced {
        true => names.is_subset(&instance.changed),
        false => names == instance.changed,
    };
    if !is_same {
        found.push(format!(
            "{address} changes {names:?}, in the plan {:?}",
            instance.changed
        ));
    }
    found
}

#[test]
fn each_instance_is_planned_as_terraform_plans_it() {
    let (mut types, mut wrong) = (BTreeSet::new(), Vec::new());
    for stack in STACKS {
        let code = evaluate(stack);
        for name in RECORDINGS {
            let path = folder(stack).join(format!("{name}.json.gz"));
            let recording: Recording = serde_json::from_str(&unzipped(&path)).unwrap();
            let blocks: BTreeMap<_, _> = recording
                .schemas
                .iter()
                .map(|(name, block)| (name, schema(block)))
                .collect();
            let mut share = Share::default();
            for instance in &recording.instances {
                let address: driftguard::model::Address = instance.address.parse().unwrap();
                let block = &blocks[&address.tf_type];
                let found = differences(instance, block, &code, &mut share);
                wrong.extend(
                    found
                        .into_iter()
                        .map(|text| format!("{stack} {name}: {text}")),
                );
                types.insert(address.tf_type);
            }
            let (set, evaluated) = (share.set, share.evaluated);
            println!(
                "{stack} {name}: {} instances, {evaluated} of {set} values evaluated",
                recording.instances.len()
            );
            assert!(evaluated * 100 >= set * MIN_EVALUATED, "{stack} {name}");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(types.len() >= 60, "{}", types.len());
}
