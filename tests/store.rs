//! The store: what is kept, for whom, and what runs out.

use crate::database::{Database, on_both};
use driftguard::model::{
    DeliveryId, Event, InstallationId, Notice, Origin, RepositoryId, RepositoryName,
};
use driftguard::store::{Delivery, Lease, Proposal, ProposalState, Request, ScanRecord, Store};

const ACME: InstallationId = InstallationId(1);
const GLOBEX: InstallationId = InstallationId(2);
const SHOP: RepositoryId = RepositoryId(10);

on_both!(
    a_delivery_is_recorded_once,
    pushes_wait_as_one_scan_of_the_newest_commit,
    a_lease_keeps_others_out_until_it_runs_out,
    tenants_do_not_see_one_another,
    uninstalling_deletes_what_is_stored,
    a_declined_proposal_is_remembered,
);

fn delivery(id: &str, installation: InstallationId) -> Delivery {
    let event = Event::Other {
        name: "issues".to_owned(),
        action: "opened".to_owned(),
    };
    let notice = Notice {
        installation,
        account: "acme".to_owned(),
        repository: None,
        event,
    };
    Delivery {
        id: DeliveryId(id.to_owned()),
        notice,
        received_at: 1_000,
    }
}

fn shop() -> Origin {
    Origin {
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
        fingerprint: "aa".to_owned(),
        changed_at: 5,
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
    assert_eq!(store.open_deliveries(1_000).await.unwrap(), []);
    assert_eq!(
        store.open_deliveries(1_001).await.unwrap(),
        [(ACME, sent.id.clone())]
    );

    tenant.close_delivery(&sent.id).await.unwrap();
    assert_eq!(tenant.open_delivery(&sent.id).await.unwrap(), None);
    assert_eq!(store.open_deliveries(9_999).await.unwrap(), []);
    assert!(
        !store.record_delivery(&sent).await.unwrap(),
        "done is not forgotten"
    );

    assert_eq!(store.forget_deliveries(1_001).await.unwrap(), 1);
}

async fn pushes_wait_as_one_scan_of_the_newest_commit(database: Database) {
    let store = connect(&database).await;
    let tenant = store.of(ACME);
    let ask = async |commit: Option<&str>, asked_at: i64| {
        let request = Request {
            repository: SHOP,
            stack: None,
            commit,
            asked_at,
        };
        tenant.ask_scan(&request).await.unwrap();
    };
    let waiting = async || tenant.waiting_scan(SHOP, None).await.unwrap();
    let answer = async || {
        let scan = waiting().await.unwrap();
        tenant.answer_scan(SHOP, None, &scan).await.unwrap();
    };
    assert_eq!(waiting().await, None);

    ask(Some("c1"), 100).await;
    ask(Some("c3"), 300).await;
    ask(Some("c2"), 200).await;
    assert_eq!(waiting().await.unwrap().commit.as_deref(), Some("c3"));

    // What is asked for while the scan runs waits after it.
    let scan = waiting().await.unwrap();
    ask(Some("c4"), 400).await;
    tenant.answer_scan(SHOP, None, &scan).await.unwrap();
    assert_eq!(waiting().await.unwrap().commit.as_deref(), Some("c4"));
    answer().await;
    assert_eq!(waiting().await, None);

    // The same push again, or an older one that comes late, asks for nothing.
    ask(Some("c4"), 400).await;
    ask(Some("c3"), 300).await;
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
    assert!(tenant.take_lease(&one, 0, 100).await.unwrap());
    assert!(!tenant.take_lease(&other, 50, 150).await.unwrap());
    assert!(tenant.take_lease(&one, 90, 190).await.unwrap(), "renewed");
    assert!(!tenant.take_lease(&other, 150, 250).await.unwrap());
    assert!(
        tenant.take_lease(&other, 190, 290).await.unwrap(),
        "run out"
    );
    assert!(!tenant.take_lease(&one, 191, 291).await.unwrap(), "lost");
    tenant.end_lease(&one).await.unwrap();
    assert!(
        !tenant.take_lease(&one, 192, 292).await.unwrap(),
        "not one's own to give back"
    );
    tenant.end_lease(&other).await.unwrap();
    assert!(tenant.take_lease(&one, 193, 293).await.unwrap());
    assert!(
        store.of(GLOBEX).take_lease(&other, 194, 294).await.unwrap(),
        "another tenant's"
    );
}

/// Gives an installation one row of everything.
async fn fill(store: &Store, installation: InstallationId) {
    let tenant = store.of(installation);
    tenant.learn("acme", 1).await.unwrap();
    tenant.keep_repository(&shop()).await.unwrap();
    tenant.keep_proposal(&proposal()).await.unwrap();
    let record = ScanRecord {
        id: format!("{installation}"),
        ..scan_record()
    };
    tenant.record_scan(&record).await.unwrap();
    let request = Request {
        repository: SHOP,
        stack: None,
        commit: Some("c1"),
        asked_at: 1,
    };
    tenant.ask_scan(&request).await.unwrap();
}

/// Whether an installation has anything at all.
async fn has_rows(store: &Store, installation: InstallationId) -> [bool; 5] {
    let tenant = store.of(installation);
    [
        tenant.active().await.unwrap(),
        !tenant.repositories().await.unwrap().is_empty(),
        !tenant
            .proposals(SHOP, "production")
            .await
            .unwrap()
            .is_empty(),
        tenant
            .last_scan(SHOP, "production")
            .await
            .unwrap()
            .is_some(),
        tenant.waiting_scan(SHOP, None).await.unwrap().is_some(),
    ]
}

async fn tenants_do_not_see_one_another(database: Database) {
    let store = connect(&database).await;
    fill(&store, ACME).await;
    let sent = delivery("d-1", ACME);
    store.record_delivery(&sent).await.unwrap();
    assert_eq!(has_rows(&store, ACME).await, [true; 5]);
    assert_eq!(has_rows(&store, GLOBEX).await, [false; 5]);

    let globex = store.of(GLOBEX);
    assert_eq!(globex.open_delivery(&sent.id).await.unwrap(), None);
    globex.close_delivery(&sent.id).await.unwrap();
    globex
        .settle_proposal(SHOP, 7, ProposalState::Declined, 6)
        .await
        .unwrap();
    globex.drop_repository(SHOP).await.unwrap();
    globex.suspend(true).await.unwrap();
    globex.forget().await.unwrap();
    // A record under another tenant's name changes nothing of that tenant's.
    let forged = ScanRecord {
        id: ACME.to_string(),
        commit: "forged".to_owned(),
        ..scan_record()
    };
    globex.record_scan(&forged).await.unwrap();

    let acme = store.of(ACME);
    assert_eq!(has_rows(&store, ACME).await, [true; 5]);
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
    store.of(ACME).forget().await.unwrap();
    assert_eq!(has_rows(&store, ACME).await, [false; 5]);
    assert_eq!(has_rows(&store, GLOBEX).await, [true; 5]);
}

async fn a_declined_proposal_is_remembered(database: Database) {
    let store = connect(&database).await;
    let tenant = store.of(ACME);
    tenant.keep_proposal(&proposal()).await.unwrap();
    tenant
        .settle_proposal(SHOP, 8, ProposalState::Merged, 6)
        .await
        .unwrap();
    tenant
        .settle_proposal(SHOP, 7, ProposalState::Declined, 6)
        .await
        .unwrap();
    let kept = tenant
        .proposal(SHOP, &proposal().branch)
        .await
        .unwrap()
        .unwrap();
    let declined = Proposal {
        state: ProposalState::Declined,
        changed_at: 6,
        ..proposal()
    };
    assert_eq!(kept, declined);
}
