//! GitHub: the App's identity, repositories, pull requests, checks; one gate for all requests.
//!
//! Whatever is created is looked for first, so that a job which died half way may simply run again.

mod app;
mod checks;
mod code_scanning;
mod deliveries;
mod error;
mod gate;
mod manifest;
mod propose;
mod repository;
mod tarball;

pub use app::GitHub;
pub use checks::{Annotation, CheckRun, Conclusion};
pub use error::GithubError;
pub use manifest::{MadeApp, ManifestError, Manifests};
pub use propose::{Proposed, Proposing};
pub use repository::{Head, Repository};
