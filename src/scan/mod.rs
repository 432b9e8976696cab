//! Scans stacks, from files to a scored and priced report: for the command line and the jobs.

/// Asks CloudTrail who made the changes.
pub mod actors;
mod claims;
mod empty_state;
mod event_index;
/// Finds the stacks of a repository.
pub mod find;
/// Masks secrets in the names of resources.
mod hidden_names;
/// Loads a stack's code and state.
pub mod load;
mod locate;
mod native_shapes;
mod null_notes;
/// Compares native readers with the provider.
pub mod parity;
mod pending;
/// The stages of a scan.
pub mod progress;
/// Proves fixes by a provider's plan.
pub mod proof;
mod provider_access;
mod provider_group;
/// Which actions a provider calls to read a type.
pub mod provider_reads;
/// Describes the role that reads a repository's AWS accounts.
pub mod roles;
/// The result of a scan.
pub mod scan_result;
/// Reads, compares, scores and prices stacks.
pub mod scan_stacks;
mod scannable;
mod secret_parts;
/// Locates the states of stacks.
pub mod states;
pub(crate) use hidden_names::hide_in;
pub use provider_access::ProviderAccess;
mod through_provider;
mod unseen;
/// The workspaces of stacks that have all.
pub mod workspaces;

/// Limits the size of a stack's report.
pub(crate) mod report_limit;
