//! Reads whose repositories may use the server's own AWS credentials where they name no role.

use super::{ConfigError, Lookup};

/// The GitHub accounts that the server's own AWS credentials are for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Ambient {
    /// None.
    #[default]
    Off,
    /// The account that installed the App first.
    First,
    /// These accounts.
    Owners(Vec<AmbientOwner>),
}

/// A GitHub account, as the operator names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AmbientOwner {
    /// By its id, which no other account ever gets.
    Id(u64),
    /// By its login, in lower case.
    Login(String),
}

/// The longest accepted login; GitHub allows 39 characters today, and more for accounts managed by a company.
const MAX_LOGIN_LENGTH: usize = 100;
/// Words that switch other settings on or off: no account is to be named so by mistake.
const SWITCHES: &[&str] = &["true", "false", "yes", "no", "on", "off"];

/// Parses `DRIFTGUARD_AWS_AMBIENT`.
pub(super) fn ambient(lookup: Lookup) -> Result<Ambient, ConfigError> {
    const NAME: &str = "DRIFTGUARD_AWS_AMBIENT";
    let Some(text) = lookup(NAME) else {
        return Ok(Ambient::Off);
    };
    let bad = |problem: String| ConfigError::Bad {
        variable: NAME,
        problem,
        remedy: "name the accounts of GitHub as in acme,123456 (logins or numbers), or set it to 1 for the first one",
    };
    match text.as_str() {
        "0" => Ok(Ambient::Off),
        "1" => Ok(Ambient::First),
        names => owners(names, bad).map(Ambient::Owners),
    }
}

/// Parses accounts, separated by commas. `bad` makes an error of what is wrong.
pub(super) fn owners(
    names: &str,
    bad: impl Fn(String) -> ConfigError,
) -> Result<Vec<AmbientOwner>, ConfigError> {
    let accounts = names.split(',').map(|name| {
        let name = name.trim();
        owner(name).ok_or_else(|| bad(format!("names no account of GitHub (`{name}`)")))
    });
    accounts.collect()
}

/// Parses the login or the id of an account.
pub(super) fn owner(name: &str) -> Option<AmbientOwner> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let login = name.to_ascii_lowercase();
    let good = !login.is_empty() && login.len() <= MAX_LOGIN_LENGTH && login.bytes().all(plain);
    if !good || SWITCHES.contains(&login.as_str()) {
        return None;
    }
    match login.bytes().all(|b| b.is_ascii_digit()) {
        true => login.parse().ok().map(AmbientOwner::Id),
        false => Some(AmbientOwner::Login(login)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Ambient, ConfigError> {
        ambient(&|_| Some(text.to_owned()))
    }

    #[test]
    fn accounts_are_named_by_login_or_number() {
        assert_eq!(ambient(&|_| None), Ok(Ambient::Off));
        assert_eq!(read("0"), Ok(Ambient::Off));
        assert_eq!(read("1"), Ok(Ambient::First));
        let owners = vec![
            AmbientOwner::Login("acme".to_owned()),
            AmbientOwner::Id(123_456),
            AmbientOwner::Id(1),
        ];
        assert_eq!(read("Acme, 123456,1"), Ok(Ambient::Owners(owners)));
        for wrong in [
            "true",
            "Yes",
            "acme,",
            ",",
            "acme/shop",
            "*",
            "99999999999999999999",
        ] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains("acme,123456"), "{error}");
        }
    }
}
