//! What the App does for a repository: the scan, and what comments, boxes and pull requests ask for.

/// What acts for the App.
pub mod bot;

/// Who is read with the server's own credentials.
pub mod ambient;
/// The secret that notifications are signed with.
pub mod notification_secret;

/// The scan: the path itself.
mod scan;

/// Which fixes share a pull request.
mod groups;
/// What is done about each finding.
mod plan;
/// The rolling pull requests.
mod propose;
/// Who reviews them.
mod reviewers;
/// What a scan saw, and what it could not have seen.
mod sight;

/// The pull request that adds accepted differences.
mod accept;
/// What a command leads to, done.
mod act;
/// Boxes that a person ticked.
mod boxes;
/// Comments with commands.
mod comment;
/// A repository that was made public.
mod conceal;
/// The dashboard.
mod dashboard;
/// Code scanning, and the notification.
mod notify;
/// The pull request that brings the first settings.
mod onboard;
/// Checks on the pull requests of others.
mod review;

/// Which roles read which stacks.
mod access;
/// What people decided before an upgrade changed the ids of findings.
mod carry_over;
/// How a pull request ended.
mod decline;
/// Jobs that were given up, told.
mod failure;
/// This process's share of AWS's budgets.
mod share;
/// Which stacks there are.
mod stacks;
