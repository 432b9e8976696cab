//! Finds and evaluates the root modules of a folder, in a process of its own: `evaluate FOLDER [WITHIN]` prints what it
//! took as JSON. `scripts/benchmark` makes the folders and writes the figures down.

#[path = "../clock.rs"]
mod clock;

use anyhow::{Context, Result};
use clock::{Clock, peak};
use driftguard::code::{self, Options};
use driftguard::model::Tree;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo bench` and `cargo test --benches` start it without a folder: there is nothing to do then.
    let (folder, within) = match arguments.as_slice() {
        [folder] => (folder, ""),
        [folder, within] => (folder, within.as_str()),
        _ => {
            println!("usage: evaluate FOLDER [WITHIN] (see scripts/benchmark)");
            return Ok(());
        }
    };
    let tree = read(Path::new(folder))?;
    let before = peak()?;
    let clock = Clock::start()?;
    let options = Options::default();
    let roots = code::root_modules(&tree, within, &options);
    let evaluated = roots
        .iter()
        .map(|root| code::evaluate(&tree, &root.path, &options));
    let evaluated: Vec<_> = evaluated.collect();
    let (wall, cpu) = clock.stop()?;
    let resources = evaluated.iter().map(|one| one.declared.resources.len());
    let unparsed = roots.iter().filter_map(|root| root.problem.as_ref());
    let problems = evaluated.iter().flat_map(|one| one.problems.iter());
    println!(
        "{}",
        json!({
            "files": tree.files.len(),
            "roots": roots.len(),
            "resources": resources.sum::<usize>(),
            "problem": unparsed.chain(problems).map(ToString::to_string).next(),
            "wall": wall,
            "cpu": cpu,
            "peak_kib": peak()? - before,
        })
    );
    Ok(())
}

/// The code in and below a folder.
fn read(folder: &Path) -> Result<Tree> {
    let (mut files, mut waiting) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(path) = waiting.pop() {
        for entry in std::fs::read_dir(&path)? {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(folder)?.to_str().context("no UTF-8")?;
                files.insert(name.to_owned(), std::fs::read(&path)?.into());
            }
        }
    }
    Ok(Tree {
        files,
        ..Tree::default()
    })
}
