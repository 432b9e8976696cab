//! The server's own state: for its operators alone, without anything of a tenant's but ids and repositories' names.

use super::browser::Page;
use super::site::{KEY, Site};
use super::two_accounts;
use crate::database::{Database, on_both};
use driftguard::model::{InstallationId, RepositoryId};
use driftguard::queue::job::{Job, OrderOrigin, QueuedJob, RepositoryTask, Trigger};
use driftguard::queue::now;
use driftguard::store::{StoppedJob, StoppedState};
use driftguard::web::pages::SERVER_PATH;
use std::time::{Duration, Instant};

on_both!(an_operator_sees_the_servers_state_and_has_stopped_jobs_tried_again_or_ended);

/// A job that is not tried again by itself.
pub fn stopped(key: &str, installation: InstallationId, repository: RepositoryId) -> StoppedJob {
    let job = match key {
        "scan" => Job::Scan {
            installation,
            repository,
            stack: Some("production".to_owned()),
            trigger: Trigger::Schedule,
        },
        _ => Job::Task {
            installation,
            repository,
            task: RepositoryTask::Order {
                command: "adopt f-00000000000a".to_owned(),
                person: "alice".to_owned(),
                at: 1,
                via: OrderOrigin::Page,
                id: key.to_owned(),
                stack: None,
                key: None,
            },
        },
    };
    let queued = QueuedJob::new(job, format!("{repository}/production/{key}"));
    StoppedJob {
        id: queued.key.clone(),
        installation,
        repository: Some(repository),
        ticket: serde_json::to_string(&queued).unwrap(),
        state: StoppedState::Failed,
        deaths: 0,
        problem: "aws_security_group.web cannot be read".to_owned(),
        stopped_at: now(),
    }
}

/// The handle of the job of a kind, as its form has it.
fn handle(page: &Page, kind: &str) -> String {
    let mark = format!("<th scope=\"row\">{kind}</th>");
    let rest = page.html.split(&mark).nth(1);
    let rest = rest.unwrap_or_else(|| panic!("no {kind} in {}", page.html));
    let rest = rest.split("name=\"job\" value=\"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "not in time: {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn an_operator_sees_the_servers_state_and_has_stopped_jobs_tried_again_or_ended(
    database: Database,
) {
    let (mut site, acme, _) = two_accounts(database).await;
    let tenant_shop = async |site: &Site| site.store.of(acme).repositories().await.unwrap()[0].id;
    let shop = tenant_shop(&site).await;
    // Nobody is an operator unasked.
    let (mut alice, home) = site.sign_in("alice", "/").await;
    assert!(!home.html.contains("This server"), "{}", home.html);
    let nowhere = alice.look(&site.at("/orgs/nobody")).await;
    let page = alice.look(&site.at(SERVER_PATH)).await;
    assert_eq!((page.status, page.html), (404, nowhere.html));

    site.operators = "Bob";
    site.serve(KEY).await;
    for key in ["scan", "order"] {
        let tenant = site.store.of(acme);
        tenant.stop_job(&stopped(key, acme, shop)).await.unwrap();
        tenant.count_content(now()).await.unwrap();
    }
    let page = alice.look(&site.at(SERVER_PATH)).await;
    assert_eq!(page.status, 404, "{}", page.html);
    let (mut bob, home) = site.sign_in("bob", "/").await;
    let page = bob.open(&site.at(&home.link("This server"))).await;
    assert_eq!(page.status, 200, "{}", page.html);
    let budget = format!(
        "<th scope=\"row\">{acme}</th><td data-label=\"Last minute\" class=\"number\">2</td>"
    );
    for text in [
        "acme/shop",
        "scan of a stack",
        "order",
        "Deliveries that wait",
        &budget,
    ] {
        assert!(page.html.contains(text), "{text}: {}", page.html);
    }
    for secret in [
        "production",
        "f-00000000000a",
        "aws_security_group",
        "alice",
    ] {
        assert!(!page.html.contains(secret), "{secret}: {}", page.html);
    }

    let (scan, order) = (handle(&page, "scan of a stack"), handle(&page, "order"));
    let token = page.field("token");
    let path = site.at(SERVER_PATH);
    let own = Some(site.url.clone());
    let own = own.as_deref();
    let theirs = alice.look(&site.at("/orgs/acme")).await.field("token");
    let retry = |token| vec![("token", token), ("job", scan.as_str()), ("act", "retry")];
    assert_eq!(alice.send(&path, own, &retry(&theirs)).await.status, 404);
    assert_eq!(bob.send(&path, own, &retry(&theirs)).await.status, 403);
    assert_eq!(bob.send(&path, None, &retry(&token)).await.status, 403);
    for (job, act) in [(scan.as_str(), "delete"), ("", "retry"), ("d-1", "discard")] {
        let fields = [("token", token.as_str()), ("job", job), ("act", act)];
        let refused = bob.send(&path, own, &fields).await;
        assert_eq!(refused.status, 409, "{job} {act}: {}", refused.html);
    }
    let stopped = async || site.store.stopped_jobs(10).await.unwrap().len();
    assert_eq!(stopped().await, 2);

    let answer = bob.send(&path, own, &retry(&token)).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/server?done=retry")
    );
    let told = bob.open(&site.at(answer.header("location"))).await;
    assert!(
        told.html.contains("The job is tried again."),
        "{}",
        told.html
    );
    let discard = [
        ("token", token.as_str()),
        ("job", order.as_str()),
        ("act", "discard"),
    ];
    let answer = bob.send(&path, own, &discard).await;
    assert_eq!(
        answer.header("location"),
        "/server?done=discard",
        "{}",
        answer.html
    );
    let again = bob.send(&path, own, &discard).await;
    assert_eq!(again.status, 409, "{}", again.html);
    assert_eq!(stopped().await, 0);
    until("what was discarded is told", async || {
        let tasks = site.tasks.lock().unwrap().clone();
        let mut tasks = tasks.iter();
        tasks.any(|job| matches!(job.task, RepositoryTask::GivenUp { .. }))
    })
    .await;
    let page = bob.open(&path).await;
    assert!(page.html.contains("<p>None.</p>"), "{}", page.html);
    assert_eq!(site.github.violations(), [""; 0]);
}
