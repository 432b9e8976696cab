//! Answers a repeated request as the first one: `Idempotency-Key`.

use super::Api;
use super::problem::Problem;
use crate::queue::now;
use crate::store::ApiKeyRecord;
use crate::web::random::random_bytes;
use crate::web::signature::Signer;
use anyhow::Context;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use serde::Serialize;
use std::sync::Arc;

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

    /// Returns what the ids of what a request creates are made of: the same for a repeated one, so that what the first one
    /// did is found again.
    pub(super) fn seed(&self, api: &Api, key: &ApiKeyRecord) -> anyhow::Result<[u8; 32]> {
        let Some(name) = &self.0 else {
            return random_bytes();
        };
        let digest = signer(api).sign(&format!("seed/{}/{name}", key.prefix));
        let mut seed = [0; 32];
        hex::decode_to_slice(digest, &mut seed).context("while making an id")?;
        Ok(seed)
    }

    /// Answers a request, or as its first one was answered. `request` tells whether both are the same; of what it holds
    /// only a keyed hash is stored. What was refused may be asked for again. The answer is made even if nobody waits for it
    /// any more.
    pub(super) async fn answer<T: Serialize + Send + 'static>(
        self,
        api: &Arc<Api>,
        key: &ApiKeyRecord,
        request: &str,
        answer: impl Future<Output = Result<(StatusCode, T), Problem>> + Send + 'static,
    ) -> Result<Response, Problem> {
        let request = signer(api).sign(&format!("request/{request}"));
        let (api, key) = (api.clone(), key.clone());
        let work = async move {
            match &self.0 {
                None => {
                    let (status, body) = answer.await?;
                    Ok((status, text(&body)?))
                }
                Some(name) => once(&api, &key, (name, &request), answer).await,
            }
        };
        let ended = tokio::spawn(work).await;
        let ended = ended.context("while answering a request")?;
        ended.map(|(status, body)| json(status, body))
    }
}

/// Answers the first of the requests of a name, and the others alike.
async fn once<T: Serialize>(
    api: &Api,
    key: &ApiKeyRecord,
    (name, request): (&str, &str),
    answer: impl Future<Output = Result<(StatusCode, T), Problem>>,
) -> Result<(StatusCode, String), Problem> {
    let kept_for = kept_for(api, key).await?;
    let name = signer(api).sign(&format!("repeated request/{kept_for}/{name}"));
    let reach = api.reach(key);
    if let Some(kept) = reach.begin_answer(&name, request, now()).await? {
        if kept.request != request {
            return Err(Problem::unprocessable(
                "this `Idempotency-Key` was used for another request: use a new one for each",
            ));
        }
        let (status, body) = kept.answer.ok_or_else(|| {
            Problem::conflict("the same request is being answered: try again in a minute")
        })?;
        let status = StatusCode::from_u16(status).map_err(anyhow::Error::from)?;
        return Ok((status, body));
    }
    let answered = answer.await;
    match answered.and_then(|(status, body)| Ok((status, text(&body)?))) {
        Ok((status, body)) => {
            reach.keep_answer(&name, status.as_u16(), &body).await?;
            Ok((status, body))
        }
        Err(problem) => {
            reach.forget_answer(&name).await?;
            Err(problem)
        }
    }
}

/// Returns for whom answers are kept: a key, and of a person's the repositories. Once it lost one, each request is carried
/// out again, with the same ids, so that no answer is about what the key does not reach.
async fn kept_for(api: &Api, key: &ApiKeyRecord) -> anyhow::Result<String> {
    let mut text = key.prefix.clone();
    if key.owner.person().is_some() {
        for repository in api.store.key_repositories(&key.prefix).await? {
            text.push('/');
            text.push_str(&repository.id.to_string());
        }
    }
    Ok(text)
}

fn signer(api: &Api) -> Signer {
    Signer::new(api.secret_key.expose_secret().as_bytes())
}

fn text(body: &impl Serialize) -> Result<String, Problem> {
    let text = serde_json::to_string(body);
    text.map_err(|error| Problem::from(anyhow::Error::from(error)))
}

fn json(status: StatusCode, body: String) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, body).into_response()
}
