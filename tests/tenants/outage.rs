//! GitHub is away, or has not settled yet: nothing is lost, and what is given up is told.

use super::{COMMAND, Server};
use crate::database::{Database, on_both};
use driftguard::model::{DeliveryId, InstallationId};
use driftguard::queue::worker::WorkerConfig;
use driftguard::standin::github::{Content, Fault};

on_both!(
    what_is_asked_for_while_github_is_away_is_done_when_it_is_back,
    what_sat_an_outage_out_is_tried_as_soon_as_it_is_over,
    a_repository_that_github_shows_late_is_scanned,
    a_suspended_installation_ends_quietly,
    what_is_given_up_is_told_where_people_look,
    a_failed_delivery_is_worked_on_when_github_sends_it_again,
    an_archive_that_is_none_is_no_outage,
);

/// More tries than a job has for failures of its own.
const MANY: u64 = 25;

async fn what_is_asked_for_while_github_is_away_is_done_when_it_is_back(database: Database) {
    let server = Server::start(database).await;
    let (_, repository, number) = server.account("acme").await;
    server.idle().await;
    for fault in [Fault::Status(502), Fault::LostResponse] {
        let answered = server.answers(&repository).len();
        let tried = server.inbox.metrics.outages.get();
        server.github.fail_all(Some(fault));
        server
            .github
            .comment(&repository, number, "alice", COMMAND)
            .await;
        server
            .until("it is tried again and again", async || {
                server.inbox.metrics.outages.get() > tried + MANY
            })
            .await;
        server.github.fail_all(None);
        server
            .until("it is answered", async || {
                server.answers(&repository).len() > answered
            })
            .await;
        server.idle().await;
        assert_eq!(server.answers(&repository).len(), answered + 1, "{fault:?}");
    }
    assert_eq!(server.inbox.metrics.failed.get(), 0);
}

async fn what_sat_an_outage_out_is_tried_as_soon_as_it_is_over(database: Database) {
    let mut server = Server::start(database).await;
    let mut asked = Vec::new();
    for account in ["acme", "beta", "gamma"] {
        asked.push(server.account(account).await);
    }
    server.idle().await;
    // Longer than anybody waits here.
    let pace = WorkerConfig {
        pause: super::SOON * 3,
        ..super::pace()
    };
    server.work(pace).await;
    server.github.fail_all(Some(Fault::Status(502)));
    for (_, repository, number) in &asked {
        let comment = server.github.comment(repository, *number, "alice", COMMAND);
        comment.await;
    }
    server
        .until("each waits for the end of the outage", async || {
            let standing = server.inbox.counts().await.unwrap();
            let outages = server.inbox.metrics.outages.get();
            outages == asked.len() as u64 && standing.running == 0
        })
        .await;
    server.github.fail_all(None);
    for (_, repository, _) in &asked {
        server
            .until("it is answered", async || {
                server.answers(repository).len() == 1
            })
            .await;
    }
    assert_eq!(server.inbox.metrics.failed.get(), 0);
}

async fn a_repository_that_github_shows_late_is_scanned(database: Database) {
    let server = Server::start(database).await;
    for (account, status) in [("acme", 404), ("beta", 403)] {
        for request in [
            "POST /app/installations/{installation_id}/access_tokens",
            "GET /repos/{owner}/{repo}",
            "POST /repos/{owner}/{repo}/check-runs",
        ] {
            server.github.fail_next(request, Fault::Status(status));
        }
        let (_, repository, number) = server.account(account).await;
        server
            .github
            .comment(&repository, number, "alice", COMMAND)
            .await;
        server
            .until("it is answered", async || {
                server.answers(&repository).len() == 1
            })
            .await;
        server.idle().await;
    }
    assert_eq!(server.inbox.metrics.failed.get(), 0);
}

