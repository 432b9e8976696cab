//! Posts a body to a verified address.

use super::client::Outbound;
use super::error::{OutboundError, failed};
use http::HeaderMap;

impl Outbound {
    /// Posts a body. Of the response only the status is read.
    ///
    /// # Errors
    /// When the request could not be sent, or was not accepted.
    pub async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: String,
    ) -> Result<(), OutboundError> {
        let (url, host) = self.checked(url)?;
        let request = self.client.post(url).headers(headers).body(body);
        let answer = request
            .send()
            .await
            .map_err(|error| failed(&host, &error))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(OutboundError::Answered {
                host,
                status: status.as_u16(),
            }),
        }
    }
}
