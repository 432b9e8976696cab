//! Check runs.

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
    /// Somebody has to act before anything can be checked.
    ActionRequired,
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

impl Repository {
    /// Leaves a check run on a commit; one of its name that stands there is brought to what this one says.
    ///
    /// # Errors
    /// Those of any request; it may simply be called again.
    pub async fn check(&self, check: &CheckRun<'_>) -> Result<(), GithubError> {
        let name: String = url::form_urlencoded::byte_serialize(check.name.as_bytes()).collect();
        let path = format!("commits/{}/check-runs?check_name={name}", check.commit);
        let known: Value = self.get(&path).await?;
        let mut output = json!({"title": check.title, "summary": check.summary, "annotations": check.annotations});
        if !check.text.is_empty() {
            output["text"] = check.text.into();
        }
        let body = json!({"name": check.name, "status": "completed", "conclusion": check.conclusion, "output": output});
        if let Some(id) = known["check_runs"][0]["id"].as_u64() {
            return self
                .patch(&format!("check-runs/{id}"), body)
                .await
                .map(drop);
        }
        let mut body = body;
        body["head_sha"] = check.commit.into();
        self.post("check-runs", body, false).await.map(drop)
    }
}
