//! Reads who may see the server's own state on the pages.

use super::ambient::owners;
use super::{AmbientOwner, ConfigError, Lookup};

/// The people who operate the server, as GitHub knows them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Operators(Vec<AmbientOwner>);

impl Operators {
    /// Returns whether a person is one of them.
    pub fn include(&self, id: u64, login: &str) -> bool {
        self.0.iter().any(|operator| match operator {
            AmbientOwner::Id(known) => *known == id,
            AmbientOwner::Login(known) => login.eq_ignore_ascii_case(known),
        })
    }
}

/// Parses `DRIFTGUARD_OPERATORS`.
pub(super) fn operators(lookup: Lookup) -> Result<Operators, ConfigError> {
    const NAME: &str = "DRIFTGUARD_OPERATORS";
    let Some(text) = lookup(NAME) else {
        return Ok(Operators::default());
    };
    let bad = |problem: String| ConfigError::Bad {
        variable: NAME,
        problem,
        remedy: "name the people as in octocat,123456 (logins or numbers)",
    };
    owners(&text, bad).map(Operators)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_named_by_login_or_number_and_nobody_is_one_unasked() {
        let read = |text: &str| operators(&|_| Some(text.to_owned()));
        assert!(!operators(&|_| None).unwrap().include(1, "alice"));
        let named = read("Alice, 7").unwrap();
        assert!(named.include(1, "aLICE") && named.include(7, "bob"));
        assert!(!named.include(1, "7") && !named.include(70, "mallory"));
        for wrong in ["alice,", "true", "acme/team", "*"] {
            assert!(
                read(wrong)
                    .unwrap_err()
                    .to_string()
                    .contains("octocat,123456")
            );
        }
    }
}
