//! What leaves when a repository is made public, when it changes hands, and when the App is taken away.

use super::stories::{AMBIENT, receiver, set_up};
use super::texts;
use super::world::{ADOPT, World};
use crate::aws::CONSOLE;
use crate::database::{Database, on_both};
use driftguard::model::{InstallationId, RepositoryId};
use driftguard::queue::job::{Job, QueuedJob, RepositoryTask};
use driftguard::standin::github::{Content, Fault};
use driftguard::store::Notification;
use driftguard::webhook::signature::{Secrets, Signature};
use sqlx::{AnyConnection, Connection};
use std::time::Duration;

on_both!(
    of_a_repository_made_public_every_text_is_emptied_however_old,
    an_administrator_rotates_the_secret_of_notifications,
    errands_of_an_installation_that_is_gone_are_deleted_with_what_they_say,
);

const EMPTIED: &str = "This repository was made public";

/// What has no business in a text that was emptied.
fn tells(text: &str) -> bool {
    ["aws_", "critical", "infra/", "signed with"]
        .iter()
        .any(|word| text.contains(word))
}

/// A shop with these settings, whose dashboard stands before anything drifts: a notification shows its secret there.
async fn notified(database: Database, settings: &str) -> World {
    let mut world = World::start(database, AMBIENT).await;
    world
        .push("main", "alice", &[(".driftguard.yml", settings)])
        .await;
    world.install().await;
    world.aws.replay(CONSOLE).await.unwrap();
    world
        .push("main", "alice", &[("README.md", "A shop.\n")])
        .await;
    world
}

async fn publish(world: &World) {
    world.github.publish(&world.repository, true, "alice").await;
    world.idle().await;
}

/// The secrets that comments show.
fn secrets(world: &World) -> Vec<String> {
    let is_secret = |part: &&str| part.len() == 64 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let comments = world.comments().into_iter();
    comments
        .filter_map(|comment| comment.body.split('`').find(is_secret).map(str::to_owned))
        .collect()
}

async fn query(database: &Database, statement: &'static str) -> u64 {
    let mut connection = AnyConnection::connect(&database.url).await.unwrap();
    let done = sqlx::query(statement).execute(&mut connection).await;
    done.unwrap().rows_affected()
}

async fn of_a_repository_made_public_every_text_is_emptied_however_old(database: Database) {
    let mut world = World::start(database, AMBIENT).await;
    // More pull requests than a page of GitHub's holds, the one that is checked below them all.
    for number in 0..101 {
        let branch = format!("docs-{number}");
        world.push(&branch, "alice", &[("NOTES.md", "x\n")]).await;
        let title = format!("Docs {number}");
        world
            .github
            .open(&world.repository, &branch, "alice", &title)
            .await;
    }
    let settings = "version: 1\nnotify:\n  url: https://127.0.0.1/\n";
    world
        .push("main", "alice", &[(".driftguard.yml", settings)])
        .await;
    world.install().await;
    world.aws.replay(CONSOLE).await.unwrap();
    world
        .push("main", "alice", &[("README.md", "A shop.\n")])
        .await;
    world
        .push("docs-0", "alice", &[("infra/production/NOTES.md", "x\n")])
        .await;
    // And more of another App's check runs, above ours.
    for _ in 0..101 {
        world
            .github
            .check_of_another(&world.repository, "main", "DriftGuard / imposter");
    }
    for text in ["The shop.\n", "Our shop.\n"] {
        world.push("main", "alice", &[("README.md", text)]).await;
    }
    world
        .say(world.dashboard().number, "alice", "/driftguard status")
        .await;
    // The scans of long ago are forgotten, and an earlier version noted no commit of a pull request.
    let shop = world.repository_id().await;
    let tenant = world.tenant();
    let noted = tenant.published_commits(shop).await.unwrap().len();
    assert_eq!(
        noted, 5,
        "four pushes to the default branch, one to another"
    );
    tenant
        .delete_scans_of(shop, super::world::STACK, 1)
        .await
        .unwrap();
    let runs = world.github.check_runs(&world.repository).into_iter();
    let ours: Vec<_> = runs.filter(|run| run.title != "Theirs").collect();
    let reviewed = ours
        .iter()
        .find(|run| run.summary.contains("default branch"));
    let reviewed = reviewed
        .expect("the oldest pull request is checked")
        .commit
        .clone();
    sqlx::query("delete from published_commits where commit_id = $1")
        .bind(&reviewed)
        .execute(&mut AnyConnection::connect(&world.database.url).await.unwrap())
        .await
        .unwrap();
    assert!(secrets(&world).len() == 1 && world.is_open(ADOPT));

    publish(&world).await;
    let theirs = |text: &String| text.starts_with("Theirs");
    let said = texts(&world);
    assert_eq!(said.iter().filter(|text| theirs(text)).count(), 101);
    for text in said.iter().filter(|text| !theirs(text)) {
        assert!(!tells(text), "{text}");
    }
    let runs = world.github.check_runs(&world.repository);
    let emptied = runs.iter().filter(|run| run.summary.starts_with(EMPTIED));
    assert_eq!(emptied.count(), ours.len());
    assert_eq!(secrets(&world), [""; 0]);
    let branches = world.github.branches(&world.repository);
    assert!(
        !branches
            .iter()
            .any(|branch| branch.starts_with("driftguard/"))
    );
    assert_eq!(tenant.published_commits(shop).await.unwrap(), [""; 0]);
    assert_eq!(world.github.violations(), [""; 0]);
}

