//! Several accounts on one server: what one does, and what happens to one, is not felt by another.

mod allowance;
mod missed;
mod outage;

use crate::database::Database;
use driftguard::aws::{Access, Aws};
use driftguard::config::{App, Config};
use driftguard::jobs::bot::Bot;
use driftguard::jobs::inbox::Inbox;
use driftguard::jobs::worker::{Pace, Worker};
use driftguard::standin::github::{AppIdentity, Comment, Content, GitHub};
use driftguard::webhook::{self, Bodies, Door, signature::Secrets};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

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
    door: JoinHandle<()>,
    worker: Option<(JoinHandle<anyhow::Result<()>>, oneshot::Sender<()>)>,
}

impl Server {
    async fn start(database: Database) -> Self {
        let identity = AppIdentity::fresh(7, "a secret of the hook").unwrap();
        let github = GitHub::start(&identity, crate::openapi::validator())
            .await
            .unwrap();
        let inbox = database.inbox().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/webhooks/github", listener.local_addr().unwrap());
        github.deliver_to(&address);
        let secrets = Secrets::new(vec![identity.webhook_secret.clone().into()]);
        let routes = webhook::router(Door {
            inbox: inbox.clone(),
            secrets,
            bodies: Bodies::new(std::env::temp_dir()),
        });
        let door = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let mut server = Self {
            github,
            inbox,
            address,
            database,
            identity,
            door,
            worker: None,
        };
        server.work(pace()).await;
        server
    }

    /// Starts a worker with connections of its own, as a process that starts anew.
    async fn work(&mut self, pace: Pace) {
        self.rest().await;
        self.inbox = self.database.inbox().await;
        let worker = Worker::new(self.inbox.clone(), self.bot().await, pace, "tenants");
        let (stop, stopped) = oneshot::channel();
        let worker = tokio::spawn(worker.run(async {
            let _ = stopped.await;
        }));
        self.worker = Some((worker, stop));
    }

    /// What acts for the App, as a process that starts anew.
    async fn bot(&self) -> Bot {
        let app = App {
            id: 7,
            private_key: self.identity.key.clone().into(),
            webhook_secrets: vec![self.identity.webhook_secret.clone().into()],
            secret_key: "0123456789abcdef0123456789abcdef".to_owned().into(),
        };
        let config = Config::read(|name| match name {
            "GITHUB_API_URL" => Some(self.github.url().to_owned()),
            "DATABASE_URL" => Some(self.database.url.clone()),
            _ => None,
        });
        let own = Access {
            own: true,
            ..Access::default()
        };
        // Nobody listens there.
        let aws = Aws::of(crate::aws::config("http://127.0.0.1:9").await, own);
        Bot::new(&config.unwrap(), &app, &self.inbox, aws).unwrap()
    }

    /// Stops the worker.
    async fn rest(&mut self) {
        if let Some((worker, stop)) = self.worker.take() {
            stop.send(()).unwrap();
            worker.await.unwrap().unwrap();
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
            let standing = self.inbox.standing().await.unwrap();
            standing.waiting + standing.running == 0
        })
        .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.door.abort();
        if let Some((worker, _)) = self.worker.take() {
            worker.abort();
        }
    }
}

/// As fast as it goes, with a few tries.
fn pace() -> Pace {
    Pace {
        slots: 4,
        poll: Duration::from_millis(20),
        pause: Duration::ZERO,
        tries: 4,
        sweep: Duration::from_millis(200),
        ..Pace::default()
    }
}
