//! Repositories and states of strangers that are too large: each gets a check that says so, and nobody else is held up.

use super::stories::AMBIENT;
use super::world::{Setting, World};
use crate::database::Database;
use driftguard::standin::github::CheckRun;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

const SETTINGS: (&str, &str) = (".driftguard.yml", "version: 1\n");

/// The newest check of a name.
fn check(world: &World, name: &str) -> CheckRun {
    let runs = world.github.check_runs(&world.repository);
    let named = runs.into_iter().rfind(|run| run.name == name);
    named.unwrap_or_else(|| panic!("there is no check {name}"))
}

/// Less than a MiB that unpacks to 200.
pub fn bomb() -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    let mut header = tar::Header::new_gnu();
    header.set_size(1 << 30);
    header.set_path("acme-shop-1/zeros.tf").unwrap();
    header.set_cksum();
    packed.write_all(header.as_bytes()).unwrap();
    for _ in 0..200 {
        packed.write_all(&vec![0; 1024 * 1024]).unwrap();
    }
    packed.finish().unwrap()
}

#[tokio::test]
async fn an_archive_that_is_a_bomb_is_a_check_that_says_so() {
    let mut world = World::start(Database::sqlite().await, AMBIENT).await;
    world.push("main", "alice", &[SETTINGS]).await;
    world.github.hand_out(bomb());
    world.install().await;
    let check = check(&world, "DriftGuard");
    assert_eq!(check.title, "The repository is too large");
    assert!(
        check.summary.contains("more than 100 times its size"),
        "{}",
        check.summary
    );
    let asked = world.github.requests();
    let asked = asked.iter().filter(|seen| seen.path.contains("/tarball/"));
    assert_eq!(asked.count(), 1, "another try has the same end");
}

#[tokio::test]
async fn a_state_beyond_the_limit_is_a_check_that_names_the_setting() {
    let setting = Setting {
        state_limit: Some("10KiB"),
        ..AMBIENT
    };
    let mut world = World::start(Database::sqlite().await, setting).await;
    world.push("main", "alice", &[SETTINGS]).await;
    world.install().await;
    let check = world.check();
    assert!(
        check.summary.contains("DRIFTGUARD") && check.summary.contains("STATE"),
        "{}",
        check.summary
    );
}

/// A state that takes thirty times its size once it is read.
fn made_up_state(entries: usize) -> String {
    let list = vec![r#"{"":0}"#; entries].join(",");
    format!(
        r#"{{"version": 4, "resources": [{{"mode": "managed", "type": "aws_vpc", "name": "a",
            "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
            "instances": [{{"attributes": {{"x": [{list}]}}}}]}}]}}"#
    )
}

#[tokio::test]
async fn states_that_take_thirty_times_their_size_are_told_and_not_read() {
    let setting = Setting {
        // Each of these states is far below it, and so are all of them together.
        state_limit: Some("20MiB"),
        ..AMBIENT
    };
    let mut world = World::start(Database::sqlite().await, setting).await;
    let (backend, state) = (
        "terraform {\n  backend \"local\" {}\n}\n",
        made_up_state(640_000),
    );
    let paths: Vec<_> = (0..4)
        .map(|at| (format!("s{at}/main.tf"), format!("s{at}/terraform.tfstate")))
        .collect();
    let mut files = vec![SETTINGS];
    for (code, stored) in &paths {
        files.extend([(code.as_str(), backend), (stored.as_str(), state.as_str())]);
    }
    world.push("main", "alice", &files).await;
    world.install().await;
    let summaries: Vec<_> = (0..4)
        .map(|at| check(&world, &format!("DriftGuard / s{at}")).summary)
        .collect();
    let refused = summaries
        .iter()
        .filter(|told| told.replace('\\', "").contains("DRIFTGUARD_STATE_LIMIT"));
    assert_eq!(refused.count(), 2, "{summaries:?}");
}

#[tokio::test]
async fn of_too_many_stacks_one_check_tells_which_are_left_out() {
    let mut world = World::start(Database::sqlite().await, Setting::default()).await;
    let backend =
        "terraform {\n  backend \"s3\" {\n    bucket = \"states\"\n    key = \"a\"\n  }\n}\n";
    let paths: Vec<_> = (0..501)
        .map(|number| format!("many/s{number:03}/backend.tf"))
        .collect();
    let mut files: Vec<_> = paths.iter().map(|path| (path.as_str(), backend)).collect();
    files.push(SETTINGS);
    world.push("main", "alice", &files).await;
    world.install().await;
    let check = check(&world, "DriftGuard: stacks");
    assert_eq!(check.title, "Some stacks are not scanned");
    for said in [
        "502 stacks",
        "500 of them",
        "many-s499",
        "many-s500",
        "`stacks` in",
    ] {
        let told = check.summary.replace('\\', "");
        assert!(told.contains(said), "{said} is not in {told}");
    }
    assert!(!check.summary.contains("s498"));
}

