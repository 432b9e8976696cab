//! The history of findings and scans: whose it is, and how long it is kept.

use crate::database::{Database, on_both};
use driftguard::model::{
    Coverage, Ending, Finding, FindingId, HistoryUpdate, InstallationId, Kind, Occurrence,
    RepositoryId, RepositoryInfo, RepositoryName, ScanTotals, Scanned, Severity, StackName, Status,
    Verdict,
};
use driftguard::pulls::history_update;
use driftguard::store::{ScanRecord, Store, Tenant};

const ACME: InstallationId = InstallationId(1);
const GLOBEX: InstallationId = InstallationId(2);
const SHOP: RepositoryId = RepositoryId(10);

on_both!(
    history_is_one_tenants_and_goes_with_it,
    history_is_deleted_when_it_is_old,
    history_that_is_old_is_deleted_in_parts,
    no_stack_keeps_more_history_than_its_share,
    a_finding_that_could_not_be_checked_is_still_open,
    a_finding_keeps_its_history_when_its_id_changes,
);

fn production() -> StackName {
    StackName::new("production").unwrap()
}

fn finding(id: &str) -> Finding {
    let mut finding = Finding::new(Kind::Modified, Verdict::Drift, "aws_instance");
    finding.id = FindingId(id.to_owned());
    finding.address = Some("aws_instance.web".parse().unwrap());
    finding.severity = Severity::High;
    finding
}

fn scanned(ids: &[&str]) -> Scanned {
    Scanned {
        findings: ids.iter().map(|id| finding(id)).collect(),
        ..Scanned::default()
    }
}

async fn record(tenant: &Tenant<'_>, scanned: &Scanned, at: i64) {
    let scan = ScanRecord {
        id: format!("production@{at}"),
        repository: SHOP,
        stack: "production".to_owned(),
        commit: "c1".to_owned(),
        outcome: serde_json::json!({}),
        finished_at: at,
    };
    let before = tenant.open_occurrences(SHOP, &production()).await.unwrap();
    let update = history_update(&before, scanned, at);
    let totals = ScanTotals::of(scanned, "c1", at);
    tenant
        .record_completed_scan(&scan, &totals, &update)
        .await
        .unwrap();
}

/// The findings that are open, that ended, and the scans.
async fn counts(store: &Store, installation: InstallationId) -> [usize; 3] {
    let (tenant, stack) = (store.of(installation), production());
    [
        tenant.open_occurrences(SHOP, &stack).await.unwrap().len(),
        tenant
            .ended_occurrences(SHOP, &stack, 20_000)
            .await
            .unwrap()
            .len(),
        tenant
            .scan_points(SHOP, &stack, 20_000)
            .await
            .unwrap()
            .len(),
    ]
}

async fn history_is_one_tenants_and_goes_with_it(database: Database) {
    let store = database.inbox().await.store;
    let acme = store.of(ACME);
    let shop = RepositoryInfo {
        id: SHOP,
        name: RepositoryName::new("acme/shop").unwrap(),
        default_branch: Some("main".to_owned()),
        private: true,
    };
    acme.record_installation("acme", 1).await.unwrap();
    acme.save_repository(&shop, 1).await.unwrap();
    record(&acme, &scanned(&["f-1", "f-2"]), 10).await;
    record(&acme, &scanned(&["f-1"]), 20).await;
    assert_eq!(counts(&store, ACME).await, [1, 1, 2]);
    assert_eq!(counts(&store, GLOBEX).await, [0, 0, 0]);
    let other = store.of(GLOBEX);
    other.delete_repository(SHOP).await.unwrap();
    other.delete_stack(SHOP, &production()).await.unwrap();
    assert_eq!(counts(&store, ACME).await, [1, 1, 2]);

    store.transfer(SHOP, GLOBEX).await.unwrap();
    assert_eq!(counts(&store, ACME).await, [0, 0, 0]);
    assert_eq!(counts(&store, GLOBEX).await, [1, 1, 2]);
    other.delete_installation(2_000).await.unwrap();
    assert_eq!(counts(&store, GLOBEX).await, [0, 0, 0]);

    for tenant in [&acme, &other] {
        record(tenant, &scanned(&["f-1"]), 30).await;
    }
    acme.delete_stack(SHOP, &production()).await.unwrap();
    other.delete_repository(SHOP).await.unwrap();
    assert_eq!(counts(&store, ACME).await, [0, 0, 0]);
    assert_eq!(counts(&store, GLOBEX).await, [0, 0, 0]);
}

