//! DriftGuard: finds where live AWS differs from what Terraform code declares, and opens the pull request that fixes
//! the code.
//!
//! A push, a schedule or a comment arrives at `webhook` and becomes a job in the `queue`. `jobs` reads the repository
//! (`github`); `scan` reads its stacks (`settings`, `code`), their states (`state`) and AWS (`live`); `diff` finds the
//! differences, `score` and `price` assess their severity and cost, `patch` edits the code, `report` writes the texts;
//! `github` opens the pull request.

/// Defines the nouns that all stages share.
pub mod model;

/// Reads the process's settings.
pub mod config;

/// Budgets the memory that all scans of the process share.
pub mod memory;

/// Parses a repository's `.driftguard.yml`.
pub mod settings;

/// Receives GitHub's webhook deliveries: verifies, records, enqueues, answers 202.
pub mod webhook;

/// Parses slash commands, one file each.
pub mod commands;

/// Queues deliveries and jobs, and runs the workers; knows no job's content.
pub mod queue;

/// Scans stacks, from files to a scored and priced report: for the command line and the jobs.
pub mod scan;

/// Pure: decides which pull requests to open, update, close, keep and queue.
pub mod pulls;

/// Runs what the App does for a repository, one file per job.
pub mod jobs;

/// Pure: evaluates Terraform code, and finds where each value is defined.
pub mod code;

/// Reads Terraform state from its backends.
pub mod state;

/// Connects to AWS: credentials, retries, budgets. Knows no resource type.
pub mod aws;

/// Reads AWS resource types, one file each.
pub mod resources;

/// Reads the live state of all tracked resources.
pub mod live;

/// Reads resources through Terraform's own providers, where the operator supplies them.
pub mod plugin;

/// Pure: compares code, state and live.
pub mod diff;

/// Pure: assesses the severity of each finding.
pub mod score;

/// Pure: computes the monthly cost of each finding.
pub mod price;

/// Pure: decides from CloudTrail's events who made the change of a finding.
pub mod who;

/// Pure: edits the code with verified byte splices.
pub mod patch;

/// Pure: writes what people and programs read.
pub mod report;

/// Accesses GitHub: the App's authentication, repositories, pull requests, checks; one gate for all requests.
pub mod github;

/// Fetches the modules that a repository calls and does not hold.
pub mod modules;

/// Sends requests to addresses that a repository names.
pub mod outbound;

/// Accesses the database, one file per table.
pub mod store;

/// Serves health, metrics, set-up, the sign-in and the pages for people.
pub mod web;

/// Runs the command line, one file per command.
pub mod cli;

/// Simulates GitHub and STS strictly: for tests and `driftguard demo`.
#[cfg(feature = "standin")]
pub mod standin;
