//! Remembers what registries responded, so that scans which follow one another ask once.

use crate::outbound::OutboundResponse;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use url::Url;

/// How long a response is used.
const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// How many bytes of responses are kept.
const MAX_BYTES: usize = 16 << 20;
/// What a response takes beside its body.
const OVERHEAD: usize = 4 << 10;

/// The recent responses of the process, by address.
#[derive(Default)]
pub(super) struct RecentResponses(Mutex<HashMap<Url, (Instant, OutboundResponse)>>);

impl RecentResponses {
    /// Returns a recent response.
    pub(super) fn get(&self, url: &Url) -> Option<OutboundResponse> {
        let responses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, response) = responses.get(url)?;
        (since.elapsed() < LIFETIME).then(|| response.clone())
    }

    /// Keeps a response. Where there is no room, the oldest ones go.
    pub(super) fn insert(&self, url: &Url, response: OutboundResponse) {
        let mut responses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        responses.insert(url.clone(), (Instant::now(), response));
        let size = |response: &OutboundResponse| response.body.len() + OVERHEAD;
        let mut bytes: usize = responses.values().map(|(_, kept)| size(kept)).sum();
        while bytes > MAX_BYTES {
            let oldest = responses.iter().min_by_key(|(_, (since, _))| *since);
            let Some(oldest) = oldest.map(|(url, _)| url.clone()) else {
                return;
            };
            let gone = responses.remove(&oldest);
            bytes -= gone.map_or(0, |(_, response)| size(&response));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn the_oldest_responses_make_room() {
        let recent = RecentResponses::default();
        let url = |name: &str| Url::parse(&format!("https://m.example.com/{name}")).unwrap();
        for name in ["a", "b", "c"] {
            let response = OutboundResponse {
                url: url(name),
                headers: http::HeaderMap::new(),
                body: Bytes::from(vec![0; MAX_BYTES / 2 - OVERHEAD]),
            };
            recent.insert(&url(name), response);
        }
        let kept = ["a", "b", "c"].map(|name| recent.get(&url(name)).is_some());
        assert_eq!(kept, [false, true, true]);
    }
}
