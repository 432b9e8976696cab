//! A small, strict GitHub: Apps, installations, repositories with real git objects, pull requests, issues, checks.
//!
//! A request passes the gate (`gate`), finds its route (`routes`) and changes the state (`world`) in one of the files
//! named after GitHub's resources; what happens by that is delivered to the App's hook (`hooks`). People act through the
//! methods of [`GitHub`], which change the same state and send the same webhooks.

mod acts;
mod apps;
mod archive;
mod call;
mod checks;
mod code_scanning;
mod comments;
mod contents;
mod desk;
mod faults;
mod gate;
mod git;
mod hooks;
mod identity;
mod issues;
mod manifests;
mod objects;
mod people;
mod pulls;
mod refs;
mod routes;
mod show;
mod views;
mod world;

pub use code_scanning::Analysis;
pub use faults::{Fault, On};
pub use git::Oid;
pub use hooks::{Delivery, signature};
pub use identity::AppIdentity;
pub use people::Content;
pub use views::{CheckRun, Comment, Issue, PullRequest};
pub use world::Seen;

use super::wire::{self, Server};
use anyhow::Result;
use bytes::Bytes;
use http::{Method, Request};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use world::World;

/// A second opinion on every request: method, path, query and body, as sent. What it refuses is answered 422 and noted
/// as a violation.
pub type Validator =
    Arc<dyn Fn(&Method, &str, &str, &[u8]) -> std::result::Result<(), String> + Send + Sync>;

/// A running stand-in for GitHub. It stops when dropped.
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

/// What requests and people share.
struct Shared {
    world: Mutex<World>,
    validator: Option<Validator>,
    /// Held while delivering: deliveries keep their order.
    delivering: tokio::sync::Mutex<()>,
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        // A test that panicked elsewhere is reported there.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is under way, until it is dropped.
struct UnderWay<'a> {
    shared: &'a Shared,
    pause: Duration,
    /// Whether it is one too many.
    refused: bool,
}

impl<'a> UnderWay<'a> {
    fn begin(shared: &'a Shared) -> Self {
        let mut world = shared.world();
        let (now, most) = &mut world.at_once;
        *now += 1;
        *most = (*now).max(*most);
        let refused = *now > gate::AT_ONCE;
        Self {
            shared,
            pause: world.pause,
            refused,
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.shared.world().at_once.0 -= 1;
    }
}

impl GitHub {
    /// Starts on two free ports of 127.0.0.1: the API, and the archives, which GitHub too keeps on another host.
    ///
    /// # Errors
    /// When the key is no RSA key in PEM, or no port is free.
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
                let under_way = UnderWay::begin(&state);
                tokio::time::sleep(under_way.pause).await;
                let answer = match under_way.refused {
                    false => desk::answer(&mut state.world(), state.validator.as_ref(), &request),
                    true => desk::too_many(&mut state.world(), &request),
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

    /// Where the API is: `http://127.0.0.1:PORT`, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.api.url
    }

    /// Hands these bytes out in place of every archive.
    pub fn hand_out(&self, archive: Vec<u8>) {
        self.world().archive = Some(archive.into());
    }

    /// Lists no more than so many files of a tree from now on.
    pub fn list_at_most(&self, files: usize) {
        self.world().listed = files;
    }

    /// Where the App wants its deliveries from now on.
    pub fn deliver_to(&self, hook: &str) {
        self.world().hook = Some(hook.into());
    }

    /// Every request so far, the oldest first.
    pub fn requests(&self) -> Vec<Seen> {
        self.world().requests.clone()
    }

    /// What GitHub would never have been asked: unknown paths, and what the validator refused.
    pub fn violations(&self) -> Vec<String> {
        self.world().violations.clone()
    }

    /// Lets one request to come go wrong.
    pub fn fail_next(&self, on: impl Into<On>, fault: Fault) {
        self.world().faults.add(on.into(), fault);
    }

    /// Lets every request meet a fault from now on, as in an outage; none: GitHub is back.
    pub fn fail_all(&self, fault: Option<Fault>) {
        self.world().faults.set(fault);
    }

    /// How many requests were refused because they were too many: of an installation, or at once.
    pub fn refused(&self) -> usize {
        self.world().refused
    }

    /// How long each answer takes from now on.
    pub fn slow_down(&self, pause: Duration) {
        self.world().pause = pause;
    }

    /// The most requests that were under way at once.
    pub fn most_at_once(&self) -> usize {
        self.world().at_once.1
    }

    /// Every delivery so far, the oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries_after(0)
    }

    /// Every delivery but the first so many.
    pub fn deliveries_after(&self, seen: usize) -> Vec<Delivery> {
        let world = self.world();
        world.deliveries.get(seen..).unwrap_or_default().to_vec()
    }

    /// How many deliveries there were so far, attempts that failed included.
    pub fn delivered(&self) -> usize {
        self.world().deliveries.len()
    }

    /// Lets everything that was delivered so far be so much longer ago.
    pub fn age_deliveries(&self, by: Duration) {
        self.world().age_deliveries(by);
    }

    /// Sends the newest attempt of a delivery once more, with the same id; none where it is unknown or no hook is set.
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
