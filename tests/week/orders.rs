//! Orders from a page and from the API: they have the effect of a ticked box, once, and nothing is written about them.

use super::stories::set_up;
use super::world::{ADOPT, STACK, World};
use crate::database::{Database, on_both};
use driftguard::model::{ApiKeyUse, AuditVia, Choice, InstallationId, StackName, WorkspaceId};
use driftguard::queue::job::{Job, OrderOrigin, QueuedJob, RepositoryTask};
use driftguard::queue::orders::{OrderRequest, order_id};
use driftguard::queue::worker::WorkerConfig;
use driftguard::standin::github::Fault;
use driftguard::store::{ApiDecision, AuditFilter, DecisionStatus};
use std::time::{Duration, Instant};

on_both!(
    an_order_does_once_what_a_ticked_box_does,
    an_order_of_a_persons_key_asks_about_the_person_again,
    what_was_decided_stands_where_the_person_loses_the_right_before_the_scan,
    an_order_whose_scan_is_given_up_is_told_as_what_it_is,
);

/// The download of the code, with which a scan begins.
const ARCHIVE: &str = "GET /repos/{owner}/{repo}/tarball/{ref}";

impl World {
    /// Sends an order, and waits for what comes of it. Returns whether it was new.
    async fn order(&self, command: &str, person: &str, via: OrderOrigin, id: &str) -> bool {
        self.order_with(command, person, via, (id, None)).await
    }

    /// Sends an order with a key of the API.
    async fn order_with(
        &self,
        command: &str,
        person: &str,
        via: OrderOrigin,
        (id, key): (&str, Option<&ApiKeyUse>),
    ) -> bool {
        let request = OrderRequest {
            installation: InstallationId(self.installation),
            repository: self.repository_id().await,
            stack: &StackName::new(STACK).unwrap(),
            command,
            person,
            via,
            key,
            id,
        };
        let is_new = self.inbox.order(&request).await.unwrap();
        self.idle().await;
        is_new
    }
}

impl World {
    /// Stores that a key of the API sent a decision, as the API does before it enqueues the order.
    async fn sent_with_key(&self, id: &str, finding: &str) {
        let sent = ApiDecision {
            workspace: WorkspaceId {
                repository: self.repository_id().await,
                stack: StackName::new(STACK).unwrap(),
            },
            finding: finding.to_owned(),
            status: DecisionStatus::Queued,
            problem: String::new(),
            requested_at: driftguard::queue::now(),
        };
        let tenant = self.tenant();
        tenant.add_api_decision(&order_id(id), &sent).await.unwrap();
    }

    async fn outcome(&self, id: &str) -> ApiDecision {
        let found = self.tenant().api_decision(&order_id(id)).await;
        found.unwrap().unwrap()
    }
}

