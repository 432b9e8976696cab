//! Patterns of paths as `CODEOWNERS` has them: those of `.gitignore`, less `!` and `[ ]`. A file may hold very many lines,
//! and anybody may write it: nothing is compiled, and no pattern takes longer than its length times the path's.

/// A pattern of paths.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    steps: Vec<Step>,
    /// `docs/` is a folder, and so all that is in it.
    folder: bool,
    /// `docs/*` is what is right in the folder, and not what is further down.
    flat: bool,
}

/// What stands between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// `**`: any folders, none too.
    Folders,
    Name(Vec<Part>),
}

/// A piece of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Char(char),
    /// `?`.
    One,
    /// `*`: any, none too.
    Any,
}

impl Pattern {
    /// None where it covers nothing.
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

    /// Whether it covers a file, by itself or by a folder on the way to it.
    pub(super) fn fits(&self, path: &[Vec<char>]) -> bool {
        let first = if self.flat { path.len() } else { 1 };
        let last = path.len() - usize::from(self.folder);
        (first..=last).any(|length| self.covers(&path[..length]))
    }

    fn covers(&self, path: &[Vec<char>]) -> bool {
        let any = |step: &Step| *step == Step::Folders;
        let one = |step: &Step, name: &Vec<char>| match step {
            Step::Folders => true,
            Step::Name(parts) => matches(parts, name, |part| *part == Part::Any, is),
        };
        matches(&self.steps, path, any, one)
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

fn is(part: &Part, c: &char) -> bool {
    match part {
        Part::Char(wanted) => wanted == c,
        Part::One | Part::Any => true,
    }
}

/// Whether a pattern is all of a text: `any` is what stands for any number of items, `one` whether an item is as wanted.
fn matches<P, T>(
    pattern: &[P],
    text: &[T],
    any: impl Fn(&P) -> bool,
    one: impl Fn(&P, &T) -> bool,
) -> bool {
    let (mut at, mut read) = (0, 0);
    // Where the last `any` stands, and where what it took ends. It takes one more whenever what follows does not fit: to
    // go back to one before it would never help.
    let mut last = None;
    while read < text.len() {
        if pattern.get(at).is_some_and(&any) {
            last = Some((at, read));
            at += 1;
        } else if pattern
            .get(at)
            .is_some_and(|wanted| one(wanted, &text[read]))
        {
            at += 1;
            read += 1;
        } else if let Some((star, took)) = last {
            last = Some((star, took + 1));
            at = star + 1;
            read = took + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    /// No pattern is compiled, and none goes back further than its last star.
    #[test]
    #[allow(clippy::disallowed_methods)]
    fn a_hostile_pattern_takes_no_longer_than_any_other() {
        let path: Vec<Vec<char>> = vec![vec!['a'; 100]; 100];
        let since = Instant::now();
        for text in [
            "**/a*".repeat(40) + "/b",
            "*a".repeat(100) + "b",
            "**/".repeat(100) + "b",
        ] {
            assert!(!Pattern::parse(&text).unwrap().fits(&path), "{text}");
        }
        assert!(since.elapsed() < Duration::from_secs(5));
    }
}
