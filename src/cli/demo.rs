//! `driftguard demo`: the main job on this machine, with nothing but Python 3 besides.
//!
//! moto stands in for AWS and the stand-in for GitHub; the server is this very program, on SQLite. Somebody has changed
//! things in the console; a push comes in, and the pull requests that answer it are printed.

use super::output::{print, tell};
use crate::model::{Tree, masked};
use crate::patch::{self, Changed};
use crate::standin::cloudtrail::CloudTrail;
use crate::standin::github::{AppIdentity, Content, GitHub, PullRequest};
use crate::standin::moto::Moto;
use anyhow::{Context, bail};
use include_dir::{Dir, include_dir};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::process::Command;

/// A stack that Terraform made, and what somebody then did to it in the console.
static STACK: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/cli/demo");

/// The location of the state in the stack's backend block.
const BUCKET: &str = "acme-terraform-state";
const KEY: &str = "shop/production/terraform.tfstate";
/// The person who signs in to the pages.
const PERSON: &str = "alice";
/// The repository.
const REPOSITORY: &str = "acme/shop";
/// The time limit of the server's work.
const SERVER_TIMEOUT: Duration = Duration::from_secs(90);

/// Runs the demo. The server serves its pages until it ends; with `keep` that is when the person ends it.
pub(super) async fn run(keep: bool) -> anyhow::Result<ExitCode> {
    say(
        "Starting moto, which stands in for AWS (the first time it is installed into a folder of its own).",
    );
    let cache = cache();
    let moto = account(&Moto::install(&cache.join("moto")).await?).await?;
    let app = AppIdentity::fresh(1, "the demo's webhook secret")?;
    let github = GitHub::start(&app, None).await?;
    let folder = TempDir::new().context("while making a folder for the database")?;
    let address = free_address()?;
    let trail = trail().await?;
    let aws = [
        ("AWS_ENDPOINT_URL", moto.url()),
        ("AWS_ENDPOINT_URL_CLOUDTRAIL", trail.url()),
    ];
    let mut server = command(&app, &github, aws, (&folder, &address))?;
    with_pages(&mut server, &github, &address);
    let _server = server.spawn().context("while starting the server")?;
    ready(&address).await?;
    say(&format!(
        "The pages are served at http://{address}/orgs/acme: sign in, as {PERSON}."
    ));
    github.deliver_to(&format!("http://{address}/webhooks/github"));

    github.create_repository(REPOSITORY, true);
    github.install("acme").await;
    github.set_member("acme", PERSON, "admin", "active");
    say("Somebody changed the shop's account in the console. Now a push arrives.");
    let tree = repository();
    let files: Vec<_> = tree
        .files
        .iter()
        .map(|(path, bytes)| (path.as_str(), Content::File(bytes.to_vec())))
        .collect();
    let commit = github.push(REPOSITORY, "main", "alice", &files).await;
    scanned(&github, commit.as_str()).await?;

    let shown = cache.join("demo");
    for pull in github.pull_requests(REPOSITORY) {
        show(&github, &tree, &pull, &shown)?;
    }
    for check in github.check_runs(REPOSITORY) {
        print(&format!(
            "Check on {}: {}: {}\n",
            &check.commit[..7],
            check.name,
            check.title
        ))?;
    }
    end(keep, &address, &shown).await?;
    Ok(ExitCode::SUCCESS)
}

/// Says where to look; with `keep` the pages are there until the person ends the demo.
async fn end(keep: bool, address: &str, shown: &Path) -> anyhow::Result<()> {
    print(&format!(
        "\nThe pull requests are also in {}, as Markdown and as patches.\n",
        shown.display()
    ))?;
    if keep {
        print(&format!(
            "\nThe pages are at http://{address}/orgs/acme: sign in, as {PERSON}. Their links to GitHub lead nowhere, since this program plays GitHub: the pull requests are in the folder above. Ctrl-C ends the demo.\n"
        ))?;
        tokio::signal::ctrl_c().await?;
    } else {
        print(
            "The pages of what was found ended with the demo: with --keep it stays up and serves them.\n",
        )?;
    }
    Ok(())
}

/// Adds what the pages need: the stand-in signs everybody in as the same person.
fn with_pages(server: &mut Command, github: &GitHub, address: &str) {
    let public_url = format!("http://{address}");
    let (id, secret) = github.oauth_client();
    github.add_callback(&format!("{public_url}/sign-in/callback"));
    github.use_browser_of(Some(PERSON));
    server
        .env("GITHUB_URL", github.url())
        .env("GITHUB_CLIENT_ID", id)
        .env("GITHUB_CLIENT_SECRET", secret)
        .env("DRIFTGUARD_PUBLIC_URL", public_url);
}

fn say(text: &str) {
    tell(text);
}

/// Builds the account as Terraform left it, and then changes it by hand.
async fn account(python: &Path) -> anyhow::Result<Moto> {
    let moto = Moto::start(python).await?;
    moto.reset().await?;
    moto.replay(text("account.jsonl")?).await?;
    moto.put_object(BUCKET, KEY, text("terraform.tfstate")?)
        .await?;
    moto.replay(text("console.jsonl")?).await?;
    Ok(moto)
}

