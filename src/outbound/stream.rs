//! Requests what an address holds with headers of its own, and hands its body on in parts: for states, which may be large
//! and need credentials.

use super::client::Outbound;
use super::error::{OutboundError, failed};
use bytes::Bytes;
use http::HeaderMap;
use reqwest::Response;
use std::time::Duration;

/// How long a download may take.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(120);

/// A response whose body is not read yet.
#[derive(Debug)]
pub struct OutboundStream {
    host: String,
    response: Response,
}

impl Outbound {
    /// Requests an address. Redirects are followed, and each address is verified like the first; the `Authorization`
    /// header is sent to the origin of the first one only.
    ///
    /// # Errors
    /// When an address is refused or does not respond, or there are too many redirects. Other statuses are no errors.
    pub async fn request(
        &self,
        url: &str,
        headers: HeaderMap,
    ) -> Result<OutboundStream, OutboundError> {
        let last = self.follow(url, headers, DOWNLOAD_TIMEOUT).await?;
        Ok(OutboundStream {
            host: last.host,
            response: last.response,
        })
    }
}

impl OutboundStream {
    /// Returns the status of the response.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// Returns the size of the body, in bytes; `None` where the response does not tell it.
    pub fn size(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// Reads the next part of the body; `None` at its end.
    ///
    /// # Errors
    /// When the connection breaks, or the download takes too long.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, OutboundError> {
        let chunk = self.response.chunk().await;
        chunk.map_err(|error| failed(&self.host, &error))
    }
}
