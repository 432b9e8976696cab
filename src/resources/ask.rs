//! What a resource type is asked, and how it answers.

use crate::aws::Session;
use crate::model::{Attributes, Reading, Readings, Reason, Resource, Unclaimed};
use futures::future::{BoxFuture, join_all};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is asked of one type in one account and region.
#[derive(Clone)]
pub struct Ask<'a> {
    /// The resources of the type that the states track here.
    pub tracked: Vec<&'a Resource>,
    /// The types of everything that the states track here: a type asks for its parts only where they may matter.
    pub beside: Arc<BTreeSet<&'a str>>,
    /// How far to look for what no state claims.
    pub look: Look,
}

/// How far to look for what no state claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Look {
    /// Only at what is tracked.
    Off,
    /// At what hangs below it as well.
    #[default]
    Children,
    /// At everything in the account.
    Account,
}

/// What a type answers.
#[derive(Debug, Default)]
pub struct Answer<'a> {
    /// One reading for each tracked resource.
    pub readings: Readings<'a>,
    /// Everything else of the type, and the parts of what is tracked. Whether a state claims them, `diff` says; left
    /// out is what AWS made by itself.
    pub unclaimed: Vec<Unclaimed>,
    /// Why `unclaimed` is not all there is, where it is not.
    pub gap: Option<Reason>,
}

impl<'a> Answer<'a> {
    /// The answer of a type whose bulk read failed: nothing is known of anything.
    pub fn unknown(ask: &Ask<'a>, reason: &Reason) -> Self {
        let unknown = |resource: &&'a Resource| (*resource, Reading::Unknown(reason.clone()));
        Self {
            readings: ask.tracked.iter().map(unknown).collect(),
            unclaimed: Vec::new(),
            gap: Some(reason.clone()),
        }
    }
}

/// What stands in AWS, as something that no state may claim: for `Answer::unclaimed`. It is of the session's region.
pub(super) fn unclaimed(
    session: &Session,
    tf_type: &str,
    import_id: &str,
    attributes: Attributes,
) -> Unclaimed {
    Unclaimed {
        tf_type: tf_type.to_owned(),
        import_id: import_id.to_owned(),
        under: None,
        path: None,
        account: session.account().clone(),
        region: Some(session.region().clone()),
        attributes,
    }
}

/// A reading for each tracked resource: what `by_id` holds of it, else what `confirm` says when asked for it alone.
/// In the wrong account everything would seem gone; so nothing is absent that its own service did not deny by id.
pub(super) async fn match_up<'a, T>(
    tracked: &[&'a Resource],
    by_id: &BTreeMap<String, T>,
    convert: impl Fn(&'a Resource, &T) -> Attributes,
    confirm: impl Fn(&'a Resource) -> BoxFuture<'a, Result<Option<T>, Reason>>,
) -> Readings<'a> {
    let read = |resource: &'a Resource| {
        let (convert, confirm) = (&convert, &confirm);
        async move {
            let reading = match by_id.get(&resource.id) {
                Some(item) => Reading::Found(convert(resource, item)),
                None => match confirm(resource).await {
                    Ok(Some(item)) => Reading::Found(convert(resource, &item)),
                    Ok(None) => Reading::Absent,
                    Err(reason) => Reading::Unknown(reason),
                },
            };
            (resource, reading)
        }
    };
    join_all(tracked.iter().copied().map(read)).await
}
