//! Runs a provider as a child process that knows nothing of its parent.

use super::handshake::{self, BadHandshake, Handshake, MAGIC_COOKIE, MAX_LINE};
use super::own_folder::OwnFolder;
use super::sandbox::Sandbox;
use super::second_look::Evidence;
use super::users::User;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use std::os::unix::fs::{FileTypeExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// How a provider is started.
#[derive(Clone)]
pub struct Launch {
    /// The program.
    pub binary: PathBuf,
    /// How it is confined.
    pub sandbox: Sandbox,
    /// The variables that the operator gives it.
    pub environment: Vec<(String, String)>,
    /// The operator's own endpoint of AWS, as a test environment has.
    pub endpoint: Option<String>,
    /// Whether it logs its calls, so that a missing resource can be told from a refused call.
    pub logs_calls: bool,
}

/// Why a provider does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It could not be started at all.
    #[error("{} could not be started: {cause}", binary.display())]
    Spawn {
        /// The program.
        binary: PathBuf,
        /// The system's message.
        cause: io::Error,
    },
    /// It ended, or said nothing in time.
    #[error("{} ended before it said where it listens", binary.display())]
    Ended {
        /// The program.
        binary: PathBuf,
    },
    /// It said nothing in time.
    #[error("{} did not say where it listens within {} seconds", binary.display(), limit.as_secs())]
    Silent {
        /// The program.
        binary: PathBuf,
        /// How long it had.
        limit: Duration,
    },
    /// What it printed is no handshake.
    #[error(transparent)]
    Handshake(#[from] BadHandshake),
}

/// A running provider. It ends when this is dropped.
pub struct Process {
    /// Where it listens.
    pub handshake: Handshake,
    /// What its log tells of refused calls.
    pub evidence: Arc<Mutex<Evidence>>,
    /// The user that it runs as, where it has one of its own.
    pub user: Option<u32>,
    _group: ProcessGroup,
    _folder: OwnFolder,
}

/// A provider with all processes that it started. They end when this is dropped.
struct ProcessGroup {
    leader: Child,
    /// Dropped after its processes were ended.
    user: Option<User>,
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        // The leader is not waited for before, so its id is nobody else's.
        let id = self.leader.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = id.and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Process {
    /// Starts a provider and waits until it listens.
    ///
    /// # Errors
    /// When it cannot be started, or is no provider.
    pub async fn start(launch: &Launch, limit: Duration) -> Result<Self, StartError> {
        let spawn = |cause| StartError::Spawn {
            binary: launch.binary.clone(),
            cause,
        };
        let folder = OwnFolder::create().map_err(spawn)?;
        let mut group = spawn_in(launch, folder.path()).map_err(spawn)?;
        let user = group.user.as_ref().map(User::id);
        let child = &mut group.leader;
        let evidence = Arc::new(Mutex::new(Evidence::default()));
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(drain_log(stderr, launch.logs_calls, evidence.clone()));
        }
        let ended = || StartError::Ended {
            binary: launch.binary.clone(),
        };
        let stdout = child.stdout.take().ok_or_else(ended)?;
        let line = match timeout(limit, first_line(stdout)).await {
            Ok(line) => line.ok_or_else(ended)?,
            Err(_) => {
                return Err(StartError::Silent {
                    binary: launch.binary.clone(),
                    limit,
                });
            }
        };
        let handshake = handshake::parse(&line, folder.path())?;
        // A link would lead to another program's socket, which would be given the credentials.
        if !std::fs::symlink_metadata(&handshake.socket)
            .is_ok_and(|found| found.file_type().is_socket())
        {
            return Err(BadHandshake::Outside.into());
        }
        Ok(Self {
            handshake,
            evidence,
            user,
            _group: group,
            _folder: folder,
        })
    }

    /// Forgets what the log told so far.
    pub fn clear_evidence(&self) {
        *self.lock() = Evidence::default();
    }

    /// Returns what the log told since.
    pub fn evidence(&self) -> Evidence {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Evidence> {
        self.evidence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the program in its folder, which is its user's.
fn spawn_in(launch: &Launch, folder: &Path) -> io::Result<ProcessGroup> {
    let user = match &launch.sandbox {
        Sandbox::OwnUser(users) => Some(users.take()?),
        Sandbox::Caller | Sandbox::Wrapper(_) => None,
    };
    if let Some(id) = user.as_ref().map(User::id) {
        chown(folder, Some(id), Some(id))?;
    }
    let leader = command(launch, folder, user.as_ref())?.spawn()?;
    Ok(ProcessGroup { leader, user })
}

/// Builds the command: an empty environment but for what the protocol needs, and no file of the caller's.
fn command(launch: &Launch, folder: &Path, user: Option<&User>) -> io::Result<Command> {
    let confined = launch.sandbox.confine(&launch.binary, folder, user)?;
    let mut words = confined.words.into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    let given = launch.environment.iter();
    command
        .args(words)
        .env_clear()
        .envs(given.map(|(name, value)| (name, value)))
        .envs(environment(launch));
    command
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .env("PLUGIN_UNIX_SOCKET_DIR", folder)
        .current_dir(folder)
        .stdin(confined.stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    Ok(command)
}

/// Returns the environment of a provider, apart from its folder. Credentials are not in it.
fn environment(launch: &Launch) -> Vec<(&'static str, &str)> {
    let log = if launch.logs_calls { "debug" } else { "off" };
    let mut variables = vec![
        MAGIC_COOKIE,
        ("PLUGIN_PROTOCOL_VERSIONS", "5,6"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("CHECKPOINT_DISABLE", "1"),
        ("TF_LOG_SDK", "off"),
        ("TF_LOG_PROVIDER_AWS", log),
    ];
    if let Some(endpoint) = &launch.endpoint {
        variables.push(("AWS_ENDPOINT_URL", endpoint));
    }
    variables
}

/// Reads the first line, and drops all others: a program whose output nobody takes waits for ever.
async fn first_line(stdout: ChildStdout) -> Option<String> {
    let mut reader = BufReader::new(stdout);
    let mut line = Vec::new();
    let mut head = (&mut reader).take(MAX_LINE as u64);
    let read = head.read_until(b'\n', &mut line).await.ok()?;
    tokio::spawn(drop_all(reader));
    (read > 0).then(|| String::from_utf8_lossy(&line).into_owned())
}

async fn drop_all(mut from: impl AsyncRead + Unpin) {
    let mut buffer = vec![0; 16 << 10];
    while matches!(from.read(&mut buffer).await, Ok(read) if read > 0) {}
}

/// Drops what a provider logs: it holds secrets. Of a call that was refused only that is kept.
async fn drain_log(
    stderr: impl AsyncRead + Unpin,
    logs_calls: bool,
    evidence: Arc<Mutex<Evidence>>,
) {
    if !logs_calls {
        return drop_all(stderr).await;
    }
    const MAX_LOG_LINE: u64 = 1 << 20;
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut head = (&mut reader).take(MAX_LOG_LINE);
        match head.read_until(b'\n', &mut line).await {
            Ok(read) if read > 0 => {}
            _ => return,
        }
        let mut evidence = evidence.lock().unwrap_or_else(PoisonError::into_inner);
        evidence.add(&line);
    }
}
