//! Evaluates templates: quoted strings, heredocs and template files, with `${...}`, `%{if}` and `%{for}`.

mod flow;

use super::budget::{Budget, Excess, MAX_TEXT_LENGTH};
use super::fault::Evaluated;
use super::handed_on::only_interpolation;
use super::marked_text::MarkedText;
use super::parse;
use super::scope::{Scope, UNKNOWN_PART};
use super::size::LOOKED_AT;
use super::typed::Typed;
use super::types::Type;
use flow::Step;
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::template::{Directive, Element, HeredocTemplate, StringTemplate, Strip, Template};
use std::borrow::Cow;

/// The bytes of a template's piece during evaluation.
const PIECE: usize = 2 * size_of::<Piece<'_>>();
/// The bytes of a heredoc's line, which is a piece of its own.
const LINE: usize = PIECE;

/// Evaluates a quoted string. A template of one interpolation keeps the type of its value.
pub(super) fn quoted(scope: &Scope<'_>, template: &StringTemplate) -> Evaluated {
    if let Some(only) = only_interpolation(template.iter()) {
        return Ok(scope.value(only)?);
    }
    let mut pieces = Vec::new();
    flatten(Source::of(scope, false), template.iter(), &mut pieces)?;
    joined(scope, pieces)
}

/// Evaluates a heredoc. `<<-` removes the common indentation of its lines.
pub(super) fn heredoc(scope: &Scope<'_>, heredoc: &HeredocTemplate) -> Evaluated {
    let length = heredoc.template.span().map_or(0, |span| span.len());
    scope.budget().work(length / LOOKED_AT)?;
    let mut pieces = Vec::new();
    flatten(
        Source::of(scope, true),
        heredoc.template.iter(),
        &mut pieces,
    )?;
    trim(&mut pieces);
    let written = scope.file.text.get(heredoc.span().unwrap_or_default());
    if written.is_some_and(|written| written.starts_with("<<-")) {
        dedent(&mut pieces);
    }
    flow::text(scope, &pieces)
}

/// Evaluates the template of a file or of a string.
pub(super) fn bare(scope: &Scope<'_>, template: &Template) -> Evaluated {
    if let Some(only) = only_interpolation(template.iter()) {
        return Ok(scope.value(only)?);
    }
    let mut pieces = Vec::new();
    flatten(Source::of(scope, true), template.iter(), &mut pieces)?;
    joined(scope, pieces)
}

fn joined(scope: &Scope<'_>, mut pieces: Vec<Piece<'_>>) -> Evaluated {
    trim(&mut pieces);
    flow::text(scope, &pieces)
}

/// A piece of a template, and whether it strips the whitespace before and after it.
#[derive(Debug)]
pub(super) enum Piece<'t> {
    /// Literal text; at most one line of a heredoc or a file.
    Text(Cow<'t, str>),
    /// What is evaluated.
    Step(Step<'t>, Strip),
}

/// The source text of a template.
#[derive(Clone, Copy)]
struct Source<'t> {
    /// The text of its file.
    text: &'t str,
    /// Whether each line is a piece of its own, since whitespace is stripped within one piece only.
    by_line: bool,
    /// Whether it is a quoted string's part within a directive, which the parser does not unescape.
    is_in_directive: bool,
    budget: &'t Budget,
}

impl<'t> Source<'t> {
    fn of(scope: &'t Scope<'_>, by_line: bool) -> Self {
        Self {
            text: &scope.file.text,
            by_line,
            is_in_directive: false,
            budget: scope.budget(),
        }
    }

    /// Returns the source for the content of a directive.
    fn in_directive(self) -> Self {
        Self {
            is_in_directive: true,
            ..self
        }
    }
}

/// Returns the pieces of a template, including those in its directives.
fn flatten<'t>(
    source: Source<'t>,
    elements: impl Iterator<Item = &'t Element>,
    pieces: &mut Vec<Piece<'t>>,
) -> Result<(), Excess> {
    for element in elements {
        source.budget.take(PIECE)?;
        match element {
            Element::Literal(text) if source.by_line => {
                let text = source.text.get(text.span().unwrap_or_default());
                for line in text.unwrap_or_default().split_inclusive('\n') {
                    source.budget.take(LINE)?;
                    pieces.push(Piece::Text(unescaped(line, source.budget)?));
                }
            }
            Element::Literal(text) if source.is_in_directive => {
                let written = source.text.get(text.span().unwrap_or_default());
                let written = written.unwrap_or(text.as_str());
                pieces.push(Piece::Text(unquoted(written, source.budget)?));
            }
            Element::Literal(text) => pieces.push(Piece::Text(Cow::Borrowed(text.as_str()))),
            Element::Interpolation(interpolation) => {
                pieces.push(Piece::Step(
                    Step::Value(&interpolation.expr),
                    interpolation.strip,
                ));
            }
            Element::Directive(directive) => match directive.as_ref() {
                Directive::If(choice) => {
                    let (on_true, end) = (&choice.if_expr, &choice.endif_expr);
                    pieces.push(Piece::Step(Step::If(&on_true.cond_expr), on_true.strip));
                    flatten(source.in_directive(), on_true.template.iter(), pieces)?;
                    if let Some(on_false) = &choice.else_expr {
                        pieces.push(Piece::Step(Step::Else, on_false.strip));
                        flatten(source.in_directive(), on_false.template.iter(), pieces)?;
                    }
                    pieces.push(Piece::Step(Step::End, end.strip));
                }
                Directive::For(each) => {
                    let (start, end) = (&each.for_expr, &each.endfor_expr);
                    pieces.push(Piece::Step(Step::For(start), start.strip));
                    flatten(source.in_directive(), start.template.iter(), pieces)?;
                    pieces.push(Piece::Step(Step::End, end.strip));
                }
            },
        }
    }
    Ok(())
}

