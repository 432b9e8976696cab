//! Validates what a person enters before the App is created.

use crate::web::address::plain_address;
use std::collections::HashMap;

/// The suggested name.
const NAME: &str = "DriftGuard";
/// GitHub's limit for an App's name, in characters.
const MAX_NAME_LENGTH: usize = 34;
/// The longest organization name that is sent; GitHub allows 39 characters today.
const MAX_ORGANIZATION_LENGTH: usize = 100;

/// A field as it was entered, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Field {
    pub typed: String,
    pub problem: Option<&'static str>,
}

/// The fields of the form.
#[derive(Debug)]
pub(super) struct Choices {
    /// The organization; empty for the person's own account.
    pub organization: Field,
    pub name: Field,
    /// The public address as entered; empty where the settings name it.
    pub public_url: Field,
    /// Whether the form asks for the public address, since the settings do not name it.
    pub asks_address: bool,
    address: Option<String>,
}

/// Valid choices, for a manifest.
#[derive(Debug, Clone, Copy)]
pub(super) struct ValidChoices<'a> {
    pub organization: Option<&'a str>,
    pub name: &'a str,
    pub public_url: &'a str,
}

impl Choices {
    /// Reads the form. `public_url` is the setting, if there is one.
    pub fn read(typed: &HashMap<String, String>, public_url: Option<&str>) -> Self {
        let text = |name: &str| typed.get(name).map(|text| text.trim().to_owned());
        let organization = text("organization").unwrap_or_default();
        let name = text("name").unwrap_or_else(|| NAME.to_owned());
        let asked = text("public_url").filter(|_| public_url.is_none());
        let address = match public_url {
            Some(known) => Some(known.to_owned()),
            None => asked.as_deref().and_then(plain_address),
        };
        let bad_address = asked.is_some() && address.is_none();
        Self {
            organization: Field {
                problem: (!is_organization(&organization)).then_some(
                    "This is no organisation's name. Write it as in its address: acme for github.com/acme.",
                ),
                typed: organization,
            },
            name: Field {
                problem: (!is_name(&name))
                    .then_some("GitHub takes 1 to 34 characters as an App's name."),
                typed: name,
            },
            public_url: Field {
                problem: bad_address.then_some(
                    "This is no address that others can be put below. Write it as in https://driftguard.example.com.",
                ),
                typed: asked.unwrap_or_default(),
            },
            asks_address: public_url.is_none(),
            address,
        }
    }

    /// Returns whether a field is wrong, rather than missing.
    pub fn wrong(&self) -> bool {
        let fields = [&self.organization, &self.name, &self.public_url];
        fields.iter().any(|field| field.problem.is_some())
    }

    /// Returns the choices, once nothing is missing or wrong.
    pub fn chosen(&self) -> Option<ValidChoices<'_>> {
        if self.wrong() {
            return None;
        }
        let organization = self.organization.typed.as_str();
        Some(ValidChoices {
            organization: (!organization.is_empty()).then_some(organization),
            name: &self.name.typed,
            public_url: self.address.as_deref()?,
        })
    }
}

/// Returns whether a text is empty, or can be part of an organization's settings address.
fn is_organization(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    text.len() <= MAX_ORGANIZATION_LENGTH && text.bytes().all(plain)
}

fn is_name(text: &str) -> bool {
    let length = text.chars().count();
    (1..=MAX_NAME_LENGTH).contains(&length) && !text.chars().any(char::is_control)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(typed: &[(&str, &str)], public_url: Option<&str>) -> Choices {
        let typed = typed
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Choices::read(&typed.collect(), public_url)
    }

    #[test]
    fn what_is_not_typed_is_proposed_and_what_is_set_is_not_asked_for() {
        let choices = read(
            &[("public_url", "https://mallory.example")],
            Some("https://a.example"),
        );
        let chosen = choices.chosen().unwrap();
        assert_eq!(chosen.name, "DriftGuard");
        assert_eq!(chosen.organization, None);
        assert_eq!(chosen.public_url, "https://a.example");
        let choices = read(&[], None);
        assert!(choices.chosen().is_none() && !choices.wrong());
    }

    #[test]
    fn what_github_would_refuse_is_refused_first() {
        let public = Some("https://a.example");
        for typed in [
            ("organization", "acme/../../x"),
            ("organization", "a?b"),
            ("name", ""),
            ("name", "a name of more than thirty-four characters"),
        ] {
            assert!(read(&[typed], public).chosen().is_none(), "{typed:?}");
        }
        let chosen = read(
            &[("organization", " acme "), ("name", "Drift & Co")],
            public,
        );
        assert_eq!(chosen.chosen().unwrap().organization, Some("acme"));
    }
}
