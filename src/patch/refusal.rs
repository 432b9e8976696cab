//! Names the refusals: each says what a person would edit, and is counted by kind.

use super::reasons::{FileRefusal, ImportRefusal, JsonRefusal, PolicyRefusal, Unproven};
use super::removal_refusal::RemovalRefusal;
use crate::model::{Address, RefusalKind, Source, Uneditable};
use thiserror::Error;

/// How many addresses a reason names.
const NAMED: usize = 3;

/// The remedy for a credential in an attribute's live value.
const CREDENTIAL: &str = "AWS holds what looks like a credential here: put it into a secret store, and let the code refer to that";

/// Why an attribute, or a whole finding, is not fixed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    /// No literal stands behind the attribute.
    #[error("{why}{}", handed_over(.why, .call))]
    Uneditable {
        /// What stands there.
        why: Uneditable,
        /// The call in the root module that leads there.
        call: Option<Source>,
    },
    /// Many fixes, or a large stack.
    #[error(
        "so many fixes, or so large a stack, take too long to try one by one: `driftguard fix --finding ID` makes this one"
    )]
    NoTime,
    /// More values than are compared one by one.
    #[error(
        "more than ten thousand values stand in what differs: write it by hand, or by a program of yours"
    )]
    TooLarge,
    /// An unmanaged child, without a request to import it.
    #[error(
        "what was added to {0} may grant access: DriftGuard imports it only on request (`/driftguard import FINDING`, or \
         `driftguard fix --import`), and it has to be reverted in AWS itself"
    )]
    Unasked(String),
    /// Another fix edits the same bytes.
    #[error("another fix edits {file}:{line} as well")]
    Clash {
        /// The file.
        file: String,
        /// The line.
        line: usize,
    },
    /// An edit that is right alone, and breaks something beside the other fixes.
    #[error("together with the other fixes, {0}")]
    Together(Box<Refusal>),
    /// A finding without an address.
    #[error("no state claims it")]
    UnmanagedResource,
    /// A resource that was not evaluated.
    #[error("the code of {0} was not found, or its instances are not certain")]
    NotEvaluated(Box<Address>),
    /// A resource whose block was not found in its file, or is there twice.
    #[error("the block of {address} was not found at {place}")]
    NoBlock {
        /// The resource.
        address: Box<Address>,
        /// File and line.
        place: String,
    },
    /// A path that cannot be parsed.
    #[error("`{0}` is no attribute that can be written")]
    NoPath(String),
    /// A tag of the provider's configuration.
    #[error(
        "`{0}` is set by the provider's default_tags, which no resource can leave out: take it out there, or restore it"
    )]
    DefaultTags(String),
    /// A secret.
    #[error("`{0}` is a secret, which code must not hold: {CREDENTIAL}")]
    Secret(String),
    /// A credential in the text of an edit.
    #[error("{file}:{line}: {CREDENTIAL}")]
    Credential {
        /// The file.
        file: String,
        /// The line.
        line: usize,
    },
    /// A literal that sets several resources with different live values.
    #[error("{0}")]
    Shared(Box<Shared>),
    /// A local value.
    #[error("the value is a local at {place}, {}", used(.readers))]
    Local {
        /// File and line.
        place: String,
        /// The places that read it, where these are known to be several.
        readers: Vec<String>,
    },
    /// The value of a module's output that others read.
    #[error("the value is an output's at {0}, which more than one place reads")]
    Output(String),
    /// A default that something else may override.
    #[error("`var.{name}` has its default at {place}, and {overridden}")]
    Overridden {
        /// The variable.
        name: String,
        /// File and line.
        place: String,
        /// What overrides it.
        overridden: String,
    },
    /// A nested block that is not edited in parts.
    #[error("`{path}` is a block at {place}")]
    Block {
        /// The attribute.
        path: String,
        /// File and line.
        place: String,
    },
    /// A nested block that the code leaves out.
    #[error("the block `{name}` is not written in the code at {place}")]
    LeftOutBlock {
        /// The block.
        name: String,
        /// File and line.
        place: String,
    },
    /// Blocks that `dynamic` makes, or whose values are not known.
    #[error("`{name}` is not written as plain blocks at {place}")]
    DynamicBlocks {
        /// The block.
        name: String,
        /// File and line.
        place: String,
    },
    /// An attribute that is to be removed and is not in the code.
    #[error("`{path}` is not written in the code at {place}")]
    NotWritten {
        /// The attribute.
        path: String,
        /// File and line.
        place: String,
    },
    /// A map without a place for an entry.
    #[error("`{name}` at {place} is no literal map, so no entry can be added")]
    NoMap {
        /// The attribute.
        name: String,
        /// File and line.
        place: String,
    },
    /// A value that has no literal.
    #[error("`{0}` has no value that can be written")]
    NoLiteral(String),
    /// An entry that would be there twice.
    #[error(
        "the map at {place} has `{path}` already, under this key or one that the code computes: a second one would win \
         over it without a word"
    )]
    EntryThere {
        /// The entry.
        path: String,
        /// File and line of the map.
        place: String,
    },
    /// An expression that is no literal.
    #[error("`{path}` at {place} is not written as plain values")]
    NotPlain {
        /// The attribute.
        path: String,
        /// File and line.
        place: String,
    },
    /// A heredoc that cannot hold the value.
    #[error(
        "the heredoc at {0} cannot hold the value as it is: no line end at its end, or a character that nobody sees"
    )]
    Heredoc(String),
    /// Code that shares its lines with something else.
    #[error("`{path}` at {place} shares its line")]
    SharesLine {
        /// The attribute.
        path: String,
        /// File and line.
        place: String,
    },
    /// A list with a comment that an edit would lose, or leave beside another item.
    #[error("a comment in `{path}` at {place} stands between what changes and what stays")]
    Commented {
        /// The attribute.
        path: String,
        /// File and line.
        place: String,
    },
    /// A block on one line.
    #[error("the block at {0} stands on one line")]
    OneLine(String),
    /// A file that differs from the evaluated one.
    #[error("the code at {0} is not what was evaluated")]
    Stale(String),
    /// Code that has the value already.
    #[error("the code says what AWS has, in another form")]
    SaidAlready,
    /// A file that is not edited.
    #[error("{0}")]
    File(#[from] FileRefusal),
    /// A policy.
    #[error("{0}")]
    Policy(#[from] PolicyRefusal),
    /// A text of JSON that is no policy.
    #[error("{0}")]
    Json(#[from] JsonRefusal),
    /// A removal.
    #[error("{0}")]
    Removal(#[from] RemovalRefusal),
    /// An import.
    #[error("{0}")]
    Import(#[from] ImportRefusal),
    /// An edit that was rejected by its verification.
    #[error("{0}")]
    Unproven(#[from] Unproven),
}

/// A literal that sets several resources with different live values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the value of `{path}` feeds {} as well, which did not change alike or goes another way{}", named(.others), advice(.call))]
pub(super) struct Shared {
    /// The attribute.
    pub path: String,
    /// The other resources.
    pub others: Vec<Address>,
    /// The call in the root module that would set it alone.
    pub call: Option<Source>,
}

impl Refusal {
    /// Returns the kind under which it is counted.
    pub(super) fn kind(&self) -> RefusalKind {
        match self {
            Self::Uneditable { why, .. } => why.kind(),
            Self::NoTime | Self::TooLarge => RefusalKind::Limit,
            Self::Unasked(_) => RefusalKind::Unasked,
            Self::Clash { .. } | Self::Together(_) => RefusalKind::Conflict,
            Self::Secret(_) | Self::Credential { .. } => RefusalKind::Secret,
            Self::Shared(_) | Self::Local { .. } | Self::Output(_) => RefusalKind::Shared,
            Self::Overridden { .. } => RefusalKind::SetOutside,
            Self::UnmanagedResource
            | Self::NotEvaluated(_)
            | Self::NoBlock { .. }
            | Self::LeftOutBlock { .. }
            | Self::NotWritten { .. } => RefusalKind::NotFound,
            Self::NoPath(_) | Self::DefaultTags(_) | Self::Block { .. } => RefusalKind::Unsupported,
            Self::DynamicBlocks { .. }
            | Self::NoMap { .. }
            | Self::EntryThere { .. }
            | Self::NoLiteral(_)
            | Self::NotPlain { .. }
            | Self::Heredoc(_)
            | Self::SharesLine { .. }
            | Self::Commented { .. }
            | Self::OneLine(_)
            | Self::Policy(_)
            | Self::Json(_) => RefusalKind::Layout,
            Self::File(_) => RefusalKind::File,
            Self::Import(_) => RefusalKind::Unsupported,
            Self::Removal(RemovalRefusal::Referenced { .. }) => RefusalKind::Referenced,
            Self::Removal(RemovalRefusal::Several { .. } | RemovalRefusal::Counted { .. })
            | Self::Unproven(
                Unproven::OtherRoot { .. }
                | Unproven::OtherStack { .. }
                | Unproven::OtherUnit { .. }
                | Unproven::OtherVariables(_),
            ) => RefusalKind::Shared,
            Self::Removal(RemovalRefusal::Computed { .. }) => RefusalKind::Computed,
            Self::Removal(RemovalRefusal::InData { .. }) => RefusalKind::File,
            Self::Removal(_) => RefusalKind::Layout,
            Self::Stale(_) | Self::SaidAlready | Self::Unproven(_) => RefusalKind::Unproven,
        }
    }
}

/// Returns the first addresses, and the number of further ones.
fn named(addresses: &[Address]) -> String {
    let mut shown: Vec<_> = addresses
        .iter()
        .take(NAMED)
        .map(ToString::to_string)
        .collect();
    if let Some(more) = addresses.len().checked_sub(NAMED).filter(|more| *more > 0) {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}

/// Describes who reads a local value.
fn used(readers: &[String]) -> String {
    match readers.split_at_checked(NAMED) {
        None if readers.is_empty() => "which others may use".to_owned(),
        None if readers.len() == 1 => format!("which {} reads more than once", readers.concat()),
        Some((shown, more)) if !more.is_empty() => {
            format!("which {} and {} more read", shown.join(", "), more.len())
        }
        _ => format!("which {} read", readers.join(", ")),
    }
}

/// Returns advice on how to set a value for one call alone.
pub(super) fn advice(call: &Option<Source>) -> String {
    match call {
        Some(call) => format!(
            ": let the module take it as a variable of its own, and set that in the call at {}",
            call.place()
        ),
        None => String::new(),
    }
}

/// Describes where the root module hands a module what it computes a value from.
fn handed_over(why: &Uneditable, call: &Option<Source>) -> String {
    let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    match (call, why.computed_at()) {
        (Some(call), Some(place)) if folder(place) != folder(&call.file) => format!(
            ": look at what the call at {} hands over, and at what it leaves to a default",
            call.place()
        ),
        _ => String::new(),
    }
}