/// What empties each kind of text, and what GitHub refuses it with.
const EMPTYING: [(&str, u16); 6] = [
    ("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", 403),
    ("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", 404),
    ("PATCH /repos/{owner}/{repo}/issues/{issue_number}", 422),
    ("PATCH /repos/{owner}/{repo}/issues/{issue_number}", 410),
    (
        "DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}",
        404,
    ),
    ("DELETE /repos/{owner}/{repo}/git/refs/{ref}", 403),
];

/// What still says something of drift, whether a text or a branch.
fn left(world: &World) -> Vec<String> {
    let texts = texts(world).into_iter().filter(|text| tells(text));
    let branches = world.github.branches(&world.repository).into_iter();
    let ours = branches.filter(|branch| branch.starts_with("driftguard/"));
    texts.chain(ours).collect()
}

async fn told_world() -> World {
    let world = set_up(Database::sqlite().await, "version: 1\n").await;
    world
        .push("main", "alice", &[("README.md", "The shop.\n")])
        .await;
    world
        .say(world.dashboard().number, "alice", "/driftguard status")
        .await;
    world
}

#[tokio::test]
async fn what_github_refuses_to_empty_once_is_tried_again() {
    for (route, status) in EMPTYING {
        let world = told_world().await;
        world.github.fail_next(route, Fault::Status(status));
        publish(&world).await;
        assert_eq!(left(&world), [""; 0], "{status} for {route}");
    }
}

#[tokio::test]
async fn what_github_refuses_to_empty_for_long_stops_nothing_else_and_is_tried_with_each_scan() {
    let world = told_world().await;
    let before = left(&world).len();
    // Longer than it is tried: each try asks for the dashboard and for two pull requests.
    let route = "PATCH /repos/{owner}/{repo}/issues/{issue_number}";
    let tries = driftguard::queue::worker::WorkerConfig::default().tries * 4;
    for _ in 0..tries {
        world.github.fail_next(route, Fault::Status(403));
    }
    publish(&world).await;
    let refused = left(&world);
    assert!(!refused.is_empty() && refused.len() < before, "{refused:?}");
    let stopped = world.inbox.store.stopped_jobs(9).await.unwrap();
    assert_eq!(stopped.len(), 1, "the operator sees it: {stopped:?}");
    for number in 0..tries {
        if left(&world).is_empty() {
            break;
        }
        let text = format!("Shop {number}.\n");
        world.push("main", "alice", &[("README.md", &text)]).await;
    }
    assert_eq!(left(&world), [""; 0]);
}

