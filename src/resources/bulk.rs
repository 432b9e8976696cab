//! What the types have in common that one question answers for a whole region or account.

use super::ask::{match_up, unclaimed};
use super::{Answer, Ask, Look};
use crate::aws::Session;
use crate::model::{Attributes, Reason, Resource};
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything of a type in a region or account, by id.
pub(super) type All<T> = Arc<BTreeMap<String, T>>;

/// An answer under way.
type Answering<'s, T> = BoxFuture<'s, Result<T, Reason>>;

/// How a type is asked for and told.
pub(super) struct Bulk<T: 'static> {
    /// Its name.
    pub tf_type: &'static str,
    /// Asks for everything of the type.
    pub all: for<'s> fn(&'s Session) -> Answering<'s, All<T>>,
    /// Asks for one alone: none where the service says that it is not there.
    pub one: for<'s> fn(&'s Session, &'s Resource) -> Answering<'s, Option<T>>,
    /// One of the answer, in the provider's shape.
    pub convert: fn(&T) -> Attributes,
    /// Whether a person or a program of theirs made one. A type without this is never looked for.
    pub somebodys: Option<fn(&T) -> bool>,
}

impl<T: Send + Sync> Bulk<T> {
    /// Answers for each tracked resource of the type, and for the rest where it is looked for.
    pub async fn read<'a>(&self, session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
        let look = self.somebodys.filter(|_| ask.look == Look::Account);
        if ask.tracked.is_empty() && look.is_none() {
            return Answer::default();
        }
        let all = match (self.all)(session).await {
            Ok(all) => all,
            Err(reason) => return Answer::unknown(&ask, &reason),
        };
        let (one, convert) = (self.one, self.convert);
        let confirm = |resource: &'a Resource| one(session, resource);
        let found = |(id, one): (&String, &T)| unclaimed(session, self.tf_type, id, convert(one));
        Answer {
            readings: match_up(&ask.tracked, &all, |_, one| convert(one), confirm).await,
            unclaimed: look.map_or_else(Vec::new, |somebodys| {
                let own = all.iter().filter(|(_, one)| somebodys(one));
                own.map(found).collect()
            }),
            gap: None,
        }
    }
}
