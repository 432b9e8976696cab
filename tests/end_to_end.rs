//! A signed push in, a pull request out: over HTTP only, the program as people run it.

use crate::aws::{CONSOLE, OwnMoto, PASSWORD, shop};
use crate::database::Database;
use driftguard::model::InstallationId;
use driftguard::queue::inbox::Inbox;
use driftguard::standin::github::{AppIdentity, Content, GitHub};
use driftguard::standin::sts::{Fault, Sts, Trust};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const REPOSITORY: &str = "acme/shop";
const ADOPT: &str = "driftguard/infra-production/adopt";
const RESTORE: &str = "driftguard/infra-production/restore";
const CHECK: &str = "DriftGuard / infra-production";

/// The files of the shop's repository.
pub const FILES: &[(&str, &str)] = &[
    (
        ".driftguard.yml",
        include_str!("../src/cli/demo/repo/.driftguard.yml"),
    ),
    (
        "infra/production/access.tf",
        include_str!("../src/cli/demo/repo/infra/production/access.tf"),
    ),
    (
        "infra/production/backend.tf",
        include_str!("../src/cli/demo/repo/infra/production/backend.tf"),
    ),
    (
        "infra/production/network.tf",
        include_str!("../src/cli/demo/repo/infra/production/network.tf"),
    ),
    (
        "infra/production/storage.tf",
        include_str!("../src/cli/demo/repo/infra/production/storage.tf"),
    ),
    (
        "infra/production/terraform.tfvars",
        include_str!("../src/cli/demo/repo/infra/production/terraform.tfvars"),
    ),
    (
        "infra/production/variables.tf",
        include_str!("../src/cli/demo/repo/infra/production/variables.tf"),
    ),
    (
        "infra/production/web.tf",
        include_str!("../src/cli/demo/repo/infra/production/web.tf"),
    ),
];

/// GitHub, AWS and a running server.
pub struct World {
    pub github: GitHub,
    pub aws: OwnMoto,
    app: AppIdentity,
    pub database: Database,
    folder: TempDir,
    server: Option<Child>,
    port: u16,
    pub installation: u64,
    /// Where roles are assumed; none: the server reads with its own credentials.
    pub sts: Option<String>,
    /// Where the rest of AWS is asked; none: the account itself.
    pub proxy: Option<String>,
    /// What else is in the server's environment.
    pub environment: Vec<(String, String)>,
}

impl World {
    /// With a server that reads AWS with its own credentials.
    async fn start(database: Database) -> Self {
        let mut world = Self::prepare(database).await;
        world.begin().await;
        world
    }

    pub async fn prepare(database: Database) -> Self {
        let app = AppIdentity::fresh(7, "a secret of the hook").unwrap();
        let github = GitHub::start(&app, crate::openapi::validator())
            .await
            .unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        github.deliver_to(&format!("http://127.0.0.1:{port}/webhooks/github"));
        let world = Self {
            github,
            aws: shop().await,
            app,
            database,
            folder: TempDir::new().unwrap(),
            server: None,
            port,
            installation: 0,
            sts: None,
            proxy: None,
            environment: Vec::new(),
        };
        world.github.create_repository(REPOSITORY, true);
        world
    }

    /// Starts the server, and installs the App.
    pub async fn begin(&mut self) {
        self.serve().await;
        self.installation = self.github.install("acme").await;
    }

    /// Starts the server, and waits until it is ready.
    async fn serve(&mut self) {
        self.server = Some(self.start_process("serve"));
        let address = format!("http://127.0.0.1:{}/readyz", self.port);
        self.until("the server is ready", async || {
            reqwest::get(&address)
                .await
                .is_ok_and(|answer| answer.status().is_success())
        })
        .await;
    }

