//! The operator's folder of providers: which versions it has, and whether one is what a lock file asks for.

use super::lock::{self, LockedProvider};
use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tokio::sync::{Semaphore, SemaphorePermit};

/// The provider that is read through.
pub const SOURCE: &str = "hashicorp/aws";
/// The registries below whose names a folder may hold it.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];
/// How the names of providers' programs begin.
const PROGRAM: &str = "terraform-provider-";
/// How many providers run at once: each takes some 300 MiB.
const PROCESSES: usize = 2;
/// How much of a file is hashed at once.
const CHUNK: usize = 1 << 20;

/// The operator's folder of providers, in the layout of a `filesystem_mirror` or of `.terraform/providers`.
#[derive(Debug)]
pub struct ProviderFolder {
    packages: Vec<Package>,
    processes: Semaphore,
    hashes: Mutex<BTreeMap<PathBuf, String>>,
}

/// An unpacked provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its version.
    pub version: String,
    /// Its folder.
    folder: PathBuf,
    /// Its program.
    pub binary: PathBuf,
}

/// The package that a root module is read with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The package.
    pub package: Package,
    /// What a reader of the report should know: another version than the lock file's.
    pub note: Option<String>,
}

/// A folder that holds no provider.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder cannot be read.
    #[error("the folder of providers {} cannot be read: {cause}", folder.display())]
    Unreadable {
        /// The folder.
        folder: PathBuf,
        /// The system's message.
        cause: io::Error,
    },
    /// No package of this machine's platform.
    #[error(
        "{} holds no unpacked {SOURCE} for {platform}: fill it with `terraform providers mirror`, and unpack it to \
         {}/{SOURCE}/VERSION/{platform}",
        folder.display(), HOSTS[0]
    )]
    Empty {
        /// The folder.
        folder: PathBuf,
        /// The platform, such as `linux_amd64`.
        platform: String,
    },
}

/// Returns the platform as Terraform names it.
fn platform() -> String {
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

impl ProviderFolder {
    /// Lists the packages of a folder.
    ///
    /// # Errors
    /// When it cannot be read, or holds none.
    pub fn open(folder: &Path) -> Result<Self, FolderError> {
        let unreadable = |cause| FolderError::Unreadable {
            folder: folder.to_owned(),
            cause,
        };
        let folder = fs::canonicalize(folder).map_err(unreadable)?;
        let platform = platform();
        let mut packages = Vec::new();
        for host in HOSTS {
            let Ok(versions) = fs::read_dir(folder.join(host).join(SOURCE)) else {
                continue;
            };
            for version in versions {
                let version = version.map_err(unreadable)?;
                let folder = version.path().join(&platform);
                if let Some(binary) = program(&folder) {
                    packages.push(Package {
                        version: version.file_name().to_string_lossy().into_owned(),
                        folder,
                        binary,
                    });
                }
            }
        }
        packages.sort_by(|left, right| lock::by_version(&left.version, &right.version));
        match packages.is_empty() {
            true => Err(FolderError::Empty { folder, platform }),
            false => Ok(Self {
                packages,
                processes: Semaphore::new(PROCESSES),
                hashes: Mutex::default(),
            }),
        }
    }

    /// Waits until another provider may run. The slot is given back when it is dropped.
    pub async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        self.processes.acquire().await.ok()
    }

    /// Chooses the package for a root module with this lock file: the version that it names; else the newest of the same
    /// major version.
    ///
    /// # Errors
    /// Why there is none, and which version to put into the folder.
    pub async fn choose(&self, lock_file: Option<&str>) -> Result<Chosen, String> {
        let Some(locked) = lock_file.and_then(|text| lock::locked(text, SOURCE)) else {
            let newest = self
                .packages
                .last()
                .ok_or("the folder of providers is empty")?;
            return Ok(Chosen {
                package: newest.clone(),
                note: None,
            });
        };
        let same = self.packages.iter();
        let mut same = same.filter(|package| package.version == locked.version);
        if let Some(package) = same.next() {
            self.verify(package, &locked).await?;
            return Ok(Chosen {
                package: package.clone(),
                note: None,
            });
        }
        let major = lock::major(&locked.version);
        let fitting = self.packages.iter().rev();
        let mut fitting = fitting.filter(|package| lock::major(&package.version) == major);
        let package = fitting.next().ok_or_else(|| {
            format!(
                "the folder of providers has no version {major} of {SOURCE}: put {} into it",
                locked.version
            )
        })?;
        let note = format!(
            "{SOURCE} {} read what no native reader knows; the lock file names {}, which the folder of providers lacks",
            package.version, locked.version
        );
        Ok(Chosen {
            package: package.clone(),
            note: Some(note),
        })
    }

    /// Checks that a package is what the lock file names.
    async fn verify(&self, package: &Package, locked: &LockedProvider) -> Result<(), String> {
        let has = |kind: &str| locked.hashes.iter().any(|hash| hash.starts_with(kind));
        let version = &package.version;
        if !has("h1:") {
            return match locked.hashes.is_empty() {
                true => Ok(()),
                false => Err(format!(
                    "the lock file has no `h1:` hash of {SOURCE} {version}, so the unpacked provider cannot be checked: \
                     run `terraform providers lock`"
                )),
            };
        }
        let hash = self
            .hash(package)
            .await
            .map_err(|error| format!("{SOURCE} {version} cannot be read: {error}"))?;
        match locked.hashes.contains(&hash) {
            true => Ok(()),
            false => Err(format!(
                "{SOURCE} {version} in the folder of providers is not the one that the lock file names: its hash is {hash}"
            )),
        }
    }

    /// Computes a package's hash once.
    async fn hash(&self, package: &Package) -> io::Result<String> {
        let known = |hashes: &BTreeMap<PathBuf, String>| hashes.get(&package.folder).cloned();
        let lock = || self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hash) = known(&lock()) {
            return Ok(hash);
        }
        let folder = package.folder.clone();
        let hash = tokio::task::spawn_blocking(move || package_hash(&folder)).await;
        let hash = hash.map_err(io::Error::other)??;
        lock().insert(package.folder.clone(), hash.clone());
        Ok(hash)
    }
}

/// Returns the program in a package's folder.
fn program(folder: &Path) -> Option<PathBuf> {
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

/// Computes the `h1:` hash of a folder: over the sorted lines of each file's own hash and name.
fn package_hash(folder: &Path) -> io::Result<String> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner)? {
            let path = entry?.path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    let mut lines = Vec::new();
    for file in files {
        let name = file.strip_prefix(folder).unwrap_or(&file);
        let name = name.to_string_lossy().into_owned();
        lines.push((name, file_hash(&file)?));
    }
    lines.sort();
    let text: String = lines
        .iter()
        .map(|(name, hash)| format!("{hash}  {name}\n"))
        .collect();
    let mut context = Context::new(&SHA256);
    context.update(text.as_bytes());
    Ok(format!("h1:{}", STANDARD.encode(context.finish())))
}

fn file_hash(file: &Path) -> io::Result<String> {
    let mut file = File::open(file)?;
    let mut context = Context::new(&SHA256);
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex::encode(context.finish())),
            read => context.update(&chunk[..read]),
        }
    }
}
