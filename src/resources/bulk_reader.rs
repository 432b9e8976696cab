//! Reads the resource types that one list call answers for a whole region or account.

use super::listing::ById;
use super::read::{resolve_tracked, unmanaged_resource};
use super::{ReadRequest, ReadResult, UnmanagedScope};
use crate::aws::Session;
use crate::model::{Attributes, Reason, Resource};
use futures::future::BoxFuture;

/// A pending answer of AWS.
type Pending<'s, T> = BoxFuture<'s, Result<T, Reason>>;

/// The calls and conversions that read a resource type.
pub(super) struct BulkReader<T: 'static> {
    /// Terraform's name of the type.
    pub tf_type: &'static str,
    /// Lists all resources of the type.
    pub list: for<'s> fn(&'s Session) -> Pending<'s, ById<T>>,
    /// Reads a single resource; `None` where AWS answers that it does not exist.
    pub get_by_id: for<'s> fn(&'s Session, &'s Resource) -> Pending<'s, Option<T>>,
    /// Converts AWS's description to the provider's attributes.
    pub convert: fn(&T) -> Attributes,
    /// Returns false for resources that AWS created itself. Unmanaged resources of a type without this are not listed.
    pub is_user_created: Option<fn(&T) -> bool>,
}

impl<T: Send + Sync> BulkReader<T> {
    /// Reads each tracked resource of the type, and the unmanaged ones where the request asks for the whole account.
    pub async fn read<'a>(&self, session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
        let whole_account = request.unmanaged_scope == UnmanagedScope::Account;
        let is_user_created = self.is_user_created.filter(|_| whole_account);
        if request.tracked.is_empty() && is_user_created.is_none() {
            return ReadResult::default();
        }
        let items = match (self.list)(session).await {
            Ok(items) => items,
            Err(reason) => return ReadResult::unknown(&request, &reason),
        };
        let (get_by_id, convert) = (self.get_by_id, self.convert);
        let get_by_id = |resource: &'a Resource| get_by_id(session, resource);
        let unmanaged = |(id, item): (&String, &T)| {
            unmanaged_resource(session, self.tf_type, id, convert(item))
        };
        let convert_tracked = |_: &'a Resource, item: &T| convert(item);
        ReadResult {
            readings: resolve_tracked(&request.tracked, &items, convert_tracked, get_by_id).await,
            unmanaged: is_user_created.map_or_else(Vec::new, |is_user_created| {
                let candidates = items.iter().filter(|(_, item)| is_user_created(item));
                candidates.map(unmanaged).collect()
            }),
            incomplete: None,
        }
    }
}
