//! Reads a repository's `.driftguard.yml`, and decides whether anything may be published.

use crate::jobs::context::RepositoryContext;
use crate::model::Tree;
use crate::queue::job::JobError;
use crate::score::Benchmark;
use crate::settings::{self, Settings};

/// Reads the settings of a tree; `None` where it has no such file.
///
/// # Errors
/// The mistake in the settings, for the people of the repository.
pub(in crate::jobs) fn of_tree(tree: &Tree) -> Result<Option<Settings>, String> {
    match tree.files.get(settings::FILE) {
        Some(bytes) => parse(bytes).map(Some),
        None if tree.links.contains_key(settings::FILE) => Err(format!(
            "{} is a symbolic link, which is not followed: make it a file",
            settings::FILE
        )),
        None => Ok(None),
    }
}

/// Parses settings, and checks what only other stages know to be wrong.
///
/// # Errors
/// The mistake in the settings, for the people of the repository.
pub(in crate::jobs) fn parse(bytes: &[u8]) -> Result<Settings, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| format!("{} is not UTF-8: save it as such", settings::FILE))?;
    let parsed = Settings::parse(text).map_err(|error| error.to_string())?;
    Benchmark::parse(&parsed.benchmark).map_err(|error| format!("{}: {error}", settings::FILE))?;
    Ok(parsed)
}

/// Fetches the settings of the default branch; `None` where it has none, or they cannot be parsed.
pub(in crate::jobs) async fn of_default_branch(
    context: &RepositoryContext<'_>,
) -> Result<Option<Settings>, JobError> {
    let file = context
        .repository
        .file(&context.head.commit, settings::FILE);
    Ok(file.await?.and_then(|bytes| parse(&bytes).ok()))
}

/// Returns whether drift may be published in the repository.
pub(in crate::jobs) fn may_publish(context: &RepositoryContext<'_>, settings: &Settings) -> bool {
    context.head.private || settings.pull_requests.public
}
