//! `driftguard demo`, the README's first command.

use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

#[tokio::test]
async fn the_demo_prints_the_pull_requests_and_says_where_to_look() {
    // moto is installed once for all tests.
    crate::aws::moto().await;
    let home = TempDir::new().unwrap();
    std::fs::create_dir(home.path().join("driftguard")).unwrap();
    let moto = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moto");
    std::os::unix::fs::symlink(moto, home.path().join("driftguard/moto")).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_driftguard"))
        .arg("demo")
        .env("XDG_CACHE_HOME", home.path())
        .output()
        .unwrap();
    let out = String::from_utf8(run.stdout).unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    for told in [
        "#2 DriftGuard: adopt 3 changes in infra-production",
        "#1 DriftGuard: restore 3 settings in infra-production",
        "-instance_type = \"t3.small\"\n+instance_type = \"t3.xlarge\"",
        "DriftGuard / infra-production: 7 findings",
    ] {
        assert!(out.contains(told), "`{told}` is not in:\n{out}");
    }
    let patch =
        std::fs::read_to_string(home.path().join("driftguard/demo/pull-request-1.patch")).unwrap();
    assert!(out.contains(&patch));
}
