//! What a provider can reach of the server that runs it. Taking a user of its own needs root.

use super::fake::Fake;
use super::stories::read_in;
use driftguard::config::Providers;
use driftguard::model::Reading;
use driftguard::plugin::{ProviderFolder, Sandbox, Users};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Users that only these tests take.
const USERS: std::ops::RangeInclusive<u32> = 61_000..=61_015;

/// A folder that any user may enter, with one below it that any may write.
pub struct Open {
    folder: TempDir,
}

impl Open {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        mode(folder.path(), 0o755);
        let open = Self { folder };
        fs::create_dir(open.records()).unwrap();
        mode(&open.records(), 0o777);
        open
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where a provider records what a story asks for.
    pub fn records(&self) -> PathBuf {
        self.path().join("records")
    }

    /// What it recorded, once it has.
    async fn recorded(&self, name: &str) -> String {
        for _ in 0..600 {
            if let Ok(text) = fs::read_to_string(self.records().join(name))
                && !text.is_empty()
            {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the provider recorded no {name}");
    }
}

pub fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The sandbox of a server; `None`, said aloud, where this machine has none. As root in CI it must have one.
fn sandbox(locks: &Path) -> Option<Sandbox> {
    let users = Users {
        ids: USERS,
        locks: locks.to_owned(),
    };
    match Sandbox::of_server(None, users, &[]) {
        Ok(sandbox) => Some(sandbox),
        Err(reason) => {
            let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
            assert!(
                !is_root || std::env::var("CI").as_deref() != Ok("true"),
                "{reason}"
            );
            eprintln!("skipped: {reason}");
            None
        }
    }
}

/// Whether this machine has no sandbox.
pub fn skips() -> bool {
    sandbox(&std::env::temp_dir()).is_none()
}

/// Whether a process runs whose environment holds this text.
fn runs(text: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let mut environments = processes.map(|process| fs::read(process.path().join("environ")));
    environments
        .any(|found| found.is_ok_and(|found| String::from_utf8_lossy(&found).contains(text)))
}

async fn until_gone(text: &str) {
    for _ in 0..100 {
        if !runs(text) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("a provider with {text} still runs");
}

#[tokio::test]
async fn a_provider_in_the_sandbox_reads_nothing_of_the_server_and_of_other_providers() {
    let (open, locks) = (Open::new(), TempDir::new().unwrap());
    let Some(sandbox) = sandbox(locks.path()) else {
        return;
    };
    // The server's own: its data, its database, and a key that lies elsewhere.
    let data = TempDir::new().unwrap();
    mode(data.path(), 0o700);
    let database = data.path().join("driftguard.db");
    fs::write(&database, "rows").unwrap();
    let key = open.path().join("key.pem");
    fs::write(&key, "key").unwrap();
    mode(&key, 0o600);
    // Another installation's provider, at work.
    let other = Open::new();
    let hanging = Fake {
        behaviour: "hang, with children",
        live: "{}",
        records: &other.records(),
        tries: &[],
    };
    let hanging = hanging.write(&data.path().join("other"));
    let busy = tokio::spawn({
        let sandbox = sandbox.clone();
        async move { read_in(hanging, sandbox, "hang, with children").await }
    });
    let socket = PathBuf::from(other.recorded("socket").await);
    let tries = [
        data.path().to_owned(),
        database,
        key,
        socket.clone(),
        socket.parent().unwrap().to_owned(),
    ];
    let spy = Fake {
        behaviour: "spy",
        live: "{}",
        records: &open.records(),
        tries: &tries,
    };
    // Below the data folder, where archives are unpacked.
    let spy = spy.write(&data.path().join("providers"));
    let found = read_in(spy, sandbox, "spy").await;
    assert!(
        matches!(found.reading, Reading::Found(_)),
        "{:?}",
        found.reading
    );
    let tried = open.recorded("tried").await;
    assert_eq!(tried.lines().count(), 3 + tries.len(), "{tried}");
    for line in tried.lines() {
        assert!(line.ends_with(" false"), "{line}");
    }
    let own = open.records().join("tried").metadata().unwrap().uid();
    let another = other.records().join("socket").metadata().unwrap().uid();
    assert!(USERS.contains(&own) && USERS.contains(&another) && own != another);
    busy.abort();
    assert!(busy.await.is_err());
    // Its whole group, and the child that left it.
    until_gone(&other.records().display().to_string()).await;
}

/// What the story of the sandbox tries can be reached: without one a provider reaches it.
#[tokio::test]
async fn without_the_sandbox_the_same_provider_reaches_what_is_the_servers() {
    let open = Open::new();
    let data = TempDir::new().unwrap();
    mode(data.path(), 0o700);
    let key = data.path().join("key.pem");
    fs::write(&key, "key").unwrap();
    mode(&key, 0o600);
    let socket = data.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let spy = Fake {
        behaviour: "spy",
        live: "{}",
        records: &open.records(),
        tries: &[data.path().to_owned(), key, socket],
    };
    let found = read_in(spy.write(open.path()), Sandbox::Caller, "spy").await;
    assert!(matches!(found.reading, Reading::Found(_)), "{found:?}");
    let tried = open.recorded("tried").await;
    let reached = tried.lines().filter(|line| line.ends_with(" true"));
    // Whatever is mapped at its beginning, memory cannot be read as a file.
    assert!(reached.count() >= 4, "{tried}");
    for name in ["key.pem", "socket"] {
        let of_name = |line: &&str| line.contains(name);
        let line = tried.lines().find(of_name).unwrap();
        assert!(line.ends_with(" true"), "{tried}");
    }
}

#[tokio::test]
async fn a_provider_that_is_given_up_on_ends_with_its_whole_group() {
    let open = Open::new();
    let fake = Fake {
        behaviour: "hang, with children",
        live: "{}",
        records: &open.records(),
        tries: &[],
    };
    let program = fake.write(open.path());
    let reading = tokio::spawn(read_in(program, Sandbox::Caller, "hang, with children"));
    open.recorded("socket").await;
    reading.abort();
    assert!(reading.await.is_err());
    let text = open.records().display().to_string();
    let left = || {
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let of_provider = processes.filter(|process| {
            let environment = fs::read(process.path().join("environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(&text)
        });
        let lines = of_provider.map(|process| {
            let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
            (
                process.path(),
                String::from_utf8_lossy(&line).replace('\0', " "),
            )
        });
        lines.collect::<Vec<_>>()
    };
    for _ in 0..100 {
        // What left the group is only ended where the provider has a user of its own.
        let mut left = left();
        left.retain(|(process, _)| {
            let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
            let session = stat
                .rsplit_once(')')
                .and_then(|(_, rest)| rest.split_whitespace().nth(3).map(str::to_owned));
            session.as_deref() != process.file_name().and_then(|name| name.to_str())
        });
        if left.is_empty() {
            end_escaped(&text);
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?}", left());
}

/// Ends what left the group of a provider that has no user of its own.
fn end_escaped(text: &str) {
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        if String::from_utf8_lossy(&environment).contains(text) {
            let id = process.file_name().into_string().unwrap();
            let ended = std::process::Command::new("kill")
                .args(["-KILL", &id])
                .status();
            assert!(ended.is_ok());
        }
    }
}

/// A folder of the server that others may read makes the sandbox worthless.
#[test]
fn a_server_whose_data_others_may_read_starts_no_provider() {
    let open = Open::new();
    let users = Users {
        ids: USERS,
        locks: open.path().join("locks"),
    };
    let closed = [open.path().to_owned()];
    let reason = Sandbox::of_server(None, users, &closed).unwrap_err();
    assert!(reason.starts_with("no provider was started: "), "{reason}");
    if let Some(path) = reason.split("could read ").nth(1) {
        assert!(path.starts_with(open.path().to_str().unwrap()), "{reason}");
    }
}

/// What is not pinned is not started.
#[tokio::test]
async fn only_what_the_operator_pinned_is_started() {
    let folder = TempDir::new().unwrap();
    for version in ["5.9.0", "5.100.0"] {
        super::folder::put(folder.path(), version);
    }
    let pins = folder.path().join("pins");
    let choose = async |text: &str| {
        fs::write(&pins, text).unwrap();
        let lookup =
            |name: &str| (name == "DRIFTGUARD_PROVIDER_PINS").then(|| pins.display().to_string());
        let settings = Providers::in_folder(folder.path().to_owned(), folder.path(), &lookup);
        let folder = ProviderFolder::of_caller(&settings.unwrap()).unwrap();
        let chosen = folder.choose(driftguard::plugin::SOURCE, None).await;
        chosen.map(|chosen| chosen.package.version)
    };
    let none = choose("# none\n").await.unwrap_err();
    assert!(none.contains("DRIFTGUARD_PROVIDER_PINS"), "{none}");
    let other = choose("hashicorp/aws 5.9.0 h1:AAAA\n").await.unwrap_err();
    assert!(
        other.contains("is not the one that DRIFTGUARD_PROVIDER_PINS names"),
        "{other}"
    );
    let lock_file = super::folder::lock("5.9.0", "h1:AAAA");
    let opened = ProviderFolder::open(folder.path(), folder.path()).unwrap();
    let told = opened
        .choose(driftguard::plugin::SOURCE, Some(&lock_file))
        .await
        .unwrap_err();
    let hash = told.rsplit(' ').next().unwrap();
    let pinned = choose(&format!("hashicorp/aws 5.9.0 {hash}\n")).await;
    assert_eq!(
        pinned,
        Ok("5.9.0".to_owned()),
        "not the newest, which is not pinned"
    );
}

#[tokio::test]
async fn a_wrapper_stands_before_the_provider() {
    let open = Open::new();
    let fake = Fake {
        behaviour: "spy",
        live: "{}",
        records: &open.records(),
        tries: &[],
    };
    let program = fake.write(open.path());
    let words = ["/usr/bin/env", "WRAPPED={package}", "FOLDER={folder}"];
    let wrapper = Sandbox::Wrapper(words.map(str::to_owned).into());
    let found = read_in(program, wrapper, "spy").await;
    assert!(
        matches!(found.reading, Reading::Found(_)),
        "{:?}",
        found.reading
    );
    let given = open.recorded("given").await;
    let package = format!("WRAPPED={}", open.path().display());
    assert!(given.lines().any(|line| line == package), "{given}");
    assert!(
        given.contains("FOLDER=/") && given.contains("driftguard-provider-"),
        "{given}"
    );
}