async fn history_is_deleted_when_it_is_old(database: Database) {
    let store = database.inbox().await.store;
    let acme = store.of(ACME);
    record(&acme, &scanned(&["f-1", "f-2"]), 10).await;
    record(&acme, &scanned(&["f-1"]), 20).await;
    record(&acme, &scanned(&["f-1"]), 30).await;
    store.delete_history(20).await.unwrap();
    assert_eq!(counts(&store, ACME).await, [1, 1, 2]);
    store.delete_history(31).await.unwrap();
    assert_eq!(
        counts(&store, ACME).await,
        [1, 0, 0],
        "what is still there stays"
    );
}

async fn history_that_is_old_is_deleted_in_parts(database: Database) {
    let store = database.inbox().await.store;
    let acme = store.of(ACME);
    let ids: Vec<_> = (0..4_500).map(|at| format!("f-{at}")).collect();
    let all: Vec<_> = ids.iter().map(String::as_str).collect();
    record(&acme, &scanned(&all), 10).await;
    record(&acme, &scanned(&all[..100]), 20).await;
    record(&acme, &scanned(&all[..50]), 30).await;
    assert_eq!(counts(&store, ACME).await, [50, 4_450, 3]);
    store.delete_history(30).await.unwrap();
    assert_eq!(counts(&store, ACME).await, [50, 50, 1]);
}

async fn no_stack_keeps_more_history_than_its_share(database: Database) {
    let store = database.inbox().await.store;
    let acme = store.of(ACME);
    let ids: Vec<_> = (0..10_400).map(|at| format!("f-{at}")).collect();
    for (at, some) in (1..).zip(ids.chunks(5_200)) {
        let ids: Vec<_> = some.iter().map(String::as_str).collect();
        record(&acme, &scanned(&ids), at * 10).await;
        assert_eq!(counts(&store, ACME).await[0], 5_200);
    }
    record(&acme, &scanned(&[]), 30).await;
    let [open, ended, scans] = counts(&store, ACME).await;
    assert_eq!((open, scans), (0, 3));
    assert!((5_200..=10_000).contains(&ended), "{ended}");
    // Of more than that which end at once, the newest stay by their ids.
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    record(&acme, &scanned(&ids), 40).await;
    record(&acme, &scanned(&[]), 50).await;
    assert_eq!(counts(&store, ACME).await, [0, 10_000, 5]);
}

async fn a_finding_that_could_not_be_checked_is_still_open(database: Database) {
    let store = database.inbox().await.store;
    let acme = store.of(ACME);
    record(&acme, &scanned(&["f-1"]), 10).await;
    let denied = Scanned {
        coverage: vec![Coverage::new("aws_instance", 1, Status::Denied)],
        ..Scanned::default()
    };
    record(&acme, &denied, 20).await;
    let open = acme.open_occurrences(SHOP, &production()).await.unwrap();
    let expected = Occurrence::start(&finding("f-1"), 10);
    assert_eq!(open, std::slice::from_ref(&expected));
    record(&acme, &scanned(&["f-1"]), 30).await;
    let mut set_aside = scanned(&[]);
    set_aside.set_aside = vec![finding("f-1")];
    record(&acme, &set_aside, 40).await;
    let ended = acme
        .ended_occurrences(SHOP, &production(), 9)
        .await
        .unwrap();
    let expected = Occurrence {
        last_seen: 30,
        scans: 2,
        ending: Some((Ending::SetAside, 40)),
        ..expected
    };
    assert_eq!(ended, [expected]);
    let mean = acme.mean_time_to_repair(SHOP, &production(), 0).await;
    assert_eq!(mean.unwrap(), None, "nobody repaired it");
}

async fn a_finding_keeps_its_history_when_its_id_changes(database: Database) {
    let store = database.inbox().await.store;
    let acme = store.of(ACME);
    record(&acme, &scanned(&["f-1"]), 10).await;
    let (former, now) = (FindingId("f-1".to_owned()), FindingId("f-2".to_owned()));
    for _ in 0..2 {
        acme.rename_occurrence(SHOP, &production(), (&former, &now))
            .await
            .unwrap();
    }
    record(&acme, &scanned(&["f-2"]), 20).await;
    let open = acme.open_occurrences(SHOP, &production()).await.unwrap();
    assert_eq!((open.len(), open[0].first_seen, open[0].scans), (1, 10, 2));
    let update = history_update(&open, &scanned(&["f-2"]), 30);
    assert_eq!(
        update,
        HistoryUpdate {
            again: vec![now],
            accepted: Some(Vec::new()),
            ..HistoryUpdate::default()
        }
    );
}
