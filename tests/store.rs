//! The store: what is kept, for whom, and what runs out.

use crate::database::{Database, on_both};
use driftguard::model::{
    Choice, Decision, DeliveryId, FindingId, InstallationId, IssueAction, Proposal, ProposalState,
    RepositoryId, RepositoryInfo, RepositoryName, Sender, StackName, WebhookEvent, WebhookPayload,
};
use driftguard::queue::inbox::Inbox;
use driftguard::store::{
    Delivery, DeliveryClaim, DeliveryWalk, Lease, LeaseLost, Notification, OrderKey, ScanRecord,
    ScanRequest, StackSchedule, Store,
};
use sqlx::{AnyConnection, Connection};
use std::time::Duration;

const ACME: InstallationId = InstallationId(1);
const GLOBEX: InstallationId = InstallationId(2);
const SHOP: RepositoryId = RepositoryId(10);

on_both!(
    several_processes_start_at_once_on_a_new_database,
    a_lone_run_is_taken_back_by_its_own_worker_alone,
    a_delivery_is_recorded_once,
    a_branch_that_a_credential_names_is_kept_only_as_the_default_one,
    pushes_wait_as_one_scan_of_the_newest_commit,
    a_lease_keeps_others_out_until_it_runs_out,
    what_a_lease_guards_is_written_while_it_is_held,
    nobody_takes_a_lease_while_what_it_guards_is_being_written,
    tenants_do_not_see_one_another,
    uninstalling_deletes_what_is_stored,
    a_decision_stands_until_a_newer_one_or_its_end,
    what_was_decided_goes_with_a_repository_to_its_new_owner,
    a_scan_that_is_due_is_found_once_it_is,
    what_a_comment_asks_for_is_kept_as_it_was_first_understood,
    what_was_asked_for_is_deleted_when_it_is_old,
    a_secret_that_was_given_up_never_returns,
    a_round_whose_turn_is_over_keeps_nothing_of_the_walk,
);

fn delivery(id: &str, installation: InstallationId) -> Delivery {
    let event = WebhookEvent::Issue {
        action: IssueAction::Other,
        number: 1,
        ticked: Vec::new(),
    };
    let payload = WebhookPayload {
        installation,
        account: "acme".to_owned(),
        repository: None,
        sender: Sender::default(),
        event,
    };
    Delivery {
        id: DeliveryId(id.to_owned()),
        payload,
        received_at: 1_000,
    }
}

fn shop() -> RepositoryInfo {
    RepositoryInfo {
        id: SHOP,
        name: RepositoryName::new("acme/shop").unwrap(),
        default_branch: Some("main".to_owned()),
        private: true,
    }
}

fn proposal() -> Proposal {
    Proposal {
        repository: SHOP,
        branch: "driftguard/production/restore".to_owned(),
        stack: "production".to_owned(),
        number: 7,
        state: ProposalState::Open,
        findings: vec!["f-1".to_owned(), "f-2".to_owned()],
        opened_at: 4,
        changed_at: 5,
        recreate: false,
        closed_by: String::new(),
    }
}

fn scan_record() -> ScanRecord {
    ScanRecord {
        id: "d-1@10".to_owned(),
        repository: SHOP,
        stack: "production".to_owned(),
        commit: "c1".to_owned(),
        outcome: serde_json::json!({"stacks": []}),
        finished_at: 9,
    }
}

async fn connect(database: &Database) -> Store {
    database.inbox().await.store
}

/// Each process makes the tables that it finds missing. Whoever is second waits for the first.
async fn several_processes_start_at_once_on_a_new_database(database: Database) {
    let process = || {
        let url = database.url.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let inbox = Inbox::connect(&url).await;
                inbox.map(drop).map_err(|error| format!("{error:#}"))
            })
        })
    };
    let processes: Vec<_> = (0..4).map(|_| process()).collect();
    for process in processes {
        assert_eq!(process.join().unwrap(), Ok(()));
    }
}

