//! Finds the owners of a file by GitHub's `CODEOWNERS`.

use super::pattern::{Effort, Pattern, TooCostly};
use crate::model::Tree;

/// The paths where GitHub looks for the file, in this order.
const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// The size beyond which GitHub ignores the file.
const MAX_BYTES: usize = 3 * 1024 * 1024;

/// How many characters and folders are compared for all files of a pull request: a fraction of a second.
const MAX_COMPARISONS: usize = 50_000_000;

/// The owner of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A person, by login.
    Person(String),
    /// A team of an organisation.
    Team {
        /// The organisation.
        org: String,
        /// The team's slug.
        slug: String,
    },
}

impl Owner {
    /// Parses `@login` or `@org/team`.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.strip_prefix('@')?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let good = |part: &str| !part.is_empty() && part.chars().all(allowed);
        match name.split_once('/') {
            Some((org, slug)) if good(org) && good(slug) => Some(Self::Team {
                org: org.to_owned(),
                slug: slug.to_owned(),
            }),
            None if good(name) => Some(Self::Person(name.to_owned())),
            _ => None,
        }
    }
}

/// The owners of a repository's files.
#[derive(Debug, Clone)]
pub struct Codeowners {
    lines: Vec<Line>,
    effort: Effort,
}

#[derive(Debug, Clone)]
struct Line {
    pattern: Pattern,
    owners: Vec<Owner>,
}

impl Codeowners {
    /// Finds and parses the file that GitHub uses.
    pub fn of(tree: &Tree) -> Option<Self> {
        let found = PLACES
            .iter()
            .find(|place| tree.files.contains_key(**place))?;
        tree.text(found)
            .filter(|text| text.len() <= MAX_BYTES)
            .map(Self::parse)
    }

    /// Parses a file. A line that GitHub ignores is skipped.
    pub fn parse(text: &str) -> Self {
        Self {
            lines: text.lines().filter_map(Line::parse).collect(),
            effort: Effort::of(MAX_COMPARISONS),
        }
    }

    /// Returns the owners of a file: those of the last matching line, and none where that line names none.
    ///
    /// # Errors
    /// Matching took too long for this file and the ones before.
    pub fn owners(&self, path: &str) -> Result<&[Owner], TooCostly> {
        let path: Vec<Vec<char>> = path.split('/').map(|name| name.chars().collect()).collect();
        for line in self.lines.iter().rev() {
            if line.pattern.fits(&path, &self.effort)? {
                return Ok(&line.owners);
            }
        }
        Ok(&[])
    }
}

impl Line {
    fn parse(line: &str) -> Option<Self> {
        let mut words = words(line).into_iter();
        let pattern = words.next()?;
        // In a `.gitignore` these have a meaning, in this file they have none.
        if pattern.starts_with(['!', '\\']) || pattern.contains(['[', ']']) {
            return None;
        }
        let mut owners = Vec::new();
        for word in words {
            match Owner::parse(&word) {
                Some(owner) => owners.push(owner),
                // An address tells no login.
                None if !word.starts_with('@') && word.contains('@') => {}
                None => return None,
            }
        }
        Some(Self {
            pattern: Pattern::parse(&pattern)?,
            owners,
        })
    }
}

/// Splits a line into words, up to its comment; a blank after a backslash belongs to its word.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '#' if word.is_empty() => break,
            '\\' => {
                word.push(c);
                word.extend(chars.next());
            }
            c if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(file: &str, path: &str) -> String {
        let file = Codeowners::parse(file);
        let names = file.owners(path).unwrap().iter().map(|owner| match owner {
            Owner::Person(login) => login.clone(),
            Owner::Team { org, slug } => format!("{org}/{slug}"),
        });
        names.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_pattern_fits_what_github_says() {
        for (pattern, path, fits) in [
            ("*", "infra/production/main.tf", true),
            ("*.tf", "infra/production/main.tf", true),
            ("*.tf", "main.tfvars", false),
            ("/infra/", "infra/production/main.tf", true),
            ("/infra/", "old/infra/main.tf", false),
            ("infra/", "old/infra/main.tf", true),
            ("infra/", "infra", false),
            ("infra/*", "infra/main.tf", true),
            ("infra/*", "infra/production/main.tf", false),
            ("infra/**", "infra/production/main.tf", true),
            ("/infra/production", "infra/production/main.tf", true),
            ("**/logs", "infra/logs/main.tf", true),
            ("**/logs", "logs/main.tf", true),
            ("/infra/*/main.tf", "infra/production/main.tf", true),
            ("/infra/*/main.tf", "infra/production/eu/main.tf", false),
            (
                "/infra/*/policies/",
                "infra/production/policies/a.json",
                true,
            ),
            ("Infra/", "infra/main.tf", false),
            (r"/with\ blank/", "with blank/main.tf", true),
            ("modules/?.tf", "modules/a.tf", true),
        ] {
            let line = format!("{pattern} @owner\n");
            let expected = if fits { "owner" } else { "" };
            assert_eq!(owners(&line, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn the_last_line_that_fits_wins_and_may_name_nobody() {
        let file = "\
# Everything, unless a later line says otherwise.
*                 @root
*.tf              @infra-lead   # a comment
/modules/         @acme/platform root@example.com @second
/modules/free/
/docs/            someone@example.com
";
        for (path, expected) in [
            ("README.md", "root"),
            ("main.tf", "infra-lead"),
            ("modules/vpc/main.tf", "acme/platform second"),
            ("modules/free/main.tf", ""),
            ("docs/guide.md", ""),
        ] {
            assert_eq!(owners(file, path), expected, "{path}");
        }
    }

    #[test]
    fn a_file_that_takes_too_long_names_nobody() {
        let file = Codeowners::parse(&format!("**/{}b @alice\n", "a/".repeat(500)).repeat(6_000));
        assert_eq!(file.owners(&"a/".repeat(500)), Err(TooCostly));
    }

    #[test]
    fn a_line_that_github_does_not_take_is_none() {
        for line in [
            "!main.tf @other",
            "[ab].tf @other",
            r"\#main.tf @other",
            "[Section] @other",
            "main.tf other",
            "main.tf @",
            "main.tf @acme/",
            "# main.tf @other",
        ] {
            assert_eq!(
                owners(&format!("* @root\n{line}\n"), "main.tf"),
                "root",
                "{line}"
            );
        }
    }

    #[test]
    fn the_first_of_three_places_counts() {
        let tree: Tree = [
            ("CODEOWNERS", "* @root\n"),
            ("docs/CODEOWNERS", "* @docs\n"),
        ]
        .into_iter()
        .collect();
        assert!(tree.files.keys().all(|path| Tree::is_read(path)));
        let owner = [Owner::Person("root".to_owned())];
        let found = Codeowners::of(&tree).unwrap();
        assert_eq!(found.owners("main.tf").unwrap(), owner);
        assert!(Codeowners::of(&Tree::default()).is_none());
        let large = "* @root\n".repeat(MAX_BYTES / 8 + 1);
        let tree: Tree = [
            (".github/CODEOWNERS", large.as_str()),
            ("CODEOWNERS", "* @root\n"),
        ]
        .into_iter()
        .collect();
        assert!(Codeowners::of(&tree).is_none());
    }
}
