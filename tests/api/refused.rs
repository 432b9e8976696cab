//! What the API refuses, and that no key reaches what is another organisation's.

use super::site::{ACME, Answer, Api, GLOBEX, SCANNED};
use super::{FORM, form, packed};
use crate::database::{Database, on_both};
use driftguard::model::{ApiKey, ApiScope, InstallationId, WorkspaceId};
use driftguard::store::{ApiKeyRecord, KeyOwner};
use driftguard::web::api::{new_key, paths};
use http::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

on_both!(
    without_a_key_nothing_is_answered,
    what_is_another_organisations_is_not_there,
    a_key_for_reading_changes_nothing,
    a_key_ends_with_its_day_and_with_its_installation,
    too_much_is_refused_for_a_while,
    what_cannot_be_used_is_said,
    a_scan_whose_process_died_is_not_waited_for,
);

/// The ids of an organisation: a workspace, a scan, a decision, a finding.
struct Ids {
    workspace: String,
    scan: String,
    decision: String,
    finding: &'static str,
}

impl Ids {
    fn of(repository: u64) -> Self {
        Self {
            workspace: format!("{repository}.production"),
            scan: format!("{repository}.production.{SCANNED}"),
            decision: format!("d-{repository}"),
            finding: "f-00000000000a",
        }
    }

    /// Puts the ids in place of the names in a path.
    fn path(&self, path: &str) -> String {
        let path = path.replace("{workspace}", &self.workspace);
        let path = path.replace("{scan}", &self.scan);
        let path = path.replace("{decision}", &self.decision);
        path.replace("{finding}", self.finding)
    }
}

/// A body that each of the paths takes, or none.
fn body(path: &str) -> Value {
    match path {
        "/api/v1/workspaces" => json!({"name": "a", "region": "us-east-1",
            "role_arn": "arn:aws:iam::123456789012:role/driftguard"}),
        path if path.ends_with("/decisions") => json!({"choice": "adopt"}),
        _ => json!({}),
    }
}

async fn all(api: &Api, key: Option<&ApiKey>, ids: &Ids) -> Vec<(String, u16, String)> {
    let mut answers = Vec::new();
    for path in paths() {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let headers = [("content-type", "application/json")];
            let body = match method {
                Method::POST => body(&path).to_string().into_bytes(),
                _ => Vec::new(),
            };
            let asked = ids.path(&path);
            let answer = api.ask(method.clone(), &asked, key, &headers, body).await;
            answers.push((format!("{method} {path}"), answer.status, answer.kind));
        }
    }
    answers
}

