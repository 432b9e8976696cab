//! GitHub: the App's identity, repositories, pull requests, checks; one gate for all requests.
//!
//! Whatever is created is looked for first, so that a job which died half way may simply run again.

mod app;
mod checks;
mod code_scanning;
mod comments;
mod deliveries;
mod error;
mod gate;
mod issues;
mod manifest;
mod propose;
mod pulls;
mod repository;
mod tarball;

pub use app::GitHub;
pub use checks::{Annotation, CheckRun, Conclusion};
pub use comments::Comment;
pub use error::GithubError;
pub use issues::Issue;
pub use manifest::{MadeApp, ManifestError, Manifests};
pub use propose::{Proposed, Proposing, Reviewers};
pub use pulls::PullRequest;
pub use repository::{Head, Repository};
