//! Check runs.

use super::comments::PAGE;
use super::error::GithubError;
use super::repository::Repository;
use serde::Serialize;
use serde_json::{Value, json};

/// A check run that is over.
#[derive(Debug, Clone)]
pub struct CheckRun<'a> {
    /// Its name: one of a name stands on a commit.
    pub name: &'a str,
    /// The commit.
    pub commit: &'a str,
    /// How it ended.
    pub conclusion: Conclusion,
    /// One line.
    pub title: &'a str,
    /// Markdown.
    pub summary: &'a str,
    /// Markdown, below the summary.
    pub text: &'a str,
    /// At most 50.
    pub annotations: &'a [Annotation],
}

/// How a check run ended.
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

/// A remark on a line.
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
    /// One line.
    pub title: String,
    /// What is to be known.
    pub message: String,
}

/// How GitHub says that a commit is gone.
const NO_COMMIT: &str = "No commit found";

impl Repository {
    /// Leaves a check run on a commit, unless the newest of its name says the same already. A new one takes the place of
    /// an old one at GitHub; one that is changed would keep its annotations.
    ///
    /// # Errors
    /// Those of any request; it may simply be called again.
    pub async fn check(&self, check: &CheckRun<'_>) -> Result<(), GithubError> {
        let name: String = url::form_urlencoded::byte_serialize(check.name.as_bytes()).collect();
        let (app, commit) = (self.github.id(), check.commit);
        let path = format!("commits/{commit}/check-runs?check_name={name}&app_id={app}");
        let found: Value = self.get(&path).await?;
        // Another App may leave checks of our names.
        let known = runs(&found).iter().find(|run| is_of(run, app));
        let known = known.unwrap_or(&Value::Null);
        let says = |part: &str| known["output"][part].as_str().unwrap_or_default();
        let conclusion = serde_json::to_value(check.conclusion).unwrap_or_default();
        let same = says("title") == check.title
            && says("summary") == check.summary
            && says("text") == check.text
            && known["conclusion"] == conclusion;
        if same {
            return Ok(());
        }
        let mut output = json!({"title": check.title, "summary": check.summary, "annotations": check.annotations});
        if !check.text.is_empty() {
            output["text"] = check.text.into();
        }
        let body = json!({
            "name": check.name, "head_sha": check.commit, "status": "completed", "conclusion": conclusion, "output": output,
        });
        self.post("check-runs", body, false).await.map(drop)
    }

    /// The check runs of the App on a commit that say something else than this: their numbers. Another App's are none,
    /// whatever they are called.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn own_checks(&self, commit: &str, emptied: &str) -> Result<Vec<u64>, GithubError> {
        let app = self.github.id();
        let mut own = Vec::new();
        for page in 1.. {
            let path = format!(
                "commits/{commit}/check-runs?app_id={app}&filter=all&per_page={PAGE}&page={page}"
            );
            let found: Value = match self.get(&path).await {
                Ok(found) => found,
                // Nothing stands on a commit that is gone. Whatever else GitHub refuses says nothing of the commit.
                Err(GithubError::Invalid { message, .. })
                    if page == 1 && message.contains(NO_COMMIT) =>
                {
                    break;
                }
                Err(error) => return Err(error),
            };
            let runs = runs(&found);
            let told = runs.iter().filter(|run| {
                is_of(run, app) && run["output"]["summary"].as_str() != Some(emptied)
            });
            own.extend(told.filter_map(|run| run["id"].as_u64()));
            if runs.len() < PAGE {
                break;
            }
        }
        Ok(own)
    }

    /// Empties a check run of the App's. Its annotations stay: GitHub lets nobody take one away.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn empty_check(&self, run: u64, emptied: &str) -> Result<(), GithubError> {
        let output = json!({"title": "DriftGuard", "summary": emptied, "text": ""});
        let path = format!("check-runs/{run}");
        self.patch(&path, json!({"output": output})).await.map(drop)
    }
}

/// The check runs of an answer.
fn runs(found: &Value) -> &[Value] {
    found["check_runs"]
        .as_array()
        .map_or(&[][..], Vec::as_slice)
}

/// Whether a check run is an App's.
fn is_of(run: &Value, app: u64) -> bool {
    run["app"]["id"].as_u64() == Some(app)
}