/// Unescapes a part of a quoted string.
fn unquoted<'t>(written: &'t str, budget: &Budget) -> Result<Cow<'t, str>, Excess> {
    if !written.contains('\\') {
        return unescaped(written, budget);
    }
    budget.take(4 * written.len())?;
    budget.work(written.len())?;
    Ok(match parse::expression(&format!("\"{written}\"")) {
        Ok(Expression::String(text)) => Cow::Owned(text.value().clone()),
        _ => Cow::Borrowed(written),
    })
}

/// Unescapes `$${` and `%%{` in a line of the source, because the parser's own copy has lost some indentation.
fn unescaped<'t>(line: &'t str, budget: &Budget) -> Result<Cow<'t, str>, Excess> {
    if !line.contains("$${") && !line.contains("%%{") {
        return Ok(Cow::Borrowed(line));
    }
    budget.take(2 * line.len())?;
    Ok(Cow::Owned(line.replace("$${", "${").replace("%%{", "%{")))
}

/// Strips the whitespace beside `~` marks: within one piece of text, so within one line of a heredoc.
fn trim(pieces: &mut [Piece<'_>]) {
    for at in 0..pieces.len() {
        let Some(Piece::Step(_, strip)) = pieces.get(at) else {
            continue;
        };
        let (before, after) = (strip.strip_start(), strip.strip_end());
        if before
            && let Some(Piece::Text(text)) = at.checked_sub(1).and_then(|at| pieces.get_mut(at))
        {
            *text = cut(text, |text| text.trim_end());
        }
        if after && let Some(Piece::Text(text)) = pieces.get_mut(at + 1) {
            *text = cut(text, |text| text.trim_start());
        }
    }
}

fn cut<'t>(text: &Cow<'t, str>, by: fn(&str) -> &str) -> Cow<'t, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(by(text)),
        Cow::Owned(text) => Cow::Owned(by(text).to_owned()),
    }
}

/// Removes the common indentation of all lines that are not blank.
fn dedent(pieces: &mut [Piece<'_>]) {
    let mut starts = Vec::new();
    let (mut least, mut at_start) = (usize::MAX, true);
    for (at, piece) in pieces.iter().enumerate() {
        if at_start {
            at_start = false;
            match piece {
                Piece::Text(text) => {
                    let indent = text.len() - text.trim_start().len();
                    if indent < text.len() || !text.ends_with('\n') {
                        least = least.min(text[..indent].chars().count());
                        starts.push(at);
                    }
                }
                Piece::Step(..) => least = 0,
            }
        }
        at_start |= matches!(piece, Piece::Text(text) if text.ends_with('\n'));
    }
    for at in starts {
        if let Some(Piece::Text(text)) = pieces.get_mut(at) {
            let cut = text
                .char_indices()
                .nth(least)
                .map_or(text.len(), |(at, _)| at);
            *text = match text {
                Cow::Borrowed(text) => Cow::Borrowed(&text[cut..]),
                Cow::Owned(text) => Cow::Owned(text[cut..].to_owned()),
            };
        }
    }
}

/// A string that grows. Memory is requested before each addition.
pub(super) struct Text<'b> {
    text: String,
    budget: &'b Budget,
    is_known: bool,
    is_secret: bool,
    quotes: Quotes,
}

/// Whether quotes are open in the last line of a text that grows: what is added is looked at once.
#[derive(Default)]
struct Quotes {
    is_open: bool,
    /// How much of the text was looked at.
    looked_at: usize,
}

impl Quotes {
    fn follow(&mut self, text: &str) {
        let bytes = text.as_bytes();
        for (at, byte) in bytes.iter().enumerate().skip(self.looked_at) {
            let before = at.checked_sub(1).and_then(|before| bytes.get(before));
            match byte {
                b'\n' => self.is_open = false,
                b'"' if before != Some(&b'\\') => self.is_open = !self.is_open,
                _ => {}
            }
        }
        self.looked_at = bytes.len();
    }
}

impl<'b> Text<'b> {
    pub(super) fn new(budget: &'b Budget) -> Self {
        Self {
            text: String::new(),
            budget,
            is_known: true,
            is_secret: false,
            quotes: Quotes::default(),
        }
    }

    pub(super) fn push(&mut self, part: &str) -> Result<(), Excess> {
        if self.text.len() + part.len() > MAX_TEXT_LENGTH {
            return Err(Excess::Size);
        }
        self.budget.take(2 * part.len())?;
        self.budget.work(part.len() / LOOKED_AT)?;
        self.text.push_str(part);
        Ok(())
    }

    /// Adds a string. A mark of a secret's part then applies to the whole.
    fn push_marked(&mut self, part: &MarkedText) -> Result<(), Excess> {
        self.is_secret |= part.is_secret();
        self.push(part)
    }

    /// Adds `UNKNOWN_PART` in place of an unknown part of generated code.
    pub(super) fn push_named_unknown(&mut self) -> Result<(), Excess> {
        self.quotes.follow(&self.text);
        match self.quotes.is_open {
            false => self.push(UNKNOWN_PART),
            true => self.push(&format!("${{{UNKNOWN_PART}}}")),
        }
    }

    /// Records that a part is unknown.
    pub(super) fn push_unknown(&mut self) {
        self.is_known = false;
    }

    pub(super) fn value(self) -> Typed {
        match (self.is_known, self.is_secret) {
            (false, _) => Typed::Unknown(Type::String),
            (true, false) => Typed::text(self.text),
            (true, true) => Typed::text(self.text).of_secret(),
        }
    }
}
