//! What jobs are made of, one step a file. No step knows a job.

/// Who is read with the server's own credentials.
pub mod ambient;
/// The secret that notifications are signed with.
pub mod notification_secret;

/// The pull request that adds accepted differences.
pub(super) mod accept;
/// Which roles read which stacks.
pub(super) mod access;
/// Code scanning, and the notification of what is new.
pub(super) mod announce;
/// What people decided before an upgrade changed the ids of findings.
pub(super) mod carry_over;
/// Check runs.
pub(super) mod checks;
/// The dashboard.
pub(super) mod dashboard;
/// The effects of commands.
pub(super) mod effects;
/// The modules that a repository calls and does not hold.
pub(super) mod modules;
/// The pull request that brings the first settings.
pub(super) mod onboarding;
/// How pull requests ended.
pub(super) mod outcome;
/// The fix of each finding.
pub(super) mod plan;
/// The pull requests of a stack, brought to what was decided.
pub(super) mod pull_requests;
/// What a repository published that is public now.
pub(super) mod redact;
/// The one reply to a comment.
pub(super) mod reply;
/// A repository's stacks, found and scanned.
pub(super) mod repository_scan;
/// A repository's `.driftguard.yml`.
pub(super) mod repository_settings;
/// How each stack of a repository stands.
pub(super) mod stack_statuses;
/// Which stacks a repository has.
pub(super) mod stacks;
/// Tasks that follow from a job.
pub(super) mod tasks;

/// Who reviews a pull request.
mod reviewers;
/// A pull request that changes `.driftguard.yml`.
mod settings_pull;
/// This process's share of AWS's budgets.
mod share;
