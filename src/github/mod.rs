//! GitHub: the App's identity, repositories, pull requests, checks; one gate for all requests.
//!
//! Whatever is created is looked for first, so that a job which died half way may simply run again.

mod allowance;
mod answer_size;
mod app;
mod archive;
mod checks;
mod circuit;
mod code_scanning;
mod comments;
mod deliveries;
mod download;
mod error;
mod gate;
mod issues;
mod ledger;
mod manifest;
mod propose;
mod pulls;
mod recovery;
mod repository;
mod slots;
/// A commit's archive, unpacked as it arrives.
pub mod tarball;
mod tree;

pub use allowance::{CONTENT_MEMORY, content_pause, content_slice};
pub use app::{Fence, GitHub};
pub use archive::CommitFiles;
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
