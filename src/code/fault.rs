//! Why an expression has no value.

use super::budget::Excess;
use super::typed::Typed;

/// A value, or why there is none.
pub(super) type Evaluated = Result<Typed, Fault>;

/// Why an expression has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Terraform refuses it: a plan would fail, and `try` takes its next argument.
    Invalid,
    /// It would exceed a limit.
    Excess(Excess),
}

/// Terraform refuses an expression: the error where no limit can be exceeded. `?` makes it a `Fault::Invalid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Invalid;

impl From<Excess> for Fault {
    fn from(excess: Excess) -> Self {
        Self::Excess(excess)
    }
}

impl From<Invalid> for Fault {
    fn from(_: Invalid) -> Self {
        Self::Invalid
    }
}
