//! The description, held to the server by schemathesis: whatever a script may send is answered as it says.

use super::site::{ACME, Api, SCANNED};
use crate::database::Database;
use driftguard::model::ApiScope;
use driftguard::standin::venv;
use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::Command;

/// The Python package.
const PACKAGE: &str = "schemathesis==4.32.5";
/// What each answer is held to.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,ignored_auth";
/// How long a run may take.
const LIMIT: Duration = Duration::from_secs(600);

/// The program. None where PyPI does not give it, which is said aloud, and fails where `CI` is set.
async fn schemathesis() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemathesis");
    match venv::install(&folder, PACKAGE).await {
        Ok(python) => Some(python.with_file_name("schemathesis")),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "no {PACKAGE}: {error:#}");
            eprintln!("SKIPPED: no {PACKAGE}: {error:#}");
            None
        }
    }
}

/// Gives each operation a key of its own, so that what a key may ask for in a minute suffices for each; and, where its
/// answers are to be about something, the ids of what there is.
async fn configuration(api: &Api, operations: &[(String, String)], is_known: bool) -> String {
    let scan = format!("10.production.{SCANNED}");
    let ids = [
        ("workspace", "10.production"),
        ("scan", scan.as_str()),
        ("finding", "f-00000000000a"),
        ("decision", "d-10"),
    ];
    let mut text = String::new();
    for (method, path) in operations {
        let key = api.key(ACME, ApiScope::Write).await;
        let known = ids.iter().filter(|(name, _)| {
            let place = format!("{{{name}}}");
            is_known && path.contains(&place)
        });
        let known: Vec<_> = known
            .map(|(name, id)| format!("\"path.{name}\" = \"{id}\""))
            .collect();
        writeln!(
            text,
            "[[operations]]\ninclude-name = \"{} {path}\"\n\
             headers = {{ Authorization = \"Bearer {}\" }}\nparameters = {{ {} }}",
            method.to_uppercase(),
            key.expose(),
            known.join(", ")
        )
        .unwrap();
    }
    text
}

#[tokio::test]
async fn whatever_may_be_sent_is_answered_as_it_is_described() {
    let Some(program) = schemathesis().await else {
        return;
    };
    let api = Api::start(Database::sqlite().await, "http://127.0.0.1:9").await;
    api.installed(ACME, "acme/shop", 10).await;
    let description = driftguard::web::api::description().unwrap();
    let description: Value = serde_json::from_str(&description).unwrap();
    let paths = description["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().keys();
        methods.map(move |method| (method.clone(), path.clone()))
    });
    let operations: Vec<_> = operations.collect();
    for is_known in [false, true] {
        let folder = TempDir::new().unwrap();
        let text = configuration(&api, &operations, is_known).await;
        std::fs::write(folder.path().join("schemathesis.toml"), text).unwrap();
        let mut command = Command::new(&program);
        command
            .args(["run", &format!("{}/api/v1/openapi.json", api.url)])
            .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing"])
            .args(["--max-examples", "10", "--workers", "1", "--seed", "1"])
            .args(["--request-timeout", "20", "--suppress-health-check", "all"])
            .args(["--generation-database", "none", "--no-color"])
            .current_dir(&folder)
            .kill_on_drop(true);
        let output = tokio::time::timeout(LIMIT, command.output()).await;
        let output = output.unwrap().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let problem = String::from_utf8_lossy(&output.stderr);
        let tested = format!("Tested: {}\n", operations.len());
        assert!(
            output.status.success() && text.contains(&tested),
            "{text}\n{problem}"
        );
    }
    api.stop().await;
}