async fn a_delivery_is_recorded_once(database: Database) {
    let store = connect(&database).await;
    let sent = delivery("d-1", ACME);
    assert!(store.record_delivery(&sent).await.unwrap());
    assert!(!store.record_delivery(&sent).await.unwrap());
    let tenant = store.of(ACME);
    assert_eq!(
        tenant.open_delivery(&sent.id).await.unwrap(),
        Some(sent.clone())
    );
    let waiting = async || store.waiting_deliveries().await.unwrap();
    assert_eq!(waiting().await, (1, 0));
    let claim = DeliveryClaim {
        worker: "worker".to_owned(),
        lasts: 60_000,
    };
    let take = async || {
        let mut last_turn = String::new();
        let taken = store.take_deliveries(&claim, 10, &mut last_turn);
        taken.await.unwrap()
    };
    assert_eq!(take().await, std::slice::from_ref(&sent));
    assert_eq!(take().await, [], "taken once");
    assert_eq!(waiting().await, (0, 1));
    let lapsed = async |worker| store.lapsed_deliveries(worker).await.unwrap();
    assert_eq!(lapsed("other").await, []);
    store.return_deliveries("worker").await.unwrap();
    assert_eq!(waiting().await, (1, 0));
    let lost = DeliveryClaim {
        lasts: -1,
        ..claim.clone()
    };
    let mut last_turn = String::new();
    let taken = store.take_deliveries(&lost, 10, &mut last_turn);
    assert_eq!(taken.await.unwrap().len(), 1);
    let orphan = [(ACME, sent.id.clone())];
    assert_eq!(lapsed("other").await, orphan);
    assert_eq!(lapsed("worker").await, [], "never its own");
    store.renew_claim(&claim).await.unwrap();
    assert_eq!(lapsed("other").await, [], "its worker lives");

    tenant.close_delivery(&sent.id).await.unwrap();
    assert_eq!(tenant.open_delivery(&sent.id).await.unwrap(), None);
    assert_eq!(waiting().await, (0, 0));
    assert!(
        !store.record_delivery(&sent).await.unwrap(),
        "done is not forgotten"
    );

    assert_eq!(store.delete_deliveries(1_001).await.unwrap(), 1);
}

/// What PostgreSQL reads must not depend on its statistics: they are of a moment when nothing waited.
#[tokio::test]
async fn a_batch_is_taken_without_reading_all_that_waits() {
    const DONE: i64 = 50_000;
    const WAITING: i64 = 20_000;
    let Some(database) = Database::postgres().await else {
        return;
    };
    let store = connect(&database).await;
    let notice = serde_json::to_string(&delivery("d", ACME).payload).unwrap();
    let mut connection = AnyConnection::connect(&database.url).await.unwrap();
    for (state, count) in [("done", DONE), ("open", WAITING)] {
        sqlx::query(
            "insert into deliveries (delivery, installation, notice, state, problem, received_at)
             select $1 || n, '1', $2, $1, '', n from generate_series(1, $3) n",
        )
        .bind(state)
        .bind(&notice)
        .bind(count)
        .execute(&mut connection)
        .await
        .unwrap();
        if state == "done" {
            sqlx::query("analyze deliveries")
                .execute(&mut connection)
                .await
                .unwrap();
        }
    }
    let claim = DeliveryClaim {
        worker: "one".to_owned(),
        lasts: 60_000,
    };
    let mut last = String::new();
    for batch in 0..10 {
        let taken = store.take_deliveries(&claim, 100, &mut last).await.unwrap();
        assert_eq!((taken.len(), taken[0].received_at), (100, batch * 100 + 1));
    }
    // A connection that ends says what it read.
    store.close().await;
    let read = || {
        sqlx::query_scalar::<_, i64>(
            "select coalesce(seq_tup_read + idx_tup_fetch, 0) from pg_stat_user_tables
             where relname = 'deliveries'",
        )
    };
    let mut rows = 0;
    while rows == 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        rows = read().fetch_one(&mut connection).await.unwrap();
    }
    assert!(rows < WAITING, "{rows} rows were read for 1,000");
}

