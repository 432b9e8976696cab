//! The door: who gets in, and what is answered to whom.

use crate::database::{Database, on_both};
use crate::npm;
use driftguard::model::{DeliveryId, InstallationId, WebhookEvent};
use driftguard::queue::inbox::Inbox;
use driftguard::webhook::signature::{Secrets, Signature};
use driftguard::webhook::{BodyStore, WebhookState, payload, router};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const NEW: &str = "new-secret";
const OLD: &str = "old-secret";
const COMMIT: &str = "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c";

on_both!(
    a_signed_delivery_is_committed_before_it_is_acknowledged,
    each_sender_gets_the_answer_that_is_due,
    a_body_beyond_the_limit_is_refused_before_it_is_read,
    nothing_hostile_gets_a_server_error,
    githubs_own_examples_get_their_answers,
);

fn secrets() -> Secrets {
    Secrets::new(vec![NEW.into(), OLD.into()])
}

fn sign(secret: &str, body: &[u8]) -> String {
    let code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let code = code.chain_update(body).finalize().into_bytes();
    format!("sha256={}", hex::encode(code))
}

/// The door, open on a port.
struct Server {
    inbox: Inbox,
    address: String,
    client: reqwest::Client,
}

impl Server {
    async fn open(database: &Database) -> Self {
        let inbox = database.inbox().await;
        let door = WebhookState {
            inbox: inbox.clone(),
            secrets: secrets(),
            bodies: BodyStore::new(std::env::temp_dir()),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, router(door)).await });
        Self {
            inbox,
            address,
            client: reqwest::Client::new(),
        }
    }

    /// Posts a body with these headers.
    async fn post(&self, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> u16 {
        let url = format!("http://{}/webhooks/github", self.address);
        let mut request = self.client.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status().as_u16()
    }

    /// Delivers as GitHub does, under an id of its own.
    async fn deliver(&self, event: &str, body: &[u8]) -> u16 {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let id = format!("delivery-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.deliver_as(&id, event, body).await
    }

    async fn deliver_as(&self, id: &str, event: &str, body: &[u8]) -> u16 {
        let signature = sign(NEW, body);
        let headers = [
            ("x-github-delivery", id),
            ("x-github-event", event),
            ("x-hub-signature-256", &signature),
        ];
        self.post(&headers, body.to_vec()).await
    }

    async fn open_deliveries(&self) -> usize {
        let (open, _) = self.inbox.store.waiting_deliveries().await.unwrap();
        usize::try_from(open).unwrap()
    }

    /// What is answered to raw bytes of HTTP.
    async fn answer_to(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }
}

fn push() -> Value {
    json!({
        "ref": "refs/heads/main",
        "after": COMMIT,
        "repository": {
            "id": 10, "full_name": "Acme/Shop", "default_branch": "main", "private": true,
            "owner": {"login": "Acme"}
        },
        "installation": {"id": 1},
    })
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

async fn a_signed_delivery_is_committed_before_it_is_acknowledged(database: Database) {
    let server = Server::open(&database).await;
    assert_eq!(server.deliver_as("d-1", "push", &bytes(&push())).await, 202);
    let tenant = server.inbox.store.of(InstallationId(1));
    let kept = tenant
        .open_delivery(&DeliveryId("d-1".to_owned()))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept.payload.account, "Acme");
    assert_eq!(
        kept.payload.repository.unwrap().name.to_string(),
        "acme/shop"
    );
    let event = WebhookEvent::Push {
        reference: "refs/heads/main".to_owned(),
        commit: COMMIT.to_owned(),
        deleted: false,
    };
    assert_eq!(kept.payload.event, event);
    assert_eq!(server.inbox.counts().await.unwrap().waiting, 1);

    assert_eq!(
        server.deliver_as("d-1", "push", &bytes(&push())).await,
        202,
        "seen before"
    );
    assert_eq!(server.inbox.counts().await.unwrap().waiting, 1);
}

async fn each_sender_gets_the_answer_that_is_due(database: Database) {
    let server = Server::open(&database).await;
    let body = bytes(&push());
    let signature = |secret: &str| sign(secret, &body);
    let headers = |signature: &str| {
        [
            ("x-github-delivery", "d-9"),
            ("x-github-event", "push"),
            ("x-hub-signature-256", signature),
        ]
        .map(|(name, value)| (name, value.to_owned()))
    };
    let post = async |signature: &str| {
        let headers = headers(signature);
        let headers = headers
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        server.post(&headers, body.clone()).await
    };
    for wrong in [
        signature("guessed"),
        signature(NEW).replace("sha256=", "sha1="),
        signature(NEW).replace("sha256=", ""),
        signature(NEW).replace("sha256=", "SHA256="),
        format!("{}0", signature(NEW)),
        signature(NEW)[..70].to_owned(),
        format!("sha256={}", "z".repeat(64)),
        "sha256=".to_owned(),
        format!("{},{}", signature(NEW), signature(NEW)),
    ] {
        assert_eq!(post(&wrong).await, 401, "{wrong}");
    }
    let unsigned = [("x-github-delivery", "d-9"), ("x-github-event", "push")];
    assert_eq!(server.post(&unsigned, body.clone()).await, 401);
    let (right, wrong) = (signature(NEW), signature("guessed"));
    let twice = [
        unsigned[0],
        unsigned[1],
        ("x-hub-signature-256", &right),
        ("x-hub-signature-256", &wrong),
    ];
    assert_eq!(
        server.post(&twice, body.clone()).await,
        401,
        "two signatures are none"
    );
    assert_eq!(server.open_deliveries().await, 0);

    // While secrets rotate, both are good; hexadecimal digits may be in either case.
    assert_eq!(post(&signature(OLD)).await, 202);
    let upper = signature(NEW).to_uppercase().replace("SHA256", "sha256");
    assert_eq!(post(&upper).await, 202);

    // Signed, and still not for us.
    assert_eq!(server.deliver("ping", b"{}").await, 204);
    assert_eq!(server.deliver("star", b"no json at all").await, 204);
    let unnamed = [
        ("x-github-delivery", "d-10"),
        ("x-hub-signature-256", right.as_str()),
    ];
    assert_eq!(server.post(&unnamed, body.clone()).await, 400);
    let without_id = [
        ("x-github-event", "push"),
        ("x-hub-signature-256", right.as_str()),
    ];
    assert_eq!(server.post(&without_id, body.clone()).await, 400);
    for bad_id in ["", "a b", "a'--", &"a".repeat(101)] {
        assert_eq!(
            server.deliver_as(bad_id, "push", &body).await,
            400,
            "{bad_id}"
        );
    }
    for needed in ["ref", "after", "repository", "installation"] {
        let mut lacking = push();
        lacking.as_object_mut().unwrap().remove(needed);
        assert_eq!(
            server.deliver("push", &bytes(&lacking)).await,
            400,
            "without {needed}"
        );
    }
    assert_eq!(server.open_deliveries().await, 1);
}

async fn a_body_beyond_the_limit_is_refused_before_it_is_read(database: Database) {
    let server = Server::open(&database).await;
    // Announced, and not one byte of it sent.
    let announced = format!(
        "POST /webhooks/github HTTP/1.1\r\nhost: x\r\nx-hub-signature-256: {}\r\ncontent-length: 26214401\r\n\r\n",
        sign(NEW, b"")
    );
    let wait = server.answer_to(announced.as_bytes());
    let answer = tokio::time::timeout(std::time::Duration::from_secs(5), wait).await;
    assert_eq!(answer.unwrap(), "HTTP/1.1 413");

    // Not announced.
    let mut streamed = format!(
        "POST /webhooks/github HTTP/1.1\r\nhost: x\r\nx-hub-signature-256: {}\r\ntransfer-encoding: chunked\r\n\r\n",
        sign(NEW, b"")
    )
    .into_bytes();
    for _ in 0..26 {
        streamed.extend_from_slice(b"100000\r\n");
        streamed.resize(streamed.len() + 1024 * 1024, b' ');
        streamed.extend_from_slice(b"\r\n");
    }
    streamed.extend_from_slice(b"0\r\n\r\n");
    assert_eq!(server.answer_to(&streamed).await, "HTTP/1.1 413");

    // The largest that GitHub sends is taken.
    let mut largest = bytes(&push());
    largest.resize(25 * 1024 * 1024, b' ');
    assert_eq!(server.deliver("push", &largest).await, 202);
}

async fn nothing_hostile_gets_a_server_error(database: Database) {
    let server = Server::open(&database).await;
    let deep =
        |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let mut nested = push();
    nested["ref"] = json!("\u{0}'; drop table deliveries; --");
    nested["repository"]["default_branch"] = json!("ma\u{0}in");
    assert_eq!(server.deliver("push", &bytes(&nested)).await, 202);
    for body in [
        deep("[", "]").into_bytes(),
        deep("{\"a\":", "}").into_bytes(),
        b"\xff\xfe\x00{}".to_vec(),
        b"{\"ref\": \"\xff\xff\", \"installation\": {\"id\": 1}}".to_vec(),
        b"{\"installation\": {\"id\": 1}".to_vec(),
        b"{\"installation\": {\"id\": -1}}".to_vec(),
        b"{\"installation\": {\"id\": 1e400}}".to_vec(),
        b"{\"installation\": {\"id\": \"1\"}}".to_vec(),
        b"{\"installation\": null}".to_vec(),
        b"null".to_vec(),
        b"".to_vec(),
    ] {
        for name in payload::SUBSCRIBED.iter().chain(&payload::ALWAYS_SENT) {
            let text = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            assert_eq!(server.deliver(name, &body).await, 400, "{name}: {text}");
        }
    }
}

/// GitHub's example payloads, with the event of each; an installation id is added where one is missing.
fn examples() -> Option<Vec<(String, Value)>> {
    let folder = npm::package("@octokit/webhooks-examples@7.6.1")?;
    let text = std::fs::read(folder.join("api.github.com/index.json")).unwrap();
    let index: Vec<Value> = serde_json::from_slice(&text).unwrap();
    let mut all = Vec::new();
    for event in index {
        let name = event["name"].as_str().unwrap();
        for mut payload in event["examples"].as_array().unwrap().clone() {
            if payload.get("installation").is_none() {
                payload["installation"] = json!({"id": 1});
            }
            all.push((name.to_owned(), payload));
        }
    }
    Some(all)
}

async fn githubs_own_examples_get_their_answers(database: Database) {
    let Some(examples) = examples() else { return };
    assert_eq!(examples.len(), 329);
    let server = Server::open(&database).await;
    let mut taken = 0;
    for (name, payload) in &examples {
        let body = bytes(payload);
        let due = if payload::is_handled(name) { 202 } else { 204 };
        assert_eq!(server.deliver(name, &body).await, due, "{name}: {payload}");
        taken += usize::from(due == 202);

        let unsigned = [
            ("x-github-delivery", "d"),
            ("x-github-event", name.as_str()),
        ];
        assert_eq!(server.post(&unsigned, body.clone()).await, 401, "{name}");
        let forged = sign("guessed", &body);
        let forged = [
            unsigned[0],
            unsigned[1],
            ("x-hub-signature-256", forged.as_str()),
        ];
        assert_eq!(server.post(&forged, body).await, 401, "{name}");
    }
    assert_eq!(server.open_deliveries().await, taken);
}

proptest! {
    #[test]
    fn only_the_right_signature_of_the_right_shape_is_taken(body: Vec<u8>, header: Vec<u8>, at in 0..64_usize) {
        let good = sign(NEW, &body);
        let parsed = Signature::parse(good.as_bytes()).unwrap();
        prop_assert!(secrets().verify(&parsed, &body));
        prop_assert!(!Secrets::new(vec!["other".into()]).verify(&parsed, &body));

        // One digit changed.
        let mut wrong = good.into_bytes();
        let digit = &mut wrong["sha256=".len() + at];
        *digit = if *digit == b'0' { b'1' } else { b'0' };
        prop_assert!(!secrets().verify(&Signature::parse(&wrong).unwrap(), &body));

        // Anything at all is either read or refused.
        if let Some(signature) = Signature::parse(&header) {
            prop_assert!(!secrets().verify(&signature, &body));
        }
    }

    #[test]
    fn a_mutated_payload_is_read_or_refused(at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let mut body = bytes(&push());
        let place = at.index(body.len());
        body[place] = byte;
        for name in payload::SUBSCRIBED.iter().chain(&payload::ALWAYS_SENT) {
            let _ = payload::parse(name, &body);
            prop_assert!(payload::parse(name, &body[..cut.index(body.len())]).is_err());
        }
    }
}

/// The manifest and the door agree on the events.
#[test]
fn the_manifest_asks_for_the_events_that_are_taken() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/app-manifest.yml")).unwrap();
    let manifest: Value = serde_saphyr::from_str(&text).unwrap();
    let mut asked: Vec<_> = manifest["default_events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e.as_str().unwrap())
        .collect();
    asked.sort_unstable();
    let mut taken = payload::SUBSCRIBED.to_vec();
    taken.sort_unstable();
    assert_eq!(asked, taken);
    assert!(
        payload::ALWAYS_SENT
            .iter()
            .all(|name| payload::is_handled(name) && !asked.contains(name))
    );
    for permission in [
        "contents",
        "pull_requests",
        "issues",
        "checks",
        "security_events",
    ] {
        assert_eq!(manifest["default_permissions"][permission], "write");
    }
    for permission in ["metadata", "members"] {
        assert_eq!(manifest["default_permissions"][permission], "read");
    }
}
