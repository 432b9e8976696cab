//! Reads the line by which a provider says where it listens.

use super::wire::Protocol;
use std::path::{Path, PathBuf};

/// The variable and the value by which a provider knows that Terraform's protocol is spoken to it. It is no secret.
pub const MAGIC_COOKIE: (&str, &str) = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
);

/// The longest line that is read.
pub const MAX_LINE: usize = 4096;

/// Where a provider listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The version that it speaks.
    pub protocol: Protocol,
    /// Its socket.
    pub socket: PathBuf,
}

/// A line that is no handshake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadHandshake {
    /// The program printed something else.
    #[error("the program is no Terraform provider: it printed no handshake")]
    NotAProvider,
    /// Another version of the protocol.
    #[error("the provider speaks version {0} of the protocol; DriftGuard speaks 5 and 6")]
    Version(String),
    /// A connection of another kind.
    #[error("the provider listens in a way that DriftGuard does not connect to")]
    Connection,
    /// A socket elsewhere.
    #[error("the provider names a socket outside of its own folder")]
    Outside,
}

/// Parses `1|5|unix|PATH|grpc|`. The socket must be in the folder that the provider was given.
///
/// # Errors
/// When it is no such line.
pub fn parse(line: &str, folder: &Path) -> Result<Handshake, BadHandshake> {
    let mut parts = line.trim_end().split('|');
    let mut part = || parts.next().unwrap_or_default();
    let (core, version, network, address, kind) = (part(), part(), part(), part(), part());
    if core != "1" || version.is_empty() {
        return Err(BadHandshake::NotAProvider);
    }
    let protocol = match version {
        "5" => Protocol::V5,
        "6" => Protocol::V6,
        other => return Err(BadHandshake::Version(other.chars().take(16).collect())),
    };
    if network != "unix" || kind != "grpc" {
        return Err(BadHandshake::Connection);
    }
    let socket = PathBuf::from(address);
    match socket.parent() == Some(folder) {
        true => Ok(Handshake { protocol, socket }),
        false => Err(BadHandshake::Outside),
    }
}
