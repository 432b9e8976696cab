//! Gets what an address holds. Each redirect is verified as the first address is.

use super::post::{Outbound, OutboundError, PATIENCE, failed};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Body;
use reqwest::Response;
use std::time::Duration;
use url::Url;

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 5;

/// A successful response.
#[derive(Debug, Clone)]
pub struct OutboundResponse {
    /// The address after all redirects.
    pub url: Url,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Outbound {
    /// Gets what an address holds, up to a number of bytes. No credentials are sent.
    ///
    /// # Errors
    /// When the request could not be sent, or was not answered with success.
    pub async fn get(&self, url: &str, largest: usize) -> Result<OutboundResponse, OutboundError> {
        let (url, host, mut answer) = self.open(url, PATIENCE).await?;
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
        Ok(OutboundResponse {
            url,
            headers,
            body: body.into(),
        })
    }

    /// Downloads what an address holds, part by part. No credentials are sent.
    ///
    /// # Errors
    /// When the request could not be sent, or was not answered with success. The errors of the body do not show the
    /// address.
    pub async fn download(
        &self,
        url: &str,
        timeout: Duration,
    ) -> Result<impl Body<Data = Bytes, Error = &'static str> + use<>, OutboundError> {
        let (_, _, response) = self.open(url, timeout).await?;
        let body = http::Response::<reqwest::Body>::from(response).into_body();
        Ok(body.map_err(|_| "the connection broke"))
    }

    /// Follows the redirects of an address, and returns the last address, its host and the response.
    async fn open(
        &self,
        url: &str,
        timeout: Duration,
    ) -> Result<(Url, String, Response), OutboundError> {
        let mut url = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let (place, host) = self.checked(&url)?;
            let answer = self.client.get(place.clone()).timeout(timeout).send().await;
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
