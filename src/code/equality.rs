//! Compares values as Terraform's `==` does: only values of one type are equal.

use super::typed::Typed;

/// Returns whether two values are equal; `None` where that is not known.
pub(super) fn equal(left: &Typed, right: &Typed) -> Option<bool> {
    match (left, right) {
        (Typed::Unknown(kind), known) | (known, Typed::Unknown(kind)) => {
            let could_be = known.is_null() || kind.could_be(&known.kind());
            if could_be { None } else { Some(false) }
        }
        (Typed::Null(_), Typed::Null(_)) => Some(true),
        (Typed::Null(_), _) | (_, Typed::Null(_)) => Some(false),
        (left, right) => of_known(left, right),
    }
}

fn of_known(left: &Typed, right: &Typed) -> Option<bool> {
    if are_alike(left, right) {
        return same(left, right);
    }
    // What is not known may still turn out to be of the same type.
    let has_unknown = left.has_unknown() || right.has_unknown();
    if has_unknown && left.kind().could_be(&right.kind()) {
        None
    } else {
        Some(false)
    }
}

/// Returns whether two values have one type, without building the type.
pub(super) fn are_alike(left: &Typed, right: &Typed) -> bool {
    match (left, right) {
        (Typed::Null(kind) | Typed::Unknown(kind), right)
        | (right, Typed::Null(kind) | Typed::Unknown(kind)) => *kind == right.kind(),
        (Typed::Tuple(left), Typed::Tuple(right)) => {
            let pairs = left.iter().zip(right);
            left.len() == right.len()
                && pairs
                    .into_iter()
                    .all(|(left, right)| are_alike(left, right))
        }
        (Typed::Object(left), Typed::Object(right)) => {
            let mut pairs = left.iter().zip(right);
            let alike =
                |((name, left), (right_name, right))| name == right_name && are_alike(left, right);
            left.len() == right.len() && pairs.all(alike)
        }
        (Typed::List(left, _), Typed::List(right, _))
        | (Typed::Set(left, _), Typed::Set(right, _))
        | (Typed::Map(left, _), Typed::Map(right, _)) => left == right,
        (left, right) => std::mem::discriminant(left) == std::mem::discriminant(right),
    }
}

/// Returns whether two values of one type are equal.
fn same(left: &Typed, right: &Typed) -> Option<bool> {
    match (left, right) {
        (Typed::Unknown(_), _) | (_, Typed::Unknown(_)) => None,
        (Typed::Null(_), Typed::Null(_)) => Some(true),
        (Typed::Null(_), _) | (_, Typed::Null(_)) => Some(false),
        (Typed::Set(_, left), Typed::Set(_, right)) => {
            let has_unknown = left.iter().chain(right).any(Typed::has_unknown);
            if has_unknown {
                None
            } else {
                Some(of_all(left, right)?)
            }
        }
        (Typed::List(_, left), Typed::List(_, right))
        | (Typed::Tuple(left), Typed::Tuple(right)) => of_all(left, right),
        (Typed::Map(_, left), Typed::Map(_, right))
        | (Typed::Object(left), Typed::Object(right)) => {
            if !left.keys().eq(right.keys()) {
                return Some(false);
            }
            all(left.values().zip(right.values()))
        }
        (left, right) => Some(left == right),
    }
}

fn of_all(left: &[Typed], right: &[Typed]) -> Option<bool> {
    if left.len() != right.len() {
        return Some(false);
    }
    all(left.iter().zip(right))
}

/// Returns `Some(false)` where one pair differs, whatever else is not known.
fn all<'v>(pairs: impl Iterator<Item = (&'v Typed, &'v Typed)>) -> Option<bool> {
    let mut answer = Some(true);
    for (left, right) in pairs {
        match same(left, right) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => answer = None,
        }
    }
    answer
}