async fn a_lone_run_is_taken_back_by_its_own_worker_alone(database: Database) {
    let store = connect(&database).await;
    let tenant = store.of(ACME);
    let deaths = async || tenant.lone_deaths("scan").await.unwrap();
    tenant.begin_lone_run("scan", "dead").await.unwrap();
    // The next worker cannot even begin: it takes back nothing.
    tenant.undo_lone_run("scan", "living").await.unwrap();
    assert_eq!(deaths().await, 1);
    tenant.begin_lone_run("scan", "living").await.unwrap();
    assert_eq!(deaths().await, 2);
    for _ in 0..2 {
        tenant.undo_lone_run("scan", "living").await.unwrap();
        assert_eq!(deaths().await, 1);
    }
}

async fn a_branch_that_a_credential_names_is_kept_only_as_the_default_one(database: Database) {
    let store = connect(&database).await;
    let named = |branch: &str| format!("refs/heads/{branch}");
    let (default, other) = ("AKIAIOSFODNN7EXAMPLE", "feature/AKIAIOSFODNN7EXAMPLF");
    for (id, branch, kept) in [
        ("d-1", default, default),
        ("d-2", other, "feature/(secret)"),
        ("d-3", "main", "main"),
    ] {
        let push = WebhookEvent::Push {
            reference: named(branch),
            commit: "c".to_owned(),
            deleted: false,
        };
        let mut sent = delivery(id, ACME);
        sent.payload.event = push;
        sent.payload.repository = Some(RepositoryInfo {
            id: SHOP,
            name: RepositoryName::new("acme/shop").unwrap(),
            default_branch: Some(default.to_owned()),
            private: true,
        });
        store.record_delivery(&sent).await.unwrap();
        let open = store.of(ACME).open_delivery(&sent.id).await.unwrap();
        let WebhookEvent::Push { reference, .. } = open.unwrap().payload.event else {
            panic!("{id} is a push");
        };
        assert_eq!(reference, named(kept));
    }
}

async fn pushes_wait_as_one_scan_of_the_newest_commit(database: Database) {
    let store = connect(&database).await;
    let tenant = store.of(ACME);
    let ask = async |commit: Option<&str>, asked_at: i64| {
        let request = ScanRequest {
            repository: SHOP,
            stack: None,
            commit,
            asked_at,
        };
        tenant.request_scan(&request).await.unwrap();
    };
    let waiting = async || tenant.waiting_scan(SHOP, None).await.unwrap();
    let answer = async || {
        let scan = waiting().await.unwrap();
        tenant.answer_scan(SHOP, None, &scan).await.unwrap();
    };
    assert_eq!(waiting().await, None);

    ask(Some("c1"), 100).await;
    ask(Some("c3"), 300).await;
    assert_eq!(waiting().await.unwrap().commit.as_deref(), Some("c3"));

    // What is asked for while the scan runs waits after it.
    let scan = waiting().await.unwrap();
    ask(Some("c4"), 400).await;
    tenant.answer_scan(SHOP, None, &scan).await.unwrap();
    assert_eq!(waiting().await.unwrap().commit.as_deref(), Some("c4"));
    answer().await;
    assert_eq!(waiting().await, None);

    // The same push again asks for nothing.
    ask(Some("c4"), 400).await;
    assert_eq!(waiting().await, None);

    // One that seems older may come late, or from a process whose clock is behind: the branch is scanned as it is.
    ask(Some("c3"), 300).await;
    assert_eq!(waiting().await.unwrap().commit, None);
    answer().await;
    assert_eq!(waiting().await, None);

    // Two pushes of one millisecond are two pushes; the clock's scan takes the commit that waits.
    ask(Some("c5"), 400).await;
    ask(None, 500).await;
    assert_eq!(waiting().await.unwrap().commit.as_deref(), Some("c5"));
    answer().await;
    ask(None, 600).await;
    assert_eq!(waiting().await.unwrap().commit, None);
}

