//! axe-core: what in a page keeps people out who do not see it, or use no mouse.

use super::driver::Chromium;
use crate::npm;
use serde_json::Value;

/// The package.
const PACKAGE: &str = "axe-core@4.14.1";
/// All its rules but those that are experiments. What it finds is listed a place each.
const RUN: &str = r#"
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ["violations"] }).then(
    found => done({
        passed: found.passes.length,
        violations: found.violations.flatMap(rule =>
            rule.nodes.map(node => `${rule.id}: ${node.html}: ${node.failureSummary}`)),
    }),
    error => done({ passed: 0, violations: [String(error)] }),
);
"#;

pub struct Axe {
    source: String,
}

impl Axe {
    /// None where npm does not give it.
    pub fn new() -> Option<Self> {
        let file = npm::package(PACKAGE)?.join("axe.min.js");
        let source = std::fs::read_to_string(file).unwrap();
        Some(Self { source })
    }

    /// What it finds in the page that is open.
    pub async fn violations(&self, chromium: &Chromium) -> Vec<String> {
        if chromium.script("return typeof axe").await == "undefined" {
            chromium.script(&self.source).await;
        }
        let found = chromium.wait_for(RUN).await;
        let violations = found["violations"].as_array().unwrap().iter();
        let violations: Vec<_> = violations
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        assert!(
            found["passed"].as_u64() > Some(0) || !violations.is_empty(),
            "it looked at nothing: {found}"
        );
        violations
    }
}
