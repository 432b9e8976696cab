//! GitHub, AWS, STS and the bot in this process, for stories that last days.

use crate::app::{OpenDoor, Working};
use crate::aws::{self, OwnMoto, shop};
use crate::database::Database;
use driftguard::queue::inbox::Inbox;
use driftguard::queue::worker::WorkerConfig;
use driftguard::standin::github::{
    AppIdentity, CheckRun, Comment, Content, GitHub, Issue, PullRequest,
};
use driftguard::standin::registry::Registry;
use driftguard::standin::sts::{Sts, Trust};
use std::time::{Duration, Instant};

pub const REPOSITORY: &str = "acme/shop";
pub const ROLE: &str = "arn:aws:iam::123456789012:role/driftguard";
pub const ADOPT: &str = "driftguard/infra-production/adopt";
pub const RESTORE: &str = "driftguard/infra-production/restore";
pub const ACCEPT: &str = "driftguard-accept";
pub const ONBOARDING: &str = "driftguard-onboarding";
pub const STACK: &str = "infra-production";

/// The code of the shop, without settings.
pub const CODE: &[(&str, &str)] = &[
    (
        "infra/production/access.tf",
        include_str!("../../src/cli/demo/repo/infra/production/access.tf"),
    ),
    (
        "infra/production/backend.tf",
        include_str!("../../src/cli/demo/repo/infra/production/backend.tf"),
    ),
    (
        "infra/production/network.tf",
        include_str!("../../src/cli/demo/repo/infra/production/network.tf"),
    ),
    (
        "infra/production/storage.tf",
        include_str!("../../src/cli/demo/repo/infra/production/storage.tf"),
    ),
    (
        "infra/production/terraform.tfvars",
        include_str!("../../src/cli/demo/repo/infra/production/terraform.tfvars"),
    ),
    (
        "infra/production/variables.tf",
        include_str!("../../src/cli/demo/repo/infra/production/variables.tf"),
    ),
    (
        "infra/production/web.tf",
        include_str!("../../src/cli/demo/repo/infra/production/web.tf"),
    ),
];

/// How a world is set up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setting {
    /// Whose AWS the server reads with its own credentials: `DRIFTGUARD_AWS_AMBIENT`.
    pub ambient: Option<&'static str>,
    /// A repository may name addresses of this machine.
    pub private_addresses: bool,
    /// How large a state may be.
    pub state_limit: Option<&'static str>,
    /// How long a scan may take.
    pub scan_timeout: Option<&'static str>,
    /// Modules of private repositories are read.
    pub private_modules: bool,
    /// The file with the tokens for HCP Terraform.
    pub hcp_tokens: Option<&'static str>,
}

pub struct World {
    pub github: GitHub,
    pub aws: OwnMoto,
    pub sts: Sts,
    /// What the server takes for the public registry of modules.
    pub registry: Registry,
    pub inbox: Inbox,
    pub installation: u64,
    /// The repository's name now.
    pub repository: String,
    pub database: Database,
    _door: OpenDoor,
    _worker: Working,
}

impl World {
    /// A shop with some code, the App not installed yet.
    pub async fn start(database: Database, setting: Setting) -> Self {
        let identity = AppIdentity::fresh(7, "a secret of the hook").unwrap();
        let github = GitHub::start(&identity, crate::openapi::validator())
            .await
            .unwrap();
        let moto = shop().await;
        let sts = Sts::start(moto.url(), []).await.unwrap();
        let registry = Registry::start().await.unwrap();
        let settings = |name: &str| match name {
            "GITHUB_API_URL" => Some(github.url().to_owned()),
            // A week passes in seconds.
            "DRIFTGUARD_GITHUB_POINTS" => Some("1000000".to_owned()),
            "DATABASE_URL" => Some(database.url.clone()),
            "DRIFTGUARD_AWS_AMBIENT" => setting.ambient.map(str::to_owned),
            "DRIFTGUARD_STATE_LIMIT" => setting.state_limit.map(str::to_owned),
            "DRIFTGUARD_HCP_TOKENS" => setting.hcp_tokens.map(str::to_owned),
            "DRIFTGUARD_SCAN_TIMEOUT" => setting.scan_timeout.map(str::to_owned),
            "DRIFTGUARD_MODULE_REGISTRIES" => {
                Some(format!("registry.terraform.io={}", registry.url()))
            }
            "DRIFTGUARD_PRIVATE_MODULES" => setting.private_modules.then(|| "1".to_owned()),
            "DRIFTGUARD_PRIVATE_ADDRESSES" => setting.private_addresses.then(|| "1".to_owned()),
            _ => None,
        };
        let inbox = database.inbox().await;
        let bot = crate::app::bot(&identity, &inbox, sts.url(), settings).await;
        let worker = Working::start(&inbox, bot, pace(), "week");
        let door = OpenDoor::open(&identity, &inbox).await;
        github.deliver_to(&door.address);
        github.create_repository(REPOSITORY, true);
        let files: Vec<_> = CODE
            .iter()
            .map(|(path, text)| (*path, Content::from(*text)))
            .collect();
        github.push(REPOSITORY, "main", "alice", &files).await;
        Self {
            github,
            aws: moto,
            sts,
            registry,
            inbox,
            installation: 0,
            repository: REPOSITORY.to_owned(),
            database,
            _door: door,
            _worker: worker,
        }
    }

    pub async fn install(&mut self) {
        self.installation = self.github.install("acme").await;
        self.idle().await;
    }

