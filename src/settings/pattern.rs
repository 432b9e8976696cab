//! Matches paths as `CODEOWNERS` does: like `.gitignore`, without `!` and `[ ]`. Anybody may write a file with very
//! many lines, so nothing is compiled, the time of a pattern is bounded by its length times the path's, and all
//! patterns together by a limit.

use std::cell::Cell;

/// A pattern of paths.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    steps: Vec<Step>,
    /// `docs/` matches the folder and everything in it.
    folder: bool,
    /// `docs/*` matches what is directly in the folder, and nothing deeper.
    flat: bool,
}

/// The part of a pattern between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// `**`: any number of folders, including none.
    Folders,
    Name(Vec<Part>),
}

/// A piece of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Char(char),
    /// `?`.
    One,
    /// `*`: any text, including none.
    Any,
}

impl Pattern {
    /// Parses a pattern; `None` where it matches nothing.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (folder, flat) = (text.ends_with('/'), text.ends_with("/*"));
        let text = text.strip_suffix('/').unwrap_or(text);
        let mut steps = Vec::new();
        if !text.contains('/') {
            steps.push(Step::Folders);
        }
        for name in text.strip_prefix('/').unwrap_or(text).split('/') {
            match name {
                "" => return None,
                "**" => steps.push(Step::Folders),
                name => steps.push(Step::Name(parts(name))),
            }
        }
        if steps.last() == Some(&Step::Folders) {
            steps.push(Step::Name(vec![Part::Any]));
        }
        Some(Self {
            steps,
            folder,
            flat,
        })
    }

    /// Returns whether the pattern matches a file, directly or by one of its folders.
    ///
    /// # Errors
    /// The effort is used up.
    pub(super) fn fits(&self, path: &[Vec<char>], effort: &Effort) -> Result<bool, TooCostly> {
        let first = if self.flat { path.len() } else { 1 };
        let last = path.len() - usize::from(self.folder);
        // All ways to read the path go forward together, so that no part of it is read twice.
        let mut reached = vec![false; self.steps.len() + 1];
        self.reach(0, &mut reached);
        for (name, length) in path.iter().zip(1..=last) {
            effort.take(reached.len())?;
            let mut next = vec![false; reached.len()];
            for (at, step) in self.steps.iter().enumerate().filter(|(at, _)| reached[*at]) {
                match step {
                    Step::Folders => self.reach(at, &mut next),
                    Step::Name(parts) if matches(parts, name, effort)? => {
                        self.reach(at + 1, &mut next);
                    }
                    Step::Name(_) => {}
                }
            }
            if length >= first && next.last() == Some(&true) {
                return Ok(true);
            }
            reached = next;
        }
        Ok(false)
    }

    /// Marks a step as reached, and the following ones that may match no folder.
    fn reach(&self, mut at: usize, reached: &mut [bool]) {
        while let Some(place) = reached.get_mut(at) {
            *place = true;
            if self.steps.get(at) != Some(&Step::Folders) {
                break;
            }
            at += 1;
        }
    }
}

/// Counts the remaining comparisons: anybody may write very many patterns.
#[derive(Debug, Clone)]
pub(super) struct Effort(Cell<usize>);

/// The patterns take too long to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its patterns take too long to match: write fewer of them, with fewer `*`")]
pub struct TooCostly;

impl Effort {
    /// Allows this many comparisons.
    pub(super) fn of(comparisons: usize) -> Self {
        Self(Cell::new(comparisons))
    }

    fn take(&self, comparisons: usize) -> Result<(), TooCostly> {
        let left = self.0.get().checked_sub(comparisons).ok_or(TooCostly)?;
        self.0.set(left);
        Ok(())
    }
}

fn parts(name: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '\\' => Part::Char(chars.next().unwrap_or(c)),
            '?' => Part::One,
            '*' => Part::Any,
            c => Part::Char(c),
        });
    }
    parts
}

fn is(part: &Part, c: char) -> bool {
    match part {
        Part::Char(expected) => *expected == c,
        Part::One | Part::Any => true,
    }
}

/// Returns whether a pattern matches a whole name.
fn matches(pattern: &[Part], name: &[char], effort: &Effort) -> Result<bool, TooCostly> {
    let (mut at, mut read) = (0, 0);
    // Where the last `*` stands, and where what it took ends. It takes one more whenever what follows does not fit: to go
    // back to one before it would never help.
    let mut last = None;
    while read < name.len() {
        effort.take(1)?;
        match pattern.get(at) {
            Some(Part::Any) => {
                last = Some((at, read));
                at += 1;
            }
            Some(part) if is(part, name[read]) => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((star, took)) = last else {
                    return Ok(false);
                };
                last = Some((star, took + 1));
                at = star + 1;
                read = took + 1;
            }
        }
    }
    Ok(pattern[at..].iter().all(|part| *part == Part::Any))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, path: &[Vec<char>], comparisons: usize) -> Result<bool, TooCostly> {
        Pattern::parse(pattern)
            .unwrap()
            .fits(path, &Effort::of(comparisons))
    }

    #[test]
    fn a_hostile_pattern_takes_no_more_than_its_length_times_the_paths() {
        let path: Vec<Vec<char>> = vec![vec!['a'; 100]; 100];
        for text in [
            "**/a*".repeat(40) + "/b",
            "*a".repeat(100) + "b",
            "**/".repeat(100) + "b",
            "**/a*/".repeat(100) + "b",
        ] {
            let comparisons = 2 * text.len() * 100 * 100;
            assert_eq!(fits(&text, &path, comparisons), Ok(false), "{text}");
        }
    }

    #[test]
    fn what_takes_too_long_is_not_answered() {
        let path: Vec<Vec<char>> = vec![vec!['a'; 100]; 100];
        assert_eq!(fits("**/a*b", &path, 1_000), Err(TooCostly));
    }
}