    /// Starts `driftguard serve` or `driftguard worker`.
    fn start_process(&self, command: &str) -> Child {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .unwrap();
        let roles = match &self.sts {
            Some(sts) => ("AWS_ENDPOINT_URL_STS", sts.as_str()),
            None => ("DRIFTGUARD_AWS_AMBIENT", "1"),
        };
        let aws = self.proxy.as_deref().unwrap_or(self.aws.url());
        let process = Command::new(env!("CARGO_BIN_EXE_driftguard"))
            .arg(command)
            .env_clear()
            .env("RUST_LOG", "debug")
            .env("GITHUB_APP_ID", "7")
            .env("GITHUB_PRIVATE_KEY", &self.app.key)
            .env("GITHUB_WEBHOOK_SECRET", &self.app.webhook_secret)
            .env("GITHUB_API_URL", self.github.url())
            .env("DRIFTGUARD_GITHUB_POINTS", "1000000")
            .env("DRIFTGUARD_SECRET_KEY", "0123456789abcdef0123456789abcdef")
            .env("DRIFTGUARD_LISTEN", format!("127.0.0.1:{}", self.port))
            .env(roles.0, roles.1)
            .env("DATABASE_URL", &self.database.url)
            .env("DRIFTGUARD_PRIVATE_ADDRESSES", "1")
            .env("AWS_ENDPOINT_URL", aws)
            .env("AWS_ACCESS_KEY_ID", "demo")
            .env("AWS_SECRET_ACCESS_KEY", "demo")
            .env("AWS_REGION", "us-east-1")
            .envs(self.environment.iter().cloned())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        process.unwrap()
    }

