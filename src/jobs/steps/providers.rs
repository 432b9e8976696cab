//! Decides what a repository's scan may read through the operator's providers.

use super::{access, ambient};
use crate::jobs::context::RepositoryContext;
use crate::plugin::{ProviderSource, TOTAL};
use crate::scan::ProviderAccess;

/// Returns the operator's providers, as a scan of a repository may use them: beside AWS's those alone that the operator
/// has for its owner.
pub(in crate::jobs) async fn access<'a>(
    context: &RepositoryContext<'a>,
) -> anyhow::Result<Option<ProviderAccess<'a>>> {
    let services = context.services;
    let Some(folder) = &services.providers else {
        return Ok(None);
    };
    let mut sources = Vec::new();
    for source in folder.sources() {
        if is_for(source, context).await? {
            sources.push(source);
        }
    }
    Ok(Some(ProviderAccess {
        folder,
        installation: context.installation,
        is_narrowed: true,
        sources,
        // What is read besides, compared and proven must end within the scan's time as well.
        time: TOTAL.min(services.limits.time / 2),
    }))
}

/// Returns whether the operator has a provider for the owner of a repository.
async fn is_for(source: &ProviderSource, context: &RepositoryContext<'_>) -> anyhow::Result<bool> {
    let store = context.run.store();
    for named in &source.owners {
        if ambient::is_named(named, store, access::owner(context)).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
