//! From files to a scored and priced report: what the command line and the jobs share.

/// Which stacks a repository has.
pub mod find;
/// A stack's code and state.
pub mod load;
/// The role that a repository's AWS is read with.
pub mod roles;
/// Reads, compares, scores and prices stacks.
pub mod scan_stacks;
mod scannable;
/// Where the states of stacks lie.
pub mod states;

/// How much a scan may say of one stack.
pub(crate) mod report_limit;
