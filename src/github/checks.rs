//! Creates and empties check runs.

use super::comments::PAGE;
use super::error::GithubError;
use super::repository::Repository;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A completed check run.
#[derive(Debug, Clone)]
pub struct CheckRun<'a> {
    /// The name: GitHub shows the newest check run of a name.
    pub name: &'a str,
    /// The commit.
    pub commit: &'a str,
    /// The conclusion.
    pub conclusion: Conclusion,
    /// The title, on one line.
    pub title: &'a str,
    /// The summary, in Markdown.
    pub summary: &'a str,
    /// The text below the summary, in Markdown.
    pub text: &'a str,
    /// The annotations, at most 50.
    pub annotations: &'a [Annotation],
}

/// The conclusion of a check run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Nothing to do.
    Success,
    /// Something to look at.
    Neutral,
    /// Something is wrong.
    Failure,
}

/// An annotation of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Annotation {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub start_line: usize,
    /// The same line.
    pub end_line: usize,
    /// `notice`, `warning` or `failure`.
    pub annotation_level: &'static str,
    /// The title, on one line.
    pub title: String,
    /// The message.
    pub message: String,
}

/// GitHub's message about a commit that is gone.
const NO_COMMIT: &str = "No commit found";

impl Repository {
    /// Creates a check run, unless the newest of its name has the same texts. A new one replaces the old one at GitHub;
    /// an updated one would keep its annotations.
    ///
    /// # Errors
    /// As any request: see `GithubError`. Calling it again is safe.
    pub async fn create_check_run(&self, check: &CheckRun<'_>) -> Result<(), GithubError> {
        let name: String = url::form_urlencoded::byte_serialize(check.name.as_bytes()).collect();
        let (app, commit) = (self.github.id(), check.commit);
        let path = format!("commits/{commit}/check-runs?check_name={name}&app_id={app}");
        let newest: CheckRunList = self.get(&path).await?;
        // Another App may create check runs of our names.
        let mut own = newest.check_runs.iter().filter(|run| run.is_of(app));
        if own.next().is_some_and(|run| run.shows(check)) {
            return Ok(());
        }
        let mut output = json!({"title": check.title, "summary": check.summary, "annotations": check.annotations});
        if !check.text.is_empty() {
            output["text"] = check.text.into();
        }
        let body = json!({
            "name": check.name, "head_sha": check.commit, "status": "completed", "conclusion": check.conclusion, "output": output,
        });
        let _: IgnoredAny = self.post("check-runs", body, false).await?;
        Ok(())
    }

    /// Returns the ids of the App's check runs on a commit whose summary is not `emptied`. Check runs of other Apps are
    /// left out, whatever their names.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn own_check_runs(
        &self,
        commit: &str,
        emptied: &str,
    ) -> Result<Vec<u64>, GithubError> {
        let app = self.github.id();
        let mut own = Vec::new();
        for page in 1.. {
            let path = format!(
                "commits/{commit}/check-runs?app_id={app}&filter=all&per_page={PAGE}&page={page}"
            );
            let found: CheckRunList = match self.get(&path).await {
                Ok(found) => found,
                // Nothing stands on a commit that is gone. Whatever else GitHub refuses says nothing of the commit.
                Err(GithubError::Invalid { message, .. })
                    if page == 1 && message.contains(NO_COMMIT) =>
                {
                    break;
                }
                Err(error) => return Err(error),
            };
            let runs = found.check_runs;
            let with_text = runs
                .iter()
                .filter(|run| run.is_of(app) && run.output.summary.as_deref() != Some(emptied));
            own.extend(with_text.map(|run| run.id));
            if runs.len() < PAGE {
                break;
            }
        }
        Ok(own)
    }

    /// Empties a check run of the App's. Its annotations stay, since GitHub's API cannot remove them.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn empty_check_run(&self, run: u64, emptied: &str) -> Result<(), GithubError> {
        let output = json!({"title": "DriftGuard", "summary": emptied, "text": ""});
        let path = format!("check-runs/{run}");
        self.patch(&path, json!({"output": output})).await.map(drop)
    }
}

/// A page of check runs.
#[derive(Deserialize)]
struct CheckRunList {
    #[serde(default)]
    check_runs: Vec<CheckRunFields>,
}

/// A check run as GitHub describes it.
#[derive(Deserialize)]
struct CheckRunFields {
    id: u64,
    app: Option<AppFields>,
    conclusion: Option<String>,
    #[serde(default)]
    output: Output,
}

#[derive(Deserialize)]
struct AppFields {
    id: u64,
}

#[derive(Default, Deserialize)]
struct Output {
    title: Option<String>,
    summary: Option<String>,
    text: Option<String>,
}

impl CheckRunFields {
    /// Returns whether an App created the check run.
    fn is_of(&self, app: u64) -> bool {
        self.app.as_ref().is_some_and(|found| found.id == app)
    }

    /// Returns whether the check run has the conclusion and texts of another.
    fn shows(&self, check: &CheckRun<'_>) -> bool {
        let same =
            |shown: &Option<String>, text: &str| shown.as_deref().unwrap_or_default() == text;
        same(&self.output.title, check.title)
            && same(&self.output.summary, check.summary)
            && same(&self.output.text, check.text)
            && self.conclusion.as_deref() == Some(check.conclusion.as_str())
    }
}

impl Conclusion {
    /// Returns GitHub's name of the conclusion.
    fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Neutral => "neutral",
            Self::Failure => "failure",
        }
    }
}
