//! Fetches the modules that a repository calls and does not hold, and lays them into its tree: read, and never edited.
//!
//! A repository on GitHub is read as an archive of a commit, with a token that sees the scanned repository and what is
//! public; a module of a registry is looked up there first. What is not fetched has a reason, which the scan tells.

mod cache;
mod fetch;
mod registry;

/// Why a module was not fetched.
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

/// How often the calls are looked through, each time with what was fetched the last time: as deep as modules may call one
/// another, and once more.
const MOST_ROUNDS: usize = 33;

/// Where modules of other repositories are fetched, for all scans of the process.
pub struct ModuleStore {
    github: GitHub,
    registries: Registries,
    /// The host whose repositories GitHub's API answers for.
    git_host: String,
    /// Whether modules of private repositories are read.
    private: bool,
    packages: PackageCache,
}

/// Who asks for modules: the scanned repository.
pub struct Viewer<'a> {
    /// Its installation.
    pub installation: InstallationId,
    /// Itself, with the token that reads it.
    pub repository: &'a Repository,
    /// Whether only members see it.
    pub private: bool,
    /// The repositories of its installation, by name.
    pub neighbours: BTreeMap<RepositoryName, RepositoryId>,
}

/// A root module, and how its code is evaluated.
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
    /// Where each root module's modules lie in it, in the order of the roots.
    pub modules: Vec<OtherModules>,
    /// What they take of the memory for files.
    _held: Vec<CommitFiles>,
}

impl ModuleStore {
    /// Reads from this GitHub, whose pages are at this address, and from the registries of the settings.
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
            registries: Registries::new(outbound, settings.registries.clone()),
            git_host: host.to_lowercase(),
            private: settings.private,
            packages: PackageCache::default(),
        }
    }

    /// Whether the repositories of an installation are asked for modules, when one of them is scanned that is private
    /// itself.
    pub fn reads_private(&self) -> bool {
        self.private
    }

    /// Fetches what the root modules call, directly or through others. What the repository itself holds in `.terraform` is
    /// left out, as it is no code of the repository.
    ///
    /// # Errors
    /// Where GitHub answers nothing for now, or others hold the memory: the scan is to come back.
    pub async fn fetch(
        &self,
        viewer: &Viewer<'_>,
        tree: &Tree,
        roots: &[Root],
    ) -> Result<FetchedTree, GithubError> {
        let mut fetcher = Fetcher::new(self, viewer);
        let mut tree = tree.without_installed();
        let mut known = vec![Arc::<FetchedModules>::default(); roots.len()];
        for _ in 0..MOST_ROUNDS {
            let mut calls = 0;
            for (root, known) in roots.iter().zip(&mut known) {
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
                    Arc::make_mut(known).add(FetchedModule { call, folder });
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
