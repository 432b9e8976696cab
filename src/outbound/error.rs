//! Errors of requests, without the addresses: they may hold tokens.

use super::resolver::NotPublic;
use std::error::Error;

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
