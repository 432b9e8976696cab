//! Defines GitHub's state.

use super::code_scanning::Analysis;
use super::faults::Faults;
use super::git::{Objects, Oid};
use super::hooks::Delivery;
use super::identity::App;
use super::manifests::PendingApp;
use super::oauth::OAuth;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// How many files of a tree GitHub lists.
const MAX_LISTED: usize = 100_000;

/// The whole state of GitHub.
pub(super) struct World {
    pub app: App,
    /// The address of the API.
    pub api: String,
    /// The address of the archives.
    pub archives: String,
    /// The bytes served in place of any archive.
    pub archive: Option<Bytes>,
    /// How many files of a tree are listed.
    pub listed: usize,
    pub installations: BTreeMap<u64, Installation>,
    pub repositories: BTreeMap<u64, Repository>,
    pub tokens: BTreeMap<String, Token>,
    /// The webhook address.
    pub hook: Option<String>,
    /// The archives' addresses that are still valid.
    pub tickets: BTreeSet<String>,
    pub outbox: VecDeque<Delivery>,
    pub deliveries: Vec<Delivery>,
    pub requests: Vec<AnsweredRequest>,
    pub violations: Vec<String>,
    pub faults: Faults,
    /// How many requests are in flight, and the most that were.
    pub at_once: (usize, usize),
    /// How long an answer takes.
    pub pause: Duration,
    /// How many requests the rate limits refused.
    pub refused: usize,
    /// The Apps created from a manifest whose key nobody fetched yet, by code.
    pub pending_apps: BTreeMap<String, PendingApp>,
    /// The App as a client of the sign-in.
    pub oauth: OAuth,
    /// The members of organisations, by the logins of both.
    pub members: BTreeMap<(String, String), Membership>,
    /// The accounts that are people's own, and no organisations.
    pub personal: BTreeSet<String>,
    /// The ids of logins that changed hands, in lower case; `None` for one that nobody has.
    pub logins: BTreeMap<String, Option<u64>>,
    ids: u64,
}

/// An answered request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredRequest {
    /// The method, in capitals.
    pub method: String,
    /// The requested path.
    pub path: String,
    /// The status of the answer; 0 where the connection was cut.
    pub status: u16,
    /// The body of the request: tests search it for secrets.
    pub body: String,
}

/// A person's membership of an organisation.
pub(super) struct Membership {
    /// `admin` for owners, `member`, `billing_manager`.
    pub role: String,
    /// `active`, or `pending` until the person accepts the invitation.
    pub state: String,
}

/// The level of a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Read,
    Write,
}

impl Level {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "read" => Some(Self::Read),
            "write" => Some(Self::Write),
            _ => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// Permissions by name.
pub(super) type Permissions = BTreeMap<String, Level>;

/// The App's installation on an account.
pub(super) struct Installation {
    pub id: u64,
    pub account: String,
    pub permissions: Permissions,
    /// The selected repositories; `None` for all of the account.
    pub selected: Option<BTreeSet<u64>>,
    pub suspended: bool,
    /// Whether the installation gets no tokens, without a reason.
    pub refused: bool,
    pub created: Timestamp,
    /// The requests of the current hour, and when it started.
    pub used: (u64, Timestamp),
    /// When content was created, for the secondary limits.
    pub created_content: Vec<Timestamp>,
}

impl Installation {
    pub fn covers(&self, repository: &Repository) -> bool {
        let own = self.account.eq_ignore_ascii_case(&repository.owner);
        own && (self.selected.as_ref()).is_none_or(|chosen| chosen.contains(&repository.id))
    }
}

/// An installation token.
#[derive(Clone)]
pub(super) struct Token {
    pub installation: u64,
    pub permissions: Permissions,
    /// The repositories of the token; `None` for all of the installation.
    pub repositories: Option<BTreeSet<u64>>,
    pub expires: Timestamp,
}

/// A repository.
pub(super) struct Repository {
    pub id: u64,
    pub owner: String,
    pub name: String,
    pub private: bool,
    pub default_branch: String,
    pub created: Timestamp,
    pub pushed: Timestamp,
    pub objects: Objects,
    /// The refs by full name: `refs/heads/main`.
    pub refs: BTreeMap<String, Oid>,
    /// Issues and pull requests, which share their numbers.
    pub issues: BTreeMap<u64, Issue>,
    pub comments: BTreeMap<u64, Comment>,
    pub labels: BTreeMap<String, u64>,
    pub checks: BTreeMap<u64, Check>,
    /// People's permissions by login: `admin`, `write`, `read`. Others have none.
    pub people: BTreeMap<String, String>,
    /// Whether code scanning is enabled.
    pub code_scanning: bool,
    pub analyses: Vec<Analysis>,
}

impl Repository {
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    pub fn branch(&self, name: &str) -> Option<&Oid> {
        self.refs.get(&format!("refs/heads/{name}"))
    }

    /// Returns the commit of a branch, a tag, a full ref or an id.
    pub fn resolve(&self, reference: &str) -> Option<Oid> {
        let named = ["", "refs/", "refs/heads/", "refs/tags/"]
            .iter()
            .find_map(|start| self.refs.get(&format!("{start}{reference}")));
        let head = || match reference {
            "HEAD" => self.branch(&self.default_branch).cloned(),
            _ => None,
        };
        named
            .cloned()
            .or_else(head)
            .or_else(|| Oid::parse(reference).filter(|id| self.objects.commit(id).is_some()))
            .or_else(|| self.objects.commit_by_prefix(reference))
    }

