//! Data that others publish on npm: fetched once, by npm itself, and kept beside the build.

use flate2::read::GzDecoder;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// The folder of an unpacked package, such as `@octokit/webhooks-examples@7.6.1`. None where npm does not give it,
/// which is said aloud, and fails where `CI` is set.
pub fn package(name: &str) -> Option<PathBuf> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(|broken| broken.into_inner());
    let slug = name.replace(['@', '/'], "_");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(slug);
    if folder.is_dir() {
        return Some(folder.join("package"));
    }
    match fetch(name, &folder) {
        Ok(()) => Some(folder.join("package")),
        Err(error) => {
            assert!(
                std::env::var_os("CI").is_none(),
                "npm does not give {name}: {error}"
            );
            eprintln!("SKIPPED: npm does not give {name}: {error}");
            None
        }
    }
}

fn fetch(name: &str, folder: &Path) -> std::io::Result<()> {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let packed = Command::new("npm")
        .args(["pack", "--silent", name])
        .current_dir(&scratch)
        .output()?;
    let file = String::from_utf8_lossy(&packed.stdout).trim().to_owned();
    if !packed.status.success() || file.is_empty() {
        let told = String::from_utf8_lossy(&packed.stderr).into_owned();
        return Err(std::io::Error::other(told));
    }
    let unpacked = scratch.path().join("unpacked");
    let packed = GzDecoder::new(File::open(scratch.path().join(file))?);
    tar::Archive::new(packed).unpack(&unpacked)?;
    // Whole or not at all.
    fs::rename(unpacked, folder)
}
