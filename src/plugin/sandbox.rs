//! Confines a provider: a foreign program must not read what the process that starts it may read.

use super::users::{User, Users};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Changes the user, takes privileges away, and ends the provider when its parent ends, however that ends.
const SETPRIV: &str = "/usr/bin/setpriv";
/// Bounds what a provider may take.
const PRLIMIT: &str = "/usr/bin/prlimit";
/// The memory, files and core dumps of a provider that runs as the caller.
const LIMITS: &[&str] = &["--as=8589934592", "--nofile=1024", "--core=0"];
/// The memory, seconds of a processor, size of a file, open files, threads and core dumps of a provider in a sandbox.
const SANDBOX_LIMITS: &[&str] = &[
    "--as=8589934592",
    "--cpu=900",
    "--fsize=67108864",
    "--nofile=1024",
    "--nproc=512",
    "--core=0",
];
/// What a provider that runs as the caller loses.
const UNPRIVILEGED: &[&str] = &["--no-new-privs", "--pdeathsig", "KILL"];
/// What a provider in a sandbox loses besides its user.
const CONFINED: &[&str] = &[
    "--clear-groups",
    "--no-new-privs",
    "--inh-caps=-all",
    "--ambient-caps=-all",
    "--bounding-set=-all",
    "--pdeathsig",
    "KILL",
];
/// The program of a provider whose folders its user may not enter: it is opened before the user changes.
const OPENED_PROGRAM: &str = "/proc/self/fd/0";
/// What stands in a wrapper for the provider's own folder.
const FOLDER: &str = "{folder}";
/// What stands in a wrapper for the folder with the provider's program.
const PACKAGE: &str = "{package}";
/// The capabilities that the sandbox takes, by their bits: chown, dac_override, kill, setgid, setuid, setpcap.
const CAPABILITIES: u64 = 1 | 1 << 1 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8;

/// How a provider is confined.
#[derive(Debug, Clone)]
pub enum Sandbox {
    /// It runs as the caller, and gains nothing.
    Caller,
    /// It runs as a user of its own, one of these.
    OwnUser(Users),
    /// The operator's command stands in front of its own.
    Wrapper(Vec<String>),
}

/// The words of a command, and what it reads.
pub(super) struct Confined {
    pub words: Vec<OsString>,
    pub stdin: Stdio,
}

impl Sandbox {
    /// Returns the sandbox of a server: the operator's, or a user of its own for each provider. `closed` are the
    /// folders and files that no provider may read.
    ///
    /// # Errors
    /// Why a provider cannot be confined here, and what to do.
    pub fn of_server(
        wrapper: Option<&[String]>,
        users: Users,
        closed: &[PathBuf],
    ) -> Result<Self, String> {
        if let Some(words) = wrapper {
            return Ok(Self::Wrapper(words.to_vec()));
        }
        for program in [SETPRIV, PRLIMIT] {
            if !Path::new(program).is_file() {
                return Err(format!(
                    "no provider was started: this machine has no {program} to confine it with; install util-linux, or set \
                     DRIFTGUARD_PROVIDER_WRAPPER"
                ));
            }
        }
        if !may_confine() {
            return Err(
                "no provider was started: the server does not run as root with the capabilities that confining it takes; \
                 run it so, or set DRIFTGUARD_PROVIDER_WRAPPER"
                    .to_owned(),
            );
        }
        if let Some(open) = closed.iter().find(|path| is_open_to_all(path)) {
            return Err(format!(
                "no provider was started: it could read {}; close it to other users (chmod go-rwx)",
                open.display()
            ));
        }
        let temporary = std::env::temp_dir();
        if !may_be_entered(&temporary.join("folder")) {
            return Err(format!(
                "no provider was started: its user may not enter {}; let TMPDIR name a folder that all may enter",
                temporary.display()
            ));
        }
        Ok(Self::OwnUser(users))
    }

