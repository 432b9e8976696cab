//! AWS for tests: moto, with the demo's stack in it as Terraform made it.

use driftguard::standin::moto::Moto;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// The calls that made the account.
pub const ACCOUNT: &str = include_str!("../src/cli/demo/account.jsonl");
/// What somebody then did in the console.
pub const CONSOLE: &str = include_str!("../src/cli/demo/console.jsonl");
/// The state that Terraform wrote.
pub const STATE: &str = include_str!("../src/cli/demo/terraform.tfstate");
/// The database's password, which that state holds.
pub const PASSWORD: &str = "correct-horse-battery-staple";
/// Where the state is.
pub const BUCKET: &str = "acme-terraform-state";
pub const KEY: &str = "shop/production/terraform.tfstate";

/// Runs moto, and forks servers from it.
const FORKS: &str = include_str!("aws/forks.py");

/// A server of moto's that was prepared once for all tests. To start moto and replay an account takes five seconds of a
/// processor, to fork it next to nothing.
struct Prepared {
    /// Where a connection gets a server of its own.
    address: SocketAddr,
    /// It ends when its input closes, with this process.
    _process: Child,
}

impl Prepared {
    /// Starts moto, makes these calls and stores the state.
    async fn start(calls: &str, state: Option<&str>) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moto");
        static PYTHON: OnceCell<PathBuf> = OnceCell::const_new();
        let python = PYTHON
            .get_or_init(|| async move { Moto::install(&folder).await.unwrap() })
            .await;
        let mut process = Command::new(python)
            .args(["-c", FORKS])
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(process.stdout.take().unwrap());
        let moto = Moto::at(format!("http://127.0.0.1:{}", port(&mut told)));
        moto.reset().await.unwrap();
        moto.replay(calls).await.unwrap();
        if let Some(state) = state {
            moto.put_object(BUCKET, KEY, state).await.unwrap();
        }
        writeln!(process.stdin.as_ref().unwrap()).unwrap();
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], port(&mut told))),
            _process: process,
        }
    }

    fn fork(&self) -> OwnMoto {
        let connection = TcpStream::connect(self.address).unwrap();
        let port = port(&mut BufReader::new(&connection));
        OwnMoto {
            moto: Moto::at(format!("http://127.0.0.1:{port}")),
            _connection: connection,
        }
    }
}

/// Reads the line with a port.
fn port(told: &mut impl BufRead) -> u16 {
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    line.trim().parse().unwrap()
}

/// moto on a port of its own, until it is dropped.
pub struct OwnMoto {
    moto: Moto,
    _connection: TcpStream,
}

impl Deref for OwnMoto {
    type Target = Moto;

    fn deref(&self) -> &Moto {
        &self.moto
    }
}

/// moto on a port of its own, empty.
pub async fn moto() -> OwnMoto {
    static EMPTY: OnceCell<Prepared> = OnceCell::const_new();
    let empty = EMPTY.get_or_init(|| Prepared::start("", None)).await;
    empty.fork()
}

/// The shop's account as Terraform left it, its state in its bucket.
pub async fn shop() -> OwnMoto {
    static SHOP: OnceCell<Prepared> = OnceCell::const_new();
    let shop = SHOP.get_or_init(|| Prepared::start(ACCOUNT, Some(STATE)));
    shop.await.fork()
}

/// The SDK's configuration for this AWS.
pub async fn config(url: &str) -> aws_config::SdkConfig {
    let key = aws_sdk_sts::config::Credentials::new("demo", "demo", None, None, "tests");
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest());
    let config = config.endpoint_url(url).region("us-east-1");
    config.credentials_provider(key).load().await
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_driftguard");

/// A checkout of the shop's repository, which a test may change.
pub struct Checkout(TempDir);

