//! Uses a part of the connections, so that the others are left for whoever else has the pool: however many people look at
//! pages, and however slowly the database answers them, jobs and deliveries need not wait behind them.

use super::handle::{Handle, QueryStep};
use futures::TryStreamExt;
use sqlx::{Any, Execute, Executor};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// A handle that uses so many connections at once.
#[derive(Debug)]
pub(super) struct Share {
    handle: Handle,
    turns: Semaphore,
}

impl Share {
    /// Uses at most so many connections of a handle.
    pub(super) fn new(handle: Handle, most: usize) -> Arc<Self> {
        Arc::new(Self {
            handle,
            turns: Semaphore::new(most),
        })
    }

    /// Returns the handle that is shared.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Runs a statement in its turn.
    pub(super) async fn run<'q, E>(&self, query: E) -> sqlx::Result<Vec<QueryStep>>
    where
        E: 'q + Execute<'q, Any>,
    {
        let turn = self.turns.acquire().await;
        let _turn = turn.map_err(|_| sqlx::Error::PoolClosed)?;
        self.handle.fetch_many(query).try_collect().await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use sqlx::any::{AnyPoolOptions, install_default_drivers};
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test]
    async fn whoever_waits_for_a_turn_keeps_nobody_else_from_reading() {
        install_default_drivers();
        let name = format!("driftguard-share-{}.db", std::process::id());
        let file = std::env::temp_dir().join(name);
        let url = format!("sqlite://{}", file.display());
        let handle = Handle::connect(&url, AnyPoolOptions::new()).await.unwrap();
        let share = Share::new(handle.clone(), 1);
        let all = Handle::Share(share.clone());
        let turn = share.turns.acquire().await.unwrap();
        let read = |handle: Handle| async move {
            let answer = sqlx::query_scalar::<_, i64>("select 1").fetch_one(&handle);
            timeout(Duration::from_millis(100), answer).await
        };
        assert!(read(all.clone()).await.is_err());
        assert_eq!(read(handle).await.unwrap().unwrap(), 1);
        drop(turn);
        assert_eq!(read(all).await.unwrap().unwrap(), 1);
        std::fs::remove_file(file).unwrap();
    }
}