    /// Kills the server as a machine that loses power would.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    pub async fn push(&self, files: &[(&str, &str)]) -> String {
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (*path, Content::from(*text)))
            .collect();
        self.github
            .push(REPOSITORY, "main", "alice", &files)
            .await
            .to_string()
    }

    /// Waits until the stack's check stands on a commit.
    pub async fn scanned(&self, commit: &str) -> driftguard::standin::github::CheckRun {
        let check = || {
            self.github
                .check_runs(REPOSITORY)
                .into_iter()
                .find(|run| run.commit == commit && run.name == CHECK)
        };
        self.until("the commit is scanned", async || check().is_some())
            .await;
        check().unwrap()
    }

    /// Waits until any check stands on a commit.
    pub async fn checked(&self, commit: &str) -> driftguard::standin::github::CheckRun {
        let check = || {
            self.github
                .check_runs(REPOSITORY)
                .into_iter()
                .find(|run| run.commit == commit)
        };
        self.until("a check stands", async || check().is_some())
            .await;
        check().unwrap()
    }

    async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let end = Instant::now() + Duration::from_secs(90);
        while !holds().await {
            assert!(
                Instant::now() < end,
                "{what}: not within 90 s\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until no job is left.
    pub async fn idle(&self) {
        let inbox = self.database.inbox().await;
        self.until("no job is left", async || {
            let standing = inbox.counts().await.unwrap();
            standing.waiting + standing.running == 0
        })
        .await;
        inbox.close().await;
    }

    /// The address of the server.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where the server answers.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.url())
    }

    /// What a page of the server says.
    pub async fn page(&self, path: &str) -> String {
        reqwest::get(self.address(path))
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn pull(&self, branch: &str) -> driftguard::standin::github::PullRequest {
        let pulls = self.github.pull_requests(REPOSITORY);
        let mut found = pulls.into_iter().filter(|pull| pull.branch == branch);
        let pull = found
            .next()
            .unwrap_or_else(|| panic!("no pull request from {branch}\n{}", self.log()));
        assert!(found.next().is_none(), "one drift, one pull request");
        pull
    }

    fn text(&self, branch: &str, path: &str) -> String {
        let bytes = self.github.file(REPOSITORY, branch, path);
        String::from_utf8(bytes.unwrap_or_else(|| panic!("{branch} has no {path}"))).unwrap()
    }

    /// No secret left the process, and GitHub was asked for nothing that it does not know.
    fn assert_clean(&self) {
        let asked: String = self
            .github
            .requests()
            .iter()
            .map(|seen| format!("{} {}\n", seen.path, seen.body))
            .collect();
        let key = self.app.key.lines().nth(1).unwrap();
        for (place, text) in [("a request to GitHub", asked), ("the log", self.log())] {
            for secret in [PASSWORD, key, &self.app.webhook_secret, "ghs_"] {
                assert!(!text.contains(secret), "a secret is in {place}");
            }
        }
        assert_eq!(self.github.violations(), [""; 0]);
        // The embedded database, with what is not merged into it yet.
        if let Some(file) = self.database.url.strip_prefix("sqlite://") {
            for file in [file.to_owned(), format!("{file}-wal")] {
                let bytes = std::fs::read(file).unwrap_or_default();
                let found = bytes
                    .windows(PASSWORD.len())
                    .any(|window| window == PASSWORD.as_bytes());
                assert!(!found, "the password is in the database");
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn a_push_opens_the_pull_requests_that_fix_the_drift(database: Database) {
    let world = World::start(database).await;
    world.aws.replay(CONSOLE).await.unwrap();
    let commit = world.push(FILES).await;
    let check = world.scanned(&commit).await;
    assert_eq!(check.conclusion.as_deref(), Some("neutral"));
    assert_eq!(check.title, "7 findings: 2 critical, 2 high, 2 low, 1 info");

    let adopt = world.pull(ADOPT);
    assert!(adopt.open && adopt.author == "driftguard[bot]" && adopt.labels == ["drift"]);
    assert_eq!(adopt.commits.len(), 1);
    assert!(adopt.commits[0].1, "GitHub signs it");
    assert_eq!(
        world.github.changed(REPOSITORY, ADOPT),
        [
            "infra/production/terraform.tfvars",
            "infra/production/web.tf"
        ]
    );
    let tfvars = FILES[5].1;
    assert_eq!(
        world.text(ADOPT, "infra/production/terraform.tfvars"),
        tfvars.replace("t3.small", "t3.xlarge")
    );

    let restore = world.pull(RESTORE);
    assert!(restore.open);
    assert_eq!(
        world.github.changed(REPOSITORY, RESTORE),
        ["infra/production/driftguard.tf"]
    );
    let marker = world.text(RESTORE, "infra/production/driftguard.tf");
    assert!(marker.lines().all(|line| line.starts_with('#')), "{marker}");
    insta::assert_snapshot!(
        "adopt_pull_request",
        format!("{}\n\n{}", adopt.title, adopt.body)
    );
    insta::assert_snapshot!(
        "restore_pull_request",
        format!("{}\n\n{}", restore.title, restore.body)
    );
    insta::assert_snapshot!(
        "check_run",
        format!("{}\n\n{}\n\n{}", check.title, check.summary, check.text)
    );
    world.assert_clean();
}

async fn the_next_scan_updates_it_and_repaired_drift_closes_it(database: Database) {
    let world = World::start(database).await;
    world.aws.replay(CONSOLE).await.unwrap();
    let first = world.push(FILES).await;
    world.scanned(&first).await;
    let number = world.pull(ADOPT).number;
    let again = world.push(&[("README.md", "The shop.\n")]).await;
    world.scanned(&again).await;
    assert_eq!(world.pull(ADOPT).number, number);
    assert_eq!(
        world.pull(ADOPT).commits.len(),
        1,
        "one commit, on the newest of main"
    );

    // Somebody brings AWS back to the code.
    world.aws.reset().await.unwrap();
    world.aws.replay(crate::aws::ACCOUNT).await.unwrap();
    world
        .aws
        .put_object(crate::aws::BUCKET, crate::aws::KEY, crate::aws::STATE)
        .await
        .unwrap();
    let repaired = world.push(&[("README.md", "The shop, repaired.\n")]).await;
    let check = world.scanned(&repaired).await;
    assert_eq!(check.title, "No drift");
    for branch in [ADOPT, RESTORE] {
        assert!(!world.pull(branch).open);
    }
    assert_eq!(world.github.comments(REPOSITORY).len(), 2);
    assert_eq!(world.github.branches(REPOSITORY), ["main"]);
    world.assert_clean();
}

async fn a_humans_no_stands_until_the_drift_changes(database: Database) {
    let world = World::start(database).await;
    world.aws.replay(CONSOLE).await.unwrap();
    let first = world.push(FILES).await;
    world.scanned(&first).await;
    world
        .github
        .close(REPOSITORY, world.pull(ADOPT).number, "alice")
        .await;
    let again = world.push(&[("README.md", "The shop.\n")]).await;
    world.scanned(&again).await;
    assert!(!world.pull(ADOPT).open);
    assert!(world.pull(RESTORE).open);
}

async fn a_kill_in_the_middle_of_a_scan_leaves_one_pull_request_in_the_end(database: Database) {
    let mut world = World::start(database).await;
    world.aws.replay(CONSOLE).await.unwrap();
    let commit = world.push(FILES).await;
    let asked = || {
        world
            .github
            .requests()
            .iter()
            .any(|seen| seen.path.contains("/git/trees"))
    };
    world.until("the scan is under way", async || asked()).await;
    world.kill();
    world.serve().await;
    world.scanned(&commit).await;
    assert!(world.pull(ADOPT).open && world.pull(RESTORE).open);
    world.assert_clean();
}

async fn wrong_settings_become_one_clear_check(database: Database) {
    let world = World::start(database).await;
    let commit = world
        .push(&[FILES, &[(".driftguard.yml", "version: 1\nunmanagd: off\n")]].concat())
        .await;
    let check = || {
        world
            .github
            .check_runs(REPOSITORY)
            .into_iter()
            .find(|run| run.commit == commit)
    };
    world
        .until("the check stands", async || check().is_some())
        .await;
    let check = check().unwrap();
    assert_eq!(
        (check.name.as_str(), check.title.as_str()),
        ("DriftGuard", "The settings cannot be read")
    );
    assert!(
        check.summary.contains(".driftguard.yml:2") && check.summary.contains("unmanagd"),
        "{}",
        check.summary
    );
    assert_eq!(world.github.pull_requests(REPOSITORY), []);
}

async fn of_a_public_repository_nothing_is_published_unless_it_allows_it(database: Database) {
    let world = World::start(database).await;
    world.aws.replay(CONSOLE).await.unwrap();
    let public = "acme/open";
    world.github.create_repository(public, false);
    let files: Vec<_> = FILES
        .iter()
        .map(|(path, text)| (*path, Content::from(*text)))
        .collect();
    world.github.push(public, "main", "alice", &files).await;
    // The shop's scan comes after it, so the public one is over.
    let commit = world.push(FILES).await;
    world.scanned(&commit).await;
    world
        .until("the public repository was read", async || {
            world
                .github
                .requests()
                .iter()
                .any(|seen| seen.path.starts_with("/repos/acme/open/tarball"))
        })
        .await;
    assert_eq!(world.github.pull_requests(public), []);
    assert_eq!(world.github.check_runs(public), []);

    let settings = "version: 1\npull_requests:\n  public: true\n";
    world
        .github
        .push(
            public,
            "main",
            "alice",
            &[(".driftguard.yml", Content::from(settings))],
        )
        .await;
    world
        .until("the pull request is open", async || {
            !world.github.pull_requests(public).is_empty()
        })
        .await;
}

/// A process that ends with the story.
struct Process(Child);

impl Process {
    /// Stops or continues it, as the kernel would.
    fn signal(&self, signal: &str) {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What GitHub was asked to change, and what the tables hold.
async fn written(world: &World, inbox: &Inbox) -> String {
    let requests = world.github.requests().into_iter();
    let writes = requests
        .filter(|seen| seen.method != "GET" && !seen.path.ends_with("/access_tokens"))
        .map(|seen| format!("{} {}", seen.method, seen.path));
    let tenant = inbox.store.of(InstallationId(world.installation));
    let repository = tenant.repositories().await.unwrap()[0].id;
    let scans = tenant.last_scans(repository, "infra-production", 100).await;
    format!(
        "{:#?}{:#?}{:#?}{:#?}{:#?}{:#?}{:#?}",
        writes.collect::<Vec<_>>(),
        scans.unwrap(),
        tenant.proposals(repository).await.unwrap(),
        tenant.decisions(repository).await.unwrap(),
        tenant.published_commits(repository).await.unwrap(),
        tenant.stacks(repository).await.unwrap(),
        tenant.dashboard(repository).await.unwrap(),
    )
}

/// With PostgreSQL, which several processes share. `before` is what the first process asks for when it is stopped.
async fn stopped_past_its_lease(before: &str) {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let mut world = World::prepare(database).await;
    world.aws.replay(CONSOLE).await.unwrap();
    world.push(FILES).await;
    world.github.slow_down(Duration::from_millis(200));
    world.begin().await;
    let first = Process(world.server.take().unwrap());
    let asked = || {
        let mut requests = world.github.requests().into_iter();
        requests.any(|seen| format!("{} {}", seen.method, seen.path).contains(before))
    };
    world.until("the scan is under way", async || asked()).await;
    first.signal("-STOP");

    // Another process makes the scan, once the lease ran out.
    world.github.slow_down(Duration::ZERO);
    let _second = Process(world.start_process("worker"));
    let inbox = world.database.inbox().await;
    let check = || world.github.check_runs(REPOSITORY).len();
    world
        .until("another process scans", async || {
            let standing = inbox.counts().await.unwrap();
            check() > 0 && standing.waiting + standing.running == 0
        })
        .await;
    let told = written(&world, &inbox).await;
    assert!(world.pull(ADOPT).open && world.pull(RESTORE).open);

    first.signal("-CONT");
    world
        .until("the first one finds its lease lost", async || {
            world.log().contains("lease on the repository was lost")
                || world.log().contains("a try comes later")
        })
        .await;
    world
        .until("nothing is left to do", async || {
            let standing = inbox.counts().await.unwrap();
            standing.waiting + standing.running == 0
        })
        .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_same_lines(&told, &written(&world, &inbox).await);
    world.assert_clean();
}

/// Compares line by line: a whole scan is too long to be read twice.
fn assert_same_lines(expected: &str, found: &str) {
    for (line, (expected, found)) in expected.lines().zip(found.lines()).enumerate() {
        assert_eq!(found, expected, "line {line}");
    }
    assert_eq!(found.lines().count(), expected.lines().count());
}

#[tokio::test]
async fn a_process_that_was_stopped_before_it_proposed_writes_nothing_once_its_lease_is_lost() {
    stopped_past_its_lease("GET /repos/acme/shop/tarball").await;
}

#[tokio::test]
async fn a_process_that_was_stopped_while_it_proposed_writes_nothing_once_its_lease_is_lost() {
    stopped_past_its_lease("POST /repos/acme/shop/git/trees").await;
}

/// The role that the tests' repository reads AWS with.
pub const ROLE: &str = "arn:aws:iam::123456789012:role/driftguard";

async fn a_repository_without_a_role_is_told_what_to_do_and_with_one_it_is_read(
    database: Database,
) {
    let mut world = World::prepare(database).await;
    world.aws.replay(CONSOLE).await.unwrap();
    let nobody = Sts::start(world.aws.url(), []).await.unwrap();
    world.sts = Some(nobody.url().to_owned());
    world.begin().await;
    let commit = world.push(FILES).await;
    let check = world.checked(&commit).await;
    assert_eq!(
        (check.title.as_str(), check.conclusion.as_deref()),
        ("A role is needed to read AWS", Some("neutral"))
    );
    assert!(check.text.contains("sts:AssumeRole") && check.text.contains("ec2:DescribeInstances"));
    let external_id = check
        .summary
        .split('`')
        .find(|part| part.starts_with("driftguard-"))
        .unwrap()
        .to_owned();
    assert_eq!(world.github.pull_requests(REPOSITORY), []);

    let strict = Sts::start(
        world.aws.url(),
        [(ROLE.to_owned(), Trust::ExternalId(external_id))],
    )
    .await
    .unwrap();
    world.kill();
    world.sts = Some(strict.url().to_owned());
    world.serve().await;
    let settings = format!("version: 1\naws:\n  role_arn: {ROLE}\n");
    let commit = world.push(&[(".driftguard.yml", &settings)]).await;
    let check = world.scanned(&commit).await;
    assert_eq!(check.title, "7 findings: 2 critical, 2 high, 2 low, 1 info");
    assert!(world.pull(ADOPT).open);
    world.assert_clean();
}

async fn a_role_that_lets_anybody_in_is_refused(database: Database) {
    let mut world = World::prepare(database).await;
    let open = Sts::start(world.aws.url(), [(ROLE.to_owned(), Trust::Anybody)])
        .await
        .unwrap();
    world.sts = Some(open.url().to_owned());
    world.begin().await;
    let settings = format!("version: 1\naws:\n  role_arn: {ROLE}\n");
    let commit = world
        .push(&[FILES, &[(".driftguard.yml", &settings)]].concat())
        .await;
    let check = world.checked(&commit).await;
    assert_eq!(check.title, "A role lets anybody in");
    assert!(
        check.summary.contains("sts:ExternalId"),
        "{}",
        check.summary
    );
    assert_eq!(world.github.pull_requests(REPOSITORY), []);
}

async fn a_role_that_aws_gives_no_clear_answer_about_is_not_used_yet(database: Database) {
    let mut world = World::prepare(database).await;
    let sts = Sts::start(world.aws.url(), [(ROLE.to_owned(), Trust::Anybody)])
        .await
        .unwrap();
    world.sts = Some(sts.url().to_owned());
    world.begin().await;
    let settings = format!("version: 1\naws:\n  role_arn: {ROLE}\n");
    let files = [FILES, &[(".driftguard.yml", &settings)]].concat();
    // The server's own credentials ran out: that is no refusal by the role.
    sts.fail_after(0, Fault::Error(403, "ExpiredToken"));
    let check = world.checked(&world.push(&files).await).await;
    assert_eq!(check.title, "A role could not be probed yet");
    assert_eq!(check.conclusion.as_deref(), Some("neutral"));
    assert!(check.summary.contains("tries again"), "{}", check.summary);
    sts.recover();
    let commit = world.push(&[("README.md", "A shop.")]).await;
    assert_eq!(world.checked(&commit).await.title, "A role lets anybody in");
    assert_eq!(world.github.pull_requests(REPOSITORY), []);
}

async fn a_role_that_only_the_code_names_is_never_assumed(database: Database) {
    let mut world = World::prepare(database).await;
    let named = "arn:aws:iam::123456789012:role/terraform";
    let sts = Sts::start(world.aws.url(), [(named.to_owned(), Trust::Anybody)])
        .await
        .unwrap();
    world.sts = Some(sts.url().to_owned());
    world.begin().await;
    let backend = FILES[2].1.replace(
        "region = \"us-east-1\"\n\n",
        &format!("region = \"us-east-1\"\n  assume_role {{\n    role_arn = \"{named}\"\n  }}\n\n"),
    );
    assert_ne!(backend, FILES[2].1);
    let commit = world
        .push(&[FILES, &[("infra/production/backend.tf", backend.as_str())]].concat())
        .await;
    assert_eq!(
        world.checked(&commit).await.title,
        "A role is needed to read AWS"
    );
}

crate::database::on_both!(
    a_push_opens_the_pull_requests_that_fix_the_drift,
    the_next_scan_updates_it_and_repaired_drift_closes_it,
    a_humans_no_stands_until_the_drift_changes,
    a_kill_in_the_middle_of_a_scan_leaves_one_pull_request_in_the_end,
    wrong_settings_become_one_clear_check,
    of_a_public_repository_nothing_is_published_unless_it_allows_it,
    a_repository_without_a_role_is_told_what_to_do_and_with_one_it_is_read,
    a_role_that_lets_anybody_in_is_refused,
    a_role_that_aws_gives_no_clear_answer_about_is_not_used_yet,
    a_role_that_only_the_code_names_is_never_assumed,
);
