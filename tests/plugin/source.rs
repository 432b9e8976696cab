//! What the source itself must hold to.

use driftguard::plugin::wire::{Method, Protocol};
use std::collections::BTreeSet;
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
        "CallFunction",
        "CloseEphemeralResource",
        "ImportResourceState",
        "InvokeAction",
        "MoveResourceState",
        "OpenEphemeralResource",
        "ReadDataSource",
        "RenewEphemeralResource",
        "WriteStateBytes",
    ] {
        let wrong: Vec<_> = files.iter().filter(|file| named(file, word)).collect();
        assert!(wrong.is_empty(), "{word}: {wrong:?}");
    }
}

/// What is asked of a provider, in both versions of its protocol.
#[test]
fn the_methods_that_are_called_are_these() {
    let methods = [
        Method::Schema,
        Method::Prepare,
        Method::Configure,
        Method::Upgrade,
        Method::Read,
        Method::Validate,
        Method::Plan,
    ];
    let paths =
        [Protocol::V5, Protocol::V6].map(|version| methods.map(|method| version.path(method)));
    let paths: BTreeSet<_> = paths.iter().flatten().map(String::as_str).collect();
    let expected = [
        "/tfplugin5.Provider/Configure",
        "/tfplugin5.Provider/GetSchema",
        "/tfplugin5.Provider/PlanResourceChange",
        "/tfplugin5.Provider/PrepareProviderConfig",
        "/tfplugin5.Provider/ReadResource",
        "/tfplugin5.Provider/UpgradeResourceState",
        "/tfplugin5.Provider/ValidateResourceTypeConfig",
        "/tfplugin6.Provider/ConfigureProvider",
        "/tfplugin6.Provider/GetProviderSchema",
        "/tfplugin6.Provider/PlanResourceChange",
        "/tfplugin6.Provider/ReadResource",
        "/tfplugin6.Provider/UpgradeResourceState",
        "/tfplugin6.Provider/ValidateProviderConfig",
        "/tfplugin6.Provider/ValidateResourceConfig",
    ];
    assert_eq!(paths, BTreeSet::from(expected));
    // A further one would be a further arm, of a method that this test does not name.
    let wire = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/plugin/wire.rs");
    let text = fs::read_to_string(wire).unwrap();
    assert_eq!(text.matches(", Method::").count(), 11, "the arms of `path`");
}
