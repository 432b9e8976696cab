//! The operator's folder of providers: which versions it has, and whether one is what a lock file and the operator's
//! pins name.

use super::archive::unpack;
use super::hash::{ARCHIVE_HASH, FOLDER_HASH, Hashes};
use super::lock::{self, LockedProvider};
use super::package::{Found, HOSTS, PROGRAM, Place, platform, program, versions};
use super::process::Launch;
use super::sandbox::Sandbox;
use super::schema_memory::{SchemaMemory, TypeSchemas};
use super::slots::{Slot, Slots};
use super::users::Users;
use crate::config::{Pin, ProviderSource, Providers};
use crate::model::InstallationId;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The provider of AWS.
pub const SOURCE: &str = "hashicorp/aws";
/// How many providers run at once: each takes some 300 MiB.
const PROCESSES: usize = 2;

/// The operator's folder of providers, in the layout of a `filesystem_mirror`, unpacked or not, or of
/// `.terraform/providers`.
#[derive(Debug)]
pub struct ProviderFolder {
    /// The versions of each provider, the oldest first.
    found: Vec<Found>,
    /// Where archives are unpacked.
    unpacked: PathBuf,
    slots: Slots,
    hashes: Hashes,
    /// How providers are confined; why they cannot be.
    sandbox: Result<Sandbox, String>,
    /// The packages that may be started; `None` for all.
    pins: Option<Vec<Pin>>,
    reads_secrets: bool,
    /// The providers beside AWS's.
    sources: Vec<ProviderSource>,
    schemas: Arc<SchemaMemory>,
}

/// An unpacked provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its source, such as `hashicorp/aws`.
    pub source: String,
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

impl ProviderFolder {
    /// Lists the versions in a folder. Archives are unpacked below another folder when they are needed.
    ///
    /// # Errors
    /// When it cannot be read, or holds none.
    pub fn open(folder: &Path, unpacked: &Path) -> Result<Self, FolderError> {
        Self::with_sources(folder, unpacked, &[])
    }

    /// Lists the versions of AWS's provider and of further ones.
    fn with_sources(
        folder: &Path,
        unpacked: &Path,
        sources: &[ProviderSource],
    ) -> Result<Self, FolderError> {
        let unreadable = |cause| FolderError::Unreadable {
            folder: folder.to_owned(),
            cause,
        };
        let folder = fs::canonicalize(folder).map_err(unreadable)?;
        let mut found = versions(&folder, SOURCE).map_err(unreadable)?;
        for further in sources {
            found.extend(versions(&folder, &further.source).map_err(unreadable)?);
        }
        match found.is_empty() {
            true => Err(FolderError::Empty {
                folder,
                platform: platform(),
            }),
            false => Ok(Self {
                found,
                unpacked: unpacked.to_owned(),
                slots: Slots::new(PROCESSES).unshared(),
                hashes: Hashes::default(),
                sandbox: Ok(Sandbox::Caller),
                pins: None,
                reads_secrets: false,
                sources: sources.to_vec(),
                schemas: Arc::default(),
            }),
        }
    }

    /// Opens the folder of the command line: its providers run as the caller.
    ///
    /// # Errors
    /// As `open`.
    pub fn of_caller(settings: &Providers) -> Result<Self, FolderError> {
        let wrapper = settings.wrapper.clone();
        Ok(Self {
            slots: Slots::new(settings.processes).unshared(),
            sandbox: Ok(wrapper.map_or(Sandbox::Caller, Sandbox::Wrapper)),
            pins: settings.pins.clone(),
            reads_secrets: settings.secrets,
            ..Self::with_sources(&settings.folder, &settings.unpacked, &settings.sources)?
        })
    }

    /// Opens the folder of a server: its providers run in a sandbox, or not at all, and are shared by installations.
    ///
    /// # Errors
    /// As `open`.
    pub fn of_server(settings: &Providers) -> Result<Self, FolderError> {
        let users = Users {
            ids: settings.users.clone(),
            locks: settings.unpacked.join("users"),
        };
        let wrapper = settings.wrapper.as_deref();
        Ok(Self {
            slots: Slots::new(settings.processes),
            sandbox: Sandbox::of_server(wrapper, users, &settings.closed),
            ..Self::of_caller(settings)?
        })
    }

