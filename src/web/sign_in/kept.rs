//! Keeps an answer of GitHub's for minutes. Where it is not new any more it is asked for again while pages still show it; a
//! page waits for GitHub only where it is too old.

use crate::web::page_error::PageError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// At which age an answer is asked for again.
const DUE: Duration = Duration::from_secs(3 * 60);
/// How old an answer is that counts.
pub(super) const MAX_AGE: Duration = Duration::from_secs(5 * 60);
/// How long after a question in the background that got no answer the next one is asked.
const RETRY: Duration = Duration::from_secs(30);

/// An answer of GitHub's.
pub(super) struct Kept<T> {
    state: Mutex<State<T>>,
    /// Held while GitHub is asked: whoever waits for it takes the answer.
    turn: tokio::sync::Mutex<()>,
}

struct State<T> {
    /// The answer, and when it was asked for.
    known: Option<(Instant, T)>,
    /// When it was asked for in the background, since it is known.
    refreshed: Option<Instant>,
    /// When GitHub did not answer, and why.
    away: Option<(Instant, String)>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }
}

impl<T> Default for State<T> {
    fn default() -> Self {
        Self {
            known: None,
            refreshed: None,
            away: None,
        }
    }
}

impl<T: Clone + Send + 'static> Kept<T> {
    /// Returns the answer, and asks for it where it is not known or due.
    ///
    /// # Errors
    /// GitHub was asked, and this is what came of it.
    pub async fn get(
        self: &Arc<Self>,
        ask: impl Future<Output = Result<T, PageError>> + Send + 'static,
    ) -> Result<T, PageError> {
        let begun = Instant::now();
        if let Some(known) = self.known(MAX_AGE) {
            if self.begins_refresh() {
                let kept = self.clone();
                tokio::spawn(async move { kept.refresh(ask).await });
            }
            return Ok(known);
        }
        let _turn = self.turn.lock().await;
        if let Some(known) = self.known(MAX_AGE) {
            return Ok(known);
        }
        match &self.lock().away {
            Some((at, problem)) if *at >= begun => {
                return Err(PageError::GithubAway(problem.clone()));
            }
            _ => {}
        }
        self.ask(ask).await
    }

    /// Asks now, whatever was answered before.
    ///
    /// # Errors
    /// This is what came of it.
    pub async fn ask_now(
        &self,
        ask: impl Future<Output = Result<T, PageError>>,
    ) -> Result<T, PageError> {
        let _turn = self.turn.lock().await;
        self.lock().known = None;
        self.ask(ask).await
    }

    /// Returns the answer, unless it is older than this.
    pub fn known(&self, age: Duration) -> Option<T> {
        let state = self.lock();
        let known = state.known.as_ref();
        let known = known.filter(|(at, _)| at.elapsed() < age);
        known.map(|(_, answer)| answer.clone())
    }

    /// Returns whether the answer is to be asked for in the background, and notes that it is.
    fn begins_refresh(&self) -> bool {
        let mut state = self.lock();
        let is_new = |at: &Instant, age| at.elapsed() < age;
        let is_known = state.known.as_ref().is_some_and(|(at, _)| is_new(at, DUE));
        let is_asked = state.refreshed.is_some_and(|at| is_new(&at, RETRY));
        if is_known || is_asked {
            return false;
        }
        state.refreshed = Some(Instant::now());
        true
    }

    async fn refresh(&self, ask: impl Future<Output = Result<T, PageError>>) {
        let _turn = self.turn.lock().await;
        if self.known(DUE).is_some() {
            return;
        }
        if let Err(error) = self.ask(ask).await {
            let error = error.to_string();
            tracing::warn!(error, "what a person sees was not asked for anew");
        }
    }

    async fn ask(&self, ask: impl Future<Output = Result<T, PageError>>) -> Result<T, PageError> {
        // Before GitHub is asked: its word is no newer.
        let asked_at = Instant::now();
        let answer = ask.await;
        let mut state = self.lock();
        match &answer {
            Ok(known) => {
                *state = State {
                    known: Some((asked_at, known.clone())),
                    ..State::default()
                };
            }
            Err(PageError::GithubAway(problem)) => {
                state.away = Some((Instant::now(), problem.clone()));
            }
            Err(PageError::NotFound | PageError::SignedOut) => state.known = None,
            Err(PageError::Internal(_)) => {}
        }
        drop(state);
        answer
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures::future::join_all;
    use std::sync::atomic::{AtomicU64, Ordering};

    const MINUTE: Duration = Duration::from_secs(60);

    fn away() -> PageError {
        PageError::GithubAway("it is on fire".to_owned())
    }

    /// Makes an answer older.
    fn grow_older(kept: &Kept<u64>, by: Duration) {
        let mut state = kept.lock();
        let earlier = |at: Instant| at.checked_sub(by).unwrap();
        state.known = state.known.map(|(at, answer)| (earlier(at), answer));
        state.refreshed = state.refreshed.map(earlier);
    }

    async fn asks_no_more() -> Result<u64, PageError> {
        unreachable!("GitHub is asked")
    }

    /// Waits until a question in the background is over.
    async fn background(kept: &Kept<u64>) {
        tokio::task::yield_now().await;
        drop(kept.turn.lock().await);
    }

    #[tokio::test]
    async fn an_answer_is_asked_for_anew_while_it_still_counts() {
        let kept = Arc::new(Kept::default());
        assert_eq!(kept.get(async { Ok(1) }).await.unwrap(), 1);
        grow_older(&kept, 2 * MINUTE);
        assert_eq!(kept.get(asks_no_more()).await.unwrap(), 1);
        grow_older(&kept, 2 * MINUTE);
        assert_eq!(kept.get(async { Ok(2) }).await.unwrap(), 1, "nobody waits");
        background(&kept).await;
        assert_eq!(kept.get(asks_no_more()).await.unwrap(), 2);

        // While GitHub does not answer, it is not asked by every page.
        grow_older(&kept, 4 * MINUTE);
        for _ in 0..2 {
            assert_eq!(kept.get(async { Err(away()) }).await.unwrap(), 2);
            background(&kept).await;
            assert_eq!(kept.get(asks_no_more()).await.unwrap(), 2);
            grow_older(&kept, RETRY);
        }
        let late = kept.get(async { Err(away()) }).await;
        assert!(matches!(late, Err(PageError::GithubAway(_))), "{late:?}");
    }

    #[tokio::test]
    async fn an_answer_that_is_too_old_is_waited_for() {
        let kept = Arc::new(Kept::default());
        kept.get(async { Ok(1) }).await.unwrap();
        grow_older(&kept, MAX_AGE);
        assert_eq!(kept.get(async { Ok(2) }).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn what_is_gone_is_shown_no_more() {
        let kept = Arc::new(Kept::default());
        kept.get(async { Ok(1) }).await.unwrap();
        grow_older(&kept, DUE);
        let last = kept.get(async { Err(PageError::NotFound) }).await;
        assert_eq!(last.unwrap(), 1);
        background(&kept).await;
        assert_eq!(kept.get(async { Ok(2) }).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn those_who_ask_at_once_ask_once() {
        for answer in [Ok(7), Err("it is on fire")] {
            let kept = Arc::<Kept<u64>>::default();
            let asked = Arc::new(AtomicU64::new(0));
            let all = (0..5).map(|_| {
                let (kept, asked) = (kept.clone(), asked.clone());
                let ask = async move {
                    asked.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                    answer.map_err(|problem: &str| PageError::GithubAway(problem.to_owned()))
                };
                async move { kept.get(ask).await }
            });
            let answers = join_all(all).await;
            assert!(answers.iter().all(|got| got.is_ok() == answer.is_ok()));
            assert_eq!(asked.load(Ordering::Relaxed), 1, "{answer:?}");
        }
    }
}
