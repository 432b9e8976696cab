//! The stand-in for GitHub refuses what GitHub refuses.

use crate::openapi;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use driftguard::standin::github::{AppIdentity, Content, GitHub};
use flate2::Compression;
use flate2::write::GzEncoder;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

struct Desk {
    github: GitHub,
    app: AppIdentity,
    client: Client,
}

impl Desk {
    async fn open() -> Self {
        let app = AppIdentity::fresh(7, "hook").unwrap();
        let github = GitHub::start(&app, openapi::validator()).await.unwrap();
        github.create_repository("acme/shop", true);
        github
            .push(
                "acme/shop",
                "main",
                "alice",
                &[("main.tf", Content::from("a = 1\n"))],
            )
            .await;
        github.install("acme").await;
        Self {
            github,
            app,
            client: Client::new(),
        }
    }

    async fn ask(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.github.url()));
        request = request
            .header("user-agent", "test")
            .header("accept", "application/vnd.github+json");
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    fn jwt(&self, life: i64) -> String {
        let now = i64::try_from(
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap()
                .as_secs(),
        )
        .unwrap();
        let claims = json!({"iat": now - 60, "exp": now + life, "iss": "7"});
        let key = EncodingKey::from_rsa_pem(self.app.key.as_bytes()).unwrap();
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap()
    }

    async fn token(&self, permissions: Value) -> String {
        let jwt = self.jwt(300);
        let (_, installations) = self
            .ask(&jwt, Method::GET, "/app/installations", None)
            .await;
        let id = &installations[0]["id"];
        let path = format!("/app/installations/{id}/access_tokens");
        let (status, said) = self
            .ask(
                &jwt,
                Method::POST,
                &path,
                Some(json!({"permissions": permissions})),
            )
            .await;
        assert_eq!(status, 201, "{said}");
        said["token"].as_str().unwrap().to_owned()
    }

    async fn post(&self, token: &str, path: &str, body: Value) -> u16 {
        self.ask(
            token,
            Method::POST,
            &format!("/repos/acme/shop/{path}"),
            Some(body),
        )
        .await
        .0
    }
}