    /// Returns the command that starts a program in the sandbox.
    ///
    /// # Errors
    /// When the program cannot be opened, or its user may not run it.
    pub(super) fn confine(
        &self,
        binary: &Path,
        folder: &Path,
        user: Option<&User>,
    ) -> io::Result<Confined> {
        let mut words: Vec<OsString> = Vec::new();
        let mut stdin = Stdio::null();
        match (self, user) {
            (Self::Wrapper(wrapper), _) => {
                let package = binary.parent().unwrap_or(folder);
                words.extend(wrapper.iter().map(|word| {
                    let word = word.replace(FOLDER, &folder.to_string_lossy());
                    word.replace(PACKAGE, &package.to_string_lossy()).into()
                }));
                words.push(binary.into());
            }
            (Self::OwnUser(_), Some(user)) => {
                stdin = opened(binary)?.into();
                add(&mut words, PRLIMIT, SANDBOX_LIMITS);
                let id = user.id();
                let mut options = vec![format!("--reuid={id}"), format!("--regid={id}")];
                options.extend(CONFINED.iter().map(ToString::to_string));
                add(&mut words, SETPRIV, &options);
                words.push(OPENED_PROGRAM.into());
            }
            _ => {
                if Path::new(PRLIMIT).is_file() {
                    add(&mut words, PRLIMIT, LIMITS);
                }
                if Path::new(SETPRIV).is_file() {
                    add(&mut words, SETPRIV, UNPRIVILEGED);
                }
                words.push(binary.into());
            }
        }
        Ok(Confined { words, stdin })
    }
}

/// Adds a program with its options, and what ends them.
fn add(words: &mut Vec<OsString>, program: &str, options: &[impl AsRef<OsStr>]) {
    words.push(program.into());
    words.extend(options.iter().map(|option| option.as_ref().to_owned()));
    words.push("--".into());
}

/// Opens a program that another user is to run.
fn opened(binary: &Path) -> io::Result<File> {
    let file = File::open(binary)?;
    match file.metadata()?.permissions().mode() & 0o005 {
        0o005 => Ok(file),
        _ => Err(io::Error::other(
            "the user of the sandbox may not run it: let all read and run it (chmod o+rx)",
        )),
    }
}

/// Returns whether this process may change a child's user and take its privileges away.
fn may_confine() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let mut lines = status.lines();
        lines
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
    };
    let user = field("Uid:").and_then(|ids| ids.split_whitespace().nth(1));
    let capabilities = field("CapEff:").and_then(|set| u64::from_str_radix(set, 16).ok());
    user == Some("0") && capabilities.is_some_and(|set| set & CAPABILITIES == CAPABILITIES)
}

/// Returns whether any user may read a file or enter a folder.
fn is_open_to_all(path: &Path) -> bool {
    let Ok(metadata) = fs::metadata(path) else {
        return false;
    };
    let open = if metadata.is_dir() { 0o005 } else { 0o006 };
    metadata.permissions().mode() & open != 0 && may_be_entered(path)
}

/// Returns whether any user may enter all folders that lead to a file.
fn may_be_entered(path: &Path) -> bool {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    path.ancestors().skip(1).all(|folder| {
        let metadata = fs::metadata(folder);
        metadata.is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_closed_by_its_mode_or_by_one_above_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        fs::write(&file, "key").unwrap();
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        mode(&file, 0o644);
        mode(folder.path(), 0o755);
        assert!(is_open_to_all(&file) && is_open_to_all(folder.path()));
        mode(folder.path(), 0o700);
        assert!(!is_open_to_all(&file) && !is_open_to_all(folder.path()));
        mode(folder.path(), 0o755);
        mode(&file, 0o640);
        assert!(!is_open_to_all(&file));
        assert!(!is_open_to_all(&folder.path().join("none")));
    }

    #[test]
    fn a_wrapper_learns_the_folders_that_it_must_show() {
        let wrapper = [
            "/usr/bin/bwrap",
            "--bind",
            "{folder}",
            "{folder}",
            "--ro-bind",
            "{package}",
        ];
        let sandbox = Sandbox::Wrapper(wrapper.map(str::to_owned).into());
        let program = Path::new("/data/providers/x/terraform-provider-aws");
        let confined = sandbox
            .confine(program, Path::new("/tmp/own"), None)
            .unwrap();
        let expected = [
            "/usr/bin/bwrap",
            "--bind",
            "/tmp/own",
            "/tmp/own",
            "--ro-bind",
            "/data/providers/x",
            "/data/providers/x/terraform-provider-aws",
        ];
        assert_eq!(confined.words, expected.map(OsString::from));
    }
}
