//! The one way to the HCL parser: what would cost it too much is refused before it is parsed.

use super::effort::{Effort, EmptyHeredocs};
use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;

/// What the tree of one text may take, in bytes: that of a megabyte and a half of common code.
const MOST_MEMORY: usize = 128 << 20;
/// What parsing one text may take, in steps: about a second.
const MOST_STEPS: usize = 50_000_000;

/// Why a text was not parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unparsed {
    /// The line, from 1.
    pub line: usize,
    /// The reason.
    pub message: String,
}

/// Parses a file of HCL.
///
/// # Errors
/// When it is not valid, or would take too long or too much memory.
pub fn body(text: &str) -> Result<Body, Unparsed> {
    measure(text)?;
    measured_body(text)
}

/// Parses a file of HCL that was measured.
pub(super) fn measured_body(text: &str) -> Result<Body, Unparsed> {
    hcl_edit::parser::parse_body(text).map_err(|error| invalid(&error))
}

/// Parses an expression.
///
/// # Errors
/// When it is not valid, or would take too long or too much memory.
pub fn expression(text: &str) -> Result<Expression, Unparsed> {
    measure(text)?;
    hcl_edit::parser::parse_expr(text).map_err(|error| invalid(&error))
}

/// What parsing a text costs at most.
///
/// # Errors
/// When that is too much memory, or would take too long.
pub(super) fn measure(text: &str) -> Result<Effort, Unparsed> {
    let effort = Effort::of(text).map_err(|EmptyHeredocs { at }| Unparsed {
        line: line(text, at),
        message: "there are too many empty heredocs: write `\"\"` instead of each".to_owned(),
    })?;
    if effort.memory > MOST_MEMORY || effort.steps > MOST_STEPS {
        return Err(Unparsed {
            line: 1,
            message: "it is too large: split it into several files, and large maps into several"
                .to_owned(),
        });
    }
    Ok(effort)
}

/// The line of a byte, from 1.
fn line(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

fn invalid(error: &hcl_edit::parser::Error) -> Unparsed {
    Unparsed {
        line: error.location().line(),
        message: error.message().to_owned(),
    }
}
