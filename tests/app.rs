//! The App in this process, for the stories that go through GitHub: its door, what acts for it, and a worker.

use driftguard::aws::{Access, Aws};
use driftguard::config::{App, Config};
use driftguard::jobs::handler::AppHandler;
use driftguard::queue::inbox::Inbox;
use driftguard::queue::worker::{Worker, WorkerConfig};
use driftguard::standin::github::AppIdentity;
use driftguard::webhook::{self, BodyStore, WebhookState, signature::Secrets};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// The App as its operator configures it.
fn app(identity: &AppIdentity) -> App {
    App {
        id: 7,
        private_key: identity.key.clone().into(),
        webhook_secrets: vec![identity.webhook_secret.clone().into()],
        secret_key: KEY.to_owned().into(),
    }
}

/// What acts for the App with these settings, and AWS at this address.
pub async fn bot(
    identity: &AppIdentity,
    inbox: &Inbox,
    aws: &str,
    settings: impl Fn(&str) -> Option<String>,
) -> AppHandler {
    let own = Access {
        own: true,
        ..Access::default()
    };
    let aws = Aws::with_config(crate::aws::config(aws).await, own);
    let config = Config::read(settings).unwrap();
    AppHandler::new(&config, &app(identity), inbox, aws).unwrap()
}

/// Where deliveries arrive, until it is dropped.
pub struct OpenDoor {
    pub address: String,
    _door: JoinSet<()>,
}

impl OpenDoor {
    pub async fn open(identity: &AppIdentity, inbox: &Inbox) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/webhooks/github", listener.local_addr().unwrap());
        let routes = webhook::router(WebhookState {
            inbox: inbox.clone(),
            secrets: Secrets::new(app(identity).webhook_secrets),
            bodies: BodyStore::new(std::env::temp_dir()),
        });
        let mut door = JoinSet::new();
        door.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self {
            address,
            _door: door,
        }
    }
}

/// A worker, until it is stopped or dropped.
pub struct Working {
    running: Option<(JoinHandle<anyhow::Result<()>>, oneshot::Sender<()>)>,
}

impl Working {
    pub fn start(inbox: &Inbox, bot: AppHandler, pace: WorkerConfig, name: &str) -> Self {
        let worker = Worker::new(inbox.clone(), bot, pace, name);
        let (stop, stopped) = oneshot::channel();
        let worker = tokio::spawn(worker.run(async {
            let _ = stopped.await;
        }));
        Self {
            running: Some((worker, stop)),
        }
    }

    /// As SIGTERM would.
    pub async fn stop(mut self) {
        if let Some((worker, stop)) = self.running.take() {
            stop.send(()).unwrap();
            worker.await.unwrap().unwrap();
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if let Some((worker, _)) = self.running.take() {
            worker.abort();
        }
    }
}
