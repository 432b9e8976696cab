//! One pass over a state, in a process of its own: `state PASS STATE CODE` prints what it took as JSON.
//!
//! `bare` is `serde_json` into its own tree and nothing more; `parse` is the state as a scan reads it, secrets
//! replaced; `compare` is that, and code against state against live. `scripts/benchmark` makes the state, runs the
//! passes in turns and writes the figures down.

#[path = "../clock.rs"]
mod clock;

use anyhow::{Context, Result, bail};
use clock::{Clock, peak};
use driftguard::code::{self, Evaluated};
use driftguard::diff::{self, Ownership, ReadResource};
use driftguard::model::{
    AwsLocation, Declared, Interrupt, ProviderTags, Reading, Redactor, Resource, Tree, Value,
};
use driftguard::resources;
use driftguard::state::{self, State};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// The root module in the folder of the code.
const ROOT: &str = "infra/production";
/// What each generated name begins with: in code such a name would be made from a number or a key, and so be unknown.
const GENERATED: &str = "parity";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo bench` and `cargo test --benches` start it without a pass: there is nothing to do then.
    let [pass, file, code] = arguments.as_slice() else {
        println!("usage: state bare|parse|compare STATE CODE (see scripts/benchmark)");
        return Ok(());
    };
    let bytes = std::fs::read(file).with_context(|| format!("while reading {file}"))?;
    let took = match pass.as_str() {
        "bare" => bare(&bytes)?,
        "parse" => parse(&bytes)?,
        "compare" => compare(bytes, &evaluated(Path::new(code))?)?,
        other => bail!("`{other}` is no pass: bare, parse or compare"),
    };
    println!("{took}");
    Ok(())
}

fn bare(bytes: &[u8]) -> Result<serde_json::Value> {
    let clock = Clock::start()?;
    let tree: serde_json::Value = serde_json::from_slice(bytes)?;
    let (wall, cpu) = clock.stop()?;
    let told = json!({"wall": wall, "cpu": cpu, "peak_kib": peak()?});
    // Taking it apart again is no part of reading it.
    std::mem::forget(tree);
    Ok(told)
}

fn read(bytes: &[u8]) -> Result<State> {
    let catalog = resources::catalog();
    let state = state::parse(bytes, "state", &catalog, &Redactor::new(b"benchmark"))?;
    Ok(state)
}

fn parse(bytes: &[u8]) -> Result<serde_json::Value> {
    let clock = Clock::start()?;
    let state = read(bytes)?;
    let (wall, cpu) = clock.stop()?;
    let resources = state.resources.len();
    let told = json!({"wall": wall, "cpu": cpu, "peak_kib": peak()?, "resources": resources});
    std::mem::forget(state);
    Ok(told)
}

fn compare(bytes: Vec<u8>, code: &Evaluated) -> Result<serde_json::Value> {
    let catalog = resources::catalog();
    let clock = Clock::start()?;
    // Taking it apart again is no part of reading it.
    let state: &State = Box::leak(Box::new(read(&bytes)?));
    // As in a scan, the bytes are not held any longer.
    drop(bytes);
    let parsed = clock.stop()?;
    // What AWS said: as a state has it, for nothing to differ. To make these is no part of comparing; to hold them is.
    let read: Vec<_> = state.resources.iter().map(as_recorded).collect();
    let tags = |resource: &Resource| provider_tags(code, resource);
    let stack = diff::Stack {
        declared: &code.declared,
        provider_tags: &tags,
        pending_removal: &|_| None,
        resources: &read,
        unmanaged: &[],
        interrupt: &Interrupt::default(),
    };
    let clock = Clock::start()?;
    let ownership = Ownership::new(state.resources.iter(), &catalog);
    let found = diff::compare(&stack, &ownership, &catalog);
    let compared = clock.stop()?;
    let told = json!({
        "wall": parsed.0 + compared.0,
        "cpu": parsed.1 + compared.1,
        "compare_cpu": compared.1,
        "peak_kib": peak()?,
        "resources": read.len(),
        "declared": read.iter().filter(|read| code.declared.get(&read.resource.address).is_some()).count(),
        "findings": found.findings.len(),
        "set_aside": found.set_aside.len(),
    });
    std::mem::forget((found, read));
    Ok(told)
}

fn as_recorded(resource: &Resource) -> ReadResource<'_> {
    ReadResource {
        resource,
        location: AwsLocation::default(),
        reading: Reading::Found(resource.attributes.clone()),
        planned: None,
    }
}

fn provider_tags<'a>(code: &'a Evaluated, resource: &Resource) -> Option<&'a ProviderTags> {
    let mut providers = code.providers.iter();
    let provider = providers.find(|provider| provider.key == resource.provider);
    provider.map(|provider| &provider.tags)
}

/// The code of a repository, as that of a module which the state holds many times over.
fn evaluated(repository: &Path) -> Result<Evaluated> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(repository.join(ROOT))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        files.insert(
            format!("{ROOT}/{name}"),
            std::fs::read(entry.path())?.into(),
        );
    }
    let tree = Tree {
        files,
        ..Tree::default()
    };
    let mut code = code::evaluate(&tree, ROOT, &code::Options::default());
    let mut resources = BTreeMap::new();
    for (address, mut declared) in std::mem::take(&mut code.declared.resources) {
        for definition in declared.attributes.values_mut() {
            if mentions(&definition.value, GENERATED) {
                definition.value = Value::Unknown;
            }
        }
        let call = format!("module.shop.{}", address.block());
        resources.insert(call.parse()?, declared);
    }
    code.declared = Declared { resources };
    Ok(code)
}

/// Whether a text stands anywhere in a value.
fn mentions(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found.contains(text),
        Value::List(items) => items.iter().any(|item| mentions(item, text)),
        Value::Map(entries) => entries.values().any(|item| mentions(item, text)),
        _ => false,
    }
}
