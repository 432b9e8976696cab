//! The worst that repositories may hold, in every slot of the program as people run it: everybody else is answered
//! meanwhile, and once the time of a scan is over nothing computes any more.
//!
//! `DRIFTGUARD_PROGRAM` names another program than the one that is built for the tests, such as a release's; with
//! `--nocapture` each story prints what it measured.

use crate::aws::{BUCKET, KEY, moto};
use crate::database::{Database, on_both};
use crate::week::bomb;
use driftguard::standin::github::{AppIdentity, Content, GitHub, signature};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

on_both!(
    slots_full_of_the_worst_code_keep_nobody_waiting_and_end_with_their_time,
    four_archives_and_four_states_at_once_take_little_memory,
    a_program_whose_slots_all_compute_ends_within_thirty_seconds,
);

/// One repository each: the slots are shared among installations, and these take them all.
const HOSTILE: [&str; 4] = ["mallory", "trudy", "oscar", "eve"];
const CALM: &str = "alice";
/// AWS, where nobody is asked: the states lie in the repositories, and hold nothing.
const NOBODY: &str = "http://127.0.0.1:9";

/// Loops in loops, that end only when they are given up: for each stack anew.
const CODE: &str = r#"terraform {
  backend "local" {}
}
resource "aws_instance" "a" {
  count = 1
  tags  = { for a in range(1024) : "k${a}" => length([for b in range(1024) : [for c in range(1024) : c if c > b]]) }
}
"#;
const STATE: &str = r#"{"version": 4, "serial": 1, "lineage": "l", "terraform_version": "1.11.4", "resources": []}"#;
const SETTINGS: &str = "version: 1\npull_requests:\n  public: true\n";
/// So many that no machine evaluates them all in time.
const STACKS: usize = 60;

/// GitHub, and a running server.
struct World {
    github: GitHub,
    app: AppIdentity,
    server: Child,
    port: u16,
    folder: TempDir,
}

impl World {
    /// A server whose scans may take so long, and read this AWS.
    async fn start(database: &Database, scan_timeout: &str, aws: &str) -> Self {
        let app = AppIdentity::fresh(7, "a secret of the hook").unwrap();
        let github = GitHub::start(&app, crate::openapi::validator())
            .await
            .unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        github.deliver_to(&format!("http://127.0.0.1:{port}/webhooks/github"));
        let folder = TempDir::new().unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let program = std::env::var_os("DRIFTGUARD_PROGRAM");
        let program = program.unwrap_or_else(|| env!("CARGO_BIN_EXE_driftguard").into());
        let server = Command::new(program)
            .arg("serve")
            .env_clear()
            .env("RUST_LOG", "info")
            .env("GITHUB_APP_ID", "7")
            .env("GITHUB_PRIVATE_KEY", &app.key)
            .env("GITHUB_WEBHOOK_SECRET", &app.webhook_secret)
            .env("GITHUB_API_URL", github.url())
            .env("DRIFTGUARD_GITHUB_POINTS", "1000000")
            .env("DRIFTGUARD_SECRET_KEY", "0123456789abcdef0123456789abcdef")
            .env("DRIFTGUARD_LISTEN", format!("127.0.0.1:{port}"))
            .env("DRIFTGUARD_AWS_AMBIENT", HOSTILE.join(","))
            .env("DRIFTGUARD_SCAN_TIMEOUT", scan_timeout)
            .env("DATABASE_URL", &database.url)
            .env("AWS_ENDPOINT_URL", aws)
            .env("AWS_ACCESS_KEY_ID", "demo")
            .env("AWS_SECRET_ACCESS_KEY", "demo")
            .env("AWS_REGION", "us-east-1")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let world = Self {
            github,
            app,
            server,
            port,
            folder,
        };
        world
            .until("the server is ready", async || world.is_ready().await)
            .await;
        for owner in HOSTILE.into_iter().chain([CALM]) {
            world.github.create_repository(&repository(owner), true);
            world.github.install(owner).await;
        }
        world
            .until("nothing is left to do", async || {
                world.jobs("waiting").await == Some(0) && world.jobs("running").await == Some(0)
            })
            .await;
        world
    }

