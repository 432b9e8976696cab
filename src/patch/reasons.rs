//! Reasons of single kinds of edits.

use super::refusal::advice;
use crate::model::{Address, Source};
use thiserror::Error;

/// Why a file is not edited.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum FileRefusal {
    /// A symbolic link.
    #[error("{0} is a symbolic link")]
    Link(String),
    /// A file that GitHub does not list.
    #[error(
        "{0} may not be here as it was committed: GitHub does not list all files of so large a repository"
    )]
    Unverified(String),
    /// A file that several symbolic links lead to.
    #[error(
        "{file} is read by {readers} through symbolic links: an edit would change each of them"
    )]
    Linked {
        /// The file.
        file: String,
        /// The links.
        readers: String,
    },
    /// A file of an installed module.
    #[error(
        "{0} was installed by `terraform init` and is not edited: only what the module's call sets can be"
    )]
    Installed(String),
    /// A file of a fetched module.
    #[error(
        "{0} is a file of another repository, fetched for this scan, and is not edited: only what the module's call sets can be"
    )]
    Fetched(String),
    /// JSON.
    #[error("{0} is JSON, and what differs has no value of its own there: edit it by hand")]
    Json(String),
    /// A file that is no text.
    #[error("{0} is not UTF-8, or is not in the repository")]
    NotUtf8(String),
    /// A file that the parser refuses.
    #[error("{file} could not be parsed: {message}")]
    Unparsed {
        /// The file.
        file: String,
        /// The parser's words.
        message: String,
    },
}

/// Why a policy is not edited.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum PolicyRefusal {
    /// AWS's answer is no policy.
    #[error("AWS's policy for {0} is no JSON")]
    NotJson(String),
    /// A statement that was not evaluated.
    #[error("the policy at {0} says what the code alone does not tell")]
    Unknown(String),
    /// One statement, without a list around it.
    #[error("the policy at {0} has no list of statements")]
    NoList(String),
    /// The last statement would go.
    #[error("nothing would be left of the policy at {0}")]
    Empty(String),
    /// A comment that would lose its statement.
    #[error("a comment stands beside a statement that is gone from the policy at {0}")]
    Comment(String),
    /// A template that would lose what it interpolates.
    #[error(
        "{0} is a template, and what differs is interpolated in it or cannot be told apart from that"
    )]
    Template(String),
    /// A policy without statements.
    #[error("the policy at {0} has no statement yet")]
    NoStatement(String),
    /// A statement that has no form in code.
    #[error("a statement of AWS's policy cannot be written at {0}")]
    Statement(String),
}

/// Why the code of what is gone stays.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum RemovalRefusal {
    /// `count`, or a module with several instances.
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
        /// What is gone.
        address: Box<Address>,
    },
    /// A map or list without the entry.
    #[error("the map at {place} has no entry `{key}`")]
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

/// Why code does not take over what was added.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum ImportRefusal {
    /// A parent in a module with several instances.
    #[error(
        "{parent} stands in a module: its code, {file}, is that of every call, and an import block stands in the root module only"
    )]
    InModule {
        /// The parent.
        parent: Box<Address>,
        /// Its file.
        file: String,
    },
    /// An import block that is there.
    #[error("the import block at {0} takes it over already: an apply is all it takes")]
    Taken(String),
    /// A parent without a place.
    #[error("it hangs below nothing managed")]
    NoParent,
    /// A type that no code is known for.
    #[error("no code is known that says {tf_type} below {parent}")]
    NoForm {
        /// What was added.
        tf_type: String,
        /// The parent.
        parent: Box<Address>,
    },
    /// A form that cannot say it.
    #[error("{parent} has its {path} as {owner}, which cannot say it")]
    CannotSay {
        /// The parent.
        parent: Box<Address>,
        /// The parent's attribute.
        path: String,
        /// The type of its siblings.
        owner: String,
    },
    /// Blocks where a resource was asked for.
    #[error("{parent} has its {path} as blocks of its own")]
    Blocks {
        /// The parent.
        parent: Box<Address>,
        /// The parent's attribute.
        path: String,
    },
    /// Blocks that list all of their kind.
    #[error(
        "{parent} would then list all of its {path}, and an apply would take {sibling} away: take over all of them, or none"
    )]
    OnlySome {
        /// The parent.
        parent: Box<Address>,
        /// The parent's attribute.
        path: String,
        /// What would be taken away.
        sibling: String,
    },
    /// A Terraform that is too old.
    #[error(
        "`required_version = {constraint}` at {place} leaves out every Terraform that knows import blocks: allow 1.5 or newer"
    )]
    VersionExcluded {
        /// The constraint, in quotes.
        constraint: String,
        /// File and line.
        place: String,
    },
    /// A state of a Terraform that is too old.
    #[error(
        "Terraform {0} wrote the state, and import blocks need 1.5: say `required_version = \">= 1.5\"` once everybody has it"
    )]
    VersionOld(String),
}

/// Why an edit that was tried is not made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Unproven {
    /// The interrupt was raised.
    #[error("the scan ran out of time")]
    Interrupted,
    /// A parser refused it.
    #[error("the edited {0} would not be valid HCL")]
    NotHcl(String),
    /// The provider's schema refuses it.
    #[error("the edited {file} would not be valid: {problem}")]
    NotValid {
        /// The file.
        file: String,
        /// What the schema says.
        problem: String,
    },
    /// A value without a place.
    #[error("the code of {address} has no place for `{name}`")]
    NoPlace {
        /// The resource.
        address: Box<Address>,
        /// The attribute.
        name: String,
    },
    /// A module that another root module calls.
    #[error(
        "{file} is code that `{folder}` runs as well: let the module take the value as a variable"
    )]
    OtherRoot {
        /// The file.
        file: String,
        /// The other root module.
        folder: String,
    },
    /// A resource that would change otherwise.
    #[error("the edit would not leave {0} as it should be")]
    Changes(Box<Address>),
}
