//! What each person sees, as GitHub tells with that person's token; kept for minutes, in memory.

use super::kept::{Kept, MAX_AGE};
use super::session::{Session, Sessions};
use super::visible::VisibleRepositories;
use crate::github::{Listed, UserAccess, UserAccessError, UserInstallation, UserRepository};
use crate::model::{InstallationId, RepositoryId};
use crate::web::page_error::PageError;
use secrecy::SecretString;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// How many sessions' answers are kept.
const MAX_SESSIONS: usize = 1_000;
/// How many repositories are kept of all sessions together.
const MAX_REPOSITORIES: usize = 200_000;

/// Whether a person owns an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Ownership {
    /// The person owns it.
    Owner,
    /// Somebody else does.
    Other,
    /// GitHub does not tell: the account did not grant the App *Members: read*.
    Unknown,
}

impl Ownership {
    fn of(is_owner: bool) -> Self {
        if is_owner { Self::Owner } else { Self::Other }
    }
}

/// GitHub's answers about installations.
type ByInstallation<T> = Mutex<HashMap<InstallationId, Arc<Kept<T>>>>;

/// GitHub's answers of one session.
#[derive(Default)]
struct Answers {
    installations: Arc<Kept<Arc<Listed<UserInstallation>>>>,
    repositories: ByInstallation<Arc<VisibleRepositories>>,
    ownership: ByInstallation<Ownership>,
    /// Held while the session's token is read: it is renewed once at a time.
    token: tokio::sync::Mutex<()>,
}

impl Answers {
    /// Counts the repositories that are kept.
    fn repositories(&self) -> usize {
        let all = self.repositories.lock();
        let all = all.unwrap_or_else(PoisonError::into_inner);
        let known = all.values().filter_map(|kept| kept.known(MAX_AGE));
        known.map(|visible| visible.count()).sum()
    }
}

/// Returns the answer about an installation, and drops those that nobody uses.
fn about<T: Clone + Send + 'static>(
    all: &ByInstallation<T>,
    installation: InstallationId,
) -> Arc<Kept<T>> {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|_, kept| Arc::strong_count(kept) > 1 || kept.known(MAX_AGE).is_some());
    all.entry(installation).or_default().clone()
}

/// One session's place in memory.
struct Place {
    answers: Arc<Answers>,
    used: Instant,
    repositories: usize,
}

/// What people see.
pub(in crate::web) struct Rights {
    pub(super) sessions: Sessions,
    github: UserAccess,
    places: Mutex<HashMap<String, Place>>,
}

impl Rights {
    pub(super) fn new(sessions: Sessions, github: UserAccess) -> Self {
        Self {
            sessions,
            github,
            places: Mutex::default(),
        }
    }

    /// Returns the installations that a person sees.
    pub async fn installations(
        self: &Arc<Self>,
        session: &Session,
        now: i64,
    ) -> Result<Arc<Listed<UserInstallation>>, PageError> {
        let ask = self.clone().list_installations(session.clone(), now);
        self.answers(session).installations.get(ask).await
    }

    async fn list_installations(
        self: Arc<Self>,
        session: Session,
        now: i64,
    ) -> Result<Arc<Listed<UserInstallation>>, PageError> {
        let token = self.token(&session, now).await?;
        let listed = self.github.installations(&token).await;
        Ok(Arc::new(self.checked(&session, listed).await?))
    }

    /// Returns the repositories of an installation that a person may look at.
    pub async fn repositories(
        self: &Arc<Self>,
        session: &Session,
        installation: InstallationId,
        now: i64,
    ) -> Result<Arc<VisibleRepositories>, PageError> {
        let answers = self.answers(session);
        let ask = self.clone();
        let ask = ask.list_repositories(session.clone(), installation, now);
        let visible = about(&answers.repositories, installation).get(ask).await?;
        self.weigh(session, answers.repositories());
        Ok(visible)
    }

    /// Asks GitHub now for the repositories of an installation that a person may look at, whatever was answered before.
    pub async fn ask_repositories(
        self: &Arc<Self>,
        session: &Session,
        installation: InstallationId,
        now: i64,
    ) -> Result<Arc<VisibleRepositories>, PageError> {
        let answers = self.answers(session);
        let ask = self.clone();
        let ask = ask.list_repositories(session.clone(), installation, now);
        let kept = about(&answers.repositories, installation);
        let visible = kept.ask_now(ask).await?;
        self.weigh(session, answers.repositories());
        Ok(visible)
    }

    async fn list_repositories(
        self: Arc<Self>,
        session: Session,
        installation: InstallationId,
        now: i64,
    ) -> Result<Arc<VisibleRepositories>, PageError> {
        let token = self.token(&session, now).await?;
        let listed = self.github.repositories(&token, installation).await;
        let listed = self.checked(&session, listed).await?;
        Ok(Arc::new(VisibleRepositories::of(listed)))
    }

