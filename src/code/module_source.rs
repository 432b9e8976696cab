//! Parses the source of a module call: a Git repository, a registry module, or an archive.

use std::fmt;

/// A parsed module source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleSource {
    /// The package that holds the module.
    pub package: Package,
    /// The module's folder in the package; empty for the package itself.
    pub folder: String,
}

/// The package of a module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Package {
    /// A Git repository of a host with GitHub's addresses.
    Git(GitPackage),
    /// A module of a registry.
    Registry(RegistryPackage),
    /// A tar archive at a web address, which may hold a token.
    Archive(String),
    /// Any other source, without user, password and query.
    Other(String),
}

/// A Git repository at a branch, a tag or a commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GitPackage {
    /// `github.com`, in lower case.
    pub host: String,
    /// `owner/name`.
    pub repository: String,
    /// `None` for the default branch.
    pub reference: Option<String>,
}

/// A module of a registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RegistryPackage {
    /// The registry, in lower case; `None` for the public one.
    pub host: Option<String>,
    /// `namespace/name/provider`.
    pub name: String,
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Git(git) => write!(f, "{}/{}", git.host, git.repository),
            Self::Registry(module) => match &module.host {
                Some(host) => write!(f, "{host}/{}", module.name),
                None => f.write_str(&module.name),
            },
            Self::Archive(address) => f.write_str(&without_secrets(address)),
            Self::Other(named) => f.write_str(named),
        }
    }
}

impl ModuleSource {
    /// Parses a source that is no local path.
    pub fn parse(source: &str) -> Self {
        let (address, query) = source.split_once('?').unwrap_or((source, ""));
        let (address, folder) = split_folder(address);
        let whole = |package| Self {
            package,
            folder: clean(folder),
        };
        let is_plain = !source.contains("::") && query.is_empty();
        if let Some(module) = registry(address).filter(|_| is_plain) {
            return whole(Package::Registry(module));
        }
        let other = || whole(Package::Other(without_secrets(source)));
        let (getter, plain) = address.split_once("::").unwrap_or(("", address));
        if !matches!(getter, "" | "git" | "https" | "http") {
            return other();
        }
        if getter != "git"
            && let Some((_, rest)) = plain.split_once("://").filter(|(scheme, _)| is_web(scheme))
        {
            return match archive_of_git(rest, folder) {
                Some(found) => found,
                None if is_archive(plain, query) => whole(Package::Archive(joined(plain, query))),
                None => other(),
            };
        }
        match git(plain, query) {
            Some((git, below)) => Self {
                package: Package::Git(git),
                folder: clean(&format!("{below}/{folder}")),
            },
            None => other(),
        }
    }
}

/// Splits an address at the `//` before a folder, which is not the one of a scheme.
fn split_folder(address: &str) -> (&str, &str) {
    let from = address.find("://").map_or(0, |at| at + 3);
    match address[from..].find("//") {
        Some(at) => (&address[..from + at], &address[from + at + 2..]),
        None => (address, ""),
    }
}

/// Returns a folder without empty parts.
fn clean(folder: &str) -> String {
    let parts = folder
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".");
    parts.collect::<Vec<_>>().join("/")
}

/// `namespace/name/provider`, perhaps after a host.
fn registry(address: &str) -> Option<RegistryPackage> {
    let is_name = |part: &&str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        !part.is_empty() && part.chars().all(allowed)
    };
    let parts: Vec<_> = address.split('/').collect();
    let (host, name) = match parts.as_slice() {
        [_, _, _] => (None, &parts[..]),
        [host, rest @ ..] if rest.len() == 3 && is_host(host) => (Some(host.to_lowercase()), rest),
        _ => return None,
    };
    // The one address of a module that Git's hosts share with registries.
    let is_git = host.as_deref().is_some_and(is_git_host);
    (!is_git && name.iter().all(is_name)).then(|| RegistryPackage {
        host,
        name: name.join("/"),
    })
}

fn is_host(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':');
    text.contains(['.', ':']) && text.chars().all(allowed)
}

fn is_git_host(host: &str) -> bool {
    matches!(host, "github.com" | "bitbucket.org")
}