    async fn is_ready(&self) -> bool {
        let answer = reqwest::get(self.address("readyz")).await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// Pushes the worst code to each hostile repository, and waits until all slots compute.
    async fn fill_slots(&self) {
        self.push_worst().await;
        self.until("all slots are taken", async || {
            self.jobs("running").await == Some(HOSTILE.len())
        })
        .await;
    }

    /// Pushes these files to each hostile repository.
    async fn push(&self, files: &[(&str, &str)]) {
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (*path, Content::from(*text)))
            .collect();
        for owner in HOSTILE {
            self.github
                .push(&repository(owner), "main", owner, &files)
                .await;
        }
    }

    async fn push_worst(&self) {
        let mut files = vec![(".driftguard.yml".to_owned(), SETTINGS)];
        for stack in 0..STACKS {
            files.push((format!("s{stack}/main.tf"), CODE));
            files.push((format!("s{stack}/terraform.tfstate"), STATE));
        }
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (path.as_str(), *text))
            .collect();
        self.push(&files).await;
    }

    /// How many jobs are in this state, as the metrics say.
    async fn jobs(&self, state: &str) -> Option<usize> {
        let text = reqwest::get(self.address("metrics")).await.ok()?;
        let text = text.text().await.ok()?;
        let name = format!("driftguard_jobs{{state=\"{state}\"}} ");
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_prefix(&name)?.parse().ok())
    }

    /// Delivers what no job is made for, as GitHub does for another tenant.
    async fn deliver(&self, number: usize) -> reqwest::StatusCode {
        let body = serde_json::json!({
            "ref": "refs/heads/feature", "after": format!("{number:040x}"), "deleted": false,
            "repository": {
                "id": 999, "full_name": repository(CALM), "default_branch": "main", "private": true,
                "owner": {"login": CALM, "id": 998}
            },
            "installation": {"id": 997},
            "sender": {"login": CALM, "id": 998, "type": "User"},
        });
        let body = serde_json::to_vec(&body).unwrap();
        let request = reqwest::Client::new().post(self.address("webhooks/github"));
        let request = request
            .header("x-github-event", "push")
            .header("x-github-delivery", format!("calm-{number}"))
            .header(
                "x-hub-signature-256",
                signature(&self.app.webhook_secret, &body),
            );
        request.body(body).send().await.unwrap().status()
    }

    /// The processor time that the server used so far.
    fn computed(&self) -> Duration {
        /// Of the kernel's clock, each second.
        const TICKS: u64 = 100;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.server.id())).unwrap();
        let (_, rest) = stat.rsplit_once(')').unwrap();
        let fields: Vec<_> = rest.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 1000 / TICKS)
    }

    /// The most memory that the server held so far, in MiB.
    fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id()));
        let status = status.unwrap();
        let mut lines = status.lines();
        let kib = lines.find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix(" kB"));
        kib.unwrap().trim().parse::<u64>().unwrap() / 1024
    }

    /// Waits until each hostile repository has a check with this text.
    async fn all_told(&self, text: &str) {
        for owner in HOSTILE {
            self.until(text, async || {
                let mut checks = self.checks(owner).into_iter();
                checks.any(|check| check.contains(text))
            })
            .await;
        }
    }

    /// The checks of a hostile repository, by title and summary, without the marks of Markdown.
    fn checks(&self, owner: &str) -> Vec<String> {
        let checks = self.github.check_runs(&repository(owner)).into_iter();
        checks
            .map(|check| format!("{}: {}", check.title, check.summary).replace('\\', ""))
            .collect()
    }

    async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let end = Instant::now() + Duration::from_secs(180);
        while !holds().await {
            let log = std::fs::read_to_string(self.folder.path().join("log"));
            assert!(
                Instant::now() < end,
                "not in time: {what}\n{}",
                log.unwrap_or_default()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A state of so many resources, a thousand bytes each, of a type that nobody is asked for.
fn large_state(instances: usize) -> String {
    let provider = r#"provider[\"registry.terraform.io/hashicorp/aws\"]"#;
    let texts = (0..15).map(|at| format!(r#""attribute_{at}": "{}""#, "x".repeat(40)));
    let texts = texts.collect::<Vec<_>>().join(", ");
    let instance = |at: usize| {
        let id = format!("https://sqs.us-east-1.amazonaws.com/123456789012/q{at}");
        format!(r#"{{"index_key": {at}, "attributes": {{"id": "{id}", {texts}}}}}"#)
    };
    let instances: Vec<_> = (0..instances).map(instance).collect();
    format!(
        r#"{{"version": 4, "serial": 1, "lineage": "l", "terraform_version": "1.11.4", "resources": [{{"mode": "managed",
        "type": "aws_sqs_queue", "name": "q", "provider": "{provider}", "instances": [{}]}}]}}"#,
        instances.join(",")
    )
}

