//! What an address holds, whichever others it leads to: each is looked at as the first one is.

use super::post::{Outbound, OutboundError, failed};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use reqwest::Response;
use url::Url;

/// How many redirects are followed.
const MOST_REDIRECTS: usize = 5;

/// An answer that is a success.
#[derive(Debug)]
pub struct OutboundAnswer {
    /// The address that gave it, after all redirects.
    pub url: Url,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Outbound {
    /// Gets what an address holds, of so many bytes at most. No credentials are sent along.
    ///
    /// # Errors
    /// What of the way there went wrong.
    pub async fn get(&self, url: &str, largest: usize) -> Result<OutboundAnswer, OutboundError> {
        let (url, host, mut answer) = self.open(url).await?;
        let headers = answer.headers().clone();
        let mut body = Vec::new();
        while let Some(part) = answer
            .chunk()
            .await
            .map_err(|error| failed(&host, &error))?
        {
            if body.len() + part.len() > largest {
                return Err(OutboundError::TooLarge { host, largest });
            }
            body.extend_from_slice(&part);
        }
        Ok(OutboundAnswer {
            url,
            headers,
            body: body.into(),
        })
    }

    /// The answer of an address before its body is read, after all redirects: where from, and the host to be named.
    async fn open(&self, url: &str) -> Result<(Url, String, Response), OutboundError> {
        let mut url = url.to_owned();
        for _ in 0..=MOST_REDIRECTS {
            let (place, host) = self.checked(&url)?;
            let answer = self.client.get(place.clone()).send().await;
            let answer = answer.map_err(|error| failed(&host, &error))?;
            let status = answer.status();
            if status.is_success() {
                return Ok((place, host, answer));
            }
            let location = answer.headers().get(header::LOCATION);
            let location = location.filter(|_| is_redirect(status));
            let next = location.and_then(|text| place.join(text.to_str().ok()?).ok());
            let Some(next) = next else {
                let status = status.as_u16();
                return Err(OutboundError::Answered { host, status });
            };
            url = next.into();
        }
        Err(OutboundError::BadAddress(
            "it leads to another one too often",
        ))
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}
