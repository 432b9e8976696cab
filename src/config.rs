//! Reads the process's settings.

mod ambient;
mod app;
mod hcp_tokens;
mod modules;
mod operators;
mod provider_sources;
mod providers;
mod sign_in;
mod values;

pub use ambient::{Ambient, AmbientOwner};
pub use app::App;
pub use hcp_tokens::HcpToken;
pub use modules::{Modules, PUBLIC_REGISTRY};
pub use operators::Operators;
pub use provider_sources::ProviderSource;
pub use providers::{FOLDER as PROVIDERS, Pin, Providers};
pub use sign_in::OAuthClient;

use secrecy::SecretString;
use std::fs::DirBuilder;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;
use values::{address, count, days, duration, listen, parse_address, size, switch};

/// The variable with the address and port to listen on.
const LISTEN: &str = "DRIFTGUARD_LISTEN";
/// The default address to listen on.
const USUAL_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// The default of `DRIFTGUARD_SCAN_TIMEOUT`: an account of many thousand resources, read slowly, takes minutes.
const SCAN_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// The default of `DRIFTGUARD_RETENTION`: a year can be compared with the one before.
const RETENTION: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// The default of `DRIFTGUARD_STATE_LIMIT`, in bytes.
const STATE_LIMIT: u64 = 100 * 1024 * 1024;
/// The default of `GITHUB_API_URL`.
pub const GITHUB_API: &str = "https://api.github.com";
/// The default of `GITHUB_URL`.
pub const GITHUB_PAGES: &str = "https://github.com";

/// How many of this process's requests are in flight at once; GitHub allows an App 100.
const GITHUB_REQUESTS: u32 = 16;
/// How many points an installation spends per minute; GitHub allows 900.
const GITHUB_POINTS: u32 = 800;

/// The server's settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// The App; `None` in set-up mode.
    pub app: Option<App>,
    /// The key of a server without an App, which serves the API alone; `None` where there is an App, or no key.
    pub key_alone: Option<SecretString>,
    /// GitHub's API, without a trailing slash.
    pub api_url: String,
    /// GitHub's pages, without a trailing slash.
    pub pages_url: String,
    /// How many requests to GitHub this process has in flight at once.
    pub github_requests: usize,
    /// How many of an installation's points this process spends per minute.
    pub github_points: u32,
    /// `sqlite://PATH` or `postgres://...`, which may hold a password.
    pub database_url: SecretString,
    /// The folder of the embedded database; `None` where `DATABASE_URL` names another.
    pub data_folder: Option<PathBuf>,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The address of `/metrics`; `None` for the same as all else.
    pub metrics_listen: Option<SocketAddr>,
    /// The public address of the pages.
    pub public_url: Option<Url>,
    /// The client with which people sign in to the pages; `None` for no pages.
    pub oauth_client: Option<OAuthClient>,
    /// The people who may see the server's own state on the pages.
    pub operators: Operators,
    /// The owners whose repositories are read with the server's own AWS credentials where they name no role.
    pub ambient: Ambient,
    /// The tokens for states in HCP Terraform.
    pub hcp_tokens: Vec<HcpToken>,
    /// Whether a repository may name private addresses to notify.
    pub private_addresses: bool,
    /// Which modules of other repositories are read.
    pub modules: Modules,
    /// How long a scan may take, waiting for AWS and GitHub included.
    pub scan_timeout: Duration,
    /// How long the history of findings and scans is kept.
    pub retention: Duration,
    /// How many bytes a state may have, and all states of one scan together.
    pub state_limit: u64,
    /// The Terraform providers that are run; `None` for none.
    pub providers: Option<Providers>,
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A required setting is missing.
    #[error("{variable} is not set: {remedy}")]
    Missing {
        /// The variable.
        variable: &'static str,
        /// The remedy.
        remedy: &'static str,
    },
    /// A setting is invalid. The message leaves out the value, which may be a secret.
    #[error("{variable} {problem}: {remedy}")]
    Bad {
        /// The variable.
        variable: &'static str,
        /// What is wrong.
        problem: String,
        /// The remedy.
        remedy: &'static str,
    },
}

