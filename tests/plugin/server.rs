//! A push to a server that has providers: what they read, with which credentials, and what they cannot reach.

use super::fake::Fake;
use super::folder::platform;
use super::sandbox::{Open, mode, skips};
use crate::database::Database;
use crate::end_to_end::{ROLE, World};
use driftguard::aws::session_policy;
use driftguard::model::{ApiScope, InstallationId};
use driftguard::standin::sts::{Sts, Trust};
use driftguard::store::{ApiKeyRecord, KeyOwner};
use driftguard::web::api::new_key;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const CODE: &str = r#"
terraform {
  backend "s3" {
    bucket = "queue-states"
    key    = "queue.tfstate"
    region = "us-east-1"
  }
}

provider "aws" {
  region = "eu-west-1"
}

resource "aws_sqs_queue" "orders" {
  name                       = "q"
  visibility_timeout_seconds = 30
}
"#;

const STATE: &str = r#"{"version": 4, "serial": 1, "lineage": "l", "terraform_version": "1.11.4", "resources": [
  {"mode": "managed", "type": "aws_sqs_queue", "name": "orders",
   "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
   "instances": [{"schema_version": 1, "attributes": {"id": "q", "arn": "arn:aws:sqs:eu-west-1:123456789012:q",
     "name": "q", "visibility_timeout_seconds": 30, "policy": null, "secret": null, "tags": null, "tags_all": {}}}]}]}"#;

/// A world with a server that has a provider which spies, and reads with a role.
struct Server {
    world: World,
    sts: Sts,
    open: Open,
    /// The server's data folder.
    data: TempDir,
    _providers: TempDir,
}

impl Server {
    /// Starts it. Returns it with the external id that its role's trust policy must have.
    async fn start() -> Self {
        let database = Database::sqlite().await;
        // As the server keeps its own, whatever the mask of this process is.
        let file = database.url.strip_prefix("sqlite://").unwrap();
        mode(Path::new(file).parent().unwrap(), 0o700);
        let mut world = World::prepare(database).await;
        world
            .aws
            .put_object("queue-states", "queue.tfstate", STATE)
            .await
            .unwrap();
        let (open, data, providers) = (
            Open::new(),
            TempDir::new().unwrap(),
            TempDir::new().unwrap(),
        );
        mode(data.path(), 0o700);
        let key = data.path().join("key.pem");
        fs::write(&key, "key").unwrap();
        let fake = Fake {
            behaviour: "spy",
            live: r#"{"visibility_timeout_seconds": 90}"#,
            records: &open.records(),
            tries: &[data.path().to_owned(), key.clone()],
        };
        let package = format!("registry.terraform.io/hashicorp/aws/9.9.9/{}", platform());
        fake.write(&providers.path().join(package));
        let sts = Sts::start(world.aws.url(), []).await.unwrap();
        world.sts = Some(sts.url().to_owned());
        let settings = [
            ("DRIFTGUARD_PROVIDERS", providers.path().to_owned()),
            ("DRIFTGUARD_DATA_DIR", data.path().to_owned()),
            ("GITHUB_PRIVATE_KEY_FILE", key),
        ];
        let settings = settings
            .map(|(name, path): (&str, PathBuf)| (name.to_owned(), path.display().to_string()));
        world.environment.extend(settings);
        Self {
            world,
            sts,
            open,
            data,
            _providers: providers,
        }
    }

    /// Starts the server, and has its role trust the repository. Returns the check of the queue's stack.
    async fn scan(&mut self) -> driftguard::standin::github::CheckRun {
        let code = [("infra/production/main.tf", CODE)];
        self.world.begin().await;
        let unread = [&code[..], &[(".driftguard.yml", "version: 1\n")]].concat();
        let commit = self.world.push(&unread).await;
        let check = self.world.checked(&commit).await;
        let mut parts = check.summary.split('`');
        let external_id = parts.find(|part| part.starts_with("driftguard-")).unwrap();
        self.sts
            .trust(ROLE, Trust::ExternalId(external_id.to_owned()));
        let settings = format!("version: 1\nunmanaged: off\naws:\n  role_arn: {ROLE}\n");
        let commit = self.world.push(&[(".driftguard.yml", &settings)]).await;
        self.world.scanned(&commit).await
    }
}

