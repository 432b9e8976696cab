//! Installs Python packages, each into a virtual environment of its own.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// Installs a package, such as `moto==5.2.5`, into a virtual environment in this folder, unless it is there, and returns
/// Python's path.
///
/// # Errors
/// When there is no Python 3 with venv, or the package cannot be fetched.
pub async fn install(folder: &Path, package: &str) -> Result<PathBuf> {
    let (python, done) = (folder.join("bin/python"), folder.join(package));
    if done.exists() {
        return Ok(python);
    }
    let output = Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(folder)
        .output()
        .await;
    let output = output.context("while starting python3: install Python 3")?;
    ensure!(
        output.status.success(),
        "python3 -m venv failed: install Python's venv module (python3-venv)\n{}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let fetched = Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            package,
        ])
        .output()
        .await?;
    ensure!(
        fetched.status.success(),
        "pip could not install {package}: it needs the network once\n{}",
        String::from_utf8_lossy(&fetched.stderr).trim()
    );
    tokio::fs::write(&done, "").await?;
    Ok(python)
}
