//! Accounts whose scans do not end: a command of another account is answered all the same.

use super::{COMMAND, Server};
use crate::database::{Database, on_both};
use driftguard::queue::worker::WorkerConfig;
use driftguard::standin::github::Content;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

on_both!(
    scans_that_do_not_end_keep_no_command_waiting_with_one_slot,
    scans_that_do_not_end_keep_no_command_waiting_with_two_slots,
    scans_that_do_not_end_keep_no_command_waiting_with_three_slots,
    scans_that_do_not_end_keep_no_command_waiting_with_four_slots,
    tokens_that_are_refused_for_hours_keep_no_command_of_others_waiting,
);

/// The accounts that scan, and how many repositories each has: far more than there are slots.
const LOUD: [&str; 2] = ["acme", "globex"];
const REPOSITORIES: usize = 12;
/// How long a person waits for an answer at most, on a machine that is busy with other tests: a scan that does not end
/// would take ten minutes.
const PATIENCE: Duration = Duration::from_secs(20);

const SETTINGS: &str = "version: 1\nunmanaged: off\n";
const CODE: &str = r#"
terraform {
  backend "s3" {
    bucket = "states"
    key    = "terraform.tfstate"
    region = "us-east-1"
  }
}
"#;

/// AWS as it is when it takes requests and answers none.
async fn silent_aws() -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let silence = tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            kept.push(connection);
        }
    });
    (address, silence)
}

/// An account with many repositories whose states are in AWS, and a pull request in the first: its name and number.
async fn loud_account(server: &Server, account: &str) -> (String, u64) {
    let files = [
        (".driftguard.yml", Content::from(SETTINGS)),
        ("main.tf", Content::from(CODE)),
    ];
    for at in 0..REPOSITORIES {
        let name = format!("{account}/shop-{at}");
        server.github.create_repository(&name, true);
        server.github.push(&name, "main", "alice", &files).await;
    }
    server.github.install(account).await;
    let name = format!("{account}/shop-{}", REPOSITORIES - 1);
    let change = [("README.md", Content::from("The shop."))];
    server.github.push(&name, "readme", "alice", &change).await;
    let number = server
        .github
        .open(&name, "readme", "alice", "Say what it is");
    (name.clone(), number.await)
}

async fn scans_that_do_not_end(database: Database, slots: usize) {
    let (aws, silence) = silent_aws().await;
    let mut server = Server::start(database).await;
    server.points = Some(100_000);
    server.aws = aws;
    server.ambient = Some("acme,globex");
    let pace = WorkerConfig {
        slots,
        shutdown_timeout: Duration::from_millis(200),
        ..super::pace()
    };
    server.work(pace).await;
    let (_, quiet, one) = server.account("beta").await;
    server.idle().await;
    for account in LOUD {
        let (repository, number) = loud_account(&server, account).await;
        for _ in 0..3 {
            let comment = server
                .github
                .comment(&repository, number, "alice", "/driftguard scan");
            comment.await;
        }
    }
    server
        .until("as many scan as may", async || {
            server.inbox.store.working_processes().await.unwrap() == 1
                && server.inbox.counts().await.unwrap().running >= slots as u64
        })
        .await;
    assert_is_answered(&server, &quiet, one).await;
    for account in LOUD {
        let checks = server.github.check_runs(&format!("{account}/shop-0"));
        assert_eq!(checks, [], "no scan ended meanwhile");
    }
    assert_eq!(server.inbox.metrics.failed.get(), 0);
    server.rest().await;
    silence.abort();
}

/// Commands of an account are answered soon.
async fn assert_is_answered(server: &Server, repository: &str, pull: u64) {
    for asked in 1..=3 {
        let comment = server.github.comment(repository, pull, "alice", COMMAND);
        comment.await;
        let took = server
            .until("the quiet account is answered", async || {
                server.answers(repository).len() == asked
            })
            .await;
        eprintln!("the quiet account waited {took:?}");
        assert!(took < PATIENCE, "{took:?}");
    }
}

async fn tokens_that_are_refused_for_hours_keep_no_command_of_others_waiting(database: Database) {
    let mut server = Server::start(database).await;
    let (refused, loud, many) = server.account("acme").await;
    let (_, quiet, one) = server.account("beta").await;
    server.idle().await;
    server.github.refuse_tokens(refused);
    // A new process knows no token of before.
    let pace = WorkerConfig {
        pause: Duration::from_secs(1),
        tries: 10,
        ..super::pace()
    };
    server.work(pace).await;
    for _ in 0..60 {
        server.github.comment(&loud, many, "alice", COMMAND).await;
    }
    assert_is_answered(&server, &quiet, one).await;
    assert_eq!(server.answers(&loud), []);
    let standing = server.inbox.counts().await.unwrap();
    assert!(standing.waiting >= 30, "its own wait: {standing:?}");
}

async fn scans_that_do_not_end_keep_no_command_waiting_with_one_slot(database: Database) {
    scans_that_do_not_end(database, 1).await;
}

async fn scans_that_do_not_end_keep_no_command_waiting_with_two_slots(database: Database) {
    scans_that_do_not_end(database, 2).await;
}

async fn scans_that_do_not_end_keep_no_command_waiting_with_three_slots(database: Database) {
    scans_that_do_not_end(database, 3).await;
}

async fn scans_that_do_not_end_keep_no_command_waiting_with_four_slots(database: Database) {
    scans_that_do_not_end(database, 4).await;
}