    /// Asks GitHub about a repository of an installation now, whatever was answered before; `None` where the person does
    /// not see it.
    pub async fn ask_about(
        &self,
        session: &Session,
        installation: InstallationId,
        repository: RepositoryId,
        now: i64,
    ) -> Result<Option<UserRepository>, PageError> {
        let token = self.token(session, now).await?;
        let found = self.github.repository(&token, installation, repository);
        let found = found.await;
        self.checked(session, found).await
    }

    /// Asks GitHub now whether the person owns an account, whatever was answered before.
    pub async fn ask_ownership(
        self: &Arc<Self>,
        session: &Session,
        account: &UserInstallation,
        now: i64,
    ) -> Result<Ownership, PageError> {
        if let Some(known) = without_asking(session, account) {
            return Ok(known);
        }
        let ask = self.clone();
        let ask = ask.find_ownership(session.clone(), account.clone(), now);
        let answers = self.answers(session);
        about(&answers.ownership, account.id).ask_now(ask).await
    }

    /// Returns whether the person owned an account when GitHub was asked lately; unknown while GitHub does not answer.
    pub async fn ownership(
        self: &Arc<Self>,
        session: &Session,
        account: &UserInstallation,
        now: i64,
    ) -> Result<Ownership, PageError> {
        if let Some(known) = without_asking(session, account) {
            return Ok(known);
        }
        let ask = self.clone();
        let ask = ask.find_ownership(session.clone(), account.clone(), now);
        let answers = self.answers(session);
        match about(&answers.ownership, account.id).get(ask).await {
            Err(PageError::GithubAway(problem)) => {
                tracing::warn!(
                    problem,
                    "GitHub does not tell whether a person owns an account"
                );
                Ok(Ownership::Unknown)
            }
            answer => answer,
        }
    }

    async fn find_ownership(
        self: Arc<Self>,
        session: Session,
        account: UserInstallation,
        now: i64,
    ) -> Result<Ownership, PageError> {
        let token = self.token(&session, now).await?;
        let asked = self.github.owns(&token, &account).await;
        Ok(Ownership::of(self.checked(&session, asked).await?))
    }

    /// Forgets a session's answers.
    pub(super) fn forget(&self, session: &Session) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.remove(&session.key);
    }

    async fn token(&self, session: &Session, now: i64) -> Result<SecretString, PageError> {
        let answers = self.answers(session);
        let _turn = answers.token.lock().await;
        self.sessions.token(session, now).await
    }

    /// Ends a session whose token GitHub no longer accepts.
    async fn checked<T>(
        &self,
        session: &Session,
        answer: Result<T, UserAccessError>,
    ) -> Result<T, PageError> {
        let answer = answer.map_err(PageError::from);
        if matches!(answer, Err(PageError::SignedOut)) {
            self.forget(session);
            self.sessions.forget(session).await?;
        }
        answer
    }

    fn answers(&self, session: &Session) -> Arc<Answers> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        places.retain(|_, place| place.used.elapsed() < MAX_AGE);
        if !places.contains_key(&session.key) {
            make_room(&mut places, MAX_SESSIONS - 1, usize::MAX);
        }
        let place = places.entry(session.key.clone()).or_insert_with(|| Place {
            answers: Arc::default(),
            used: now,
            repositories: 0,
        });
        place.used = now;
        place.answers.clone()
    }

    fn weigh(&self, session: &Session, repositories: usize) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get_mut(&session.key) {
            place.repositories = repositories;
        }
        make_room(&mut places, MAX_SESSIONS, MAX_REPOSITORIES);
    }
}

/// Returns whether a person owns an account, where GitHub need not be asked, or would not tell: a personal account is its
/// person's.
fn without_asking(session: &Session, account: &UserInstallation) -> Option<Ownership> {
    if account.is_personal {
        return Some(Ownership::of(account.account_id == session.person));
    }
    (!account.grants_members).then_some(Ownership::Unknown)
}

/// Drops the answers that were not used for longest, until few enough are left.
fn make_room(places: &mut HashMap<String, Place>, sessions: usize, repositories: usize) {
    let count = |places: &HashMap<String, Place>| places.values().map(|it| it.repositories).sum();
    let mut total: usize = count(places);
    while places.len() > sessions || total > repositories {
        let oldest = places.iter().min_by_key(|(_, place)| place.used);
        let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
            return;
        };
        places.remove(&oldest);
        total = count(places);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn memory_is_bounded_and_who_was_not_here_for_longest_goes_first() {
        let start = Instant::now();
        let place = |second: u64, repositories| Place {
            answers: Arc::default(),
            used: start + Duration::from_secs(second),
            repositories,
        };
        let mut places = HashMap::from([
            ("a".to_owned(), place(3, 10)),
            ("b".to_owned(), place(1, 5)),
            ("c".to_owned(), place(2, 7)),
        ]);
        make_room(&mut places, 3, 17);
        assert!(places.len() == 2 && !places.contains_key("b"));
        make_room(&mut places, 1, 17);
        assert!(places.len() == 1 && places.contains_key("a"));
    }
}
