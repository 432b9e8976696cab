//! `driftguard demo`: the main job on this machine, with nothing but Python 3 besides.

use crate::standin::moto::Moto;
use anyhow::{Context, ensure};
use include_dir::{Dir, include_dir};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tempfile::TempDir;
use tokio::process::Command;

/// A stack that Terraform made, and what somebody then did to it in the console.
static STACK: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/cli/demo");

/// Where the stack's backend block says that the state is.
const BUCKET: &str = "acme-terraform-state";
const KEY: &str = "shop/production/terraform.tfstate";

pub(super) async fn run() -> anyhow::Result<ExitCode> {
    eprintln!(
        "Starting moto, which stands in for AWS (the first time it is installed into a folder of its own)."
    );
    let python = Moto::install(&cache()).await?;
    let moto = Moto::start(&python).await?;
    moto.reset().await?;
    moto.replay(text("account.jsonl")?).await?;
    moto.put_object(BUCKET, KEY, text("terraform.tfstate")?)
        .await?;
    eprintln!("The shop's stack is up. Now somebody changes it in the console.\n");
    moto.replay(text("console.jsonl")?).await?;

    let folder = TempDir::new().context("while making a folder for the checkout")?;
    STACK
        .extract(folder.path())
        .context("while writing the checkout")?;
    let checkout = folder.path().join("repo");
    driftguard(&checkout, &moto, &["scan"]).await?;
    println!("\nWhat `driftguard fix` would change:\n");
    driftguard(&checkout, &moto, &["fix", "--dry-run"]).await?;
    Ok(ExitCode::SUCCESS)
}

/// Runs this program in the checkout, against moto.
async fn driftguard(checkout: &Path, moto: &Moto, arguments: &[&str]) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("while looking for this program")?;
    let status = Command::new(program)
        .args(arguments)
        .arg(checkout)
        .env("AWS_ENDPOINT_URL", moto.url())
        .env("AWS_ACCESS_KEY_ID", "demo")
        .env("AWS_SECRET_ACCESS_KEY", "demo")
        .env("AWS_REGION", "us-east-1")
        .env(
            "DRIFTGUARD_SECRET_KEY",
            "the demo holds no secrets but its own",
        )
        .status()
        .await?;
    ensure!(
        status.code().is_some_and(|code| code != 1),
        "the scan failed"
    );
    Ok(())
}

fn text(file: &str) -> anyhow::Result<&'static str> {
    let found = STACK.get_file(file).and_then(|file| file.contents_utf8());
    found.with_context(|| format!("the demo's {file} is not in this program"))
}

/// Where moto is installed.
fn cache() -> PathBuf {
    let named = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let cache = named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")));
    cache
        .unwrap_or_else(std::env::temp_dir)
        .join("driftguard/moto")
}
