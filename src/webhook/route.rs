//! `POST /webhooks/github`.

use super::event;
use super::signature::{Secrets, Signature};
use crate::jobs::inbox::Inbox;
use crate::model::DeliveryId;
use axum::Router;
use axum::body::BodyDataStream;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use bytes::Bytes;
use futures::StreamExt;
use std::time::Duration;

/// The largest body that GitHub sends, in bytes.
pub const LARGEST: usize = 25 * 1024 * 1024;

/// How long a sender may take for a body.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much of a refused body is read and thrown away, in bytes: a sender that still writes would not see the answer.
const POLITENESS: usize = LARGEST;

/// What the door needs.
#[derive(Clone)]
pub struct Door {
    /// Where deliveries go.
    pub inbox: Inbox,
    /// What they are signed with.
    pub secrets: Secrets,
}

/// The route of the door.
pub fn router(door: Door) -> Router {
    Router::new()
        .route("/webhooks/github", post(receive))
        .with_state(door)
}

async fn receive(State(door): State<Door>, request: Request) -> StatusCode {
    let (parts, body) = request.into_parts();
    let mut body = body.into_data_stream();
    let read = tokio::time::timeout(PATIENCE, read(&parts.headers, &mut body)).await;
    match read {
        Ok(Ok((signature, bytes))) => door.admit(&parts.headers, &signature, &bytes).await,
        Ok(Err(status)) => {
            // Answered at once: a sender may wait for the answer before it goes on.
            tokio::spawn(tokio::time::timeout(PATIENCE, discard(body)));
            status
        }
        Err(_) => StatusCode::REQUEST_TIMEOUT,
    }
}

/// The signature and the body; the body is never held beyond the limit, and not at all for a sender who signs nothing.
async fn read(
    headers: &HeaderMap,
    body: &mut BodyDataStream,
) -> Result<(Signature, Bytes), StatusCode> {
    let announced = only(headers, header::CONTENT_LENGTH.as_str());
    let announced = announced.and_then(|text| std::str::from_utf8(text).ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > LARGEST as u64) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let signature = only(headers, "x-hub-signature-256").and_then(Signature::parse);
    let signature = signature.ok_or(StatusCode::UNAUTHORIZED)?;
    let mut bytes = Vec::new();
    while let Some(part) = body.next().await {
        let part = part.map_err(|_| StatusCode::BAD_REQUEST)?;
        if bytes.len() + part.len() > LARGEST {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        bytes.extend_from_slice(&part);
    }
    Ok((signature, bytes.into()))
}

async fn discard(mut body: BodyDataStream) {
    let mut seen = 0;
    while let Some(Ok(part)) = body.next().await {
        seen += part.len();
        if seen > POLITENESS {
            return;
        }
    }
}

/// A header that is there exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then_some(value.as_bytes())
}

impl Door {
    /// What is answered to a whole body.
    async fn admit(&self, headers: &HeaderMap, signature: &Signature, body: &[u8]) -> StatusCode {
        if !self.secrets.made(signature, body) {
            return StatusCode::UNAUTHORIZED;
        }
        let name = only(headers, "x-github-event").and_then(|name| std::str::from_utf8(name).ok());
        let Some(name) = name else {
            return StatusCode::BAD_REQUEST;
        };
        if !event::known(name) {
            return StatusCode::NO_CONTENT;
        }
        let Some(id) = only(headers, "x-github-delivery").and_then(delivery_id) else {
            return StatusCode::BAD_REQUEST;
        };
        let notice = match event::parse(name, body) {
            Ok(notice) => notice,
            Err(error) => {
                tracing::warn!(delivery = %id, %error, "a delivery was refused");
                return StatusCode::BAD_REQUEST;
            }
        };
        match self.inbox.receive(id, notice).await {
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

/// GitHub's id for a delivery is a UUID; whatever is no short plain word is refused.
fn delivery_id(header: &[u8]) -> Option<DeliveryId> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let good = (1..=100).contains(&header.len()) && header.iter().all(plain);
    let text = std::str::from_utf8(header).ok()?;
    good.then(|| DeliveryId(text.to_owned()))
}
