//! Fetches the modules that the stacks of a repository call and that it does not hold.

use super::repository_scan::RepositoryScan;
use crate::code;
use crate::model::Tree;
use crate::modules::{FetchedTree, Root, Viewer};
use crate::queue::job::JobError;
use crate::scan::load::Stack;
use std::collections::BTreeMap;

/// The tree that stacks are scanned in.
pub(in crate::jobs) struct StackTree<'a> {
    own: &'a Tree,
    fetched: Option<FetchedTree>,
}

impl StackTree<'_> {
    /// Returns the files of the repository and of the modules.
    pub(in crate::jobs) fn tree(&self) -> &Tree {
        self.fetched
            .as_ref()
            .map_or(self.own, |fetched| &fetched.tree)
    }
}

/// Fetches the modules of the scanned stacks, and tells each stack where its modules are.
pub(in crate::jobs) async fn fetch<'a>(
    scan: &RepositoryScan<'a>,
    stacks: &mut [Stack],
) -> Result<StackTree<'a>, JobError> {
    let own = scan.tree;
    let mut stacks: Vec<_> = stacks
        .iter_mut()
        .filter(|stack| scan.includes(stack))
        .collect();
    let root = |stack: &&mut Stack| Root {
        path: stack.path.clone(),
        options: code::Options {
            interrupt: scan.clock.interrupt().clone(),
            ..stack.options()
        },
    };
    let roots: Vec<_> = stacks.iter().map(root).collect();
    let viewer = viewer(scan).await?;
    let modules = &scan.context.services.modules;
    let fetching = Box::pin(modules.fetch(&viewer, own, &roots));
    // Where the time is over, the scan tells so itself.
    let fetched = match scan.clock.hold(fetching).await {
        Ok(fetched) => Some(fetched?),
        Err(_) => None,
    };
    let found = fetched.iter().flat_map(|fetched| &fetched.modules);
    for (stack, modules) in stacks.iter_mut().zip(found) {
        stack.modules = modules.clone();
    }
    Ok(StackTree { own, fetched })
}

/// Returns which other repositories the scanned one may read.
async fn viewer<'a>(scan: &RepositoryScan<'a>) -> Result<Viewer<'a>, JobError> {
    let context = scan.context;
    let mut neighbours = BTreeMap::new();
    if context.head.private && context.services.modules.reads_private() {
        let all = context.tenant.repositories().await?.into_iter();
        neighbours.extend(all.map(|repository| (repository.name, repository.id)));
    }
    Ok(Viewer {
        installation: context.installation,
        repository: &context.repository,
        private: context.head.private,
        neighbours,
    })
}
