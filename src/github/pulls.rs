//! Pull requests of others.

use super::comments::PAGE;
use super::error::GithubError;
use super::repository::Repository;
use serde_json::Value;

/// A pull request, as far as a check needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Whether it is open.
    pub open: bool,
    /// Its newest commit.
    pub head: String,
    /// The branch it goes to.
    pub base: String,
}

impl Repository {
    /// A pull request as it is now; none where there is none of this number.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn pull(&self, number: u64) -> Result<Option<PullRequest>, GithubError> {
        let found: Value = match self.get(&format!("pulls/{number}")).await {
            Ok(found) => found,
            Err(GithubError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(Some(PullRequest {
            open: found["state"].as_str() == Some("open"),
            head: text(&found["head"]["sha"]),
            base: text(&found["base"]["ref"]),
        }))
    }

    /// The files that a pull request changes, 3,000 at most, as GitHub lists no more.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn changed(&self, number: u64) -> Result<Vec<String>, GithubError> {
        let mut all = Vec::new();
        for page in 1..=30 {
            let path = format!("pulls/{number}/files?per_page={PAGE}&page={page}");
            let found: Vec<Value> = self.get(&path).await?;
            let names = found.iter().filter_map(|file| file["filename"].as_str());
            all.extend(names.map(str::to_owned));
            if found.len() < PAGE {
                break;
            }
        }
        Ok(all)
    }

    /// The newest commits of all pull requests, open or not.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn pull_heads(&self) -> Result<Vec<String>, GithubError> {
        let mut all = Vec::new();
        for page in 1.. {
            let path = format!("pulls?state=all&per_page={PAGE}&page={page}");
            let found: Vec<Value> = self.get(&path).await?;
            let heads = found.iter().filter_map(|pull| pull["head"]["sha"].as_str());
            all.extend(heads.map(str::to_owned));
            if found.len() < PAGE {
                break;
            }
        }
        Ok(all)
    }
}
