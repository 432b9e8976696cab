//! Formats the environment to start the server with, in lines that a shell, systemd and Docker read alike.

use super::{NewApp, Places};
use crate::config::{GITHUB_API, GITHUB_PAGES};
use crate::web::random::unguessable;
use secrecy::{ExposeSecret, SecretString};

/// Formats one setting per line.
pub(super) fn lines(
    app: &NewApp,
    public_url: &str,
    places: &Places,
) -> anyhow::Result<SecretString> {
    let key = app.private_key.expose_secret().replace('\r', "");
    let mut settings = vec![
        ("GITHUB_APP_ID", app.id.to_string()),
        ("GITHUB_PRIVATE_KEY", key),
        (
            "GITHUB_WEBHOOK_SECRET",
            app.webhook_secret.expose_secret().to_owned(),
        ),
        ("GITHUB_CLIENT_ID", app.client_id.clone()),
        (
            "GITHUB_CLIENT_SECRET",
            app.client_secret.expose_secret().to_owned(),
        ),
        ("DRIFTGUARD_SECRET_KEY", unguessable()?),
        ("DRIFTGUARD_PUBLIC_URL", public_url.to_owned()),
    ];
    if places.api != GITHUB_API {
        settings.push(("GITHUB_API_URL", places.api.clone()));
    }
    if places.pages != GITHUB_PAGES {
        settings.push(("GITHUB_URL", places.pages.clone()));
    }
    let lines = settings
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}\n", quoted(value)));
    Ok(lines.collect::<String>().into())
}

/// Quotes a value on one line. Line ends become `
/// `, which the server converts back in a key; single quotes keep a shell and systemd from expanding it.
fn quoted(value: &str) -> String {
    let value = value.trim().replace('\n', "\\n");
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:/@%+,~[]".contains(&b);
    if value.bytes().all(plain) {
        return value;
    }
    format!("'{}'", value.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_on_its_line_and_is_quoted_where_it_has_to_be() {
        for (value, line) in [
            ("https://a.example:8080/x", "https://a.example:8080/x"),
            ("-----BEGIN KEY-----\nMI=\n", "'-----BEGIN KEY-----\\nMI='"),
            ("$(id) `id`", "'$(id) `id`'"),
            ("it's", "'it'\\''s'"),
        ] {
            assert_eq!(quoted(value), line);
        }
    }
}
