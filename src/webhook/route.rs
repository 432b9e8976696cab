//! Handles `POST /webhooks/github`.

use super::body::{BodyStore, IncomingBody};
use super::payload;
use super::signature::{Secrets, Signature};
use crate::model::DeliveryId;
use crate::queue::inbox::Inbox;
use axum::Router;
use axum::body::BodyDataStream;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures::StreamExt;
use std::time::Duration;

/// The largest body that GitHub sends, in bytes.
pub const MAX_BODY: usize = 25 * 1024 * 1024;

/// How long a sender may take to send a body. GitHub waits as long for the answer.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// How many bytes of a refused body are read and discarded: a sender that still writes would not see the answer.
const DRAIN_LIMIT: usize = 2 * 1024 * 1024;

/// How long a refused body is read.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// The `Retry-After` header of a body for which there was no room, in seconds.
const RETRY_AFTER: &str = "5";

/// The state of the webhook route.
#[derive(Clone)]
pub struct WebhookState {
    /// The inbox that records deliveries.
    pub inbox: Inbox,
    /// The webhook secrets.
    pub secrets: Secrets,
    /// The buffer of bodies whose signature is not verified yet.
    pub bodies: BodyStore,
}

/// Creates the webhook route.
pub fn router(state: WebhookState) -> Router {
    Router::new()
        .route("/webhooks/github", post(receive))
        .with_state(state)
}

async fn receive(State(state): State<WebhookState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut body = body.into_data_stream();
    let read = tokio::time::timeout(READ_TIMEOUT, state.read(&parts.headers, &mut body)).await;
    let status = match read {
        Ok(Ok(mut arrived)) => state.accept(&parts.headers, &mut arrived).await,
        Ok(Err(status)) => {
            // Answered at once: a sender may wait for the answer before it goes on.
            tokio::spawn(tokio::time::timeout(DRAIN_TIMEOUT, discard(body)));
            status
        }
        Err(_) => StatusCode::REQUEST_TIMEOUT,
    };
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            (status, [(header::RETRY_AFTER, RETRY_AFTER)]).into_response()
        }
        status => status.into_response(),
    }
}

async fn discard(mut body: BodyDataStream) {
    let mut seen = 0;
    while let Some(Ok(chunk)) = body.next().await {
        seen += chunk.len();
        if seen > DRAIN_LIMIT {
            return;
        }
    }
}

/// Returns the value of a header that the request has exactly once.
fn single_header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then_some(value.as_bytes())
}

impl WebhookState {
    /// Reads a body and verifies its signature. Reads it chunk by chunk: never beyond the limit, and not at all without
    /// a signature.
    async fn read(
        &self,
        headers: &HeaderMap,
        body: &mut BodyDataStream,
    ) -> Result<IncomingBody, StatusCode> {
        let announced = single_header(headers, header::CONTENT_LENGTH.as_str());
        let announced =
            announced.and_then(|text| std::str::from_utf8(text).ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > MAX_BODY as u64) {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let signature = single_header(headers, "x-hub-signature-256").and_then(Signature::parse);
        let signature = signature.ok_or(StatusCode::UNAUTHORIZED)?;
        let (mut check, mut arriving) = (self.secrets.check(), self.bodies.start_body());
        loop {
            let chunk = tokio::select! {
                chunk = body.next() => chunk,
                () = arriving.evicted() => return Err(StatusCode::TOO_MANY_REQUESTS),
            };
            let Some(chunk) = chunk else { break };
            let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
            if arriving.length() + chunk.len() > MAX_BODY {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            check.update(&chunk);
            arriving.push(&chunk).await.map_err(spool_failed)?;
        }
        let verified = check.verify(&signature);
        verified.then_some(arriving).ok_or(StatusCode::UNAUTHORIZED)
    }

    /// Parses and records a verified delivery, and returns the status to answer with.
    async fn accept(&self, headers: &HeaderMap, body: &mut IncomingBody) -> StatusCode {
        let name = single_header(headers, "x-github-event")
            .and_then(|name| std::str::from_utf8(name).ok());
        let Some(name) = name else {
            return StatusCode::BAD_REQUEST;
        };
        if !payload::is_handled(name) {
            return StatusCode::NO_CONTENT;
        }
        let Some(id) = single_header(headers, "x-github-delivery").and_then(delivery_id) else {
            return StatusCode::BAD_REQUEST;
        };
        let parsed = match body.complete().await {
            Ok(body) => payload::parse(name, &body.bytes),
            Err(error) => return spool_failed(error),
        };
        let payload = match parsed {
            Ok(payload) => payload,
            Err(error) => {
                tracing::warn!(delivery = %id, %error, "a delivery was refused");
                return StatusCode::BAD_REQUEST;
            }
        };
        match self.inbox.receive(id, payload).await {
            Ok(_) => StatusCode::ACCEPTED,
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "a delivery could not be recorded"
                );
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }
}

/// Logs that a body could not be spooled. Answers 429 rather than a server error, since the sender is not verified.
fn spool_failed(error: std::io::Error) -> StatusCode {
    tracing::warn!(%error, "a body could not be kept in a file: is there space in the data folder?");
    StatusCode::TOO_MANY_REQUESTS
}

/// Parses GitHub's delivery id, a UUID. Refuses anything but a short plain word.
fn delivery_id(header: &[u8]) -> Option<DeliveryId> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let good = (1..=100).contains(&header.len()) && header.iter().all(plain);
    let text = std::str::from_utf8(header).ok()?;
    good.then(|| DeliveryId(text.to_owned()))
}
