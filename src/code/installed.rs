//! Finds the installed or fetched module that fits a call.

use super::fetched::{FetchedModules, OtherModules};
use super::module_source::shown;
use super::overlay::Overlay;
use super::version_constraint::meets;
use crate::model::Tree;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Terraform's manifest of installed modules, relative to a root module.
const MANIFEST: &str = ".terraform/modules/modules.json";
/// The most modules of a manifest that are read.
const MAX_MODULES: usize = 10_000;
/// The default registries of Terraform and OpenTofu.
const REGISTRIES: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// The modules outside the repository that a root module may call, by the names of the calls that lead to each, joined
/// by dots.
#[derive(Debug, Default)]
pub(super) enum Installed {
    /// They are not read.
    #[default]
    NotRead,
    /// Those that `terraform init` installed.
    Listed(BTreeMap<String, InstalledModule>),
    /// Those that were fetched.
    Fetched(Arc<FetchedModules>),
}

/// An installed module.
#[derive(Debug)]
pub(super) struct InstalledModule {
    source: String,
    version: Option<String>,
    /// Its folder, relative to the repository; `None` where it is outside.
    folder: Option<String>,
}

/// The source and version of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct ModuleRequest<'a> {
    pub source: &'a str,
    /// `None` where the call has no version, or one that is not certain.
    pub version: Option<&'a str>,
}

/// Why no module was found for a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotInstalled {
    /// Modules outside the repository are not read.
    NotRead,
    /// There is none for this call.
    Missing,
    /// The installed module has this other source or version.
    Other(String),
    /// Its folder is outside the repository.
    Outside,
    /// It was not fetched, for this reason.
    NotFetched(String),
}

impl Installed {
    /// Finds the modules outside the repository that a root module may call.
    pub(super) fn find(code: &Overlay<'_>, root: &str, modules: &OtherModules) -> Self {
        match modules {
            OtherModules::NotRead => Self::NotRead,
            OtherModules::Installed => Self::Listed(listed(code, root).unwrap_or_default()),
            OtherModules::Fetched(fetched) => Self::Fetched(fetched.clone()),
        }
    }

    /// Returns the folder of the module that a call leads to.
    ///
    /// # Errors
    /// No module fits the call.
    pub(super) fn folder(
        &self,
        key: &str,
        request: ModuleRequest<'_>,
    ) -> Result<&str, NotInstalled> {
        match self {
            Self::NotRead => Err(NotInstalled::NotRead),
            Self::Fetched(modules) => modules.folder(key, request),
            Self::Listed(modules) => {
                let module = modules.get(key).ok_or(NotInstalled::Missing)?;
                if !module.fits(request) {
                    return Err(NotInstalled::Other(module.to_string()));
                }
                module.folder.as_deref().ok_or(NotInstalled::Outside)
            }
        }
    }

    /// Returns the folders that a call of this name may lead to, whichever calls lead to it.
    pub(super) fn candidates(&self, name: &str, request: ModuleRequest<'_>) -> Vec<&str> {
        let is_named = |key: &str| key.rsplit('.').next() == Some(name);
        match self {
            Self::NotRead => Vec::new(),
            Self::Fetched(modules) => modules.candidates(is_named, request),
            Self::Listed(modules) => {
                let named = modules.iter().filter(|(key, _)| is_named(key));
                let fitting = named.filter(|(_, module)| module.fits(request));
                fitting
                    .filter_map(|(_, module)| module.folder.as_deref())
                    .collect()
            }
        }
    }
}

/// Reads the manifest of a root module; `None` where there is none, or it is not valid.
fn listed(code: &Overlay<'_>, root: &str) -> Option<BTreeMap<String, InstalledModule>> {
    let text = code.text(&Tree::join(root, MANIFEST)?)?;
    let manifest: serde_json::Value = serde_json::from_str(text).ok()?;
    let entries = manifest.get("Modules")?.as_array()?.iter();
    Some(
        entries
            .take(MAX_MODULES)
            .filter_map(|entry| module(entry, root))
            .collect(),
    )
}

impl InstalledModule {
    fn fits(&self, request: ModuleRequest<'_>) -> bool {
        let same = addresses(request.source).contains(&self.source);
        let version = match (request.version, &self.version) {
            (None, _) => Some(true),
            (Some(constraint), Some(version)) => meets(version, constraint),
            (Some(_), None) => None,
        };
        same && version == Some(true)
    }
}

impl std::fmt::Display for InstalledModule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let source = shown(&self.source);
        match &self.version {
            Some(version) => write!(f, "{source} {version}"),
            None => f.write_str(&source),
        }
    }
}

