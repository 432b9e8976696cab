//! Connects the backends outside of AWS: an HTTP client, API tokens by host, and who asks.

use crate::model::ScanError;
use crate::outbound::{Outbound, OutboundError, OutboundStream};
use crate::state::ScanStates;
use crate::state::backends::{StoredState, error};
use http::HeaderMap;
use secrecy::SecretString;
use std::collections::BTreeMap;
use url::Url;

/// How many bytes more are admitted at once of a body whose size is not known.
const STEP: u64 = 1024 * 1024;

/// API tokens, by host: `app.terraform.io`, with its port where it has one.
#[derive(Debug, Clone, Default)]
pub struct HostTokens(BTreeMap<String, SecretString>);

impl HostTokens {
    /// Adds the token of a host; one that is known already stays.
    pub fn add(&mut self, host: &str, token: SecretString) {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.0.entry(host).or_insert(token);
    }

    /// Returns the token of a host.
    pub fn of(&self, host: &str) -> Option<&SecretString> {
        self.0.get(host)
    }
}

/// Who reads a backend: it decides which credentials count, and what an error advises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// A person, with everything that is in the code and the environment.
    CommandLine,
    /// A server, for a repository that may be a stranger's.
    Server,
}

/// The HTTP connections of one scan.
#[derive(Debug, Clone)]
pub struct HttpAccess {
    /// None where the machine's certificates cannot be read: a stack with its state elsewhere needs none.
    outbound: Option<Outbound>,
    pub(in crate::state::backends) tokens: HostTokens,
    caller: Caller,
}

impl HttpAccess {
    /// Connects a person's own machine.
    pub fn of_command_line(tokens: HostTokens) -> Self {
        Self {
            outbound: Outbound::of_command_line().ok(),
            tokens,
            caller: Caller::CommandLine,
        }
    }

    /// Connects a server. The tokens are those of the repository's owner alone; no other credentials are sent.
    pub fn of_server(outbound: Outbound, tokens: HostTokens) -> Self {
        Self {
            outbound: Some(outbound),
            tokens,
            caller: Caller::Server,
        }
    }

    /// Requests an address: see `Outbound::request`.
    ///
    /// # Errors
    /// Calls what is read `location`: the address itself may hold a credential.
    pub(in crate::state::backends) async fn get(
        &self,
        url: &Url,
        headers: HeaderMap,
        location: &str,
    ) -> Result<OutboundStream, ScanError> {
        let outbound = self.outbound.as_ref().ok_or(OutboundError::NotPrepared);
        let response = match outbound {
            Ok(outbound) => outbound.request(url.as_str(), headers).await,
            Err(error) => Err(error),
        };
        response.map_err(|cause| error(format!("{location} cannot be read: {cause}")))
    }

    /// Returns whether private addresses are reached, and plain HTTP is spoken.
    pub(in crate::state::backends) fn reaches_private_addresses(&self) -> bool {
        let outbound = self.outbound.as_ref();
        outbound.is_some_and(Outbound::reaches_private_addresses)
    }

    pub(in crate::state::backends) fn is_server(&self) -> bool {
        self.caller == Caller::Server
    }
}

/// Reads the body of a response as a state, within the scan's limit.
pub(in crate::state::backends) async fn read_state(
    mut body: OutboundStream,
    location: &str,
    states: &ScanStates,
) -> Result<StoredState, ScanError> {
    let mut admitted = body.size().unwrap_or(0);
    let mut memory = states.admit(location, admitted).await?;
    let mut bytes = Vec::with_capacity(usize::try_from(admitted).unwrap_or_default());
    while let Some(chunk) = next_chunk(&mut body, location).await? {
        let size = (bytes.len() + chunk.len()) as u64;
        if size > admitted {
            let larger = size.max(admitted + STEP);
            memory = states
                .admit_more(location, memory, admitted, larger)
                .await?;
            admitted = larger;
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(StoredState {
        bytes: bytes.into(),
        memory,
        notes: Vec::new(),
    })
}

/// Reads the body of a small response, and fails where it is larger than the limit.
pub(in crate::state::backends) async fn read_small(
    mut body: OutboundStream,
    location: &str,
    largest: usize,
) -> Result<Vec<u8>, ScanError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = next_chunk(&mut body, location).await? {
        if bytes.len() + chunk.len() > largest {
            return Err(error(format!(
                "{location} cannot be read: an answer has more than {largest} bytes"
            )));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn next_chunk(
    body: &mut OutboundStream,
    location: &str,
) -> Result<Option<bytes::Bytes>, ScanError> {
    let chunk = body.chunk().await;
    chunk.map_err(|cause| error(format!("{location} cannot be read: {cause}")))
}