    /// Makes the role that a pull request asks for.
    pub fn make_role(&self, external_id: &str) {
        self.sts
            .trust(ROLE, Trust::ExternalId(external_id.to_owned()));
    }

    pub fn tenant(&self) -> driftguard::store::Tenant<'_> {
        let installation = driftguard::model::InstallationId(self.installation);
        self.inbox.store.of(installation)
    }

    pub async fn repository_id(&self) -> driftguard::model::RepositoryId {
        self.tenant().repositories().await.unwrap()[0].id
    }

    pub async fn push(&self, branch: &str, person: &str, files: &[(&str, &str)]) {
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (*path, Content::from(*text)))
            .collect();
        self.github
            .push(&self.repository, branch, person, &files)
            .await;
        self.idle().await;
    }

    /// A comment, and what was answered to it.
    pub async fn say(&self, issue: u64, person: &str, text: &str) -> Vec<String> {
        let before = self.comments().len();
        self.github
            .comment(&self.repository, issue, person, text)
            .await;
        self.idle().await;
        let comments = self.comments();
        let answers = comments.iter().skip(before);
        answers
            .filter(|comment| comment.author == "driftguard[bot]" && comment.issue == issue)
            .map(|comment| comment.body.clone())
            .collect()
    }

    /// Ticks the box whose line holds this text.
    pub async fn tick(&self, number: u64, person: &str, text: &str) {
        let mut ticked = 0;
        self.github
            .edit_body(&self.repository, number, person, |body| {
                let lines = body.split_inclusive('\n').map(|line| {
                    if line.starts_with("- [ ]") && line.contains(text) {
                        ticked += 1;
                        return line.replacen("- [ ]", "- [x]", 1);
                    }
                    line.to_owned()
                });
                lines.collect()
            })
            .await;
        assert_eq!(ticked, 1, "one box says {text}");
        self.idle().await;
    }

    pub async fn merge(&self, number: u64, person: &str) {
        self.github.merge(&self.repository, number, person).await;
        self.idle().await;
    }

    pub async fn close(&self, number: u64, person: &str) {
        self.github.close(&self.repository, number, person).await;
        self.idle().await;
    }

    /// Somebody brings AWS back to the code.
    pub async fn repair(&self) {
        self.aws.reset().await.unwrap();
        self.aws.replay(aws::ACCOUNT).await.unwrap();
        self.aws
            .put_object(aws::BUCKET, aws::KEY, aws::STATE)
            .await
            .unwrap();
    }

    /// Waits until no job is left.
    pub async fn idle(&self) {
        let end = Instant::now() + Duration::from_secs(240);
        loop {
            let standing = self.inbox.counts().await.unwrap();
            if standing.waiting + standing.running == 0 {
                return;
            }
            if Instant::now() >= end {
                let jobs = self.inbox.jobs().await.unwrap();
                panic!("the jobs do not end: {standing:?}, {jobs:#?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn pulls(&self) -> Vec<PullRequest> {
        self.github.pull_requests(&self.repository)
    }

    /// The open pull request of a branch.
    pub fn open(&self, branch: &str) -> PullRequest {
        let mut open = self
            .pulls()
            .into_iter()
            .filter(|pull| pull.open && pull.branch == branch);
        let pull = open
            .next()
            .unwrap_or_else(|| panic!("no pull request is open on {branch}: {:#?}", self.pulls()));
        assert!(open.next().is_none(), "one drift, one pull request");
        pull
    }

    pub fn is_open(&self, branch: &str) -> bool {
        self.pulls()
            .iter()
            .any(|pull| pull.open && pull.branch == branch)
    }

    pub fn comments(&self) -> Vec<Comment> {
        self.github.comments(&self.repository)
    }

    pub fn dashboard(&self) -> Issue {
        let mut issues = self.github.issues(&self.repository);
        assert_eq!(issues.len(), 1, "one dashboard a repository");
        issues.remove(0)
    }

    /// The newest check of the stack.
    pub fn check(&self) -> CheckRun {
        let name = format!("DriftGuard / {STACK}");
        let runs = self.github.check_runs(&self.repository);
        let newest = runs.into_iter().rfind(|run| run.name == name);
        newest.expect("the stack has a check")
    }

    /// The id of the finding about this address, as the dashboard or a body names it.
    pub fn finding(&self, address: &str) -> String {
        let bodies = [self.dashboard().body];
        let lines = bodies.iter().flat_map(|body| body.lines());
        let mut found = lines
            .filter(|line| line.contains(address) && line.contains("<!-- driftguard: "))
            .filter_map(|line| line.split_whitespace().find(|word| word.starts_with("f-")));
        found
            .next()
            .unwrap_or_else(|| panic!("{address} is in {bodies:?}"))
            .to_owned()
    }

    pub fn file(&self, branch: &str, path: &str) -> String {
        let bytes = self.github.file(&self.repository, branch, path);
        String::from_utf8(bytes.unwrap_or_else(|| panic!("{branch} has no {path}"))).unwrap()
    }
}

/// As fast as it goes.
fn pace() -> WorkerConfig {
    WorkerConfig {
        slots: 4,
        poll: Duration::from_millis(20),
        pause: Duration::from_millis(20),
        // The stories wait for nothing that the clock brings.
        sweep: Duration::from_secs(3600),
        redelivery_interval: Duration::from_secs(3600),
        ..WorkerConfig::default()
    }
}