/// Returns one entry of a manifest.
fn module(entry: &serde_json::Value, root: &str) -> Option<(String, InstalledModule)> {
    let text = |name| entry.get(name).and_then(serde_json::Value::as_str);
    let module = InstalledModule {
        source: text("Source")?.to_owned(),
        version: text("Version")
            .filter(|version| !version.is_empty())
            .map(str::to_owned),
        folder: Tree::join(root, text("Dir")?),
    };
    Some((text("Key")?.to_owned(), module))
}

/// Returns the forms in which Terraform may write a source into its manifest.
fn addresses(source: &str) -> Vec<String> {
    let mut all = vec![source.to_owned()];
    let package = source.split("//").next().unwrap_or(source);
    match package.split('/').count() {
        3 if !package.contains([':', '.', '@']) => {
            all.extend(REGISTRIES.map(|host| format!("{host}/{source}")));
        }
        4 if !package.contains([':', '@']) && !is_git_host(package) => {
            let (host, rest) = source.split_once('/').unwrap_or((source, ""));
            all.push(format!("{}/{rest}", host.to_lowercase()));
        }
        _ => all.extend(as_git(source)),
    }
    all
}

/// Returns whether an address starts with a Git host that Terraform recognizes.
fn is_git_host(address: &str) -> bool {
    let host = address.split('/').next();
    matches!(host, Some("github.com" | "bitbucket.org"))
}

/// Returns the short forms of a Git repository, written out.
fn as_git(source: &str) -> Option<String> {
    let (rest, query) = match source.split_once('?') {
        Some((rest, query)) => (rest, format!("?{query}")),
        None => (source, String::new()),
    };
    let short = rest.strip_prefix("git::").unwrap_or(rest);
    if let Some((host, path)) = short.split_once('/').filter(|_| is_git_host(short)) {
        let mut parts = path.splitn(3, '/');
        let (owner, name) = (parts.next()?, parts.next()?);
        let name = name.trim_end_matches(".git");
        let below = parts
            .next()
            .map(|below| format!("//{}", below.trim_start_matches('/')));
        let below = below.unwrap_or_default();
        return Some(format!(
            "git::https://{host}/{owner}/{name}.git{below}{query}"
        ));
    }
    // `git@github.com:owner/name.git`
    let (host, path) = short.split_once(':')?;
    let is_short = host.contains('@') && !path.starts_with("//") && !host.contains('/');
    is_short.then(|| format!("git::ssh://{host}/{path}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_is_shown_without_credentials() {
        let shown = |source: &str, version: Option<&str>| {
            let module = InstalledModule {
                source: source.to_owned(),
                version: version.map(str::to_owned),
                folder: None,
            };
            module.to_string()
        };
        for (source, expected) in [
            (
                "git::https://s3cr3t@git.example.com/a/b.git//c?ref=v1&depth=1",
                "git::https://git.example.com/a/b.git//c?ref=v1",
            ),
            (
                "git::https://user:s3cr3t@git.example.com/a/b.git",
                "git::https://git.example.com/a/b.git",
            ),
            (
                "https://example.com/a.tar.gz?token=s3cr3t",
                "https://example.com/a.tar.gz",
            ),
            (
                "git::ssh://git@github.com/a/b.git",
                "git::ssh://github.com/a/b.git",
            ),
        ] {
            assert_eq!(shown(source, None), expected);
        }
        assert_eq!(
            shown("acme/network/aws", Some("1.2.3")),
            "acme/network/aws 1.2.3"
        );
    }

    #[test]
    fn a_source_is_what_terraform_makes_of_it() {
        for (source, written) in [
            ("acme/network/aws", "registry.terraform.io/acme/network/aws"),
            (
                "acme/network/aws//modules/a",
                "registry.opentofu.org/acme/network/aws//modules/a",
            ),
            (
                "App.Example.com/acme/network/aws",
                "app.example.com/acme/network/aws",
            ),
            (
                "bitbucket.org/acme/network",
                "git::https://bitbucket.org/acme/network.git",
            ),
            ("github.com/a/b/c/d", "git::https://github.com/a/b.git//c/d"),
            (
                "git::git@github.com:a/b.git//c",
                "git::ssh://git@github.com/a/b.git//c",
            ),
            (
                "github.com/acme/network",
                "git::https://github.com/acme/network.git",
            ),
            (
                "github.com/acme/network//a/b?ref=v1",
                "git::https://github.com/acme/network.git//a/b?ref=v1",
            ),
            (
                "git@github.com:acme/network.git?ref=v1",
                "git::ssh://git@github.com/acme/network.git?ref=v1",
            ),
            (
                "git::https://git.example.com/a.git",
                "git::https://git.example.com/a.git",
            ),
        ] {
            assert!(
                addresses(source).iter().any(|address| address == written),
                "{source}"
            );
        }
        assert_eq!(addresses("git::https://github.com/a/b.git?ref=1").len(), 1);
    }
}
