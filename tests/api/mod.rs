//! The API: what a script asks with a key, and what no key reaches.

mod decided;
mod description;
mod events;
mod events_terraform;
mod refused;
mod schemathesis;
mod site;
mod uploads;

use crate::aws::{CONSOLE, PASSWORD, STATE, shop};
use crate::database::{Database, on_both};
use driftguard::model::{ApiKey, ApiScope, InstallationId};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Method;
use serde_json::{Value, json};
use site::{ACME, Api, GLOBEX};
use std::path::Path;
use std::process::Output;
use tokio::process::Command;

on_both!(
    a_script_scans_what_it_uploads_and_reads_what_was_found,
    a_workspace_is_scanned_with_the_state_that_it_names,
    a_repositorys_stacks_are_workspaces_and_their_scan_is_enqueued,
    a_list_goes_on_behind_its_cursor,
    a_repeated_request_has_one_effect,
    a_server_without_an_app_serves_the_api_alone,
);

/// Runs `driftguard` beside a server, which goes on meanwhile.
async fn driftguard(api: &Api, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_driftguard"));
    program.env_clear().env("DATABASE_URL", &api.database.url);
    program.args(arguments).output().await.unwrap()
}

fn printed(output: &Output) -> String {
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The code of the shop, as `tar czf` packs it.
fn packed() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/demo/repo");
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    archive.append_dir_all(".", folder).unwrap();
    archive.into_inner().unwrap().finish().unwrap()
}

/// A form of these fields.
fn form(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let head = format!(
            "--limit\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--limit--\r\n");
    body
}

const FORM: (&str, &str) = ("content-type", "multipart/form-data; boundary=limit");

fn addresses(findings: &Value) -> Vec<&str> {
    let findings = findings.as_array().unwrap();
    let addresses = findings
        .iter()
        .filter_map(|found| found["address"].as_str());
    addresses.collect()
}