#[tokio::test]
async fn what_was_published_before_the_app_was_removed_is_emptied_as_well() {
    let mut world = told_world().await;
    let runs = world.github.check_runs(&world.repository).len();
    world.github.uninstall(world.installation).await;
    world.idle().await;
    world
        .push("main", "alice", &[(".driftguard.yml", "version: 1\n#\n")])
        .await;
    world.install().await;
    assert!(runs > 1 && !left(&world).is_empty());
    publish(&world).await;
    assert_eq!(left(&world), [""; 0]);
}

#[tokio::test]
async fn check_runs_that_nobody_noted_are_searched_for_on_all_pages() {
    let world = told_world().await;
    let file = "infra/production/NOTES.md";
    world.push("docs", "alice", &[(file, "x\n")]).await;
    let shop = &world.repository;
    world.github.open(shop, "docs", "alice", "Docs").await;
    world.idle().await;
    world.push("docs", "alice", &[(file, "y\n")]).await;
    // More commits above those that were scanned than a page of GitHub's holds; their scans are one.
    for number in 0..120 {
        let text = format!("Shop {number}.\n");
        let files = [("README.md", Content::from(text.as_str()))];
        world.github.push(shop, "main", "alice", &files).await;
    }
    world.idle().await;
    let runs = world.github.check_runs(shop).len();
    // As after a loss of the database.
    query(&world.database, "delete from published_commits").await;
    publish(&world).await;
    assert_eq!(left(&world), [""; 0]);
    let emptied = world.github.check_runs(shop).into_iter();
    let emptied = emptied.filter(|run| run.summary.starts_with(EMPTIED));
    assert_eq!(emptied.count(), runs);
    let (tenant, id) = (world.tenant(), world.repository_id().await);
    let noted = tenant.published_commits(id);
    assert_eq!(noted.await.unwrap(), [""; 0]);
    assert_eq!(world.github.violations(), [""; 0]);
}

#[tokio::test]
async fn a_check_of_another_app_is_not_taken_for_ours() {
    let world = set_up(Database::sqlite().await, "version: 1\n").await;
    let ours = world.check();
    world
        .github
        .check_of_another(&world.repository, "main", &ours.name);
    let before = world.github.check_runs(&world.repository).len();
    world
        .say(world.dashboard().number, "alice", "/driftguard scan")
        .await;
    let after = world.github.check_runs(&world.repository).len();
    assert_eq!(after, before, "ours says the same already");
}

#[tokio::test]
async fn a_try_that_meets_a_limit_goes_on_where_it_stopped() {
    let world = set_up(Database::sqlite().await, "version: 1\n").await;
    for number in 0..4 {
        let text = format!("Shop {number}.\n");
        world.push("main", "alice", &[("README.md", &text)]).await;
    }
    let patch = "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}";
    // What the gate itself does not wait for: the job ends, and comes again.
    for _ in 0..4 {
        world.github.fail_next(patch, Fault::Status(500));
    }
    publish(&world).await;
    for text in texts(&world) {
        assert!(!tells(&text), "{text}");
    }
    let runs = world.github.check_runs(&world.repository).len();
    let seen = world.github.requests().into_iter();
    let patched = seen.filter(|seen| {
        seen.method == "PATCH" && seen.path.contains("check-runs") && seen.status == 200
    });
    assert_eq!(patched.count(), runs, "each is emptied once");
}

#[tokio::test]
async fn the_secret_is_taken_back_where_a_public_repository_may_show_drift() {
    let (address, received) = receiver().await;
    let settings =
        format!("version: 1\nnotify:\n  url: {address}\npull_requests:\n  public: true\n");
    let world = notified(Database::sqlite().await, &settings).await;
    let shown = secrets(&world).remove(0);
    publish(&world).await;
    assert_eq!(secrets(&world), [""; 0]);
    assert!(world.is_open(ADOPT), "the rest may stay");
    world.repair().await;
    world
        .push("main", "alice", &[("README.md", "The shop.\n")])
        .await;
    let received = received.lock().unwrap().clone();
    assert_eq!(received.len(), 2);
    let by_shown = received.iter().map(|sent| is_signed(sent, &shown));
    assert_eq!(by_shown.collect::<Vec<_>>(), [true, false]);
    assert_eq!(secrets(&world), [""; 0]);

    let number = world.dashboard().number;
    let answer = world
        .say(number, "alice", "/driftguard rotate-secret")
        .await;
    assert!(answer[0].contains("not shown here"), "{answer:?}");
    assert_eq!(secrets(&world), [""; 0]);
}

