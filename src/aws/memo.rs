//! What was read once for one account is not read again for its next stack.

use crate::model::Reason;
use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

type Shared = Arc<dyn Any + Send + Sync>;

/// Answers by what was asked.
#[derive(Default)]
pub(super) struct Memo(Mutex<HashMap<String, Arc<OnceCell<Shared>>>>);

impl Memo {
    /// What `ask` answered the first time this was asked. A failure is not kept.
    pub(super) async fn once<T, F>(&self, question: String, ask: F) -> Result<Arc<T>, Reason>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T, Reason>>,
    {
        let cell = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(question.clone()).or_default().clone()
        };
        let ask = || async { Ok(Arc::new(ask.await?) as Shared) };
        let answer = cell.get_or_try_init(ask).await?.clone();
        answer.downcast().map_err(|_| Reason::Failed {
            message: format!("`{question}` is asked for two kinds of answer: this is a defect"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_is_asked_once_unless_the_answer_failed() {
        let memo = Memo::default();
        let ask = |answer: Result<u8, Reason>| memo.once("n".to_owned(), async { answer });
        assert!(ask(Err(Reason::Throttled)).await.is_err());
        assert_eq!(ask(Ok(1)).await.as_deref(), Ok(&1));
        assert_eq!(ask(Ok(2)).await.as_deref(), Ok(&1));
    }
}
