//! Parses webhook payloads into the events that DriftGuard acts on.
//!
//! A payload may lack any field that is not needed: GitHub's own examples do.

use crate::model::boxes;
use crate::model::{
    CheckAction, CommentAction, InstallationAction, InstallationId, IssueAction, PullRequestAction,
    RepositoryAction, RepositoryId, RepositoryInfo, RepositoryName, Sender, WebhookEvent,
    WebhookPayload, without_values,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The events that the App's manifest subscribes to.
pub const SUBSCRIBED: [&str; 7] = [
    "push",
    "pull_request",
    "issues",
    "issue_comment",
    "check_run",
    "check_suite",
    "repository",
];

/// The events that GitHub sends to every App. A manifest must not list them.
pub const ALWAYS_SENT: [&str; 2] = ["installation", "installation_repositories"];

/// A payload that lacks a field or has one of the wrong type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the payload of `{event}` is not what GitHub sends: {problem}")]
pub struct BadPayload {
    event: String,
    problem: String,
}

/// Returns whether DriftGuard handles an event.
pub fn is_handled(event: &str) -> bool {
    SUBSCRIBED.contains(&event) || ALWAYS_SENT.contains(&event)
}

/// Parses the payload of an event that DriftGuard handles.
///
/// # Errors
/// Names the event and the field; never quotes the payload.
pub fn parse(event: &str, body: &[u8]) -> Result<WebhookPayload, BadPayload> {
    let bad = |problem: String| BadPayload {
        event: event.to_owned(),
        problem,
    };
    check_object(body).map_err(bad)?;
    let common: CommonFields = deserialize(body).map_err(bad)?;
    let (account, repository) = (common.account(), common.repository().map_err(bad)?);
    let parsed = match event {
        "installation" => deserialize::<Installation>(body).and_then(Installation::event),
        "installation_repositories" => {
            deserialize::<InstallationRepositories>(body).and_then(InstallationRepositories::event)
        }
        _ if repository.is_none() => Err("it names no repository".to_owned()),
        "push" => deserialize::<Push>(body).and_then(Push::event),
        "pull_request" => deserialize::<PullRequest>(body).map(PullRequest::event),
        "repository" => deserialize::<Repository>(body).map(Repository::event),
        "issue_comment" => deserialize::<IssueComment>(body).map(IssueComment::event),
        "issues" => deserialize::<Issues>(body).map(Issues::event),
        _ => deserialize::<CheckRunOrSuite>(body).map(CheckRunOrSuite::event),
    };
    Ok(WebhookPayload {
        installation: InstallationId(common.installation.id),
        account,
        repository,
        sender: common.sender(),
        event: parsed.map_err(bad)?,
    })
}

/// Refuses what serde would accept: an array in place of an object, and broken UTF-8 in fields that are not read.
fn check_object(body: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let opens = text.trim_start().starts_with('{');
    opens.then_some(()).ok_or("it is no object".to_owned())
}

fn deserialize<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    // serde's message names the position and the type; it never quotes more than a scalar of the body.
    serde_json::from_slice(body).map_err(|error| without_values(&error.to_string()).into_owned())
}

/// The fields that every payload has.
#[derive(Deserialize)]
struct CommonFields {
    installation: InstallationFields,
    repository: Option<RepositoryFields>,
    sender: Option<Account>,
}

#[derive(Deserialize)]
struct InstallationFields {
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
struct RepositoryFields {
    id: u64,
    full_name: String,
    default_branch: Option<String>,
    private: Option<bool>,
    owner: Option<Account>,
}

impl CommonFields {
    /// Returns the login of the account that installed the App: the installation names it, or the repository's owner is it.
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

