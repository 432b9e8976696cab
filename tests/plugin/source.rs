//! What the source itself must hold to.

use std::fs;
use std::path::{Path, PathBuf};

/// Nothing that DriftGuard says to a provider may change anything.
#[test]
fn no_method_of_a_provider_that_changes_something_is_named_anywhere() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![source];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    let named =
        |file: &PathBuf, word: &str| fs::read_to_string(file).is_ok_and(|text| text.contains(word));
    assert!(files.iter().any(|file| named(file, "ReadResource")));
    for word in [
        "ApplyResourceChange",
        "MoveResourceState",
        "OpenEphemeralResource",
        "CallFunction",
    ] {
        let wrong: Vec<_> = files.iter().filter(|file| named(file, word)).collect();
        assert!(wrong.is_empty(), "{word}: {wrong:?}");
    }
}