async fn a_lease_keeps_others_out_until_it_runs_out(database: Database) {
    let store = connect(&database).await;
    let tenant = store.of(ACME);
    let lease = |holder: &str| Lease {
        subject: "10".to_owned(),
        holder: holder.to_owned(),
    };
    let (one, other) = (lease("one"), lease("other"));
    let take = async |lease, time| tenant.take_lease(lease, time).await.unwrap();
    let renew = async |lease, time| tenant.renew_lease(lease, time).await.unwrap();
    let left = async |lease| tenant.lease_left(lease).await.unwrap();
    const HOUR: Duration = Duration::from_secs(3600);
    assert!(take(&one, HOUR).await);
    assert!(!take(&other, HOUR).await);
    assert_eq!(left(&other).await, None);
    let runs = left(&one).await.unwrap();
    assert!(runs <= HOUR && runs > HOUR - Duration::from_secs(60));

    assert!(renew(&one, Duration::ZERO).await);
    assert_eq!(left(&one).await, Some(Duration::ZERO), "run out");
    assert!(renew(&one, HOUR).await, "nobody took it meanwhile");
    assert!(renew(&one, Duration::ZERO).await);
    assert!(take(&other, HOUR).await, "run out");
    assert!(!renew(&one, HOUR).await, "lost");
    assert_eq!(left(&one).await, None);
    tenant.end_lease(&one).await.unwrap();
    assert!(!take(&one, HOUR).await, "not one's own to give back");

    tenant.end_lease(&other).await.unwrap();
    assert!(
        !renew(&one, HOUR).await,
        "somebody else had it since, who gave it back"
    );
    assert!(take(&one, HOUR).await);
    let elsewhere = store.of(GLOBEX).take_lease(&other, HOUR).await;
    assert!(elsewhere.unwrap(), "another tenant's");
}

/// Gives an installation one row of everything.
async fn fill(store: &Store, installation: InstallationId) {
    let tenant = store.of(installation);
    tenant.record_installation("acme", 1).await.unwrap();
    tenant.save_repository(&shop(), 1).await.unwrap();
    tenant.save_proposal(&proposal()).await.unwrap();
    let record = ScanRecord {
        id: format!("{installation}"),
        ..scan_record()
    };
    tenant.record_scan(&record).await.unwrap();
    let request = ScanRequest {
        repository: SHOP,
        stack: None,
        commit: Some("c1"),
        asked_at: 1,
    };
    tenant.request_scan(&request).await.unwrap();
    let decision = Decision {
        finding: FindingId("f-1".to_owned()),
        stack: StackName::new("production").unwrap(),
        choice: Choice::Adopt,
        person: "alice".to_owned(),
        decided_at: 1,
    };
    tenant.save_decision(SHOP, &decision).await.unwrap();
    let scheduled = StackSchedule {
        stack: decision.stack,
        schedule: String::new(),
        next_at: Some(1),
    };
    tenant.save_stack(SHOP, &scheduled).await.unwrap();
    tenant.save_dashboard(SHOP, 3).await.unwrap();
    tenant.record_refusal(SHOP, 3, "mallory").await.unwrap();
    tenant
        .save_order(SHOP, OrderKey::Comment(9), "{}")
        .await
        .unwrap();
    tenant.record_published(SHOP, "c1").await.unwrap();
    tenant.secret_generation(SHOP, 5).await.unwrap();
    tenant.record_secret_shown(SHOP).await.unwrap();
    tenant
        .save_notification(SHOP, &notification(), 1)
        .await
        .unwrap();
}

fn notification() -> Notification {
    Notification {
        url: "https://example.com/".to_owned(),
        id: "n-1".to_owned(),
        body: "{}".to_owned(),
    }
}

