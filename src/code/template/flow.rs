//! Evaluates the pieces of a template, with `%{if}` and `%{for}`.

use super::{Piece, Text};
use crate::code::convert::convert;
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::for_expression::pairs;
use crate::code::scope::Scope;
use crate::code::typed::Typed;
use crate::code::types::Type;
use hcl_edit::expr::Expression;
use hcl_edit::template::ForTemplateExpr;

/// What is evaluated in a template.
#[derive(Debug)]
pub(in crate::code) enum Step<'t> {
    /// `${...}`.
    Value(&'t Expression),
    /// `%{if ...}`.
    If(&'t Expression),
    /// `%{else}`.
    Else,
    /// `%{for ...}`.
    For(&'t ForTemplateExpr),
    /// `%{endif}` or `%{endfor}`.
    End,
}

/// Evaluates pieces to a string.
pub(super) fn text(scope: &Scope<'_>, pieces: &[Piece<'_>]) -> Evaluated {
    let flow = Flow {
        pieces,
        ends: ends(pieces),
    };
    let mut text = Text::new(scope.budget());
    flow.run(scope, 0, pieces.len(), &mut text)?;
    Ok(text.value())
}

/// Pieces, with the `else` and end of each directive.
struct Flow<'p, 't> {
    pieces: &'p [Piece<'t>],
    ends: Vec<End>,
}

/// The indexes of a directive's `else` and end.
#[derive(Debug, Clone, Copy, Default)]
struct End {
    other: Option<usize>,
    end: usize,
}

fn ends(pieces: &[Piece<'_>]) -> Vec<End> {
    let mut ends = vec![End::default(); pieces.len()];
    let mut open: Vec<usize> = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let Piece::Step(step, _) = piece else {
            continue;
        };
        match step {
            Step::If(_) | Step::For(_) => open.push(at),
            Step::Else => {
                if let Some(end) = open.last().and_then(|start| ends.get_mut(*start)) {
                    end.other = Some(at);
                }
            }
            Step::End => {
                if let Some(end) = open.pop().and_then(|start| ends.get_mut(start)) {
                    end.end = at;
                }
            }
            Step::Value(_) => {}
        }
    }
    ends
}

impl Flow<'_, '_> {
    /// Evaluates a range of pieces and adds their text.
    fn run(
        &self,
        scope: &Scope<'_>,
        from: usize,
        to: usize,
        text: &mut Text<'_>,
    ) -> Result<(), Fault> {
        let mut at = from;
        while at < to {
            let Some(piece) = self.pieces.get(at) else {
                return Ok(());
            };
            match piece {
                Piece::Text(part) => text.push(part)?,
                Piece::Step(Step::Value(expression), _) => {
                    let value = scope.clone().leaving_unknown().value(expression)?;
                    match convert(value, &Type::String, scope.budget())? {
                        Typed::String(part) => text.push_marked(&part)?,
                        Typed::Unknown(_) if scope.names_unknown() => text.push_named_unknown()?,
                        Typed::Unknown(_) => text.push_unknown(),
                        _ => return Err(Fault::Invalid),
                    }
                }
                Piece::Step(Step::If(condition), _) => {
                    self.choose(scope, at, condition, text)?;
                    at = self.end(at).end;
                }
                Piece::Step(Step::For(each), _) => {
                    self.walk(scope, at, each, text)?;
                    at = self.end(at).end;
                }
                Piece::Step(Step::Else | Step::End, _) => {}
            }
            at += 1;
        }
        Ok(())
    }

    fn end(&self, at: usize) -> End {
        self.ends.get(at).copied().unwrap_or_default()
    }

    fn choose(
        &self,
        scope: &Scope<'_>,
        at: usize,
        condition: &Expression,
        text: &mut Text<'_>,
    ) -> Result<(), Fault> {
        let End { other, end } = self.end(at);
        let condition = scope.clone().leaving_unknown().value(condition)?;
        match convert(condition, &Type::Bool, scope.budget())? {
            Typed::Bool(true) => self.run(scope, at + 1, other.unwrap_or(end), text),
            Typed::Bool(false) => match other {
                Some(other) => self.run(scope, other + 1, end, text),
                None => Ok(()),
            },
            Typed::Unknown(_) => {
                text.push_unknown();
                Ok(())
            }
            _ => Err(Fault::Invalid),
        }
    }

    fn walk(
        &self,
        scope: &Scope<'_>,
        at: usize,
        each: &ForTemplateExpr,
        text: &mut Text<'_>,
    ) -> Result<(), Fault> {
        let plain = scope.clone().leaving_unknown();
        let collection = plain.value(&each.collection_expr)?;
        if collection.is_unknown() {
            text.push_unknown();
            return Ok(());
        }
        for (key, value) in pairs(collection).ok_or(Invalid)? {
            scope.budget().work(1)?;
            let mut inner = scope.with(each.value_var.as_str(), value);
            if let Some(name) = &each.key_var {
                inner = inner.with(name.as_str(), key);
            }
            self.run(&inner, at + 1, self.end(at).end, text)?;
        }
        Ok(())
    }
}
