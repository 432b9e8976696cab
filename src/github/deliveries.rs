//! Deliveries that did not arrive: GitHub does not try again by itself.

use super::app::{Caller, GitHub};
use super::error::GithubError;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;

/// How many of the newest deliveries are looked at.
const LOOKED_AT: usize = 100;
/// How often one delivery is asked for again.
const MOST: usize = 3;

#[derive(Deserialize)]
struct Attempt {
    id: u64,
    guid: String,
    status_code: u16,
}

impl GitHub {
    /// Asks GitHub to deliver again what the App did not take: how many.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn redeliver(&self) -> Result<usize, GithubError> {
        let path = format!("/app/hook/deliveries?per_page={LOOKED_AT}");
        let attempts: Vec<Attempt> = self.get(Caller::App, &path).await?;
        let mut by_guid: HashMap<&str, Vec<&Attempt>> = HashMap::new();
        for attempt in &attempts {
            by_guid.entry(&attempt.guid).or_default().push(attempt);
        }
        let taken = |attempt: &&Attempt| (200..300).contains(&attempt.status_code);
        let mut asked = 0;
        for attempts in by_guid.values() {
            let newest = attempts.iter().max_by_key(|attempt| attempt.id);
            let Some(newest) =
                newest.filter(|_| attempts.len() <= MOST && !attempts.iter().any(taken))
            else {
                continue;
            };
            let path = format!("/app/hook/deliveries/{}/attempts", newest.id);
            let _: Value = self.post(Caller::App, &path, None, true).await?;
            asked += 1;
        }
        Ok(asked)
    }
}
