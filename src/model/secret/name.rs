//! Recognizes names of secrets.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::sync::LazyLock;

/// Each of the words and pairs below holds one of these; most names hold none, and a state has millions of names.
const HINTS: &[&str] = &[
    "pass", "pw", "psk", "psw", "secret", "token", "key", "cred", "data",
];

/// Finds the hints in one walk over a name. None would be a broken program, and then every name is looked at closely.
static HINT_SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let mut search = AhoCorasick::builder();
    search.ascii_case_insensitive(true);
    search.kind(Some(AhoCorasickKind::DFA));
    search.build(HINTS).ok()
});

/// Last words of such names.
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pass",
    "pwd",
    "pw",
    "pswd",
    "psk",
    "secret",
    "token",
    "apikey",
    "credential",
    "credentials",
    "creds",
];

/// Ends of a last word that is written together: `dbpassword`, `clientsecret`.
const ENDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "secretkey",
    "accesskey",
    "privatekey",
];

/// What stands before `pass` in a last word that is written together.
const BEFORE_PASS: &[&str] = &[
    "db", "user", "admin", "root", "my", "rds", "pg", "sql", "mysql", "redis", "ftp", "smtp",
    "mail", "ldap", "sudo",
];

/// Last two words of such names.
const PAIRS: &[&str] = &[
    "api key",
    "app key",
    "private key",
    "secret key",
    "secret string",
    "access key",
    "account key",
    "auth key",
    "license key",
    "preshared key",
    "shared key",
    "signing key",
    "deploy key",
    "encrypt key",
    "hmac key",
    "host key",
    "ingest key",
    "integration key",
    "jwt key",
    "routing key",
    "service key",
    "session key",
    "webhook key",
    "write key",
    "user data",
];

/// Last words that say which of several secrets a name is for.
const WHICH: &[&str] = &[
    "wo",
    "prod",
    "production",
    "stage",
    "staging",
    "dev",
    "development",
    "test",
    "qa",
    "uat",
    "old",
    "new",
    "current",
    "previous",
    "primary",
    "secondary",
    "main",
    "backup",
    "temp",
    "tmp",
];

/// Last words that say that a name is for the secret itself: `secret:value`, `api_key_text`.
const ITSELF: &[&str] = &[
    "value",
    "val",
    "text",
    "plaintext",
    "string",
    "raw",
    "content",
    "base64",
    "b64",
];

/// Last words of names for a secret that is a number.
const NUMBERS: &[&str] = &["pin", "pincode"];

/// The length of the shortest number that is a secret, in digits.
const MIN_NUMBER_DIGITS: usize = 4;

/// Values that switch something on or off, or choose how it is done: no secret has one, whatever it is called.
const SETTINGS: &[&str] = &[
    "true", "false", "null", "none", "nil", "yes", "no", "on", "off", "enabled", "disabled",
    "required", "optional",
];

/// Pairs that only sound like one.
const NO_PAIRS: &[&str] = &["by pass", "com pass", "band pass", "high pass", "low pass"];

/// Returns whether a text may be, or hold, the name of a secret.
pub(super) fn may_be_named(text: &str) -> bool {
    let hints = HINT_SEARCH.as_ref();
    hints.is_none_or(|hints| hints.is_match(text))
}

/// Returns whether a name is one of a secret: by its last word or two, in any of the usual spellings.
pub fn named(name: &str) -> bool {
    if name.is_ascii() && !may_be_named(name) {
        return false;
    }
    let mut words = words(name);
    while words.len() > 1 && words.last().is_some_and(|last| says_which(last)) {
        words.pop();
    }
    let last = words
        .last()
        .map(|last| last.trim_end_matches(|c: char| c.is_ascii_digit()));
    let last = last.unwrap_or_default();
    let pair = words[words.len().saturating_sub(2)..].join(" ");
    if NO_PAIRS.contains(&pair.as_str()) {
        return false;
    }
    let before_pass = last.strip_suffix("pass");
    // The hash of user data that older providers keep is redacted as well: both sides are, so they still compare.
    WORDS.contains(&last)
        || PAIRS.contains(&pair.as_str())
        || ENDS.iter().any(|end| last.ends_with(end))
        || before_pass.is_some_and(|before| BEFORE_PASS.contains(&before))
        || name == "user_data_base64"
        || name.eq_ignore_ascii_case("passwords")
}

