//! Explains why the code has no literal that an edit could change, and defines the kinds by which all refusals are
//! counted.

use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// Why an expression has no literal. Each sentence names the file and the line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Uneditable {
    /// The budget of the evaluation was spent.
    #[error("the value at {0} was not evaluated")]
    NotEvaluated(String),
    /// The references lead through too many others.
    #[error("the references at {0} lead too far")]
    TooFar(String),
    /// A conditional whose condition is not known.
    #[error("the value at {0} depends on a condition")]
    Condition(String),
    /// The result of a function.
    #[error("the value at {place} is made by `{function}`")]
    Function {
        /// The function.
        function: String,
        /// File and line.
        place: String,
    },
    /// A value that a file of the repository holds, in a form that is not edited.
    #[error("the value comes from {file}, which `{function}` reads at {place}: edit it there")]
    File {
        /// The file.
        file: String,
        /// The function.
        function: String,
        /// File and line of the code that reads it.
        place: String,
    },
    /// A place in a file of data, in a form that is not edited.
    #[error("the value belongs to {0}, in a form that is not edited automatically: edit it there")]
    Data(String),
    /// A template with text around its interpolations.
    #[error("the value at {0} is made from a template")]
    Template(String),
    /// Arithmetic, `for`, a splat of a literal.
    #[error("the value at {0} is computed")]
    Computed(String),
    /// A reference to a resource, a data source, or the output of a module that was not evaluated.
    #[error("`{text}` at {place} refers to something that the code does not set")]
    Foreign {
        /// The reference, as it is written.
        text: String,
        /// File and line.
        place: String,
    },
    /// A module's output, with no literal behind it.
    #[error("`{text}` at {place} is a module's output, and {why}")]
    Output {
        /// The reference, as it is written.
        text: String,
        /// File and line.
        place: String,
        /// Why the output has no literal.
        why: Box<Uneditable>,
    },
    /// `each` where the keys are not known.
    #[error("`{text}` at {place}: the keys of `for_each` are not certain")]
    UncertainKeys {
        /// The reference, as it is written.
        text: String,
        /// File and line.
        place: String,
    },
    /// `each.key`, `count.index`.
    #[error("`{text}` at {place} differs for each instance")]
    DiffersByInstance {
        /// The reference, as it is written.
        text: String,
        /// File and line.
        place: String,
    },
    /// A variable of the root module that no file sets, or a sensitive one.
    #[error("`var.{name}` at {place} is set from outside the code, or is a secret")]
    SetOutside {
        /// The variable.
        name: String,
        /// File and line.
        place: String,
    },
    /// A variable that a Terragrunt unit sets, though no expression of its own does.
    #[error("`var.{name}` is set by the `inputs` at {place}, which compute it")]
    Inputs {
        /// The variable.
        name: String,
        /// File and line.
        place: String,
    },
    /// An element of a list, by its number.
    #[error("`{text}` at {place} picks an element")]
    Element {
        /// The reference, as it is written.
        text: String,
        /// File and line.
        place: String,
    },
    /// A splat.
    #[error("`{text}` at {place} picks several elements")]
    Elements {
        /// The reference, as it is written.
        text: String,
        /// File and line.
        place: String,
    },
    /// An entry of something that is no literal map.
    #[error("the value at {0} is no literal map")]
    NoMap(String),
    /// A literal map with too many entries.
    #[error("the map in {0} is too large")]
    LargeMap(String),
    /// A key that `merge` takes from something that is no literal map.
    #[error("the key comes out of `merge` at {0}")]
    Merged(String),
    /// A policy document whose statements are made by `dynamic` blocks.
    #[error(
        "the policy document at {0} makes its statements by `dynamic` blocks, or of what is not known"
    )]
    Statements(String),
    /// The place of a policy document that takes statements over from others.
    #[error(
        "the policy document at {0} takes over statements of other documents: edit the one that holds the statement"
    )]
    MergedDocument(String),
    /// A policy document with `count` or `for_each`, or another data source.
    #[error("`{text}` at {place} is no policy document of this module that stands once")]
    Document {
        /// The reference, as it is written.
        text: String,
        /// File and line.
        place: String,
    },
}

impl Uneditable {
    /// Returns the file and line of the code that computes the value; none where the value is no result of a computation,
    /// or where a person would change it elsewhere.
    pub fn computed_at(&self) -> Option<&str> {
        match self {
            Self::Condition(place)
            | Self::Function { place, .. }
            | Self::Template(place)
            | Self::Computed(place)
            | Self::Element { place, .. }
            | Self::Elements { place, .. }
            | Self::NoMap(place)
            | Self::Merged(place)
            | Self::Statements(place)
            | Self::MergedDocument(place) => Some(place),
            Self::Output { why, .. } => why.computed_at(),
            _ => None,
        }
    }

    /// Returns the kind of the refusal.
    pub fn kind(&self) -> RefusalKind {
        match self {
            Self::Output { why, .. } => why.kind(),
            Self::NotEvaluated(_) | Self::TooFar(_) | Self::LargeMap(_) => RefusalKind::Limit,
            Self::Condition(_)
            | Self::Function { .. }
            | Self::File { .. }
            | Self::Data(_)
            | Self::Template(_)
            | Self::Computed(_)
            | Self::Element { .. }
            | Self::Elements { .. }
            | Self::NoMap(_)
            | Self::Merged(_)
            | Self::Statements(_)
            | Self::MergedDocument(_)
            | Self::Inputs { .. }
            | Self::DiffersByInstance { .. } => RefusalKind::Computed,
            Self::Foreign { .. } | Self::Document { .. } => RefusalKind::Reference,
            Self::UncertainKeys { .. } => RefusalKind::NotFound,
            Self::SetOutside { .. } => RefusalKind::SetOutside,
        }
    }
}

/// The kinds of refusals.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// A value, or a default, that is set from outside the code.
    SetOutside,
    /// A value that also sets resources which did not change in the same way.
    Shared,
    /// An expression that computes the value.
    Computed,
    /// A reference to something that the code does not set.
    Reference,
    /// A secret, which code must not hold.
    Secret,
    /// A file that is not edited.
    File,
    /// A notation that no edit preserves.
    Layout,
    /// Code that was not found, or whose instances are not known.
    NotFound,
    /// A kind of edit that does not exist: of an ordered block, of an attribute of the provider's configuration.
    Unsupported,
    /// An edit that failed its verification.
    Unproven,
    /// Another fix that edits the same bytes, or another direction for the same value.
    Conflict,
    /// Code that refers to the resource to remove.
    Referenced,
    /// A change that is adopted only when a person asks for it.
    Unasked,
    /// Too many values, or no time.
    #[default]
    Limit,
}

impl RefusalKind {
    /// Returns the name, in snake case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SetOutside => "set_outside",
            Self::Shared => "shared",
            Self::Computed => "computed",
            Self::Reference => "reference",
            Self::Secret => "secret",
            Self::File => "file",
            Self::Layout => "layout",
            Self::NotFound => "not_found",
            Self::Unsupported => "unsupported",
            Self::Unproven => "unproven",
            Self::Conflict => "conflict",
            Self::Referenced => "referenced",
            Self::Unasked => "unasked",
            Self::Limit => "limit",
        }
    }
}

impl fmt::Display for RefusalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
