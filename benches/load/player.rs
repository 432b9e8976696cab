//! Plays requests by the clock: each comes when it is due, however long those before it take.

use super::chance::Dice;
use anyhow::Result;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A request: its kind, its path, and the header that tells who sends it.
pub struct Visit {
    pub kind: &'static str,
    pub path: String,
    pub sender: (&'static str, String),
}

/// What became of a request: when it was due until it was answered wholly.
struct Answered {
    kind: &'static str,
    took: Duration,
    status: u16,
    bytes: usize,
}

/// Sends requests to a server.
#[derive(Clone)]
pub struct Player {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
    answers: Arc<Mutex<Vec<Answered>>>,
}

impl Player {
    pub fn new(url: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            url: url.to_owned(),
            answers: Arc::default(),
        }
    }

    /// Sends what `next` returns, at so many a second on average, for a while or until `over` is done. The pauses between
    /// two are those of independent people: exponential.
    pub async fn play(
        &self,
        a_second: f64,
        time: Duration,
        mut next: impl FnMut(&mut Dice) -> Result<Visit>,
        over: impl Future<Output = ()>,
    ) -> Result<Played> {
        let mut dice = Dice::new(7);
        let mut sent = JoinSet::new();
        let began = Instant::now();
        let mut due = Duration::ZERO;
        tokio::pin!(over);
        let mut late = Duration::ZERO;
        loop {
            due += Duration::from_secs_f64(dice.pause() / a_second);
            if due >= time {
                break;
            }
            let at = began + due;
            tokio::select! {
                biased;
                () = &mut over => break,
                () = tokio::time::sleep_until(at.into()) => {}
            }
            late = late.max(at.elapsed());
            let (player, visit) = (self.clone(), next(&mut dice)?);
            sent.spawn(async move { player.send(visit, at).await });
        }
        let seconds = began.elapsed().as_secs_f64();
        while sent.join_next().await.is_some() {}
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Played {
            answers: std::mem::take(&mut *answers),
            seconds,
            late,
        })
    }

    /// Sends a request, and returns its answer's text.
    pub async fn get(&self, path: &str, sender: &(&'static str, String)) -> Result<(u16, Bytes)> {
        let request = Request::get(format!("{}{path}", self.url)).header(sender.0, &sender.1);
        let answer = self.client.request(request.body(Full::default())?).await?;
        let status = answer.status().as_u16();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }

    /// Sends a request without a body that starts something.
    pub async fn post(&self, path: &str, sender: &(&'static str, String)) -> Result<(u16, Bytes)> {
        let request = Request::post(format!("{}{path}", self.url)).header(sender.0, &sender.1);
        let answer = self.client.request(request.body(Full::default())?).await?;
        let status = answer.status().as_u16();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }

    async fn send(&self, visit: Visit, due: Instant) {
        let answer = tokio::time::timeout(TIMEOUT, self.get(&visit.path, &visit.sender)).await;
        let (status, bytes) = match answer {
            Ok(Ok((status, body))) => (status, body.len()),
            _ => (0, 0),
        };
        if status != 200 {
            eprintln!("{status}: {}", visit.path);
        }
        let answered = Answered {
            kind: visit.kind,
            took: due.elapsed(),
            status,
            bytes,
        };
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.push(answered);
    }
}

/// What was played.
pub struct Played {
    answers: Vec<Answered>,
    seconds: f64,
    /// The latest that a request was sent after it was due: how far the sender itself was behind.
    late: Duration,
}

impl Played {
    /// Returns the times by kind, and of all together, in milliseconds.
    pub fn to_json(&self) -> Value {
        let mut kinds = BTreeMap::<&str, Vec<&Answered>>::new();
        for answered in &self.answers {
            kinds.entry(answered.kind).or_default().push(answered);
        }
        let kinds: BTreeMap<_, _> = kinds
            .into_iter()
            .map(|(kind, answers)| (kind, figures(&answers)))
            .collect();
        let all: Vec<_> = self.answers.iter().collect();
        json!({
            "seconds": self.seconds,
            "a_second": self.answers.len() as f64 / self.seconds,
            "late_ms": self.late.as_secs_f64() * 1000.0,
            "all": figures(&all),
            "kinds": kinds,
        })
    }
}

fn figures(answers: &[&Answered]) -> Value {
    let mut took: Vec<_> = answers.iter().map(|it| it.took).collect();
    took.sort();
    // Of few answers the nearest rank.
    let within = |share: f64| {
        let rank = (took.len() as f64 * share).ceil() as usize;
        let took = took.get(rank.saturating_sub(1));
        took.map(|took| (took.as_secs_f64() * 10_000.0).round() / 10.0)
    };
    let bytes: usize = answers.iter().map(|it| it.bytes).sum();
    json!({
        "count": answers.len(),
        "errors": answers.iter().filter(|it| it.status != 200).count(),
        "p50_ms": within(0.5),
        "p99_ms": within(0.99),
        "most_ms": within(1.0),
        "kib": bytes / answers.len().max(1) / 1024,
    })
}
