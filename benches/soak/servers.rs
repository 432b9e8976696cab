//! The processes under test: started, killed, started again, and watched for their memory.

use super::balancer::Balancer;
use super::database::Database;
use super::tenants::Tenants;
use anyhow::{Context, Result, bail};
use std::fs::OpenOptions;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often a process's memory is looked at.
const WATCH: Duration = Duration::from_millis(500);

/// All processes.
pub struct Servers {
    ports: Vec<u16>,
    processes: Mutex<Vec<Option<Child>>>,
    peak_kib: Mutex<u64>,
    ended: Mutex<usize>,
    balancer: Balancer,
    binary: PathBuf,
    environment: Vec<(String, String)>,
    folder: PathBuf,
}

impl Servers {
    /// Starts as many as the database takes, and waits until they answer.
    pub async fn start(
        binary: &Path,
        tenants: &Tenants,
        database: &Database,
        folder: &Path,
    ) -> Result<Arc<Self>> {
        let ports = (0..database.processes())
            .map(|_| free_port())
            .collect::<Result<Vec<_>>>()?;
        let environment = [
            ("RUST_LOG", "info,sqlx=error".to_owned()),
            ("GITHUB_APP_ID", "7".to_owned()),
            ("GITHUB_PRIVATE_KEY", tenants.app.key.clone()),
            ("GITHUB_WEBHOOK_SECRET", tenants.app.webhook_secret.clone()),
            ("GITHUB_API_URL", tenants.github.url().to_owned()),
            (
                "DRIFTGUARD_SECRET_KEY",
                "0123456789abcdef0123456789abcdef".to_owned(),
            ),
            ("DRIFTGUARD_AWS_AMBIENT", tenants.accounts().join(",")),
            ("DATABASE_URL", database.url()),
            ("AWS_ENDPOINT_URL", tenants.aws.url().to_owned()),
            ("AWS_ACCESS_KEY_ID", "demo".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "demo".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ];
        let servers = Arc::new(Self {
            processes: Mutex::new(ports.iter().map(|_| None).collect()),
            peak_kib: Mutex::default(),
            ended: Mutex::default(),
            balancer: Balancer::start(ports.clone()).await?,
            ports,
            binary: binary.to_owned(),
            environment: environment
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            folder: folder.to_owned(),
        });
        servers.start_all().await?;
        tokio::spawn(watch(Arc::downgrade(&servers)));
        Ok(servers)
    }

    /// Where GitHub delivers to.
    pub fn hook(&self) -> String {
        format!("http://{}/webhooks/github", self.balancer.address)
    }

    /// How many processes there are.
    pub fn count(&self) -> usize {
        self.ports.len()
    }

    /// How often one ended that nobody killed. It was started again, as a supervisor does.
    pub fn ended_by_themselves(&self) -> usize {
        *lock(&self.ended)
    }

    /// The most memory that any of them had, in MiB.
    pub fn peak_memory(&self) -> u64 {
        *lock(&self.peak_kib) / 1024
    }

    /// Starts those that do not run, and waits until each answers.
    pub async fn start_all(&self) -> Result<()> {
        for at in 0..self.ports.len() {
            self.start_one(at)?;
        }
        for port in &self.ports {
            let address = format!("http://127.0.0.1:{port}/readyz");
            for _ in 0..300 {
                if reqwest::get(&address)
                    .await
                    .is_ok_and(|answer| answer.status().is_success())
                {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(())
    }

    /// Starts one that does not run.
    pub fn start_one(&self, at: usize) -> Result<()> {
        let mut processes = lock(&self.processes);
        let slot = processes.get_mut(at).context("no such process")?;
        if let Some(running) = slot
            && running.try_wait()?.is_none()
        {
            return Ok(());
        }
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join(format!("log-{at}")))?;
        let child = Command::new(&self.binary)
            .arg("serve")
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("DRIFTGUARD_LISTEN", format!("127.0.0.1:{}", self.ports[at]))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        *slot = Some(child.context("while starting the server")?);
        Ok(())
    }

    /// Kills one as a machine that loses power would.
    pub fn kill(&self, at: usize) {
        let process = lock(&self.processes).get_mut(at).and_then(Option::take);
        if let Some(mut process) = process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts again what ended by itself.
    fn supervise(&self) {
        for at in 0..self.ports.len() {
            let ended = match lock(&self.processes).get_mut(at) {
                Some(Some(process)) => process.try_wait().is_ok_and(|status| status.is_some()),
                _ => false,
            };
            if ended {
                *lock(&self.ended) += 1;
                let _ = self.start_one(at);
            }
        }
    }

    /// How many jobs were given up or parked, as the first process that answers counts them.
    pub async fn stopped_jobs(&self) -> Result<u64> {
        for port in &self.ports {
            let address = format!("http://127.0.0.1:{port}/metrics");
            if let Ok(answer) = reqwest::get(&address).await
                && let Ok(text) = answer.text().await
            {
                let stopped = ["failed", "parked"].map(|state| count(&text, state));
                return Ok(stopped.iter().sum());
            }
        }
        bail!("no process answers /metrics")
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for process in lock(&self.processes).iter_mut().flatten() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// How many jobs are in a state, by the text of `/metrics`.
fn count(metrics: &str, state: &str) -> u64 {
    let name = format!("driftguard_jobs{{state=\"{state}\"}} ");
    let value = metrics.lines().find_map(|line| line.strip_prefix(&name));
    value
        .and_then(|value| value.parse().ok())
        .unwrap_or_default()
}

async fn watch(servers: std::sync::Weak<Servers>) {
    while let Some(servers) = servers.upgrade() {
        let ids: Vec<u32> = lock(&servers.processes)
            .iter()
            .flatten()
            .map(Child::id)
            .collect();
        for id in ids {
            let mut peak = lock(&servers.peak_kib);
            *peak = (*peak).max(peak_kib(id).unwrap_or_default());
        }
        servers.supervise();
        drop(servers);
        tokio::time::sleep(WATCH).await;
    }
}

/// The most memory that a process had so far.
fn peak_kib(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// A port of this machine that nobody listens on.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
