//! The database under test: a file of SQLite or a cluster of PostgreSQL, on a file system of its own that can be filled.

use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// How much the file system under the database holds.
const SIZE: &str = "size=600m";
/// How long a disk stays full.
const FULL: Duration = Duration::from_secs(15);
/// How long PostgreSQL stays away.
const AWAY: Duration = Duration::from_secs(10);

/// The database of all processes.
pub struct Database {
    folder: PathBuf,
    kind: Kind,
    mounted: bool,
}

enum Kind {
    Sqlite,
    Postgres { programs: PathBuf, port: u16 },
}

impl Database {
    /// Makes and starts it.
    pub async fn start(kind: &str, folder: &Path) -> Result<Arc<Self>> {
        let folder = folder.join("database");
        std::fs::create_dir(&folder)?;
        let mounted = shell(&format!(
            "mount -t tmpfs -o {SIZE} tmpfs {}",
            folder.display()
        ))
        .is_ok();
        if !mounted {
            eprintln!("no file system could be mounted here: disks are not filled");
        }
        let kind = match kind {
            "sqlite" => Kind::Sqlite,
            "postgres" => Kind::Postgres {
                programs: programs()?,
                port: super::servers::free_port()?,
            },
            other => bail!("{other} is neither sqlite nor postgres"),
        };
        let database = Self {
            folder,
            kind,
            mounted,
        };
        if let Kind::Postgres { programs, .. } = &database.kind {
            shell(&format!("chown nobody {}", database.folder.display()))?;
            let initdb = programs.join("initdb");
            database.as_nobody(&format!(
                "{} -D {}/data -U postgres -A trust -N",
                initdb.display(),
                database.folder.display()
            ))?;
            database.run_postgres()?;
        }
        Ok(Arc::new(database))
    }

    /// What the processes connect to.
    pub fn url(&self) -> String {
        match &self.kind {
            Kind::Sqlite => format!("sqlite://{}/driftguard.db", self.folder.display()),
            Kind::Postgres { port, .. } => format!("postgres://postgres@127.0.0.1:{port}/postgres"),
        }
    }

    /// What PostgreSQL writes its log to.
    pub fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// How many processes share it.
    pub fn processes(&self) -> usize {
        match self.kind {
            Kind::Sqlite => 1,
            Kind::Postgres { .. } => 3,
        }
    }

    /// Takes PostgreSQL away as a crash does, and brings it back. False where there is none to take away.
    pub async fn restart(&self) -> Result<bool> {
        let Kind::Postgres { .. } = self.kind else {
            return Ok(false);
        };
        let _ = self.control("stop -m immediate");
        tokio::time::sleep(AWAY).await;
        self.run_postgres()?;
        Ok(true)
    }

    /// Fills the disk under it for a while. False where none could be mounted.
    pub async fn fill(&self) -> Result<bool> {
        if !self.mounted {
            return Ok(false);
        }
        let filler = self.folder.join("filler");
        // It ends with "no space left", which is what it is for.
        let _ = shell(&format!(
            "dd if=/dev/zero of={} bs=64k 2>/dev/null",
            filler.display()
        ));
        tokio::time::sleep(FULL).await;
        std::fs::remove_file(&filler).context("while making room again")?;
        if matches!(self.kind, Kind::Postgres { .. }) && self.control("status").is_err() {
            // PostgreSQL gives up where it cannot write its log; an operator starts it again.
            self.run_postgres()?;
        }
        Ok(true)
    }

    /// Ends it, and gives the file system back.
    pub fn stop(&self) {
        let _ = self.control("stop -m immediate");
        if self.mounted {
            let _ = shell(&format!("umount -l {}", self.folder.display()));
        }
    }

    fn run_postgres(&self) -> Result<()> {
        let Kind::Postgres { port, .. } = &self.kind else {
            return Ok(());
        };
        let folder = self.folder.display();
        let options =
            format!("-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c max_connections=200");
        self.control(&format!("-w -l {folder}/log -o '{options}' start"))
    }

    fn control(&self, verb: &str) -> Result<()> {
        let Kind::Postgres { programs, .. } = &self.kind else {
            return Ok(());
        };
        let program = programs.join("pg_ctl");
        self.as_nobody(&format!(
            "{} -D {}/data {verb}",
            program.display(),
            self.folder.display()
        ))
    }

    /// PostgreSQL refuses to run as root.
    fn as_nobody(&self, command: &str) -> Result<()> {
        let root = shell("test $(id -u) = 0").is_ok();
        let prefix = if root {
            "setpriv --reuid=nobody --regid=nogroup --clear-groups "
        } else {
            ""
        };
        shell(&format!("{prefix}{command} >/dev/null 2>&1"))
    }
}

fn shell(command: &str) -> Result<()> {
    let status = Command::new("sh").args(["-c", command]).status()?;
    ensure!(status.success(), "`{command}` failed");
    Ok(())
}

/// The folder of PostgreSQL's server programs: the newest that Debian has, else the path's.
fn programs() -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut all = debian.chain(std::env::split_paths(&path).collect::<Vec<_>>());
    all.find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
        .context("PostgreSQL's server programs are not installed")
}
