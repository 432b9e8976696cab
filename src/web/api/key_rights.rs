//! Asks GitHub whether the person of a key may still write to the key's repositories: at least hourly while the key is
//! used, and at once before anything is changed.

use super::problem::Problem;
use crate::model::RepositoryId;
use crate::queue::access_check::{AccessChecker, AccessUnknown, WriteAccess, WriteCheck};
use crate::queue::now;
use crate::store::{ApiKeyRecord, KeyRepository, LostRepository, Store};
use axum::http::StatusCode;
use futures::{StreamExt, stream};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How many repositories of a key are asked about at once.
const AT_ONCE: usize = 8;
/// How long all questions of a request may take.
const LIMIT: Duration = Duration::from_secs(10);
/// After how long GitHub may be asked again that did not answer in time.
const RETRY: Duration = Duration::from_secs(2);

/// What GitHub says of people's keys.
pub(super) struct KeyRights {
    store: Store,
    /// Asks GitHub; `None` on a server that does not act as an App.
    access: Option<Arc<dyn AccessChecker>>,
    /// The keys about which GitHub is asked, or was asked in vain, by their beginnings.
    turns: Mutex<HashMap<String, Arc<Turn>>>,
}

/// Held while GitHub is asked about a key: whoever waits for it takes the answer of who had it. It holds the last question
/// that GitHub did not answer.
type Turn = tokio::sync::Mutex<Option<Unanswered>>;

#[derive(Debug, Clone, Copy)]
struct Unanswered {
    at: Instant,
    retry_after: Duration,
}

impl Unanswered {
    fn is_too_early(&self) -> bool {
        self.at.elapsed() < self.retry_after
    }
}

/// What came of asking about some repositories.
#[derive(Debug, Default)]
struct Outcome {
    /// Whether the key lost one.
    is_narrowed: bool,
    /// Why the key has ended.
    ended: Option<String>,
    /// After how long GitHub may be asked again that did not answer about all of them.
    unanswered: Option<Duration>,
}

impl KeyRights {
    pub(super) fn new(store: Store, access: Option<Arc<dyn AccessChecker>>) -> Self {
        Self {
            store,
            access,
            turns: Mutex::default(),
        }
    }

    /// Has GitHub's word on each repository of a person's key that is no older than an hour. What the person may not write
    /// to leaves the key.
    ///
    /// # Errors
    /// The key has ended, or GitHub does not answer.
    pub(super) async fn confirm(&self, key: &ApiKeyRecord) -> Result<(), Problem> {
        if key.owner.person().is_none() {
            return Ok(());
        }
        let begun = Instant::now();
        if self.stale(key).await?.is_empty() {
            return Ok(());
        }
        let turn = self.turn(&key.prefix);
        let mut unanswered = turn.lock().await;
        if let Some(last) = *unanswered
            && (last.at >= begun || last.is_too_early())
        {
            return Err(away(last.retry_after));
        }
        let stale = self.stale(key).await?;
        let outcome = self.ask(key, stale).await?;
        *unanswered = outcome.unanswered.map(|retry_after| Unanswered {
            at: Instant::now(),
            retry_after,
        });
        outcome.checked(key).map(drop)
    }

    /// Asks GitHub at once about a repository that something is to be changed in, whatever it said before.
    ///
    /// # Errors
    /// The key does not reach the repository, or GitHub does not answer.
    pub(super) async fn confirm_now(
        &self,
        key: &ApiKeyRecord,
        repository: RepositoryId,
    ) -> Result<(), Problem> {
        if key.owner.person().is_none() {
            return Ok(());
        }
        let mut all = self.store.key_repositories(&key.prefix).await?;
        all.retain(|known| known.id == repository);
        if all.is_empty() {
            return Err(Problem::not_found());
        }
        let outcome = self.ask(key, all).await?;
        match outcome.checked(key)? {
            true => Err(Problem::not_found()),
            false => Ok(()),
        }
    }

    /// Returns the repositories of a key about which GitHub is to be asked. A key without any has ended.
    async fn stale(&self, key: &ApiKeyRecord) -> Result<Vec<KeyRepository>, Problem> {
        let mut all = self.store.key_repositories(&key.prefix).await?;
        if all.is_empty() && self.store.end_empty_key(key, now()).await? {
            return Err(ended(key, "none of its repositories is left"));
        }
        all.retain(|known| !known.is_confirmed);
        Ok(all)
    }