/// Returns whether a last word only tells several secrets apart (`password2`, `db_password_v1`, `DbPasswordOld`), says
/// that it is the secret itself (`secret:value`), or marks one that Terraform writes and never keeps (`password_wo`).
fn says_which(word: &str) -> bool {
    let number = word.strip_prefix('v').unwrap_or(word);
    let is_number = !word.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number || WHICH.contains(&word) || ITSELF.contains(&word)
}

/// Returns whether a name is one of HTTP's cookies: `Cookie`, `Set-Cookie`.
pub(super) fn is_cookie(name: &str) -> bool {
    let name = name.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let start = name.len().saturating_sub("cookie".len());
    name.get(start..)
        .is_some_and(|last| last.eq_ignore_ascii_case("cookie"))
}

/// Returns whether a number is a secret by the name of its value: a `pin` may be many other things.
pub(super) fn is_secret_number(name: &str, digits: &str) -> bool {
    let is_long = digits.len() >= MIN_NUMBER_DIGITS;
    if !is_long || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    match words(name).as_slice() {
        [.., pin, code] if code == "code" => pin == "pin",
        [.., last] => NUMBERS.contains(&last.as_str()),
        [] => false,
    }
}

/// Returns whether a text is the value of a setting: `has_password = "true"`.
pub(super) fn is_setting(text: &str) -> bool {
    SETTINGS
        .iter()
        .any(|setting| text.eq_ignore_ascii_case(setting))
}

/// Returns whether a value of this name may be half of AWS's access keys, which has no shape of its own.
pub(super) fn is_about_keys(name: &str) -> bool {
    let words = words(name);
    words
        .iter()
        .any(|word| matches!(word.as_str(), "aws" | "key" | "secret" | "access"))
}

/// Splits `db_password`, `dbPassword`, `DBPassword`, `DB-PASSWORD` into words, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        let follows_lower = before.is_lowercase() || before.is_ascii_digit();
        let leads_lower =
            before.is_uppercase() && rest.peek().is_some_and(|next| next.is_lowercase());
        let starts = c.is_uppercase() && (follows_lower || leads_lower);
        if starts || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(last) = words.last_mut()
        {
            last.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_any_spelling() {
        for name in [
            "password",
            "master_password",
            "DB_PASSWORD",
            "apiToken",
            "user_data",
            "private_key",
            "DB_PASS",
            "db-pass",
            "dbPass",
            "DBPass",
            "dbpass",
            "pwd",
            "MYSQL_PWD",
            "DatabasePwd",
            "clientSecret",
            "ClientSecret",
            "clientsecret",
            "password2",
            "password_1",
            "password_wo",
            "tags[\"Token\"]",
            "APIKey",
            "API_KEY",
            "x-api-key",
            "aws_secret_access_key",
            "AccountKey",
            "tunnel1_preshared_key",
            "DeployKey",
            "pagerduty_integration_key",
            "has_password",
            "hashedPassword",
            "HASHED_TOKEN",
            "hassecret",
            "secret:value",
            "app:secret:value",
            "app/token/value",
            "api_key.value",
            "secretText",
        ] {
            assert!(named(name), "{name}");
        }
        for name in [
            "http_tokens",
            "kms_key_id",
            "password_wo_version",
            "secret_arn",
            "key_name",
            "Name",
            "Compass",
            "Bypass",
            "ByPass",
            "TokenBucket",
            "KeyName",
            "token_validity_units",
            "public_key",
            "max_password_age",
            "password_reuse_prevention",
            "Passenger",
            "Passive",
            "key",
            "",
            "expire_passwords",
            "has_tokens",
            "hash_key",
            "hashed_key",
            "hashKey",
            "password_length",
            "require_password_change",
            "pin",
            "iam_database_authentication_enabled",
            "value",
            "app:value",
            "secret:name",
            "secret:rotation",
            "hash_key_value",
            "connection_string",
            "cookie",
        ] {
            assert!(!named(name), "{name}");
        }
    }

    #[test]
    fn only_a_number_is_a_pin() {
        assert!(is_secret_number("card_pin", "4711"));
        assert!(is_secret_number("PIN", "471147"));
        assert!(is_secret_number("PinCode", "4711"));
        for (name, value) in [
            ("ami_pin", "ami-12c6146b"),
            ("version_pin", "471"),
            ("version_pin", "1.2.3.4"),
            ("spin", "4711"),
            ("pin_count", "4711"),
        ] {
            assert!(!is_secret_number(name, value), "{name} {value}");
        }
    }
}
