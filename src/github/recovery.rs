//! The end of an outage: looked for while it lasts.

use super::app::{Caller, GitHub};
use serde_json::Value;
use std::time::Duration;

/// How often GitHub is looked for while it is away.
const LOOK: Duration = Duration::from_secs(2);

impl GitHub {
    /// Ends once GitHub is back after it counted as away. Until then it is looked for, so that what waits for it need not
    /// ask in vain.
    pub async fn recovered(&self) {
        loop {
            tokio::select! {
                () = self.gate().back() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            if self.gate().is_away() {
                // What comes of it is noted by the gate.
                let _ = self.get::<Value>(Caller::App, "/app").await;
            }
        }
    }
}