    /// Returns the commits of a pull request that its base lacks, the oldest first.
    pub fn commits_of(&self, pull: &Pull) -> Vec<Oid> {
        let base = self.branch(&pull.base.0).filter(|_| pull.merged.is_none());
        self.objects
            .ahead(base.unwrap_or(&pull.base.1), &pull.head.1)
    }

    /// Returns the pull requests; the heads of open ones follow their branches.
    pub fn pulls(&self) -> impl Iterator<Item = (&Issue, &Pull)> {
        let issues = self.issues.values();
        issues.filter_map(|issue| Some((issue, issue.pull.as_ref()?)))
    }
}

/// An issue; a pull request is one too.
#[derive(Clone)]
pub(super) struct Issue {
    pub id: u64,
    pub number: u64,
    pub author: String,
    pub title: String,
    pub body: Option<String>,
    pub open: bool,
    pub labels: Vec<String>,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub closed: Option<Timestamp>,
    pub closed_by: Option<String>,
    pub assignees: Vec<String>,
    pub pull: Option<Pull>,
}

/// The fields that only pull requests have.
#[derive(Clone)]
pub(super) struct Pull {
    /// The head branch, and its head commit while the pull request was open.
    pub head: (String, Oid),
    /// The base branch, and its commit when last read.
    pub base: (String, Oid),
    pub draft: bool,
    pub merged: Option<Merge>,
    /// The people and teams whose review is requested.
    pub asked: (Vec<String>, Vec<String>),
}

/// A merge: by whom, when, as which commit.
#[derive(Clone)]
pub(super) struct Merge {
    pub by: String,
    pub at: Timestamp,
    pub commit: Oid,
}

/// A comment on an issue or a pull request.
#[derive(Clone)]
pub(super) struct Comment {
    pub id: u64,
    pub issue: u64,
    pub author: String,
    pub body: String,
    pub created: Timestamp,
    pub updated: Timestamp,
    /// The reactions and their authors.
    pub reactions: Vec<(String, String)>,
}

/// A check run.
#[derive(Clone)]
pub(super) struct Check {
    pub id: u64,
    pub head: Oid,
    /// The id of the App that created the check run.
    pub app: u64,
    pub name: String,
    pub status: String,
    pub conclusion: Option<String>,
    pub started: Option<String>,
    pub completed: Option<String>,
    pub details_url: Option<String>,
    pub external_id: Option<String>,
    /// `title`, `summary`, `text` as sent.
    pub output: Value,
    pub annotations: Vec<Value>,
}

impl World {
    pub fn new(app: App, api: String, archives: String) -> Self {
        Self {
            app,
            api,
            archives,
            archive: None,
            listed: MAX_LISTED,
            installations: BTreeMap::new(),
            repositories: BTreeMap::new(),
            tokens: BTreeMap::new(),
            hook: None,
            tickets: BTreeSet::new(),
            outbox: VecDeque::new(),
            deliveries: Vec::new(),
            requests: Vec::new(),
            violations: Vec::new(),
            faults: Faults::default(),
            at_once: (0, 0),
            pause: Duration::ZERO,
            refused: 0,
            pending_apps: BTreeMap::new(),
            oauth: OAuth::default(),
            members: BTreeMap::new(),
            personal: BTreeSet::new(),
            logins: BTreeMap::new(),
            ids: 1_000,
        }
    }

    /// Returns an unused id.
    pub fn fresh_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// Generates 64 random hexadecimal digits.
    pub fn unguessable(&mut self) -> String {
        let id = self.fresh_id();
        let seed = format!("{id} {:?} {}", Timestamp::now(), self.app.secret);
        hex::encode(Sha256::digest(seed))
    }

    pub fn repository(&self, owner: &str, name: &str) -> Option<&Repository> {
        let mut all = self.repositories.values();
        all.find(|found| {
            found.owner.eq_ignore_ascii_case(owner) && found.name.eq_ignore_ascii_case(name)
        })
    }

    /// Returns the installation of a repository.
    pub fn installation_of(&self, repository: &Repository) -> Option<&Installation> {
        let mut all = self.installations.values();
        all.find(|installation| installation.covers(repository))
    }

    /// Sends an event to the App, if it is installed on the repository and subscribed.
    pub fn emit(&mut self, repository: u64, event: &'static str, sender: &str, payload: Value) {
        let Some(found) = self.repositories.get(&repository) else {
            return;
        };
        let Some(installation) = self.installation_of(found).map(|found| found.id) else {
            return;
        };
        let mut payload = payload;
        payload["repository"] = self.show_repository(found);
        payload["installation"] = json!({"id": installation, "node_id": node("I", installation)});
        payload["sender"] = self.show_user(sender);
        self.notify_app(event, installation, Some(repository), &payload);
    }
}

/// Returns the node id that GitHub gives everything.
pub(super) fn node(kind: &str, id: impl std::fmt::Display) -> String {
    format!("{kind}_{id}")
}

/// Returns the current time in seconds, GitHub's resolution.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}
