//! Caches what was read of an account for the next stack of the same scan.

use crate::model::Reason;
use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

type CachedAnswer = Result<Arc<dyn Any + Send + Sync>, Reason>;

/// Cached answers and failures, by key.
#[derive(Default)]
pub(super) struct Memo(Mutex<HashMap<String, Arc<OnceCell<CachedAnswer>>>>);

impl Memo {
    /// Returns the cached answer, or fetches it. A failure is cached as well: the call was retried already, and another
    /// stack would wait as long for the same failure.
    pub(super) async fn get_or_fetch<T, F>(&self, key: String, fetch: F) -> Result<Arc<T>, Reason>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T, Reason>>,
    {
        let cell = {
            let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            cells.entry(key.clone()).or_default().clone()
        };
        let fetch = || async { fetch.await.map(|answer| Arc::new(answer) as Arc<_>) };
        let answer = cell.get_or_init(fetch).await.clone()?;
        answer.downcast().map_err(|_| Reason::Failed {
            message: format!("`{key}` is asked for two kinds of answer: this is a defect"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_is_asked_once_whatever_the_answer() {
        let memo = Memo::default();
        let fetch = |key: &str, answer: Result<u8, Reason>| {
            memo.get_or_fetch(key.to_owned(), async { answer })
        };
        assert_eq!(fetch("n", Ok(1)).await.as_deref(), Ok(&1));
        assert_eq!(fetch("n", Ok(2)).await.as_deref(), Ok(&1));
        assert!(fetch("m", Err(Reason::Throttled)).await.is_err());
        assert_eq!(fetch("m", Ok(2)).await, Err(Reason::Throttled));
    }
}