/// Code that takes the parser long, as each key is compared with all before it.
fn dear_root() -> String {
    let keys: String = (0..3_000).map(|at| format!("k{at} = 1\n")).collect();
    format!("terraform {{\n  backend \"s3\" {{}}\n}}\nlocals {{\n  m = {{\n{keys}  }}\n}}\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_find_the_stacks_takes_no_longer_than_a_scan_may() {
    let setting = Setting {
        scan_timeout: Some("5s"),
        ..Setting::default()
    };
    let mut world = World::start(Database::sqlite().await, setting).await;
    let (code, paths): (_, Vec<_>) = (
        dear_root(),
        (0..100).map(|at| format!("many/s{at}/main.tf")).collect(),
    );
    let files: Vec<_> = paths
        .iter()
        .map(|path| (path.as_str(), code.as_str()))
        .collect();
    world.push("main", "alice", &files).await;
    // There are no settings yet: this is what onboarding starts with.
    world.install().await;
    let check = check(&world, "DriftGuard");
    assert_eq!(check.title, "The stacks could not be told");
    assert!(
        check.summary.contains("the scan was stopped"),
        "{}",
        check.summary
    );
}

/// Settings with so many roles of other accounts.
fn roles(count: usize) -> String {
    let roles: String = (0..count)
        .map(|at| {
            format!(
                "    \"{:012}\": arn:aws:iam::{:012}:role/driftguard\n",
                at + 1,
                at + 1
            )
        })
        .collect();
    format!("version: 1\naws:\n  roles:\n{roles}")
}

/// Settings with so many stacks, each read with a role of another account.
fn stacks(count: usize) -> String {
    let stacks: String = (0..count)
        .map(|at| format!("  - {{name: s{at}, path: infra/production, aws: {{role_arn: \"arn:aws:iam::{:012}:role/r\"}}}}\n", at + 1))
        .collect();
    format!("version: 1\nstacks:\n{stacks}")
}

#[tokio::test]
async fn to_probe_the_roles_takes_no_longer_than_a_scan_may() {
    // Each stack is read with a role of its own.
    let setting = Setting {
        // STS is asked sixty times a second, after the first hundred: these take longer.
        scan_timeout: Some("3s"),
        ..Setting::default()
    };
    let mut world = World::start(Database::sqlite().await, setting).await;
    world
        .push("main", "alice", &[(".driftguard.yml", &stacks(100))])
        .await;
    world.install().await;
    let check = check(&world, "DriftGuard / s99");
    assert!(
        check.summary.contains("the scan was stopped"),
        "{}",
        check.summary
    );
}

#[tokio::test]
async fn more_roles_than_a_repository_may_name_are_told_and_not_probed() {
    let mut world = World::start(Database::sqlite().await, Setting::default()).await;
    world
        .push("main", "alice", &[(".driftguard.yml", &roles(101))])
        .await;
    world.install().await;
    let told = check(&world, "DriftGuard").summary;
    assert!(told.contains("more than 100 roles"), "{told}");
    // Each stack names few, and all of them many.
    world
        .push("main", "alice", &[(".driftguard.yml", &stacks(101))])
        .await;
    let check = check(&world, "DriftGuard");
    assert_eq!(check.title, "The roles are not probed");
    assert!(check.summary.contains("101 roles"), "{}", check.summary);
}

#[tokio::test]
async fn a_root_without_a_backend_is_named() {
    let mut world = World::start(Database::sqlite().await, Setting::default()).await;
    let provider = "provider \"aws\" {\n  region = \"us-east-1\"\n}\n";
    world
        .push("main", "alice", &[("tools/main.tf", provider), SETTINGS])
        .await;
    world.install().await;
    let check = check(&world, "DriftGuard: stacks");
    assert_eq!(check.title, "Some folders are not scanned");
    assert_eq!(check.conclusion.as_deref(), Some("neutral"));
    let summary = check.summary.replace('\\', "");
    assert!(
        summary.contains("have no backend block: `tools`"),
        "{summary}"
    );
    assert!(!summary.contains("--state"), "{summary}");
}