/// How many kinds of rows there are.
const ROWS: usize = 13;

/// Which of them are commits with check runs.
const PUBLISHED: usize = 10;

/// Whether an installation has anything at all.
async fn has_rows(store: &Store, installation: InstallationId) -> [bool; ROWS] {
    let tenant = store.of(installation);
    [
        tenant.active().await.unwrap(),
        !tenant.repositories().await.unwrap().is_empty(),
        !tenant.proposals(SHOP).await.unwrap().is_empty(),
        tenant
            .last_scan(SHOP, "production")
            .await
            .unwrap()
            .is_some(),
        tenant.waiting_scan(SHOP, None).await.unwrap().is_some(),
        !tenant.decisions(SHOP).await.unwrap().is_empty(),
        !tenant.stacks(SHOP).await.unwrap().is_empty(),
        tenant.dashboard(SHOP).await.unwrap().is_some(),
        tenant.is_refused(SHOP, 3, "Mallory").await.unwrap(),
        tenant
            .order(SHOP, OrderKey::Comment(9))
            .await
            .unwrap()
            .is_some(),
        !tenant.published_commits(SHOP).await.unwrap().is_empty(),
        tenant.is_secret_shown(SHOP).await.unwrap(),
        tenant.notification(SHOP, "n-1").await.unwrap().is_some(),
    ]
}

fn lease(holder: &str) -> Lease {
    Lease {
        subject: SHOP.to_string(),
        holder: holder.to_owned(),
    }
}

fn snooze() -> Decision {
    Decision {
        stack: StackName::new("production").unwrap(),
        finding: FindingId("f-1".to_owned()),
        choice: Choice::Snooze { until: 7 },
        person: "alice".to_owned(),
        decided_at: 3,
    }
}

async fn what_a_lease_guards_is_written_while_it_is_held(database: Database) {
    let store = connect(&database).await;
    let (first, second) = (lease("first"), lease("second"));
    let held = async |lease: &Lease, time| store.of(ACME).take_lease(lease, time).await.unwrap();
    assert!(held(&first, Duration::ZERO).await);
    let guarded = store.guarded_by_lease(ACME, &first);
    let tenant = guarded.of(ACME);
    // It ran out, and is still nobody else's.
    tenant.record_scan(&scan_record()).await.unwrap();
    tenant.save_proposal(&proposal()).await.unwrap();
    tenant.save_decision(SHOP, &snooze()).await.unwrap();
    let transaction = guarded.transaction().await.unwrap();
    let scan = scan_record();
    transaction
        .store()
        .of(ACME)
        .record_scan(&scan)
        .await
        .unwrap();
    transaction.commit().await.unwrap();

    assert!(held(&second, Duration::from_secs(60)).await);
    let lost = |end: anyhow::Result<()>| {
        let error = end.unwrap_err();
        assert!(
            error.chain().any(|cause| cause.is::<LeaseLost>()),
            "{error:#}"
        );
    };
    let again = |id: &str| ScanRecord {
        id: id.to_owned(),
        ..scan_record()
    };
    lost(tenant.record_scan(&again("d-2@10")).await);
    lost(
        tenant
            .save_proposal(&Proposal {
                number: 8,
                ..proposal()
            })
            .await,
    );
    lost(
        tenant
            .save_decision(
                SHOP,
                &Decision {
                    decided_at: 4,
                    ..snooze()
                },
            )
            .await,
    );
    lost(tenant.delete_repository(SHOP).await);
    lost(tenant.delete_installation(i64::MAX).await);
    lost(guarded.transaction().await.map(drop));
    // Even where the other gave it back.
    store.of(ACME).end_lease(&second).await.unwrap();
    lost(tenant.record_scan(&again("d-2@10")).await);

    let scans = tenant.last_scans(SHOP, "production", 9).await.unwrap();
    assert_eq!(scans, [scan_record()], "what is read needs no lease");
    assert_eq!(tenant.proposals(SHOP).await.unwrap(), [proposal()]);
    assert_eq!(tenant.decisions(SHOP).await.unwrap(), [snooze()]);
}

