//! The description of the API: what it says is answered, and what is answered fits it.

use super::site::{ACME, Api};
use crate::database::Database;
use driftguard::model::ApiScope;
use http::Method;
use serde_json::{Value, json};

/// Resolves the references of a schema within the description.
fn schema(description: &Value, reference: &Value) -> Value {
    let mut schema = reference.clone();
    schema["components"] = description["components"].clone();
    schema
}

#[tokio::test]
async fn what_is_answered_is_as_it_is_described() {
    let api = Api::start(Database::sqlite().await, "http://127.0.0.1:9").await;
    api.installed(ACME, "acme/shop", 10).await;
    let key = api.key(ACME, ApiScope::Write).await;
    let description = api.get(&key, "/api/v1/openapi.json").await.json();
    assert_eq!(description["openapi"], "3.1.0");
    let role = json!({"name": "a", "region": "us-east-1",
        "role_arn": "arn:aws:iam::123456789012:role/driftguard"});
    let scan = format!("/api/v1/scans/10.production.{}", super::site::SCANNED);
    let of_scan = "/api/v1/scans/{scan}";
    let workspace = "/api/v1/workspaces/{workspace}";
    for (method, path, asked, body) in [
        ("get", "/api/v1/me", "/api/v1/me", None),
        ("get", "/api/v1/workspaces", "/api/v1/workspaces", None),
        ("get", "/api/v1/findings", "/api/v1/findings", None),
        ("get", workspace, "/api/v1/workspaces/10.production", None),
        ("get", of_scan, scan.as_str(), None),
        (
            "get",
            "/api/v1/decisions/{decision}",
            "/api/v1/decisions/d-10",
            None,
        ),
        (
            "post",
            "/api/v1/workspaces",
            "/api/v1/workspaces",
            Some(role),
        ),
        (
            "get",
            "/api/v1/workspaces/{workspace}/coverage",
            "/api/v1/workspaces/10.production/coverage",
            None,
        ),
        (
            "post",
            "/api/v1/findings/{finding}/decisions",
            "/api/v1/findings/f-00000000000a/decisions",
            Some(json!({"choice": "adopt"})),
        ),
        ("get", workspace, "/api/v1/workspaces/10.nothing", None),
        (
            "post",
            "/api/v1/workspaces",
            "/api/v1/workspaces",
            Some(json!({})),
        ),
    ] {
        let answer = match body {
            Some(body) => api.post(&key, asked, &body).await,
            None => api.get(&key, asked).await,
        };
        let described = &description["paths"][path][method]["responses"];
        let kind = answer.kind.split(';').next().unwrap();
        let content = &described[answer.status.to_string()]["content"][kind]["schema"];
        assert!(
            content.is_object(),
            "{method} {path}: {} {kind}",
            answer.status
        );
        let schema = schema(&description, content);
        if let Err(error) = jsonschema::validate(&schema, &answer.json()) {
            panic!("{method} {path}: {error}: {answer:?}");
        }
    }
    api.stop().await;
}

#[tokio::test]
async fn the_page_of_the_description_names_each_operation_and_runs_no_script() {
    let api = Api::start(Database::sqlite().await, "http://127.0.0.1:9").await;
    let page = api
        .ask(Method::GET, "/api/docs", None, &[], Vec::new())
        .await;
    assert!(page.kind.starts_with("text/html"), "{page:?}");
    for path in driftguard::web::api::paths() {
        assert!(page.text.contains(&path), "{path}");
    }
    assert!(!page.text.contains("<script") && !page.text.contains("style="));
    // A stranger can write a script from it: what is sent, which values there are, and what comes back.
    for part in [
        "<code>/orgs/OWNER/keys</code>",
        "<code>role_arn</code>",
        "one of <code>adopt</code>, <code>restore</code>",
        "<code>not_done</code>",
        "<code>posture_live</code>",
        "<code>mean_time_to_repair</code>",
        "<a href=\"#object-WorkspacePage\">",
        "id=\"object-WorkspacePage\"",
        "-d &#39;{&#34;choice&#34;:&#34;adopt&#34;}&#39;",
        "-F code=@FILE -F folder=TEXT -F state=@FILE",
        "$DRIFTGUARD_URL/api/v1/decisions/DECISION",
    ] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    assert!(!page.text.contains('`'), "{}", page.text);
    for object in page.text.split("href=\"#object-").skip(1) {
        let name = object.split('"').next().unwrap();
        let anchor = format!("id=\"object-{name}\"");
        assert!(page.text.contains(&anchor), "{anchor}");
    }
    let style = api
        .ask(Method::GET, "/api/docs/style.css", None, &[], Vec::new())
        .await;
    assert!(style.kind.starts_with("text/css"), "{style:?}");
    api.stop().await;
}

#[test]
fn the_description_changes_on_purpose() {
    let text = driftguard::web::api::description().unwrap();
    insta::assert_snapshot!(text);
}