impl Checkout {
    /// A fresh one.
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/demo/repo");
        copy(&from, folder.path());
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        Self(folder)
    }

    /// Its root.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file of it.
    pub fn write(&self, path: &str, text: &str) {
        std::fs::write(self.path().join(path), text).unwrap();
    }

    /// Reads a file of it.
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// Runs `driftguard` in it against this AWS.
    pub fn driftguard(&self, aws: &str, arguments: &[&str]) -> Run {
        self.driftguard_as(("demo", "demo"), aws, arguments)
    }

    /// The same with a key: its id and its secret.
    pub fn driftguard_as(&self, (id, secret): (&str, &str), aws: &str, arguments: &[&str]) -> Run {
        self.run(Command::new(PROGRAM).args(arguments), (id, secret), aws)
    }

    /// The same with more in the environment.
    pub fn driftguard_in(
        &self,
        environment: &[(&str, &str)],
        aws: &str,
        arguments: &[&str],
    ) -> Run {
        let mut command = Command::new("/usr/bin/env");
        let set = environment
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        command.args(set).arg(PROGRAM).args(arguments);
        self.run(&mut command, ("demo", "demo"), aws)
    }

    /// The same by another program, which is given `driftguard` and its arguments.
    pub fn wrapped(&self, program: &[&str], aws: &str, arguments: &[&str]) -> Run {
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).arg(PROGRAM).args(arguments);
        self.run(&mut command, ("demo", "demo"), aws)
    }

    fn run(&self, command: &mut Command, (id, secret): (&str, &str), aws: &str) -> Run {
        let output = command
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path().join(".git"))
            .env("AWS_ENDPOINT_URL", aws)
            .env("AWS_ACCESS_KEY_ID", id)
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .env("AWS_REGION", "us-east-1")
            .output()
            .unwrap();
        Run::of(output)
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// What a command said.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What it said as JSON, held to the schema that is published.
    pub fn json(&self) -> serde_json::Value {
        static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
            let text = include_str!("../docs/scan.schema.json");
            jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
        });
        let said =
            serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        let wrong: Vec<_> = SCHEMA
            .iter_errors(&said)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(wrong, [""; 0]);
        said
    }

    /// Each finding of every stack in a few words: severity, kind, address or parent, what differs.
    pub fn findings(&self) -> Vec<String> {
        let report = self.json();
        let of = |list: &str, key: &'static str| {
            let all = report[list].as_array().unwrap().clone();
            all.into_iter()
                .flat_map(move |one| one[key].as_array().cloned().unwrap_or_default().into_iter())
        };
        let words = |finding: serde_json::Value| {
            let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            let paths = finding["attributes"].as_array().unwrap().iter();
            let paths: Vec<_> = paths
                .map(|one| one["path"].as_str().unwrap().to_owned())
                .collect();
            let name = if text("address").is_empty() {
                format!("{} under {}", text("type"), text("under"))
            } else {
                text("address")
            };
            [text("severity"), text("kind"), name, paths.join(", ")]
                .join(" ")
                .trim_end()
                .to_owned()
        };
        of("stacks", "findings")
            .chain(of("accounts", "findings"))
            .map(words)
            .collect()
    }

    /// What was done about each finding of a stack.
    pub fn fixes(&self) -> Vec<String> {
        let report = self.json();
        let findings = report["stacks"][0]["findings"].as_array().unwrap().clone();
        let words = |finding: serde_json::Value| {
            let fix = &finding["fix"];
            let name = finding["address"]
                .as_str()
                .or(finding["type"].as_str())
                .unwrap();
            let edits = fix["edits"].as_array().unwrap().iter();
            let edits =
                edits.map(|edit| format!(" {}:{}", edit["file"].as_str().unwrap(), edit["line"]));
            let reason = fix["reason"].as_str().map(|reason| format!(", {reason}"));
            format!(
                "{name}: {}{}{}",
                fix["kind"].as_str().unwrap(),
                edits.collect::<String>(),
                reason.unwrap_or_default()
            )
        };
        let planned = findings
            .into_iter()
            .filter(|finding| !finding["fix"].is_null());
        planned.map(words).collect()
    }
}
