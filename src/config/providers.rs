//! Settings of the Terraform providers that the operator supplies.

use super::provider_sources::{ProviderSource, sources};
use super::values::{count, switch};
use super::{ConfigError, Lookup, data_folder};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// The variable with the folder of providers.
pub const FOLDER: &str = "DRIFTGUARD_PROVIDERS";
/// The variable with the command in front of a provider's.
const WRAPPER: &str = "DRIFTGUARD_PROVIDER_WRAPPER";
/// The variable with the file of accepted packages.
const PINS: &str = "DRIFTGUARD_PROVIDER_PINS";
/// The variable with the user ids of providers.
const USERS: &str = "DRIFTGUARD_PROVIDER_USERS";
/// The default of `DRIFTGUARD_PROVIDER_USERS`: neither Debian nor systemd gives these ids to anybody.
const USUAL_USERS: RangeInclusive<u32> = 61_056..=61_183;
/// The default of `DRIFTGUARD_PROVIDER_PROCESSES`: each takes some 300 MiB.
const PROCESSES: u32 = 2;

/// The operator's providers, and how they are run.
#[derive(Debug, Clone)]
pub struct Providers {
    /// The folder that holds them.
    pub folder: PathBuf,
    /// The folder in which archives are unpacked.
    pub unpacked: PathBuf,
    /// The command in front of a provider's, with its arguments.
    pub wrapper: Option<Vec<String>>,
    /// The user ids of which each provider gets one of its own.
    pub users: RangeInclusive<u32>,
    /// How many run at once in this process.
    pub processes: usize,
    /// The packages that may be started; `None` for all of the folder.
    pub pins: Option<Vec<Pin>>,
    /// Whether types are read whose reading fetches a secret.
    pub secrets: bool,
    /// The providers beside AWS's that are run.
    pub sources: Vec<ProviderSource>,
    /// The folders and files that no provider may read.
    pub closed: Vec<PathBuf>,
}

/// A package that the operator accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The provider's source, such as `hashicorp/aws`.
    pub source: String,
    /// The version.
    pub version: String,
    /// The hash of the package (`h1:`) or of its archive (`zh:`).
    pub hash: String,
}

/// Reads the settings of the server; `None` where `DRIFTGUARD_PROVIDERS` is not set.
pub(super) fn providers(lookup: Lookup) -> Result<Option<Providers>, ConfigError> {
    let Some(folder) = lookup(FOLDER) else {
        return Ok(None);
    };
    let data = data_folder(lookup)?;
    let mut providers = Providers::in_folder(folder.into(), &data, lookup)?;
    let database = lookup("DATABASE_URL");
    let database = database
        .as_deref()
        .and_then(|url| url.strip_prefix("sqlite:"));
    let database = database.map(|path| path.split('?').next().unwrap_or_default());
    let database = database.map(|path| path.strip_prefix("//").unwrap_or(path).to_owned());
    let files = [
        database,
        lookup("GITHUB_PRIVATE_KEY_FILE"),
        lookup("DRIFTGUARD_HCP_TOKENS"),
        lookup("DRIFTGUARD_PROVIDER_SOURCES"),
    ];
    providers.closed.push(data);
    providers
        .closed
        .extend(files.into_iter().flatten().map(PathBuf::from));
    Ok(Some(providers))
}

impl Providers {
    /// Reads how the providers of a folder are run. `data` is DriftGuard's own folder.
    ///
    /// # Errors
    /// Names the setting that cannot be used.
    pub fn in_folder(
        folder: PathBuf,
        data: &Path,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let processes = count(lookup, "DRIFTGUARD_PROVIDER_PROCESSES", PROCESSES)?;
        Ok(Self {
            folder,
            unpacked: data.join("providers"),
            wrapper: wrapper(lookup)?,
            users: users(lookup)?,
            processes: usize::try_from(processes).unwrap_or(usize::MAX),
            pins: pins(lookup)?,
            secrets: switch(lookup, "DRIFTGUARD_PROVIDER_SECRETS")?,
            sources: sources(lookup)?,
            closed: Vec::new(),
        })
    }
}

/// Reads the wrapper: a program by its whole path, and its arguments.
fn wrapper(lookup: Lookup) -> Result<Option<Vec<String>>, ConfigError> {
    let Some(text) = lookup(WRAPPER) else {
        return Ok(None);
    };
    let words: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
    match words
        .first()
        .is_some_and(|program| program.starts_with('/'))
    {
        true => Ok(Some(words)),
        false => Err(ConfigError::Bad {
            variable: WRAPPER,
            problem: "does not begin with the whole path of a program".to_owned(),
            remedy: "write it as in /usr/bin/bwrap --die-with-parent ..., without quotes",
        }),
    }
}