    fn repository(&self) -> Result<Option<RepositoryInfo>, String> {
        self.repository
            .as_ref()
            .map(RepositoryFields::info)
            .transpose()
    }
}

impl RepositoryFields {
    fn info(&self) -> Result<RepositoryInfo, String> {
        let name = RepositoryName::new(&self.full_name).ok_or("`full_name` is no owner/name")?;
        Ok(RepositoryInfo {
            id: RepositoryId(self.id),
            name,
            default_branch: self.default_branch.clone().map(plain),
            private: self.private.unwrap_or(false),
        })
    }
}

/// Removes control characters, some of which PostgreSQL cannot store.
fn plain(text: String) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[derive(Deserialize)]
struct Repository {
    action: RepositoryAction,
}

impl Repository {
    fn event(self) -> WebhookEvent {
        WebhookEvent::Repository {
            action: self.action,
        }
    }
}

#[derive(Deserialize)]
struct Push {
    #[serde(rename = "ref")]
    reference: String,
    after: String,
    #[serde(default)]
    deleted: bool,
}

impl Push {
    fn event(self) -> Result<WebhookEvent, String> {
        let is_commit = |text: &str| {
            matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
        };
        if !is_commit(&self.after) {
            return Err("`after` is no commit".to_owned());
        }
        Ok(WebhookEvent::Push {
            reference: self.reference,
            commit: self.after,
            deleted: self.deleted,
        })
    }
}

#[derive(Deserialize)]
struct PullRequest {
    action: PullRequestAction,
    number: u64,
    pull_request: PullRequestFields,
}

#[derive(Deserialize)]
struct PullRequestFields {
    merged: Option<bool>,
    body: Option<String>,
    head: Head,
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "ref")]
    reference: String,
}

impl PullRequest {
    fn event(self) -> WebhookEvent {
        WebhookEvent::PullRequest {
            action: self.action,
            number: self.number,
            branch: self.pull_request.head.reference,
            merged: self.pull_request.merged.unwrap_or(false),
            ticked: ticked(self.pull_request.body.as_deref()),
        }
    }
}

#[derive(Deserialize)]
struct IssueComment {
    action: CommentAction,
    issue: NumberedText,
    comment: NumberedText,
}

#[derive(Deserialize)]
struct Issues {
    action: IssueAction,
    issue: NumberedText,
}

/// An issue, a pull request or a comment; only a comment has no number.
#[derive(Deserialize)]
struct NumberedText {
    id: u64,
    number: Option<u64>,
    body: Option<String>,
}

/// The word that every slash command begins with.
const COMMAND: &str = "/driftguard";

/// Returns the orders of the ticked boxes in a text: nothing else of it is stored.
fn ticked(body: Option<&str>) -> Vec<String> {
    boxes::ticked(body.unwrap_or_default())
        .into_iter()
        .map(plain)
        .collect()
}

impl IssueComment {
    fn event(self) -> WebhookEvent {
        WebhookEvent::Comment {
            action: self.action,
            issue: self.issue.number.unwrap_or_default(),
            comment: self.comment.id,
            mentions_command: self
                .comment
                .body
                .is_some_and(|body| body.to_ascii_lowercase().contains(COMMAND)),
        }
    }
}

impl Issues {
    fn event(self) -> WebhookEvent {
        WebhookEvent::Issue {
            action: self.action,
            number: self.issue.number.unwrap_or_default(),
            ticked: ticked(self.issue.body.as_deref()),
        }
    }
}

#[derive(Deserialize)]
struct CheckRunOrSuite {
    action: CheckAction,
    #[serde(alias = "check_suite")]
    check_run: CheckFields,
}

#[derive(Deserialize)]
struct CheckFields {
    head_sha: Option<String>,
    #[serde(default)]
    pull_requests: Vec<NumberedText>,
}

impl CheckRunOrSuite {
    fn event(self) -> WebhookEvent {
        let numbers = self.check_run.pull_requests.iter();
        WebhookEvent::Check {
            action: self.action,
            commit: self.check_run.head_sha.map(plain).unwrap_or_default(),
            pulls: numbers.filter_map(|pull| pull.number).collect(),
        }
    }
}

#[derive(Deserialize)]
struct Installation {
    action: InstallationAction,
    #[serde(default)]
    repositories: Vec<RepositoryFields>,
}

impl Installation {
    fn event(self) -> Result<WebhookEvent, String> {
        Ok(WebhookEvent::Installation {
            action: self.action,
            repositories: repositories(&self.repositories)?,
        })
    }
}

#[derive(Deserialize)]
struct InstallationRepositories {
    repositories_added: Vec<RepositoryFields>,
    repositories_removed: Vec<RepositoryFields>,
}

impl InstallationRepositories {
    fn event(self) -> Result<WebhookEvent, String> {
        Ok(WebhookEvent::Repositories {
            added: repositories(&self.repositories_added)?,
            removed: repositories(&self.repositories_removed)?,
        })
    }
}

fn repositories(fields: &[RepositoryFields]) -> Result<Vec<RepositoryInfo>, String> {
    fields.iter().map(RepositoryFields::info).collect()
}
