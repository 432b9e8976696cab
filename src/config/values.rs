//! Parses the values of settings.

use super::{ConfigError, Lookup};
use std::net::SocketAddr;
use std::time::Duration;
use url::Url;

/// A day, in seconds.
const DAY: u64 = 24 * 60 * 60;

/// The units of a size, in bytes.
const UNITS: [(&str, u64); 4] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("B", 1),
];

/// Parses an address and port.
pub(super) fn listen(
    lookup: Lookup,
    variable: &'static str,
) -> Result<Option<SocketAddr>, ConfigError> {
    let parse = |text: String| {
        text.parse().map_err(|_| ConfigError::Bad {
            variable,
            problem: format!("({text}) is no address and port"),
            remedy: "write it as in 0.0.0.0:8080",
        })
    };
    lookup(variable).map(parse).transpose()
}

/// Parses a web address, without its trailing slash.
pub(super) fn address(
    lookup: Lookup,
    name: &'static str,
    default: &str,
) -> Result<String, ConfigError> {
    let text = lookup(name).unwrap_or_else(|| default.to_owned());
    let url = parse_address(name, &text)?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Parses a web address.
pub(super) fn parse_address(variable: &'static str, text: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(text).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or(ConfigError::Bad {
            variable,
            problem: "is no web address".to_owned(),
            remedy: "write it as in https://driftguard.example.com",
        })
}

/// Parses a count from 1 on.
pub(super) fn count(
    lookup: Lookup,
    variable: &'static str,
    default: u32,
) -> Result<u32, ConfigError> {
    let Some(text) = lookup(variable) else {
        return Ok(default);
    };
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or(ConfigError::Bad {
        variable,
        problem: "is no count".to_owned(),
        remedy: "write a whole number from 1 on, or leave it out",
    })
}

/// Parses a switch: `1`, or `0` and nothing.
pub(super) fn switch(lookup: Lookup, variable: &'static str) -> Result<bool, ConfigError> {
    match lookup(variable).as_deref() {
        None | Some("0") => Ok(false),
        Some("1") => Ok(true),
        Some(_) => Err(ConfigError::Bad {
            variable,
            problem: "is neither 0 nor 1".to_owned(),
            remedy: "set it to 1, or leave it out",
        }),
    }
}

/// Parses a duration, such as `90s`, `10m` or `1h`.
pub(super) fn duration(
    lookup: Lookup,
    variable: &'static str,
) -> Result<Option<Duration>, ConfigError> {
    let Some(text) = lookup(variable) else {
        return Ok(None);
    };
    let units = [("s", 1), ("m", 60), ("h", 3600)];
    let read = units.iter().find_map(|(unit, seconds)| {
        let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
        Some(Duration::from_secs(u64::from(count) * seconds))
    });
    let read = read.filter(|time| !time.is_zero());
    read.map(Some).ok_or_else(|| ConfigError::Bad {
        variable,
        problem: "is no duration".to_owned(),
        remedy: "write it as in 90s, 10m or 1h",
    })
}

/// Parses a number of days, such as `400d`.
pub(super) fn days(
    lookup: Lookup,
    variable: &'static str,
) -> Result<Option<Duration>, ConfigError> {
    let Some(text) = lookup(variable) else {
        return Ok(None);
    };
    let count = text.strip_suffix('d').and_then(|count| count.parse().ok());
    let count = count.filter(|count: &u32| *count > 0);
    let days = |count| Duration::from_secs(u64::from(count) * DAY);
    count.map(days).map(Some).ok_or_else(|| ConfigError::Bad {
        variable,
        problem: "is no number of days".to_owned(),
        remedy: "write it as in 400d",
    })
}

/// Parses a number of bytes, such as `104857600` or `100MiB`.
pub(super) fn size(lookup: Lookup, variable: &'static str) -> Result<Option<u64>, ConfigError> {
    let parse = |text: String| {
        let named = UNITS.iter().find_map(|(unit, bytes)| {
            let number = text.strip_suffix(unit)?;
            Some((number.trim_end().to_owned(), *bytes))
        });
        let (number, unit) = named.unwrap_or((text, 1));
        let number = number.parse::<u64>().ok().filter(|number| *number > 0);
        let bytes = number.and_then(|number| number.checked_mul(unit));
        bytes.ok_or(ConfigError::Bad {
            variable,
            problem: "is no size".to_owned(),
            remedy: "write a number of bytes, or one with its unit, as in 100MiB",
        })
    };
    lookup(variable).map(parse).transpose()
}
