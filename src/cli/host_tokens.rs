//! Reads the API tokens of hosts where Terraform reads them: `TF_TOKEN_app_terraform_io`, then what `terraform login`
//! keeps. A server reads neither.

use super::checkout::Checkout;
use crate::state::backends::HostTokens;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

/// The start of the variables that hold the token of a host.
const VARIABLE: &str = "TF_TOKEN_";
/// The file in which `terraform login` keeps tokens, below the home folder.
const LOGIN_FILE: &str = ".terraform.d/credentials.tfrc.json";
/// The largest such file that is read, in bytes.
const MAX_LOGIN_FILE: u64 = 1024 * 1024;

/// The file of `terraform login`.
#[derive(Deserialize)]
struct Logins {
    #[serde(default)]
    credentials: BTreeMap<String, Login>,
}

#[derive(Deserialize)]
struct Login {
    token: Option<String>,
}

/// Reads the tokens of this process's environment and of this person's home.
pub(super) fn read() -> HostTokens {
    let mut tokens = HostTokens::default();
    add_variables(&mut tokens, std::env::vars_os());
    if let Some(home) = std::env::var_os("HOME") {
        let file = Path::new(&home).join(LOGIN_FILE);
        let bytes = Checkout::read_limited(&file, MAX_LOGIN_FILE);
        add_logins(&mut tokens, &bytes.unwrap_or_default());
    }
    tokens
}

fn add_variables(tokens: &mut HostTokens, variables: impl Iterator<Item = (OsString, OsString)>) {
    for (name, value) in variables {
        let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) else {
            continue;
        };
        if let Some(host) = name.strip_prefix(VARIABLE).filter(|_| !value.is_empty()) {
            // No variable's name has a dot or, in most shells, a hyphen.
            let host = host.replace("__", "-").replace('_', ".");
            tokens.add(&host, value.into());
        }
    }
}

fn add_logins(tokens: &mut HostTokens, bytes: &[u8]) {
    let Ok(logins) = serde_json::from_slice::<Logins>(bytes) else {
        return;
    };
    for (host, login) in logins.credentials {
        if let Some(token) = login.token {
            tokens.add(&host, token.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn the_environment_counts_before_the_login_and_hosts_are_spelt_as_terraform_spells_them() {
        let mut tokens = HostTokens::default();
        let variables = [
            ("TF_TOKEN_app_terraform_io", "of-variable"),
            ("TF_TOKEN_tfe_my__company_com", "of-company"),
            ("TF_TOKEN_empty_example_com", ""),
            ("TF_VAR_token", "another"),
        ];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        add_variables(&mut tokens, variables.into_iter());
        add_logins(
            &mut tokens,
            br#"{"credentials": {"app.terraform.io": {"token": "of-login"}, "Other.example.com": {"token": "of-other"},
                "empty.example.com": {}}}"#,
        );
        add_logins(&mut tokens, b"credentials \"a\" {}");
        for (host, token) in [
            ("app.terraform.io", Some("of-variable")),
            ("tfe.my-company.com", Some("of-company")),
            ("other.example.com", Some("of-other")),
            ("empty.example.com", None),
        ] {
            let found = tokens.of(host).map(ExposeSecret::expose_secret);
            assert_eq!(found, token, "{host}");
        }
        assert!(!format!("{tokens:?}").contains("of-"));
    }
}
