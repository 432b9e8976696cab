//! Accesses GitHub: the App's authentication, repositories, pull requests, checks; one gate for all requests.
//!
//! Whatever is created is looked for first, so that a job that died half way can run again.

mod allowance;
mod answer_size;
mod app;
mod archive;
mod caller;
mod checks;
mod circuit;
mod code_scanning;
mod comments;
mod deliveries;
mod download;
mod error;
mod gate;
mod installation_account;
mod issues;
mod json;
mod ledger;
mod manifest;
mod person_access;
mod propose;
mod pulls;
mod recovery;
mod repository;
mod revision;
mod slots;
/// Unpacks a commit's archive while it is downloaded.
pub mod tarball;
mod tree;
mod user_access;
/// Holds what a person sees, as GitHub lists it.
mod user_listing;

pub use allowance::{CONTENT_MEMORY, MAX_CONTENT, content_pause, content_slice};
pub use app::{Fence, GitHub};
pub use archive::CommitFiles;
pub use checks::{Annotation, CheckRun, Conclusion};
pub use comments::{Comment, Permission, PersonAccess};
pub use deliveries::{DeliveryAttempt, DeliveryPage};
pub use error::GithubError;
pub use gate::Limits;
pub use installation_account::InstallationAccount;
pub use issues::Issue;
pub use ledger::ContentLedger;
pub use manifest::{CreatedApp, ManifestError, Manifests};
pub use propose::{ProposeOutcome, ProposedPullRequest, Reviewers};
pub use pulls::{CommitPage, PullRequest};
pub use repository::{Head, Repository};
pub use revision::{ReadOnlyRepository, Revision};
pub use tarball::{Layout, MAX_TOTAL as MAX_TREE};
pub use user_access::{Person, UserAccess, UserAccessError, UserToken};
pub use user_listing::{Listed, UserInstallation, UserRepository};
