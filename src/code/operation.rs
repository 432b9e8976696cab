//! Evaluates operators as Terraform does: all but equality convert their operands.

use super::convert::convert;
use super::equality::equal;
use super::expression::certain_key;
use super::fault::{Evaluated, Fault, Invalid};
use super::handed_on::only_interpolation;
use super::marked_text::MarkedNumber;
use super::number::Number;
use super::scope::Scope;
use super::traversal;
use super::typed::Typed;
use super::types::Type;
use super::unify::unify;
use hcl_edit::expr::{BinaryOp, BinaryOperator, Conditional, Expression, UnaryOp, UnaryOperator};

/// Evaluates an operand; `None` where it is not known.
fn operand(scope: &Scope<'_>, expression: &Expression, of: &Type) -> Result<Option<Typed>, Fault> {
    let value = scope.value(expression)?;
    if value.is_null() {
        return Err(Fault::Invalid);
    }
    let value = convert(value, of, scope.budget())?;
    Ok((!value.is_unknown()).then_some(value))
}

pub(super) fn unary(scope: &Scope<'_>, operation: &UnaryOp) -> Evaluated {
    match *operation.operator.value() {
        UnaryOperator::Not => Ok(match operand(scope, &operation.expr, &Type::Bool)? {
            Some(Typed::Bool(flag)) => Typed::Bool(!flag),
            _ => Typed::Unknown(Type::Bool),
        }),
        UnaryOperator::Neg => Ok(match operand(scope, &operation.expr, &Type::Number)? {
            // Terraform tells a negative zero from a positive one.
            Some(Typed::Number(number)) if !number.is_zero() => {
                MarkedNumber::made_of(number.negated(), number.is_secret()).into()
            }
            _ => Typed::Unknown(Type::Number),
        }),
    }
}

pub(super) fn binary(scope: &Scope<'_>, operation: &BinaryOp) -> Evaluated {
    let (left, right) = (&operation.lhs_expr, &operation.rhs_expr);
    match *operation.operator.value() {
        BinaryOperator::Eq => equality(scope, left, right, true),
        BinaryOperator::NotEq => equality(scope, left, right, false),
        BinaryOperator::And => logical(scope, left, right, false),
        BinaryOperator::Or => logical(scope, left, right, true),
        operator => {
            let left = operand(scope, left, &Type::Number)?;
            let right = operand(scope, right, &Type::Number)?;
            match left.as_ref().zip(right.as_ref()) {
                Some((Typed::Number(left), Typed::Number(right))) => {
                    arithmetic(operator, left, right)
                }
                _ if is_comparison(operator) => Ok(Typed::Unknown(Type::Bool)),
                _ => Ok(Typed::Unknown(Type::Number)),
            }
        }
    }
}

fn is_comparison(operator: BinaryOperator) -> bool {
    matches!(
        operator,
        BinaryOperator::Less
            | BinaryOperator::LessEq
            | BinaryOperator::Greater
            | BinaryOperator::GreaterEq
    )
}

fn equality(scope: &Scope<'_>, left: &Expression, right: &Expression, expected: bool) -> Evaluated {
    let (left, right) = (scope.value(left)?, scope.value(right)?);
    let answer = equal(&left, &right).map(|equal| Typed::Bool(equal == expected));
    Ok(answer.unwrap_or(Typed::Unknown(Type::Bool)))
}

/// Evaluates `&&` and `||`. Either operand may decide, and both are evaluated.
fn logical(scope: &Scope<'_>, left: &Expression, right: &Expression, decides: bool) -> Evaluated {
    let left = operand(scope, left, &Type::Bool)?;
    let right = operand(scope, right, &Type::Bool)?;
    let decisive = Some(Typed::Bool(decides));
    Ok(if left == decisive || right == decisive {
        Typed::Bool(decides)
    } else if left.is_some() && right.is_some() {
        Typed::Bool(!decides)
    } else {
        Typed::Unknown(Type::Bool)
    })
}

/// Applies an operator to two numbers. The result of a comparison is not marked: it tells nothing of a secret.
fn arithmetic(operator: BinaryOperator, left: &MarkedNumber, right: &MarkedNumber) -> Evaluated {
    let is_secret = left.is_secret() || right.is_secret();
    let marked = |number| Typed::from(MarkedNumber::made_of(number, is_secret));
    let unknown = Typed::Unknown(Type::Number);
    let number = |number: Option<Number>| Ok(number.map_or(unknown, marked));
    let (left, right): (&Number, &Number) = (left, right);
    match operator {
        BinaryOperator::Plus => number(left.plus(right)),
        BinaryOperator::Minus => number(left.minus(right)),
        BinaryOperator::Mul => number(left.times(right)),
        BinaryOperator::Mod => number(left.modulo(right)),
        BinaryOperator::Div if left.is_zero() && right.is_zero() => Err(Fault::Invalid),
        // Divided by zero it is infinity, of which nothing can be made.
        BinaryOperator::Div => number(left.divided_by(right)),
        BinaryOperator::Less => Ok((left < right).into()),
        BinaryOperator::LessEq => Ok((left <= right).into()),
        BinaryOperator::Greater => Ok((left > right).into()),
        BinaryOperator::GreaterEq => Ok((left >= right).into()),
        _ => Err(Fault::Invalid),
    }
}

