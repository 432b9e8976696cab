//! Reads the process's settings.

mod ambient;
mod hcp_tokens;
mod modules;

pub use ambient::{Ambient, AmbientOwner};
pub use hcp_tokens::HcpToken;
pub use modules::{Modules, PUBLIC_REGISTRY};

use secrecy::SecretString;
use std::fs::DirBuilder;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// The fewest bytes of `DRIFTGUARD_SECRET_KEY`.
const KEY_LENGTH: usize = 32;

/// The variable with the address and port to listen on.
const LISTEN: &str = "DRIFTGUARD_LISTEN";
/// The default address to listen on.
const USUAL_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// The default of `DRIFTGUARD_SCAN_TIMEOUT`: an account of many thousand resources, read slowly, takes minutes.
const SCAN_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// The default of `DRIFTGUARD_STATE_LIMIT`, in bytes.
const STATE_LIMIT: u64 = 100 * 1024 * 1024;
/// The units of a size, in bytes.
const UNITS: [(&str, u64); 4] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("B", 1),
];

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
    /// How many bytes a state may have, and all states of one scan together.
    pub state_limit: u64,
}

/// The App that the server acts as.
#[derive(Debug, Clone)]
pub struct App {
    /// The App's id.
    pub id: u64,
    /// The private key, in PEM: PKCS#1 or PKCS#8.
    pub private_key: SecretString,
    /// The webhook secrets: one, or two while rotating.
    pub webhook_secrets: Vec<SecretString>,
    /// The key from which fingerprints, external ids and notification secrets are derived.
    pub secret_key: SecretString,
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
            app: app(&lookup)?,
            api_url: address(&lookup, "GITHUB_API_URL", GITHUB_API)?,
            pages_url: address(&lookup, "GITHUB_URL", GITHUB_PAGES)?,
            github_requests: usize::try_from(requests).unwrap_or(usize::MAX),
            github_points: count(&lookup, "DRIFTGUARD_GITHUB_POINTS", GITHUB_POINTS)?,
            database_url,
            data_folder,
            listen: listen(&lookup, LISTEN)?.unwrap_or(USUAL_ADDRESS),
            metrics_listen: listen(&lookup, "DRIFTGUARD_METRICS_LISTEN")?,
            public_url: public_url(&lookup)?,
            ambient: ambient::ambient(&lookup)?,
            hcp_tokens: hcp_tokens::hcp_tokens(&lookup)?,
            private_addresses: switch(&lookup, "DRIFTGUARD_PRIVATE_ADDRESSES")?,
            modules: modules::modules(&lookup)?,
            scan_timeout: scan_timeout(&lookup)?,
            state_limit: size(&lookup, "DRIFTGUARD_STATE_LIMIT")?.unwrap_or(STATE_LIMIT),
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

fn app(lookup: Lookup) -> Result<Option<App>, ConfigError> {
    let Some(id) = lookup("GITHUB_APP_ID") else {
        return Ok(None);
    };
    let id = id.parse().map_err(|_| ConfigError::Bad {
        variable: "GITHUB_APP_ID",
        problem: "is no number".to_owned(),
        remedy: "copy the App ID from the App's page",
    })?;
    Ok(Some(App {
        id,
        private_key: private_key(lookup)?,
        webhook_secrets: webhook_secrets(lookup)?,
        secret_key: secret_key(lookup)?,
    }))
}

fn private_key(lookup: Lookup) -> Result<SecretString, ConfigError> {
    const NAME: &str = "GITHUB_PRIVATE_KEY";
    const FILE: &str = "GITHUB_PRIVATE_KEY_FILE";
    let (variable, text) = match (lookup(NAME), lookup(FILE)) {
        // Some ways to set a variable leave `\n` in place of line ends, some leave the quotes of a file of settings.
        (Some(text), _) => {
            let text = text.trim_matches(['\'', '"']);
            (NAME, text.replace("\\n", "\n"))
        }
        (None, Some(path)) => {
            let text = std::fs::read_to_string(&path).map_err(|cause| ConfigError::Bad {
                variable: FILE,
                problem: format!("({path}) cannot be read ({cause})"),
                remedy: "name a file that this user may read",
            })?;
            (FILE, text)
        }
        (None, None) => {
            return Err(ConfigError::Missing {
                variable: NAME,
                remedy: "set it to the App's private key (PEM), or GITHUB_PRIVATE_KEY_FILE to its file",
            });
        }
    };
    if !text.contains("PRIVATE KEY-----") {
        return Err(ConfigError::Bad {
            variable,
            problem: "holds no private key".to_owned(),
            remedy: "it must be the PEM file that GitHub made for the App",
        });
    }
    Ok(text.into())
}

fn webhook_secrets(lookup: Lookup) -> Result<Vec<SecretString>, ConfigError> {
    const NAME: &str = "GITHUB_WEBHOOK_SECRET";
    let text = lookup(NAME).ok_or(ConfigError::Missing {
        variable: NAME,
        remedy: "set it to the App's webhook secret",
    })?;
    let secrets: Vec<_> = text.split(',').map(str::trim).collect();
    if secrets.len() > 2 || secrets.iter().any(|secret| secret.is_empty()) {
        return Err(ConfigError::Bad {
            variable: NAME,
            problem: "is not one secret, nor two separated by a comma".to_owned(),
            remedy: "set the App's webhook secret; while rotating, the new and the old one",
        });
    }
    Ok(secrets.into_iter().map(SecretString::from).collect())
}

fn secret_key(lookup: Lookup) -> Result<SecretString, ConfigError> {
    const NAME: &str = "DRIFTGUARD_SECRET_KEY";
    const REMEDY: &str =
        "set it to the output of `openssl rand -hex 32`, and keep it: external ids depend on it";
    let text = lookup(NAME).ok_or(ConfigError::Missing {
        variable: NAME,
        remedy: REMEDY,
    })?;
    if text.len() < KEY_LENGTH {
        return Err(ConfigError::Bad {
            variable: NAME,
            problem: format!("has fewer than {KEY_LENGTH} bytes"),
            remedy: REMEDY,
        });
    }
    Ok(text.into())
}

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

fn listen(lookup: Lookup, variable: &'static str) -> Result<Option<SocketAddr>, ConfigError> {
    let parse = |text: String| {
        text.parse().map_err(|_| ConfigError::Bad {
            variable,
            problem: format!("({text}) is no address and port"),
            remedy: "write it as in 0.0.0.0:8080",
        })
    };
    lookup(variable).map(parse).transpose()
}

fn public_url(lookup: Lookup) -> Result<Option<Url>, ConfigError> {
    const NAME: &str = "DRIFTGUARD_PUBLIC_URL";
    lookup(NAME)
        .map(|text| parse_address(NAME, &text))
        .transpose()
}

fn address(lookup: Lookup, name: &'static str, default: &str) -> Result<String, ConfigError> {
    let text = lookup(name).unwrap_or_else(|| default.to_owned());
    let url = parse_address(name, &text)?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn parse_address(variable: &'static str, text: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(text).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or(ConfigError::Bad {
            variable,
            problem: "is no web address".to_owned(),
            remedy: "write it as in https://driftguard.example.com",
        })
}