    /// Waits until an installation may run another provider.
    pub async fn slot(&self, installation: InstallationId) -> Option<Slot> {
        self.slots.take(installation).await
    }

    /// Returns whether types are read whose reading fetches a secret.
    pub fn reads_secrets(&self) -> bool {
        self.reads_secrets
    }

    /// Returns why no provider is started here, if that is so.
    pub fn unavailable(&self) -> Option<&str> {
        self.sandbox.as_ref().err().map(String::as_str)
    }

    /// Returns the providers beside AWS's that the operator allows.
    pub fn sources(&self) -> &[ProviderSource] {
        &self.sources
    }

    /// Returns how a package is started. `endpoint` is the operator's own one of AWS.
    ///
    /// # Errors
    /// Why it cannot be confined.
    pub fn launch(&self, package: &Package, endpoint: Option<&str>) -> Result<Launch, String> {
        let mut sources = self.sources.iter();
        let known = sources.find(|known| known.source == package.source);
        Ok(Launch {
            binary: package.binary.clone(),
            sandbox: self.sandbox.clone()?,
            environment: known.map_or_else(Vec::new, |known| known.environment.clone()),
            endpoint: endpoint.map(str::to_owned),
            logs_calls: false,
        })
    }

    /// Returns the memory of its providers' schemas.
    pub fn schemas(&self) -> &Arc<SchemaMemory> {
        &self.schemas
    }

    /// Returns the schemas of all types of a provider, of the newest version that may be started. It is asked once.
    ///
    /// # Errors
    /// Why it was not asked, or did not tell them.
    pub async fn types_of(&self, source: &str) -> Result<Arc<TypeSchemas>, String> {
        let package = self.choose(source, None).await?.package;
        let launch = self.launch(&package, None)?;
        self.schemas.types_of(&launch).await
    }

    /// Chooses the package for a root module with this lock file: the version that it names; else the newest of the same
    /// major version.
    ///
    /// # Errors
    /// Why there is none, and which version to put into the folder.
    pub async fn choose(&self, source: &str, lock_file: Option<&str>) -> Result<Chosen, String> {
        self.sandbox.as_ref().map_err(String::clone)?;
        let found = self.found.iter().rev();
        let found: Vec<_> = found.filter(|found| found.source == source).collect();
        let pinned = found.iter().copied().filter(|found| self.is_pinned(found));
        let pinned: Vec<_> = pinned.collect();
        let newest = match (found.first(), pinned.first()) {
            (_, Some(newest)) => newest,
            (Some(_), None) => {
                return Err(format!(
                    "the folder of providers has no version of {source} that DRIFTGUARD_PROVIDER_PINS names"
                ));
            }
            (None, None) => return Err(format!("the folder of providers has no {source}")),
        };
        let Some(locked) = lock_file.and_then(|text| lock::locked(text, source)) else {
            return self.chosen(newest, None).await;
        };
        let mut same = pinned.iter();
        if let Some(found) = same.find(|found| found.version == locked.version) {
            self.verify(found, &locked).await?;
            return self.chosen(found, None).await;
        }
        let major = lock::major(&locked.version);
        let mut fitting = pinned.iter();
        let fitting = fitting.find(|found| lock::major(&found.version) == major);
        let fitting = fitting.ok_or_else(|| {
            format!(
                "the folder of providers has no version {major} of {source}: put {} into it",
                locked.version
            )
        })?;
        let note = format!(
            "{source} {} read what no native reader knows; the lock file names {}, which the folder of providers lacks",
            fitting.version, locked.version
        );
        self.chosen(fitting, Some(note)).await
    }

    async fn chosen(&self, found: &Found, note: Option<String>) -> Result<Chosen, String> {
        self.check_pin(found).await?;
        let folder = self.folder(found).await?;
        let (source, version) = (&found.source, found.version.clone());
        let binary = program(&folder).ok_or_else(|| {
            format!(
                "{source} {version} in the folder of providers has no program named {PROGRAM}..."
            )
        })?;
        Ok(Chosen {
            package: Package {
                source: source.clone(),
                version,
                binary,
            },
            note,
        })
    }