/// Starts the stand-in for CloudTrail, with the calls by which the account was changed.
async fn trail() -> anyhow::Result<CloudTrail> {
    let trail = CloudTrail::start().await?;
    for line in text("trail.jsonl")?.lines() {
        let mut call: RecordedCall = serde_json::from_str(line).context("while reading a call")?;
        let ago = jiff::SignedDuration::from_mins(call.minutes_ago);
        let time = jiff::Timestamp::now() - ago;
        call.event["eventTime"] = time.strftime("%FT%TZ").to_string().into();
        let resources: Vec<_> = call.resources.iter().map(String::as_str).collect();
        trail.record(&resources, call.event)?;
    }
    Ok(trail)
}

/// A call that changed the account.
#[derive(serde::Deserialize)]
struct RecordedCall {
    resources: Vec<String>,
    minutes_ago: i64,
    event: serde_json::Value,
}

fn text(file: &str) -> anyhow::Result<&'static str> {
    let found = STACK.get_file(file).and_then(|file| file.contents_utf8());
    found.with_context(|| format!("the demo's {file} is not in this program"))
}

/// Returns the files of the shop's repository.
fn repository() -> Tree {
    fn walk(dir: &Dir<'_>, files: &mut Vec<(String, Vec<u8>)>) {
        for file in dir.files() {
            let path = file.path().to_string_lossy();
            let path = path.strip_prefix("repo/").unwrap_or(&path).to_owned();
            files.push((path, file.contents().to_vec()));
        }
        dir.dirs().for_each(|dir| walk(dir, files));
    }
    let mut files = Vec::new();
    if let Some(dir) = STACK.get_dir("repo") {
        walk(dir, &mut files);
    }
    files.into_iter().collect()
}

fn free_address() -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("while looking for a free port")?;
    Ok(listener.local_addr()?.to_string())
}

/// Returns the command that starts the server: this program, with the settings that a real one has.
fn command(
    app: &AppIdentity,
    github: &GitHub,
    aws: [(&str, &str); 2],
    (folder, address): (&TempDir, &str),
) -> anyhow::Result<Command> {
    let program = std::env::current_exe().context("while looking for this program")?;
    let log = std::fs::File::create(folder.path().join("log"))
        .context("while making the server's log")?;
    let mut server = Command::new(program);
    server
        .arg("serve")
        .env("GITHUB_APP_ID", app.id.to_string())
        .env("GITHUB_PRIVATE_KEY", &app.key)
        .env("GITHUB_WEBHOOK_SECRET", &app.webhook_secret)
        .env("GITHUB_API_URL", github.url())
        .env(
            "DRIFTGUARD_SECRET_KEY",
            "only the demo's own secrets are here",
        )
        .env("DRIFTGUARD_LISTEN", address)
        .env("DRIFTGUARD_DATA_DIR", folder.path())
        .env("DRIFTGUARD_AWS_AMBIENT", "1")
        .envs(aws)
        .env("AWS_ACCESS_KEY_ID", "demo")
        .env("AWS_SECRET_ACCESS_KEY", "demo")
        .env("AWS_REGION", "us-east-1")
        .env_remove("DATABASE_URL")
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_SESSION_TOKEN")
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true);
    Ok(server)
}

async fn ready(address: &str) -> anyhow::Result<()> {
    let end = Instant::now() + SERVER_TIMEOUT;
    while tokio::net::TcpStream::connect(address).await.is_err() {
        if Instant::now() > end {
            bail!("the server does not answer");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Waits for the check of the pushed commit: it comes last.
async fn scanned(github: &GitHub, commit: &str) -> anyhow::Result<()> {
    let end = Instant::now() + SERVER_TIMEOUT;
    while !github
        .check_runs(REPOSITORY)
        .iter()
        .any(|check| check.commit == commit)
    {
        if Instant::now() > end {
            bail!(
                "the push was not answered within {} s",
                SERVER_TIMEOUT.as_secs()
            );
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Prints a pull request as its reviewer meets it, and leaves it in a folder.
fn show(github: &GitHub, tree: &Tree, pull: &PullRequest, folder: &Path) -> anyhow::Result<()> {
    let paths = github.changed(REPOSITORY, &pull.branch);
    let changed: Changed = paths
        .into_iter()
        .filter_map(|path| Some((path.clone(), github.file(REPOSITORY, &pull.branch, &path)?)))
        .collect();
    let diff = patch::diff(tree, &changed, &masked);
    let rule = "=".repeat(100);
    print(&format!(
        "{rule}\n#{} {}\nfrom {}\n{rule}\n\n{}\n\n{diff}\n",
        pull.number, pull.title, pull.branch, pull.body
    ))?;
    let write = |ending: &str, text: &str| {
        std::fs::write(
            folder.join(format!("pull-request-{}.{ending}", pull.number)),
            text,
        )
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| write("md", &format!("# {}\n\n{}\n", pull.title, pull.body)))
        .and_then(|()| write("patch", &diff))
        .with_context(|| format!("while writing to {}", folder.display()))
}

/// Returns the folder in which moto is installed and the pull requests are left.
fn cache() -> PathBuf {
    let named = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let cache = named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")));
    cache.unwrap_or_else(std::env::temp_dir).join("driftguard")
}
