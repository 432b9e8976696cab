//! The operator's folder of providers: which versions it has, and whether one is what a lock file asks for.

use super::archive::unpack;
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
/// How hashes of unpacked packages begin in lock files.
const FOLDER_HASH: &str = "h1:";
/// How hashes of archives begin there.
const ARCHIVE_HASH: &str = "zh:";
/// How many providers run at once: each takes some 300 MiB.
const PROCESSES: usize = 2;
/// How much of a file is hashed at once.
const CHUNK: usize = 1 << 20;

/// The operator's folder of providers, in the layout of a `filesystem_mirror`, unpacked or not, or of
/// `.terraform/providers`.
#[derive(Debug)]
pub struct ProviderFolder {
    found: Vec<Found>,
    /// Where archives are unpacked.
    unpacked: PathBuf,
    processes: Semaphore,
    /// The hashes of archives and of packages' folders, as lock files write them.
    hashes: Mutex<BTreeMap<PathBuf, String>>,
}

/// A version in the operator's folder.
#[derive(Debug, Clone)]
struct Found {
    version: String,
    place: Place,
}

/// How a version lies in the operator's folder.
#[derive(Debug, Clone)]
enum Place {
    /// Unpacked, in this folder.
    Folder(PathBuf),
    /// As this archive.
    Archive(PathBuf),
}