async fn without_a_key_nothing_is_answered(database: Database) {
    let api = Api::start(database, "http://127.0.0.1:9").await;
    api.installed(ACME, "acme/shop", 10).await;
    let unknown = new_key(ApiScope::Read).unwrap();
    assert!(paths().len() >= 7);
    for key in [None, Some(&unknown)] {
        for (what, status, kind) in all(&api, key, &Ids::of(10)).await {
            assert!(status == 401 || status == 405, "{what}: {status}");
            assert_eq!(kind, "application/problem+json", "{what}");
        }
    }
    for (path, status) in [
        ("/api/v1/openapi.json", 200),
        ("/api/v1/scan.schema.json", 200),
        ("/api/docs", 200),
        ("/api/v1/nothing", 404),
        ("/api/", 404),
    ] {
        let answer = api.ask(Method::GET, path, None, &[], Vec::new()).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
    let headers = [("authorization", "Basic ZGdfbGl2ZV86")];
    let answer = api.ask(Method::GET, "/api/v1/me", None, &headers, Vec::new());
    assert_eq!(answer.await.status, 401);
    api.stop().await;
}

async fn what_is_another_organisations_is_not_there(database: Database) {
    let api = Api::start(database, "http://127.0.0.1:9").await;
    api.installed(ACME, "acme/shop", 10).await;
    api.installed(GLOBEX, "globex/site", 20).await;
    let acme = api.key(ACME, ApiScope::Write).await;
    let globex = api.key(GLOBEX, ApiScope::Write).await;
    for own in ["/api/v1/scans/{scan}", "/api/v1/decisions/{decision}"] {
        let own = api.get(&globex, &Ids::of(20).path(own)).await;
        assert_eq!(own.status, 200, "{own:?}");
    }
    let role = body("/api/v1/workspaces");
    let created = api.post(&globex, "/api/v1/workspaces", &role).await.json();
    let created = created["id"].as_str().unwrap();

    let mut of_globex = Ids::of(20);
    for workspace in [of_globex.workspace.clone(), created.to_owned()] {
        of_globex.workspace = workspace;
        let is_named = |path: &String| {
            let ids = ["{workspace}", "{scan}", "{decision}"];
            ids.iter().any(|id| path.contains(id))
        };
        let named = paths().into_iter().filter(is_named);
        let mut tried = 0;
        for path in named {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                let asked = of_globex.path(&path);
                let answer = api
                    .ask(method.clone(), &asked, Some(&acme), &[], Vec::new())
                    .await;
                assert!(
                    answer.status == 404 || answer.status == 405,
                    "{method} {asked}: {answer:?}"
                );
                tried += usize::from(answer.status == 404);
            }
        }
        assert!(tried >= 6, "{tried}");
    }
    let findings = format!("/api/v1/findings?workspace={}", of_globex.workspace);
    assert_eq!(api.get(&acme, &findings).await.status, 404);
    let decision = json!({"choice": "adopt", "workspace": "20.production"});
    let decided = api
        .post(
            &acme,
            "/api/v1/findings/f-00000000000a/decisions",
            &decision,
        )
        .await;
    assert_eq!(decided.status, 404, "{decided:?}");
    // The same request of another organisation is another one.
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "one"),
    ];
    let mut texts = Vec::new();
    for key in [&acme, &globex] {
        let body = role.to_string().into_bytes();
        let created = api
            .ask(
                Method::POST,
                "/api/v1/workspaces",
                Some(key),
                &headers,
                body,
            )
            .await;
        assert_eq!(created.status, 201, "{created:?}");
        texts.push(created.text);
    }
    assert_ne!(texts[0], texts[1]);
    // A role is assumed with an external id of the workspace's own.
    let external_id = |text: &String| {
        let found: Value = serde_json::from_str(text).unwrap();
        found["external_id"].as_str().unwrap().to_owned()
    };
    assert_ne!(external_id(&texts[0]), external_id(&texts[1]));
    for list in ["/api/v1/workspaces", "/api/v1/findings"] {
        let listed = api.get(&acme, list).await.text;
        assert!(
            !listed.contains("20.") && !listed.contains("globex"),
            "{listed}"
        );
        assert!(!listed.contains(created), "{listed}");
    }
    api.stop().await;
}

async fn a_key_for_reading_changes_nothing(database: Database) {
    let api = Api::start(database, "http://127.0.0.1:9").await;
    api.installed(ACME, "acme/shop", 10).await;
    let key = api.key(ACME, ApiScope::Read).await;
    for (what, status, _) in all(&api, Some(&key), &Ids::of(10)).await {
        let allowed: &[u16] = match what.starts_with("GET ") {
            true => &[200, 405],
            false => &[403, 405],
        };
        assert!(allowed.contains(&status), "{what}: {status}");
    }
    api.stop().await;
}