async fn an_order_does_once_what_a_ticked_box_does(database: Database) {
    let world = set_up(database, "version: 1\n").await;
    let repository = world.repository_id().await;
    let tenant = world.tenant();
    let decided = async || tenant.decisions(repository).await.unwrap();
    let (instance, group) = (
        world.finding("aws_instance.web[1]"),
        world.finding("aws_security_group.web"),
    );
    let comments = world.comments();
    let checks = world.github.check_runs(&world.repository).len();
    assert!(world.open(ADOPT).body.contains(&instance));

    world.github.permit(&world.repository, "bob", "read");
    let snooze = format!("snooze {instance} 3d");
    assert!(world.order(&snooze, "bob", OrderOrigin::Page, "a").await);
    assert_eq!(decided().await, [], "he may not write any more");

    // What comes to nothing says why.
    world.sent_with_key("e", &instance).await;
    let import = format!("import {instance}");
    let used = ApiKeyUse {
        prefix: "dg_live_5f0c11d2".to_owned(),
        person: None,
    };
    let order =
        |command, sent| world.order_with(command, "ci", OrderOrigin::Api, (sent, Some(&used)));
    assert!(order(&import, "e").await);
    let outcome = world.outcome("e").await;
    assert_eq!(outcome.status, DecisionStatus::NotDone);
    assert!(
        outcome.problem.contains("in the code already"),
        "{outcome:?}"
    );

    let before = driftguard::queue::now();
    assert!(world.order(&snooze, "alice", OrderOrigin::Page, "b").await);
    assert!(!world.order(&snooze, "alice", OrderOrigin::Page, "b").await);
    let [decision] = decided().await.try_into().unwrap();
    assert_eq!(
        (decision.person.as_str(), &decision.finding.0),
        ("alice", &instance)
    );
    assert!(decision.decided_at >= before);
    assert!(
        matches!(decision.choice, Choice::Snooze { .. }),
        "{decision:?}"
    );
    let checked = world.github.check_runs(&world.repository).len();
    assert!(checked > checks, "a scan followed");
    let body = world.open(ADOPT).body;
    assert!(body.contains("snoozed by alice"), "{body}");

    // A second line is no command, and what needs a comment is not done.
    let two = format!("ignore {group} until 2099-01-31 ours\n/driftguard adopt all");
    world.sent_with_key("c", &group).await;
    assert!(order(&two, "c").await);
    assert_eq!(decided().await.len(), 2);
    let outcome = world.outcome("c").await;
    assert_eq!(
        (outcome.status, outcome.problem.as_str()),
        (DecisionStatus::Done, "")
    );
    for command in ["assign @alice", "rotate-secret", "nonsense", "adopt f-99"] {
        assert!(
            world
                .order(command, "alice", OrderOrigin::Page, command)
                .await
        );
    }
    assert_eq!(decided().await.len(), 2);

    assert_eq!(world.comments(), comments, "nothing is written about them");

    // A job that died half way is run again, and so is one that comes again after days.
    let task = RepositoryTask::Order {
        command: format!("adopt {group}"),
        person: "alice".to_owned(),
        at: driftguard::queue::now(),
        via: OrderOrigin::Page,
        id: "d".to_owned(),
        stack: None,
        key: None,
    };
    let mut adopted = Vec::new();
    for key in ["one", "two"] {
        let job = Job::Task {
            installation: InstallationId(world.installation),
            repository,
            task: task.clone(),
        };
        let queued = QueuedJob::new(job, key);
        assert!(
            world
                .inbox
                .queue
                .push(&queued, Duration::ZERO)
                .await
                .unwrap()
        );
        world.idle().await;
        let all = decided().await;
        adopted.push(all.iter().any(|it| it.choice == Choice::Adopt));
        let stack = &all[0].stack;
        tenant
            .delete_decision(repository, stack, &group)
            .await
            .unwrap();
    }
    assert_eq!(adopted, [true, false], "once");
    let stack = StackName::new(STACK).unwrap();
    let scans = tenant
        .scans_before(repository, &stack, i64::MAX, 100)
        .await
        .unwrap();
    let by = |who: &str| {
        scans
            .iter()
            .filter(|scan| scan.course.requested_by == who)
            .count()
    };
    assert!(by("command") >= 2 && by("push") >= 1, "{scans:#?}");
    assert_eq!(by("api"), 1, "{scans:#?}");
    for scan in &scans {
        let took = scan.finished_at - scan.course.begun_at;
        assert!((0..600_000).contains(&took), "{scan:?}");
        assert!(
            scan.course.aws_calls.is_some_and(|calls| calls > 10),
            "{scan:?}"
        );
    }
    let log = tenant.audit_log(&AuditFilter::default(), None, 100).await;
    let mut log: Vec<_> = log.unwrap().0.into_iter().map(|row| row.entry).collect();
    log.reverse();
    let via = |via: AuditVia| log.iter().filter(move |entry| entry.via == via);
    let api: Vec<_> = via(AuditVia::Api).collect();
    let [refused, ignored] = api.as_slice() else {
        panic!("{api:?}")
    };
    assert_eq!(
        (ignored.person.as_str(), ignored.action.as_str()),
        ("ci", "ignore")
    );
    let key = "with `dg_live_5f0c11d2`: ";
    assert!(
        ignored
            .detail
            .starts_with(&format!("{key}until 2099-01-31: ours")),
        "{ignored:?}"
    );
    assert_eq!(refused.action, "not done");
    assert!(refused.detail.starts_with(key), "{refused:?}");
    let acts: Vec<_> = via(AuditVia::Page)
        .map(|entry| {
            (
                entry.person.as_str(),
                entry.action.as_str(),
                entry.finding.as_str(),
            )
        })
        .collect();
    let refused = ("alice", "not done", "");
    let expected = [
        ("bob", "not done", ""),
        ("alice", "snooze", instance.as_str()),
        refused,
        refused,
        refused,
        refused,
        ("alice", "adopt", group.as_str()),
    ];
    assert_eq!(acts, expected, "{log:#?}");
    assert_eq!(world.github.violations(), [""; 0]);
}

async fn an_order_of_a_persons_key_asks_about_the_person_again(database: Database) {
    let world = set_up(database, "version: 1\n").await;
    let repository = world.repository_id().await;
    let tenant = world.tenant();
    let decided = async || tenant.decisions(repository).await.unwrap();
    let snooze = |address: &str| format!("snooze {} 3d", world.finding(address));
    let instance = snooze("aws_instance.web[1]");
    let group = snooze("aws_security_group.web");
    let key = |person| ApiKeyUse {
        prefix: "dg_live_5f0c11d2".to_owned(),
        person,
    };
    let alice = world.github.account_id("alice");
    world.github.permit(&world.repository, "bob", "write");
    // Somebody else has the login now; the person may write no more; nobody has the login.
    let stranger = key(Some(alice + 1));
    let order = |command, person, sent| world.order_with(command, person, OrderOrigin::Api, sent);
    assert!(order(&instance, "alice", ("a", Some(&stranger))).await);
    let bob = key(Some(world.github.account_id("bob")));
    world.github.permit(&world.repository, "bob", "triage");
    assert!(order(&instance, "bob", ("b", Some(&bob))).await);
    world.github.rename_person("bob", "robert");
    assert!(order(&instance, "bob", ("c", Some(&bob))).await);
    assert_eq!(decided().await, []);
    let owners = key(None);
    let own = key(Some(alice));
    assert!(order(&instance, "alice", ("d", Some(&own))).await);
    assert_eq!(decided().await.len(), 1);
    assert!(order(&group, "ci", ("e", Some(&owners))).await);
    let log = tenant.audit_log(&AuditFilter::default(), None, 100).await;
    let mut log: Vec<_> = log.unwrap().0.into_iter().map(|row| row.entry).collect();
    log.retain(|entry| entry.via == AuditVia::Api);
    log.reverse();
    let told: Vec<_> = log
        .iter()
        .map(|entry| (entry.person.as_str(), entry.action.as_str()))
        .collect();
    let expected = [
        ("alice", "not done"),
        ("bob", "not done"),
        ("bob", "not done"),
        ("alice", "snooze"),
        ("ci", "snooze"),
    ];
    assert_eq!(told, expected);
    for entry in &log {
        let detail = &entry.detail;
        assert!(detail.starts_with("with `dg_live_5f0c11d2`: "), "{detail}");
    }
    assert_eq!(world.github.violations(), [""; 0]);
}

