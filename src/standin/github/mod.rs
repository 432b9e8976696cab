//! Simulates GitHub, small and strict: Apps, installations, repositories with real git objects, pull requests, issues,
//! checks.
//!
//! A request is admitted (`gate`), routed (`routes`) and changes the state (`world`) in one of the files named after
//! GitHub's resources; the resulting events are delivered to the App (`hooks`). People act through the methods of
//! [`GitHub`], which change the same state and send the same events.

mod apps;
mod archive;
mod call;
mod checks;
mod code_scanning;
mod comments;
mod contents;
mod dispatch;
mod faults;
mod gate;
mod git;
mod hooks;
mod identity;
mod issues;
mod json;
mod manifests;
mod memberships;
mod oauth;
mod objects;
mod people;
mod pulls;
mod refs;
mod routes;
mod snapshots;
mod user_actions;
mod world;

pub use code_scanning::Analysis;
pub use faults::{FailingRequest, Fault};
pub use git::Oid;
pub use hooks::{Delivery, signature};
pub use identity::AppIdentity;
pub use people::Content;
pub use snapshots::{CheckRun, Comment, Issue, PullRequest};
pub use world::AnsweredRequest;

use super::wire::{self, Server};
use anyhow::Result;
use bytes::Bytes;
use http::{Method, Request};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use world::World;

/// Validates every request a second time: method, path, query and body, as sent. A request that it refuses is answered
/// 422 and recorded as a violation.
pub type Validator =
    Arc<dyn Fn(&Method, &str, &str, &[u8]) -> std::result::Result<(), String> + Send + Sync>;

/// A running simulation of GitHub, which stops when it is dropped.
pub struct GitHub {
    shared: Arc<Shared>,
    api: Server,
    _archives: Server,
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GitHub({})", self.api.url)
    }
}

/// The state that requests and people share.
struct Shared {
    world: Mutex<World>,
    validator: Option<Validator>,
    /// Held while delivering, so that deliveries keep their order.
    delivering: tokio::sync::Mutex<()>,
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        // A test that panicked elsewhere is reported there.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in flight, until it is dropped.
struct RequestInFlight<'a> {
    shared: &'a Shared,
    pause: Duration,
    /// Whether the request exceeds the limit.
    refused: bool,
}

impl<'a> RequestInFlight<'a> {
    fn begin(shared: &'a Shared) -> Self {
        let mut world = shared.world();
        let (now, most) = &mut world.at_once;
        *now += 1;
        *most = (*now).max(*most);
        let refused = *now > gate::MAX_CONCURRENT;
        Self {
            shared,
            pause: world.pause,
            refused,
        }
    }
}

impl Drop for RequestInFlight<'_> {
    fn drop(&mut self) {
        self.shared.world().at_once.0 -= 1;
    }
}

impl GitHub {
    /// Starts on two free ports of 127.0.0.1: the API, and the archives, which GitHub serves from another host as well.
    ///
    /// # Errors
    /// When the key is not an RSA key in PEM, or no port is free.
    pub async fn start(app: &AppIdentity, validator: Option<Validator>) -> Result<Self> {
        let (api, api_url) = wire::listen().await?;
        let (archives, archives_url) = wire::listen().await?;
        let app = identity::App::new(app)?;
        let shared = Arc::new(Shared {
            world: Mutex::new(World::new(app, api_url.clone(), archives_url.clone())),
            validator,
            delivering: tokio::sync::Mutex::default(),
        });
        let state = shared.clone();
        let answer = move |request: Request<Bytes>| {
            let state = state.clone();
            async move {
                let under_way = RequestInFlight::begin(&state);
                tokio::time::sleep(under_way.pause).await;
                let answer = match under_way.refused {
                    false => {
                        dispatch::answer(&mut state.world(), state.validator.as_ref(), &request)
                    }
                    true => dispatch::too_many(&mut state.world(), &request),
                };
                drop(under_way);
                tokio::spawn(async move { state.deliver().await });
                answer
            }
        };
        let state = shared.clone();
        let hand_out = move |request: Request<Bytes>| {
            let answer = archive::hand_out(&mut state.world(), &request);
            async move { Ok(answer) }
        };
        Ok(Self {
            shared,
            api: wire::serve(api, api_url, answer),
            _archives: wire::serve(archives, archives_url, hand_out),
        })
    }

    /// Returns the address of the API: `http://127.0.0.1:PORT`, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.api.url
    }

    /// Serves these bytes in place of every archive.
    pub fn hand_out(&self, archive: Vec<u8>) {
        self.world().archive = Some(archive.into());
    }

    /// Truncates lists of a tree's files from now on.
    pub fn list_at_most(&self, files: usize) {
        self.world().listed = files;
    }

    /// Sets the webhook address.
    pub fn deliver_to(&self, hook: &str) {
        self.world().hook = Some(hook.into());
    }

    /// Returns every request so far, the oldest first.
    pub fn requests(&self) -> Vec<AnsweredRequest> {
        self.world().requests.clone()
    }

    /// Returns invalid requests: unknown paths, and what the validator refused.
    pub fn violations(&self) -> Vec<String> {
        self.world().violations.clone()
    }

    /// Makes a request to come fail.
    pub fn fail_next(&self, on: impl Into<FailingRequest>, fault: Fault) {
        self.world().faults.add(on.into(), fault);
    }

    /// Makes all requests fail from now on, as in an outage; `None` ends it.
    pub fn fail_all(&self, fault: Option<Fault>) {
        self.world().faults.set(fault);
    }

    /// Counts the requests that were refused by the rate limits.
    pub fn refused(&self) -> usize {
        self.world().refused
    }

    /// Sets how long each answer takes from now on.
    pub fn slow_down(&self, pause: Duration) {
        self.world().pause = pause;
    }

    /// Returns the most requests that were in flight at once.
    pub fn most_at_once(&self) -> usize {
        self.world().at_once.1
    }

    /// Returns every delivery so far, the oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries_after(0)
    }

    /// Returns every delivery after the first ones.
    pub fn deliveries_after(&self, seen: usize) -> Vec<Delivery> {
        let world = self.world();
        world.deliveries.get(seen..).unwrap_or_default().to_vec()
    }

    /// Counts the deliveries so far, failed attempts included.
    pub fn delivered(&self) -> usize {
        self.world().deliveries.len()
    }

    /// Ages all deliveries so far.
    pub fn age_deliveries(&self, by: Duration) {
        self.world().age_deliveries(by);
    }

    /// Redelivers the newest attempt of a delivery, with the same id; `None` where it is unknown or no webhook address
    /// is set.
    pub async fn redeliver(&self, guid: &str) -> Option<Delivery> {
        let (hook, again) = {
            let mut world = self.world();
            let mut sent = world.deliveries.iter().rev();
            let found = sent.find(|delivery| delivery.guid == guid)?.clone();
            (world.hook.clone()?, world.again(found))
        };
        Some(self.shared.attempt(&hook, again).await)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }
}
