//! Reads which providers are run beside AWS's, and what each is given.

use super::ambient::{AmbientOwner, owner};
use super::{ConfigError, Lookup};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// The variable with the file of further providers.
const NAME: &str = "DRIFTGUARD_PROVIDER_SOURCES";
/// The provider of AWS, whose configuration is DriftGuard's own.
const AWS: &str = "aws";
/// How the names of variables begin that no provider may get: DriftGuard's own, AWS's, and those that change how a
/// program runs or which protocol it speaks.
const RESERVED: &[&str] = &[
    "AWS_",
    "DATABASE_URL",
    "DRIFTGUARD_",
    "GITHUB_APP_ID",
    "GITHUB_CLIENT_SECRET",
    "GITHUB_PRIVATE_KEY",
    "GITHUB_WEBHOOK_SECRET",
    "HOME",
    "LD_",
    "PATH",
    "PLUGIN_",
    "TF_",
    "TMPDIR",
];

/// A provider beside AWS's that the operator allows.
#[derive(Clone, PartialEq)]
pub struct ProviderSource {
    /// Its source: `NAMESPACE/NAME` of the public registries, or `HOST/NAMESPACE/NAME`.
    pub source: String,
    /// The variables of the environment that it gets.
    pub environment: Vec<(String, String)>,
    /// Its configuration. The repository's is never used.
    pub configuration: serde_json::Value,
    /// The GitHub accounts whose repositories a server reads with it.
    pub owners: Vec<AmbientOwner>,
}

/// Leaves out values, which may be secrets.
impl fmt::Debug for ProviderSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProviderSource({})", self.source)
    }
}

/// A source as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(default)]
    environment: Vec<String>,
    #[serde(default)]
    configuration: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    owners: Vec<String>,
}

/// Reads the file that `DRIFTGUARD_PROVIDER_SOURCES` names.
pub(super) fn sources(lookup: Lookup) -> Result<Vec<ProviderSource>, ConfigError> {
    let Some(path) = lookup(NAME) else {
        return Ok(Vec::new());
    };
    let text = std::fs::read_to_string(&path)
        .map_err(|cause| bad(format!("({path}) cannot be read ({cause})")))?;
    parse(&text, lookup)
}

fn bad(problem: String) -> ConfigError {
    ConfigError::Bad {
        variable: NAME,
        problem,
        remedy: "name a file of TOML with a table a source, as docs/providers.md shows",
    }
}

fn parse(text: &str, lookup: Lookup) -> Result<Vec<ProviderSource>, ConfigError> {
    // The parser's own message would quote a line, which may hold a secret.
    let forms: BTreeMap<String, Form> = toml::from_str(text).map_err(|error| {
        let before = error.span().map_or("", |span| &text[..span.start]);
        let line = before.matches('\n').count() + 1;
        bad(format!("is not understood at line {line}"))
    })?;
    let source = |(source, form): (String, Form)| {
        check_source(&source)?;
        let mut environment = Vec::new();
        for name in form.environment {
            if RESERVED.iter().any(|reserved| name.starts_with(reserved)) {
                return Err(bad(format!(
                    "gives {source} the variable {name}, which no provider gets"
                )));
            }
            let value = lookup(&name).ok_or_else(|| {
                bad(format!(
                    "gives {source} the variable {name}, which is not set"
                ))
            })?;
            environment.push((name, value));
        }
        let owners = form.owners.iter().map(|name| {
            owner(name).ok_or_else(|| {
                bad(format!(
                    "names no account of GitHub (`{name}`) for {source}"
                ))
            })
        });
        Ok(ProviderSource {
            owners: owners.collect::<Result<_, _>>()?,
            environment,
            configuration: form.configuration.into(),
            source,
        })
    };
    forms.into_iter().map(source).collect()
}

/// Checks that a text is the source of another provider than AWS's.
fn check_source(source: &str) -> Result<(), ConfigError> {
    let parts: Vec<_> = source.split('/').collect();
    let plain = |part: &&str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain)
    };
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(plain) {
        return Err(bad(format!("names no source (`{source}`)")));
    }
    match parts.last() {
        Some(&AWS) => Err(bad(format!(
            "names {source}: hashicorp/aws is always read, and gets no other configuration than DriftGuard's"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TEXT: &str = "[\"integrations/github\"]\nenvironment = [\"GITHUB_TOKEN\"]\nowners = [\"acme\", \"77\"]\n\
                        configuration = { owner = \"acme\", app_auth = [{ id = 1 }] }\n\n[\"tf.example.com/acme/dns\"]\n";

    fn read(text: &str) -> Result<Vec<ProviderSource>, ConfigError> {
        parse(text, &|name| {
            (name == "GITHUB_TOKEN").then(|| "planted".to_owned())
        })
    }

    #[test]
    fn each_table_is_a_source_with_what_it_gets() {
        let sources = read(TEXT).unwrap();
        let names: Vec<_> = sources.iter().map(|source| &*source.source).collect();
        assert_eq!(names, ["integrations/github", "tf.example.com/acme/dns"]);
        let github = &sources[0];
        let variable = ("GITHUB_TOKEN".to_owned(), "planted".to_owned());
        assert_eq!(github.environment, [variable]);
        let login = AmbientOwner::Login("acme".to_owned());
        assert_eq!(github.owners, [login, AmbientOwner::Id(77)]);
        assert_eq!(github.configuration["app_auth"][0]["id"], 1);
        assert!(!format!("{sources:?}").contains("planted"));
    }

    #[test]
    fn what_no_provider_may_have_is_refused_and_no_value_quoted() {
        for (text, part) in [
            ("[aws]\n", "names no source"),
            ("[\"hashicorp/aws\"]\n", "is always read"),
            ("[\"../x\"]\n", "names no source"),
            (
                "[\"a/b\"]\nenvironment = [\"DRIFTGUARD_SECRET_KEY\"]\n",
                "no provider gets",
            ),
            (
                "[\"a/b\"]\nenvironment = [\"AWS_SECRET_ACCESS_KEY\"]\n",
                "no provider gets",
            ),
            ("[\"a/b\"]\nenvironment = [\"OTHER\"]\n", "is not set"),
            ("[\"a/b\"]\nowners = [\"a b\"]\n", "no account of GitHub"),
            (
                "[\"a/b\"]\ntoken = \"planted\"\n",
                "is not understood at line",
            ),
            (
                "[\"a/b\"]\nconfiguration = \"planted\n",
                "is not understood at line",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("planted"), "{error}");
        }
    }
}
