//! Returns what people see as plain values, for tests and the demo.

use super::GitHub;
use super::code_scanning::Analysis;
use super::world::Repository;

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// The number.
    pub number: u64,
    /// The title.
    pub title: String,
    /// The body.
    pub body: String,
    /// Whether the pull request is open.
    pub open: bool,
    /// Whether the pull request is merged.
    pub merged: bool,
    /// The head branch.
    pub branch: String,
    /// The labels.
    pub labels: Vec<String>,
    /// The people and teams whose review is requested.
    pub reviewers: Vec<String>,
    /// The assignees.
    pub assignees: Vec<String>,
    /// Whether the pull request is a draft.
    pub draft: bool,
    /// The author.
    pub author: String,
    /// The messages of the commits, and whether GitHub signed them; the oldest first.
    pub commits: Vec<(String, bool)>,
}

/// An issue, which is not a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// The number.
    pub number: u64,
    /// The title.
    pub title: String,
    /// The body.
    pub body: String,
    /// Whether the issue is open.
    pub open: bool,
    /// The author.
    pub author: String,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The number of the issue or pull request.
    pub issue: u64,
    /// The author.
    pub author: String,
    /// The body.
    pub body: String,
    /// The reactions of people and Apps, such as `eyes`.
    pub reactions: Vec<String>,
}

/// A check run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRun {
    /// The name.
    pub name: String,
    /// The commit.
    pub commit: String,
    /// The status, such as `completed`.
    pub status: String,
    /// The conclusion, such as `success`.
    pub conclusion: Option<String>,
    /// The output's title.
    pub title: String,
    /// The output's summary.
    pub summary: String,
    /// The output's text.
    pub text: String,
    /// The annotations: file, line, message.
    pub annotations: Vec<(String, u64, String)>,
}

impl GitHub {
    /// Returns all pull requests of a repository (`owner/name`), the oldest first.
    pub fn pull_requests(&self, repository: &str) -> Vec<PullRequest> {
        self.look(repository, |found| {
            found
                .issues
                .values()
                .filter_map(|issue| pull_request(found, issue))
                .collect()
        })
    }

    /// Returns all issues of a repository that are not pull requests, the oldest first.
    pub fn issues(&self, repository: &str) -> Vec<Issue> {
        let view = |issue: &super::world::Issue| Issue {
            number: issue.number,
            title: issue.title.clone(),
            body: issue.body.clone().unwrap_or_default(),
            open: issue.open,
            author: issue.author.clone(),
        };
        self.look(repository, |found| {
            let issues = found.issues.values().filter(|issue| issue.pull.is_none());
            issues.map(view).collect()
        })
    }

    /// Returns all comments of a repository, the oldest first.
    pub fn comments(&self, repository: &str) -> Vec<Comment> {
        let view = |comment: &super::world::Comment| Comment {
            issue: comment.issue,
            author: comment.author.clone(),
            body: comment.body.clone(),
            reactions: comment
                .reactions
                .iter()
                .map(|(_, how)| how.clone())
                .collect(),
        };
        self.look(repository, |found| {
            found.comments.values().map(view).collect()
        })
    }

    /// Returns all check runs of a repository, the oldest first.
    pub fn check_runs(&self, repository: &str) -> Vec<CheckRun> {
        let view = |check: &super::world::Check| {
            let output = |name: &str| check.output[name].as_str().unwrap_or_default().to_owned();
            CheckRun {
                name: check.name.clone(),
                commit: check.head.to_string(),
                status: check.status.clone(),
                conclusion: check.conclusion.clone(),
                title: output("title"),
                summary: output("summary"),
                text: output("text"),
                annotations: check.annotations.iter().map(annotation).collect(),
            }
        };
        self.look(repository, |found| {
            found.checks.values().map(view).collect()
        })
    }

    /// Returns all code scanning uploads of a repository, the oldest first.
    pub fn analyses(&self, repository: &str) -> Vec<Analysis> {
        self.look(repository, |found| found.analyses.clone())
    }

    /// Returns a file at the head of a branch.
    pub fn file(&self, repository: &str, branch: &str, path: &str) -> Option<Vec<u8>> {
        self.look(repository, |found| {
            let tip = found.branch(branch)?;
            super::objects::file(found, tip, path).map(|content| content.to_vec())
        })
    }

    /// Returns the mode of a file at the head of a branch, such as `100644`.
    pub fn mode(&self, repository: &str, branch: &str, path: &str) -> Option<String> {
        self.look(repository, |found| {
            let tip = found.branch(branch)?;
            let (mode, _) = found.objects.files(tip).remove(path)?;
            Some(mode)
        })
    }

    /// Returns the paths that differ between a branch and the default branch.
    pub fn changed(&self, repository: &str, branch: &str) -> Vec<String> {
        self.look(repository, |found| {
            let files = |branch: &str| {
                found
                    .branch(branch)
                    .map(|tip| found.objects.files(tip))
                    .unwrap_or_default()
            };
            let (before, after) = (files(&found.default_branch), files(branch));
            let names = before
                .keys()
                .chain(after.keys())
                .filter(|path| before.get(*path) != after.get(*path));
            let names: std::collections::BTreeSet<_> = names.cloned().collect();
            names.into_iter().collect()
        })
    }

    /// Returns the head commit of the default branch.
    pub fn head(&self, repository: &str) -> Option<String> {
        self.look(repository, |found| {
            let tip = found.branch(&found.default_branch);
            tip.map(ToString::to_string)
        })
    }

    /// Returns the names of all branches.
    pub fn branches(&self, repository: &str) -> Vec<String> {
        self.look(repository, |found| {
            found
                .refs
                .keys()
                .filter_map(|name| name.strip_prefix("refs/heads/"))
                .map(str::to_owned)
                .collect()
        })
    }

    fn look<T: Default>(&self, repository: &str, view: impl FnOnce(&Repository) -> T) -> T {
        let world = self.world();
        let (owner, name) = repository.split_once('/').unwrap_or_default();
        world.repository(owner, name).map(view).unwrap_or_default()
    }
}

fn pull_request(found: &Repository, issue: &super::world::Issue) -> Option<PullRequest> {
    let pull = issue.pull.as_ref()?;
    let commits = found.commits_of(pull);
    let commits = commits.iter().filter_map(|id| found.objects.commit(id));
    Some(PullRequest {
        number: issue.number,
        title: issue.title.clone(),
        body: issue.body.clone().unwrap_or_default(),
        open: issue.open,
        merged: pull.merged.is_some(),
        branch: pull.head.0.clone(),
        labels: issue.labels.clone(),
        reviewers: [pull.asked.0.clone(), pull.asked.1.clone()].concat(),
        assignees: issue.assignees.clone(),
        draft: pull.draft,
        author: issue.author.clone(),
        commits: commits
            .map(|commit| (commit.message.clone(), commit.verified))
            .collect(),
    })
}

fn annotation(json: &serde_json::Value) -> (String, u64, String) {
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let line = json["start_line"].as_u64().unwrap_or_default();
    (text("path"), line, text("message"))
}
