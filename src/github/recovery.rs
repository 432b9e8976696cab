//! Detects the end of an outage.

use super::app::GitHub;
use super::caller::Caller;
use serde_json::Value;
use std::time::Duration;

/// How often GitHub is checked while it counts as down.
const PROBE_INTERVAL: Duration = Duration::from_secs(2);

impl GitHub {
    /// Completes once GitHub is back after it counted as down. Checks for that meanwhile, so that waiting jobs need not
    /// try in vain.
    pub async fn recovered(&self) {
        loop {
            tokio::select! {
                () = self.gate().recovered() => return,
                () = tokio::time::sleep(PROBE_INTERVAL) => {}
            }
            if self.gate().is_away() {
                // What comes of it is noted by the gate.
                let _ = self.get::<Value>(Caller::App, "/app").await;
            }
        }
    }
}
