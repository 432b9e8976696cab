//! What a payload tells, reduced to what is acted on. A payload may lack whatever is not needed: GitHub's own examples
//! do.

use crate::model::boxes;
use crate::model::{
    Event, InstallationId, Notice, Origin, RepositoryId, RepositoryName, Sender, without_values,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The events that the manifest asks for.
pub const ASKED: [&str; 7] = [
    "push",
    "pull_request",
    "issues",
    "issue_comment",
    "check_run",
    "check_suite",
    "repository",
];

/// The events that reach every App unasked, and may not stand in a manifest.
pub const UNASKED: [&str; 2] = ["installation", "installation_repositories"];

/// Why a payload is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the payload of `{event}` is not what GitHub sends: {problem}")]
pub struct BadPayload {
    event: String,
    problem: String,
}

/// Whether an event is one that DriftGuard takes.
pub fn known(event: &str) -> bool {
    ASKED.contains(&event) || UNASKED.contains(&event)
}

/// Reads the payload of a known event.
pub fn parse(event: &str, body: &[u8]) -> Result<Notice, BadPayload> {
    let bad = |problem: String| BadPayload {
        event: event.to_owned(),
        problem,
    };
    object(body).map_err(bad)?;
    let told: Told = read(body).map_err(bad)?;
    let (account, repository) = (told.account(), told.origin().map_err(bad)?);
    let sender = told.sender();
    let what = match event {
        "installation" => read::<Installed>(body).and_then(Installed::event),
        "installation_repositories" => read::<Changed>(body).and_then(Changed::event),
        _ if repository.is_none() => Err("it names no repository".to_owned()),
        "push" => read::<Pushed>(body).and_then(Pushed::event),
        "pull_request" => read::<Pulled>(body).map(Pulled::event),
        "repository" => read::<Acted>(body).map(|Acted { action }| Event::Repository { action }),
        "issue_comment" => read::<Commented>(body).map(Commented::event),
        "issues" => read::<Opened>(body).map(Opened::event),
        _ => read::<Checked>(body).map(Checked::event),
    };
    Ok(Notice {
        installation: InstallationId(told.installation.id),
        account,
        repository,
        sender,
        event: what.map_err(bad)?,
    })
}

/// Refuses what serde would let through: a list in an object's place, and broken UTF-8 where nothing is read.
fn object(body: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let opens = text.trim_start().starts_with('{');
    opens.then_some(()).ok_or("it is no object".to_owned())
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    // The message names place and kind; it never quotes more than a scalar of the body.
    serde_json::from_slice(body).map_err(|error| without_values(&error.to_string()).into_owned())
}

/// What every payload has.
#[derive(Deserialize)]
struct Told {
    installation: Numbered,
    repository: Option<Described>,
    sender: Option<Account>,
}

#[derive(Deserialize)]
struct Numbered {
    id: u64,
    account: Option<Account>,
}

#[derive(Deserialize)]
struct Account {
    login: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Described {
    id: u64,
    full_name: String,
    default_branch: Option<String>,
    private: Option<bool>,
    owner: Option<Account>,
}

impl Told {
    /// The login of who installed the App: told by the installation, or by the repository's owner.
    fn account(&self) -> String {
        let owner = self
            .repository
            .as_ref()
            .and_then(|found| found.owner.as_ref());
        let account = self.installation.account.as_ref().or(owner);
        let login = account.and_then(|account| account.login.clone().or(account.name.clone()));
        login.map(plain).unwrap_or_default()
    }

    fn sender(&self) -> Sender {
        let sender = self.sender.as_ref();
        Sender {
            login: sender
                .and_then(|sender| sender.login.clone())
                .map(plain)
                .unwrap_or_default(),
            bot: sender.is_some_and(|sender| sender.kind.as_deref() == Some("Bot")),
        }
    }

    fn origin(&self) -> Result<Option<Origin>, String> {
        self.repository.as_ref().map(Described::origin).transpose()
    }
}

impl Described {
    fn origin(&self) -> Result<Origin, String> {
        let name = RepositoryName::new(&self.full_name).ok_or("`full_name` is no owner/name")?;
        Ok(Origin {
            id: RepositoryId(self.id),
            name,
            default_branch: self.default_branch.clone().map(plain),
            private: self.private.unwrap_or(false),
        })
    }
}

/// A text without control characters, some of which no database takes.
fn plain(text: String) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[derive(Deserialize)]
struct Acted {
    action: String,
}

#[derive(Deserialize)]
struct Pushed {
    #[serde(rename = "ref")]
    reference: String,
    after: String,
    #[serde(default)]
    deleted: bool,
}

impl Pushed {
    fn event(self) -> Result<Event, String> {
        let hash = |text: &str| {
            matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
        };
        if !hash(&self.after) {
            return Err("`after` is no commit".to_owned());
        }
        Ok(Event::Push {
            reference: self.reference,
            commit: self.after,
            deleted: self.deleted,
        })
    }
}

#[derive(Deserialize)]
struct Pulled {
    action: String,
    number: u64,
    pull_request: Pull,
}

#[derive(Deserialize)]
struct Pull {
    merged: Option<bool>,
    body: Option<String>,
    head: Head,
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "ref")]
    reference: String,
}