/// The entries of the audit log, the oldest first: person, action, and why.
async fn log(world: &World) -> Vec<(String, String, String)> {
    let tenant = world.tenant();
    let log = tenant.audit_log(&AuditFilter::default(), None, 100).await;
    let entries = log.unwrap().0.into_iter().rev();
    let told = entries.map(|row| (row.entry.person, row.entry.action, row.entry.detail));
    told.collect()
}

/// Waits until something was decided.
async fn until_decided(world: &World) {
    let repository = world.repository_id().await;
    let started = Instant::now();
    let decisions = async || world.tenant().decisions(repository).await.unwrap();
    while decisions().await.is_empty() {
        assert!(started.elapsed() < Duration::from_secs(60), "no decision");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn what_was_decided_stands_where_the_person_loses_the_right_before_the_scan(
    database: Database,
) {
    let world = set_up(database, "version: 1\n").await;
    let repository = world.repository_id().await;
    let instance = world.finding("aws_instance.web[1]");
    let checks = world.github.check_runs(&world.repository).len();
    // The first tries end with the download of the code, after what they decided.
    for _ in 0..3 {
        world.github.fail_next(ARCHIVE, Fault::Status(404));
    }
    let request = OrderRequest {
        installation: InstallationId(world.installation),
        repository,
        stack: &StackName::new(STACK).unwrap(),
        command: &format!("snooze {instance} 3d"),
        person: "alice",
        via: OrderOrigin::Page,
        key: None,
        id: "a",
    };
    assert!(world.inbox.order(&request).await.unwrap());
    until_decided(&world).await;
    world.github.permit(&world.repository, "alice", "read");
    world.idle().await;
    let [decision] = world
        .tenant()
        .decisions(repository)
        .await
        .unwrap()
        .try_into()
        .unwrap();
    assert_eq!(decision.finding.0, instance);
    let log = log(&world).await;
    let acts: Vec<_> = log
        .iter()
        .map(|(person, action, _)| (person.as_str(), action.as_str()))
        .collect();
    assert_eq!(acts, [("alice", "snooze")], "{log:#?}");
    let checked = world.github.check_runs(&world.repository).len();
    assert!(checked > checks, "a scan followed");

    // So it is with a comment.
    world.github.permit(&world.repository, "alice", "write");
    world
        .tenant()
        .delete_decision(repository, &decision.stack, &instance)
        .await
        .unwrap();
    for _ in 0..3 {
        world.github.fail_next(ARCHIVE, Fault::Status(404));
    }
    let number = world.open(ADOPT).number;
    let group = world.finding("aws_security_group.web");
    let text = format!("/driftguard ignore {group} until 2099-01-31 ours");
    world
        .github
        .comment(&world.repository, number, "alice", &text)
        .await;
    until_decided(&world).await;
    world.github.permit(&world.repository, "alice", "read");
    world.idle().await;
    let comments = world.comments();
    let answer = comments.iter().rfind(|it| it.author == "driftguard[bot]");
    let answer = &answer.unwrap().body;
    assert!(!answer.contains("only people with write"), "{answer}");
    assert!(answer.contains("2099-01-31"), "{answer}");
    assert_eq!(world.github.violations(), [""; 0]);
}

async fn an_order_whose_scan_is_given_up_is_told_as_what_it_is(database: Database) {
    let world = set_up(database, "version: 1\n").await;
    let repository = world.repository_id().await;
    let instance = world.finding("aws_instance.web[1]");
    for _ in 0..WorkerConfig::default().tries {
        world.github.fail_next(ARCHIVE, Fault::Status(404));
    }
    let snooze = format!("snooze {instance} 3d");
    assert!(world.order(&snooze, "alice", OrderOrigin::Page, "a").await);
    assert_eq!(world.tenant().decisions(repository).await.unwrap().len(), 1);
    let log = log(&world).await;
    let acts: Vec<_> = log.iter().map(|(_, action, _)| action.as_str()).collect();
    assert_eq!(acts, ["snooze", "not scanned"], "{log:#?}");
    assert!(log[1].2.contains("tarball"), "{log:#?}");
}
