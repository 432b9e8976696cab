//! DriftGuard: finds where live AWS left what Terraform code declares, and opens the pull request that fixes the code.
//!
//! A push, a schedule or a comment arrives at `webhook` and becomes a job in the `queue`. `jobs` reads the repository
//! (`github`); `scan` its stacks (`settings`, `code`), their states (`state`) and AWS (`live`); `diff` says what differs,
//! `score` and `price` how bad and how dear it is, `patch` what to edit, `report` what to tell; `github` opens the pull
//! request.

/// The nouns every stage speaks.
pub mod model;

/// The process's settings, read once.
pub mod config;

/// Bytes that everything in the process shares.
pub mod memory;

/// One repository's `.driftguard.yml`.
pub mod settings;

/// The door for GitHub's deliveries: verify, record, enqueue, 202.
pub mod webhook;

/// What a person may say to the bot, one command a file.
pub mod commands;

/// Deliveries and jobs on their way, and the workers that run them; knows no job's content.
pub mod queue;

/// From files to a scored and priced report: what the command line and the jobs share.
pub mod scan;

/// Pure: which pull requests to open, update, close, keep and queue.
pub mod pulls;

/// What the App does for a repository, one file a job.
pub mod jobs;

/// Pure: Terraform code, evaluated, and where each value is defined.
pub mod code;

/// Terraform state: its format, and the backends that hold it.
pub mod state;

/// AWS: credentials, retries, budgets. Knows no resource type.
pub mod aws;

/// One AWS resource type a file.
pub mod resources;

/// Asks AWS what is there of everything that is tracked.
pub mod live;

/// Pure: code, state and live against one another.
pub mod diff;

/// Pure: how bad each finding is.
pub mod score;

/// Pure: what each finding costs a month.
pub mod price;

/// Pure: byte splices that make the code right, each verified.
pub mod patch;

/// Pure: what people and programs read.
pub mod report;

/// GitHub: the App's identity, repositories, pull requests, checks; one gate for all requests.
pub mod github;

/// Requests to addresses that a repository names.
pub mod outbound;

/// The database, one file a table.
pub mod store;

/// Health, metrics, set-up.
pub mod web;

/// The command line, one file a command.
pub mod cli;

/// Strict stand-ins for GitHub and STS: tests and `driftguard demo`.
#[cfg(feature = "standin")]
pub mod standin;
