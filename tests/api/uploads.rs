//! What an uploaded scan reads besides the upload: installed modules, and AWS with whose credentials.

use super::site::Api;
use super::{FORM, form};
use crate::database::{Database, on_both};
use driftguard::model::{ApiKey, ApiScope, InstallationId};
use driftguard::standin::github::Fault;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Method;
use serde_json::{Value, json};

on_both!(
    the_modules_that_init_installed_are_read_from_the_archive,
    the_servers_own_credentials_are_for_the_owners_that_it_names,
);

const STATE: &[u8] =
    br#"{"version": 4, "serial": 1, "lineage": "l", "terraform_version": "1.11.4", "resources": []}"#;
const CODE: &str = r#"
module "queue" {
  source  = "acme/queue/aws"
  version = "~> 1.2"
  name    = "orders"
}
"#;
const MODULE: &str =
    "variable \"name\" {}\nresource \"aws_sqs_queue\" \"this\" {\n  name = var.name\n}\n";
const MANIFEST: &str = r#"{"Modules": [{"Key": "", "Source": "", "Dir": "."},
  {"Key": "queue", "Source": "registry.terraform.io/acme/queue/aws", "Version": "1.2.3",
   "Dir": ".terraform/modules/queue"}]}"#;

fn packed(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, path, text.as_bytes())
            .unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

/// Creates a workspace without a role.
async fn workspace(api: &Api, key: &ApiKey) -> super::site::Answer {
    let wish = json!({"name": "queues", "region": "us-east-1"});
    api.post(key, "/api/v1/workspaces", &wish).await
}

/// Scans this code in a workspace. Returns the ended scan.
async fn scan(api: &Api, key: &ApiKey, workspace: &Value, files: &[(&str, &str)]) -> Value {
    let path = format!(
        "/api/v1/workspaces/{}/scans",
        workspace["id"].as_str().unwrap()
    );
    let body = form(&[("state", STATE), ("code", &packed(files))]);
    let started = api.ask(Method::POST, &path, Some(key), &[FORM], body).await;
    assert_eq!(started.status, 202, "{started:?}");
    api.ended(key, started.json()["id"].as_str().unwrap()).await
}

async fn the_modules_that_init_installed_are_read_from_the_archive(database: Database) {
    let api = Api::start(database, "http://127.0.0.1:9").await;
    let key = api.key(InstallationId::LOCAL, ApiScope::Write).await;
    let created = workspace(&api, &key).await.json();
    let main = ("main.tf", CODE);
    let notes = async |files: &[(&str, &str)]| {
        let done = scan(&api, &key, &created, files).await;
        assert_eq!(done["status"], "done", "{done}");
        done["report"]["stacks"][0]["notes"].to_string()
    };
    let alone = notes(&[main]).await;
    assert!(alone.contains("module `queue` is not installed"), "{alone}");
    let module = (".terraform/modules/queue/main.tf", MODULE);
    let manifest = (".terraform/modules/modules.json", MANIFEST);
    let whole = notes(&[main, module, manifest]).await;
    assert!(!whole.contains("module `queue`"), "{whole}");
    api.stop().await;
}

async fn the_servers_own_credentials_are_for_the_owners_that_it_names(database: Database) {
    let settings = [("GITHUB_APP_ID", "7"), ("DRIFTGUARD_AWS_AMBIENT", "acme")];
    let api = Api::start_as(database, "http://127.0.0.1:9", &settings).await;
    let acme = InstallationId(api.github.install("acme").await);
    let other = InstallationId(api.github.install("globex").await);
    for (installation, name, id) in [(acme, "acme/shop", 10), (other, "globex/site", 20)] {
        api.installed(installation, name, id).await;
    }
    let key = api.key(acme, ApiScope::Write).await;
    let created = workspace(&api, &key).await;
    assert_eq!(created.status, 201, "{created:?}");
    let done = scan(&api, &key, &created.json(), &[("main.tf", "")]).await;
    assert_eq!(done["status"], "done", "{done}");

    let stranger = api.key(other, ApiScope::Write).await;
    let refused = workspace(&api, &stranger).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(
        refused.text.contains("not for this organisation"),
        "{refused:?}"
    );

    // What GitHub does not say is no yes.
    api.github.fail_all(Some(Fault::Status(503)));
    let unknown = workspace(&api, &key).await;
    assert_eq!(unknown.status, 503, "{unknown:?}");
    let failed = scan(&api, &key, &created.json(), &[("main.tf", "")]).await;
    assert_eq!(failed["status"], "failed", "{failed}");
    let problem = failed["problem"].as_str().unwrap();
    assert!(problem.contains("GitHub does not say"), "{problem}");
    api.stop().await;
}
