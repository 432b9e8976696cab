//! What reaches a terminal: nothing that moves its cursor, sets its title or turns a text around.

use crate::aws::{CONSOLE, Checkout, Run, shop};
use std::process::Command;

/// Nobody is asked.
const NOBODY: &str = "http://127.0.0.1:9";
/// Clears the screen, sets the title, and turns what follows around.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7} \u{202e} \u{9b}2J";
/// A program that gives another one a terminal, and prints what that one writes there.
const TERMINAL: &[&str] = &[
    "python3",
    "-c",
    "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))",
];
const TFVARS: &str = "infra/production/terraform.tfvars";

fn assert_harmless(text: &str) {
    let moves = |c: char| c.is_control() && c != '\n' && c != '\t';
    assert!(!text.contains(moves), "{text:?}");
    assert!(!text.contains('\u{202e}'), "{text:?}");
}

#[tokio::test]
async fn a_patch_moves_nothing_on_a_terminal_and_applies_elsewhere() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let checkout = Checkout::new();
    let code = checkout.read(TFVARS);
    let line = "instance_type = \"t3.small\"\n";
    let hostile = code.replace(line, &format!("# {HOSTILE}\n#\tkept\n{line}"));
    assert_ne!(hostile, code);
    checkout.write(TFVARS, &hostile);

    let shown = checkout.wrapped(TERMINAL, aws.url(), &["fix", "--dry-run"]);
    // The terminal's own line ends.
    let text = shown.out.replace("\r\n", "\n");
    assert_harmless(&text);
    let escaped = " # \\u{1b}[2J\\u{1b}]0;owned\\u{7} \\u{202e} \\u{9b}2J\n #\tkept\n-instance_type = \"t3.small\"\n";
    assert!(text.contains(escaped), "{text}");

    let piped = checkout.driftguard(aws.url(), &["fix", "--dry-run"]);
    assert_eq!(piped.code, shown.code);
    assert!(piped.out.contains(HOSTILE), "{}", piped.out);
    assert_applies(&checkout, &piped);
    assert!(checkout.read(TFVARS).contains(HOSTILE));
    assert!(checkout.read(TFVARS).contains("t3.xlarge"));
}

/// Applies a patch to the checkout with git.
fn assert_applies(checkout: &Checkout, patch: &Run) {
    checkout.write("changes.patch", &patch.out);
    std::fs::remove_dir_all(checkout.path().join(".git")).unwrap();
    for arguments in [&["init", "--quiet"][..], &["apply", "changes.patch"]] {
        let mut git = Command::new("git");
        let done = git.args(arguments).current_dir(checkout.path()).output();
        let done = done.unwrap();
        assert!(done.status.success(), "{done:?}");
    }
}

#[tokio::test]
async fn a_patch_of_a_file_with_a_hostile_name_applies_and_adds_no_line() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let checkout = Checkout::new();
    let name = "infra/production/x\n+++ \"\u{202e}é.auto.tfvars";
    std::fs::rename(checkout.path().join(TFVARS), checkout.path().join(name)).unwrap();
    let run = checkout.driftguard(aws.url(), &["fix", "--dry-run"]);
    let header = "--- \"a/infra/production/x\\012+++ \\\"\\342\\200\\256\\303\\251.auto.tfvars\"\n";
    assert!(run.out.contains(header), "{}", run.out);
    assert_applies(&checkout, &run);
    assert!(checkout.read(name).contains("t3.xlarge"));
}

#[test]
fn no_message_on_standard_error_moves_a_cursor_or_shows_a_credential() {
    let checkout = Checkout::new();
    std::fs::remove_file(checkout.path().join(".driftguard.yml")).unwrap();
    let folder = format!("{} AKIAIOSFODNN7EXAMPLE", HOSTILE.replace('/', ""));
    std::fs::create_dir(checkout.path().join(&folder)).unwrap();
    let file = format!("{folder}/main.tf");
    checkout.write(&file, "terraform {\n  backend \"s3\" {}\n}\n");
    for (arguments, code) in [
        (&["iam-policy"][..], 0),
        (&["iam-policy", &folder], 64),
        (&["iam-policy", &file], 1),
        (&["iam-policy", "--config", &folder], 1),
        (&["scan", &folder], 1),
        (&["fix", &file], 1),
        (&["scan", "--stack", &folder], 1),
        // As a shell puts names of files in for `*`.
        (&["scan", ".", &file], 64),
        (&["scan", "--region", &file], 64),
        (&["jobs", &file], 64),
        (&[&folder], 64),
    ] {
        let run = checkout.driftguard(NOBODY, arguments);
        assert_eq!(run.code, code, "{arguments:?}: {run:?}");
        assert_harmless(&run.err);
        let named = ["owned", "(secret)"].map(|word| run.err.contains(word));
        assert!(named.contains(&true), "{arguments:?}: {run:?}");
        assert!(!run.err.contains("AKIAIOSFODNN7"), "{arguments:?}: {run:?}");
    }
}

#[tokio::test]
async fn a_file_name_with_a_line_end_is_shown_on_one_line() {
    let aws = shop().await;
    let checkout = Checkout::new();
    checkout.write("infra/production/a\nb\u{1b}[31m.tf", "x = = 1\n");
    for arguments in [&["scan"][..], &["scan", "--format", "markdown"]] {
        let run = checkout.driftguard(aws.url(), arguments);
        let shown = format!("{}{}", run.out, run.err);
        assert_harmless(&shown);
        assert!(!shown.contains("production/a\nb"), "{shown}");
        let escaped = shown.replace("\\\\", "\\").contains("a\\u{a}b\\u{1b}");
        assert!(escaped, "{arguments:?}: {shown}");
    }
}
