//! What is fuzzed holds for the seeds, and for seeds that are cut off or damaged.
//!
//! The checks are those of the fuzz targets, which only a build of their own compiles: so they stay true to the code.

#[path = "../fuzz/checks/evaluate.rs"]
mod evaluate;
#[path = "../fuzz/checks/hcl_edit.rs"]
mod hcl_edit;
#[path = "../fuzz/checks/settings.rs"]
mod settings;
#[path = "../fuzz/checks/signature.rs"]
mod signature;
#[path = "../fuzz/checks/state.rs"]
mod state;
#[path = "../fuzz/checks/tarball.rs"]
mod tarball;

use std::path::Path;

#[test]
fn code_is_evaluated_within_its_bounds() {
    with_seeds("evaluate", evaluate::check);
}

#[test]
fn an_edit_changes_only_the_bytes_that_it_must() {
    with_seeds("hcl_edit", hcl_edit::check);
}

#[test]
fn settings_are_read_or_refused_by_line() {
    with_seeds("settings", |bytes| {
        if let Ok(text) = std::str::from_utf8(bytes) {
            settings::check(text);
        }
    });
}

#[test]
fn only_a_known_secret_signs() {
    with_seeds("signature", signature::check);
}

#[test]
fn what_is_read_of_a_state_holds_no_secret() {
    with_seeds("state", state::check);
}

#[test]
fn an_archive_is_unpacked_within_its_limits() {
    with_seeds("tarball", tarball::check);
}

/// Checks each seed of a target as it is, cut off, and with a damaged byte, at places spread over it.
fn with_seeds(target: &str, check: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let mut seeds = 0;
    for entry in std::fs::read_dir(folder).expect("each target has seeds") {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        seeds += 1;
        check(&bytes);
        for part in 1..6 {
            let at = bytes.len() * part / 6;
            check(&bytes[..at]);
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << part;
            check(&damaged);
        }
    }
    assert!(seeds > 1, "{target} has {seeds} seeds");
}
