//! Answers a repeated request as the first one: `Idempotency-Key`.

use super::Api;
use super::problem::Problem;
use crate::queue::now;
use crate::store::{AnswerStart, ApiKeyRecord, KeptAnswer};
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

/// What the ids of what a request creates are made of.
pub(super) type Seed = [u8; 32];

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
    /// only a keyed hash is stored. What was refused may be asked for again. The answer is made even if nobody waits for it
    /// any more; where its process ended, the next request of the name makes it with the same seed, so that what the first
    /// one did is found again.
    pub(super) async fn answer<T, A>(
        self,
        api: &Arc<Api>,
        key: &ApiKeyRecord,
        request: &str,
        answer: impl FnOnce(Seed) -> A,
    ) -> Result<Response, Problem>
    where
        T: Serialize + Send + 'static,
        A: Future<Output = Result<(StatusCode, T), Problem>> + Send + 'static,
    {
        let seed = random_bytes()?;
        let Some(name) = self.0 else {
            let (status, body) = detached(answer(seed)).await?;
            return Ok(json(status, text(&body)?));
        };
        let request = signer(api).sign(&format!("request/{request}"));
        let kept_for = kept_for(api, key).await?;
        let name = signer(api).sign(&format!("repeated request/{kept_for}/{name}"));
        let (reach, seed) = (api.reach(key), hex::encode(seed));
        let begun = reach.begin_answer(&name, &request, (&seed, now()));
        let seed = match begun.await? {
            AnswerStart::Begun { seed } => decoded(&seed)?,
            AnswerStart::Kept(kept) => return repeated(&request, kept),
        };
        let (api, key, answer) = (api.clone(), key.clone(), answer(seed));
        let kept = async move { keep(&api, &key, &name, answer).await };
        let (status, body) = detached(kept).await?;
        Ok(json(status, body))
    }
}

fn decoded(text: &str) -> anyhow::Result<Seed> {
    let mut seed = Seed::default();
    hex::decode_to_slice(text, &mut seed).context("while making an id")?;
    Ok(seed)
}

/// Does work to its end, even if nobody waits for it any more.
async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let ended = tokio::spawn(work).await;
    ended.context("while answering a request")?
}

/// Answers as the first request of a name was answered.
fn repeated(request: &str, kept: KeptAnswer) -> Result<Response, Problem> {
    if kept.request != request {
        return Err(Problem::unprocessable(
            "this `Idempotency-Key` was used for another request: use a new one for each",
        ));
    }
    let (status, body) = kept.answer.ok_or_else(|| {
        Problem::conflict("the same request is being answered: try again in a minute")
    })?;
    let status = StatusCode::from_u16(status).map_err(anyhow::Error::from)?;
    Ok(json(status, body))
}

/// Makes the answer of the first request of a name, and keeps it for the others.
async fn keep<T: Serialize>(
    api: &Api,
    key: &ApiKeyRecord,
    name: &str,
    answer: impl Future<Output = Result<(StatusCode, T), Problem>>,
) -> Result<(StatusCode, String), Problem> {
    let reach = api.reach(key);
    let answered = answer.await;
    match answered.and_then(|(status, body)| Ok((status, text(&body)?))) {
        Ok((status, body)) => {
            reach.keep_answer(name, status.as_u16(), &body).await?;
            Ok((status, body))
        }
        Err(problem) => {
            reach.forget_answer(name).await?;
            Err(problem)
        }
    }
}

/// Returns for whom answers are kept: a key, and of a person's the repositories. Once it lost one, each request is carried
/// out anew, so that no answer is about what the key does not reach.
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
