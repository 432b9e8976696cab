//! What each person sees, as GitHub tells with that person's token; kept for minutes, in memory.

use super::session::{Session, Sessions};
use crate::github::{Listed, UserAccess, UserAccessError, UserInstallation, UserRepository};
use crate::model::{InstallationId, RepositoryId, RepositoryName};
use crate::web::page_error::PageError;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long GitHub's answer is kept.
const FRESH: Duration = Duration::from_secs(3 * 60);
/// How many sessions' answers are kept.
const MAX_SESSIONS: usize = 1_000;
/// How many repositories are kept of all sessions together.
const MAX_REPOSITORIES: usize = 200_000;

/// A repository that a person may look at.
#[derive(Debug)]
struct SeenRepository {
    name: RepositoryName,
    may_write: bool,
}

/// The repositories of an installation that a person may look at.
#[derive(Debug, Default)]
pub(in crate::web) struct VisibleRepositories {
    seen: HashMap<RepositoryId, SeenRepository>,
    /// Whether GitHub lists more than were read.
    pub is_cut: bool,
}

impl VisibleRepositories {
    /// Keeps the repositories that a person may look at.
    fn of(listed: Listed<UserRepository>) -> Self {
        let visible = listed.items.into_iter().filter(UserRepository::is_visible);
        let seen = visible.map(|found| {
            let seen = SeenRepository {
                name: found.name,
                may_write: found.may_write,
            };
            (found.id, seen)
        });
        Self {
            seen: seen.collect(),
            is_cut: listed.is_cut,
        }
    }

    /// Returns the name of a repository; `None` where the person may not look at it.
    pub fn name(&self, id: RepositoryId) -> Option<&RepositoryName> {
        Some(&self.seen.get(&id)?.name)
    }

    /// Returns the repositories that the person could write to when GitHub was asked, by name.
    pub fn writable(&self) -> Vec<(RepositoryId, &RepositoryName)> {
        let writable = self.seen.iter().filter(|(_, seen)| seen.may_write);
        let mut all: Vec<_> = writable.map(|(id, seen)| (*id, &seen.name)).collect();
        all.sort_by_key(|(id, name)| (name.to_string(), id.0));
        all
    }

    /// Returns whether the person could write to a repository when GitHub was asked. Whoever acts asks again.
    pub fn may_write(&self, id: RepositoryId) -> bool {
        self.seen.get(&id).is_some_and(|seen| seen.may_write)
    }

    /// Returns the ids of the repositories whose names hold a text, in capitals or not.
    pub fn ids(&self, part: &str) -> Vec<RepositoryId> {
        let part = part.to_lowercase();
        let fitting = self.seen.iter();
        let fitting = fitting.filter(|(_, seen)| seen.name.to_string().contains(&part));
        fitting.map(|(id, _)| *id).collect()
    }

    /// Returns the id of a repository; `None` where the person may not look at it.
    pub fn id(&self, name: &RepositoryName) -> Option<RepositoryId> {
        let mut found = self.seen.iter().filter(|(_, seen)| seen.name == *name);
        found.next().map(|(id, _)| *id)
    }
}

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

/// GitHub's answers of one session.
#[derive(Default)]
struct Answers {
    installations: Option<(Instant, Arc<Listed<UserInstallation>>)>,
    repositories: HashMap<InstallationId, (Instant, Arc<VisibleRepositories>)>,
    ownership: HashMap<InstallationId, (Instant, Ownership)>,
}

/// One session's place in memory.
struct Kept {
    answers: Arc<tokio::sync::Mutex<Answers>>,
    used: Instant,
    repositories: usize,
}

/// What people see.
pub(in crate::web) struct Rights {
    pub(super) sessions: Sessions,
    github: UserAccess,
    kept: Mutex<HashMap<String, Kept>>,
}

impl Rights {
    pub(super) fn new(sessions: Sessions, github: UserAccess) -> Self {
        Self {
            sessions,
            github,
            kept: Mutex::default(),
        }
    }

    /// Returns the installations that a person sees.
    pub async fn installations(
        &self,
        session: &Session,
        now: i64,
    ) -> Result<Arc<Listed<UserInstallation>>, PageError> {
        let answers = self.answers(session);
        let mut answers = answers.lock().await;
        if let Some((at, known)) = &answers.installations
            && at.elapsed() < FRESH
        {
            return Ok(known.clone());
        }
        answers.installations = None;
        let token = self.token(session, now).await?;
        let listed = self.github.installations(&token).await;
        let listed = Arc::new(self.checked(session, listed).await?);
        answers.installations = Some((Instant::now(), listed.clone()));
        Ok(listed)
    }

    /// Returns the repositories of an installation that a person may look at.
    pub async fn repositories(
        &self,
        session: &Session,
        installation: InstallationId,
        now: i64,
    ) -> Result<Arc<VisibleRepositories>, PageError> {
        let answers = self.answers(session);
        let mut answers = answers.lock().await;
        answers
            .repositories
            .retain(|_, (at, _)| at.elapsed() < FRESH);
        if let Some((_, known)) = answers.repositories.get(&installation) {
            return Ok(known.clone());
        }
        self.list_repositories(session, installation, &mut answers, now)
            .await
    }

    /// Asks GitHub now for the repositories of an installation that a person may look at, whatever was answered before.
    pub async fn ask_repositories(
        &self,
        session: &Session,
        installation: InstallationId,
        now: i64,
    ) -> Result<Arc<VisibleRepositories>, PageError> {
        let answers = self.answers(session);
        let mut answers = answers.lock().await;
        answers.repositories.remove(&installation);
        self.list_repositories(session, installation, &mut answers, now)
            .await
    }

