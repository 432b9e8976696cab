//! Describes pull requests closed by somebody who cannot decline their fixes.

use super::when::day;
use crate::model::Undecided;

/// Describes who closed the pull request, and when its fixes are proposed again. Not escaped.
pub fn waits(undecided: &Undecided) -> String {
    let person = match undecided.closed_by.as_str() {
        "" => "somebody",
        login => login,
    };
    format!(
        "#{} was closed by {person}, not declined; proposed again from {} on",
        undecided.pull,
        day(undecided.until)
    )
}

/// Writes the same as a sentence for a check or a reply. Not escaped.
pub fn undecided(undecided: &Undecided) -> String {
    format!(
        "{}, or when somebody asks for it: only people with write permission decline.",
        waits(undecided)
    )
}