fn count(lookup: Lookup, variable: &'static str, default: u32) -> Result<u32, ConfigError> {
    let Some(text) = lookup(variable) else {
        return Ok(default);
    };
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or(ConfigError::Bad {
        variable,
        problem: "is no count".to_owned(),
        remedy: "write a whole number from 1 on, or leave it out",
    })
}

fn switch(lookup: Lookup, variable: &'static str) -> Result<bool, ConfigError> {
    match lookup(variable).as_deref() {
        None | Some("0") => Ok(false),
        Some("1") => Ok(true),
        Some(_) => Err(ConfigError::Bad {
            variable,
            problem: "is neither 0 nor 1".to_owned(),
            remedy: "set it to 1, or leave it out",
        }),
    }
}

fn scan_timeout(lookup: Lookup) -> Result<Duration, ConfigError> {
    const VARIABLE: &str = "DRIFTGUARD_SCAN_TIMEOUT";
    let Some(text) = lookup(VARIABLE) else {
        return Ok(SCAN_TIMEOUT);
    };
    let units = [("s", 1), ("m", 60), ("h", 3600)];
    let read = units.iter().find_map(|(unit, seconds)| {
        let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
        Some(Duration::from_secs(u64::from(count) * seconds))
    });
    read.filter(|time| !time.is_zero())
        .ok_or_else(|| ConfigError::Bad {
            variable: VARIABLE,
            problem: "is no duration".to_owned(),
            remedy: "write it as in 90s, 10m or 1h",
        })
}

/// Parses a number of bytes, such as `104857600` or `100MiB`.
fn size(lookup: Lookup, variable: &'static str) -> Result<Option<u64>, ConfigError> {
    let parse = |text: String| {
        let named = UNITS.iter().find_map(|(unit, bytes)| {
            let number = text.strip_suffix(unit)?;
            Some((number.trim_end().to_owned(), *bytes))
        });
        let (number, unit) = named.unwrap_or((text, 1));
        let number = number.parse::<u64>().ok().filter(|number| *number > 0);
        let bytes = number.and_then(|number| number.checked_mul(unit));
        bytes.ok_or(ConfigError::Bad {
            variable,
            problem: "is no size".to_owned(),
            remedy: "write a number of bytes, or one with its unit, as in 100MiB",
        })
    };
    lookup(variable).map(parse).transpose()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
