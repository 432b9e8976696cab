//! The App: its key, its secret, what it may do.

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
    /// RSA, PEM: the private key, or its public half.
    pub key: String,
    /// Signs the deliveries.
    pub webhook_secret: String,
}

impl fmt::Debug for AppIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppIdentity({})", self.id)
    }
}

impl AppIdentity {
    /// An App with a new private key (PKCS#8).
    pub fn fresh(id: u64, webhook_secret: &str) -> Result<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| anyhow!("no RSA key came"))?;
        let der = pair.as_der().map_err(|_| anyhow!("no RSA key came"))?;
        let text = STANDARD.encode(der.as_ref());
        let lines: Vec<_> = text
            .as_bytes()
            .chunks(64)
            .map(String::from_utf8_lossy)
            .collect();
        Ok(Self {
            id,
            key: format!(
                "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
                lines.join("\n")
            ),
            webhook_secret: webhook_secret.into(),
        })
    }

    /// The key that its JWTs are checked with.
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

/// The App as GitHub keeps it.
pub(super) struct App {
    pub id: u64,
    pub slug: &'static str,
    pub name: &'static str,
    pub key: DecodingKey,
    pub secret: String,
    pub permissions: Permissions,
}

/// What the App asks for: the manifest's permissions.
const PERMISSIONS: &[(&str, Level)] = &[
    ("metadata", Level::Read),
    ("contents", Level::Write),
    ("pull_requests", Level::Write),
    ("issues", Level::Write),
    ("checks", Level::Write),
    ("security_events", Level::Write),
    ("members", Level::Read),
];

/// What the App listens to, beside what reaches every App.
pub(super) const EVENTS: &[&str] = &[
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
        Ok(Self {
            id: identity.id,
            slug: "driftguard",
            name: "DriftGuard",
            key: identity.public_key()?,
            secret: identity.webhook_secret.clone(),
            permissions: permissions
                .map(|(name, level)| ((*name).to_owned(), *level))
                .collect(),
        })
    }

    /// The login under which the App acts.
    pub fn bot(&self) -> String {
        format!("{}[bot]", self.slug)
    }
}
