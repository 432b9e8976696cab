//! AWS for tests: moto, with the demo's stack in it as Terraform made it.

use driftguard::standin::moto::Moto;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
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

/// moto on a port of its own, empty.
pub async fn moto() -> Moto {
    static PYTHON: OnceCell<PathBuf> = OnceCell::const_new();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moto");
    let python = PYTHON
        .get_or_init(|| async move { Moto::install(&folder).await.unwrap() })
        .await;
    let moto = Moto::start(python).await.unwrap();
    moto.reset().await.unwrap();
    moto
}

/// The shop's account as Terraform left it, its state in its bucket.
pub async fn shop() -> Moto {
    let moto = moto().await;
    moto.replay(ACCOUNT).await.unwrap();
    moto.put_object(BUCKET, KEY, STATE).await.unwrap();
    moto
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
