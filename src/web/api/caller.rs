//! Finds out whose key a request has, whether its person still has the right, and whether it may do more now.

use super::Api;
use super::limits::Cost;
use super::problem::Problem;
use crate::model::ApiKey;
use crate::queue::now;
use crate::store::{ApiKeyRecord, Reach};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use std::sync::Arc;

/// How a key is sent.
const NO_KEY: &str = "send a key of the API that is neither expired nor revoked: `Authorization: Bearer dg_live_...`";

/// Who asks to read.
pub(super) struct Reader(pub ApiKeyRecord);

/// Who asks to change something.
pub(super) struct Writer(pub ApiKeyRecord);

/// Who asks for a scan.
pub(super) struct Scanner(pub ApiKeyRecord);

impl FromRequestParts<Arc<Api>> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        api.caller(&parts.headers, Cost::Read).await.map(Self)
    }
}

impl FromRequestParts<Arc<Api>> for Writer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        api.caller(&parts.headers, Cost::Write).await.map(Self)
    }
}

impl FromRequestParts<Arc<Api>> for Scanner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        api.caller(&parts.headers, Cost::Scan).await.map(Self)
    }
}

impl Api {
    /// Returns whose key a request has, unless the key may not do this, or not now.
    async fn caller(&self, headers: &HeaderMap, cost: Cost) -> Result<ApiKeyRecord, Problem> {
        let unknown = || Problem::new(StatusCode::UNAUTHORIZED, NO_KEY);
        let sent = headers.get(header::AUTHORIZATION);
        let sent = sent.and_then(|value| value.to_str().ok());
        let (scheme, key) = sent
            .and_then(|text| text.split_once(' '))
            .ok_or_else(unknown)?;
        let key = ApiKey::parse(key.trim()).filter(|_| scheme.eq_ignore_ascii_case("bearer"));
        let now = now();
        let found = self.store.api_key(&key.ok_or_else(unknown)?, now).await?;
        let record = found.ok_or_else(unknown)?;
        if cost.needs() > record.scope {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                format!(
                    "the scope of the key `{}` is `{}`: create one with the scope `{}`",
                    record.prefix,
                    record.scope.as_str(),
                    cost.needs().as_str()
                ),
            ));
        }
        self.limits.check(&record.prefix, cost)?;
        self.rights.confirm(&record).await?;
        self.note_use(&record, now);
        Ok(record)
    }

    /// Records that a key was used. Nobody who reads waits for that: a scan may be writing.
    fn note_use(&self, record: &ApiKeyRecord, now: i64) {
        let (store, record) = (self.inbox.store.clone(), record.clone());
        tokio::spawn(async move {
            if let Err(error) = store.use_api_key(&record, now).await {
                let error = format!("{error:#}");
                tracing::warn!(error, "the use of an API key was not recorded");
            }
        });
    }

    /// Returns the rows that a key reaches.
    pub(super) fn reach(&self, key: &ApiKeyRecord) -> Reach<'_> {
        self.store.reach(key)
    }
}
