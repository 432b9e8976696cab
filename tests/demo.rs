//! `driftguard demo`, the README's first command.

use crate::pages::browser::Browser;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use tempfile::TempDir;

/// Runs the demo, whose server scans a shop, with more in its environment: how it ended, and all that it said and sent.
pub fn run(environment: &[(&str, &str)]) -> (ExitStatus, String) {
    let home = TempDir::new().unwrap();
    std::fs::create_dir(home.path().join("driftguard")).unwrap();
    let moto = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moto");
    std::os::unix::fs::symlink(moto, home.path().join("driftguard/moto")).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_driftguard"))
        .arg("demo")
        .env("XDG_CACHE_HOME", home.path())
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = [run.stdout, run.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    let said = said.replace(&home.path().display().to_string(), "HOME");
    for number in 1.. {
        let patch = format!("driftguard/demo/pull-request-{number}.patch");
        match std::fs::read_to_string(home.path().join(patch)) {
            Ok(patch) => assert!(said.contains(&patch)),
            Err(_) => {
                assert!(number > 1, "{said}");
                break;
            }
        }
    }
    (run.status, said)
}

#[tokio::test]
async fn the_demo_prints_the_pull_requests_and_says_where_to_look() {
    // moto is installed once for all tests.
    crate::aws::moto().await;
    let (status, out) = run(&[]);
    assert!(status.success(), "{out}");
    tells_of_the_shop(&out);
    for told in [
        "The pages are served at http://127.0.0.1:",
        "The pull requests are also in HOME/driftguard/demo",
        "The pages of what was found ended with the demo: with --keep it stays up",
    ] {
        assert!(out.contains(told), "`{told}` is not in:\n{out}");
    }
}

#[tokio::test]
async fn a_demo_that_is_kept_serves_its_pages() {
    crate::aws::moto().await;
    let home = TempDir::new().unwrap();
    std::fs::create_dir(home.path().join("driftguard")).unwrap();
    let moto = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moto");
    std::os::unix::fs::symlink(moto, home.path().join("driftguard/moto")).unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_driftguard"))
        .args(["demo", "--keep"])
        .env("XDG_CACHE_HOME", home.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let mut lines = lines.map(|line| line.unwrap());
    let place = lines.find_map(|line| {
        let rest = line.strip_prefix("The pages are at ")?;
        assert!(rest.contains("links to GitHub lead nowhere"), "{rest}");
        Some(rest.split(": ").next()?.to_owned())
    });
    let place = place.expect("it tells where its pages are");
    let mut browser = Browser::new();
    let page = browser.open(&place).await;
    let start = page.url.join(&page.link("Sign in with GitHub")).unwrap();
    let page = browser.open(start.as_str()).await;
    let stack = page.url.join(&page.link("infra-production")).unwrap();
    let page = browser.open(stack.as_str()).await;
    assert!(page.html.contains("7 findings"), "{}", page.html);
    // As Ctrl-C does.
    let stopped = Command::new("kill")
        .args(["-INT", &demo.id().to_string()])
        .status();
    assert!(stopped.unwrap().success());
    assert!(demo.wait().unwrap().success());
}

/// Checks that the pull requests and the check are those of the shop.
pub fn tells_of_the_shop(out: &str) {
    for told in [
        "#2 DriftGuard: adopt 3 changes in infra-production",
        "#1 DriftGuard: restore settings of 3 resources in infra-production",
        "-instance_type = \"t3.small\"\n+instance_type = \"t3.xlarge\"",
        "DriftGuard / infra-production: 7 findings",
        "who: `sam@acme.example` (role ",
    ] {
        assert!(out.contains(told), "`{told}` is not in:\n{out}");
    }
}
