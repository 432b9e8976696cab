//! Whether two values are equal: only those of one type are.

use super::typed::Typed;

/// Whether two values are equal; none where that is not known.
pub(super) fn equal(one: &Typed, other: &Typed) -> Option<bool> {
    match (one, other) {
        (Typed::Unknown(kind), known) | (known, Typed::Unknown(kind)) => {
            let could_be = known.is_null() || kind.could_be(&known.kind());
            if could_be { None } else { Some(false) }
        }
        (Typed::Null(_), Typed::Null(_)) => Some(true),
        (Typed::Null(_), _) | (_, Typed::Null(_)) => Some(false),
        (one, other) => of_known(one, other),
    }
}

fn of_known(one: &Typed, other: &Typed) -> Option<bool> {
    let (kind, other_kind) = (one.kind(), other.kind());
    if kind == other_kind {
        return same(one, other);
    }
    // What is not known may still turn out to be of the same type.
    let has_unknown = one.has_unknown() || other.has_unknown();
    if has_unknown && kind.could_be(&other_kind) {
        None
    } else {
        Some(false)
    }
}

/// The same of two values whose types fit one another.
fn same(one: &Typed, other: &Typed) -> Option<bool> {
    match (one, other) {
        (Typed::Unknown(_), _) | (_, Typed::Unknown(_)) => None,
        (Typed::Null(_), Typed::Null(_)) => Some(true),
        (Typed::Null(_), _) | (_, Typed::Null(_)) => Some(false),
        (Typed::Set(_, one), Typed::Set(_, other)) => {
            let has_unknown = one.iter().chain(other).any(Typed::has_unknown);
            if has_unknown {
                None
            } else {
                Some(of_all(one, other)?)
            }
        }
        (Typed::List(_, one), Typed::List(_, other)) | (Typed::Tuple(one), Typed::Tuple(other)) => {
            of_all(one, other)
        }
        (Typed::Map(_, one), Typed::Map(_, other)) | (Typed::Object(one), Typed::Object(other)) => {
            if !one.keys().eq(other.keys()) {
                return Some(false);
            }
            all(one.values().zip(other.values()))
        }
        (one, other) => Some(one == other),
    }
}

fn of_all(one: &[Typed], other: &[Typed]) -> Option<bool> {
    if one.len() != other.len() {
        return Some(false);
    }
    all(one.iter().zip(other))
}

/// One pair that differs is enough, whatever else is not known.
fn all<'v>(pairs: impl Iterator<Item = (&'v Typed, &'v Typed)>) -> Option<bool> {
    let mut answer = Some(true);
    for (one, other) in pairs {
        match same(one, other) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => answer = None,
        }
    }
    answer
}
