//! Follows redirects: each address is verified as the first one is.

use super::client::Outbound;
use super::error::{OutboundError, failed};
use http::{HeaderMap, StatusCode, header};
use reqwest::Response;
use std::time::Duration;
use url::Url;

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 5;

/// The response of the last address.
pub(super) struct LastResponse {
    /// The address after all redirects.
    pub url: Url,
    /// The host of that address, for messages.
    pub host: String,
    /// The response, whose body is not read yet.
    pub response: Response,
}

impl Outbound {
    /// Requests an address, and those that it leads to. The `Authorization` header is sent to the origin of the first
    /// one only.
    ///
    /// # Errors
    /// When an address is refused or does not respond, or there are too many redirects. Other statuses are no errors.
    pub(super) async fn follow(
        &self,
        url: &str,
        mut headers: HeaderMap,
        timeout: Duration,
    ) -> Result<LastResponse, OutboundError> {
        let (mut url, mut host) = self.checked(url)?;
        for _ in 0..=MAX_REDIRECTS {
            let request = self.client.get(url.clone()).headers(headers.clone());
            let response = request.timeout(timeout).send().await;
            let response = response.map_err(|error| failed(&host, &error))?;
            let Some(target) = target(&url, &response) else {
                return Ok(LastResponse {
                    url,
                    host,
                    response,
                });
            };
            let (next, next_host) = self.checked(target.as_str())?;
            if next.origin() != url.origin() {
                headers.remove(header::AUTHORIZATION);
            }
            (url, host) = (next, next_host);
        }
        Err(OutboundError::BadAddress(
            "it leads to another one too often",
        ))
    }
}

/// Returns the address that a response redirects to.
fn target(url: &Url, response: &Response) -> Option<Url> {
    let location = response.headers().get(header::LOCATION)?;
    let location = location.to_str().ok()?;
    is_redirect(response.status()).then(|| url.join(location).ok())?
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}
