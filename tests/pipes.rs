//! A reader that closes the pipe early: `driftguard scan | head -1`.

use crate::aws::{CONSOLE, Checkout, shop};
use crate::database::Database;
use std::process::{Command, Output};

/// Nobody is asked.
const NOBODY: &str = "http://127.0.0.1:9";

/// Runs the program in a checkout, with an output that nobody reads any more; an error output too where `silent`.
fn unread(checkout: &Checkout, aws: &str, arguments: &[&str], silent: bool) -> Output {
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftguard"));
    command
        .args(arguments)
        .current_dir(checkout.path())
        .env_clear()
        .env("HOME", checkout.path().join(".git"))
        .env("AWS_ENDPOINT_URL", aws)
        .env("AWS_ACCESS_KEY_ID", "demo")
        .env("AWS_SECRET_ACCESS_KEY", "demo")
        .env("AWS_REGION", "us-east-1")
        .stdout(closed());
    if silent {
        command.stderr(closed());
    }
    command.output().unwrap()
}

#[tokio::test]
async fn whoever_prints_ends_quietly_where_nobody_reads_any_more() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let checkout = Checkout::new();
    for (arguments, code) in [
        (&["iam-policy"][..], 0),
        (&["iam-policy", "--format", "terraform"], 0),
        (&["iam-policy", "--format", "cloudformation"], 0),
        (&["--help"], 0),
        (&["--version"], 0),
        (&["help", "scan"], 0),
        (&["scan"], 2),
        (&["scan", "--format", "json"], 2),
        (&["scan", "--format", "markdown"], 2),
        (&["scan", "--format", "sarif"], 2),
        (&["fix", "--dry-run"], 2),
    ] {
        let run = unread(&checkout, aws.url(), arguments, false);
        let told = String::from_utf8_lossy(&run.stderr);
        // The report of a patch goes beside it.
        let is_quiet = told.is_empty() || arguments.contains(&"--dry-run");
        assert!(
            is_quiet && !told.contains("driftguard:"),
            "{arguments:?}: {told}"
        );
        assert_eq!(run.status.code(), Some(code), "{arguments:?}");
    }
}

#[tokio::test]
async fn the_operators_list_ends_quietly_too() {
    let database = Database::sqlite().await;
    database.inbox().await.close().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftguard"));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command
        .args(["jobs", "list"])
        .env_clear()
        .env("DATABASE_URL", &database.url)
        .stdout(writer);
    let run = command.output().unwrap();
    let file = database.url.trim_start_matches("sqlite://");
    let file = file.split('?').next().unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(said, format!("The jobs in {file}:\n"));
    assert_eq!(run.status.code(), Some(0));
}

#[test]
fn commands_beside_the_server_make_no_database() {
    let home = tempfile::TempDir::new().unwrap();
    let folder = home.path().join("data");
    for arguments in [
        &["jobs", "list"][..],
        &["jobs", "retry", "01"],
        &["jobs", "discard", "01"],
        &["notification-secret", "acme/shop"],
    ] {
        let run = Command::new(env!("CARGO_BIN_EXE_driftguard"))
            .args(arguments)
            .env_clear()
            .env("DRIFTGUARD_DATA_DIR", &folder)
            .env("GITHUB_APP_ID", "7")
            .env("GITHUB_PRIVATE_KEY", "-----BEGIN PRIVATE KEY-----")
            .env("GITHUB_WEBHOOK_SECRET", "hush")
            .env("DRIFTGUARD_SECRET_KEY", "0123456789abcdef0123456789abcdef")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        let place = folder.join("driftguard.db");
        let told = format!("there is no database at {}", place.display());
        assert!(said.contains(&told), "{arguments:?}: {said}");
        assert!(said.contains("DRIFTGUARD_DATA_DIR"), "{said}");
        assert_eq!(run.status.code(), Some(1), "{arguments:?}");
        assert!(!folder.exists(), "{arguments:?}");
    }
}

#[test]
fn without_a_reader_of_errors_the_exit_code_still_tells() {
    let checkout = Checkout::new();
    std::fs::remove_dir_all(checkout.path().join("infra")).unwrap();
    std::fs::create_dir_all(checkout.path().join("empty/.git")).unwrap();
    for (arguments, code) in [
        (&["iam-policy"][..], 1),
        (&["iam-policy", "empty"], 64),
        (&["scan"], 1),
        (&["scan", "--no-such-option"], 64),
    ] {
        let run = unread(&checkout, NOBODY, arguments, true);
        assert_eq!(run.status.code(), Some(code), "{arguments:?}");
    }
}
