//! Reads `.terraform.lock.hcl`: which version of a provider a root module asks for.
//!
//! The file is the repository's, so it can exclude packages of the operator's folder, and never add one.

/// What a lock file says of one provider.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockedProvider {
    /// The version.
    pub version: String,
    /// The hashes of the packages that are accepted: `h1:...`, `zh:...`.
    pub hashes: Vec<String>,
}

/// Returns what a lock file says of a provider, by its namespace and name, of whichever registry, or by its whole source.
pub fn locked(text: &str, source: &str) -> Option<LockedProvider> {
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| is_block_of(line, source))?;
    let mut locked = LockedProvider::default();
    for line in lines {
        if line == "}" {
            break;
        }
        if let Some(rest) = line.strip_prefix("version") {
            locked.version = quoted(rest)?.to_owned();
        } else if line.starts_with('"') {
            locked.hashes.push(quoted(line)?.to_owned());
        } else if line.starts_with("hashes") {
            // Hashes on the line of the list itself.
            let parts = line.split('"').skip(1).step_by(2);
            locked.hashes.extend(parts.map(str::to_owned));
        }
    }
    (!locked.version.is_empty()).then_some(locked)
}

/// Returns whether a line begins the block of a provider: `provider "registry.terraform.io/hashicorp/aws" {`.
fn is_block_of(line: &str, source: &str) -> bool {
    let name = line.strip_prefix("provider").and_then(quoted);
    name.is_some_and(|name| {
        let path = name.split_once('/').map(|(_, path)| path);
        name == source || path == Some(source)
    })
}

fn quoted(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('"')?;
    Some(rest.split_once('"')?.0)
}

/// Orders versions by number: a part that is no number counts as 0, and a pre-release comes before its release.
pub fn by_version(left: &str, right: &str) -> std::cmp::Ordering {
    let numbers = |version: &str| -> Vec<u64> {
        let release = version.split(['-', '+']).next().unwrap_or_default();
        release
            .split('.')
            .map(|part| part.parse().unwrap_or(0))
            .collect()
    };
    let is_release = |version: &str| !version.contains('-');
    numbers(left)
        .cmp(&numbers(right))
        .then(is_release(left).cmp(&is_release(right)))
}

/// Returns the major version.
pub fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}
