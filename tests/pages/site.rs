//! A server with its pages, GitHub, and two accounts with what was found in their stacks.

use crate::database::Database;
use crate::pages::browser::{Browser, Page};
use crate::process::{Scan, ScansOnly};
use driftguard::cli::serve;
use driftguard::config::Config;
use driftguard::jobs::write_access::AppAccess;
use driftguard::model::{
    InstallationId, Proposal, ProposalState, RepositoryId, RepositoryInfo, RepositoryName,
    ScanTotals, StackName, StackReport,
};
use driftguard::pulls::history_update;
use driftguard::queue::RunContext;
use driftguard::queue::inbox::Inbox;
use driftguard::queue::job::{JobError, ScanJob, TaskJob};
use driftguard::standin::github::{AppIdentity, GitHub};
use driftguard::store::{ScanRecord, StackSchedule, Store};
use driftguard::web::api::ApiServices;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub const KEY: &str = "0123456789abcdef0123456789abcdef";
/// 2026-11-24 16:30 UTC.
pub const SCANNED: i64 = 1_795_537_800_000;

/// Scans nothing, and remembers what else it was asked for.
struct Nothing(Arc<Mutex<Vec<TaskJob>>>);

impl Scan for Nothing {
    async fn scan(&self, _: ScanJob, _: &RunContext) -> Result<(), JobError> {
        Ok(())
    }

    fn see(&self, task: TaskJob) {
        self.0.lock().unwrap().push(task);
    }
}

/// A running server.
struct Running {
    task: JoinHandle<anyhow::Result<()>>,
    stop: oneshot::Sender<()>,
}

pub struct Site {
    pub github: GitHub,
    pub store: Store,
    pub url: String,
    /// Who operates the server: `DRIFTGUARD_OPERATORS`.
    pub operators: &'static str,
    /// The tasks that the worker was given.
    pub tasks: Arc<Mutex<Vec<TaskJob>>>,
    pub database: Database,
    address: String,
    identity: AppIdentity,
    running: Option<Running>,
}