    /// Returns the folder with the program of a version; unpacks its archive first.
    async fn folder(&self, found: &Found) -> Result<PathBuf, String> {
        let archive = match &found.place {
            Place::Folder(folder) => return Ok(folder.clone()),
            Place::Archive(archive) => archive.clone(),
        };
        let hash = self.hash(found, &archive).await?;
        // The name holds the hash: another archive of the same version is unpacked anew.
        let name = format!(
            "{}-{}",
            found.version,
            hash.trim_start_matches(ARCHIVE_HASH)
        );
        let below = self.unpacked.clone();
        let unpacked = tokio::task::spawn_blocking(move || unpack(&archive, &below, &name)).await;
        let unpacked = unpacked.map_err(io::Error::other).flatten();
        unpacked.map_err(|error| {
            let (source, version) = (&found.source, &found.version);
            format!("{source} {version} cannot be unpacked: {error}")
        })
    }

    /// Checks that a version is what the lock file names, by any of its hashes, as Terraform does.
    async fn verify(&self, found: &Found, locked: &LockedProvider) -> Result<(), String> {
        if locked.hashes.is_empty() || self.has_any_hash(found, &locked.hashes).await? {
            return Ok(());
        }
        let (source, version) = (&found.source, &found.version);
        let names_folder = |hash: &String| hash.starts_with(FOLDER_HASH);
        match (&found.place, locked.hashes.iter().any(names_folder)) {
            (Place::Folder(_), false) => Err(format!(
                "the lock file has no `h1:` hash of {source} {version}, so the unpacked provider cannot be checked: \
                 run `terraform providers lock`"
            )),
            (Place::Archive(_), false) => Err(format!(
                "{source} {version} in the folder of providers is not the one that the lock file names"
            )),
            (_, true) => {
                let folder = self.folder(found).await?;
                let hash = self.hash(found, &folder).await?;
                Err(format!(
                    "{source} {version} in the folder of providers is not the one that the lock file names: its hash is {hash}"
                ))
            }
        }
    }

    /// Returns whether a version has any of these hashes: its archive's, or its folder's.
    async fn has_any_hash(&self, found: &Found, hashes: &[String]) -> Result<bool, String> {
        if matches!(found.place, Place::Archive(_))
            && hashes.contains(&self.hash(found, found.path()).await?)
        {
            return Ok(true);
        }
        if !hashes.iter().any(|hash| hash.starts_with(FOLDER_HASH)) {
            return Ok(false);
        }
        let folder = self.folder(found).await?;
        Ok(hashes.contains(&self.hash(found, &folder).await?))
    }

    fn pins_of<'f>(&'f self, found: &'f Found) -> impl Iterator<Item = &'f Pin> {
        let pins = self.pins.iter().flatten();
        pins.filter(|pin| pin.source == found.source && pin.version == found.version)
    }

    /// Returns whether the operator accepts a version, its hash aside.
    fn is_pinned(&self, found: &Found) -> bool {
        self.pins.is_none() || self.pins_of(found).next().is_some()
    }

    /// Checks that a version is what the operator's pins name.
    async fn check_pin(&self, found: &Found) -> Result<(), String> {
        if self.pins.is_none() {
            return Ok(());
        }
        let hashes: Vec<_> = self.pins_of(found).map(|pin| pin.hash.clone()).collect();
        match self.has_any_hash(found, &hashes).await? {
            true => Ok(()),
            false => Err(format!(
                "{} {} in the folder of providers is not the one that DRIFTGUARD_PROVIDER_PINS names, so it was not started",
                found.source, found.version
            )),
        }
    }

    async fn hash(&self, found: &Found, path: &Path) -> Result<String, String> {
        let hash = self.hashes.of(path).await;
        hash.map_err(|error| {
            let (source, version) = (&found.source, &found.version);
            format!("{source} {version} cannot be read: {error}")
        })
    }
}