async fn a_script_scans_what_it_uploads_and_reads_what_was_found(database: Database) {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let api = Api::start(database, aws.url()).await;
    let made = printed(
        &driftguard(
            &api,
            &[
                "api-key",
                "create",
                "nightly",
                "--scope",
                "write",
                "--expires",
                "90d",
            ],
        )
        .await,
    );
    let key = ApiKey::parse(made.trim()).unwrap();
    let me = api.get(&key, "/api/v1/me").await.json();
    assert_eq!(
        (&me["organisation"], &me["scope"]),
        (&json!("local"), &json!("write"))
    );

    let wish = json!({"name": "shop production", "region": "us-east-1"});
    let created = api.post(&key, "/api/v1/workspaces", &wish).await;
    assert_eq!(created.status, 201, "{created:?}");
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let scans = format!("/api/v1/workspaces/{id}/scans");

    // A state alone: it is compared with AWS.
    let state: Value = serde_json::from_str(STATE).unwrap();
    let started = api.post(&key, &scans, &state).await;
    assert_eq!(started.status, 202, "{started:?}");
    let scan = started.json()["id"].as_str().unwrap().to_owned();
    let done = api.ended(&key, &scan).await;
    assert_eq!(done["status"], "done", "{done}");
    let report = &done["report"];
    let schema: Value = serde_json::from_str(include_str!("../../docs/scan.schema.json")).unwrap();
    jsonschema::validate(&schema, report).unwrap();
    let stack = &report["stacks"][0];
    let found = addresses(&stack["findings"]);
    assert!(found.contains(&"aws_security_group.web"), "{found:?}");
    let notes = stack["notes"].to_string();
    assert!(
        notes.contains("no code came") && !notes.contains("declares none"),
        "{notes}"
    );

    // With its code as well: the same drift, and what the code says.
    let (state, code) = (STATE.as_bytes(), packed());
    let folder = b"infra/production".as_slice();
    let body = form(&[("state", state), ("code", &code), ("folder", folder)]);
    let started = api
        .ask(Method::POST, &scans, Some(&key), &[FORM], body)
        .await;
    assert_eq!(started.status, 202, "{started:?}");
    let scan = started.json()["id"].as_str().unwrap().to_owned();
    let done = api.ended(&key, &scan).await;
    assert_eq!(done["status"], "done", "{done}");
    let with_code = &done["report"]["stacks"][0]["findings"];
    let declared = with_code.as_array().unwrap().iter().any(|finding| {
        let attributes = finding["attributes"].as_array().unwrap();
        attributes
            .iter()
            .any(|attribute| attribute.get("declared").is_some())
    });
    assert!(declared, "{with_code}");

    // In other forms, in lists, and what was checked.
    let path = format!("/api/v1/scans/{scan}");
    for (kind, part) in [
        ("application/sarif+json", "\"2.1.0\""),
        ("text/markdown", "aws_security_group.web"),
    ] {
        let answer = api
            .ask(
                Method::GET,
                &path,
                Some(&key),
                &[("accept", kind)],
                Vec::new(),
            )
            .await;
        assert!(
            answer.status == 200 && answer.kind.starts_with(kind),
            "{answer:?}"
        );
        assert!(answer.text.contains(part), "{answer:?}");
    }
    let both = [("accept", "text/markdown;q=0.2, application/json")];
    let preferred = api.ask(Method::GET, &path, Some(&key), &both, Vec::new());
    assert_eq!(preferred.await.kind, "application/json");
    let listed = api
        .get(&key, &format!("/api/v1/findings?workspace={id}"))
        .await
        .json();
    let count = |findings: &Value| findings.as_array().unwrap().len();
    assert_eq!(count(&listed["items"]), count(with_code));
    let critical = api
        .get(&key, "/api/v1/findings?severity=critical")
        .await
        .json();
    assert!(addresses(&critical["items"]).len() < addresses(&listed["items"]).len());
    let coverage = api
        .get(&key, &format!("/api/v1/workspaces/{id}/coverage"))
        .await
        .json();
    assert!(
        !coverage["items"].as_array().unwrap().is_empty(),
        "{coverage}"
    );
    let workspace = api
        .get(&key, &format!("/api/v1/workspaces/{id}"))
        .await
        .json();
    assert_eq!(workspace["name"], "shop production");
    let last = workspace["last_scan"]["id"].as_str().unwrap();
    let last = api.get(&key, &format!("/api/v1/scans/{last}")).await.json();
    assert_eq!(last["report"], done["report"]);

    // The state's secret is nowhere.
    for text in [done.to_string(), report.to_string(), coverage.to_string()] {
        assert!(!text.contains(PASSWORD), "{text}");
    }
    for (place, text) in crate::secrets::leaving::kept(&api.database).await {
        assert!(!text.contains(PASSWORD), "{place}");
        assert!(!text.contains(key.expose()), "{place}");
    }

    // A key that is revoked opens nothing, at once.
    let keys = printed(&driftguard(&api, &["api-key", "list"]).await);
    assert!(
        keys.contains(key.prefix()) && keys.contains("nightly"),
        "{keys}"
    );
    assert!(!keys.contains(key.expose()), "{keys}");
    printed(&driftguard(&api, &["api-key", "revoke", key.prefix()]).await);
    assert_eq!(api.get(&key, "/api/v1/me").await.status, 401);
    let again = driftguard(&api, &["api-key", "revoke", key.prefix()]).await;
    assert!(!again.status.success());

    // What belongs to a workspace goes with it.
    let key = api.key(InstallationId::LOCAL, ApiScope::Write).await;
    let workspace = format!("/api/v1/workspaces/{id}");
    let gone = api.ask(Method::DELETE, &workspace, Some(&key), &[], Vec::new());
    assert_eq!(gone.await.status, 204);
    assert_eq!(api.get(&key, &path).await.status, 404);
    let none = api.get(&key, "/api/v1/findings").await.json();
    assert_eq!(none["items"], json!([]));
    api.stop().await;
}