    /// Asks GitHub about some of a key's repositories, and records what it says.
    async fn ask(
        &self,
        key: &ApiKeyRecord,
        repositories: Vec<KeyRepository>,
    ) -> Result<Outcome, Problem> {
        // Before GitHub is asked: its word is no newer.
        let asked_at = self.store.now().await?;
        let deadline = Instant::now() + LIMIT;
        let checks = repositories.into_iter().map(|repository| {
            let check = repository
                .name
                .as_ref()
                .and_then(|_| check(key, repository.id));
            answer(self.access.clone(), repository, check, deadline)
        });
        let checks: Vec<_> = checks.collect();
        let answers: Vec<_> = stream::iter(checks)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut outcome = Outcome::default();
        for (repository, answer) in answers {
            let reason = match answer {
                Ok(WriteAccess::Granted) => {
                    let confirming =
                        self.store
                            .confirm_key_repository(&key.prefix, repository.id, asked_at);
                    confirming.await?;
                    continue;
                }
                Ok(access) => reason(access, &key.created_by),
                Err(unknown) => {
                    let reason = &unknown.reason;
                    tracing::warn!(
                        reason,
                        "GitHub does not say whether a key's person may write"
                    );
                    let longest = outcome.unanswered.unwrap_or_default();
                    outcome.unanswered = Some(unknown.retry_after.max(longest));
                    continue;
                }
            };
            let name = match &repository.name {
                Some(name) => name.to_string(),
                None => repository.id.to_string(),
            };
            let lost = LostRepository {
                id: repository.id,
                name: &name,
                reason: &reason,
            };
            outcome.is_narrowed = true;
            if self.store.narrow_key(key, lost, now()).await? {
                outcome.ended = Some(reason);
            }
        }
        Ok(outcome)
    }

    fn turn(&self, prefix: &str) -> Arc<Turn> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let is_of_use = |turn: &Arc<Turn>| match turn.try_lock() {
            Ok(last) => last.is_some_and(|last| last.is_too_early()),
            Err(_) => true,
        };
        turns.retain(|_, turn| Arc::strong_count(turn) > 1 || is_of_use(&*turn));
        turns.entry(prefix.to_owned()).or_default().clone()
    }
}

impl Outcome {
    /// Returns whether the key lost a repository, and goes on.
    fn checked(self, key: &ApiKeyRecord) -> Result<bool, Problem> {
        match (self.ended, self.unanswered) {
            (Some(reason), _) => Err(ended(key, &reason)),
            (None, Some(retry_after)) => Err(away(retry_after)),
            (None, None) => Ok(self.is_narrowed),
        }
    }
}

/// Returns what GitHub is to be asked; `None` for an organisation's key.
fn check(key: &ApiKeyRecord, repository: RepositoryId) -> Option<WriteCheck> {
    Some(WriteCheck {
        installation: key.installation,
        repository,
        login: key.created_by.clone(),
        person: key.owner.person()?,
    })
}

/// Asks GitHub about a repository, until a moment. Without a name the installation lost it.
async fn answer(
    access: Option<Arc<dyn AccessChecker>>,
    repository: KeyRepository,
    check: Option<WriteCheck>,
    deadline: Instant,
) -> (KeyRepository, Result<WriteAccess, AccessUnknown>) {
    let unknown = |reason: &str| {
        Err(AccessUnknown {
            reason: reason.to_owned(),
            retry_after: RETRY,
        })
    };
    let answer = match (access, check) {
        (_, None) => Ok(WriteAccess::RepositoryLost),
        (None, Some(_)) => unknown("this server does not act as an App"),
        (Some(access), Some(check)) => {
            let answer = timeout_at(deadline, access.write_access(check)).await;
            answer.unwrap_or_else(|_| unknown("it did not answer in time"))
        }
    };
    (repository, answer)
}

/// Writes why a key loses a repository.
fn reason(access: WriteAccess, login: &str) -> String {
    match access {
        WriteAccess::NobodyThere => {
            format!("nobody at GitHub is `{login}` any more, or somebody else is")
        }
        WriteAccess::RepositoryLost => "DriftGuard does not see it any more".to_owned(),
        WriteAccess::Denied | WriteAccess::Granted => {
            format!("GitHub says that `{login}` may not write to it any more")
        }
    }
}

fn ended(key: &ApiKeyRecord, reason: &str) -> Problem {
    let detail = format!("the key `{}` has ended: {reason}", key.prefix);
    Problem::new(StatusCode::UNAUTHORIZED, detail)
}

fn away(retry_after: Duration) -> Problem {
    let detail = "GitHub does not say whether the key's person may still write to its repositories, so nothing is shown \
                  and nothing was done: try again later";
    Problem::unavailable(detail, retry_after)
}