#[tokio::test]
async fn who_asks_must_be_who_they_say_and_may_do_what_was_granted() {
    let desk = Desk::open().await;
    for (token, status) in [
        ("", 401),
        ("a.b.c", 401),
        (&desk.jwt(-10), 401),
        (&desk.jwt(3600), 401),
        (&desk.jwt(300), 200),
    ] {
        assert_eq!(desk.ask(token, Method::GET, "/app", None).await.0, status);
    }
    let reader = desk.token(json!({"contents": "read"})).await;
    assert_eq!(
        desk.ask("", Method::GET, "/repos/acme/shop", None).await.0,
        404,
        "a private repository hides"
    );
    assert_eq!(
        desk.ask(
            &reader,
            Method::GET,
            "/repos/acme/shop/contents/main.tf",
            None
        )
        .await
        .0,
        200
    );
    assert_eq!(
        desk.post(&reader, "git/blobs", json!({"content": "a"}))
            .await,
        403
    );
    assert_eq!(
        desk.ask("ghs_stale", Method::GET, "/repos/acme/shop", None)
            .await
            .0,
        401
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let desk = Desk::open().await;
    let token = desk.token(json!({"contents": "write", "pull_requests": "write", "checks": "write", "issues": "write"})).await;
    let head = desk
        .ask(
            &token,
            Method::GET,
            "/repos/acme/shop/git/ref/heads/main",
            None,
        )
        .await
        .1["object"]["sha"]
        .clone();
    let refused = async |path: &str, body: Value| {
        assert_eq!(
            desk.post(&token, path, body.clone()).await,
            422,
            "{path} {body}"
        )
    };
    refused(
        "pulls",
        json!({"title": "a", "head": "main", "base": "main"}),
    )
    .await;
    refused(
        "pulls",
        json!({"title": "a", "head": "gone", "base": "main"}),
    )
    .await;
    refused("git/refs", json!({"ref": "main", "sha": head})).await;
    refused(
        "git/refs",
        json!({"ref": "refs/heads/x", "sha": "0".repeat(40)}),
    )
    .await;
    refused(
        "git/trees",
        json!({"tree": [{"path": "../x", "mode": "100644", "content": "a"}]}),
    )
    .await;
    let output = |count: usize| {
        let annotation = json!({"path": "a", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "a"});
        json!({"title": "a", "summary": "a", "annotations": vec![annotation; count]})
    };
    let check = |count: usize| json!({"name": "a", "head_sha": head, "status": "completed", "conclusion": "success", "output": output(count)});
    refused("check-runs", check(51)).await;
    assert_eq!(desk.post(&token, "check-runs", check(50)).await, 201);

    desk.github
        .push(
            "acme/shop",
            "topic",
            "alice",
            &[("main.tf", Content::from("a = 2\n"))],
        )
        .await;
    let pull = |body: usize| json!({"title": "a", "head": "topic", "base": "main", "body": "x".repeat(body)});
    refused("pulls", pull(65_537)).await;
    assert_eq!(desk.post(&token, "pulls", pull(65_536)).await, 201);
    refused("pulls", pull(1)).await;

    let stale = Some(json!({"sha": head}));
    let path = "/repos/acme/shop/git/refs/heads/topic";
    assert_eq!(
        desk.ask(&token, Method::PATCH, path, stale).await.0,
        422,
        "not a fast forward"
    );
}

#[tokio::test]
async fn what_githubs_own_description_refuses_is_refused_and_noted() {
    if openapi::validator().is_none() {
        return;
    }
    let desk = Desk::open().await;
    let token = desk
        .token(json!({"contents": "write", "pull_requests": "write", "checks": "write"}))
        .await;
    for (path, body) in [
        ("pulls", json!({"title": 1, "head": "a", "base": "main"})),
        ("pulls", json!({"head": "a"})),
        (
            "pulls",
            json!({"title": "a", "head": "a", "base": "main", "labels": ["a"]}),
        ),
        (
            "git/trees",
            json!({"tree": [{"path": "a", "mode": "100600", "content": "a"}]}),
        ),
        ("check-runs", json!({"name": "a"})),
    ] {
        let before = desk.github.violations().len();
        assert_eq!(
            desk.post(&token, path, body.clone()).await,
            422,
            "{path} {body}"
        );
        assert_eq!(desk.github.violations().len(), before + 1, "{path} {body}");
    }
    let (status, _) = desk
        .ask(
            &token,
            Method::GET,
            "/repos/acme/shop/pulls?state=sleeping",
            None,
        )
        .await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn a_manifest_is_taken_or_refused_as_github_does_it() {
    let desk = Desk::open().await;
    let good = json!({
        "name": "Drift & Co", "url": "https://a.example", "hook_attributes": {"url": "https://a.example/hook"},
        "redirect_url": "https://a.example/created", "public": false,
        "default_events": ["push", "repository"], "default_permissions": {"contents": "write", "metadata": "read"},
    });
    for (field, value, told) in [
        ("url", Value::Null, "\"url\" must be a valid URL"),
        (
            "hook_attributes",
            json!({"active": false}),
            "\"url\" wasn't supplied",
        ),
        ("redirect_url", json!("/created"), "valid URL"),
        (
            "callback_urls",
            json!(["/back"]),
            "Callback url is not valid",
        ),
        (
            "default_events",
            json!(["installation"]),
            "unsupported: installation",
        ),
        ("default_events", json!(["pushes"]), "unsupported: pushes"),
        (
            "default_events",
            json!(["issues"]),
            "not supported by permissions: issues",
        ),
        (
            "default_permissions",
            json!({"contents": "all"}),
            "contents is not valid",
        ),
        (
            "default_permissions",
            json!({"content": "read"}),
            "content is not valid",
        ),
        (
            "default_permissions",
            json!({"metadata": "write"}),
            "metadata is not valid",
        ),
        (
            "webhook",
            json!("https://a.example"),
            "\"webhook\" is not a permitted key",
        ),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        let refused = desk
            .github
            .create_app_from_manifest("acme", &bad.to_string());
        let why = refused.unwrap_err();
        assert!(why.contains(told), "{why}");
    }

    let made = || {
        desk.github
            .create_app_from_manifest("acme", &good.to_string())
    };
    let convert = async |code: &str| {
        let path = format!("/app-manifests/{code}/conversions");
        desk.ask("", Method::POST, &path, None).await
    };
    let code = made().unwrap();
    assert_eq!(convert("unknown").await.0, 404);
    let (status, app) = convert(&code).await;
    assert_eq!(status, 201);
    assert_eq!(app["slug"], "drift-co");
    assert_eq!(app["owner"]["login"], "acme");
    assert!(
        app["pem"]
            .as_str()
            .unwrap()
            .starts_with("-----BEGIN RSA PRIVATE KEY-----\n")
    );
    for field in ["webhook_secret", "client_id", "client_secret", "html_url"] {
        assert!(app[field].is_string(), "{field}");
    }
    assert_eq!(convert(&code).await.0, 404);

    // It is GitHub's App from now on, by the key that was handed out.
    let key = EncodingKey::from_rsa_pem(app["pem"].as_str().unwrap().as_bytes()).unwrap();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let claims = json!({"iat": now - 60, "exp": now + 300, "iss": app["id"].to_string()});
    let jwt = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap();
    assert_eq!(
        desk.ask(&jwt, Method::GET, "/app", None).await.1["name"],
        "Drift & Co"
    );

    let late = made().unwrap();
    desk.github.let_codes_expire();
    assert_eq!(convert(&late).await.0, 404);
}

/// As code scanning takes a file: gzip, then Base64.
fn packed(bytes: &[u8]) -> String {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    STANDARD.encode(packed.finish().unwrap())
}

#[tokio::test]
async fn code_scanning_refuses_what_it_cannot_show() {
    let desk = Desk::open().await;
    let token = desk.token(json!({"security_events": "write"})).await;
    let reader = desk.token(json!({"contents": "read"})).await;
    let path = "/repos/acme/shop/git/ref/heads/main";
    let (_, found) = desk.ask(&reader, Method::GET, path, None).await;
    let head = &found["object"]["sha"];
    let upload =
        |sarif: &str| json!({"commit_sha": head, "ref": "refs/heads/main", "sarif": sarif});
    let good = upload(&packed(br#"{"version": "2.1.0", "runs": []}"#));
    let with = |key: &str, value: &str| {
        let mut body = good.clone();
        body[key] = value.into();
        body
    };
    let nowhere = br#"{"version": "2.1.0", "runs": [{"results": [{"message": {"text": "a"}}]}]}"#;
    // Bytes that no packing makes smaller.
    let noise: Vec<u8> = (0_u32..3_000_000)
        .flat_map(|number| Sha1::digest(number.to_be_bytes())[..4].to_vec())
        .collect();
    for (body, status) in [
        (with("commit_sha", &"0".repeat(40)), 404),
        (with("ref", "main"), 422),
        (with("ref", "refs/heads/gone"), 404),
        (with("sarif", "{}"), 400),
        (with("sarif", &STANDARD.encode("{}")), 400),
        (with("sarif", &packed(b"no JSON")), 400),
        (with("sarif", &packed(b"{}")), 400),
        (with("sarif", &packed(nowhere)), 400),
        (with("sarif", &packed(&noise)), 413),
        (good.clone(), 202),
    ] {
        let found = desk
            .post(&token, "code-scanning/sarifs", body.clone())
            .await;
        assert_eq!(found, status, "{:.200}", body.to_string());
    }
    let path = "code-scanning/sarifs";
    assert_eq!(desk.post(&reader, path, good.clone()).await, 403);
    desk.github.disable_code_scanning("acme/shop");
    assert_eq!(desk.post(&token, path, good).await, 403);
    assert_eq!(desk.github.analyses("acme/shop").len(), 1);
}
