//! GitHub's state.

use super::code_scanning::Analysis;
use super::faults::Faults;
use super::git::{Objects, Oid};
use super::hooks::Delivery;
use super::identity::App;
use super::manifests::Handover;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// How many files of a tree GitHub lists.
const MOST_LISTED: usize = 100_000;

/// Everything that GitHub knows.
pub(super) struct World {
    pub app: App,
    /// Where the API is.
    pub api: String,
    /// Where archives are handed out.
    pub archives: String,
    /// What is handed out in place of any archive.
    pub archive: Option<Bytes>,
    /// How many files of a tree are listed.
    pub listed: usize,
    pub installations: BTreeMap<u64, Installation>,
    pub repositories: BTreeMap<u64, Repository>,
    pub tokens: BTreeMap<String, Token>,
    /// Where the App wants its deliveries.
    pub hook: Option<String>,
    /// Archives' addresses that are still good.
    pub tickets: BTreeSet<String>,
    pub outbox: VecDeque<Delivery>,
    pub deliveries: Vec<Delivery>,
    pub requests: Vec<Seen>,
    pub violations: Vec<String>,
    pub faults: Faults,
    /// How many requests are under way, and the most that were.
    pub at_once: (usize, usize),
    /// How long an answer takes.
    pub pause: Duration,
    /// How many requests were too many.
    pub refused: usize,
    /// Apps made from a manifest whose key nobody fetched yet, by code.
    pub handovers: BTreeMap<String, Handover>,
    ids: u64,
}

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The method, in capitals.
    pub method: String,
    /// The path as asked for.
    pub path: String,
    /// The status answered; 0 where the connection was cut.
    pub status: u16,
    /// The body sent: what a test searches for secrets.
    pub body: String,
}

/// How far a permission goes.
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

/// What may be done: permission by name.
pub(super) type Permissions = BTreeMap<String, Level>;

/// The App on one account.
pub(super) struct Installation {
    pub id: u64,
    pub account: String,
    pub permissions: Permissions,
    /// None: all repositories of the account.
    pub selected: Option<BTreeSet<u64>>,
    pub suspended: bool,
    /// Whether it gets no tokens, without a reason.
    pub refused: bool,
    pub created: Timestamp,
    /// Requests since the limit's window began, and when that was.
    pub used: (u64, Timestamp),
    /// When content was created, for the secondary limit.
    pub created_content: Vec<Timestamp>,
}

impl Installation {
    pub fn covers(&self, repository: &Repository) -> bool {
        let own = self.account.eq_ignore_ascii_case(&repository.owner);
        own && (self.selected.as_ref()).is_none_or(|chosen| chosen.contains(&repository.id))
    }
}

/// An installation's token.
#[derive(Clone)]
pub(super) struct Token {
    pub installation: u64,
    pub permissions: Permissions,
    /// None: whatever the installation covers.
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
    /// By full name: `refs/heads/main`.
    pub refs: BTreeMap<String, Oid>,
    /// Issues and pull requests share their numbers.
    pub issues: BTreeMap<u64, Issue>,
    pub comments: BTreeMap<u64, Comment>,
    pub labels: BTreeMap<String, u64>,
    pub checks: BTreeMap<u64, Check>,
    /// What people may do: `admin`, `write`, `read`, by login. Whoever is not named may do nothing.
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

    /// The commit that a branch, a tag, a full ref or an id means.
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

    /// The commits of a pull request: those that its base has not, the oldest first.
    pub fn commits_of(&self, pull: &Pull) -> Vec<Oid> {
        let base = self.branch(&pull.base.0).filter(|_| pull.merged.is_none());
        self.objects
            .ahead(base.unwrap_or(&pull.base.1), &pull.head.1)
    }

    /// The branches that open pull requests come from follow their branch.
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

/// What a pull request has beyond an issue.
#[derive(Clone)]
pub(super) struct Pull {
    /// The branch that it comes from, and its newest commit while it was open.
    pub head: (String, Oid),
    /// The branch that it goes to, and its commit when last looked at.
    pub base: (String, Oid),
    pub draft: bool,
    pub merged: Option<Merge>,
    /// Who is asked for a review: people, teams.
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
    /// Who reacted, and how.
    pub reactions: Vec<(String, String)>,
}

/// A check run.
#[derive(Clone)]
pub(super) struct Check {
    pub id: u64,
    pub head: Oid,
    /// The number of the App that left it.
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
            listed: MOST_LISTED,
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
            handovers: BTreeMap::new(),
            ids: 1_000,
        }
    }

    /// A number that nothing else has.
    pub fn fresh_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// 64 hexadecimal digits that nobody knows beforehand.
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

    /// The installation that a repository belongs to.
    pub fn installation_of(&self, repository: &Repository) -> Option<&Installation> {
        let mut all = self.installations.values();
        all.find(|installation| installation.covers(repository))
    }

    /// Tells the App, if it is installed there and listens.
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
        self.tell(event, installation, Some(repository), &payload);
    }
}

/// The opaque second id that GitHub gives everything.
pub(super) fn node(kind: &str, id: impl std::fmt::Display) -> String {
    format!("{kind}_{id}")
}

/// Now, to the second: GitHub tells no finer time.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}