impl Config {
    /// Reads the settings through `lookup`, which returns variables of the environment.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let lookup = |name: &str| {
            let text = lookup(name)?.trim().to_owned();
            (!text.is_empty()).then_some(text)
        };
        let (database_url, data_folder) = database(&lookup)?;
        let requests = count(&lookup, "DRIFTGUARD_GITHUB_REQUESTS", GITHUB_REQUESTS)?;
        Ok(Self {
            app: app::app(&lookup)?,
            key_alone: app::key_alone(&lookup)?,
            api_url: address(&lookup, "GITHUB_API_URL", GITHUB_API)?,
            pages_url: address(&lookup, "GITHUB_URL", GITHUB_PAGES)?,
            github_requests: usize::try_from(requests).unwrap_or(usize::MAX),
            github_points: count(&lookup, "DRIFTGUARD_GITHUB_POINTS", GITHUB_POINTS)?,
            database_url,
            data_folder,
            listen: listen(&lookup, LISTEN)?.unwrap_or(USUAL_ADDRESS),
            metrics_listen: listen(&lookup, "DRIFTGUARD_METRICS_LISTEN")?,
            public_url: public_url(&lookup)?,
            oauth_client: sign_in::oauth_client(&lookup)?,
            operators: operators::operators(&lookup)?,
            ambient: ambient::ambient(&lookup)?,
            hcp_tokens: hcp_tokens::hcp_tokens(&lookup)?,
            private_addresses: switch(&lookup, "DRIFTGUARD_PRIVATE_ADDRESSES")?,
            modules: modules::modules(&lookup)?,
            scan_timeout: duration(&lookup, "DRIFTGUARD_SCAN_TIMEOUT")?.unwrap_or(SCAN_TIMEOUT),
            retention: days(&lookup, "DRIFTGUARD_RETENTION")?.unwrap_or(RETENTION),
            state_limit: size(&lookup, "DRIFTGUARD_STATE_LIMIT")?.unwrap_or(STATE_LIMIT),
            providers: providers::providers(&lookup)?,
        })
    }

    /// Reads the settings of this process.
    pub fn of_process() -> Result<Self, ConfigError> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Returns the folder of unnamed files: beside the embedded database, which has the disk space.
    pub fn spool_folder(&self) -> PathBuf {
        self.data_folder.clone().unwrap_or_else(std::env::temp_dir)
    }

    /// Creates the folder of the embedded database, for this user only.
    pub fn prepare(&self) -> Result<(), ConfigError> {
        let Some(folder) = &self.data_folder else {
            return Ok(());
        };
        let created = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        created.map_err(|cause| ConfigError::Bad {
            variable: "DRIFTGUARD_DATA_DIR",
            problem: format!("({}) cannot be made ({cause})", folder.display()),
            remedy: "name a folder that this user may write",
        })
    }
}

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

fn database(lookup: Lookup) -> Result<(SecretString, Option<PathBuf>), ConfigError> {
    const NAME: &str = "DATABASE_URL";
    if let Some(url) = lookup(NAME) {
        let known = ["sqlite:", "postgres://", "postgresql://"];
        if !known.iter().any(|scheme| url.starts_with(scheme)) {
            return Err(ConfigError::Bad {
                variable: NAME,
                problem: "names neither SQLite nor PostgreSQL".to_owned(),
                remedy: "write sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE",
            });
        }
        return Ok((url.into(), None));
    }
    let folder = data_folder(lookup)?;
    let url = database_in(&folder).ok_or(ConfigError::Bad {
        variable: "DRIFTGUARD_DATA_DIR",
        problem: "is no absolute path".to_owned(),
        remedy: "write it from the root on",
    })?;
    Ok((url.into(), Some(folder)))
}

fn data_folder(lookup: Lookup) -> Result<PathBuf, ConfigError> {
    let home = |name: &str, below: &str| lookup(name).map(|home| Path::new(&home).join(below));
    lookup("DRIFTGUARD_DATA_DIR")
        .map(PathBuf::from)
        .or_else(|| home("XDG_DATA_HOME", "driftguard"))
        .or_else(|| home("HOME", ".local/share/driftguard"))
        .ok_or(ConfigError::Missing {
            variable: "DRIFTGUARD_DATA_DIR",
            remedy: "set it to the folder of the embedded database, or DATABASE_URL to another database",
        })
}

/// Returns the address of the database file in a folder, escaped.
fn database_in(folder: &Path) -> Option<String> {
    let file = Url::from_file_path(folder.join("driftguard.db")).ok()?;
    Some(format!("sqlite://{}", file.path()))
}

fn public_url(lookup: Lookup) -> Result<Option<Url>, ConfigError> {
    const NAME: &str = "DRIFTGUARD_PUBLIC_URL";
    lookup(NAME)
        .map(|text| parse_address(NAME, &text))
        .transpose()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
