//! Accounts with ten repositories each, one repository in twenty of them made to do harm.

use anyhow::{Context, Result};
use driftguard::standin::github::{AppIdentity, CheckRun, Content, GitHub};
use driftguard::standin::moto::Moto;
use serde_json::json;
use std::time::{Duration, Instant};

/// How many repositories each account has.
const REPOSITORIES: usize = 10;
/// One repository in so many is hostile.
const HOSTILE: usize = 20;
/// The check of each stack: it lies in the folder `infra`.
const CHECK: &str = "DriftGuard / infra";

/// GitHub, AWS, and everybody in them.
pub struct Tenants {
    pub github: GitHub,
    pub aws: Moto,
    pub app: AppIdentity,
    pub repositories: Vec<Repository>,
    accounts: usize,
}

/// One repository.
pub struct Repository {
    /// `account/name`.
    pub name: String,
    pub hostile: bool,
}

impl Tenants {
    /// Makes GitHub, AWS, and all repositories with their code.
    pub async fn create(accounts: usize) -> Result<Self> {
        let app = AppIdentity::fresh(7, "a secret of the hook")?;
        let github = GitHub::start(&app, None).await?;
        let cache = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
        let python = Moto::install(&std::path::Path::new(&cache).join("moto")).await?;
        let aws = Moto::start(&python).await?;
        aws.reset().await?;
        let vpc = create_vpc(aws.url()).await?;
        let mut repositories = Vec::new();
        for number in 0..accounts * REPOSITORIES {
            let account = format!("acme{}", number % accounts);
            let name = format!("{account}/shop{number}");
            github.create_repository(&name, true);
            let hostile = is_hostile(number);
            for (path, text) in files(number, &vpc, hostile) {
                // Pushed one by one before the App is installed: nobody is told.
                github
                    .push(
                        &name,
                        "main",
                        "alice",
                        &[(path.as_str(), Content::from(text.as_str()))],
                    )
                    .await;
            }
            repositories.push(Repository { name, hostile });
        }
        Ok(Self {
            github,
            aws,
            app,
            repositories,
            accounts,
        })
    }

    /// The names of all accounts.
    pub fn accounts(&self) -> Vec<String> {
        (0..self.accounts)
            .map(|number| format!("acme{number}"))
            .collect()
    }

    /// Installs the App on each account.
    pub async fn install(&self) {
        for account in self.accounts() {
            self.github.install(&account).await;
        }
    }

