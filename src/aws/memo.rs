//! What was read once for one account is not read again for its next stack.

use crate::model::Reason;
use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

type Shared = Result<Arc<dyn Any + Send + Sync>, Reason>;

/// Answers by what was asked, and the reasons why there is none.
#[derive(Default)]
pub(super) struct Memo(Mutex<HashMap<String, Arc<OnceCell<Shared>>>>);

impl Memo {
    /// What `ask` answered the first time this was asked. A failure is kept as well: each call was tried again by itself,
    /// and whoever asks next would wait as long for the same.
    pub(super) async fn once<T, F>(&self, question: String, ask: F) -> Result<Arc<T>, Reason>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T, Reason>>,
    {
        let cell = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(question.clone()).or_default().clone()
        };
        let ask = || async { ask.await.map(|answer| Arc::new(answer) as Arc<_>) };
        let answer = cell.get_or_init(ask).await.clone()?;
        answer.downcast().map_err(|_| Reason::Failed {
            message: format!("`{question}` is asked for two kinds of answer: this is a defect"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_is_asked_once_whatever_the_answer() {
        let memo = Memo::default();
        let ask = |question: &str, answer: Result<u8, Reason>| {
            memo.once(question.to_owned(), async { answer })
        };
        assert_eq!(ask("n", Ok(1)).await.as_deref(), Ok(&1));
        assert_eq!(ask("n", Ok(2)).await.as_deref(), Ok(&1));
        assert!(ask("m", Err(Reason::Throttled)).await.is_err());
        assert_eq!(ask("m", Ok(2)).await, Err(Reason::Throttled));
    }
}
