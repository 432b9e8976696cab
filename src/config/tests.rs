//! Tests which environments are accepted, and how others are refused.

use super::*;
use secrecy::ExposeSecret;

const APP: &[(&str, &str)] = &[
    ("GITHUB_APP_ID", "7"),
    ("GITHUB_PRIVATE_KEY", "'-----BEGIN PRIVATE KEY-----\\nMII'"),
    ("GITHUB_WEBHOOK_SECRET", "new, old"),
    ("DRIFTGUARD_SECRET_KEY", "0123456789abcdef0123456789abcdef"),
    ("XDG_DATA_HOME", "/srv/my data"),
];

fn read(settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::read(|name| {
        let found = settings.iter().rev().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn without_an_app_it_starts_in_set_up_mode() {
    let config = read(&[("HOME", "/home/x")]).unwrap();
    assert!(config.app.is_none());
    assert_eq!(
        config.database_url.expose_secret(),
        "sqlite:///home/x/.local/share/driftguard/driftguard.db"
    );
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.api_url, "https://api.github.com");
}

#[test]
fn an_app_is_read_whole() {
    let config = read(APP).unwrap();
    let app = config.app.as_ref().unwrap();
    let secrets: Vec<_> = app
        .webhook_secrets
        .iter()
        .map(|s| s.expose_secret())
        .collect();
    assert_eq!(secrets, ["new", "old"]);
    let key = app.private_key.expose_secret();
    assert_eq!(key, "-----BEGIN PRIVATE KEY-----\nMII");
    assert_eq!(
        config.database_url.expose_secret(),
        "sqlite:///srv/my%20data/driftguard/driftguard.db"
    );
    assert!(!format!("{config:?}").contains("0123456789abcdef"));
}

#[test]
fn a_wrong_setting_is_named_with_its_remedy_and_without_its_value() {
    for (name, value) in [
        ("GITHUB_APP_ID", "seven"),
        ("GITHUB_PRIVATE_KEY", "hunter2"),
        ("GITHUB_WEBHOOK_SECRET", "hunter2,,"),
        ("GITHUB_WEBHOOK_SECRET", "hunter2,b,c"),
        ("DRIFTGUARD_SECRET_KEY", "hunter2"),
        ("DATABASE_URL", "mysql://root:hunter2@db/x"),
        ("DRIFTGUARD_LISTEN", "8080"),
        ("DRIFTGUARD_METRICS_LISTEN", "9090"),
        ("DRIFTGUARD_PUBLIC_URL", "hunter2"),
        ("GITHUB_API_URL", "ftp://x"),
        ("DRIFTGUARD_AWS_AMBIENT", "yes"),
        ("DRIFTGUARD_GITHUB_POINTS", "0"),
        ("DRIFTGUARD_GITHUB_REQUESTS", "many"),
        ("DRIFTGUARD_SCAN_TIMEOUT", "10"),
        ("DRIFTGUARD_SCAN_TIMEOUT", "0s"),
        ("DRIFTGUARD_SCAN_TIMEOUT", "2d"),
        ("DRIFTGUARD_RETENTION", "1y"),
        ("DRIFTGUARD_RETENTION", "0d"),
        ("DRIFTGUARD_DATA_DIR", "here"),
        ("DRIFTGUARD_STATE_LIMIT", "100 apples"),
        ("DRIFTGUARD_STATE_LIMIT", "0"),
        ("DRIFTGUARD_STATE_LIMIT", "99999999999GiB"),
    ] {
        let error = read(&[APP, &[(name, value)]].concat())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(name), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    for name in [
        "GITHUB_PRIVATE_KEY",
        "GITHUB_WEBHOOK_SECRET",
        "DRIFTGUARD_SECRET_KEY",
    ] {
        let error = read(&[APP, &[(name, "")]].concat())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(&format!("{name} is not set")), "{error}");
    }
}

#[test]
fn a_scans_timeout_is_a_number_with_its_unit() {
    for (text, seconds) in [("90s", 90), ("10m", 600), ("2h", 7200)] {
        let config = read(&[APP, &[("DRIFTGUARD_SCAN_TIMEOUT", text)]].concat()).unwrap();
        assert_eq!(config.scan_timeout, Duration::from_secs(seconds));
    }
    assert_eq!(read(APP).unwrap().scan_timeout, SCAN_TIMEOUT);
}

#[test]
fn history_is_kept_for_a_number_of_days() {
    let day = Duration::from_secs(24 * 60 * 60);
    let config = read(&[APP, &[("DRIFTGUARD_RETENTION", "90d")]].concat()).unwrap();
    assert_eq!(config.retention, 90 * day);
    assert_eq!(read(APP).unwrap().retention, 400 * day);
}

#[test]
fn a_size_may_have_a_unit() {
    for (text, bytes) in [
        ("1000", 1000),
        ("64KiB", 64 << 10),
        ("100 MiB", 100 << 20),
        ("2GiB", 2 << 30),
        ("7B", 7),
    ] {
        let config = read(&[APP, &[("DRIFTGUARD_STATE_LIMIT", text)]].concat()).unwrap();
        assert_eq!(config.state_limit, bytes, "{text}");
    }
    assert_eq!(read(APP).unwrap().state_limit, 100 << 20);
}

#[test]
fn the_client_of_the_sign_in_is_whole_or_not_there() {
    assert!(read(APP).unwrap().oauth_client.is_none());
    let (id, secret) = (
        ("GITHUB_CLIENT_ID", "Iv23.abc"),
        ("GITHUB_CLIENT_SECRET", "hunter2"),
    );
    let whole = read(&[APP, &[id, secret]].concat()).unwrap();
    assert_eq!(whole.oauth_client.as_ref().unwrap().id, "Iv23.abc");
    assert!(!format!("{whole:?}").contains("hunter2"));
    for (settings, missing) in [
        (&[id][..], "GITHUB_CLIENT_SECRET"),
        (&[secret], "GITHUB_CLIENT_ID"),
        (&[("GITHUB_CLIENT_ID", "a b"), secret], "GITHUB_CLIENT_ID"),
    ] {
        let error = read(&[APP, settings].concat()).unwrap_err().to_string();
        assert!(error.starts_with(missing), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