#[tokio::test]
async fn on_the_server_a_provider_reads_in_a_sandbox_with_credentials_that_only_read() {
    if skips() {
        return;
    }
    let mut server = Server::start().await;
    let check = server.scan().await;
    assert!(
        check.title.starts_with("1 finding"),
        "{}\n{}",
        check.title,
        server.world.log()
    );
    let read = |name: &str| fs::read_to_string(server.open.records().join(name)).unwrap();
    // The parent's environment, descriptors and memory, the data folder, a key.
    let tried = read("tried");
    assert_eq!(tried.lines().count(), 5, "{tried}");
    for line in tried.lines() {
        assert!(line.ends_with(" false"), "{line}");
    }
    let given = read("given");
    for secret in [
        "0123456789abcdef0123456789abcdef",
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_",
        "DATABASE_URL",
    ] {
        assert!(!given.contains(secret), "{given}");
    }
    let narrowed = server
        .sts
        .sessions()
        .into_iter()
        .filter(|session| session.policy.is_some());
    let narrowed: Vec<_> = narrowed.collect();
    assert!(!narrowed.is_empty());
    for session in &narrowed {
        assert_eq!(session.policy.as_deref(), Some(&*session_policy(false)));
        let arn = session.policy_arn.as_deref();
        assert_eq!(arn, Some("arn:aws:iam::aws:policy/ReadOnlyAccess"));
    }
    // As bytes of its configuration.
    let configuration = read("configuration");
    let is_given = |key: &str| {
        let bytes: Vec<_> = key.bytes().map(|byte| byte.to_string()).collect();
        configuration.contains(&bytes.join(", "))
    };
    assert!(
        narrowed.iter().any(|session| is_given(&session.access_key)),
        "{configuration}"
    );
    let others = server
        .sts
        .sessions()
        .into_iter()
        .filter(|session| session.policy.is_none());
    for session in others {
        assert!(!is_given(&session.access_key));
    }
}

#[tokio::test]
async fn where_no_sandbox_is_to_be_had_nothing_is_started_and_the_stack_says_why() {
    let mut server = Server::start().await;
    mode(server.data.path(), 0o755);
    let check = server.scan().await;
    let said = format!("{}\n{}", check.summary, check.text);
    assert!(said.contains("no provider was started"), "{said}");
    assert!(!server.open.records().join("given").exists());
    assert!(server.world.log().contains("providers are not used"));
}

#[tokio::test]
async fn a_workspace_of_the_api_with_a_role_is_read_by_the_provider_as_well() {
    if skips() {
        return;
    }
    let mut server = Server::start().await;
    server.world.begin().await;
    let key = new_key(ApiScope::Write).unwrap();
    let record = ApiKeyRecord {
        installation: InstallationId::LOCAL,
        prefix: key.prefix().to_owned(),
        name: "a script".to_owned(),
        scope: ApiScope::Write,
        owner: KeyOwner::Organisation,
        created_by: String::new(),
        created_at: 1,
        expires_at: None,
        used_at: None,
    };
    let store = server.world.database.inbox().await.store;
    store.add_api_key(&key, &record).await.unwrap();
    let client = reqwest::Client::new();
    let ask = async |path: &str, body: Option<Value>| -> Value {
        let address = server.world.address(path);
        let request = match &body {
            Some(body) => client.post(address).json(body),
            None => client.get(address),
        };
        let answer = request.bearer_auth(key.expose()).send().await.unwrap();
        answer.json().await.unwrap()
    };
    let wish = json!({"name": "queues", "region": "eu-west-1", "role_arn": ROLE});
    let workspace = ask("/api/v1/workspaces", Some(wish)).await;
    let external_id = workspace["external_id"].as_str().unwrap();
    server
        .sts
        .trust(ROLE, Trust::ExternalId(external_id.to_owned()));
    let scans = format!(
        "/api/v1/workspaces/{}/scans",
        workspace["id"].as_str().unwrap()
    );
    let started = ask(&scans, Some(serde_json::from_str(STATE).unwrap())).await;
    let path = format!("/api/v1/scans/{}", started["id"].as_str().unwrap());
    let mut found = Value::Null;
    for _ in 0..600 {
        found = ask(&path, None).await;
        if found["status"] != "queued" && found["status"] != "running" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(found["status"], "done", "{found}\n{}", server.world.log());
    let drift = &found["report"]["stacks"][0]["findings"][0];
    assert_eq!(drift["address"], "aws_sqs_queue.orders", "{found}");
    assert!(
        drift.to_string().contains("visibility_timeout_seconds"),
        "{drift}"
    );
}