    /// Waits until the newest commit of each repository has its check, for a while: how long it took.
    pub async fn until_scanned(&self, patience: Duration) -> Duration {
        let began = Instant::now();
        while began.elapsed() < patience
            && !self.repositories.iter().all(|found| self.is_done(found))
        {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        began.elapsed()
    }

    fn is_done(&self, repository: &Repository) -> bool {
        if repository.hostile {
            self.is_told(repository)
        } else {
            self.is_scanned(repository)
        }
    }

    /// Whether the newest check of the stack on the newest commit tells its one drift.
    pub fn is_scanned(&self, repository: &Repository) -> bool {
        let checks = self.newest_checks(&repository.name);
        let newest = checks.iter().rfind(|run| run.name == CHECK);
        newest.is_some_and(|run| run.title.starts_with("1 finding"))
    }

    /// Whether any check on the newest commit says how it went.
    pub fn is_told(&self, repository: &Repository) -> bool {
        !self.newest_checks(&repository.name).is_empty()
    }

    /// The checks on the newest commit of the default branch, the oldest first.
    fn newest_checks(&self, repository: &str) -> Vec<CheckRun> {
        let head = self.github.head(repository).unwrap_or_default();
        let mut runs = self.github.check_runs(repository);
        runs.retain(|run| run.commit == head);
        runs
    }
}

/// Whether a repository is made to do harm: one in each twenty, each time of another account, beside peaceful ones.
fn is_hostile(number: usize) -> bool {
    let (turn, place) = (number / HOSTILE, number % HOSTILE);
    place == (2 * turn + 1) % HOSTILE
}

/// Makes the one network that all stacks hold, and that somebody renamed: its id.
async fn create_vpc(url: &str) -> Result<String> {
    let answer = reqwest::Client::new()
        .post(url)
        .header("authorization", "AWS4-HMAC-SHA256 Credential=demo/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("Action=CreateVpc&Version=2016-11-15&CidrBlock=10.30.0.0/16&TagSpecification.1.ResourceType=vpc\
               &TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=renamed")
        .send()
        .await?
        .text()
        .await?;
    let id = answer
        .split("<vpcId>")
        .nth(1)
        .and_then(|rest| rest.split('<').next());
    Ok(id.context("moto made no VPC")?.to_owned())
}

fn files(number: usize, vpc: &str, hostile: bool) -> Vec<(String, String)> {
    let code = "terraform {\n  backend \"local\" {\n    path = \"terraform.tfstate\"\n  }\n}\n\nprovider \"aws\" {\n  \
                region = \"us-east-1\"\n}\n\nresource \"aws_vpc\" \"main\" {\n  cidr_block = \"10.30.0.0/16\"\n\n  \
                tags = {\n    Name = \"main\"\n  }\n}\n";
    let mut files = vec![
        (
            ".driftguard.yml".to_owned(),
            "version: 1\nwho: off\n".to_owned(),
        ),
        ("infra/main.tf".to_owned(), code.to_owned()),
        ("infra/terraform.tfstate".to_owned(), state(vpc)),
    ];
    if hostile {
        files.push(harm(number / HOSTILE));
    }
    files
}

/// A file that is made to do harm; each number another kind.
fn harm(kind: usize) -> (String, String) {
    let doubled = |name: &str, times: usize| {
        let steps = (1..=times).map(|at| {
            format!(
                "  {name}{at} = \"${{local.{name}{0}}}${{local.{name}{0}}}\"\n",
                at - 1
            )
        });
        format!(
            "  {name}0 = \"xxxxxxxxxxxxxxxx\"\n{}",
            steps.collect::<String>()
        )
    };
    let tf = |text: String| ("infra/harm.tf".to_owned(), text);
    match kind % 10 {
        0 => tf(format!("locals {{\n{}  c = replace(local.b16, \"x\", local.b16)\n}}\nresource \"aws_vpc\" \"b\" {{\n  tags = {{ a = local.c }}\n}}\n", doubled("b", 16))),
        1 => {
            let items: String = (0..60_000).map(|at| format!("\"v{at}\",")).collect();
            tf(format!("locals {{\n  s = toset([{items}])\n}}\nresource \"aws_vpc\" \"b\" {{\n  for_each = distinct(concat(local.s, local.s))\n}}\n"))
        }
        2 => tf(format!("locals {{\n  d = {}1{}\n}}\n", "(".repeat(50_000), ")".repeat(50_000))),
        3 => tf("locals {\n  f = [for a in range(1000) : [for b in range(1000) : [for c in range(1000) : \"${a}${b}${c}\"]]]\n}\nresource \"aws_vpc\" \"b\" {\n  tags = { a = join(\"\", flatten(local.f)) }\n}\n".to_owned()),
        4 => ("infra/zeros.tf".to_owned(), "\0".repeat(4_000_000)),
        5 => (".driftguard.yml".to_owned(), "version: 1\nstacks: &a [&b [&c [*a, *b, *c], *b], *a]\n".to_owned()),
        6 => {
            let modules: String = (0..3_000).map(|at| format!("module \"m{at}\" {{\n  source = \"./m\"\n  a = \"${{module.m{}.a}}\"\n}}\n", at + 1)).collect();
            tf(modules)
        }
        7 => tf(format!("locals {{\n  j = jsonencode({}{})\n}}\n", "[".repeat(5_000), "]".repeat(5_000))),
        8 => tf(format!("locals {{\n{}  f = format(\"%s%s%s%s\", local.b17, local.b17, local.b17, local.b17)\n  g = [for k in range(1024) : local.f]\n}}\nresource \"aws_vpc\" \"b\" {{\n  tags = {{ for k in local.g : k => k }}\n}}\n", doubled("b", 17))),
        _ => ("infra/terraform.tfstate".to_owned(), format!("{{\"version\": 4, \"resources\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000))),
    }
}

fn state(vpc: &str) -> String {
    let attributes = json!({
        "arn": format!("arn:aws:ec2:us-east-1:123456789012:vpc/{vpc}"), "assign_generated_ipv6_cidr_block": false,
        "cidr_block": "10.30.0.0/16", "dhcp_options_id": "default", "enable_dns_hostnames": false,
        "enable_dns_support": true, "enable_network_address_usage_metrics": false, "id": vpc,
        "instance_tenancy": "default", "ipv4_ipam_pool_id": null, "ipv4_netmask_length": null,
        "ipv6_association_id": "", "ipv6_cidr_block": "", "ipv6_cidr_block_network_border_group": "",
        "ipv6_ipam_pool_id": "", "ipv6_netmask_length": 0, "owner_id": "123456789012",
        "tags": {"Name": "main"}, "tags_all": {"Name": "main"}
    });
    json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "6f0c2e0a-0000-0000-0000-000000000001",
        "outputs": {}, "check_results": null,
        "resources": [{
            "mode": "managed", "type": "aws_vpc", "name": "main",
            "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
            "instances": [{"schema_version": 1, "attributes": attributes, "sensitive_attributes": []}]
        }]
    })
    .to_string()
}
