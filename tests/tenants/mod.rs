//! Several accounts on one server: what one does, and what happens to one, is not felt by another.

mod allowance;
mod missed;
mod outage;
mod slots;

use crate::app::{OpenDoor, Working};
use crate::database::Database;
use driftguard::jobs::handler::AppHandler;
use driftguard::queue::inbox::Inbox;
use driftguard::queue::worker::WorkerConfig;
use driftguard::standin::github::{AppIdentity, Comment, Content, GitHub};
use std::time::{Duration, Instant};

/// How long something may take that has no bound of its own.
const SOON: Duration = Duration::from_secs(60);
const COMMAND: &str = "/driftguard help";

/// GitHub, and a server with a worker.
struct Server {
    github: GitHub,
    inbox: Inbox,
    address: String,
    database: Database,
    identity: AppIdentity,
    _door: OpenDoor,
    worker: Option<Working>,
    /// How many points an installation spends a minute; none: as many as usual.
    points: Option<u32>,
    /// Where AWS is.
    aws: String,
    /// Whose AWS is read with the server's own credentials.
    ambient: Option<&'static str>,
}

impl Server {
    async fn start(database: Database) -> Self {
        let identity = AppIdentity::fresh(7, "a secret of the hook").unwrap();
        let github = GitHub::start(&identity, crate::openapi::validator())
            .await
            .unwrap();
        let inbox = database.inbox().await;
        let door = OpenDoor::open(&identity, &inbox).await;
        github.deliver_to(&door.address);
        let mut server = Self {
            github,
            inbox,
            address: door.address.clone(),
            database,
            identity,
            _door: door,
            worker: None,
            points: None,
            // Nobody listens there.
            aws: "http://127.0.0.1:9".to_owned(),
            ambient: None,
        };
        server.work(pace()).await;
        server
    }

    /// Starts a worker with connections of its own, as a process that starts anew.
    async fn work(&mut self, pace: WorkerConfig) {
        self.rest().await;
        self.inbox = self.database.inbox().await;
        let working = Working::start(&self.inbox, self.bot().await, pace, "tenants");
        self.worker = Some(working);
    }

    /// What acts for the App, as a process that starts anew.
    async fn bot(&self) -> AppHandler {
        let settings = |name: &str| match name {
            "GITHUB_API_URL" => Some(self.github.url().to_owned()),
            "DRIFTGUARD_GITHUB_POINTS" => self.points.map(|points| points.to_string()),
            "DRIFTGUARD_AWS_AMBIENT" => self.ambient.map(str::to_owned),
            "DATABASE_URL" => Some(self.database.url.clone()),
            _ => None,
        };
        crate::app::bot(&self.identity, &self.inbox, &self.aws, settings).await
    }

    /// Stops the worker.
    async fn rest(&mut self) {
        if let Some(worker) = self.worker.take() {
            worker.stop().await;
        }
    }

    /// An account with a repository on which the App is installed, and a pull request of alice's: its number.
    async fn account(&self, account: &str) -> (u64, String, u64) {
        let name = format!("{account}/shop");
        self.github.create_repository(&name, true);
        let settings = [(".driftguard.yml", Content::from("version: 1\n"))];
        self.github.push(&name, "main", "alice", &settings).await;
        let installation = self.github.install(account).await;
        let change = [("README.md", Content::from("The shop."))];
        self.github.push(&name, "readme", "alice", &change).await;
        let number = self.github.open(&name, "readme", "alice", "Say what it is");
        (installation, name.clone(), number.await)
    }

    /// What DriftGuard answered in a repository.
    fn answers(&self, repository: &str) -> Vec<Comment> {
        let comments = self.github.comments(repository).into_iter();
        comments
            .filter(|comment| comment.author == "driftguard[bot]")
            .collect()
    }

    /// Waits until something is so: how long it took.
    async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) -> Duration {
        let started = Instant::now();
        while !holds().await {
            assert!(started.elapsed() < SOON, "not in time: {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        started.elapsed()
    }

    /// Waits until no job is left.
    async fn idle(&self) {
        self.until("the jobs end", async || {
            let standing = self.inbox.counts().await.unwrap();
            standing.waiting + standing.running == 0
        })
        .await;
    }
}

/// As fast as it goes, with a few tries.
fn pace() -> WorkerConfig {
    WorkerConfig {
        slots: 4,
        poll: Duration::from_millis(20),
        pause: Duration::ZERO,
        tries: 4,
        sweep: Duration::from_millis(200),
        redelivery_interval: Duration::from_millis(200),
        ..WorkerConfig::default()
    }
}
