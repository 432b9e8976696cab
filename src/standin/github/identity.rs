//! Defines the App: its key, its secret, its permissions.

use super::world::{Level, Permissions};
use anyhow::{Context, Result, anyhow};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use std::fmt;

/// What the App was created with at GitHub.
#[derive(Clone)]
pub struct AppIdentity {
    /// The App's id: the issuer of its JWTs.
    pub id: u64,
    /// The private key or its public half: RSA, PEM.
    pub key: String,
    /// The secret that signs deliveries.
    pub webhook_secret: String,
}

impl fmt::Debug for AppIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppIdentity({})", self.id)
    }
}

impl AppIdentity {
    /// Creates an App with a new private key (PKCS#8).
    pub fn fresh(id: u64, webhook_secret: &str) -> Result<Self> {
        Ok(Self {
            id,
            key: pem("PRIVATE KEY", &new_key()?),
            webhook_secret: webhook_secret.into(),
        })
    }

    /// Returns the App with its key as GitHub returns it: PKCS#1.
    pub(super) fn handed_out(id: u64, webhook_secret: &str) -> Result<Self> {
        let wrapped = new_key()?;
        let key = wrapped.get(WRAPPING..).context("no RSA key came")?;
        Ok(Self {
            id,
            key: pem("RSA PRIVATE KEY", key),
            webhook_secret: webhook_secret.into(),
        })
    }

    /// Returns the key that verifies the App's JWTs.
    fn public_key(&self) -> Result<DecodingKey> {
        let pem = self.key.as_bytes();
        if !self.key.contains("PRIVATE KEY") {
            return DecodingKey::from_rsa_pem(pem).context("while reading the App's public key");
        }
        let private = EncodingKey::from_rsa_pem(pem).context("while reading the App's key")?;
        let public = Jwk::from_encoding_key(&private, Algorithm::RS256);
        let public = public.context("while deriving the App's public key")?;
        Ok(DecodingKey::from_jwk(&public)?)
    }
}

/// How many bytes PKCS#8 puts before a 2048-bit key in PKCS#1.
const WRAPPING: usize = 26;

/// Generates a private key: DER, PKCS#8.
fn new_key() -> Result<Vec<u8>> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| anyhow!("no RSA key came"))?;
    let der = pair.as_der().map_err(|_| anyhow!("no RSA key came"))?;
    Ok(der.as_ref().to_vec())
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// The App as GitHub stores it.
pub(super) struct App {
    pub id: u64,
    pub slug: String,
    pub name: String,
    pub key: DecodingKey,
    pub secret: String,
    pub permissions: Permissions,
    /// The events that the App subscribes to.
    pub events: Vec<String>,
}

/// The permissions of the manifest.
const PERMISSIONS: &[(&str, Level)] = &[
    ("metadata", Level::Read),
    ("contents", Level::Write),
    ("pull_requests", Level::Write),
    ("issues", Level::Write),
    ("checks", Level::Write),
    ("security_events", Level::Write),
    ("members", Level::Read),
];

/// The events of the manifest.
const EVENTS: &[&str] = &[
    "push",
    "pull_request",
    "issues",
    "issue_comment",
    "check_run",
    "check_suite",
    "repository",
];

impl App {
    pub fn new(identity: &AppIdentity) -> Result<Self> {
        let permissions = PERMISSIONS.iter();
        let permissions = permissions
            .map(|(name, level)| ((*name).to_owned(), *level))
            .collect();
        let events = EVENTS.iter().map(|event| (*event).to_owned()).collect();
        Self::named("DriftGuard", identity, permissions, events)
    }

    /// Creates an App of this name; GitHub derives the slug from it.
    pub fn named(
        name: &str,
        identity: &AppIdentity,
        permissions: Permissions,
        events: Vec<String>,
    ) -> Result<Self> {
        let words = name.to_lowercase();
        let words = words.split(|c: char| !c.is_ascii_alphanumeric());
        let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
        Ok(Self {
            id: identity.id,
            slug: words.join("-"),
            name: name.into(),
            key: identity.public_key()?,
            secret: identity.webhook_secret.clone(),
            permissions,
            events,
        })
    }

    /// Returns the App's login.
    pub fn bot(&self) -> String {
        format!("{}[bot]", self.slug)
    }
}
