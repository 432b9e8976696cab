//! Fetches the modules that a repository calls and does not hold, and lays them into its tree: read, and never edited.
//!
//! A repository on GitHub is downloaded as the archive of a commit, with a token that reads the scanned repository and
//! public ones; a module of a registry is looked up there first. A module that is not fetched has a reason, which the
//! scan reports.

mod cache;
mod fetch;
mod recent;
mod registry;

/// Explains why a module was not fetched.
pub mod problem;

use crate::code::{self, FetchedModule, FetchedModules, OtherModules};
use crate::config;
use crate::github::{CommitFiles, GitHub, GithubError, Repository};
use crate::model::{InstallationId, RepositoryId, RepositoryName, Tree};
use crate::outbound::Outbound;
use cache::PackageCache;
use fetch::{FetchError, Fetcher};
use registry::Registries;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often the calls are followed, each time through the modules that were fetched before: as deep as modules may be
/// nested, and once more.
const MAX_ROUNDS: usize = 33;

/// How many bytes the notes of all calls of a scan take. Further calls are not followed.
const MAX_NOTED: usize = 64 << 20;

/// Fetches modules of other repositories, for all scans of the process.
pub struct ModuleStore {
    github: GitHub,
    registries: Registries,
    outbound: Outbound,
    /// The host whose repositories GitHub's API answers for.
    git_host: String,
    /// Whether modules of private repositories are read.
    private: bool,
    packages: PackageCache,
}

/// The scanned repository, which decides what modules may be read.
pub struct Viewer<'a> {
    /// Its installation.
    pub installation: InstallationId,
    /// The repository, with the token that reads it.
    pub repository: &'a Repository,
    /// Whether the repository is private.
    pub private: bool,
    /// The repositories of the installation, by name.
    pub neighbours: BTreeMap<RepositoryName, RepositoryId>,
}

/// A root module.
pub struct Root {
    /// Its folder.
    pub path: String,
    /// How its code is evaluated.
    pub options: code::Options,
}

/// A repository's tree with the modules in it that its code calls.
pub struct FetchedTree {
    /// The tree.
    pub tree: Tree,
    /// The folders of each root module's modules, in the order of the roots.
    pub modules: Vec<OtherModules>,
    /// The share of the memory for files.
    _held: Vec<CommitFiles>,
}

impl ModuleStore {
    /// Creates a store that reads from GitHub, whose pages are at this address, and from the registries of the settings.
    pub fn new(
        github: GitHub,
        pages_url: &str,
        outbound: Outbound,
        settings: &config::Modules,
    ) -> Self {
        let host = pages_url
            .split_once("://")
            .map_or(pages_url, |(_, host)| host);
        Self {
            github,
            registries: Registries::new(outbound.clone(), settings.registries.clone()),
            outbound,
            git_host: host.to_lowercase(),
            private: settings.private,
            packages: PackageCache::default(),
        }
    }

    /// Returns whether modules in private repositories of the same installation may be read.
    pub fn reads_private(&self) -> bool {
        self.private
    }

    /// Fetches the modules that root modules call, directly or through others. What the repository itself holds in
    /// `.terraform` is left out: it is not code of the repository.
    ///
    /// # Errors
    /// When GitHub does not respond for now, or others take the memory: then the scan has to be retried.
    pub async fn fetch(
        &self,
        viewer: &Viewer<'_>,
        tree: &Tree,
        roots: &[Root],
    ) -> Result<FetchedTree, GithubError> {
        let mut fetcher = Fetcher::new(self, viewer);
        let mut tree = tree.without_installed();
        let mut known = vec![Arc::<FetchedModules>::default(); roots.len()];
        let mut noted = 0;
        for _ in 0..MAX_ROUNDS {
            let mut calls = 0;
            for (root, known) in roots.iter().zip(&mut known) {
                if noted > MAX_NOTED {
                    break;
                }
                let options = code::Options {
                    modules: OtherModules::Fetched(known.clone()),
                    ..root.options.clone()
                };
                let found = code::calls_to_fetch(&tree, &root.path, &options);
                drop(options);
                calls += found.len();
                for call in found {
                    let folder = match fetcher.lay(&mut tree, &root.path, &call).await {
                        Ok(folder) => Ok(folder),
                        Err(FetchError::Module(problem)) => Err(problem.to_string()),
                        Err(FetchError::GitHub(error)) => return Err(error),
                    };
                    let module = FetchedModule { call, folder };
                    noted += module.bytes();
                    Arc::make_mut(known).add(module);
                }
            }
            if calls == 0 {
                break;
            }
        }
        Ok(FetchedTree {
            tree,
            modules: known.into_iter().map(OtherModules::Fetched).collect(),
            _held: fetcher.into_held(),
        })
    }
}
