//! Strangers at the door of the real program: they cost little, and keep nobody else out.

use driftguard::standin::github::{AppIdentity, signature};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SECRET: &str = "hush";
const MIB: usize = 1024 * 1024;

const PUSH: &str = r#"{
    "ref": "refs/heads/somewhere", "after": "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c",
    "repository": {"id": 10, "full_name": "acme/shop", "default_branch": "main", "private": true},
    "installation": {"id": 1}
}"#;

/// The program, serving, with no more than so many descriptors.
struct Server {
    address: String,
    process: Child,
    _folder: TempDir,
}

impl Server {
    async fn start(descriptors: usize) -> Self {
        let (folder, address) = (TempDir::new().unwrap(), free_address());
        let key = AppIdentity::fresh(7, SECRET).unwrap().key;
        let process = Command::new("sh")
            .args(["-c", "ulimit -n $1; exec \"$0\" serve"])
            .arg(env!("CARGO_BIN_EXE_driftguard"))
            .arg(descriptors.to_string())
            .env("GITHUB_APP_ID", "7")
            .env("GITHUB_PRIVATE_KEY", key)
            .env("GITHUB_WEBHOOK_SECRET", SECRET)
            .env("GITHUB_API_URL", "http://127.0.0.1:9")
            .env("DRIFTGUARD_SECRET_KEY", "0123456789abcdef0123456789abcdef")
            .env("DRIFTGUARD_DATA_DIR", folder.path())
            .env("DRIFTGUARD_LISTEN", &address)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            address,
            process,
            _folder: folder,
        };
        let started = Instant::now();
        while reqwest::get(format!("http://{}/readyz", server.address))
            .await
            .is_err()
        {
            assert!(started.elapsed() < Duration::from_secs(60));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server
    }

    /// Connects, and begins a request with these headers.
    async fn begin(&self, head: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let head = format!("POST /webhooks/github HTTP/1.1\r\nhost: x\r\n{head}");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    /// Delivers a push in a body of this length.
    async fn deliver(&self, id: &str, length: usize) -> u16 {
        let mut body = PUSH.as_bytes().to_vec();
        body.resize(length.max(body.len()), b' ');
        let request = reqwest::Client::new()
            .post(format!("http://{}/webhooks/github", self.address))
            .header("x-github-event", "push")
            .header("x-github-delivery", id)
            .header("x-hub-signature-256", signature(SECRET, &body))
            .body(body);
        request.send().await.unwrap().status().as_u16()
    }

    /// What the program holds now, or held at most, in bytes.
    fn memory(&self, name: &str) -> usize {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let size = line.split_whitespace().nth(1).unwrap();
        size.parse::<usize>().unwrap() * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[tokio::test]
async fn half_sent_requests_make_nobody_deaf_and_are_dropped() {
    let server = Server::start(256).await;
    let mut half_sent = Vec::new();
    for _ in 0..300 {
        half_sent.push(server.begin("x-github-event: pu").await);
    }
    for number in 0..10 {
        let delivered = server.deliver(&format!("beside-{number}"), 0).await;
        assert_eq!(delivered, 202, "{number}");
    }
    let ended = async {
        for stream in &mut half_sent {
            // The end, or that the other side has gone.
            while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
        }
    };
    tokio::time::timeout(Duration::from_secs(60), ended)
        .await
        .expect("half-sent requests stay");
}

/// Their heads are whole, and signed by somebody who knows no secret.
#[tokio::test]
async fn half_sent_bodies_make_nobody_deaf() {
    let server = Server::start(256).await;
    let head = format!(
        "x-github-event: push\r\nx-github-delivery: x\r\nx-hub-signature-256: {}\r\ncontent-length: 1000\r\n\r\n",
        signature("guessed", b"")
    );
    let mut half_sent = Vec::new();
    for _ in 0..300 {
        let mut stranger = server.begin(&head).await;
        let _ = stranger.write_all(b"{").await;
        half_sent.push(stranger);
    }
    for number in 0..10 {
        let delivered = server.deliver(&format!("beside-{number}"), 0).await;
        assert_eq!(delivered, 202, "{number}");
    }
}

#[tokio::test]
async fn bodies_of_strangers_cost_little_and_hold_nobody_up() {
    let server = Server::start(1024).await;
    assert_eq!(server.deliver("warm", 2 * MIB).await, 202);
    let before = server.memory("VmRSS");
    let head = format!(
        "x-hub-signature-256: {}\r\ncontent-length: {}\r\n\r\n",
        signature("guessed", b""),
        25 * MIB
    );
    let mut strangers = Vec::new();
    for _ in 0..60 {
        let mut stranger = server.begin(&head).await;
        // It sends much and never all of it; where it had to give way, less.
        let _ = stranger.write_all(&vec![b' '; 2 * MIB]).await;
        strangers.push(stranger);
    }
    assert_eq!(server.deliver("beside", 3 * MIB).await, 202);
    let grown = server.memory("VmHWM").saturating_sub(before) / MIB;
    assert!(grown < 48, "{grown} MiB for what nobody signed");
}

#[tokio::test]
async fn who_signs_nothing_is_answered_before_the_body_comes() {
    let server = Server::start(256).await;
    for header in ["", "x-hub-signature-256: sha256=abc\r\n"] {
        let head = format!("{header}content-length: {}\r\n\r\n", 25 * MIB);
        let mut stranger = server.begin(&head).await;
        let mut answer = [0; 12];
        let answered = stranger.read_exact(&mut answer);
        let answered = tokio::time::timeout(Duration::from_secs(5), answered).await;
        answered.unwrap().unwrap();
        assert_eq!(&answer, b"HTTP/1.1 401");
    }
}