async fn a_suspended_installation_ends_quietly(database: Database) {
    let server = Server::start(database).await;
    let (installation, repository, number) = server.account("acme").await;
    server.idle().await;
    // That it is suspended is not told: the delivery is lost.
    server
        .github
        .deliver_to("http://127.0.0.1:9/webhooks/github");
    server.github.suspend(installation, true).await;
    server.github.deliver_to(&server.address);
    let done = server.inbox.metrics.done.get();
    server
        .github
        .comment(&repository, number, "alice", COMMAND)
        .await;
    server.github.suspend(installation, false).await;
    server.idle().await;
    assert!(server.inbox.metrics.done.get() >= done);
    assert_eq!(server.inbox.metrics.failed.get(), 0);
}

async fn what_is_given_up_is_told_where_people_look(database: Database) {
    let server = Server::start(database).await;
    let (_, repository, number) = server.account("acme").await;
    server.idle().await;
    // As often as it is tried.
    for _ in 0..super::pace().tries {
        let archive = "GET /repos/{owner}/{repo}/tarball/{ref}";
        server.github.fail_next(archive, Fault::Status(404));
        let answer = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments";
        server.github.fail_next(answer, Fault::Status(403));
    }
    let change = [("README.md", Content::from("The shop, again."))];
    server
        .github
        .push(&repository, "main", "alice", &change)
        .await;
    server
        .github
        .comment(&repository, number, "alice", COMMAND)
        .await;
    server.idle().await;
    assert_eq!(server.inbox.metrics.failed.get(), 2);
    let checks = server.github.check_runs(&repository);
    let told = checks.iter().find(|check| check.title == "Given up: scan");
    let told = told.unwrap_or_else(|| panic!("{checks:#?}"));
    assert!(told.summary.contains("tarball"), "{}", told.summary);
    assert!(told.summary.contains("`driftguard jobs retry "));
    let answers = server.answers(&repository);
    assert_eq!(answers.len(), 1, "{answers:#?}");
    let answer = &answers[0].body;
    assert!(
        answer.starts_with("I could not do this: GitHub refused"),
        "{answer}"
    );
}

async fn a_failed_delivery_is_worked_on_when_github_sends_it_again(database: Database) {
    let mut server = Server::start(database).await;
    let (installation, repository, number) = server.account("acme").await;
    server.idle().await;
    server.rest().await;
    server
        .github
        .comment(&repository, number, "alice", COMMAND)
        .await;
    let guid = server.github.deliveries().last().unwrap().guid.clone();
    let tenant = server.inbox.store.of(InstallationId(installation));
    let delivery = DeliveryId(guid.clone());
    tenant.fail_delivery(&delivery, "a fault").await.unwrap();
    server.work(super::pace()).await;
    server.idle().await;
    let problem = server.inbox.store.of(InstallationId(installation));
    let problem = problem.delivery_problem(&delivery).await.unwrap();
    assert_eq!(problem.as_deref(), Some("a fault"), "nobody works on it");
    assert_eq!(server.answers(&repository).len(), 0);
    assert!(server.github.redeliver(&guid).await.unwrap().succeeded());
    server
        .until("it is answered", async || {
            server.answers(&repository).len() == 1
        })
        .await;
}

async fn an_archive_that_is_none_is_no_outage(database: Database) {
    let server = Server::start(database).await;
    let (_, repository, _) = server.account("acme").await;
    server.idle().await;
    server.github.hand_out(b"no archive".to_vec());
    let change = [("README.md", Content::from("The shop, again."))];
    server
        .github
        .push(&repository, "main", "alice", &change)
        .await;
    server
        .until("it is given up", async || {
            server.inbox.metrics.failed.get() == 1
        })
        .await;
    assert_eq!(server.inbox.metrics.outages.get(), 0);
    server.idle().await;
    let checks = server.github.check_runs(&repository);
    let told = checks.iter().find(|check| check.title == "Given up: scan");
    let told = told.unwrap_or_else(|| panic!("{checks:#?}"));
    assert!(told.summary.contains("cannot be read"), "{}", told.summary);
}