/// Evaluates a conditional: one of its branches, converted to their common type.
pub(super) fn conditional(scope: &Scope<'_>, choice: &Conditional) -> Evaluated {
    let condition = scope.value(&choice.cond_expr)?;
    if condition.is_null() {
        return Err(Fault::Invalid);
    }
    let condition = convert(condition, &Type::Bool, scope.budget())?;
    // The other arm counts for its type alone, so what is wrong with it does not matter.
    let dangling = &scope.instance.context.dangling;
    let mark = || dangling.borrow().mark();
    let start = mark();
    let on_true = scope.value(&choice.true_expr);
    let middle = mark();
    let on_false = scope.value(&choice.false_expr);
    let end = mark();
    let types = [
        kind_of(scope, &choice.true_expr, &on_true),
        kind_of(scope, &choice.false_expr, &on_false),
    ];
    let taken = match condition {
        Typed::Bool(true) => start..middle,
        Typed::Bool(false) => middle..end,
        _ => start..start,
    };
    dangling.borrow_mut().catch_all_but(start, taken);
    let of = match types {
        [Some(Type::Any), Some(other)] | [Some(other), Some(Type::Any)] => Some(other),
        [Some(left), Some(right)] => Some(unify(&[left, right])?),
        _ => None,
    };
    let arm = match condition {
        Typed::Bool(true) => on_true?,
        Typed::Bool(false) => on_false?,
        _ => return Ok(Typed::Unknown(of.unwrap_or(Type::Any))),
    };
    match of {
        Some(of) => convert(arm, &of, scope.budget()),
        None => Ok(Typed::UNKNOWN),
    }
}

/// Returns the type of an expression with this value, with `any` for its invalid parts; `None` where the type is not
/// certain.
fn kind_of(
    scope: &Scope<'_>,
    expression: &Expression,
    value: &Result<Typed, Invalid>,
) -> Option<Type> {
    if let Ok(value) = value {
        return Some(value.kind());
    }
    let of = |part: &Expression| kind_of(scope, part, &scope.value(part));
    Some(match expression {
        Expression::Parenthesis(inner) => of(inner.inner())?,
        Expression::Array(items) => Type::Tuple(items.iter().map(of).collect::<Option<_>>()?),
        Expression::Object(object) => {
            let mut entries = Vec::new();
            for (key, value) in object {
                match certain_key(scope, key) {
                    Some(key) => entries.push((key, of(value.expr())?)),
                    None => return Some(Type::Any),
                }
            }
            Type::object(entries)
        }
        Expression::Conditional(choice) => {
            let types = [of(&choice.true_expr)?, of(&choice.false_expr)?];
            match types.contains(&Type::Any) {
                true => return None,
                false => unify(&types).unwrap_or(Type::Any),
            }
        }
        Expression::BinaryOp(operation) => match *operation.operator.value() {
            BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Mul
            | BinaryOperator::Div
            | BinaryOperator::Mod => Type::Number,
            _ => Type::Bool,
        },
        Expression::UnaryOp(operation) => match *operation.operator.value() {
            UnaryOperator::Not => Type::Bool,
            UnaryOperator::Neg => Type::Number,
        },
        Expression::StringTemplate(template) => match only_interpolation(template.iter()) {
            Some(only) => of(only)?,
            None => Type::String,
        },
        Expression::HeredocTemplate(_) => Type::String,
        // What came of the other elements has a type.
        Expression::ForExpr(each) => has_no_elements(scope, &each.intro.collection_expr)?,
        Expression::Traversal(traversal) => match traversal::splatted(traversal) {
            _ if !matches!(
                traversal.expr,
                Expression::Variable(_) | Expression::FuncCall(_)
            ) =>
            {
                None?
            }
            Some(collection) => has_no_elements(scope, &collection)?,
            None => Type::Any,
        },
        _ => Type::Any,
    })
}

/// Returns `any` where a collection is itself null or invalid; `None` where it is valid.
fn has_no_elements(scope: &Scope<'_>, collection: &Expression) -> Option<Type> {
    match scope.value(collection) {
        Ok(value) if !value.is_null() => None,
        _ => Some(Type::Any),
    }
}
