//! The key under which a checkout's secrets become fingerprints.

use crate::model::Redactor;
use anyhow::Context;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The length of a key that DriftGuard makes itself, in bytes.
const LENGTH: usize = 32;

/// `DRIFTGUARD_SECRET_KEY`, else a random key, made once in the data folder so that two scans agree.
///
/// # Errors
/// Names the file that can be neither read nor made.
pub(super) fn redactor() -> anyhow::Result<Redactor> {
    if let Some(key) = std::env::var_os("DRIFTGUARD_SECRET_KEY").filter(|key| !key.is_empty()) {
        return Ok(Redactor::new(key.as_encoded_bytes()));
    }
    let folder = data_folder();
    let file = folder.join("fingerprint.key");
    let key = stored(&folder, &file).with_context(|| {
        format!(
            "while reading the key {}: set DRIFTGUARD_SECRET_KEY to do without it",
            file.display()
        )
    })?;
    Ok(Redactor::new(&key))
}

fn stored(folder: &Path, file: &Path) -> std::io::Result<Vec<u8>> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
    {
        Ok(mut new) => {
            let mut key = vec![0; LENGTH];
            fs::File::open("/dev/urandom")?.read_exact(&mut key)?;
            new.write_all(&key)?;
            Ok(key)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => fs::read(file),
        Err(error) => Err(error),
    }
}

/// Returns the folder of DriftGuard's own files: `DRIFTGUARD_DATA_DIR`, else `$XDG_DATA_HOME/driftguard`.
pub(super) fn data_folder() -> PathBuf {
    let named = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    named("DRIFTGUARD_DATA_DIR")
        .or_else(|| Some(named("XDG_DATA_HOME")?.join("driftguard")))
        .or_else(|| Some(named("HOME")?.join(".local/share/driftguard")))
        .unwrap_or_else(|| std::env::temp_dir().join("driftguard"))
}