async fn a_key_ends_with_its_day_and_with_its_installation(database: Database) {
    let api = Api::start(database, "http://127.0.0.1:9").await;
    api.installed(ACME, "acme/shop", 10).await;
    let key = new_key(ApiScope::Read).unwrap();
    let record = ApiKeyRecord {
        installation: ACME,
        owner: KeyOwner::Organisation,
        prefix: key.prefix().to_owned(),
        name: "yesterday's".to_owned(),
        scope: ApiScope::Read,
        created_by: String::new(),
        created_at: 1,
        expires_at: Some(2),
        used_at: None,
    };
    api.store.add_api_key(&key, &record).await.unwrap();
    assert_eq!(api.get(&key, "/api/v1/me").await.status, 401);

    let key = api.key(ACME, ApiScope::Read).await;
    assert_eq!(
        api.get(&key, "/api/v1/me").await.json()["organisation"],
        "acme"
    );
    let started = Instant::now();
    let is_used = |known: &ApiKeyRecord| known.prefix == key.prefix() && known.used_at.is_some();
    while !api.store.api_keys().await.unwrap().iter().any(is_used) {
        assert!(started.elapsed() < Duration::from_secs(30), "no use");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    api.store.of(ACME).suspend(true).await.unwrap();
    assert_eq!(api.get(&key, "/api/v1/me").await.status, 401);
    api.store.of(ACME).suspend(false).await.unwrap();
    assert_eq!(api.get(&key, "/api/v1/me").await.status, 200);
    api.store
        .of(ACME)
        .delete_installation(i64::MAX)
        .await
        .unwrap();
    assert_eq!(api.get(&key, "/api/v1/me").await.status, 401);
    api.stop().await;
}

async fn too_much_is_refused_for_a_while(database: Database) {
    let api = Api::start(database, "http://127.0.0.1:9").await;
    let key = api.key(InstallationId::LOCAL, ApiScope::Write).await;
    let mut refused = None;
    for _ in 0..100 {
        let answer = api
            .post(&key, "/api/v1/workspaces/w-0/scans", &json!({}))
            .await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, 404, "{answer:?}");
    }
    let refused = refused.expect("no limit");
    assert!(
        refused
            .retry_after
            .is_some_and(|seconds| (1..=60).contains(&seconds)),
        "{refused:?}"
    );
    // Others, and what costs less, go on.
    assert_eq!(api.get(&key, "/api/v1/me").await.status, 200);
    let other = api.key(InstallationId::LOCAL, ApiScope::Write).await;
    let answer = api
        .post(&other, "/api/v1/workspaces/w-0/scans", &json!({}))
        .await;
    assert_eq!(answer.status, 404);
    api.stop().await;
}

/// What went wrong is told with this, in the words of the API and none of its language.
fn is_told(answer: &Answer, part: &str) {
    let problem = answer.json();
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(part), "{detail}");
    for word in [
        "struct",
        "enum",
        "variant",
        "serialize",
        "expected",
        "invalid type",
        "u32",
    ] {
        assert!(!detail.contains(word), "{detail}");
    }
}

