//! One account asks for more than GitHub lets DriftGuard answer.

use super::{COMMAND, Server};
use crate::database::{Database, on_both};
use driftguard::jobs::now;
use driftguard::model::InstallationId;

on_both!(what_an_hour_was_used_for_is_known_after_a_restart,);

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
            let standing = server.inbox.standing().await.unwrap();
            standing.waiting == 1 && standing.running == 0
        })
        .await;
    assert_eq!(server.answers(&loud), []);
    assert_eq!(server.github.refused(), 0);
}
