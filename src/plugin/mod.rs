//! Reads resources through Terraform's own providers, where the operator supplies them.
//!
//! A provider is a foreign program: it runs in a process of its own that knows nothing of this one, and is asked to read
//! and to plan, never to apply. What it answers is bounded in size and time, decoded by its own schema, and freed of
//! secrets before any other stage sees it. Its plan decides what drifted.

pub mod handshake;
pub mod lock;
pub mod msgpack;
pub mod schema;
pub mod second_look;
pub mod value;
pub mod wire;

mod configuration;
mod ignored;
mod overlay;
mod proposed;
mod verdict;

mod archive;
mod client;
mod folder;
mod hash;
mod own_folder;
mod package;
mod process;
mod provider;
mod reader;
mod reason;
mod sandbox;
mod schema_memory;
mod schemas;
mod slots;
mod target;
mod users;
mod wire_size;

pub use crate::config::ProviderSource;
pub use client::{CallError, MAX_ANSWER};
pub use configuration::{Configuration, configuration, convert};
pub use folder::{Chosen, FolderError, Package, ProviderFolder, SOURCE};
pub use ignored::keep_ignored;
pub use overlay::{NativeState, lay_over};
pub use process::Launch;
pub use proposed::proposed;
pub use provider::Limits;
pub use reader::{Deadline, ProviderReading, ProviderReadings, Reader, Request, TOTAL};
pub use sandbox::Sandbox;
pub use schema_memory::{SchemaMemory, TypeSchemas};
pub use slots::Slot;
pub use target::{AwsTarget, Credentials, Target};
pub use users::Users;
pub use verdict::{PlanInput, means_the_same};
