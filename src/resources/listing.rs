//! Lists all resources of a type in a region or account.

use super::Scope;
use crate::aws::{Pages, Session};
use crate::model::Reason;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

/// The resources of a type in a region or account, by id.
pub(super) type ById<T> = Arc<BTreeMap<String, T>>;

/// How the pages of a list call are read.
pub(super) struct Listing<P, T> {
    /// The IAM action of the call.
    pub action: &'static str,
    /// Whether each region has its own list.
    pub scope: Scope,
    /// Takes the items out of a page.
    pub items: fn(P) -> Option<Vec<T>>,
    /// Returns the id of an item, or its name where Terraform imports it by name.
    pub id: fn(&T) -> Option<&str>,
}

impl<P, T: Send + Sync + 'static> Listing<P, T> {
    /// Reads all pages, and returns their items by id. Types and stacks that need the same list share one call.
    pub async fn by_id<E>(&self, session: &Session, pages: Pages<P, E>) -> Result<ById<T>, Reason>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let fetch = async {
            let pages = session.pages(self.action, pages).await?;
            let items = pages.into_iter().filter_map(self.items).flatten();
            let with_id = |item: T| Some(((self.id)(&item)?.to_owned(), item));
            Ok(items.filter_map(with_id).collect())
        };
        match self.scope {
            Scope::Regional => session.shared(self.action, fetch).await,
            Scope::Global => session.shared_globally(self.action, fetch).await,
        }
    }
}