/// Returns a repository, and the folder that the shortest form appends to its name.
fn git(address: &str, query: &str) -> Option<(GitPackage, String)> {
    let schemes = ["https://", "ssh://"];
    let scheme = schemes
        .iter()
        .find_map(|scheme| address.strip_prefix(scheme));
    let (authority, path) = match scheme {
        Some(rest) => rest.split_once('/')?,
        // `git@github.com:owner/name.git`
        None => match address.split_once(':') {
            Some((authority, path)) if authority.contains('@') => (authority, path),
            Some(_) => return None,
            None => address
                .split_once('/')
                .filter(|(host, _)| is_git_host(host))?,
        },
    };
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let host = host.strip_suffix(":22").unwrap_or(host).to_lowercase();
    let mut parts = path.trim_end_matches('/').splitn(3, '/');
    let (owner, name) = (parts.next()?, parts.next()?);
    let below = parts.next().unwrap_or_default();
    let is_short = scheme.is_none() && !address.contains(':');
    if !is_host(&host) || (!below.is_empty() && !is_short) {
        return None;
    }
    let name = name.strip_suffix(".git").unwrap_or(name);
    Some((
        GitPackage {
            host,
            repository: format!("{owner}/{name}"),
            reference: reference(query)?,
        },
        below.to_owned(),
    ))
}

/// Returns the `ref` of a query: `Some(None)` without one, `None` where Git would not accept it.
fn reference(query: &str) -> Option<Option<String>> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let Some((_, given)) = pairs.find(|(name, _)| *name == "ref") else {
        return Some(None);
    };
    named_reference(given).map(Some)
}

fn named_reference(text: &str) -> Option<String> {
    let text = text.replace("%2F", "/").replace("%2f", "/");
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./+@#".contains(c);
    let is_good = !text.is_empty() && !text.contains("..") && text.chars().all(allowed);
    (is_good && text.split('/').all(|part| !part.is_empty() && part != ".")).then_some(text)
}

/// Parses the address of a GitHub archive without `https://`. An archive has one top-level folder, which the call names
/// or matches with `*`.
fn archive_of_git(address: &str, folder: &str) -> Option<ModuleSource> {
    const ENDINGS: [&str; 3] = [".tar.gz", ".tgz", ".zip"];
    let (host, path) = address.split_once('/')?;
    let (path, marker) = match host {
        "github.com" => (path, "archive"),
        "api.github.com" => (path.strip_prefix("repos/")?, "tarball"),
        _ => return None,
    };
    let mut parts = path.splitn(4, '/');
    let (owner, name) = (parts.next()?, parts.next()?);
    if parts.next()? != marker {
        return None;
    }
    let given = parts.next()?;
    let ending = ENDINGS.iter().find_map(|ending| given.strip_suffix(ending));
    let given = ending.unwrap_or(given);
    let kinds = ["refs/tags/", "refs/heads/"];
    let plain = kinds.iter().find_map(|kind| given.strip_prefix(kind));
    let (_, below) = folder.split_once('/').unwrap_or((folder, ""));
    Some(ModuleSource {
        package: Package::Git(GitPackage {
            host: "github.com".to_owned(),
            repository: format!("{owner}/{name}"),
            reference: Some(named_reference(plain.unwrap_or(given))?),
        }),
        folder: clean(below),
    })
}

/// Returns whether a scheme is `http` or `https`. The fetcher refuses what is not encrypted.
fn is_web(scheme: &str) -> bool {
    matches!(scheme, "https" | "http")
}

/// Returns whether an address names an archive of a kind that is read.
fn is_archive(address: &str, query: &str) -> bool {
    let kinds = ["tar.gz", "tgz"];
    let asked = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("archive="));
    match asked {
        Some(kind) => kinds.contains(&kind),
        None => kinds
            .iter()
            .any(|kind| address.ends_with(&format!(".{kind}"))),
    }
}

/// Joins an address and its query, without the `archive` parameter, which only go-getter reads.
fn joined(address: &str, query: &str) -> String {
    let is_sent = |pair: &&str| !pair.is_empty() && !pair.starts_with("archive=");
    let pairs: Vec<_> = query.split('&').filter(is_sent).collect();
    match pairs.is_empty() {
        true => address.to_owned(),
        false => format!("{address}?{}", pairs.join("&")),
    }
}

/// Returns a source as it is shown: without user, password and query, which may hold tokens, but with its `ref`.
pub(super) fn shown(source: &str) -> String {
    let plain = without_secrets(source);
    let query = source.split_once('?').map_or("", |(_, query)| query);
    match reference(query).flatten() {
        Some(reference) => format!("{plain}?ref={reference}"),
        None => plain,
    }
}

/// Returns a source without user, password and query, which may hold tokens.
fn without_secrets(source: &str) -> String {
    let plain = source.split('?').next().unwrap_or(source);
    let from = plain.find("://").map_or(0, |at| at + 3);
    let end = plain[from..].find('/').map_or(plain.len(), |at| from + at);
    match plain[from..end].rfind('@') {
        Some(at) if from > 0 => format!("{}{}", &plain[..from], &plain[from + at + 1..]),
        _ => plain.to_owned(),
    }
}

#[cfg(test)]
mod tests;
