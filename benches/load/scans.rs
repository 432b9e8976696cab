//! A stack that is scanned while people look at pages: its code at GitHub, its volumes in AWS, the years before it in the
//! database.

use super::fill::SCANNED;
use super::player::Player;
use super::world::World;
use anyhow::{Context, Result, ensure};
use driftguard::model::{RepositoryInfo, RepositoryName, StackName, WorkspaceId};
use driftguard::standin::github::Content;
use driftguard::standin::moto::Moto;
use driftguard::store::{StackSchedule, Store};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How many volumes the stack has; one in ten at least was changed by hand.
const VOLUMES: usize = 300;
/// How many volumes a file declares.
const IN_A_FILE: usize = 10;
/// How long a scan may take.
const TIMEOUT: Duration = Duration::from_secs(120);
/// How often a scan's end is asked for.
const ASKED: Duration = Duration::from_millis(50);

/// The stack.
pub struct ScannedStack {
    workspace: WorkspaceId,
    installation: driftguard::model::InstallationId,
    store: Store,
}

impl ScannedStack {
    /// Creates the volumes, pushes the code, and puts the stack into the database.
    pub async fn create(world: &World, aws: &Moto, database: &str) -> Result<Self> {
        let repository = &world.scanned;
        let mut files = vec![(
            ".driftguard.yml".to_owned(),
            "version: 1\nwho: off\n".to_owned(),
        )];
        files.extend(code(&create_volumes(aws.url()).await?));
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (path.as_str(), Content::from(text.as_str())))
            .collect();
        world
            .github
            .push(&repository.name, "main", "alice", &files)
            .await;
        let store = Store::connect(database).await?;
        let tenant = store.of(world.installation);
        let info = RepositoryInfo {
            id: repository.id,
            name: RepositoryName::new(&repository.name).context("no name of a repository")?,
            default_branch: Some("main".to_owned()),
            private: true,
        };
        tenant.save_repository(&info, SCANNED).await?;
        let stack = StackName::new("infra").context("no name of a stack")?;
        let scheduled = StackSchedule {
            stack: stack.clone(),
            schedule: "off".to_owned(),
            next_at: None,
        };
        tenant.save_stack(repository.id, &scheduled).await?;
        Ok(Self {
            workspace: WorkspaceId {
                repository: repository.id,
                stack,
            },
            installation: world.installation,
            store,
        })
    }

    /// Scans it: how long the scan took, in milliseconds, from its beginning to its end.
    pub async fn scan(&self, player: &Player, key: &str) -> Result<i64> {
        let sender = ("authorization", key.to_owned());
        let path = format!("/api/v1/workspaces/{}/scans", self.workspace);
        let (status, body) = player.post(&path, &sender).await?;
        ensure!(status == 202, "{status} {}", String::from_utf8_lossy(&body));
        let started: Value = serde_json::from_slice(&body)?;
        let id = started["id"].as_str().context("no id of a scan")?;
        let began = Instant::now();
        while began.elapsed() < TIMEOUT {
            tokio::time::sleep(ASKED).await;
            let tenant = self.store.of(self.installation);
            let (repository, stack) = (self.workspace.repository, &self.workspace.stack);
            let requested = tenant.requested_scan(id).await?;
            let requested = requested.context("the request is gone")?.requested_at;
            let scans = tenant.scans_before(repository, stack, i64::MAX, 1).await?;
            let last = scans.first().filter(|it| it.course.begun_at >= requested);
            if let Some(last) = last {
                ensure!(last.problem.is_empty(), "{}", last.problem);
                let found: u64 = last.findings.iter().sum();
                ensure!(found as usize >= VOLUMES / 10, "{found} findings");
                return Ok(last.finished_at - last.course.begun_at);
            }
        }
        anyhow::bail!("the scan did not end")
    }
}

/// Creates the volumes, and returns their ids.
async fn create_volumes(url: &str) -> Result<Vec<String>> {
    let client = reqwest::Client::new();
    let mut ids = Vec::new();
    for number in 0..VOLUMES {
        let size = if number % 10 == 0 { 30 } else { 20 };
        let answer = client
            .post(url)
            .header("authorization", "AWS4-HMAC-SHA256 Credential=demo/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!(
                "Action=CreateVolume&Version=2016-11-15&AvailabilityZone=us-east-1a&VolumeType=gp2&Size={size}\
                 &TagSpecification.1.ResourceType=volume&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=v{number}"
            ))
            .send()
            .await?
            .text()
            .await?;
        let id = answer.split("<volumeId>").nth(1);
        let id = id.and_then(|rest| rest.split('<').next());
        ids.push(id.context("moto created no volume")?.to_owned());
    }
    Ok(ids)
}

/// Writes the files of the stack, with its state.
fn code(ids: &[String]) -> Vec<(String, String)> {
    let head = "terraform {\n  backend \"local\" {\n    path = \"terraform.tfstate\"\n  }\n}\n\nprovider \"aws\" {\n  \
                region = \"us-east-1\"\n}\n";
    let block = |number: &usize| {
        format!(
            "\nresource \"aws_ebs_volume\" \"v{number}\" {{\n  availability_zone = \"us-east-1a\"\n  size              = 20\n  \
             type              = \"gp2\"\n\n  tags = {{\n    Name = \"v{number}\"\n  }}\n}}\n"
        )
    };
    let numbers: Vec<_> = (0..ids.len()).collect();
    let parts = numbers.chunks(IN_A_FILE).enumerate().map(|(at, some)| {
        let text: String = some.iter().map(block).collect();
        (format!("infra/volumes{at}.tf"), text)
    });
    let mut files: Vec<_> = parts.collect();
    files.push(("infra/main.tf".to_owned(), head.to_owned()));
    let resources: Vec<_> = ids.iter().enumerate().map(resource).collect();
    let state = json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "6f0c2e0a-0000-0000-0000-000000000001",
        "outputs": {}, "check_results": null, "resources": resources,
    });
    files.push(("infra/terraform.tfstate".to_owned(), state.to_string()));
    files
}

fn resource((number, id): (usize, &String)) -> Value {
    let tags = json!({"Name": format!("v{number}")});
    let attributes = json!({
        "arn": format!("arn:aws:ec2:us-east-1:123456789012:volume/{id}"), "availability_zone": "us-east-1a",
        "encrypted": false, "final_snapshot": false, "id": id, "iops": 100, "kms_key_id": "", "multi_attach_enabled": false,
        "outpost_arn": "", "size": 20, "snapshot_id": "", "tags": tags, "tags_all": tags, "throughput": 0, "timeouts": null,
        "type": "gp2",
    });
    json!({
        "mode": "managed", "type": "aws_ebs_volume", "name": format!("v{number}"),
        "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
        "instances": [{"schema_version": 0, "attributes": attributes, "sensitive_attributes": []}]
    })
}
