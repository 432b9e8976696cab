//! What a resource type is asked, and how it answers.

use crate::aws::Session;
use crate::model::{Address, Attributes, Reading, Readings, Reason, Resource, Unclaimed, Value};
use futures::future::{BoxFuture, join_all};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is asked of one type in one account and region.
#[derive(Clone)]
pub struct Ask<'a> {
    /// The resources of the type that the states track here.
    pub tracked: Vec<&'a Resource>,
    /// The types of everything that the states track here: a type asks for its parts only where they may matter.
    pub beside: Arc<BTreeSet<&'a str>>,
    /// What is set of the attributes that cost a call each.
    pub written: Arc<Written<'a>>,
    /// How far to look for what no state claims.
    pub look: Look,
}

/// By address, the attributes that cost a call each and are to be read.
pub type Written<'a> = BTreeMap<&'a Address, BTreeSet<&'static str>>;

impl Ask<'_> {
    /// Whether an attribute that costs a call of its own is to be read.
    pub(super) fn wants(&self, resource: &Resource, name: &str) -> bool {
        let set = self.written.get(&resource.address);
        set.is_some_and(|set| set.contains(name))
    }
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

/// The memory that the readings of one type may take in one account and region, in bytes.
const MOST_HELD: usize = 256 << 20;

/// What readings take so far. A state may name one large resource as often as it likes, and each reading is a copy.
#[derive(Default)]
struct Held(AtomicUsize);

impl Held {
    /// A reading of something that is there, as long as there is room for it.
    fn found(&self, convert: impl FnOnce() -> Attributes) -> Reading {
        if self.0.load(Ordering::Relaxed) > MOST_HELD {
            return Reading::Unknown(Reason::Failed {
                message: format!(
                    "what AWS says of all these takes more than {} MiB of memory: split the stack",
                    MOST_HELD >> 20
                ),
            });
        }
        let attributes = convert();
        let entries = attributes.iter();
        let weight = entries.map(|(name, value)| name.len() + ENTRY + weight(value));
        self.0.fetch_add(weight.sum(), Ordering::Relaxed);
        Reading::Found(attributes)
    }
}

/// What an entry of a map or an item of a list takes beside its texts.
const ENTRY: usize = 64;

/// About the bytes that a value takes.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::List(items) => items.iter().map(|item| ENTRY + weight(item)).sum(),
        Value::Map(entries) => {
            let entries = entries.iter();
            entries
                .map(|(key, value)| ENTRY + key.len() + weight(value))
                .sum()
        }
        _ => 0,
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
    let held = Held::default();
    let read = |resource: &'a Resource| {
        let (convert, confirm, held) = (&convert, &confirm, &held);
        async move {
            let reading = match by_id.get(&resource.id) {
                Some(item) => held.found(|| convert(resource, item)),
                None => match confirm(resource).await {
                    Ok(Some(item)) => held.found(|| convert(resource, &item)),
                    Ok(None) => Reading::Absent,
                    Err(reason) => Reading::Unknown(reason),
                },
            };
            (resource, reading)
        }
    };
    join_all(tracked.iter().copied().map(read)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_resource_that_is_named_very_often_is_read_only_so_often() {
        let held = Held::default();
        let large = || Attributes::from([("policy".to_owned(), "x".repeat(1 << 20).into())]);
        let readings = || (0..300).map(|_| held.found(large));
        let found = readings().filter(|reading| matches!(reading, Reading::Found(_)));
        assert_eq!(found.count(), 256);
        let Reading::Unknown(reason) = held.found(large) else {
            panic!("it is read");
        };
        assert!(reason.to_string().contains("split the stack"), "{reason}");
    }
}
