//! Names the refusals of removals.

use super::refusal::advice;
use crate::model::{Address, Source};
use thiserror::Error;

/// Why the code of a deleted resource stays.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum RemovalRefusal {
    /// A block with `count`.
    #[error(
        "the block at {place} has a `count`, and no edit of a single instance is known: change the count by hand"
    )]
    Counted {
        /// File and line.
        place: String,
    },
    /// A `for_each` that is no literal.
    #[error(
        "the `for_each` of the block at {place} is computed, so there is no entry `{key}` to take out"
    )]
    Computed {
        /// File and line.
        place: String,
        /// The entry.
        key: String,
    },
    /// An entry in a file of data.
    #[error("the entry `{key}` stands in {file}, from which no entry is taken out: do it by hand")]
    InData {
        /// The file.
        file: String,
        /// The entry.
        key: String,
    },
    /// A module with several instances.
    #[error("the block at {place} stands for several instances{}", advice(.call))]
    Several {
        /// File and line.
        place: String,
        /// The call in the root module.
        call: Option<Source>,
    },
    /// Code that refers to it.
    #[error("{user} refers to {address}")]
    Referenced {
        /// File and line.
        user: String,
        /// The deleted resource.
        address: Box<Address>,
    },
    /// A part of a resource that was deleted with it and stays in the code.
    #[error(
        "{parent}, of which it is a part, stays in the code: an apply would create that without it"
    )]
    ParentStays {
        /// The deleted resource.
        parent: Box<Address>,
    },
    /// A map or list without the entry.
    #[error("no entry of the map at {place} is written as `{key}`")]
    NoEntry {
        /// File and line.
        place: String,
        /// The entry.
        key: String,
    },
    /// An entry beside others.
    #[error("the entry `{key}` of the map at {place} shares its lines")]
    SharesLines {
        /// File and line.
        place: String,
        /// The entry.
        key: String,
    },
}
