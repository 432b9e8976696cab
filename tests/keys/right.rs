//! The right of a key's person: GitHub is asked at least hourly, and what it does not say is neither yes nor no.

use super::company::{Company, PERMISSION, prefix};
use crate::database::{Database, on_both};
use crate::pages::keys::stored_key;
use driftguard::standin::github::Fault;
use futures::future::join_all;
use sqlx::{Connection, PgConnection};
use std::time::Duration;

on_both!(
    whoever_may_not_write_any_more_reads_nothing_an_hour_later,
    a_repository_that_was_lost_does_not_come_back,
    while_github_is_away_a_persons_key_shows_nothing_and_ends_nothing,
    a_login_that_somebody_else_has_now_ends_the_key,
    requests_of_the_same_moment_ask_github_once,
    a_key_does_not_reach_what_the_installation_lost,
    what_a_clock_confirmed_while_it_was_ahead_is_asked_again,
);

async fn whoever_may_not_write_any_more_reads_nothing_an_hour_later(database: Database) {
    let company = Company::start(database).await;
    let key = company.key("read", &[company.shop]).await;
    let owners = stored_key(&company.site, company.acme).await;
    let asked = company.questions();
    for _ in 0..3 {
        assert_eq!(company.get(&key, "/api/v1/findings").await.status, 200);
    }
    assert_eq!(company.questions(), asked, "GitHub was asked a moment ago");
    company.an_hour_later().await;
    assert_eq!(company.get(&key, "/api/v1/findings").await.status, 200);
    assert_eq!(company.questions(), asked + 1);
    assert_eq!(company.get(&key, "/api/v1/findings").await.status, 200);
    assert_eq!(company.questions(), asked + 1);

    company.site.github.permit("acme/shop", "dave", "read");
    assert_eq!(company.get(&key, "/api/v1/me").await.status, 200);
    company.an_hour_later().await;
    let ended = company.get(&key, "/api/v1/findings").await;
    assert_eq!(ended.status, 401, "{ended:?}");
    let reason = "GitHub says that `dave` may not write to it any more";
    assert!(ended.detail().contains(reason), "{ended:?}");
    assert!(ended.detail().contains(prefix(&key)), "{ended:?}");
    let later = company.get(&key, "/api/v1/findings").await;
    assert_eq!(later.status, 401, "{later:?}");
    assert!(!later.detail().contains("dave"), "{later:?}");
    let log = company.audit().await;
    for action in ["create key", "key narrowed", "key ended"] {
        let told = log.iter().filter(|(person, known, detail)| {
            person == "dave" && known == action && detail.contains(prefix(&key))
        });
        assert_eq!(told.count(), 1, "{action}: {log:?}");
    }
    assert!(log.iter().any(|(_, _, detail)| detail.contains(reason)));
    let (_, page) = company.dave().await;
    assert!(page.html.contains("You have no key yet."), "{}", page.html);
    // The right that comes back brings no key back.
    company.site.github.permit("acme/shop", "dave", "admin");
    assert_eq!(company.get(&key, "/api/v1/me").await.status, 401);
    assert_eq!(company.get(&owners, "/api/v1/findings").await.status, 200);
    assert_eq!(company.site.github.violations(), [""; 0]);
}

async fn a_repository_that_was_lost_does_not_come_back(database: Database) {
    let company = Company::start(database).await;
    let both = [company.shop, company.network];
    let key = company.key("read", &both).await;
    assert_eq!(company.workspaces(&key).await.len(), 4);
    company.site.github.permit("acme/network", "dave", "none");
    company.an_hour_later().await;
    assert_eq!(company.workspaces(&key).await, company.of(company.shop));
    let scan = format!("/api/v1/workspaces/{}.production", company.network);
    assert_eq!(company.get(&key, &scan).await.status, 404);
    company.site.github.permit("acme/network", "dave", "admin");
    company.an_hour_later().await;
    assert_eq!(company.workspaces(&key).await, company.of(company.shop));
    let (_, page) = company.dave().await;
    assert!(page.html.contains("Reaches\">acme/shop<"), "{}", page.html);
    // What GitHub does not show to the person any more is counted, not named.
    company.site.github.permit("acme/shop", "dave", "none");
    let (_, page) = company.dave().await;
    assert!(page.html.contains(prefix(&key)), "{}", page.html);
    assert!(page.html.contains("1 that you do not see"), "{}", page.html);
    assert!(!page.html.contains("acme/shop"), "{}", page.html);
}

