//! Deliveries that did not arrive.

use super::{COMMAND, Server};
use crate::database::{Database, on_both};
use driftguard::jobs::handler::AppHandler;
use driftguard::queue::job::JobHandler;
use driftguard::standin::github::{FailingRequest, Fault};
use driftguard::store::DeliveryWalk;
use sqlx::{AnyConnection, Connection};
use std::time::Duration;

on_both!(
    what_did_not_arrive_is_found_on_all_pages_after_a_restart,
    what_github_no_longer_keeps_is_not_asked_for,
    what_the_door_refused_for_good_is_not_asked_for,
    one_process_at_a_time_asks_and_waits_longer_each_time,
    a_process_killed_in_its_round_keeps_the_others_waiting_for_a_minute_at_most,
);

/// More than two pages of GitHub's list.
const MANY: usize = 230;
/// Nobody listens there.
const AWAY: &str = "http://127.0.0.1:9/webhooks/github";
const LIST: &str = "/app/hook/deliveries";
const HOUR: Duration = Duration::from_secs(3600);

/// How often GitHub's list was read, and how often it was asked to deliver again.
fn requests(server: &Server) -> (usize, usize) {
    let seen = server.github.requests();
    let read = seen.iter().filter(|one| one.path == LIST);
    let asked = seen
        .iter()
        .filter(|one| one.method == "POST" && one.path.starts_with(LIST));
    (read.count(), asked.count())
}

/// What one round reads and asks for.
async fn round(server: &Server, bot: &AppHandler) -> (usize, usize) {
    let before = requests(server);
    bot.redeliver().await.unwrap();
    let after = requests(server);
    (after.0 - before.0, after.1 - before.1)
}

/// A server that nothing reached for a while: an account's repository, and its pull request.
async fn cut_off(database: Database) -> (Server, String, u64) {
    let mut server = Server::start(database).await;
    let (_, repository, number) = server.account("acme").await;
    server.idle().await;
    server.rest().await;
    pass(&server, 0).await;
    server.github.deliver_to(AWAY);
    (server, repository, number)
}

