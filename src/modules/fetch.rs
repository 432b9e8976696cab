//! Fetches the packages of a scan, each once, and lays them into the tree.

use super::cache::PackageKey;
use super::problem::{ModuleProblem, Remedy};
use super::{ModuleStore, Viewer};
use crate::code::{self, GitPackage, ModuleCall, ModuleSource, Package};
use crate::github::{CommitFiles, GithubError, Layout, MAX_TREE, ReadOnlyRepository, Revision};
use crate::model::{RepositoryName, Tree};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How many packages a scan fetches.
const MAX_PACKAGES: usize = 100;
/// How long a scan may spend on fetching packages.
const TIMEOUT: Duration = Duration::from_secs(2 * 60);
/// How long a download of an archive may take.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(60);
/// The host of public repositories, which a server of GitHub Enterprise reads as anybody does.
const GITHUB: &str = "github.com";
/// How many characters of a commit's id name a package.
const SHORT_COMMIT: usize = 12;

/// A package that was not fetched.
pub(super) enum FetchError {
    /// The module has a problem, and the scan goes on without it.
    Module(ModuleProblem),
    /// GitHub does not respond for now, or others take the memory: the scan has to be retried.
    GitHub(GithubError),
}

impl From<ModuleProblem> for FetchError {
    fn from(problem: ModuleProblem) -> Self {
        Self::Module(problem)
    }
}

/// Fetches the packages of one scan.
pub(super) struct Fetcher<'a> {
    store: &'a ModuleStore,
    viewer: &'a Viewer<'a>,
    /// The resolved sources, by source and version constraint.
    sources: BTreeMap<(String, Option<String>), Result<ModuleSource, ModuleProblem>>,
    /// The folders of the fetched packages in the tree.
    folders: BTreeMap<Package, Result<String, ModuleProblem>>,
    held: Vec<CommitFiles>,
    end: Instant,
}

impl<'a> Fetcher<'a> {
    pub(super) fn new(store: &'a ModuleStore, viewer: &'a Viewer<'a>) -> Self {
        Self {
            store,
            viewer,
            sources: BTreeMap::new(),
            folders: BTreeMap::new(),
            held: Vec::new(),
            end: Instant::now() + TIMEOUT,
        }
    }

    /// Returns the files, which hold their share of the memory.
    pub(super) fn into_held(self) -> Vec<CommitFiles> {
        self.held
    }

    /// Lays the module of a call where its root module expects it, and returns the module's folder.
    pub(super) async fn lay(
        &mut self,
        tree: &mut Tree,
        root: &str,
        call: &ModuleCall,
    ) -> Result<String, FetchError> {
        let source = self.source(call).await?;
        let package = self.package(tree, &source.package).await?;
        // Each call has a folder of its own, as Terraform makes one, and they share the files.
        let own_root = tree.resolve(root).unwrap_or(root.into()).into_owned();
        let link = Tree::installed_folder(&own_root, &call.key);
        tree.links.insert(link, Some(package));
        let base = Tree::installed_folder(root, &call.key);
        let folder = Tree::join(&base, &source.folder);
        let folder = folder.filter(|folder| Tree::holds(&base, folder));
        let folder = folder.filter(|folder| !code::code_paths(tree, folder).is_empty());
        folder.ok_or_else(|| {
            let problem = ModuleProblem::NoCode {
                package: source.package.to_string(),
                folder: match source.folder.as_str() {
                    "" => ".".to_owned(),
                    folder => folder.to_owned(),
                },
            };
            problem.into()
        })
    }

    /// Resolves the source of a call, which a registry may have to be asked for.
    async fn source(&mut self, call: &ModuleCall) -> Result<ModuleSource, ModuleProblem> {
        let key = (call.source.clone(), call.version.clone());
        if let Some(known) = self.sources.get(&key) {
            return known.clone();
        }
        let source = ModuleSource::parse(&call.source);
        let found = match &source.package {
            Package::Registry(module) => {
                let registries = &self.store.registries;
                let locating = registries.locate(module, call.version.as_deref());
                let located = match tokio::time::timeout_at(self.end, locating).await {
                    Ok(located) => located,
                    Err(_) => Err(too_long()),
                };
                located.map(|located| ModuleSource {
                    folder: match located.folder.as_str() {
                        "" => source.folder,
                        folder => format!("{folder}/{}", source.folder),
                    },
                    ..located
                })
            }
            _ => Ok(source),
        };
        self.sources.insert(key, found.clone());
        found
    }

    /// Returns the folder of a package in the tree.
    async fn package(&mut self, tree: &mut Tree, package: &Package) -> Result<String, FetchError> {
        if let Some(known) = self.folders.get(package) {
            return Ok(known.clone()?);
        }
        let fetched = match tokio::time::timeout_at(self.end, self.fetch(package)).await {
            Ok(fetched) => fetched,
            Err(_) => Err(too_long().into()),
        };
        let laid = match fetched {
            Ok((name, files)) => self.hold(tree, &name, files),
            Err(FetchError::Module(problem)) => Err(problem),
            Err(error) => return Err(error),
        };
        self.folders.insert(package.clone(), laid.clone());
        Ok(laid?)
    }

