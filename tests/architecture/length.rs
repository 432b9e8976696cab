//! How long functions are: a reader sees nearly all of them whole.

use super::shape::code;

/// What fits a screen.
const SCREEN: usize = 60;
/// How many functions may be longer, tests left out.
const MAX_LONGER: usize = 10;
/// What no function may be longer than.
const MAX_LINES: usize = 80;

#[test]
fn functions_fit_a_screen() {
    let code = code();
    let mut longer: Vec<_> = code
        .iter()
        .flat_map(|(file, text)| functions(text).map(move |(name, lines)| (lines, name, file)))
        .filter(|(lines, ..)| *lines > SCREEN)
        .collect();
    longer.sort();
    assert!(longer.len() <= MAX_LONGER, "{longer:#?}");
    assert!(
        longer.iter().all(|(lines, ..)| *lines <= MAX_LINES),
        "{longer:#?}"
    );
}

/// The functions of a file as `rustfmt` leaves it: name, and number of lines.
fn functions(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let lines: Vec<_> = text.lines().collect();
    (0..lines.len()).filter_map(move |at| {
        let (marks, rest) = lines[at].split_once("fn ")?;
        let is_mark = |mark: &str| mark.starts_with("pub") || matches!(mark, "async" | "const");
        if !marks.split_whitespace().all(is_mark) {
            return None;
        }
        let indent = &marks[..marks.len() - marks.trim_start().len()];
        let is_end = |(offset, line): (usize, &&str)| {
            let line = line.strip_prefix(indent).unwrap_or_default();
            let may_be_whole = offset == 0 || line.starts_with(')');
            line == "}" || may_be_whole && (line.ends_with(';') || line.ends_with("{}"))
        };
        let end = lines[at..].iter().enumerate().position(is_end)?;
        Some((rest.split(['(', '<']).next()?, end + 1))
    })
}
