//! Compares module versions with version constraints.

use std::cmp::Ordering;

/// A version such as `1.2.0-beta1`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    /// The numbers as written. Missing ones count as zero.
    numbers: Vec<u64>,
    /// The pre-release part after a dash; empty for a release.
    prerelease: String,
}

/// Returns whether a version meets a constraint such as `~> 1.2, != 1.2.3`; `None` where either is not valid.
pub(super) fn meets(version: &str, constraint: &str) -> Option<bool> {
    let version = Version::parse(version)?;
    let mut all = constraint
        .split(',')
        .map(|part| meets_part(&version, part.trim()));
    all.try_fold(true, |met, part| Some(met && part?))
}

/// Returns the newest version that meets a constraint, or without one the newest release. A pre-release counts only
/// where the constraint names it exactly.
pub fn newest_version<'v>(
    versions: impl IntoIterator<Item = &'v str>,
    constraint: Option<&str>,
) -> Option<&'v str> {
    let parsed = versions
        .into_iter()
        .filter_map(|text| Some((Version::parse(text)?, text)));
    let fitting = parsed.filter(|(version, text)| match constraint {
        Some(constraint) => {
            let may_be = version.prerelease.is_empty() || names_exactly(constraint, version);
            may_be && meets(text, constraint) == Some(true)
        }
        None => version.prerelease.is_empty(),
    });
    let newest = fitting.max_by(|(left, _), (right, _)| left.compare(right));
    newest.map(|(_, text)| text)
}

/// Returns whether a constraint names exactly this version.
fn names_exactly(constraint: &str, version: &Version) -> bool {
    let mut exact = constraint.split(',').filter_map(|part| {
        let part = part.trim();
        Version::parse(part.strip_prefix('=').unwrap_or(part).trim())
    });
    exact.any(|named| named.compare(version) == Ordering::Equal)
}

fn meets_part(version: &Version, part: &str) -> Option<bool> {
    let operator = part.trim_end_matches(|c: char| !"=!<>~".contains(c));
    let operator = &part[..operator.len()];
    let limit = Version::parse(part[operator.len()..].trim())?;
    let order = version.compare(&limit);
    let exact = matches!(operator, "" | "=" | "!=");
    // A release before its time is only meant where it is named.
    if !exact && !version.prerelease.is_empty() && !version.is_before_release_of(&limit) {
        return Some(false);
    }
    Some(match operator {
        "" | "=" => order == Ordering::Equal,
        "!=" => order != Ordering::Equal,
        ">" => order == Ordering::Greater,
        ">=" => order != Ordering::Less,
        "<" => order == Ordering::Less,
        "<=" => order != Ordering::Greater,
        // All numbers but the last that is written stay the same.
        "~>" => {
            let fixed = limit.numbers.len() - 1;
            let mut numbers = (0..fixed).map(|at| version.number(at) == limit.number(at));
            order != Ordering::Less && numbers.all(|same| same)
        }
        _ => return None,
    })
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let text = text.split('+').next().unwrap_or(text);
        let (numbers, prerelease) = text.split_once('-').unwrap_or((text, ""));
        let numbers: Option<Vec<u64>> = numbers.split('.').map(|part| part.parse().ok()).collect();
        Some(Self {
            numbers: numbers?,
            prerelease: prerelease.to_owned(),
        })
    }

    fn number(&self, at: usize) -> u64 {
        self.numbers.get(at).copied().unwrap_or_default()
    }

    fn compare_numbers(&self, other: &Self) -> Ordering {
        let longest = self.numbers.len().max(other.numbers.len());
        let mut orders = (0..longest).map(|at| self.number(at).cmp(&other.number(at)));
        let order = orders.find(|order| *order != Ordering::Equal);
        order.unwrap_or(Ordering::Equal)
    }

    fn compare(&self, other: &Self) -> Ordering {
        let of_prereleases = match (self.prerelease.as_str(), other.prerelease.as_str()) {
            ("", "") => Ordering::Equal,
            ("", _) => Ordering::Greater,
            (_, "") => Ordering::Less,
            (left, right) => compare_prereleases(left, right),
        };
        self.compare_numbers(other).then(of_prereleases)
    }

    /// Returns whether this is a pre-release of the release in a constraint.
    fn is_before_release_of(&self, limit: &Self) -> bool {
        !limit.prerelease.is_empty() && self.compare_numbers(limit) == Ordering::Equal
    }
}

/// Compares pre-releases part by part: numbers by value and before words.
fn compare_prereleases(left: &str, right: &str) -> Ordering {
    let key = |part: &str| {
        let number = part.parse::<u64>();
        (number.is_err(), number.unwrap_or_default(), part.to_owned())
    };
    let [left, right] = [left, right].map(|text| text.split('.').map(key).collect::<Vec<_>>());
    left.cmp(&right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_mean_what_terraform_means() {
        for (version, constraint, met) in [
            ("1.2.0", "1.2.0", true),
            ("1.2.0", "1.2", true),
            ("1.2.1", "1.2", false),
            ("1.2.9", "~> 1.2", true),
            ("1.9.0", "~> 1.2", true),
            ("2.0.0", "~> 1.2", false),
            ("1.2.9", "~> 1.2.3", true),
            ("1.2.2", "~> 1.2.3", false),
            ("1.3.0", "~> 1.2.3", false),
            ("3.0.0", "~> 1", true),
            ("1.5.0", ">= 1.2, < 2.0, != 1.4.0", true),
            ("1.4.0", ">= 1.2, < 2.0, != 1.4.0", false),
            ("2.0.0", ">=1.2,<2.0", false),
            ("v1.2.0", "= 1.2.0", true),
            ("1.2.0-beta1", ">= 1.0", false),
            ("1.2.0-beta2", ">= 1.2.0-beta1", true),
            ("1.2.0-beta1", "1.2.0-beta1", true),
            ("1.2.0-rc.10", "> 1.2.0-rc.9", true),
            ("1.2.0", "<= 1.2.0-rc1", false),
        ] {
            assert_eq!(
                meets(version, constraint),
                Some(met),
                "{version} {constraint}"
            );
        }
        for (version, constraint) in [("1.x", "1.0"), ("1.0", "about 1.0"), ("1.0", "=> 1.0")] {
            assert_eq!(meets(version, constraint), None, "{version} {constraint}");
        }
    }

    #[test]
    fn the_newest_version_that_fits_is_chosen() {
        let versions = [
            "1.9.0",
            "1.10.2",
            "2.0.0-rc1",
            "1.10.1",
            "nonsense",
            "0.1.0",
        ];
        for (constraint, chosen) in [
            (None, Some("1.10.2")),
            (Some("~> 1.9"), Some("1.10.2")),
            (Some("~> 1.9.0"), Some("1.9.0")),
            (Some(">= 1, < 1.10.2"), Some("1.10.1")),
            (Some(">= 2.0.0-beta"), None),
            (Some("2.0.0-rc1"), Some("2.0.0-rc1")),
            (Some("= 2.0.0-rc1"), Some("2.0.0-rc1")),
            (Some("~> 3.0"), None),
            (Some("about 1"), None),
        ] {
            assert_eq!(
                newest_version(versions, constraint),
                chosen,
                "{constraint:?}"
            );
        }
        assert_eq!(newest_version(["1.0.0-rc1"], None), None);
    }
}