async fn while_github_is_away_a_persons_key_shows_nothing_and_ends_nothing(database: Database) {
    let company = Company::start(database).await;
    let key = company.key("write", &[company.shop, company.network]).await;
    let owners = stored_key(&company.site, company.acme).await;
    let github = &company.site.github;
    github.fail_all(Some(Fault::Status(502)));
    assert_eq!(company.get(&key, "/api/v1/me").await.status, 200);
    let decide = "/api/v1/findings/f-00000000000a/decisions";
    let decision = serde_json::json!({"choice": "restore",
        "workspace": format!("{}.production", company.shop)});
    let refused = company.post(&key, decide, &decision).await;
    assert_eq!(refused.status, 503, "{refused:?}");

    company.an_hour_later().await;
    for path in ["/api/v1/me", "/api/v1/findings", "/api/v1/workspaces"] {
        let away = company.get(&key, path).await;
        assert_eq!(away.status, 503, "{away:?}");
        assert!(away.retry_after.is_some_and(|after| after >= 1), "{away:?}");
        assert!(away.detail().contains("GitHub does not say"), "{away:?}");
        assert!(!away.json.to_string().contains("acme"), "{away:?}");
    }
    assert_eq!(company.get(&owners, "/api/v1/findings").await.status, 200);
    github.fail_all(None);
    // It is back, and does not tell of people yet.
    tokio::time::sleep(Duration::from_secs(3)).await;
    for _ in 0..8 {
        github.fail_next(PERMISSION, Fault::Status(502));
    }
    let half = company.get(&key, "/api/v1/findings").await;
    assert_eq!(half.status, 503, "{half:?}");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let back = company.get(&key, "/api/v1/findings").await;
    assert_eq!(back.status, 200, "{back:?}");
    assert_eq!(company.workspaces(&key).await.len(), 4);
    let log = company.audit().await;
    assert!(
        log.iter().all(|(_, action, _)| !action.starts_with("key")),
        "{log:?}"
    );
}

async fn a_login_that_somebody_else_has_now_ends_the_key(database: Database) {
    let company = Company::start(database).await;
    let key = company.key("read", &[company.shop]).await;
    let github = &company.site.github;
    github.rename_person("dave", "david");
    github.take_login("dave");
    github.permit("acme/shop", "dave", "admin");
    company.an_hour_later().await;
    let ended = company.get(&key, "/api/v1/findings").await;
    assert_eq!(ended.status, 401, "{ended:?}");
    assert!(ended.detail().contains("somebody else is"), "{ended:?}");
    // Whoever has the login now has no key, and cannot revoke one.
    let (_, page) = company.dave().await;
    assert!(page.html.contains("You have no key yet."), "{}", page.html);

    // Nobody has the login: neither does anybody have the right.
    let key = company.key("read", &[company.shop]).await;
    github.rename_person("dave", "another");
    company.an_hour_later().await;
    assert_eq!(company.get(&key, "/api/v1/me").await.status, 401);
    assert_eq!(github.violations(), [""; 0]);
}

async fn requests_of_the_same_moment_ask_github_once(database: Database) {
    let company = Company::start(database).await;
    let key = company.key("read", &[company.shop, company.network]).await;
    company.an_hour_later().await;
    company.site.github.slow_down(Duration::from_millis(100));
    let asked = company.questions();
    let requests = (0..12).map(|_| company.get(&key, "/api/v1/findings"));
    let answers = join_all(requests).await;
    assert!(answers.iter().all(|it| it.status == 200), "{answers:?}");
    assert_eq!(company.questions(), asked + 2);

    // In vain as well.
    company.an_hour_later().await;
    company.site.github.fail_all(Some(Fault::Status(502)));
    let before = company.site.github.requests().len();
    let requests = (0..12).map(|_| company.get(&key, "/api/v1/findings"));
    let answers = join_all(requests).await;
    assert!(answers.iter().all(|it| it.status == 503), "{answers:?}");
    let sent = company.site.github.requests().len() - before;
    assert!(sent <= 8, "two repositories, four tries each: {sent}");
}

