//! Runs what the App does for a repository, one file per job: a function over a `RepositoryContext`.
//!
//! `handler` dispatches each job of the queue to its file. Jobs are composed of steps; no job calls another one, except
//! the scan that a command asks for, and no step knows a job.

/// Scans a workspace of the API, outside of the queue.
pub mod api_scan;
/// Dispatches each job of the queue to its file.
pub mod handler;
/// Holds the steps that jobs are composed of, one file each.
pub mod steps;
/// Asks whether the person of a key of the API may write, outside of the queue.
pub mod write_access;

/// Holds a repository at one commit.
mod context;
/// Holds the connections that the jobs of a server share.
mod services;

/// Runs the orders of ticked boxes.
mod boxes;
/// Runs the commands of a comment.
mod comment;
/// Redacts what a repository published before it was made public.
mod conceal;
/// Refreshes the dashboard.
mod dashboard;
/// Records that a pull request was closed, merged or reopened.
mod follow;
/// Reports a job that was given up.
mod given_up;
/// Posts a notification.
mod notification;
/// Runs the order of a page or the API.
mod order;
/// Checks the pull request of somebody else.
mod review;
/// Scans a repository.
mod scan;