async fn a_workspace_is_scanned_with_the_state_that_it_names(database: Database) {
    let aws = shop().await;
    let api = Api::start(database, aws.url()).await;
    let key = api.key(InstallationId::LOCAL, ApiScope::Write).await;
    let mut wish = json!({"name": "shop", "region": "us-east-1",
        "state": "s3://acme-terraform-state/shop/production/terraform.tfstate"});
    let created = api.post(&key, "/api/v1/workspaces", &wish).await.json();
    let scans = format!(
        "/api/v1/workspaces/{}/scans",
        created["id"].as_str().unwrap()
    );
    let started = api
        .ask(Method::POST, &scans, Some(&key), &[], Vec::new())
        .await;
    assert_eq!(started.status, 202, "{started:?}");
    let done = api
        .ended(&key, started.json()["id"].as_str().unwrap())
        .await;
    assert_eq!(done["status"], "done", "{done}");
    assert_eq!(done["report"]["stacks"][0]["findings"], json!([]));

    wish["state"] = json!("s3://acme-terraform-state/another.tfstate");
    let created = api.post(&key, "/api/v1/workspaces", &wish).await.json();
    let scans = format!(
        "/api/v1/workspaces/{}/scans",
        created["id"].as_str().unwrap()
    );
    let started = api
        .ask(Method::POST, &scans, Some(&key), &[], Vec::new())
        .await;
    let failed = api
        .ended(&key, started.json()["id"].as_str().unwrap())
        .await;
    assert_eq!(failed["status"], "failed", "{failed}");
    let problem = failed["problem"].as_str().unwrap();
    assert!(problem.contains("another.tfstate"), "{problem}");
    api.stop().await;
}

async fn a_repositorys_stacks_are_workspaces_and_their_scan_is_enqueued(database: Database) {
    let api = Api::start(database, "http://127.0.0.1:9").await;
    api.installed(ACME, "acme/shop", 10).await;
    let key = api.key(ACME, ApiScope::Write).await;
    let listed = api.get(&key, "/api/v1/workspaces").await.json();
    let ids: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["id"].as_str().unwrap())
        .collect();
    // What could not be scanned comes first, since nothing is known of it.
    assert_eq!(ids, ["10.staging", "10.production"]);
    assert_eq!(listed["items"][1]["repository"], "acme/shop");
    assert_eq!(listed["items"][1]["last_scan"]["findings"]["critical"], 1);

    let path = "/api/v1/workspaces/10.production/scans";
    let refused = api.post(&key, path, &json!({"version": 4})).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    let started = api
        .ask(Method::POST, path, Some(&key), &[], Vec::new())
        .await;
    assert_eq!(started.status, 202, "{started:?}");
    // The repository is not there any more, so the scan leaves nothing: it is never said to be done.
    let scan = started.json()["id"].as_str().unwrap().to_owned();
    let found = api.get(&key, &format!("/api/v1/scans/{scan}")).await.json();
    assert_eq!(
        (&found["status"], &found["workspace"]),
        (&json!("queued"), &json!("10.production"))
    );
    let jobs = api.database.inbox().await.queue.counts().await.unwrap();
    assert!(jobs.waiting + jobs.running + jobs.done > 0, "{jobs:?}");
    api.stop().await;
}

