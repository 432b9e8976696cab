//! One test binary: each further one would link the whole crate again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod architecture;
mod aws;
mod code;
mod codeowners;
mod commands;
mod coverage;
mod database;
mod demo;
mod door;
mod end_to_end;
mod fix;
mod github;
mod hostile;
mod import;
mod jobs;
mod leases;
mod npm;
mod openapi;
mod outbound;
mod parity;
mod parking;
mod patch;
mod report;
mod resources;
mod sarif;
mod scan;
mod server;
mod settings;
mod setup;
mod standin;
mod store;
mod tenants;
mod webhook;
mod week;
