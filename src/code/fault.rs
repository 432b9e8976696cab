//! Why an expression has no value.

use super::budget::Excess;
use super::typed::Typed;

/// A value, or why there is none.
pub(super) type Evaluated = Result<Typed, Fault>;

/// Why an expression has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Terraform refuses it: `try` goes on to its next argument, and a plan would fail.
    Invalid,
    /// It would cost too much.
    Excess(Excess),
}

/// That Terraform refuses an expression.
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