fn repository(owner: &str) -> String {
    format!("{owner}/code")
}

/// The time within which 99 of 100 were done.
fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[(times.len() * 99).div_ceil(100) - 1]
}

async fn slots_full_of_the_worst_code_keep_nobody_waiting_and_end_with_their_time(
    database: Database,
) {
    const TIME: Duration = Duration::from_secs(10);
    let world = World::start(&database, "10s", NOBODY).await;
    world.fill_slots().await;
    let (full, before) = (Instant::now(), world.computed());
    let (mut health, mut deliveries) = (Vec::new(), Vec::new());
    for number in 0_usize.. {
        if full.elapsed() > TIME / 2 {
            break;
        }
        let asked = Instant::now();
        let answer = reqwest::get(world.address("healthz")).await.unwrap();
        assert!(answer.status().is_success());
        health.push(asked.elapsed());
        let sent = Instant::now();
        assert_eq!(world.deliver(number).await, 202);
        deliveries.push(sent.elapsed());
    }
    let (health, deliveries) = (p99(health), p99(deliveries));
    println!("with all slots full: health {health:?}, deliveries {deliveries:?}");
    // A second where nothing else runs on the machine.
    assert!(health < Duration::from_secs(5), "{health:?}");
    assert!(deliveries < Duration::from_secs(5), "{deliveries:?}");

    for owner in HOSTILE {
        world
            .until("each is told", async || world.checks(owner).len() >= STACKS)
            .await;
        for check in world.checks(owner) {
            let told = check.contains("took longer than 10 seconds")
                && check.contains("DRIFTGUARD_SCAN_TIMEOUT");
            assert!(told, "{check}");
        }
    }
    world
        .until("nothing runs", async || {
            world.jobs("running").await == Some(0)
        })
        .await;
    let after = world.computed();
    let computed = after - before;
    assert!(
        computed > Duration::from_secs(1),
        "the slots did not compute: {computed:?}"
    );
    tokio::time::sleep(Duration::from_secs(2)).await;
    let computed = world.computed() - after;
    println!("two seconds after: {computed:?}");
    assert!(computed < Duration::from_secs(1), "{computed:?}");
}

async fn four_archives_and_four_states_at_once_take_little_memory(database: Database) {
    let aws = moto().await;
    // A build for tests takes its time with large ones, and holds no less of them.
    let instances = match std::env::var_os("DRIFTGUARD_PROGRAM") {
        Some(_) => 75_000,
        None => 12_000,
    };
    let large = large_state(instances);
    aws.put_object(BUCKET, KEY, &large).await.unwrap();
    let world = World::start(&database, "5m", aws.url()).await;
    let backend = format!(
        "terraform {{\n  backend \"s3\" {{\n    bucket = \"{BUCKET}\"\n    key = \"{KEY}\"\n  }}\n}}\n"
    );
    let idle = world.peak_memory();
    world
        .push(&[(".driftguard.yml", SETTINGS), ("main.tf", &backend)])
        .await;
    world.all_told("resources checked").await;
    let states = world.peak_memory();
    world.github.hand_out(bomb());
    world.push(&[("README.md", "again\n")]).await;
    world.all_told("more than 100 times its size").await;
    let archives = world.peak_memory();
    println!(
        "MiB: {idle} idle, {states} with four states of {} MB at once, {archives} with archives that unpack to 200 MiB",
        large.len() / 1_000_000
    );
    // The allocator keeps some of what each slot's thread gave back, and no state is held beside another.
    let of_states = 8 * (large.len() as u64 >> 20) + 200;
    assert!(states - idle < of_states, "one at a time: {states}");
    assert!(archives <= states.max(idle + 200), "{archives}");
}

async fn a_program_whose_slots_all_compute_ends_within_thirty_seconds(database: Database) {
    let mut world = World::start(&database, "5m", NOBODY).await;
    world.fill_slots().await;
    let told = Instant::now();
    let id = world.server.id().to_string();
    Command::new("kill").args(["-TERM", &id]).status().unwrap();
    let ended = loop {
        if let Some(status) = world.server.try_wait().unwrap() {
            break status;
        }
        assert!(told.elapsed() < Duration::from_secs(40), "it runs on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    println!("gone after {:?}", told.elapsed());
    assert!(ended.success(), "{ended}");
    assert!(told.elapsed() < Duration::from_secs(30));
}