async fn a_list_goes_on_behind_its_cursor(database: Database) {
    let api = Api::start(database, "http://127.0.0.1:9").await;
    for (installation, name, id) in [(ACME, "acme/shop", 10), (GLOBEX, "globex/site", 20)] {
        api.installed(installation, name, id).await;
    }
    let key = api.key(ACME, ApiScope::Read).await;
    for path in ["/api/v1/workspaces", "/api/v1/findings"] {
        let whole = api.get(&key, path).await.json();
        let whole = whole["items"].as_array().unwrap().clone();
        assert!(whole.len() > 1 && !json!(whole).to_string().contains("20."));
        let (mut pieces, mut next) = (Vec::new(), Value::Null);
        for _ in 0..=whole.len() {
            let cursor = next.as_str().map(|cursor| format!("&cursor={cursor}"));
            let piece = format!("{path}?limit=1{}", cursor.unwrap_or_default());
            let piece = api.get(&key, &piece).await.json();
            pieces.extend(piece["items"].as_array().unwrap().clone());
            next = piece["next"].clone();
            if next.is_null() {
                break;
            }
        }
        assert_eq!(pieces, whole, "{path}");
    }
    let none = api
        .get(
            &key,
            "/api/v1/findings?status=resolved&kind=deleted&type=aws_vpc",
        )
        .await;
    assert_eq!(none.json()["items"], json!([]));
    for (query, expected) in [
        ("q=SECURITY_group.web", vec!["aws_security_group.web"]),
        ("q=web%25", vec![]),
        ("q=%00", vec![]),
        (
            "q=f-00000000000a&severity=critical",
            vec!["aws_security_group.web"],
        ),
        ("q=f-00000000000a&severity=low", vec![]),
    ] {
        let found = api.get(&key, &format!("/api/v1/findings?{query}")).await;
        let found = found.json();
        assert_eq!(addresses(&found["items"]), expected, "{query}: {found}");
    }
    let added = api.get(&key, "/api/v1/findings?q=web/policy").await.json();
    assert_eq!(added["items"][0]["import_id"], "web/policy");
    let long = format!("/api/v1/findings?q={}", "a".repeat(201));
    assert_eq!(api.get(&key, &long).await.status, 400);
    api.stop().await;
}

async fn a_repeated_request_has_one_effect(database: Database) {
    let api = Api::start(database, "http://127.0.0.1:9").await;
    let key = api.key(InstallationId::LOCAL, ApiScope::Write).await;
    let wish = |name: &str| {
        json!({"name": name, "region": "us-east-1"})
            .to_string()
            .into_bytes()
    };
    let ask = |name: &'static str, request: &'static str| {
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", request),
        ];
        let (api, key, body) = (&api, &key, wish(name));
        async move {
            api.ask(
                Method::POST,
                "/api/v1/workspaces",
                Some(key),
                &headers,
                body,
            )
            .await
        }
    };
    let first = ask("a", "one").await;
    let again = ask("a", "one").await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.text, again.text);
    assert_eq!(ask("b", "one").await.status, 422);
    // What was refused may be corrected.
    assert_eq!(ask("", "two").await.status, 422);
    assert_eq!(ask("b", "two").await.status, 201);
    let all = api.get(&key, "/api/v1/workspaces").await.json();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);

    // After a day the name is another request's, as if it had never been used.
    api.store.delete_kept_answers(i64::MAX).await.unwrap();
    let next = ask("c", "one").await;
    assert_eq!((next.status, &next.json()["name"]), (201, &json!("c")));
    assert_ne!(next.json()["id"], first.json()["id"]);
    let credential = format!("gh{}_{}", "p", "16C7e42F292c6912E7710c838347Ae178B4a");
    let shown = json!({"name": credential, "region": "us-east-1"});
    let refused = api.post(&key, "/api/v1/workspaces", &shown).await;
    assert!(
        refused.status == 422 && !refused.text.contains(&credential),
        "{refused:?}"
    );
    api.stop().await;
}

async fn a_server_without_an_app_serves_the_api_alone(database: Database) {
    let aws = shop().await;
    let api = Api::start_as(database, aws.url(), &[]).await;
    let key = api.key(InstallationId::LOCAL, ApiScope::Write).await;
    let wish = json!({"name": "shop", "region": "us-east-1",
        "state": "s3://acme-terraform-state/shop/production/terraform.tfstate"});
    let created = api.post(&key, "/api/v1/workspaces", &wish).await.json();
    let scans = format!(
        "/api/v1/workspaces/{}/scans",
        created["id"].as_str().unwrap()
    );
    let started = api
        .ask(Method::POST, &scans, Some(&key), &[], Vec::new())
        .await;
    let started = started.json();
    let done = api.ended(&key, started["id"].as_str().unwrap()).await;
    assert_eq!(done["status"], "done", "{done}");
    for (path, status) in [
        ("/setup", 200),
        ("/readyz", 200),
        ("/metrics", 404),
        ("/", 404),
        ("/webhooks/github", 404),
    ] {
        let answer = api.ask(Method::GET, path, None, &[], Vec::new()).await;
        assert_eq!(answer.status, status, "{path}");
    }
    api.stop().await;
}
