//! Runs moto's server, AWS on this machine, in a virtual environment of its own.

use super::{venv, wire};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{Request, Response, header};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// The Python package.
const PACKAGE: &str = "moto[server]==5.2.5";
/// How long moto may take to answer after the start.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// The first call, on which moto generates the ids of AWS's own policies: it comes before the seed, so that replayed
/// calls create the recorded ids.
const WARM_UP: &str = r#"{"method": "POST", "url": "/", "scope": "us-east-1/iam/aws4_request", "headers": {"content-type": "application/x-www-form-urlencoded"}, "body": "Action=ListPolicies&Version=2010-05-08&MaxItems=1"}"#;
/// The seed of moto's ids.
const SEED: u32 = 7;
/// Runs the server until its standard input closes: it ends with the process that started it, however that ends. moto
/// does not know CloudTrail's lookups: nobody called anything.
const PROGRAM: &str = r#"
import os, sys, threading
def watch():
    sys.stdin.read()
    os._exit(0)
threading.Thread(target=watch, daemon=True).start()
from moto.cloudtrail.responses import CloudTrailResponse
CloudTrailResponse.lookup_events = lambda self: '{"Events": []}'
from moto.server import main
main(sys.argv[1:])
"#;

/// A running server, which stops when it is dropped, if it was started here.
#[derive(Debug)]
pub struct Moto {
    url: String,
    _process: Option<Child>,
}

/// A recorded call, without its signature: moto only reads the credential scope.
#[derive(Debug, Deserialize)]
struct Call {
    method: String,
    url: String,
    scope: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
}

impl Moto {
    /// Installs moto into a virtual environment in this folder, unless it is there, and returns Python's path.
    ///
    /// # Errors
    /// When there is no Python 3 with venv, or its packages cannot be fetched.
    pub async fn install(folder: &Path) -> Result<PathBuf> {
        venv::install(folder, PACKAGE).await
    }

    /// Starts moto on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When it does not answer within a minute.
    pub async fn start(python: &Path) -> Result<Self> {
        let (listener, url) = wire::listen().await?;
        let port = listener.local_addr()?.port().to_string();
        drop(listener);
        let process = Command::new(python)
            .args(["-c", PROGRAM, "-H", "127.0.0.1", "-p", &port])
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("while starting moto with {}", python.display()))?;
        let moto = Self {
            url,
            _process: Some(process),
        };
        let answers = async {
            while moto.control("/moto-api/").await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(START_TIMEOUT, answers)
            .await
            .context("moto does not answer within a minute")?;
        Ok(moto)
    }

    /// Returns the server at this address, without a trailing slash, which runs already.
    pub fn at(url: String) -> Self {
        Self {
            url,
            _process: None,
        }
    }

    /// Returns the address: `http://127.0.0.1:PORT`, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Deletes everything.
    ///
    /// # Errors
    /// When moto does not answer.
    pub async fn reset(&self) -> Result<()> {
        self.control("/moto-api/reset").await?;
        self.send(serde_json::from_str(WARM_UP)?).await?;
        self.control(&format!("/moto-api/seed?a={SEED}")).await
    }

    /// Replays recorded calls, one per line: after `reset` what they create has the recorded ids.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn replay(&self, calls: &str) -> Result<()> {
        for line in calls.lines() {
            self.send(serde_json::from_str(line).context("while reading a recorded call")?)
                .await?;
        }
        Ok(())
    }

    /// Puts an object into a bucket, which is created if necessary.
    ///
    /// # Errors
    /// When S3 refuses.
    pub async fn put_object(&self, bucket: &str, key: &str, text: &str) -> Result<()> {
        let put = |url: String, body: &str| Call {
            method: "PUT".to_owned(),
            url,
            scope: "us-east-1/s3/aws4_request".to_owned(),
            headers: BTreeMap::new(),
            body: body.to_owned(),
        };
        self.send(put(format!("/{bucket}"), "")).await?;
        self.send(put(format!("/{bucket}/{key}"), text)).await
    }

    async fn control(&self, path: &str) -> Result<()> {
        let method = if path.ends_with('/') { "GET" } else { "POST" };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        answered(wire::send(request.body(Bytes::new())?).await?, path)
    }

    async fn send(&self, call: Call) -> Result<()> {
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential=demo/20260101/{}, SignedHeaders=host, Signature=0",
            call.scope
        );
        let mut request = Request::builder()
            .method(call.method.as_str())
            .uri(format!("{}{}", self.url, call.url))
            .header(header::AUTHORIZATION, signature);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        // A write without a body says so: moto asks for its length.
        if call.body.is_empty() && matches!(call.method.as_str(), "PUT" | "POST") {
            request = request.header(header::CONTENT_LENGTH, 0);
        }
        let answer = wire::send(request.body(Bytes::from(call.body))?).await?;
        // Terraform asks for what may not be there; the answer uses up ids all the same.
        if matches!(call.method.as_str(), "GET" | "HEAD") {
            return Ok(());
        }
        answered(answer, &call.url)
    }
}

fn answered(answer: Response<Bytes>, to: &str) -> Result<()> {
    if !answer.status().is_success() {
        bail!(
            "moto answered {} to {to}: {}",
            answer.status(),
            String::from_utf8_lossy(answer.body())
        );
    }
    Ok(())
}
