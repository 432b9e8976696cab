//! Cursors of lists, and times.

use super::problem::Problem;
use crate::store::{FindingPlace, StackPlace};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How many entries a page has at most, and has where a request names no number.
pub(super) const PAGE: u32 = 100;

/// Reads how many entries a request asks for.
pub(super) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked.unwrap_or(PAGE) {
        limit @ 1..=PAGE => Ok(limit),
        _ => Err(Problem::bad_request(format!("`limit` is 1 to {PAGE}"))),
    }
}

/// Writes a cursor: nobody else reads it.
fn cursor(place: &impl Serialize) -> String {
    let text = serde_json::to_vec(place).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(text)
}

/// Reads a cursor.
fn place<T: DeserializeOwned>(cursor: &str) -> Result<T, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let place = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let problem = "`cursor` is none: take `next` of the page before, or leave it out";
    place.ok_or_else(|| Problem::bad_request(problem))
}

/// Writes where a list of findings goes on.
pub(super) fn finding_cursor(place: &FindingPlace) -> String {
    let FindingPlace {
        repository,
        stack,
        finding,
        first_seen,
    } = place;
    cursor(&(repository, stack, finding, first_seen))
}

/// Reads where a list of findings goes on.
pub(super) fn finding_place(cursor: Option<&str>) -> Result<FindingPlace, Problem> {
    let Some(cursor) = cursor else {
        return Ok(FindingPlace::default());
    };
    let (repository, stack, finding, first_seen) = place(cursor)?;
    let found = FindingPlace {
        repository,
        stack,
        finding,
        first_seen,
    };
    // PostgreSQL stores no such texts, so nothing is behind one.
    let texts = [&found.repository, &found.stack, &found.finding];
    match texts.iter().any(|text| text.contains('\0')) {
        true => Err(Problem::bad_request("`cursor` is none")),
        false => Ok(found),
    }
}

/// Writes where a list of workspaces goes on.
pub(super) fn stack_cursor(place: &StackPlace) -> String {
    cursor(&(place.rank, &place.repository, &place.stack))
}

/// Reads where a list of workspaces goes on.
pub(super) fn stack_place(cursor: Option<&str>) -> Result<Option<StackPlace>, Problem> {
    let Some(cursor) = cursor else {
        return Ok(None);
    };
    let (rank, repository, stack): (i64, String, String) = place(cursor)?;
    match [&repository, &stack].iter().any(|text| text.contains('\0')) {
        true => Err(Problem::bad_request("`cursor` is none")),
        false => Ok(Some(StackPlace {
            rank,
            repository,
            stack,
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let finding = FindingPlace {
            repository: "12".to_owned(),
            stack: "production".to_owned(),
            finding: "f-0".to_owned(),
            first_seen: 7,
        };
        let written = finding_cursor(&finding);
        assert_eq!(finding_place(Some(&written)), Ok(finding));
        let stack = StackPlace {
            rank: 2,
            repository: "12".to_owned(),
            stack: "production".to_owned(),
        };
        let written = stack_cursor(&stack);
        assert_eq!(stack_place(Some(&written)), Ok(Some(stack)));
        for wrong in ["", "x", "!", "W10", &written[1..]] {
            assert!(finding_place(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
