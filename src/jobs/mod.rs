//! What the App does for a repository, one file a job: a function over a `RepositoryContext`.
//!
//! `handler` hands each job of the queue to its file. Jobs are made of steps; no job calls another one, but for the scan
//! that a command asks for, and no step knows a job.

/// Hands each job of the queue to its file.
pub mod handler;
/// What jobs are made of, one step a file.
pub mod steps;

/// A repository at one moment.
mod context;
/// What the jobs of a server share.
mod services;

/// Boxes that a person ticked.
mod boxes;
/// A comment with commands.
mod comment;
/// A repository that was made public.
mod conceal;
/// The dashboard.
mod dashboard;
/// A pull request that was closed, merged or opened again.
mod follow;
/// A job that was given up.
mod given_up;
/// A notification.
mod notification;
/// The pull request of somebody else.
mod review;
/// The scan.
mod scan;
