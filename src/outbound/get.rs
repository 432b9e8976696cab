//! Gets what an address holds. Each redirect is verified as the first address is.

use super::client::{Outbound, REQUEST_TIMEOUT};
use super::error::{OutboundError, failed};
use super::redirects::LastResponse;
use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::Body;
use std::time::Duration;
use url::Url;

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
        let LastResponse {
            url,
            host,
            mut response,
        } = self.open(url, REQUEST_TIMEOUT).await?;
        let headers = response.headers().clone();
        let mut body = Vec::new();
        while let Some(part) = response
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
        let last = self.open(url, timeout).await?;
        let body = http::Response::<reqwest::Body>::from(last.response).into_body();
        Ok(body.map_err(|_| "the connection broke"))
    }

    /// Requests an address without credentials, and returns its successful response.
    async fn open(&self, url: &str, timeout: Duration) -> Result<LastResponse, OutboundError> {
        let last = self.follow(url, HeaderMap::new(), timeout).await?;
        let status = last.response.status();
        match status.is_success() {
            true => Ok(last),
            false => Err(OutboundError::Answered {
                host: last.host,
                status: status.as_u16(),
            }),
        }
    }
}