impl Pulled {
    fn event(self) -> Event {
        Event::PullRequest {
            action: self.action,
            number: self.number,
            branch: self.pull_request.head.reference,
            merged: self.pull_request.merged.unwrap_or(false),
            ticked: ticked(self.pull_request.body.as_deref()),
        }
    }
}

#[derive(Deserialize)]
struct Commented {
    action: String,
    issue: Item,
    comment: Item,
}

#[derive(Deserialize)]
struct Opened {
    action: String,
    issue: Item,
}

/// An issue has a number, a comment only an id.
#[derive(Deserialize)]
struct Item {
    id: u64,
    number: Option<u64>,
    body: Option<String>,
}

/// The word that every command begins with.
const COMMAND: &str = "/driftguard";

/// The boxes that are ticked in a text: nothing else of it is kept.
fn ticked(body: Option<&str>) -> Vec<String> {
    boxes::ticked(body.unwrap_or_default())
        .into_iter()
        .map(plain)
        .collect()
}

impl Commented {
    fn event(self) -> Event {
        Event::Comment {
            action: self.action,
            issue: self.issue.number.unwrap_or_default(),
            comment: self.comment.id,
            asks: self
                .comment
                .body
                .is_some_and(|body| body.to_ascii_lowercase().contains(COMMAND)),
        }
    }
}

impl Opened {
    fn event(self) -> Event {
        Event::Issue {
            action: self.action,
            number: self.issue.number.unwrap_or_default(),
            ticked: ticked(self.issue.body.as_deref()),
        }
    }
}

/// A check run, or a suite.
#[derive(Deserialize)]
struct Checked {
    action: String,
    #[serde(alias = "check_suite")]
    check_run: Check,
}

#[derive(Deserialize)]
struct Check {
    head_sha: Option<String>,
    #[serde(default)]
    pull_requests: Vec<Item>,
}

impl Checked {
    fn event(self) -> Event {
        let numbers = self.check_run.pull_requests.iter();
        Event::Check {
            action: self.action,
            commit: self.check_run.head_sha.map(plain).unwrap_or_default(),
            pulls: numbers.filter_map(|pull| pull.number).collect(),
        }
    }
}

#[derive(Deserialize)]
struct Installed {
    action: String,
    #[serde(default)]
    repositories: Vec<Described>,
}

impl Installed {
    fn event(self) -> Result<Event, String> {
        let repositories = origins(&self.repositories)?;
        let action = self.action;
        Ok(Event::Installation {
            action,
            repositories,
        })
    }
}

#[derive(Deserialize)]
struct Changed {
    repositories_added: Vec<Described>,
    repositories_removed: Vec<Described>,
}

impl Changed {
    fn event(self) -> Result<Event, String> {
        Ok(Event::Repositories {
            added: origins(&self.repositories_added)?,
            removed: origins(&self.repositories_removed)?,
        })
    }
}

fn origins(described: &[Described]) -> Result<Vec<Origin>, String> {
    described.iter().map(Described::origin).collect()
}
