//! One account asks for more than GitHub lets DriftGuard answer.

use super::{COMMAND, Server};
use crate::database::{Database, on_both};
use driftguard::model::InstallationId;
use driftguard::queue::now;
use std::time::Duration;

on_both!(
    five_hundred_commands_of_one_account_hold_up_no_other,
    what_an_hour_was_used_for_is_known_after_a_restart,
);

/// More than GitHub lets anybody answer within an hour.
const LOUD: usize = 520;
/// What GitHub lets an installation create within a minute.
const A_MINUTE: usize = 80;
/// How long a person waits for an answer at most, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(20);

async fn five_hundred_commands_of_one_account_hold_up_no_other(database: Database) {
    let mut server = Server::start(database).await;
    // Else it is not what is created that is too much, but what is asked.
    server.points = Some(100_000);
    server.work(super::pace()).await;
    let (_, loud, many) = server.account("acme").await;
    let (_, quiet, one) = server.account("beta").await;
    server.idle().await;
    server.github.slow_down(Duration::from_millis(5));
    for _ in 0..LOUD {
        server.github.comment(&loud, many, "alice", COMMAND).await;
    }
    let mut worst = Duration::ZERO;
    for asked in 1..=3 {
        server.github.comment(&quiet, one, "alice", COMMAND).await;
        let took = server
            .until("the quiet account is answered", async || {
                server.answers(&quiet).len() == asked
            })
            .await;
        eprintln!("the quiet account waited {took:?}");
        worst = worst.max(took);
    }
    server
        .until("the loud one is answered meanwhile", async || {
            server.answers(&loud).len() >= A_MINUTE / 4
        })
        .await;
    assert!(worst < PATIENCE, "{worst:?}");
    assert_eq!(server.github.refused(), 0, "nothing was too much");
    assert_eq!(server.inbox.metrics.failed.get(), 0);
    assert!(server.github.most_at_once() <= 16);
    assert_eq!(server.github.violations(), [""; 0]);
}

async fn what_an_hour_was_used_for_is_known_after_a_restart(database: Database) {
    let mut server = Server::start(database).await;
    let (used_up, loud, number) = server.account("acme").await;
    let (_, quiet, one) = server.account("beta").await;
    server.idle().await;
    server.rest().await;
    let tenant = server.inbox.store.of(InstallationId(used_up));
    for minute in 1..=50 {
        for _ in 0..10 {
            tenant.count_content(now() - minute * 60_000).await.unwrap();
        }
    }
    server.work(super::pace()).await;
    server.github.comment(&loud, number, "alice", COMMAND).await;
    server.github.comment(&quiet, one, "alice", COMMAND).await;
    server
        .until("the other account is answered", async || {
            server.answers(&quiet).len() == 1
        })
        .await;
    server
        .until("the command is seen all the same", async || {
            let mut comments = server.github.comments(&loud).into_iter();
            comments.any(|one| one.author == "alice" && one.reactions == ["eyes"])
        })
        .await;
    server
        .until("its answer waits", async || {
            let standing = server.inbox.counts().await.unwrap();
            standing.waiting == 1 && standing.running == 0
        })
        .await;
    assert_eq!(server.answers(&loud), []);
    assert_eq!(server.github.refused(), 0);
}
