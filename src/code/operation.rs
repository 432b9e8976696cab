//! Operators, as Terraform defines them: each converts its operands, but for equality.

use super::convert::convert;
use super::equality::equal;
use super::fault::{Evaluated, Fault, Invalid};
use super::number::Number;
use super::scope::Scope;
use super::typed::Typed;
use super::types::Type;
use super::unify::unify;
use hcl_edit::expr::{BinaryOp, BinaryOperator, Conditional, Expression, UnaryOp, UnaryOperator};

/// An operand: none where it is not known.
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
            // Terraform tells a negative nought from a positive one.
            Some(Typed::Number(number)) if !number.is_nought() => number.negated().into(),
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
            let known = left.as_ref().zip(right.as_ref());
            let known = known.and_then(|(left, right)| left.as_number().zip(right.as_number()));
            match known {
                Some((left, right)) => arithmetic(operator, left, right),
                None if is_comparison(operator) => Ok(Typed::Unknown(Type::Bool)),
                None => Ok(Typed::Unknown(Type::Number)),
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

/// `&&` and `||`: either operand may decide, and both are evaluated.
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

fn arithmetic(operator: BinaryOperator, left: &Number, right: &Number) -> Evaluated {
    let number = |number: Number| Ok(Typed::Number(number));
    match operator {
        BinaryOperator::Plus => number(left.plus(right)),
        BinaryOperator::Minus => number(left.minus(right)),
        BinaryOperator::Mul => number(left.times(right)),
        BinaryOperator::Mod => number(left.modulo(right)),
        BinaryOperator::Div => match left.divided_by(right) {
            Some(quotient) => number(quotient),
            None if left.is_nought() => Err(Fault::Invalid),
            // Infinity, of which nothing can be made.
            None => Ok(Typed::Unknown(Type::Number)),
        },
        BinaryOperator::Less => Ok((left < right).into()),
        BinaryOperator::LessEq => Ok((left <= right).into()),
        BinaryOperator::Greater => Ok((left > right).into()),
        BinaryOperator::GreaterEq => Ok((left >= right).into()),
        _ => Err(Fault::Invalid),
    }
}

/// One arm of a conditional, of the type that both can have.
pub(super) fn conditional(scope: &Scope<'_>, choice: &Conditional) -> Evaluated {
    let condition = scope.value(&choice.cond_expr)?;
    if condition.is_null() {
        return Err(Fault::Invalid);
    }
    let condition = convert(condition, &Type::Bool, scope.budget())?;
    // The other arm counts for its type alone, so what is wrong with it does not matter.
    let arms = [&choice.true_expr, &choice.false_expr].map(|arm| scope.value(arm));
    let types = arms
        .each_ref()
        .map(|arm| arm.as_ref().map_or(Type::Any, Typed::kind));
    let of = match &types {
        [Type::Any, other] | [other, Type::Any] => other.clone(),
        both => unify(both).ok_or(Invalid)?,
    };
    let [on_true, on_false] = arms;
    match condition {
        Typed::Bool(true) => convert(on_true?, &of, scope.budget()),
        Typed::Bool(false) => convert(on_false?, &of, scope.budget()),
        _ => Ok(Typed::Unknown(of)),
    }
}
