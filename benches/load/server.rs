//! The server under load, as a process of its own.

use super::world::{World, login};
use anyhow::{Context, Result, ensure};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Who operates the server.
const OPERATORS: usize = 10;
/// How many ticks of its clock the kernel counts a second.
const TICKS: f64 = 100.0;

/// A running server, which ends when it is dropped.
pub struct Server {
    /// Its address, without a trailing slash.
    pub url: String,
    process: Child,
}

impl Server {
    /// Starts it, and waits until it answers.
    pub async fn start(binary: &Path, world: &World, database: &str, aws: &str) -> Result<Self> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let url = format!("http://{address}");
        let callback = format!("{url}/sign-in/callback");
        world.github.add_callback(&callback);
        let (id, secret) = world.github.oauth_client();
        let operators: Vec<_> = (0..OPERATORS).map(login).collect();
        let settings = [
            ("RUST_LOG", "warn"),
            ("GITHUB_APP_ID", "7"),
            ("GITHUB_PRIVATE_KEY", &world.app.key),
            ("GITHUB_WEBHOOK_SECRET", &world.app.webhook_secret),
            ("GITHUB_API_URL", world.github.url()),
            ("GITHUB_URL", world.github.url()),
            ("GITHUB_CLIENT_ID", &id),
            ("GITHUB_CLIENT_SECRET", &secret),
            ("DRIFTGUARD_SECRET_KEY", "0123456789abcdef0123456789abcdef"),
            ("DRIFTGUARD_PUBLIC_URL", &url),
            ("DRIFTGUARD_LISTEN", &address),
            ("DRIFTGUARD_OPERATORS", &operators.join(",")),
            ("DRIFTGUARD_AWS_AMBIENT", super::world::ORGANISATION),
            ("DATABASE_URL", database),
            ("AWS_ENDPOINT_URL", aws),
            ("AWS_ACCESS_KEY_ID", "demo"),
            ("AWS_SECRET_ACCESS_KEY", "demo"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        let process = Command::new(binary)
            .arg("serve")
            .env_clear()
            .envs(settings)
            .stdout(Stdio::null())
            .spawn()
            .context("while starting the server")?;
        let server = Self { url, process };
        for _ in 0..600 {
            let answer = reqwest::get(format!("{}/readyz", server.url)).await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::bail!("the server does not answer")
    }

    /// Returns how many seconds of a processor it used.
    pub fn processor_seconds(&self) -> Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let fields = text.rsplit_once(')').context("no name in /proc/PID/stat")?;
        let mut times = fields.1.split_whitespace().skip(11);
        let mut next = || -> Result<f64> { Ok(times.next().context("too few fields")?.parse()?) };
        Ok((next()? + next()?) / TICKS)
    }

    /// Returns the most memory that it had so far, in MiB.
    pub fn peak_mib(&self) -> Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let size = line.and_then(|line| line.split_whitespace().next());
        Ok(size.context("no VmHWM")?.parse::<u64>()? / 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns how many seconds all processors of the machine worked, since it started.
pub fn machine_seconds() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().context("no line in /proc/stat")?;
    let times: Vec<f64> = line
        .split_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    ensure!(times.len() >= 8, "too few times in /proc/stat");
    // Without what they were idle, or waited for a disk.
    Ok((times.iter().take(8).sum::<f64>() - times[3] - times[4]) / TICKS)
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
