//! Defines what a resource type is asked to read, and what it returns.

use super::reading_memory::ReadingMemory;
use crate::aws::Session;
use crate::model::{Address, Attributes, Reading, Readings, Reason, Resource, UnmanagedResource};
use futures::future::{BoxFuture, join_all};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many resources of a type are asked about at once. A call that waits for its turn takes memory as well, and a state
/// may name a million resources that AWS does not have.
const AT_ONCE: usize = 256;

/// The resources of one type to read in one account and region.
#[derive(Clone)]
pub struct ReadRequest<'a> {
    /// The resources of the type that the states track here.
    pub tracked: Vec<&'a Resource>,
    /// The resource types tracked in this account and region; a type skips listing children that nobody manages.
    pub tracked_types: Arc<BTreeSet<&'a str>>,
    /// The attributes to read that take a call each.
    pub on_demand: Arc<OnDemand<'a>>,
    /// How far to look for unmanaged resources.
    pub unmanaged_scope: UnmanagedScope,
}

/// The attributes to read that take a call each, by the address of their resource.
pub type OnDemand<'a> = BTreeMap<&'a Address, BTreeSet<&'static str>>;

impl ReadRequest<'_> {
    /// Returns whether to read an attribute that takes a call of its own.
    pub(super) fn includes(&self, resource: &Resource, name: &str) -> bool {
        let names = self.on_demand.get(&resource.address);
        names.is_some_and(|names| names.contains(name))
    }
}

/// How far a scan looks for unmanaged resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum UnmanagedScope {
    /// Tracked resources only.
    Off,
    /// Children of tracked resources as well.
    #[default]
    Children,
    /// Everything in the account.
    Account,
}

/// What AWS returned for a type.
#[derive(Debug, Default)]
pub struct ReadResult<'a> {
    /// A reading for each tracked resource.
    pub readings: Readings<'a>,
    /// The other resources of the type, and the children of tracked ones, without those that AWS created itself. `diff`
    /// removes those that a state claims.
    pub unmanaged: Vec<UnmanagedResource>,
    /// Why `unmanaged` is incomplete; `None` where it is complete.
    pub incomplete: Option<Reason>,
}

impl<'a> ReadResult<'a> {
    /// Returns the result of a type that could not be listed: every reading is unknown.
    pub fn unknown(request: &ReadRequest<'a>, reason: &Reason) -> Self {
        let unknown = |resource: &&'a Resource| (*resource, Reading::Unknown(reason.clone()));
        Self {
            readings: request.tracked.iter().map(unknown).collect(),
            unmanaged: Vec::new(),
            incomplete: Some(reason.clone()),
        }
    }
}

/// Creates an unmanaged resource in the session's account and region: for `ReadResult::unmanaged`.
pub(super) fn unmanaged_resource(
    session: &Session,
    tf_type: &str,
    import_id: &str,
    attributes: Attributes,
) -> UnmanagedResource {
    UnmanagedResource {
        tf_type: tf_type.to_owned(),
        import_id: import_id.to_owned(),
        under: None,
        path: None,
        account: session.account().clone(),
        region: Some(session.region().clone()),
        attributes,
    }
}

/// Reads each tracked resource: from the list `by_id`, else by `get_by_id`.
///
/// With another account's credentials every list would be empty, so a resource is absent only if AWS said so when asked
/// for its id.
pub(super) async fn resolve_tracked<'a, T>(
    tracked: &[&'a Resource],
    by_id: &BTreeMap<String, T>,
    convert: impl Fn(&'a Resource, &T) -> Attributes,
    get_by_id: impl Fn(&'a Resource) -> BoxFuture<'a, Result<Option<T>, Reason>>,
) -> Readings<'a> {
    let memory = ReadingMemory::default();
    let read = |resource: &'a Resource| {
        let (convert, get_by_id, memory) = (&convert, &get_by_id, &memory);
        async move {
            let reading = match by_id.get(&resource.id) {
                Some(item) => memory.found(|| convert(resource, item)),
                None => match get_by_id(resource).await {
                    Ok(Some(item)) => memory.found(|| convert(resource, &item)),
                    Ok(None) => Reading::Absent,
                    Err(reason) => Reading::Unknown(reason),
                },
            };
            (resource, reading)
        }
    };
    each(tracked, |resource| read(resource)).await
}

/// Reads each of some resources, a few hundred at once. Returns what was read in their order.
pub(super) async fn each<'r, T, R: Future>(
    resources: &'r [T],
    read: impl Fn(&'r T) -> R,
) -> Vec<R::Output> {
    let mut done = Vec::with_capacity(resources.len());
    for part in resources.chunks(AT_ONCE) {
        done.extend(join_all(part.iter().map(&read)).await);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::task::Poll;

    #[test]
    fn of_very_many_resources_some_are_asked_about_at_once() {
        let (asked, most) = (Cell::new(0), Cell::new(0));
        let numbers: Vec<_> = (0..10_000).collect();
        let read = each(&numbers, |number| {
            asked.set(asked.get() + 1);
            most.set(most.get().max(asked.get()));
            let asked = &asked;
            async move {
                later().await;
                asked.set(asked.get() - 1);
                *number
            }
        });
        assert_eq!(block_on(read), numbers);
        assert_eq!(most.get(), AT_ONCE);
    }

    /// Lets others go on first.
    async fn later() {
        let mut is_asked_again = false;
        poll_fn(|context| {
            if std::mem::replace(&mut is_asked_again, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}
