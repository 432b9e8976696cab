//! Limits that hold however many ask at the same moment, in whatever process.

use crate::database::{Database, on_both};
use driftguard::model::{
    ApiScope, AuditEntry, AuditVia, InstallationId, RepositoryId, StackName, WorkspaceId,
};
use driftguard::store::{ApiKeyRecord, KeyCreation, KeyOwner, Store, Workspace};
use driftguard::web::api::new_key;
use futures::future::join_all;
use std::time::Duration;

const ACME: InstallationId = InstallationId(1);
const GLOBEX: InstallationId = InstallationId(2);
/// How many ask at once, in each of two processes.
const AT_ONCE: usize = 8;

on_both!(
    a_workspace_is_scanned_once_at_a_time_however_many_ask_at_once,
    an_organisation_has_no_more_workspaces_than_it_may_however_many_are_created_at_once,
    an_organisation_has_no_more_keys_than_it_may_however_many_are_created_at_once,
);

/// Two processes on the database, whose connections are open.
async fn processes(database: &Database) -> [Store; 2] {
    let stores = [database.inbox().await.store, database.inbox().await.store];
    for store in &stores {
        let warm = (0..AT_ONCE).map(|_| store.check_writable(1));
        for written in join_all(warm).await {
            written.unwrap();
        }
    }
    stores
}

/// Asks in both processes at once, with a number for each, and counts who succeeded.
async fn succeeded(stores: &[Store; 2], ask: impl AsyncFn(Store, usize) -> bool) -> usize {
    let all = (0..2 * AT_ONCE).map(|number| ask(stores[number % 2].clone(), number));
    let answers = join_all(all).await;
    answers.into_iter().filter(|succeeded| *succeeded).count()
}

fn workspace(number: usize) -> Workspace {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Workspace {
        id: WorkspaceId::of_random(bytes),
        name: format!("workspace {number}"),
        region: "eu-west-1".to_owned(),
        role_arn: None,
        state: None,
        created_at: 1,
    }
}

async fn a_workspace_is_scanned_once_at_a_time_however_many_ask_at_once(database: Database) {
    let stores = processes(&database).await;
    let id = &workspace(0).id;
    let ask = async |store: Store, scan: String, alive: Option<Duration>| {
        let tenant = store.of(ACME);
        let requested = tenant.add_requested_scan(&scan, id, (1, alive));
        requested.await.unwrap()
    };
    let alive = Some(Duration::from_secs(60));
    for round in 0..5 {
        let started = succeeded(&stores, |store: Store, number: usize| {
            ask(store, format!("s-{round}-{number}"), alive)
        });
        assert_eq!(started.await, 1);
        for number in 0..2 * AT_ONCE {
            let ended = stores[0].of(ACME);
            let scan = format!("s-{round}-{number}");
            ended.end_requested_scan(&scan, Ok(2)).await.unwrap();
        }
    }
    // Those that jobs of the queue run wait for their turn there.
    let stack = WorkspaceId {
        repository: RepositoryId(10),
        stack: StackName::new("production").unwrap(),
    };
    let queued = succeeded(&stores, async |store: Store, number: usize| {
        let tenant = store.of(ACME);
        let scan = format!("q-{number}");
        let requested = tenant.add_requested_scan(&scan, &stack, (1, None));
        requested.await.unwrap()
    });
    assert_eq!(queued.await, 2 * AT_ONCE);
}

async fn an_organisation_has_no_more_workspaces_than_it_may_however_many_are_created_at_once(
    database: Database,
) {
    let stores = processes(&database).await;
    for (most, expected) in [(3, 3), (5, 2)] {
        let created = succeeded(&stores, async |store: Store, number: usize| {
            let number = number + 100 * expected;
            let tenant = store.of(ACME);
            tenant
                .add_workspace(&workspace(number), most)
                .await
                .unwrap()
        });
        assert_eq!(created.await, expected);
    }
    assert_eq!(stores[0].of(ACME).workspaces().await.unwrap().len(), 5);
    let theirs = stores[1].of(GLOBEX);
    assert!(theirs.add_workspace(&workspace(1), 3).await.unwrap());
}

async fn an_organisation_has_no_more_keys_than_it_may_however_many_are_created_at_once(
    database: Database,
) {
    let stores = processes(&database).await;
    let record = |prefix: &str| ApiKeyRecord {
        installation: ACME,
        prefix: prefix.to_owned(),
        name: "nightly".to_owned(),
        scope: ApiScope::Read,
        owner: KeyOwner::Organisation,
        created_by: "alice".to_owned(),
        created_at: 1,
        expires_at: None,
        used_at: None,
    };
    for _ in 0..98 {
        let key = new_key(ApiScope::Read).unwrap();
        let record = record(key.prefix());
        stores[0].add_api_key(&key, &record).await.unwrap();
    }
    let created = succeeded(&stores, async |store: Store, number: usize| {
        let key = new_key(ApiScope::Read).unwrap();
        let entry = AuditEntry {
            key: format!("key/{number}"),
            at: 1,
            person: "alice".to_owned(),
            via: AuditVia::Page,
            action: "create key".to_owned(),
            stack: String::new(),
            finding: String::new(),
            detail: String::new(),
        };
        let tenant = store.of(ACME);
        let record = record(key.prefix());
        let created = tenant
            .create_api_key(&key, &record, &[], &entry)
            .await
            .unwrap();
        created == KeyCreation::Created
    });
    assert_eq!(created.await, 2);
    let keys = stores[1].of(ACME).api_keys().await.unwrap();
    assert_eq!(keys.len(), 100);
}
