//! Signs events, delivers them to the App, and records the deliveries.

use super::Shared;
use super::world::{World, now};
use crate::standin::wire;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::Request;
use jiff::Timestamp;
use serde_json::Value;
use sha2::Sha256;
use std::time::{Duration, Instant};

/// How long GitHub waits for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The events that every App receives, subscribed or not.
const ALWAYS_SENT: &[&str] = &["installation", "installation_repositories"];

/// An attempt to deliver an event.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The attempt's id.
    pub id: u64,
    /// `X-GitHub-Delivery`: the same for a redelivery.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: &'static str,
    /// The payload, byte for byte as signed.
    pub body: Bytes,
    /// The status of the App's answer; 0 where there was none, 504 where it came too late.
    pub status: u16,
    /// Whether this is a redelivery.
    pub redelivery: bool,
    pub(super) at: Timestamp,
    pub(super) took: Duration,
    pub(super) installation: u64,
    pub(super) repository: Option<u64>,
}

impl Delivery {
    /// Returns the payload.
    pub fn payload(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Returns the payload's `action`, if it has one.
    pub(super) fn action(&self) -> Value {
        self.payload()["action"].take()
    }

    /// Returns whether the App accepted the delivery.
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Signs a body: `sha256=` and the HMAC in hexadecimal.
pub fn signature(secret: &str, body: &[u8]) -> String {
    match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(hmac) => {
            let code = hmac.chain_update(body).finalize().into_bytes();
            format!("sha256={}", hex::encode(code))
        }
        Err(_) => unreachable!("HMAC takes a key of any length"),
    }
}

impl World {
    /// Queues an event for the App, if it is subscribed.
    pub fn notify_app(
        &mut self,
        event: &'static str,
        installation: u64,
        repository: Option<u64>,
        payload: &Value,
    ) {
        let always = ALWAYS_SENT.contains(&event);
        let found = self.installations.get(&installation);
        let suspended = found.is_some_and(|found| found.suspended);
        let asked = self.app.events.iter().any(|asked| asked == event);
        if always || (asked && !suspended) {
            let delivery = Delivery {
                id: self.fresh_id(),
                guid: uuid(&self.unguessable()),
                event,
                body: payload.to_string().into(),
                status: 0,
                redelivery: false,
                at: now(),
                took: Duration::ZERO,
                installation,
                repository,
            };
            self.outbox.push_back(delivery);
        }
    }

    /// Queues a delivery again, as a new attempt.
    pub fn again(&mut self, delivery: Delivery) -> Delivery {
        Delivery {
            id: self.fresh_id(),
            redelivery: true,
            at: now(),
            ..delivery
        }
    }

    /// Ages all deliveries so far.
    pub fn age_deliveries(&mut self, by: Duration) {
        for delivery in &mut self.deliveries {
            delivery.at = delivery.at.saturating_sub(by).unwrap_or(delivery.at);
        }
    }

    /// Takes the next delivery. Without a webhook address nothing is sent or recorded.
    fn next_delivery(&mut self) -> Option<(String, Delivery)> {
        let Some(hook) = self.hook.clone() else {
            self.outbox.clear();
            return None;
        };
        Some((hook, self.outbox.pop_front()?))
    }
}

impl Shared {
    /// Sends the queued deliveries one after another.
    pub async fn deliver(&self) {
        let _turn = self.delivering.lock().await;
        loop {
            let next = self.world().next_delivery();
            let Some((hook, delivery)) = next else {
                return;
            };
            self.attempt(&hook, delivery).await;
        }
    }

    /// Sends a delivery, and records the answer.
    pub async fn attempt(&self, hook: &str, mut delivery: Delivery) -> Delivery {
        let request = self.request(hook, &delivery);
        let before = Instant::now();
        delivery.status = match request {
            Err(_) => 0,
            Ok(request) => match tokio::time::timeout(ANSWER_TIMEOUT, wire::send(request)).await {
                Err(_) => 504,
                Ok(Err(_)) => 0,
                Ok(Ok(response)) => response.status().as_u16(),
            },
        };
        delivery.took = before.elapsed();
        self.world().deliveries.push(delivery.clone());
        delivery
    }

    fn request(&self, hook: &str, delivery: &Delivery) -> http::Result<Request<Bytes>> {
        let world = self.world();
        Request::post(hook)
            .header("content-type", "application/json")
            .header("user-agent", "GitHub-Hookshot/standin")
            .header("x-github-event", delivery.event)
            .header("x-github-delivery", &delivery.guid)
            .header("x-github-hook-id", world.app.id)
            .header("x-github-hook-installation-target-type", "integration")
            .header("x-github-hook-installation-target-id", world.app.id)
            .header(
                "x-hub-signature-256",
                signature(&world.app.secret, &delivery.body),
            )
            .body(delivery.body.clone())
    }
}

fn uuid(digits: &str) -> String {
    let lengths = [8, 4, 4, 4, 12];
    let mut rest = digits;
    let parts = lengths.map(|length| {
        let (part, after) = rest.split_at(length);
        rest = after;
        part
    });
    parts.join("-")
}
