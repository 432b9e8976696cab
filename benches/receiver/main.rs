//! Many senders at once: `receiver ADDRESS SECRET SENDERS SECONDS RUN` delivers signed pushes and prints what was answered
//! and how fast, as JSON. `receiver key` prints a private key for the App that is asked.
//!
//! Each sender has one connection and sends its next delivery when the last one is answered. Each delivery has an id of
//! its own, so each is recorded and enqueued; each is of a push to a branch that no scan is made for.

use anyhow::{Context, Result};
use bytes::Bytes;
use driftguard::standin::github::{AppIdentity, signature};
use driftguard::webhook::payload;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How many commits a push tells of: with these a body is about as large as GitHub's own.
const COMMITS: usize = 8;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let ["key"] = *arguments.iter().map(String::as_str).collect::<Vec<_>>() {
        print!("{}", AppIdentity::fresh(1, "")?.key);
        return Ok(());
    }
    // `cargo bench` and `cargo test --benches` start it without an address: there is nothing to do then.
    let [address, secret, senders, seconds, run] = arguments.as_slice() else {
        println!("usage: receiver ADDRESS SECRET SENDERS SECONDS RUN (see scripts/benchmark)");
        return Ok(());
    };
    let body = push();
    // A body that the receiver refused would measure nothing.
    payload::parse("push", &body)?;
    let load = Arc::new(Load {
        address: address.clone(),
        signature: signature(secret, &body),
        body,
        run: run.clone(),
        until: Instant::now() + Duration::from_secs_f64(seconds.parse()?),
    });
    let began = Instant::now();
    let mut sending = JoinSet::new();
    for sender in 0..senders.parse()? {
        sending.spawn(send(load.clone(), sender));
    }
    let mut answers = Vec::new();
    while let Some(sent) = sending.join_next().await {
        answers.extend(sent??);
    }
    println!("{}", told(answers, load.body.len(), began.elapsed()));
    Ok(())
}

/// What all senders share.
struct Load {
    address: String,
    body: Bytes,
    signature: String,
    /// Part of each delivery's id, so that a second run repeats none of the first.
    run: String,
    until: Instant,
}

/// One answer: its status, and how long it took.
type Answer = (u16, Duration);

/// Sends until the time is up.
async fn send(load: Arc<Load>, sender: usize) -> Result<Vec<Answer>> {
    let mut connection = connect(&load.address).await?;
    let mut answers = Vec::new();
    while Instant::now() < load.until {
        let id = format!("{}-{sender}-{}", load.run, answers.len());
        let began = Instant::now();
        connection.ready().await.context("the receiver hung up")?;
        let answer = connection.send_request(load.request(&id)?).await?;
        let status = answer.status().as_u16();
        answer.into_body().collect().await?;
        answers.push((status, began.elapsed()));
    }
    Ok(answers)
}

async fn connect(address: &str) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await;
    let stream = stream.with_context(|| format!("while connecting to {address}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

impl Load {
    fn request(&self, id: &str) -> Result<Request<Full<Bytes>>> {
        let request = Request::post("/webhooks/github")
            .header(header::HOST, &self.address)
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-github-event", "push")
            .header("x-github-delivery", id)
            .header("x-hub-signature-256", &self.signature);
        Ok(request.body(Full::new(self.body.clone()))?)
    }
}

/// A push to a branch that is not the default one.
fn push() -> Bytes {
    let commit = |number: usize| {
        json!({
            "id": format!("{number:040x}"), "tree_id": format!("{:040x}", number + 100), "distinct": true,
            "message": "Widen the worker group\n\nThe queue grew faster than the three workers took from it.",
            "timestamp": "2026-11-25T09:30:00+01:00",
            "url": format!("https://github.com/acme/shop/commit/{number:040x}"),
            "author": {"name": "A. Developer", "email": "a.developer@example.com", "username": "a-developer"},
            "committer": {"name": "GitHub", "email": "noreply@github.com", "username": "web-flow"},
            "added": [], "removed": [], "modified": ["infra/production/workers.tf", "infra/production/variables.tf"]
        })
    };
    let push = json!({
        "ref": "refs/heads/feature/workers",
        "before": format!("{:040x}", 1),
        "after": format!("{COMMITS:040x}"),
        "repository": {
            "id": 10, "name": "shop", "full_name": "acme/shop", "default_branch": "main", "private": true,
            "owner": {"login": "acme", "id": 3, "type": "Organization"}
        },
        "installation": {"id": 1, "node_id": "MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9uMQ=="},
        "sender": {"login": "a-developer", "id": 4, "type": "User"},
        "commits": (1..=COMMITS).map(commit).collect::<Vec<_>>(),
    });
    push.to_string().into()
}

fn told(mut answers: Vec<Answer>, bytes: usize, took: Duration) -> serde_json::Value {
    answers.sort_by_key(|(_, took)| *took);
    let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
    for (status, _) in &answers {
        *statuses.entry(status.to_string()).or_default() += 1;
    }
    // Of few answers the nearest rank.
    let within = |share: f64| {
        let rank = (answers.len() as f64 * share).ceil() as usize;
        let answer = answers.get(rank.saturating_sub(1));
        answer.map(|(_, took)| took.as_secs_f64() * 1000.0)
    };
    json!({
        "seconds": took.as_secs_f64(),
        "bytes": bytes,
        "statuses": statuses,
        "p50_ms": within(0.5),
        "p99_ms": within(0.99),
        "most_ms": within(1.0),
    })
}
