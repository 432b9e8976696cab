//! Limits how many codes are exchanged at once, of all senders and of each: so nobody keeps the others from signing in.

use crate::web::senders::Sender;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many codes are exchanged at once: half of the requests that people's sign-ins and pages send to GitHub together.
const ALL: usize = 8;
/// How many codes of one sender are exchanged at once.
const OF_A_SENDER: usize = 2;
/// How long a sign-in waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// The turns to exchange a code.
pub(super) struct Turns {
    all: Arc<Semaphore>,
    /// The turns of each sender that has or waits for one.
    senders: Mutex<HashMap<IpAddr, Weak<Semaphore>>>,
    /// How long a sign-in waits.
    patience: Duration,
}

/// A turn, which ends when it is dropped.
pub(super) struct Turn {
    _own: Option<OwnedSemaphorePermit>,
    _shared: OwnedSemaphorePermit,
}

impl Turns {
    pub fn new() -> Self {
        Self {
            all: Arc::new(Semaphore::new(ALL)),
            senders: Mutex::default(),
            patience: PATIENCE,
        }
    }

    /// Waits for a turn; `None` where none came in time. A sender waits for its own turns first: only as many of its
    /// sign-ins stand in the way of others as it may have turns.
    pub async fn wait(&self, sender: Sender) -> Option<Turn> {
        let turn = async {
            let own = match sender {
                Sender::Named(sender) => Some(self.of(sender).acquire_owned().await.ok()?),
                // A proxy's people share the turns of all.
                Sender::Unnamed(_) => None,
            };
            let shared = self.all.clone().acquire_owned().await.ok()?;
            Some(Turn {
                _own: own,
                _shared: shared,
            })
        };
        tokio::time::timeout(self.patience, turn)
            .await
            .ok()
            .flatten()
    }

    fn of(&self, sender: IpAddr) -> Arc<Semaphore> {
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        senders.retain(|_, turns| turns.strong_count() > 0);
        if let Some(turns) = senders.get(&sender).and_then(Weak::upgrade) {
            return turns;
        }
        let turns = Arc::new(Semaphore::new(OF_A_SENDER));
        senders.insert(sender, Arc::downgrade(&turns));
        turns
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn named(text: &str) -> Sender {
        Sender::Named(text.parse().unwrap())
    }

    #[tokio::test]
    async fn a_sender_takes_no_more_than_its_turns_from_the_others() {
        let turns = Turns::new();
        let (mallory, alice) = (named("198.51.100.1"), named("198.51.100.2"));
        let mut held = Vec::new();
        while let Some(turn) = turns.wait(mallory).now_or_never() {
            held.push(turn.unwrap());
        }
        assert_eq!(held.len(), OF_A_SENDER);
        // However many more of them wait.
        let waiting = (0..3 * ALL).map(|_| Box::pin(turns.wait(mallory)));
        let mut waiting: Vec<_> = waiting.collect();
        assert!(waiting.iter_mut().all(|it| it.now_or_never().is_none()));
        assert!(turns.wait(alice).await.is_some());
        drop((held, waiting));
        assert!(turns.wait(mallory).await.is_some());
        drop(turns.wait(alice).await);
        assert!(turns.senders.lock().unwrap().len() <= 1, "none is kept");
    }

    #[tokio::test]
    async fn a_sign_in_waits_for_its_turn_and_not_for_ever() {
        let mut turns = Turns::new();
        let proxy = Sender::Unnamed("10.0.0.1".parse().unwrap());
        let mut held = Vec::new();
        for _ in 0..ALL {
            held.push(turns.wait(proxy).await.unwrap());
        }
        let mut waiting = Box::pin(turns.wait(proxy));
        assert!(waiting.as_mut().now_or_never().is_none());
        held.clear();
        held.extend(waiting.await);
        assert_eq!(held.len(), 1, "it waited for its turn");
        turns.patience = Duration::ZERO;
        while let Some(turn) = turns.wait(proxy).await {
            held.push(turn);
        }
        assert_eq!(held.len(), ALL);
    }
}
