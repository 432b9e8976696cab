//! Databases for tests: a file of SQLite, and one cluster of PostgreSQL a test process, each test with its own database.

use driftguard::queue::inbox::Inbox;
use sqlx::{Connection, Executor, PgConnection};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// One test's own database.
pub struct Database {
    pub url: String,
    _folder: Option<TempDir>,
}

impl Database {
    pub async fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}/driftguard.db", folder.path().display());
        Self {
            url,
            _folder: Some(folder),
        }
    }

    /// None where this machine has no PostgreSQL, which is said aloud, and fails where `CI` is set.
    pub async fn postgres() -> Option<Self> {
        static CLUSTER: OnceCell<Option<Cluster>> = OnceCell::const_new();
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let cluster = CLUSTER.get_or_init(Cluster::start).await.as_ref()?;
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut server = cluster.connect().await.unwrap();
        let statement = sqlx::AssertSqlSafe(format!("create database {name}"));
        server.execute(statement).await.unwrap();
        Some(Self {
            url: format!("{}/{name}", cluster.address),
            _folder: None,
        })
    }

    /// Connects as one more process would.
    pub async fn inbox(&self) -> Inbox {
        Inbox::connect(&self.url).await.unwrap()
    }
}

/// Tells each story on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($($story:ident),* $(,)?) => {$(
        mod $story {
            use crate::database::Database;

            #[tokio::test]
            async fn sqlite() {
                super::$story(Database::sqlite().await).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(database) = Database::postgres().await {
                    super::$story(database).await;
                }
            }
        }
    )*};
}
pub(crate) use on_both;

/// A throwaway cluster, which ends with the test process: the script waits for its standard input to close.
struct Cluster {
    address: String,
    _process: Child,
}

const SCRIPT: &str = r#"
set -e
as=""
if [ "$(id -u)" = 0 ]; then
    chown nobody "$1"
    as="setpriv --reuid=nobody --regid=nogroup --clear-groups"
fi
$as "$2/initdb" -D "$1/data" -U postgres -A trust -N >/dev/null
$as "$2/postgres" -D "$1/data" -p "$3" -k "$1" -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=500 \
    >/dev/null 2>&1 &
cat >/dev/null
kill -INT $!
wait $! || true
rm -rf "$1"
"#;

impl Cluster {
    async fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("CI").is_none(), "no PostgreSQL here");
            eprintln!("SKIPPED: no PostgreSQL on this machine");
            return None;
        };
        let folder = TempDir::new().unwrap().keep();
        let port = free_port();
        let process = Command::new("sh")
            .args(["-c", SCRIPT, "cluster"])
            .arg(&folder)
            .arg(&programs)
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let cluster = Self {
            address: format!("postgres://postgres@127.0.0.1:{port}"),
            _process: process,
        };
        for _ in 0..300 {
            if cluster.connect().await.is_ok() {
                return Some(cluster);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("PostgreSQL did not start in {}", folder.display());
    }

    async fn connect(&self) -> sqlx::Result<PgConnection> {
        PgConnection::connect(&format!("{}/postgres", self.address)).await
    }
}

/// A cluster that a story stops and starts again.
pub struct OwnCluster {
    pub url: String,
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    process: Option<Child>,
}

impl OwnCluster {
    /// None where this machine has no PostgreSQL, which is said aloud, and fails where `CI` is set.
    pub async fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("CI").is_none(), "no PostgreSQL here");
            eprintln!("SKIPPED: no PostgreSQL on this machine");
            return None;
        };
        let port = free_port();
        let mut cluster = Self {
            url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            folder: TempDir::new().unwrap(),
            programs,
            port,
            process: None,
        };
        cluster.run(INITIALIZE).wait().unwrap();
        cluster.again().await;
        Some(cluster)
    }

    /// Starts it, and waits until it answers.
    pub async fn again(&mut self) {
        self.process = Some(self.run(RUN));
        for _ in 0..300 {
            if PgConnection::connect(&self.url).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!(
            "PostgreSQL did not start in {}",
            self.folder.path().display()
        );
    }

    /// Ends it at once, as a restart does: whoever is connected is cut off.
    pub async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let id = process.id().to_string();
            Command::new("kill").args(["-INT", &id]).status().unwrap();
            process.wait().unwrap();
        }
    }

    fn run(&self, script: &str) -> Child {
        Command::new("sh")
            .args(["-c", script, "cluster"])
            .arg(self.folder.path())
            .arg(&self.programs)
            .arg(self.port.to_string())
            .stdin(Stdio::null())
            .spawn()
            .unwrap()
    }
}

impl Drop for OwnCluster {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let id = process.id().to_string();
            let _ = Command::new("kill").args(["-INT", &id]).status();
            let _ = process.wait();
        }
    }
}

const INITIALIZE: &str = r#"
as=""
if [ "$(id -u)" = 0 ]; then
    chown nobody "$1"
    as="setpriv --reuid=nobody --regid=nogroup --clear-groups"
fi
exec $as "$2/initdb" -D "$1/data" -U postgres -A trust -N >/dev/null
"#;

const RUN: &str = r#"
as=""
[ "$(id -u)" = 0 ] && as="setpriv --reuid=nobody --regid=nogroup --clear-groups"
exec $as "$2/postgres" -D "$1/data" -p "$3" -k "$1" -c listen_addresses=127.0.0.1 >/dev/null 2>&1
"#;

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The folder with `initdb` and `postgres`: on the path, or where Debian puts it.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).collect::<Vec<_>>();
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let debian = debian.map(|version| version.path().join("bin"));
    let whole = |folder: &PathBuf| {
        ["initdb", "postgres"]
            .iter()
            .all(|name| is_file(&folder.join(name)))
    };
    on_path.into_iter().chain(debian).find(whole)
}

fn is_file(path: &Path) -> bool {
    path.is_file()
}
