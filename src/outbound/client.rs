//! The client: which addresses it reaches, and how long it waits.

use super::address::is_public;
use super::error::OutboundError;
use super::resolver::PublicOnly;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use std::net::IpAddr;
use std::time::Duration;
use url::{Host, Url};

/// How long a request may take, from resolving the name to the response.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

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

/// Returns what all clients have in common.
fn builder() -> ClientBuilder {
    Client::builder()
        .timeout(REQUEST_TIMEOUT)
        .redirect(Policy::none())
        .referer(false)
        // A connection that is kept would outlive what its name was found to be.
        .pool_max_idle_per_host(0)
        .user_agent(concat!("DriftGuard/", env!("CARGO_PKG_VERSION")))
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
