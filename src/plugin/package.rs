//! Finds the packages in a folder of providers.

use super::lock;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The registries below whose names a folder may hold a provider whose source names none.
pub(super) const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];
/// How the names of providers' programs begin.
pub(super) const PROGRAM: &str = "terraform-provider-";

/// A version of a provider in the operator's folder.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub source: String,
    pub version: String,
    pub place: Place,
}

/// How a version lies in the operator's folder.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// Unpacked, in this folder.
    Folder(PathBuf),
    /// As this archive.
    Archive(PathBuf),
}

/// Returns the platform as Terraform names it.
pub(super) fn platform() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}_{machine}")
}

/// Lists the versions of a provider in a folder, the oldest first.
pub(super) fn versions(folder: &Path, source: &str) -> io::Result<Vec<Found>> {
    let platform = platform();
    let mut found = Vec::new();
    let below: Vec<_> = match source.split('/').count() {
        2 => HOSTS.map(|host| folder.join(host).join(source)).into(),
        _ => vec![folder.join(source)],
    };
    for below in below {
        let Ok(entries) = fs::read_dir(below) else {
            continue;
        };
        for entry in entries {
            found.extend(Found::at(&entry?.path(), source, &platform));
        }
    }
    // Of a version that lies there in both forms the unpacked one is taken.
    found.sort_by(|left, right| {
        let is_archive = |found: &Found| matches!(found.place, Place::Archive(_));
        lock::by_version(&left.version, &right.version)
            .then_with(|| is_archive(right).cmp(&is_archive(left)))
    });
    Ok(found)
}

impl Found {
    /// Returns the version that an entry of a provider's folder holds for this platform.
    fn at(path: &Path, source: &str, platform: &str) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let (version, place) = if path.is_dir() {
            let folder = path.join(platform);
            program(&folder)?;
            (name, Place::Folder(folder))
        } else {
            let provider = format!("{PROGRAM}{}_", source.rsplit('/').next()?);
            let version = name.strip_prefix(&provider)?;
            let version = version.strip_suffix(&format!("_{platform}.zip"))?;
            (version, Place::Archive(path.to_owned()))
        };
        Some(Self {
            source: source.to_owned(),
            version: version.to_owned(),
            place,
        })
    }

    /// Returns the file or the folder that the version is.
    pub(super) fn path(&self) -> &Path {
        match &self.place {
            Place::Folder(path) | Place::Archive(path) => path,
        }
    }
}

/// Returns the program in a package's folder.
pub(super) fn program(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    let mut programs: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PROGRAM))
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    programs.sort();
    programs.into_iter().next()
}