async fn nobody_takes_a_lease_while_what_it_guards_is_being_written(database: Database) {
    let store = connect(&database).await;
    let (first, second) = (lease("first"), lease("second"));
    let taken = store.of(ACME).take_lease(&first, Duration::ZERO).await;
    assert!(taken.unwrap());
    let guarded = store.guarded_by_lease(ACME, &first);
    let transaction = guarded.transaction().await.unwrap();
    let other = connect(&database).await;
    let taking = tokio::spawn(async move {
        let tenant = other.of(ACME);
        let taken = tenant.take_lease(&second, Duration::from_secs(60));
        taken.await.unwrap()
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!taking.is_finished(), "it waits");
    let scan = scan_record();
    transaction
        .store()
        .of(ACME)
        .record_scan(&scan)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert!(taking.await.unwrap());
    assert!(guarded.of(ACME).record_scan(&scan).await.is_err());
}

async fn tenants_do_not_see_one_another(database: Database) {
    let store = connect(&database).await;
    fill(&store, ACME).await;
    let sent = delivery("d-1", ACME);
    store.record_delivery(&sent).await.unwrap();
    assert_eq!(has_rows(&store, ACME).await, [true; ROWS]);
    assert_eq!(has_rows(&store, GLOBEX).await, [false; ROWS]);

    let globex = store.of(GLOBEX);
    assert_eq!(globex.open_delivery(&sent.id).await.unwrap(), None);
    globex.close_delivery(&sent.id).await.unwrap();
    let theirs = Proposal {
        state: ProposalState::Declined,
        ..proposal()
    };
    globex.save_proposal(&theirs).await.unwrap();
    globex.delete_repository(SHOP).await.unwrap();
    globex.suspend(true).await.unwrap();
    globex.delete_installation(2_000).await.unwrap();
    // A record under another tenant's name changes nothing of that tenant's.
    let forged = ScanRecord {
        id: ACME.to_string(),
        commit: "forged".to_owned(),
        ..scan_record()
    };
    globex.record_scan(&forged).await.unwrap();

    let acme = store.of(ACME);
    assert_eq!(has_rows(&store, ACME).await, [true; ROWS]);
    assert!(acme.open_delivery(&sent.id).await.unwrap().is_some());
    let branch = proposal().branch;
    assert_eq!(
        acme.proposal(SHOP, &branch).await.unwrap(),
        Some(proposal())
    );
    assert_eq!(
        acme.last_scan(SHOP, "production")
            .await
            .unwrap()
            .unwrap()
            .commit,
        "c1"
    );
}

async fn uninstalling_deletes_what_is_stored(database: Database) {
    let store = connect(&database).await;
    fill(&store, ACME).await;
    fill(&store, GLOBEX).await;
    store.of(ACME).delete_installation(2_000).await.unwrap();
    // The ids of commits stay: should the repository become public, their checks are emptied.
    let mut left = [false; ROWS];
    left[PUBLISHED] = true;
    assert_eq!(has_rows(&store, ACME).await, left);
    assert_eq!(has_rows(&store, GLOBEX).await, [true; ROWS]);
}

async fn a_decision_stands_until_a_newer_one_or_its_end(database: Database) {
    let store = connect(&database).await;
    let tenant = store.of(ACME);
    let decided = |choice: Choice, at: i64| Decision {
        finding: FindingId("f-1".to_owned()),
        stack: StackName::new("production").unwrap(),
        choice,
        person: "alice".to_owned(),
        decided_at: at,
    };
    let declined = decided(Choice::Decline { pull: 7 }, 5);
    tenant.save_decision(SHOP, &declined).await.unwrap();
    // What was asked for before comes late, as a job that is run again does.
    tenant
        .save_decision(SHOP, &decided(Choice::Adopt, 4))
        .await
        .unwrap();
    assert_eq!(tenant.decisions(SHOP).await.unwrap(), [declined]);
    let restore = decided(Choice::Restore, 6);
    tenant.save_decision(SHOP, &restore).await.unwrap();
    assert_eq!(tenant.decisions(SHOP).await.unwrap(), [restore]);
    assert_eq!(store.of(GLOBEX).decisions(SHOP).await.unwrap(), []);
    let stack = StackName::new("production").unwrap();
    tenant.delete_decision(SHOP, &stack, "f-1").await.unwrap();
    assert_eq!(tenant.decisions(SHOP).await.unwrap(), []);
}

async fn what_was_decided_goes_with_a_repository_to_its_new_owner(database: Database) {
    let store = connect(&database).await;
    fill(&store, ACME).await;
    let globex = store.of(GLOBEX);
    globex.record_installation("globex", 1).await.unwrap();
    globex.save_repository(&shop(), 1).await.unwrap();
    assert_eq!(store.others_with(SHOP, GLOBEX).await.unwrap(), [ACME]);
    store.transfer(SHOP, GLOBEX).await.unwrap();
    assert_eq!(store.others_with(SHOP, GLOBEX).await.unwrap(), []);
    store.transfer(SHOP, GLOBEX).await.unwrap();
    assert_eq!(globex.decisions(SHOP).await.unwrap().len(), 1);
    assert_eq!(globex.proposals(SHOP).await.unwrap().len(), 1);
    assert_eq!(globex.repositories().await.unwrap().len(), 1);
    assert_eq!(globex.published_commits(SHOP).await.unwrap(), ["c1"]);
    // What the former owner's people knew is worth nothing any more.
    assert_eq!(globex.secret_generation(SHOP, 9).await.unwrap(), 9);
    assert_eq!(globex.notification(SHOP, "n-1").await.unwrap(), None);
    let acme = store.of(ACME);
    assert_eq!(acme.decisions(SHOP).await.unwrap(), []);
    assert_eq!(acme.repositories().await.unwrap(), []);
}

async fn a_scan_that_is_due_is_found_once_it_is(database: Database) {
    let store = connect(&database).await;
    let tenant = store.of(ACME);
    tenant.record_installation("acme", 1).await.unwrap();
    let stack = StackName::new("production").unwrap();
    let scheduled = StackSchedule {
        stack: stack.clone(),
        schedule: "17 * * * *".to_owned(),
        next_at: Some(100),
    };
    tenant.save_stack(SHOP, &scheduled).await.unwrap();
    assert_eq!(store.due(99).await.unwrap(), []);
    let due = store.due(100).await.unwrap().remove(0);
    assert_eq!((due.repository, due.slot), (SHOP, 100));
    tenant.reschedule(&due, Some(200)).await.unwrap();
    // Another process that found it due as well moves it no further.
    tenant.reschedule(&due, Some(300)).await.unwrap();
    assert_eq!(tenant.stacks(SHOP).await.unwrap()[0].next_at, Some(200));
    tenant.suspend(true).await.unwrap();
    assert_eq!(store.due(1_000).await.unwrap(), []);
    tenant.delete_stack(SHOP, &stack).await.unwrap();
    assert_eq!(tenant.stacks(SHOP).await.unwrap(), []);
}

async fn what_a_comment_asks_for_is_kept_as_it_was_first_understood(database: Database) {
    let store = connect(&database).await;
    let tenant = store.of(ACME);
    let first = tenant
        .save_order(SHOP, OrderKey::Comment(9), "first")
        .await
        .unwrap();
    let again = tenant
        .save_order(SHOP, OrderKey::Comment(9), "second")
        .await
        .unwrap();
    assert_eq!((first.answer.as_str(), first.done), ("first", false));
    assert_eq!(again, first);
    tenant.end_order(SHOP, OrderKey::Comment(9)).await.unwrap();
    assert!(
        tenant
            .order(SHOP, OrderKey::Comment(9))
            .await
            .unwrap()
            .unwrap()
            .done
    );
    assert_eq!(
        store
            .of(GLOBEX)
            .order(SHOP, OrderKey::Comment(9))
            .await
            .unwrap(),
        None
    );
}

async fn what_was_asked_for_is_deleted_when_it_is_old(database: Database) {
    let inbox = database.inbox().await;
    let tenant = inbox.store.of(ACME);
    let (day, now) = (Duration::from_secs(24 * 60 * 60), driftguard::queue::now());
    let later = |days: u32| now + i64::try_from((days * day).as_millis()).unwrap();
    let keys = [OrderKey::Comment(9), OrderKey::Sent("a form's")];
    let kept = async || {
        let mut kept = Vec::new();
        for key in keys {
            kept.push(tenant.order(SHOP, key).await.unwrap().is_some());
        }
        kept
    };
    for key in keys {
        tenant.save_order(SHOP, key, "an answer").await.unwrap();
        tenant.end_order(SHOP, key).await.unwrap();
    }
    // One that a former version stored, without its time.
    let mut connection = AnyConnection::connect(&database.url).await.unwrap();
    sqlx::query("update orders set saved_at = 0 where comment = 9")
        .execute(&mut connection)
        .await
        .unwrap();
    inbox.sweep(later(10), 400 * day).await.unwrap();
    assert_eq!(kept().await, [true, true]);
    inbox.sweep(later(401), 400 * day).await.unwrap();
    assert_eq!(
        kept().await,
        [true, false],
        "it counts from the first sweep"
    );
    // However short history is kept: a delivery may come again.
    inbox.sweep(later(39), day).await.unwrap();
    assert_eq!(kept().await, [true, false]);
    inbox.sweep(later(41), day).await.unwrap();
    assert_eq!(kept().await, [false, false]);
}

async fn a_secret_that_was_given_up_never_returns(database: Database) {
    let store = connect(&database).await;
    let tenant = store.of(ACME);
    let generation = async |now| tenant.secret_generation(SHOP, now).await.unwrap();
    assert_eq!(generation(5).await, 5);
    assert_eq!(generation(6).await, 5, "it stays until it is rotated");
    tenant.record_secret_shown(SHOP).await.unwrap();
    tenant.rotate_secret(SHOP, 7).await.unwrap();
    assert_eq!(generation(8).await, 7);
    assert!(!tenant.is_secret_shown(SHOP).await.unwrap());
    // Asked for once more, it is done; asked for by a process whose clock is behind, it is not.
    tenant.rotate_secret(SHOP, 7).await.unwrap();
    assert_eq!(generation(8).await, 7);
    tenant.rotate_secret(SHOP, 6).await.unwrap();
    assert_eq!(generation(8).await, 8);
    tenant.delete_repository(SHOP).await.unwrap();
    assert_eq!(generation(9).await, 9);
}

async fn a_round_whose_turn_is_over_keeps_nothing_of_the_walk(database: Database) {
    let store = connect(&database).await;
    let begin = async |holder, time| store.begin_delivery_walk(holder, time).await.unwrap();
    const HOUR: Duration = Duration::from_secs(3600);
    let mut walk = begin("one", Duration::ZERO).await.unwrap();
    assert!(begin("other", HOUR).await.is_some(), "its turn is over");
    walk.read_until = 1;
    let keep = async |holder, walk: &DeliveryWalk, time| {
        let kept = store.save_delivery_walk(holder, walk, time).await;
        kept.unwrap()
    };
    assert!(!keep("one", &walk, Duration::ZERO).await);
    assert!(begin("one", HOUR).await.is_none(), "the other has it still");
    walk.read_until = 2;
    assert!(keep("other", &walk, Duration::ZERO).await);
    assert_eq!(begin("one", HOUR).await, Some(walk));
}