/// Ends the turn of a worker that was stopped in the middle of a walk, and the pause after a full round: both are minutes.
async fn free_walk(server: &Server) {
    let mut connection = AnyConnection::connect(&server.database.url).await.unwrap();
    sqlx::query("update delivery_walk set busy_until = 0")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// Lets time pass in which no process ran.
async fn pass(server: &Server, hours: u32) {
    server.github.age_deliveries(HOUR * hours);
    free_walk(server).await;
    let walk = DeliveryWalk {
        read_until: driftguard::queue::now() - i64::from(hours) * 3_600_000 - 60_000,
        ..DeliveryWalk::default()
    };
    let store = &server.inbox.store;
    let begun = store.begin_delivery_walk("time", Duration::ZERO).await;
    assert!(begun.unwrap().is_some());
    let kept = store.save_delivery_walk("time", &walk, Duration::ZERO);
    assert!(kept.await.unwrap());
}

async fn what_did_not_arrive_is_found_on_all_pages_after_a_restart(database: Database) {
    let (mut server, repository, number) = cut_off(database).await;
    // Else it waits for a minute until GitHub lets it ask for so many.
    server.points = Some(1_000_000);
    for text in std::iter::once(COMMAND).chain(std::iter::repeat_n("Hm.", MANY)) {
        let comment = server.github.comment(&repository, number, "alice", text);
        comment.await;
    }
    pass(&server, 48).await;
    server.github.deliver_to(&server.address);

    // The process ends between the first page and the second.
    let second = server.github.requests().len() + 2;
    let refused = Fault::Status(403);
    server
        .github
        .fail_next(FailingRequest::Number(second), refused);
    let bot = server.bot().await;
    assert!(bot.redeliver().await.is_err());
    let bot = server.bot().await;
    assert_eq!(round(&server, &bot).await, (2, 120), "the other pages");
    let soon = round(&server, &server.bot().await).await;
    assert_eq!(soon, (0, 0), "no more within the minute, by any process");
    free_walk(&server).await;
    server.work(super::pace()).await;
    server
        .until("the rest is asked for, and nothing is missed", async || {
            server.inbox.store.missed_deliveries().await.unwrap() == 0
        })
        .await;
    server
        .until("the oldest is answered", async || {
            server.answers(&repository).len() == 1
        })
        .await;
    assert_eq!(requests(&server).1, MANY + 1, "each once");
    server.rest().await;
    pass(&server, 0).await;
    server.github.age_deliveries(HOUR);
    let known = round(&server, &bot).await;
    assert_eq!(known, (1, 0), "what is known is not read again");
    assert_eq!(server.github.violations(), [""; 0]);
}

async fn what_github_no_longer_keeps_is_not_asked_for(database: Database) {
    let (server, repository, number) = cut_off(database).await;
    let comment = server.github.comment(&repository, number, "alice", COMMAND);
    comment.await;
    pass(&server, 73).await;
    let bot = server.bot().await;
    assert_eq!(round(&server, &bot).await.1, 0);
    assert_eq!(server.inbox.store.missed_deliveries().await.unwrap(), 0);
}

async fn what_the_door_refused_for_good_is_not_asked_for(database: Database) {
    let (server, repository, number) = cut_off(database).await;
    for (status, asked) in [(400, 0), (413, 0), (401, 1), (502, 1)] {
        let door = axum::Router::new()
            .fallback(move || async move { axum::http::StatusCode::from_u16(status).unwrap() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let door = tokio::spawn(async move { axum::serve(listener, door).await.unwrap() });
        server.github.deliver_to(&address);
        let comment = server.github.comment(&repository, number, "alice", COMMAND);
        comment.await;
        let bot = server.bot().await;
        assert_eq!(round(&server, &bot).await.1, asked, "{status}");
        door.abort();
    }
}

async fn one_process_at_a_time_asks_and_waits_longer_each_time(database: Database) {
    let (server, repository, number) = cut_off(database).await;
    let comment = server.github.comment(&repository, number, "alice", COMMAND);
    comment.await;
    server.github.slow_down(Duration::from_millis(50));
    let (one, other) = (server.bot().await, server.bot().await);
    let before = requests(&server).1;
    let (first, second) = tokio::join!(one.redeliver(), other.redeliver());
    first.and(second).unwrap();
    assert_eq!(requests(&server).1, before + 1, "one of them");
    server
        .until("it fails again", async || {
            server.github.deliveries().last().unwrap().redelivery
        })
        .await;
    assert_eq!(round(&server, &other).await.1, 0, "not within the minute");
    let later = driftguard::queue::now() + 61_000;
    let store = &server.inbox.store;
    let due = async |now| store.due_deliveries(now, 14_400_000, 10).await.unwrap();
    let asked = due(later).await;
    assert_eq!((asked.len(), asked[0].requests), (1, 1));
    // It was stored while a clock was a day ahead.
    assert_eq!(due(later - 86_400_000).await, asked);
}

async fn a_process_killed_in_its_round_keeps_the_others_waiting_for_a_minute_at_most(
    database: Database,
) {
    let (server, repository, number) = cut_off(database).await;
    for _ in 0..3 {
        let comment = server.github.comment(&repository, number, "alice", "Hm.");
        comment.await;
    }
    server.github.slow_down(Duration::from_millis(200));
    let (killed, heir) = (server.bot().await, server.bot().await);
    let before = requests(&server).1;
    let walk = tokio::spawn(async move { killed.redeliver().await });
    server
        .until("it asks", async || requests(&server).1 > before)
        .await;
    walk.abort();
    assert!(!heir.redeliver().await.unwrap(), "the walk seems held");
    let mut connection = AnyConnection::connect(&server.database.url).await.unwrap();
    let (until,): (i64,) = sqlx::query_as("select busy_until from delivery_walk")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    assert!(until <= driftguard::queue::now() + 60_000);
    free_walk(&server).await;
    assert!(heir.redeliver().await.unwrap());
}