    /// Lays a package into the tree, unless all packages together become too large, and returns its folder.
    fn hold(
        &mut self,
        tree: &mut Tree,
        name: &str,
        files: CommitFiles,
    ) -> Result<String, ModuleProblem> {
        let held: u64 = self.held.iter().map(CommitFiles::counted).sum();
        if held + files.counted() > MAX_TREE {
            return Err(ModuleProblem::TooMuch(
                "the modules of a scan together take more memory than a repository may",
            ));
        }
        let folder = Tree::fetched(name);
        tree.graft(&folder, &files);
        self.held.push(files);
        Ok(folder)
    }

    /// Fetches a package: its name in the tree, and its files.
    async fn fetch(&self, package: &Package) -> Result<(String, CommitFiles), FetchError> {
        if self.folders.len() >= MAX_PACKAGES {
            return Err(ModuleProblem::TooMuch("a scan fetches no more than 100 packages").into());
        }
        match package {
            Package::Git(git) if git.host == self.store.git_host => self.of_github(git).await,
            Package::Git(git) if git.host == GITHUB => {
                let reference = git.reference.as_deref().unwrap_or("HEAD");
                let address = format!(
                    "https://{GITHUB}/{}/archive/{reference}.tar.gz",
                    git.repository
                );
                self.download(package, &address, Layout::InFolder).await
            }
            Package::Archive(address) => self.download(package, address, Layout::Plain).await,
            other => {
                let host = self.store.git_host.clone();
                Err(ModuleProblem::Source(other.to_string(), host).into())
            }
        }
    }

    /// Downloads an archive that is not asked for at GitHub's API.
    async fn download(
        &self,
        package: &Package,
        address: &str,
        layout: Layout,
    ) -> Result<(String, CommitFiles), FetchError> {
        let problem = |why: String| ModuleProblem::Archive(package.to_string(), why);
        let body = self
            .store
            .outbound
            .download(address, DOWNLOAD_TIMEOUT)
            .await;
        let body = body.map_err(|error| problem(error.to_string()))?;
        let unpacked = self.store.github.unpack_other(body, layout).await;
        let files = unpacked.map_err(|error| match error {
            GithubError::NoMemory => FetchError::GitHub(error),
            error => problem(error.to_string()).into(),
        })?;
        // Its address may hold a token, and names nothing that stays.
        let number = self.folders.len();
        Ok((format!("archive/{number}"), files))
    }

    async fn of_github(&self, git: &GitPackage) -> Result<(String, CommitFiles), FetchError> {
        let name = RepositoryName::new(&git.repository).ok_or_else(|| {
            let (source, host) = (git.repository.clone(), git.host.clone());
            ModuleProblem::Source(source, host)
        })?;
        let (repository, revision) = self.find(&name, git).await?;
        let installation = self.viewer.installation;
        let key = PackageKey {
            only: revision.private.then_some(installation),
            repository: revision.name.clone(),
            commit: revision.commit.clone(),
        };
        let packages = &self.store.packages;
        let files = match packages.get(&key) {
            Some(known) => self.store.github.hold(Tree::clone(&known)).await,
            None => repository.archive(&revision.commit).await.inspect(|files| {
                packages.insert(
                    key,
                    installation,
                    Arc::new(Tree::clone(files)),
                    files.counted(),
                );
            }),
        };
        let files = files.map_err(|error| classify(error, git))?;
        let commit: String = revision.commit.chars().take(SHORT_COMMIT).collect();
        Ok((format!("{}/{}@{commit}", git.host, revision.name), files))
    }

    /// Finds the repository and the commit of a package, as far as the scanned repository may see it.
    async fn find(
        &self,
        name: &RepositoryName,
        git: &GitPackage,
    ) -> Result<(ReadOnlyRepository, Revision), FetchError> {
        let not_seen = |remedy| ModuleProblem::NotSeen(name.to_string(), remedy);
        let reference = git.reference.as_deref();
        let own = self.viewer.repository;
        let seen = ReadOnlyRepository::seen_by(own, name.clone());
        match seen.revision(reference).await {
            Ok(revision) if !revision.private || revision.name == *own.name() => {
                return Ok((seen, revision));
            }
            Ok(_) => {}
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(classify(error, git)),
        }
        if !self.viewer.private {
            return Err(not_seen(Remedy::Public).into());
        }
        if !self.store.private {
            return Err(not_seen(Remedy::Setting).into());
        }
        let id = self.viewer.neighbours.get(name);
        let id = *id.ok_or_else(|| not_seen(Remedy::Install))?;
        let installation = self.viewer.installation;
        let neighbour = self.store.github.read_only(installation, id, name.clone());
        match neighbour.revision(reference).await {
            Ok(revision) => Ok((neighbour, revision)),
            Err(error) if error.is_missing() => Err(not_seen(Remedy::Install).into()),
            Err(error) => Err(classify(error, git)),
        }
    }
}

fn too_long() -> ModuleProblem {
    ModuleProblem::TooMuch("to fetch the modules of a scan took more than two minutes")
}

/// Classifies a GitHub error: only what also keeps GitHub from responding to the scan ends the scan.
fn classify(error: GithubError, git: &GitPackage) -> FetchError {
    let repository = git.repository.clone();
    let problem = match error {
        GithubError::Limited { .. }
        | GithubError::NoMemory
        | GithubError::Suspended(_)
        | GithubError::Unavailable { away: true, .. } => return FetchError::GitHub(error),
        GithubError::Invalid { .. } => ModuleProblem::NoReference {
            repository,
            reference: git.reference.clone().unwrap_or_else(|| "HEAD".to_owned()),
        },
        error => ModuleProblem::Archive(repository, error.to_string()),
    };
    problem.into()
}
