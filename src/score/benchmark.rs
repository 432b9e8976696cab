//! Selects the version of the CIS AWS Foundations Benchmark: each version renumbers the controls.

use std::fmt;

/// The versions that the rules map, newest last.
const VERSIONS: &[&str] = &[
    "1.2", "1.3", "1.4", "1.5", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0",
];

/// A version of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Benchmark {
    version: &'static str,
}

/// A name that is no known version.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{name}` is no benchmark DriftGuard knows: write one of {}", known())]
pub struct UnknownBenchmark {
    name: String,
}

fn known() -> String {
    let names: Vec<_> = VERSIONS
        .iter()
        .map(|version| format!("cis-{version}"))
        .collect();
    names.join(", ")
}

impl Benchmark {
    /// Parses a name as `.driftguard.yml` writes it: `cis-3.0`.
    ///
    /// # Errors
    /// For any version that the rules do not map.
    pub fn parse(name: &str) -> Result<Self, UnknownBenchmark> {
        let asked = name.strip_prefix("cis-");
        let known = VERSIONS.iter().find(|version| asked == Some(*version));
        let version = known.ok_or_else(|| UnknownBenchmark {
            name: name.to_owned(),
        })?;
        Ok(Self { version })
    }

    /// Returns the version as the rules name it: `3.0`.
    pub fn version(&self) -> &'static str {
        self.version
    }
}

impl Default for Benchmark {
    fn default() -> Self {
        Self { version: "3.0" }
    }
}

impl fmt::Display for Benchmark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CIS AWS Foundations {}.0", self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_benchmark_is_named_by_its_version() {
        let benchmark = Benchmark::parse("cis-5.0").unwrap();
        assert_eq!(benchmark.to_string(), "CIS AWS Foundations 5.0.0");
        let wrong = Benchmark::parse("cis-9").unwrap_err().to_string();
        assert!(
            wrong.contains("`cis-9`") && wrong.contains("cis-3.0"),
            "{wrong}"
        );
    }
}