fn is_signed((body, signature, _): &(String, String, String), secret: &str) -> bool {
    let secrets = Secrets::new(vec![secret.to_owned().into()]);
    let signature = Signature::parse(signature.as_bytes()).unwrap();
    secrets.verify(&signature, body.as_bytes())
}

async fn an_administrator_rotates_the_secret_of_notifications(database: Database) {
    let (address, received) = receiver().await;
    let settings = format!("version: 1\nnotify:\n  url: {address}\n");
    let world = notified(database, &settings).await;
    let before = secrets(&world).remove(0);
    let dashboard = world.dashboard().number;
    world.github.permit(&world.repository, "bob", "write");
    let refused = world
        .say(dashboard, "bob", "/driftguard rotate-secret")
        .await;
    assert!(
        refused[0].contains("Only people with admin permission"),
        "{refused:?}"
    );
    assert_eq!(secrets(&world), std::slice::from_ref(&before));

    let pull = world.open(ADOPT).number;
    world.say(pull, "alice", "/driftguard rotate-secret").await;
    let after = secrets(&world);
    assert_eq!(after.len(), 1, "the comment with the old one is gone");
    assert_ne!(after[0], before);
    world.repair().await;
    world
        .push("main", "alice", &[("README.md", "The shop.\n")])
        .await;
    let received = received.lock().unwrap().clone();
    assert!(is_signed(&received[0], &before) && is_signed(&received[1], &after[0]));
    assert!(secrets(&world).iter().all(|shown| *shown == after[0]));
}

async fn errands_of_an_installation_that_is_gone_are_deleted_with_what_they_say(
    database: Database,
) {
    let mut world = World::start(database, AMBIENT).await;
    world.install().await;
    let queue = world.inbox.queue.clone();
    let enqueue = async |installation: u64, repository: u64| {
        // As an earlier version did, with findings in the job itself.
        let task = RepositoryTask::Notify(Notification {
            url: "https://127.0.0.1/".to_owned(),
            id: "1".to_owned(),
            body: "a finding".to_owned(),
        });
        let job = Job::Task {
            installation: InstallationId(installation),
            repository: RepositoryId(repository),
            task,
        };
        let ticket = QueuedJob::new(job, format!("{installation}/{repository}"));
        queue
            .push(&ticket, Duration::from_secs(3600))
            .await
            .unwrap();
    };
    let waiting = async || queue.counts().await.unwrap().waiting;
    let own = world.installation;
    for (installation, repository) in [(own, 1), (own, 2), (own + 1, 1)] {
        enqueue(installation, repository).await;
    }
    assert_eq!(waiting().await, 3);
    let removed = [RepositoryId(2), RepositoryId(3)];
    queue
        .delete_tasks(InstallationId(own), Some(&removed))
        .await
        .unwrap();
    assert_eq!(waiting().await, 2);
    world.github.uninstall(own).await;
    let done = async || waiting().await == 1;
    for _ in 0..600 {
        if done().await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(done().await, "another installation's waits still");
}

#[tokio::test]
async fn no_row_of_the_queue_holds_a_finding() {
    let (address, received) = receiver().await;
    let settings = format!("version: 1\nnotify:\n  url: {address}\n");
    let world = notified(Database::sqlite().await, &settings).await;
    assert_eq!(received.lock().unwrap().len(), 1);
    let jobs = "update Jobs set id = id where cast(job as text) like '%aws\\_%' escape '\\'";
    assert_eq!(query(&world.database, jobs).await, 0);
    let told = "update Jobs set id = id where cast(job as text) like '%\"post\"%'";
    assert!(query(&world.database, told).await >= 1);
    let kept = "update notifications set kept_at = kept_at";
    assert_eq!(
        query(&world.database, kept).await,
        0,
        "it is over, and so is its text"
    );
}