impl Site {
    /// alice administers acme/shop; bob administers globex/site and reads nothing of acme's; carol reads acme/open, which
    /// is public.
    pub async fn start(database: Database) -> Self {
        let identity = AppIdentity::fresh(7, "a secret of the hook").unwrap();
        let github = GitHub::start(&identity, crate::openapi::validator())
            .await
            .unwrap();
        let address = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().to_string()
        };
        let url = format!("http://{address}");
        github.add_callback(&format!("{url}/sign-in/callback"));
        let mut site = Self {
            store: database.inbox().await.store,
            github,
            url,
            operators: "",
            tasks: Arc::default(),
            address,
            database,
            identity,
            running: None,
        };
        site.serve(KEY).await;
        site
    }

    /// Starts the server, in place of the one that runs.
    pub async fn serve(&mut self, key: &str) {
        self.stop().await;
        let (id, secret) = self.github.oauth_client();
        let config = Config::read(|name| {
            let text = match name {
                "GITHUB_APP_ID" => "7",
                "GITHUB_PRIVATE_KEY" => self.identity.key.as_str(),
                "GITHUB_WEBHOOK_SECRET" => "hush",
                "GITHUB_API_URL" | "GITHUB_URL" => self.github.url(),
                "GITHUB_CLIENT_ID" => id.as_str(),
                "GITHUB_CLIENT_SECRET" => secret.as_str(),
                "DRIFTGUARD_SECRET_KEY" => key,
                "DRIFTGUARD_PUBLIC_URL" => self.url.as_str(),
                "DRIFTGUARD_LISTEN" => self.address.as_str(),
                "DRIFTGUARD_OPERATORS" => self.operators,
                "DATABASE_URL" => self.database.url.as_str(),
                _ => return None,
            };
            Some(text.to_owned())
        });
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let config = config.unwrap();
        let access = AppAccess::connect(&config, config.app.as_ref().unwrap());
        let services = ApiServices {
            scanner: None,
            access: Some(Arc::new(access.unwrap())),
        };
        let task = tokio::spawn(serve::run_until(
            config,
            ScansOnly(Nothing(self.tasks.clone())),
            services,
            stopped,
        ));
        self.running = Some(Running { task, stop });
        let started = Instant::now();
        while reqwest::get(format!("{}/healthz", self.url)).await.is_err() {
            assert!(started.elapsed() < Duration::from_secs(30), "no server");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops the server.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop.send(()).unwrap();
            running.task.await.unwrap().unwrap();
        }
    }

    /// Makes a repository, and puts what a scan of its stack found into the database. Returns the installation.
    pub async fn scanned(
        &self,
        (name, private): (&str, bool),
        installation: InstallationId,
        reports: &[StackReport],
    ) -> RepositoryId {
        let id = RepositoryId(self.github.create_repository(name, private));
        record_scans(&self.store, installation, (id, name, private), reports).await;
        id
    }

    /// Puts a pull request that lists these findings into the database.
    pub async fn proposed(
        &self,
        installation: InstallationId,
        repository: RepositoryId,
        stack: &StackName,
        findings: &[&str],
    ) {
        let proposal = Proposal {
            repository,
            branch: format!("driftguard/{stack}/restore"),
            stack: stack.to_string(),
            number: 12,
            state: ProposalState::Open,
            findings: findings.iter().map(|id| (*id).to_owned()).collect(),
            opened_at: SCANNED,
            changed_at: SCANNED,
            recreate: false,
            closed_by: String::new(),
        };
        self.store
            .of(installation)
            .save_proposal(&proposal)
            .await
            .unwrap();
    }

    /// The door to the server's queue.
    pub async fn inbox(&self) -> Inbox {
        self.database.inbox().await
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Signs a person in, in a browser of their own, on the way to a page.
    pub async fn sign_in(&self, person: &str, path: &str) -> (Browser, Page) {
        let mut browser = Browser::new();
        let page = self.sign_in_with(&mut browser, person, path).await;
        (browser, page)
    }

    pub async fn sign_in_with(&self, browser: &mut Browser, person: &str, path: &str) -> Page {
        self.github.use_browser_of(Some(person));
        let page = browser.open(&self.at(path)).await;
        assert_eq!(page.status, 200, "{}", page.html);
        assert_eq!(page.url.path(), "/sign-in", "{}", page.html);
        let start = page.link("Sign in with GitHub");
        browser.open(&self.at(&start)).await
    }
}

/// Runs a statement on the site's database.
pub async fn execute(site: &Site, statement: &'static str) {
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&site.database.url).await.unwrap();
    sqlx::query(statement).execute(&pool).await.unwrap();
    pool.close().await;
}

/// Puts a repository into the database, with what a scan of its stacks found.
pub async fn record_scans(
    store: &Store,
    installation: InstallationId,
    (id, name, private): (RepositoryId, &str, bool),
    reports: &[StackReport],
) {
    let tenant = store.of(installation);
    let account = name.split('/').next().unwrap();
    tenant.record_installation(account, SCANNED).await.unwrap();
    let info = RepositoryInfo {
        id,
        name: RepositoryName::new(name).unwrap(),
        default_branch: Some("main".to_owned()),
        private,
    };
    assert!(tenant.save_repository(&info, SCANNED).await.unwrap());
    for report in reports {
        let scheduled = StackSchedule {
            stack: report.name.clone(),
            schedule: "off".to_owned(),
            next_at: None,
        };
        tenant.save_stack(id, &scheduled).await.unwrap();
        let scan = ScanRecord {
            id: format!("{id}/{}", report.name),
            repository: id,
            stack: report.name.to_string(),
            commit: "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c".to_owned(),
            outcome: serde_json::to_value(report).unwrap(),
            finished_at: SCANNED,
        };
        let Ok(scanned) = &report.outcome else {
            tenant.record_scan(&scan).await.unwrap();
            continue;
        };
        let totals = ScanTotals::of(scanned, &scan.commit, SCANNED);
        let update = history_update(&[], scanned, SCANNED);
        let recorded = tenant.record_completed_scan(&scan, &totals, &update);
        recorded.await.unwrap();
    }
}
