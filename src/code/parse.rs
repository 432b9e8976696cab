//! Calls the HCL parser. A text that would take too much time or memory is refused first.

use super::effort::{Effort, EmptyHeredocs};
use super::respell::{LineEnds, Repeated, Respelled, respelled};
use hcl_edit::expr::Expression;
use hcl_edit::parser::Error;
use hcl_edit::structure::Body;
use hcl_edit::template::Template;

/// The most bytes of one text's tree: that of a megabyte and a half of common code.
const MAX_MEMORY: usize = 128 << 20;
/// The most steps of parsing one text: about a second.
const MAX_STEPS: usize = 50_000_000;

/// Why a text was not parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unparsed {
    /// The line, from 1.
    pub line: usize,
    /// The reason.
    pub message: String,
    /// Whether it is only too large, and may be valid.
    pub is_too_large: bool,
}

/// Parses a file of HCL.
///
/// # Errors
/// It is not valid, or would take too much time or memory.
pub fn body(text: &str) -> Result<Body, Unparsed> {
    Readable::of(text)?.body()
}

/// Parses an expression.
///
/// # Errors
/// It is not valid, or would take too much time or memory.
pub fn expression(text: &str) -> Result<Expression, Unparsed> {
    Readable::of(text)?.parsed(hcl_edit::parser::parse_expr)
}

/// A text that is known to be affordable to parse.
pub(super) struct Readable<'t> {
    /// The text as it is.
    pub original: &'t str,
    spelled: Respelled<'t>,
    /// The most that parsing it costs.
    pub effort: Effort,
}

impl<'t> Readable<'t> {
    /// Measures a text and respells it for the parser.
    ///
    /// # Errors
    /// Parsing it would take too much time or memory.
    pub(super) fn of(original: &'t str) -> Result<Self, Unparsed> {
        let spelled = respelled(original, LineEnds::InLoops);
        Ok(Self {
            original,
            effort: affordable(&spelled.text, Effort::of(&spelled.text))?,
            spelled,
        })
    }

    /// Parses it as a file.
    ///
    /// # Errors
    /// It is not valid.
    pub(super) fn body(&self) -> Result<Body, Unparsed> {
        self.parsed(hcl_edit::parser::parse_body)
    }

    /// Returns the parts that are evaluated although the parser does not see them.
    pub(super) fn repeated(&self) -> &[Repeated] {
        &self.spelled.repeated
    }

    fn parsed<T>(&self, parse: fn(&str) -> Result<T, Error>) -> Result<T, Unparsed> {
        parse(&self.spelled.text).or_else(|error| {
            let flat = respelled(self.original, LineEnds::InBrackets).text;
            let again = (flat != self.spelled.text).then(|| parse(&flat).ok());
            again.flatten().ok_or_else(|| Unparsed {
                line: line(self.original, error.location().offset()),
                message: error.message().to_owned(),
                is_too_large: false,
            })
        })
    }
}

/// Parses a template, which is a file's text or a string of the code. Returns its cost as well.
///
/// # Errors
/// It is not valid, or would take too much time or memory.
pub(super) fn template(text: &str) -> Result<(Template, Effort), Unparsed> {
    let effort = affordable(text, Effort::of_template(text))?;
    let template = hcl_edit::parser::parse_template(text).map_err(|error| Unparsed {
        line: error.location().line(),
        message: error.message().to_owned(),
        is_too_large: false,
    })?;
    Ok((template, effort))
}

/// Returns the most that parsing a text costs.
///
/// # Errors
/// It would take too much time or memory.
fn affordable(text: &str, effort: Result<Effort, EmptyHeredocs>) -> Result<Effort, Unparsed> {
    let effort = effort.map_err(|EmptyHeredocs { at }| Unparsed {
        line: line(text, at),
        message: "there are too many empty heredocs: write `\"\"` instead of each".to_owned(),
        is_too_large: true,
    })?;
    if effort.memory > MAX_MEMORY || effort.steps > MAX_STEPS {
        return Err(Unparsed {
            line: 1,
            message: "it is too large: split it into several files, and large maps into several"
                .to_owned(),
            is_too_large: true,
        });
    }
    Ok(effort)
}

/// Returns the line of a byte, from 1.
pub(super) fn line(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}
