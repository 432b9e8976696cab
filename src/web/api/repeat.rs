//! Answers a repeated request as the first one: `Idempotency-Key`.

use super::Api;
use super::problem::Problem;
use crate::queue::now;
use crate::store::ApiKeyRecord;
use crate::web::signature::Signer;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use serde::Serialize;

/// The header that names a request.
const HEADER: &str = "idempotency-key";
/// The longest name of a request.
const MAX_LENGTH: usize = 255;

/// The name of a request, if it has one.
#[derive(Debug)]
pub(super) struct Repeat(Option<String>);

impl Repeat {
    /// Reads the name of a request.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(sent) = headers.get(HEADER) else {
            return Ok(Self(None));
        };
        let name = sent.to_str().ok();
        let name = name.filter(|name| (1..=MAX_LENGTH).contains(&name.len()));
        let problem = "`Idempotency-Key` is a text of 1 to 255 ASCII characters";
        let name = name.ok_or_else(|| Problem::bad_request(problem))?;
        Ok(Self(Some(name.to_owned())))
    }

    /// Answers a request, or as its first one was answered. `request` tells whether both are the same; of what it holds
    /// only a keyed hash is stored. What was refused may be asked for again.
    pub(super) async fn answer<T: Serialize>(
        self,
        api: &Api,
        key: &ApiKeyRecord,
        request: &str,
        answer: impl Future<Output = Result<(StatusCode, T), Problem>>,
    ) -> Result<Response, Problem> {
        let Some(name) = self.0 else {
            let (status, body) = answer.await?;
            return Ok(json(status, text(&body)?));
        };
        let signer = Signer::new(api.secret_key.expose_secret().as_bytes());
        let name = signer.sign(&format!("repeated request/{}/{name}", key.prefix));
        let request = signer.sign(&format!("request/{request}"));
        let tenant = api.tenant(key);
        if let Some(kept) = tenant.begin_answer(&name, &request, now()).await? {
            if kept.request != request {
                return Err(Problem::unprocessable(
                    "this `Idempotency-Key` was used for another request: use a new one for each",
                ));
            }
            let (status, body) = kept.answer.ok_or_else(|| {
                Problem::conflict("the same request is being answered: try again in a moment")
            })?;
            let status = StatusCode::from_u16(status).map_err(anyhow::Error::from)?;
            return Ok(json(status, body));
        }
        let answered = answer
            .await
            .and_then(|(status, body)| Ok((status, text(&body)?)));
        match answered {
            Ok((status, body)) => {
                tenant.keep_answer(&name, status.as_u16(), &body).await?;
                Ok(json(status, body))
            }
            Err(problem) => {
                tenant.forget_answer(&name).await?;
                Err(problem)
            }
        }
    }
}

fn text(body: &impl Serialize) -> Result<String, Problem> {
    let text = serde_json::to_string(body);
    text.map_err(|error| Problem::from(anyhow::Error::from(error)))
}

fn json(status: StatusCode, body: String) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, body).into_response()
}