async fn what_cannot_be_used_is_said(database: Database) {
    let api = Api::start(database, "http://127.0.0.1:9").await;
    let key = api.key(InstallationId::LOCAL, ApiScope::Write).await;
    api.installed(ACME, "acme/shop", 10).await;
    let acme = api.key(ACME, ApiScope::Write).await;
    for (key, wish, part) in [
        (&key, json!({"name": "", "region": "us-east-1"}), "`name`"),
        (
            &key,
            json!({"name": "a", "region": "nowhere at all"}),
            "`region`",
        ),
        (
            &key,
            json!({"name": "a", "region": "us-east-1", "role_arn": "admin"}),
            "`role_arn`",
        ),
        (
            &key,
            json!({"name": "a", "region": "us-east-1", "state": "file:///etc/passwd"}),
            "`state`",
        ),
        (
            &key,
            json!({"name": "a", "region": "us-east-1", "regoin": "x"}),
            "regoin",
        ),
        (
            &acme,
            json!({"name": "a", "region": "us-east-1"}),
            "`role_arn` is missing",
        ),
        (&key, json!([]), "an object of JSON, with `name`, `region`"),
        (&key, json!({"name": "a"}), "`region` is missing"),
        (&key, json!({"name": 5, "region": "a"}), "`name` is a text"),
    ] {
        let answer = api.post(key, "/api/v1/workspaces", &wish).await;
        assert_eq!(answer.status, 422, "{answer:?}");
        is_told(&answer, part);
    }
    for (path, part) in [
        ("/api/v1/findings?severity=dreadful", "one of `critical`"),
        ("/api/v1/findings?cursor=%00", "`cursor`"),
        ("/api/v1/findings?limit=0", "1 to 100"),
        ("/api/v1/workspaces?limit=101", "1 to 100"),
        ("/api/v1/workspaces?limit=x", "`limit` is a whole number"),
        ("/api/v1/workspaces?page=2", "there is no `page`"),
    ] {
        let answer = api.get(&key, path).await;
        assert_eq!(answer.status, 400, "{path}");
        is_told(&answer, part);
    }
    let headers = [("content-type", "application/json")];
    let broken = api.ask(
        Method::POST,
        "/api/v1/workspaces",
        Some(&key),
        &headers,
        b"{".to_vec(),
    );
    is_told(&broken.await, "no JSON");
    for path in [
        "/api/v1/scans/%00",
        "/api/v1/scans/s-%00",
        "/api/v1/workspaces/%ff",
        "/api/v1/workspaces/0.w-1",
    ] {
        assert_eq!(api.get(&key, path).await.status, 404, "{path}");
    }

    let wish = json!({"name": "a", "region": "us-east-1"});
    let created = api.post(&key, "/api/v1/workspaces", &wish).await.json();
    let scans = format!(
        "/api/v1/workspaces/{}/scans",
        created["id"].as_str().unwrap()
    );
    let ask = |headers: &'static [(&'static str, &'static str)], body: Vec<u8>| {
        let (api, key, scans) = (&api, &key, &scans);
        async move {
            api.ask(Method::POST, scans, Some(key), headers, body)
                .await
                .status
        }
    };
    assert_eq!(ask(&[], Vec::new()).await, 409);
    assert_eq!(
        ask(&[("content-type", "text/plain")], b"{}".to_vec()).await,
        415
    );
    assert_eq!(ask(&[FORM], form(&[("else", b"{}")])).await, 400);
    assert_eq!(ask(&[FORM], b"--limit\r\nnothing".to_vec()).await, 400);
    // A folder that leads out of the code, and one of no code.
    for folder in [b"../..".as_slice(), b"infra"] {
        let fields = form(&[("state", b"{}"), ("folder", folder)]);
        assert_eq!(ask(&[FORM], fields).await, 422);
    }
    let zeros = vec![b' '; 65 * 1024 * 1024];
    assert_eq!(
        ask(&[("content-type", "application/json")], zeros).await,
        413
    );

    // What is no state, and no archive, is a scan that failed, and says why.
    let packed = packed();
    for (code, folder, part) in [
        (None, "", "state"),
        (Some(b"no archive".as_slice()), "", "unpacked"),
        (Some(packed.as_slice()), "nope", "no folder `nope`"),
    ] {
        let mut fields = vec![("state", b"{}".as_slice()), ("folder", folder.as_bytes())];
        fields.extend(code.map(|code| ("code", code)));
        let started = api
            .ask(Method::POST, &scans, Some(&key), &[FORM], form(&fields))
            .await;
        assert_eq!(started.status, 202, "{started:?}");
        let ended = api
            .ended(&key, started.json()["id"].as_str().unwrap())
            .await;
        assert_eq!(ended["status"], "failed", "{ended}");
        assert!(ended["problem"].as_str().unwrap().contains(part), "{ended}");
        assert!(ended["finished_at"].is_string(), "{ended}");
    }
    api.stop().await;
}

async fn a_scan_whose_process_died_is_not_waited_for(database: Database) {
    let api = Api::start(database, "http://127.0.0.1:9").await;
    let key = api.key(InstallationId::LOCAL, ApiScope::Write).await;
    let wish = json!({"name": "a", "region": "us-east-1"});
    let created = api.post(&key, "/api/v1/workspaces", &wish).await.json();
    let workspace = WorkspaceId::parse(created["id"].as_str().unwrap()).unwrap();
    let tenant = api.store.of(InstallationId::LOCAL);
    let moment = (SCANNED, Some(Duration::from_millis(1)));
    assert!(
        tenant
            .add_requested_scan("s-dead", &workspace, moment)
            .await
            .unwrap()
    );
    tokio::time::sleep(Duration::from_millis(20)).await;
    let found = api.get(&key, "/api/v1/scans/s-dead").await.json();
    assert_eq!(
        (&found["status"], &found["problem"]),
        (&json!("failed"), &json!("interrupted, upload again"))
    );
    // Another one may begin, and only one at a time.
    let minute = (SCANNED, Some(Duration::from_secs(60)));
    assert!(
        tenant
            .add_requested_scan("s-next", &workspace, minute)
            .await
            .unwrap()
    );
    assert!(
        !tenant
            .add_requested_scan("s-more", &workspace, minute)
            .await
            .unwrap()
    );
    let scans = format!("/api/v1/workspaces/{workspace}/scans");
    assert_eq!(
        api.post(&key, &scans, &json!({"version": 4})).await.status,
        409
    );
    api.stop().await;
}