async fn a_key_does_not_reach_what_the_installation_lost(database: Database) {
    let company = Company::start(database).await;
    let key = company.key("read", &[company.shop, company.network]).await;
    let tenant = company.site.store.of(company.acme);
    tenant.suspend(true).await.unwrap();
    assert_eq!(company.get(&key, "/api/v1/me").await.status, 401);
    tenant.suspend(false).await.unwrap();
    assert_eq!(company.workspaces(&key).await.len(), 4);

    // It is removed from the installation, and added again: the key was made for what was there then.
    tenant.delete_repository(company.network).await.unwrap();
    let reports = crate::report::world().stacks;
    let again = (company.network, "acme/network", true);
    let recording = crate::pages::site::record_scans;
    recording(&company.site.store, company.acme, again, &reports).await;
    assert_eq!(company.workspaces(&key).await, company.of(company.shop));

    // The other one is transferred away.
    let globex = driftguard::model::InstallationId(company.acme.0 + 1_000);
    company
        .site
        .store
        .transfer(company.shop, globex)
        .await
        .unwrap();
    let ended = company.get(&key, "/api/v1/findings").await;
    assert_eq!(ended.status, 401, "{ended:?}");
    assert!(
        ended.detail().contains("none of its repositories"),
        "{ended:?}"
    );

    // A key that nobody uses ends with a sweep.
    let key = company.key("read", &[company.network]).await;
    tenant.delete_repository(company.network).await.unwrap();
    let inbox = company.site.database.inbox().await;
    let now = driftguard::queue::now();
    inbox
        .sweep(now, Duration::from_secs(86_400 * 400))
        .await
        .unwrap();
    let left = company.site.store.api_keys().await.unwrap();
    assert!(
        left.iter().all(|known| known.prefix != prefix(&key)),
        "{left:?}"
    );
    let log = company.audit().await;
    let ended = log.iter().filter(|(_, action, _)| action == "key ended");
    assert_eq!(ended.count(), 2, "{log:?}");
    // With the installation all of its keys go.
    company.site.github.permit("acme/docs", "dave", "write");
    company.key("read", &[company.docs]).await;
    tenant.delete_installation(i64::MAX).await.unwrap();
    assert_eq!(company.site.store.api_keys().await.unwrap(), []);
}

async fn what_a_clock_confirmed_while_it_was_ahead_is_asked_again(database: Database) {
    let company = Company::start(database).await;
    let key = company.key("read", &[company.shop]).await;
    let statement = "update api_key_repositories set confirmed_at = confirmed_at + 86400000";
    crate::pages::site::execute(&company.site, statement).await;
    let asked = company.questions();
    assert_eq!(company.workspaces(&key).await, company.of(company.shop));
    assert_eq!(company.questions(), asked + 1);
}

/// However many requests wait for the database, the server has connections left.
#[tokio::test]
async fn requests_with_keys_leave_connections_to_jobs_and_deliveries() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let company = Company::start(database).await;
    let key = company.key("read", &[company.shop]).await;
    let mut other = PgConnection::connect(&company.site.database.url)
        .await
        .unwrap();
    let mut held = other.begin().await.unwrap();
    // Read for the names of the key's repositories, and for nothing before that.
    sqlx::query("lock table repositories in access exclusive mode")
        .execute(&mut *held)
        .await
        .unwrap();
    let asked = join_all((0..24).map(|_| company.get(&key, "/api/v1/me")));
    let ready = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let ready = reqwest::get(company.site.at("/readyz")).await;
        held.rollback().await.unwrap();
        ready.unwrap().status().as_u16()
    };
    let (answers, ready) = tokio::join!(asked, ready);
    assert_eq!(ready, 200);
    assert!(answers.iter().all(|it| it.status == 200), "{answers:?}");
}
