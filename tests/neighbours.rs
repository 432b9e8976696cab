//! A machine that several people use: what a neighbour leaves above a folder decides nothing about its scan.

use crate::aws::{CONSOLE, Checkout, Run, shop};
use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

const STACK: &str = "infra/production";
const SETTINGS: &str = ".driftguard.yml";
/// Whoever obeys this sees no drift.
const PLANTED: &str = "version: 1\naccept:\n  - address: \"*\"\n    reason: planted\n";
/// Nobody on this machine.
const NEIGHBOUR: u32 = 54_321;

/// Gives a file to a neighbour: false where this user may not.
fn given_away(path: &Path) -> bool {
    chown(path, Some(NEIGHBOUR), None).is_ok()
}

/// Lets everybody write to a file.
fn opened(path: &Path) -> bool {
    set_permissions(path, Permissions::from_mode(0o666)).is_ok()
}

fn assert_not_obeyed(run: &Run, drift: &[String], planted: &Path) {
    assert_eq!(run.findings(), drift, "{}", run.err);
    let named = format!("ignoring {}: ", planted.display());
    for told in [
        named.as_str(),
        "it belongs to user",
        "--repo DIR",
        "--config FILE",
    ] {
        assert!(run.err.contains(told), "{told} is not in {}", run.err);
    }
}

#[tokio::test]
async fn what_a_neighbour_may_write_above_the_folder_counts_only_where_it_is_named() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let checkout = Checkout::new();
    std::fs::remove_file(checkout.path().join(SETTINGS)).unwrap();
    let scan = |more: &[&str]| {
        let arguments = [&["scan", STACK, "--format", "json"], more].concat();
        checkout.driftguard(aws.url(), &arguments)
    };
    let run = scan(&[]);
    let drift = run.findings();
    assert!(!drift.is_empty());
    assert_eq!(run.err, "");

    // One's own are obeyed, and it is said which they are.
    let root = checkout.path().canonicalize().unwrap();
    let planted = root.join(SETTINGS);
    checkout.write(SETTINGS, PLANTED);
    let run = scan(&[]);
    let said = format!("the settings are those of {}", planted.display());
    let accepted = run.findings();
    assert!(accepted.len() < drift.len(), "{accepted:?}");
    assert!(run.err.contains(&said), "{}", run.err);

    for plant in [opened, given_away] {
        if !plant(&planted) {
            continue;
        }
        assert_not_obeyed(&scan(&[]), &drift, &planted);
        let policy = checkout.driftguard(aws.url(), &["iam-policy", STACK]);
        assert!(policy.err.contains("ignoring "), "{}", policy.err);
        let named = root.to_str().unwrap();
        for named in [["--repo", named], ["--config", planted.to_str().unwrap()]] {
            assert_eq!(scan(&named).findings(), accepted, "{named:?}");
        }
        chown(&planted, Some(0), None).ok();
        set_permissions(&planted, Permissions::from_mode(0o644)).ok();
    }
}

#[tokio::test]
async fn a_neighbours_folder_is_no_repository_of_what_is_in_it_and_his_file_no_settings_of_ours() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let checkout = Checkout::new();
    std::fs::remove_file(checkout.path().join(SETTINGS)).unwrap();
    let root = checkout.path().canonicalize().unwrap();
    let scan = |path: &str| checkout.driftguard(aws.url(), &["scan", path, "--format", "json"]);
    let drift = scan(STACK).findings();
    checkout.write(SETTINGS, PLANTED);
    set_permissions(&root, Permissions::from_mode(0o777)).unwrap();
    assert_not_obeyed(&scan(STACK), &drift, &root);
    // In the folder that is named, one's own settings count.
    assert!(scan(".").findings().len() < drift.len());
    if given_away(&root.join(SETTINGS)) {
        assert_not_obeyed(&scan("."), &drift, &root.join(SETTINGS));
    }
}
