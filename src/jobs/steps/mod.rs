//! Holds the steps that jobs are composed of, one file each. No step knows a job.

/// Decides who is read with the server's own credentials.
pub mod ambient;
/// Derives, shows and rotates the signing secret of notifications.
pub mod notification_secret;

/// Proposes to accept ignored differences.
pub(super) mod accept;
/// Chooses and probes the roles that read stacks.
pub(super) mod access;
/// Names who made the changes of findings.
pub(super) mod actors;
/// Announces findings to code scanning and by notification.
pub(super) mod announce;
/// Writes what people decide into the audit log.
pub(super) mod audit;
/// Carries decisions over to the ids of a new version.
pub(super) mod carry_over;
/// Creates check runs.
pub(super) mod checks;
/// Updates the dashboard.
pub(super) mod dashboard;
/// Applies the effects of commands.
pub(super) mod effects;
/// Fetches the modules that a repository calls and does not hold.
pub(super) mod modules;
/// Proposes the first settings.
pub(super) mod onboarding;
/// Parses what a person asks for once.
pub(super) mod orders;
/// Records how pull requests ended.
pub(super) mod outcome;
/// Plans the fix of each finding.
pub(super) mod plan;
/// Decides what the providers of the operator read.
pub(super) mod providers;
/// Opens, updates and closes the pull requests of a stack.
pub(super) mod pull_requests;
/// Records the report of a stack.
pub(super) mod record;
/// Redacts what a public repository shows.
pub(super) mod redact;
/// Empties the check runs of a public repository.
mod redact_checks;
/// Records what GitHub refused of a redaction.
mod redact_progress;
/// Writes the reply to a comment.
pub(super) mod reply;
/// Finds and scans the stacks of a repository.
pub(super) mod repository_scan;
/// Reads a repository's `.driftguard.yml`.
pub(super) mod repository_settings;
/// Finds the same drift in the findings of two versions.
mod same_drift;
/// Gathers the status of each stack.
pub(super) mod stack_statuses;
/// Stores the stacks of a repository with their schedules.
pub(super) mod stacks;
/// Enqueues tasks that follow from a job.
pub(super) mod tasks;
/// Reads the code that somebody uploads to be scanned.
pub(super) mod uploaded_code;
/// A repository's stacks, one for each workspace where all are meant.
pub(super) mod workspaces;

/// Chooses the reviewers of a pull request.
mod reviewers;
/// Proposes a change of `.driftguard.yml`.
mod settings_pull;
/// Computes this process's share of AWS's budgets.
pub(super) mod share;
