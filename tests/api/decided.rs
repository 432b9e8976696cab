//! What a key asks for: it is in the audit log with the key, and what came of it can be asked for.

use super::site::{ACME, Api};
use crate::database::{Database, on_both};
use driftguard::model::{ApiKey, ApiScope, AuditVia, InstallationId, RepositoryId};
use driftguard::queue::now;
use driftguard::store::AuditFilter;
use http::Method;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use std::time::{Duration, Instant};

on_both!(
    the_audit_log_names_the_key_and_a_decision_says_what_came_of_it,
    a_workspace_has_its_mean_time_to_repair,
    a_key_of_events_is_not_created_where_it_starts_nothing,
);

/// Waits until a decision is not queued any more.
async fn outcome(api: &Api, key: &ApiKey, id: &str) -> Value {
    let started = Instant::now();
    loop {
        let found = api.get(key, &format!("/api/v1/decisions/{id}")).await;
        assert_eq!(found.status, 200, "{found:?}");
        let found = found.json();
        if found["status"] != "queued" {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{found}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn the_audit_log_names_the_key_and_a_decision_says_what_came_of_it(database: Database) {
    let api = Api::start(database, "http://127.0.0.1:9").await;
    // GitHub shows a repository without a commit, as after it was emptied.
    let id = api.github.create_repository("acme/shop", true);
    let acme = InstallationId(api.github.install("acme").await);
    api.installed(acme, "acme/shop", id).await;
    let key = api.key(acme, ApiScope::Write).await;
    let scans = &format!("/api/v1/workspaces/{id}.production/scans");
    let headers = [("idempotency-key", "one")];
    for _ in 0..2 {
        let started = api.ask(Method::POST, scans, Some(&key), &headers, Vec::new());
        assert_eq!(started.await.status, 202);
    }
    let tenant = api.store.of(acme);
    let log = tenant.audit_log(&AuditFilter::default(), None, 9).await;
    let (log, _) = log.unwrap();
    let [scan] = log.as_slice() else {
        panic!("{log:?}")
    };
    assert_eq!(scan.repository, RepositoryId(id));
    let entry = &scan.entry;
    assert_eq!((entry.via, entry.action.as_str()), (AuditVia::Api, "scan"));
    assert_eq!(entry.stack, "production");
    assert_eq!(entry.detail, format!("`{}` (a script)", key.prefix()));

    let path = "/api/v1/findings/f-00000000000a/decisions";
    let decided = api.post(&key, path, &json!({"choice": "import"})).await;
    assert_eq!(decided.status, 202, "{decided:?}");
    let decided = decided.json();
    assert_eq!(decided["status"], "queued", "{decided}");
    // There is nothing to decide about.
    let ended = outcome(&api, &key, decided["id"].as_str().unwrap()).await;
    assert_eq!(ended["status"], "not_done", "{ended}");
    let problem = ended["problem"].as_str().unwrap();
    assert!(
        problem.contains("the repository is empty, gone"),
        "{problem}"
    );
    assert_eq!(ended["finding"], "f-00000000000a");
    let none = api.get(&key, "/api/v1/decisions/d-%00").await;
    assert_eq!(none.status, 404, "{none:?}");
    api.stop().await;
}

async fn a_workspace_has_its_mean_time_to_repair(database: Database) {
    let api = Api::start(database, "http://127.0.0.1:9").await;
    api.installed(ACME, "acme/shop", 10).await;
    let key = api.key(ACME, ApiScope::Read).await;
    let path = "/api/v1/workspaces/10.production";
    let before = api.get(&key, path).await.json();
    assert_eq!(before["mean_time_to_repair"], Value::Null, "{before}");
    assert_eq!(before["name"], "production");
    let (ended, hour) = (now() - 1_000, 60 * 60 * 1_000);
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&api.database.url).await.unwrap();
    for (finding, took) in [("f-1", hour), ("f-2", 3 * hour)] {
        let statement = format!(
            "insert into finding_history (installation, repository, stack, finding, first_seen, last_seen, scans, ending,
                 ended_at, address, resource_type, parent_type, account, region, kind, severity)
             values ('1', '10', 'production', '{finding}', {}, {}, 2, 'resolved', {ended}, 'aws_vpc.main', 'aws_vpc', '', '',
                 '', 'modified', 'low')",
            ended - took,
            ended - took,
        );
        sqlx::query(AssertSqlSafe(statement))
            .execute(&pool)
            .await
            .unwrap();
    }
    pool.close().await;
    let repaired = api.get(&key, path).await.json();
    assert_eq!(repaired["mean_time_to_repair"], 2 * 60 * 60, "{repaired}");
    api.stop().await;
}

async fn a_key_of_events_is_not_created_where_it_starts_nothing(database: Database) {
    let api = Api::start(database, "http://127.0.0.1:9").await;
    api.installed(ACME, "acme/shop", 10).await;
    let arguments = ["api-key", "create", "eventbridge", "--scope", "events"];
    let refused = super::driftguard(&api, &arguments).await;
    assert_eq!(refused.status.code(), Some(64), "{refused:?}");
    let problem = String::from_utf8_lossy(&refused.stderr);
    assert!(
        problem.contains("`local` has none") && problem.contains("--org"),
        "{problem}"
    );
    assert!(refused.stdout.is_empty(), "{refused:?}");
    let of_acme =
        super::driftguard(&api, &[arguments.as_slice(), &["--org", "acme"]].concat()).await;
    assert!(of_acme.status.success(), "{of_acme:?}");
    api.stop().await;
}