    async fn list_repositories(
        &self,
        session: &Session,
        installation: InstallationId,
        answers: &mut Answers,
        now: i64,
    ) -> Result<Arc<VisibleRepositories>, PageError> {
        let token = self.token(session, now).await?;
        let listed = self.github.repositories(&token, installation).await;
        let listed = self.checked(session, listed).await?;
        let visible = Arc::new(VisibleRepositories::of(listed));
        let known = (Instant::now(), visible.clone());
        answers.repositories.insert(installation, known);
        let all = answers.repositories.values();
        self.weigh(session, all.map(|(_, known)| known.seen.len()).sum());
        Ok(visible)
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
        let answers = self.answers(session);
        // A session's token is renewed once at a time.
        let _turn = answers.lock().await;
        let token = self.token(session, now).await?;
        let found = self.github.repository(&token, installation, repository);
        let found = found.await;
        self.checked(session, found).await
    }

    /// Asks GitHub now whether the person owns an account, whatever was answered before. A personal account is its
    /// person's.
    pub async fn ask_ownership(
        &self,
        session: &Session,
        account: &UserInstallation,
        now: i64,
    ) -> Result<Ownership, PageError> {
        let owner = |is_owner| {
            if is_owner {
                Ownership::Owner
            } else {
                Ownership::Other
            }
        };
        if account.is_personal {
            return Ok(owner(account.account_id == session.person));
        }
        if !account.grants_members {
            return Ok(Ownership::Unknown);
        }
        let answers = self.answers(session);
        let mut answers = answers.lock().await;
        answers.ownership.remove(&account.id);
        let token = self.token(session, now).await?;
        let asked = self.github.owns(&token, account).await;
        let ownership = owner(self.checked(session, asked).await?);
        let known = (Instant::now(), ownership);
        answers.ownership.insert(account.id, known);
        Ok(ownership)
    }

    /// Returns whether the person owned an account when GitHub was asked lately; unknown while GitHub does not answer.
    pub async fn ownership(
        &self,
        session: &Session,
        account: &UserInstallation,
        now: i64,
    ) -> Result<Ownership, PageError> {
        let answers = self.answers(session);
        let known = answers.lock().await.ownership.get(&account.id).copied();
        if let Some((at, known)) = known
            && at.elapsed() < FRESH
        {
            return Ok(known);
        }
        match self.ask_ownership(session, account, now).await {
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

    /// Forgets a session's answers.
    pub(super) fn forget(&self, session: &Session) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&session.key);
    }

    async fn token(&self, session: &Session, now: i64) -> Result<secrecy::SecretString, PageError> {
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

    fn answers(&self, session: &Session) -> Arc<tokio::sync::Mutex<Answers>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        kept.retain(|_, kept| kept.used.elapsed() < FRESH);
        if !kept.contains_key(&session.key) {
            make_room(&mut kept, MAX_SESSIONS - 1, usize::MAX);
        }
        let place = kept.entry(session.key.clone()).or_insert_with(|| Kept {
            answers: Arc::default(),
            used: now,
            repositories: 0,
        });
        place.used = now;
        place.answers.clone()
    }

    fn weigh(&self, session: &Session, repositories: usize) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = kept.get_mut(&session.key) {
            place.repositories = repositories;
        }
        make_room(&mut kept, MAX_SESSIONS, MAX_REPOSITORIES);
    }
}

/// Drops the answers that were not used for longest, until few enough are left.
fn make_room(kept: &mut HashMap<String, Kept>, sessions: usize, repositories: usize) {
    let count = |kept: &HashMap<String, Kept>| kept.values().map(|kept| kept.repositories).sum();
    let mut total: usize = count(kept);
    while kept.len() > sessions || total > repositories {
        let oldest = kept.iter().min_by_key(|(_, kept)| kept.used);
        let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
            return;
        };
        kept.remove(&oldest);
        total = count(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(id: u64, private: bool, may_read: bool, may_write: bool) -> UserRepository {
        UserRepository {
            id: RepositoryId(id),
            name: RepositoryName::new(&format!("acme/r{id}")).unwrap(),
            private,
            may_read,
            may_write,
        }
    }

    #[test]
    fn a_private_repository_wants_a_reader_and_a_public_one_a_writer() {
        let visible = VisibleRepositories::of(Listed {
            items: vec![
                repository(1, true, true, false),
                repository(2, true, false, false),
                repository(3, false, true, false),
                repository(4, false, true, true),
            ],
            is_cut: false,
        });
        let seen = [1, 2, 3, 4].map(|id| visible.name(RepositoryId(id)).is_some());
        assert_eq!(seen, [true, false, false, true]);
        let name = |id| RepositoryName::new(&format!("acme/r{id}")).unwrap();
        assert_eq!(visible.id(&name(4)), Some(RepositoryId(4)));
        assert_eq!(visible.id(&name(3)), None);
        let mut ids = visible.ids("E/R");
        ids.sort();
        assert_eq!(ids, [RepositoryId(1), RepositoryId(4)]);
        assert_eq!(visible.ids("r3"), []);
    }

    #[test]
    fn memory_is_bounded_and_who_was_not_here_for_longest_goes_first() {
        let start = Instant::now();
        let place = |second: u64, repositories| Kept {
            answers: Arc::default(),
            used: start + Duration::from_secs(second),
            repositories,
        };
        let mut kept = HashMap::from([
            ("a".to_owned(), place(3, 10)),
            ("b".to_owned(), place(1, 5)),
            ("c".to_owned(), place(2, 7)),
        ]);
        make_room(&mut kept, 3, 17);
        assert!(kept.len() == 2 && !kept.contains_key("b"));
        make_room(&mut kept, 1, 17);
        assert!(kept.len() == 1 && kept.contains_key("a"));
    }
}
