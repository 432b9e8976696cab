//! A server with its API, two installations, and what scripts ask of it.

use crate::database::Database;
pub use crate::pages::site::SCANNED;
use crate::pages::site::record_scans;
use crate::report::world;
use driftguard::aws::{Access, Aws};
use driftguard::cli::serve;
use driftguard::config::Config;
use driftguard::model::{ApiKey, ApiScope, InstallationId, RepositoryId, WorkspaceId};
use driftguard::queue::orders::order_id;
use driftguard::standin::github::{AppIdentity, GitHub};
use driftguard::store::{ApiDecision, ApiKeyRecord, DecisionStatus, KeyOwner, Store};
use driftguard::web::api::new_key;
use http::Method;
use serde_json::Value;
use std::net::TcpListener;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub const KEY: &str = "0123456789abcdef0123456789abcdef";
pub const ACME: InstallationId = InstallationId(1);
pub const GLOBEX: InstallationId = InstallationId(2);

pub struct Api {
    pub store: Store,
    pub url: String,
    pub database: Database,
    pub github: GitHub,
    running: Option<(JoinHandle<anyhow::Result<()>>, oneshot::Sender<()>)>,
}

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub kind: String,
    pub retry_after: Option<u64>,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Api {
    /// Starts a server that reads AWS at this address, and acts as an App.
    pub async fn start(database: Database, aws: &str) -> Self {
        Self::start_as(database, aws, &[("GITHUB_APP_ID", "7")]).await
    }

    /// Starts a server that reads AWS at this address, with these settings besides.
    pub async fn start_as(database: Database, aws: &str, settings: &[(&str, &str)]) -> Self {
        let identity = AppIdentity::fresh(7, "a secret of the hook").unwrap();
        let github = GitHub::start(&identity, crate::openapi::validator());
        let github = github.await.unwrap();
        let address = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().to_string()
        };
        let config = Config::read(|name| {
            let text = match name {
                "GITHUB_PRIVATE_KEY" => identity.key.as_str(),
                "GITHUB_WEBHOOK_SECRET" => "hush",
                "GITHUB_API_URL" | "GITHUB_URL" => github.url(),
                "DRIFTGUARD_SECRET_KEY" => KEY,
                "DRIFTGUARD_LISTEN" => address.as_str(),
                "DATABASE_URL" => database.url.as_str(),
                _ => settings.iter().find(|(known, _)| *known == name)?.1,
            };
            Some(text.to_owned())
        });
        let own = Access {
            own: true,
            ..Access::default()
        };
        let aws = Aws::with_config(crate::aws::config(aws).await, own);
        let store = database.inbox().await.store;
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let task = tokio::spawn(serve::run_with(config.unwrap(), aws, stopped));
        let api = Self {
            store,
            url: format!("http://{address}"),
            database,
            github,
            running: Some((task, stop)),
        };
        let started = Instant::now();
        while reqwest::get(format!("{}/healthz", api.url)).await.is_err() {
            assert!(started.elapsed() < Duration::from_secs(30), "no server");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        api
    }

    pub async fn stop(mut self) {
        let (task, stop) = self.running.take().unwrap();
        stop.send(()).unwrap();
        task.await.unwrap().unwrap();
    }

    /// Puts an installation into the database, with what a scan of its repository found, and a decision, `d-{id}`.
    pub async fn installed(&self, installation: InstallationId, name: &str, id: u64) {
        let repository = (RepositoryId(id), name, true);
        record_scans(&self.store, installation, repository, &world().stacks).await;
        let decision = ApiDecision {
            workspace: WorkspaceId::parse(&format!("{id}.production")).unwrap(),
            finding: "f-00000000000a".to_owned(),
            status: DecisionStatus::Queued,
            problem: String::new(),
            requested_at: SCANNED,
        };
        let tenant = self.store.of(installation);
        let sent = order_id(&format!("d-{id}"));
        tenant.add_api_decision(&sent, &decision).await.unwrap();
    }

    /// Puts a key into the database.
    pub async fn key(&self, installation: InstallationId, scope: ApiScope) -> ApiKey {
        let key = new_key(scope).unwrap();
        let record = ApiKeyRecord {
            installation,
            owner: KeyOwner::Organisation,
            prefix: key.prefix().to_owned(),
            name: "a script".to_owned(),
            scope,
            created_by: String::new(),
            created_at: SCANNED,
            expires_at: None,
            used_at: None,
        };
        self.store.add_api_key(&key, &record).await.unwrap();
        key
    }

    pub async fn get(&self, key: &ApiKey, path: &str) -> Answer {
        self.ask(Method::GET, path, Some(key), &[], Vec::new())
            .await
    }

    pub async fn post(&self, key: &ApiKey, path: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        let body = body.to_string().into_bytes();
        self.ask(Method::POST, path, Some(key), &headers, body)
            .await
    }

    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        key: Option<&ApiKey>,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let client = reqwest::Client::new();
        let mut request = client.request(method, format!("{}{path}", self.url));
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {}", key.expose()));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(body).send().await.unwrap();
        let header = |name: &str| {
            let value = answer.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        Answer {
            status: answer.status().as_u16(),
            kind: header("content-type").unwrap_or_default(),
            retry_after: header("retry-after").map(|seconds| seconds.parse().unwrap()),
            text: answer.text().await.unwrap(),
        }
    }

    /// Waits for the end of a scan.
    pub async fn ended(&self, key: &ApiKey, scan: &str) -> Value {
        let started = Instant::now();
        loop {
            let found = self.get(key, &format!("/api/v1/scans/{scan}")).await;
            assert_eq!(found.status, 200, "{found:?}");
            let found = found.json();
            if found["status"] != "queued" && found["status"] != "running" {
                return found;
            }
            assert!(started.elapsed() < Duration::from_secs(120), "{found}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
