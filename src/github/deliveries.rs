//! Lists webhook deliveries, and requests redeliveries: GitHub does not retry by itself.

use super::app::GitHub;
use super::caller::Caller;
use super::error::GithubError;
use crate::model::DeliveryId;
use anyhow::Context;
use http::{HeaderMap, header};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

/// How many attempts a page of the list has.
const PAGE: usize = 100;

/// An attempt to deliver a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// GitHub's id of the attempt.
    pub id: u64,
    /// The delivery id, the same for each attempt.
    pub delivery: DeliveryId,
    /// The status of the App's response; not a success where there was none.
    pub status: u16,
    /// When the attempt was made, in epoch milliseconds.
    pub at: i64,
}

/// A page of the list of attempts, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryPage {
    /// The attempts.
    pub attempts: Vec<DeliveryAttempt>,
    /// The cursor of the page with older attempts; empty at the end of the list.
    pub next: String,
}

/// An attempt as GitHub describes it.
#[derive(Deserialize)]
struct AttemptFields {
    id: u64,
    guid: String,
    status_code: u16,
    delivered_at: String,
}

impl AttemptFields {
    fn read(self) -> anyhow::Result<DeliveryAttempt> {
        let at: Timestamp = self
            .delivered_at
            .parse()
            .context("while reading when GitHub delivered")?;
        Ok(DeliveryAttempt {
            id: self.id,
            delivery: DeliveryId(self.guid),
            status: self.status_code,
            at: at.as_millisecond(),
        })
    }
}

impl GitHub {
    /// Lists the attempts of the last three days from a page on; from the newest where that is empty.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn delivery_attempts(&self, page: &str) -> Result<DeliveryPage, GithubError> {
        let mut path = format!("/app/hook/deliveries?per_page={PAGE}");
        if !page.is_empty() {
            let cursor: String = url::form_urlencoded::byte_serialize(page.as_bytes()).collect();
            path.push_str(&format!("&cursor={cursor}"));
        }
        let answer = self.response(Caller::App, &path).await?;
        let listed: Vec<AttemptFields> = serde_json::from_slice(&answer.body)
            .context("while reading GitHub's list of deliveries")?;
        let attempts: anyhow::Result<_> = listed.into_iter().map(AttemptFields::read).collect();
        Ok(DeliveryPage {
            attempts: attempts?,
            next: next_cursor(&answer.headers).unwrap_or_default(),
        })
    }

    /// Requests the redelivery of an attempt.
    ///
    /// # Errors
    /// `NotFound` where GitHub no longer has the attempt.
    pub async fn redeliver(&self, attempt: u64) -> Result<(), GithubError> {
        let path = format!("/app/hook/deliveries/{attempt}/attempts");
        let _: Value = self.post(Caller::App, &path, None, true).await?;
        Ok(())
    }
}

/// Returns the cursor of the next page, from the header `link`.
fn next_cursor(headers: &HeaderMap) -> Option<String> {
    let link = headers.get(header::LINK)?.to_str().ok()?;
    let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    let address = next.split_once('<')?.1.split_once('>')?.0;
    let address = Url::parse(address).ok()?;
    let mut query = address.query_pairs();
    let cursor = query.find(|(name, _)| name == "cursor")?.1;
    Some(cursor.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_read_from_the_link() {
        let next = |link: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::LINK, link.parse().unwrap());
            next_cursor(&headers)
        };
        let api = r#"<https://api.github.com/app/hook/deliveries?per_page=100&cursor=v1_12%3D>; rel="next""#;
        assert_eq!(next(api).as_deref(), Some("v1_12="));
        assert_eq!(
            next(r#"<https://api.github.com/app?cursor=v1_1>; rel="prev""#),
            None
        );
        assert_eq!(next("nonsense"), None);
    }
}