/// Reads a range of user ids, as in `61056-61183`.
fn users(lookup: Lookup) -> Result<RangeInclusive<u32>, ConfigError> {
    let Some(text) = lookup(USERS) else {
        return Ok(USUAL_USERS);
    };
    let range = text.split_once('-').and_then(|(first, last)| {
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (0 < first && first <= last && last < u32::MAX).then_some(first..=last)
    });
    range.ok_or(ConfigError::Bad {
        variable: USERS,
        problem: "is no range of user ids".to_owned(),
        remedy: "write it as in 61056-61183, with ids that nobody else has",
    })
}

/// Reads the file that `DRIFTGUARD_PROVIDER_PINS` names: lines of `SOURCE VERSION HASH`.
fn pins(lookup: Lookup) -> Result<Option<Vec<Pin>>, ConfigError> {
    let Some(path) = lookup(PINS) else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(&path).map_err(|cause| ConfigError::Bad {
        variable: PINS,
        problem: format!("({path}) cannot be read ({cause})"),
        remedy: "name a file that this user may read",
    })?;
    parse_pins(&text).map(Some)
}

fn parse_pins(text: &str) -> Result<Vec<Pin>, ConfigError> {
    let mut pins = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let words: Vec<_> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            [first, ..] if first.starts_with('#') => {}
            [source, version, hash]
                if source.contains('/') && (hash.starts_with("h1:") || hash.starts_with("zh:")) =>
            {
                pins.push(Pin {
                    source: (*source).to_owned(),
                    version: (*version).to_owned(),
                    hash: (*hash).to_owned(),
                });
            }
            _ => {
                return Err(ConfigError::Bad {
                    variable: PINS,
                    problem: format!("line {} is no pin", at + 1),
                    remedy: "write lines of `SOURCE VERSION HASH`, as in `hashicorp/aws 5.100.0 h1:...`",
                });
            }
        }
    }
    Ok(pins)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Option<Providers>, ConfigError> {
        providers(&|name| {
            let found = settings.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn providers_are_off_by_default_and_what_they_must_not_read_is_known() {
        assert!(read(&[("DRIFTGUARD_DATA_DIR", "/data")]).unwrap().is_none());
        let settings = [
            (FOLDER, "/srv/providers"),
            ("DRIFTGUARD_DATA_DIR", "/data"),
            ("DATABASE_URL", "sqlite:///srv/drift.db?mode=rwc"),
            ("GITHUB_PRIVATE_KEY_FILE", "/etc/driftguard/key.pem"),
        ];
        let found = read(&settings).unwrap().unwrap();
        assert_eq!(found.unpacked, Path::new("/data/providers"));
        assert_eq!((found.processes, found.secrets), (2, false));
        let closed = ["/data", "/srv/drift.db", "/etc/driftguard/key.pem"];
        assert_eq!(found.closed, closed.map(PathBuf::from));
        assert!(found.pins.is_none() && found.wrapper.is_none());
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (name, value) in [
            (WRAPPER, "bwrap --die-with-parent"),
            (USERS, "0-10"),
            (USERS, "20-10"),
            (USERS, "nobody"),
            (PINS, "/nowhere"),
            ("DRIFTGUARD_PROVIDER_PROCESSES", "0"),
            ("DRIFTGUARD_PROVIDER_SECRETS", "yes"),
        ] {
            let settings = [(FOLDER, "/p"), ("DRIFTGUARD_DATA_DIR", "/d"), (name, value)];
            let error = read(&settings).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
        let users = [
            (FOLDER, "/p"),
            ("DRIFTGUARD_DATA_DIR", "/d"),
            (USERS, "100 - 200"),
        ];
        assert_eq!(read(&users).unwrap().unwrap().users, 100..=200);
    }

    #[test]
    fn a_pin_is_a_source_a_version_and_a_hash() {
        let pins = parse_pins("# aws\n\nhashicorp/aws 5.100.0 h1:AAAA=\n").unwrap();
        let pin = Pin {
            source: "hashicorp/aws".to_owned(),
            version: "5.100.0".to_owned(),
            hash: "h1:AAAA=".to_owned(),
        };
        assert_eq!(pins, [pin]);
        for wrong in [
            "aws 5.100.0 h1:A",
            "hashicorp/aws 5.100.0 md5:A",
            "hashicorp/aws h1:A",
        ] {
            let error = parse_pins(wrong).unwrap_err().to_string();
            assert!(error.contains("line 1"), "{error}");
        }
    }
}