/// An unpacked provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its version.
    pub version: String,
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
        "{} holds no {SOURCE} for {platform}: fill it with `terraform providers mirror`, so that it has \
         {}/{SOURCE}/terraform-provider-aws_VERSION_{platform}.zip",
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
    /// Lists the versions in a folder. Archives are unpacked below another folder when they are needed.
    ///
    /// # Errors
    /// When it cannot be read, or holds none.
    pub fn open(folder: &Path, unpacked: &Path) -> Result<Self, FolderError> {
        let unreadable = |cause| FolderError::Unreadable {
            folder: folder.to_owned(),
            cause,
        };
        let folder = fs::canonicalize(folder).map_err(unreadable)?;
        let platform = platform();
        let mut found = Vec::new();
        for host in HOSTS {
            let Ok(entries) = fs::read_dir(folder.join(host).join(SOURCE)) else {
                continue;
            };
            for entry in entries {
                let path = entry.map_err(unreadable)?.path();
                found.extend(Found::at(&path, &platform));
            }
        }
        // Of a version that lies there in both forms the unpacked one is taken.
        found.sort_by(|left, right| {
            let is_archive = |found: &Found| matches!(found.place, Place::Archive(_));
            lock::by_version(&left.version, &right.version)
                .then_with(|| is_archive(right).cmp(&is_archive(left)))
        });
        match found.is_empty() {
            true => Err(FolderError::Empty { folder, platform }),
            false => Ok(Self {
                found,
                unpacked: unpacked.to_owned(),
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
        let newest = self.found.last();
        let newest = newest.ok_or("the folder of providers is empty")?;
        let Some(locked) = lock_file.and_then(|text| lock::locked(text, SOURCE)) else {
            return self.chosen(newest, None).await;
        };
        let mut same = self.found.iter().rev();
        if let Some(found) = same.find(|found| found.version == locked.version) {
            self.verify(found, &locked).await?;
            return self.chosen(found, None).await;
        }
        let major = lock::major(&locked.version);
        let mut fitting = self.found.iter().rev();
        let found = fitting.find(|found| lock::major(&found.version) == major);
        let found = found.ok_or_else(|| {
            format!(
                "the folder of providers has no version {major} of {SOURCE}: put {} into it",
                locked.version
            )
        })?;
        let note = format!(
            "{SOURCE} {} read what no native reader knows; the lock file names {}, which the folder of providers lacks",
            found.version, locked.version
        );
        self.chosen(found, Some(note)).await
    }

    async fn chosen(&self, found: &Found, note: Option<String>) -> Result<Chosen, String> {
        let folder = self.folder(found).await?;
        let binary = program(&folder).ok_or_else(|| {
            format!(
                "{SOURCE} {} in the folder of providers has no program named {PROGRAM}...",
                found.version
            )
        })?;
        let version = found.version.clone();
        Ok(Chosen {
            package: Package { version, binary },
            note,
        })
    }

    /// Returns the folder with the program of a version; unpacks its archive first.
    async fn folder(&self, found: &Found) -> Result<PathBuf, String> {
        let archive = match &found.place {
            Place::Folder(folder) => return Ok(folder.clone()),
            Place::Archive(archive) => archive.clone(),
        };
        let hash = self.hash(found, &archive, archive_hash).await?;
        // The name holds the hash: another archive of the same version is unpacked anew.
        let name = format!(
            "{}-{}",
            found.version,
            hash.trim_start_matches(ARCHIVE_HASH)
        );
        let below = self.unpacked.clone();
        let unpacked = tokio::task::spawn_blocking(move || unpack(&archive, &below, &name)).await;
        let unpacked = unpacked.map_err(io::Error::other).flatten();
        unpacked.map_err(|error| format!("{SOURCE} {} cannot be unpacked: {error}", found.version))
    }

    /// Checks that a version is what the lock file names, by any of its hashes, as Terraform does.
    async fn verify(&self, found: &Found, locked: &LockedProvider) -> Result<(), String> {
        if locked.hashes.is_empty() {
            return Ok(());
        }
        if let Place::Archive(archive) = &found.place
            && let hash = self.hash(found, archive, archive_hash).await?
            && locked.hashes.contains(&hash)
        {
            return Ok(());
        }
        let version = &found.version;
        if !locked
            .hashes
            .iter()
            .any(|hash| hash.starts_with(FOLDER_HASH))
        {
            return Err(match found.place {
                Place::Folder(_) => format!(
                    "the lock file has no `h1:` hash of {SOURCE} {version}, so the unpacked provider cannot be checked: \
                     run `terraform providers lock`"
                ),
                Place::Archive(_) => format!(
                    "{SOURCE} {version} in the folder of providers is not the one that the lock file names"
                ),
            });
        }
        let folder = self.folder(found).await?;
        let hash = self.hash(found, &folder, package_hash).await?;
        match locked.hashes.contains(&hash) {
            true => Ok(()),
            false => Err(format!(
                "{SOURCE} {version} in the folder of providers is not the one that the lock file names: its hash is {hash}"
            )),
        }
    }

    /// Computes the hash of an archive or a folder once.
    async fn hash(
        &self,
        found: &Found,
        path: &Path,
        compute: fn(&Path) -> io::Result<String>,
    ) -> Result<String, String> {
        let lock = || self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(path).cloned();
        if let Some(hash) = known {
            return Ok(hash);
        }
        let owned = path.to_owned();
        let hash = tokio::task::spawn_blocking(move || compute(&owned)).await;
        let hash = hash.map_err(io::Error::other).flatten();
        let hash =
            hash.map_err(|error| format!("{SOURCE} {} cannot be read: {error}", found.version))?;
        lock().insert(path.to_owned(), hash.clone());
        Ok(hash)
    }
}

impl Found {
    /// Returns the version that an entry of a provider's folder holds for this platform.
    fn at(path: &Path, platform: &str) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        if path.is_dir() {
            let folder = path.join(platform);
            program(&folder)?;
            return Some(Self {
                version: name.to_owned(),
                place: Place::Folder(folder),
            });
        }
        let version = name.strip_prefix(PROGRAM)?.strip_prefix("aws_")?;
        let version = version.strip_suffix(&format!("_{platform}.zip"))?;
        Some(Self {
            version: version.to_owned(),
            place: Place::Archive(path.to_owned()),
        })
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
    Ok(format!(
        "{FOLDER_HASH}{}",
        STANDARD.encode(context.finish())
    ))
}

/// Computes the `zh:` hash of an archive: over its bytes.
fn archive_hash(archive: &Path) -> io::Result<String> {
    Ok(format!("{ARCHIVE_HASH}{}", file_hash(archive)?))
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
