//! Posts a request to a verified address.

use super::address::is_public;
use http::HeaderMap;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use std::error::Error;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use url::{Host, Url};

/// How long a request may take, from resolving the name to the response.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// A request that was not sent, or not accepted. It names the host alone: the rest of an address may hold a token.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The address is not an HTTP address.
    #[error("nothing is sent to this address: {0}: write it as https://host/path")]
    BadAddress(&'static str),
    /// The address belongs to the operator's own network.
    #[error(
        "nothing is sent to `{host}`: it is, or its name leads to, a private address: name a public one, or let the operator set DRIFTGUARD_PRIVATE_ADDRESSES=1"
    )]
    Refused {
        /// The host.
        host: String,
    },
    /// The host did not respond.
    #[error("`{host}` could not be reached: {why}: check that it runs and takes requests")]
    Unreachable {
        /// The host.
        host: String,
        /// What went wrong.
        why: &'static str,
    },
    /// The host responded with something else than success, such as a redirect.
    #[error("`{host}` answered {status} and not 2xx: see what it takes")]
    Answered {
        /// The host.
        host: String,
        /// The status.
        status: u16,
    },
    /// It answered with more than is read.
    #[error("`{host}` answered with more than {largest} bytes: see what it sends")]
    TooLarge {
        /// The host.
        host: String,
        /// How many bytes are read.
        largest: usize,
    },
    /// No request can be sent at all.
    #[error("requests cannot be prepared: check the certificates of this machine")]
    NotPrepared,
}

impl OutboundError {
    /// Returns whether a retry may succeed.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Answered { status, .. } => *status >= 500 || matches!(status, 408 | 429),
            Self::BadAddress(_)
            | Self::Refused { .. }
            | Self::TooLarge { .. }
            | Self::NotPrepared => false,
        }
    }
}

/// The client for addresses that a repository names. Clones share connections.
#[derive(Debug, Clone)]
pub struct Outbound {
    pub(super) client: Client,
    private_allowed: bool,
}

impl Outbound {
    /// Creates a client. With `private_allowed` it reaches all addresses, by plain HTTP too.
    ///
    /// # Errors
    /// When the machine's certificates cannot be read.
    pub fn new(private_allowed: bool) -> Result<Self, OutboundError> {
        let mut client = builder().no_proxy();
        if !private_allowed {
            client = client.dns_resolver(PublicOnly).https_only(true);
        }
        Self::build(client, private_allowed)
    }

    /// Creates the client of a person's own machine: it reaches what that person reaches, through their proxy too.
    ///
    /// # Errors
    /// When the machine's certificates cannot be read.
    pub fn of_command_line() -> Result<Self, OutboundError> {
        Self::build(builder(), true)
    }

    fn build(client: ClientBuilder, private_allowed: bool) -> Result<Self, OutboundError> {
        Ok(Self {
            client: client.build().map_err(|_| OutboundError::NotPrepared)?,
            private_allowed,
        })
    }

    /// Returns whether private addresses are reached, and plain HTTP is spoken.
    pub fn reaches_private_addresses(&self) -> bool {
        self.private_allowed
    }

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

    /// Parses and verifies an address. An IP address is verified here, however it is written; names when they are
    /// resolved.
    pub(super) fn checked(&self, url: &str) -> Result<(Url, String), OutboundError> {
        let bad = OutboundError::BadAddress;
        let url = Url::parse(url).map_err(|_| bad("it cannot be read"))?;
        match url.scheme() {
            "https" => {}
            "http" if self.private_allowed => {}
            _ => return Err(bad("it is not https")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("it holds a user or a password"));
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(bad("it has no host")),
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        match address {
            Some(address) if !self.private_allowed && !is_public(address) => {
                Err(OutboundError::Refused { host })
            }
            _ => Ok((url, host)),
        }
    }
}

/// Describes an error without the address, which the error itself would show.
pub(super) fn failed(host: &str, error: &reqwest::Error) -> OutboundError {
    let host = host.to_owned();
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return OutboundError::Refused { host };
        }
        cause = error.source();
    }
    let why = match error {
        error if error.is_timeout() => "it did not answer in time",
        error if error.is_connect() => "there is no connection",
        _ => "the connection broke",
    };
    OutboundError::Unreachable { host, why }
}

/// Returns what all clients have in common.
fn builder() -> ClientBuilder {
    Client::builder()
        .timeout(PATIENCE)
        .redirect(Policy::none())
        .referer(false)
        // A connection that is kept would outlive what its name was found to be.
        .pool_max_idle_per_host(0)
        .user_agent(concat!("DriftGuard/", env!("CARGO_PKG_VERSION")))
}

/// Resolves names to their public addresses.
struct PublicOnly;

/// A name without a public address.
#[derive(Debug)]
struct NotPublic;

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads to no public address")
    }
}

impl Error for NotPublic {}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is the address's own, and set later.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_refused_however_it_is_spelt() {
        let outbound = Outbound::new(false).unwrap();
        for url in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.0.0.1/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://127.0.0.1./",
            "https://%31%32%37.0.0.1/",
            "https://①②⑦.0.0.1/",
            "https://0/",
            "https://169.254.169.254/latest/meta-data/",
            "https://[::1]/",
            "https://[0:0:0:0:0:ffff:7f00:1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://[64:ff9b::10.0.0.1]/",
            "https://[2002:7f00:1::]/",
            "https://[fd00:ec2::254]/",
        ] {
            let refused = outbound.checked(url);
            assert!(
                matches!(refused, Err(OutboundError::Refused { .. })),
                "{url}: {refused:?}"
            );
        }
        for url in [
            "http://hooks.example.com/",
            "ftp://hooks.example.com/",
            "file:///etc/passwd",
            "https://user@hooks.example.com/",
            "https://user:word@hooks.example.com/",
            "https://",
            "https://1.2.3.4.5/",
            "https://[fe80::1%25eth0]/",
            "hooks.example.com",
            "",
        ] {
            let refused = outbound.checked(url);
            assert!(
                matches!(refused, Err(OutboundError::BadAddress(_))),
                "{url}: {refused:?}"
            );
        }
        for url in [
            "https://hooks.example.com:8443/T?token=x",
            "https://1.1.1.1/",
        ] {
            assert!(outbound.checked(url).is_ok(), "{url}");
        }
    }
}
