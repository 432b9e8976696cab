//! GitHub: the App's identity, repositories, pull requests, checks; one gate for all requests.
//!
//! Whatever is created is looked for first, so that a job which died half way may simply run again.

mod allowance;
mod app;
mod checks;
mod circuit;
mod code_scanning;
mod comments;
mod deliveries;
mod error;
mod gate;
mod issues;
mod ledger;
mod manifest;
mod propose;
mod pulls;
mod repository;
mod slots;
mod tarball;
mod tree;

pub use allowance::{CONTENT_MEMORY, content_pause, content_slice};
pub use app::{Fence, GitHub};
pub use checks::{Annotation, CheckRun, Conclusion};
pub use comments::{Comment, Permission};
pub use deliveries::{DeliveryAttempt, DeliveryPage};
pub use error::GithubError;
pub use gate::Limits;
pub use issues::Issue;
pub use ledger::ContentLedger;
pub use manifest::{MadeApp, ManifestError, Manifests};
pub use propose::{Proposed, Proposing, Reviewers};
pub use pulls::PullRequest;
pub use repository::{Head, Repository};
