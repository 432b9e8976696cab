//! `POST /webhooks/github`.

use super::body::{Arriving, Bodies};
use super::event;
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
pub const LARGEST: usize = 25 * 1024 * 1024;

/// How long a sender may take for a body. GitHub waits as long for its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of a refused body is read and thrown away, in bytes, and for how long: a sender that still writes would not see
/// the answer.
const POLITENESS: (usize, Duration) = (2 * 1024 * 1024, Duration::from_secs(5));

/// When somebody may try again for whose body there was no room, in seconds.
const RETRY_AFTER: &str = "5";

/// What the door needs.
#[derive(Clone)]
pub struct Door {
    /// Where deliveries go.
    pub inbox: Inbox,
    /// What they are signed with.
    pub secrets: Secrets,
    /// Where their bodies are until the signature is checked.
    pub bodies: Bodies,
}

/// The route of the door.
pub fn router(door: Door) -> Router {
    Router::new()
        .route("/webhooks/github", post(receive))
        .with_state(door)
}

async fn receive(State(door): State<Door>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut body = body.into_data_stream();
    let read = tokio::time::timeout(PATIENCE, door.read(&parts.headers, &mut body)).await;
    let status = match read {
        Ok(Ok(mut arrived)) => door.admit(&parts.headers, &mut arrived).await,
        Ok(Err(status)) => {
            // Answered at once: a sender may wait for the answer before it goes on.
            tokio::spawn(tokio::time::timeout(POLITENESS.1, discard(body)));
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
    while let Some(Ok(part)) = body.next().await {
        seen += part.len();
        if seen > POLITENESS.0 {
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
    /// A body that one of the secrets signed. It is read as it comes: never beyond the limit, and not at all for a sender who
    /// signs nothing.
    async fn read(
        &self,
        headers: &HeaderMap,
        body: &mut BodyDataStream,
    ) -> Result<Arriving, StatusCode> {
        let announced = only(headers, header::CONTENT_LENGTH.as_str());
        let announced =
            announced.and_then(|text| std::str::from_utf8(text).ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > LARGEST as u64) {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let signature = only(headers, "x-hub-signature-256").and_then(Signature::parse);
        let signature = signature.ok_or(StatusCode::UNAUTHORIZED)?;
        let (mut check, mut arriving) = (self.secrets.check(), self.bodies.begin());
        loop {
            let part = tokio::select! {
                part = body.next() => part,
                () = arriving.given_away() => return Err(StatusCode::TOO_MANY_REQUESTS),
            };
            let Some(part) = part else { break };
            let part = part.map_err(|_| StatusCode::BAD_REQUEST)?;
            if arriving.length() + part.len() > LARGEST {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            check.update(&part);
            arriving.push(&part).await.map_err(unkept)?;
        }
        let made = check.made(&signature);
        made.then_some(arriving).ok_or(StatusCode::UNAUTHORIZED)
    }

    /// What is answered to a whole body whose signature is right.
    async fn admit(&self, headers: &HeaderMap, body: &mut Arriving) -> StatusCode {
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
        let parsed = match body.whole().await {
            Ok(body) => event::parse(name, &body.bytes),
            Err(error) => return unkept(error),
        };
        let notice = match parsed {
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

/// What is answered where a body could not be kept: nobody knows yet who sent it, so no server error.
fn unkept(error: std::io::Error) -> StatusCode {
    tracing::warn!(%error, "a body could not be kept in a file: is there space in the data folder?");
    StatusCode::TOO_MANY_REQUESTS
}

/// GitHub's id for a delivery is a UUID; whatever is no short plain word is refused.
fn delivery_id(header: &[u8]) -> Option<DeliveryId> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let good = (1..=100).contains(&header.len()) && header.iter().all(plain);
    let text = std::str::from_utf8(header).ok()?;
    good.then(|| DeliveryId(text.to_owned()))
}
