//! The audit log: what is written once, whose it is, in which order it is read, and how long it is kept.

use crate::database::{Database, on_both};
use driftguard::model::{
    AuditEntry, AuditVia, InstallationId, RepositoryId, RepositoryInfo, RepositoryName,
};
use driftguard::store::{AuditFilter, Tenant};
use std::time::Duration;

const ACME: InstallationId = InstallationId(1);
const GLOBEX: InstallationId = InstallationId(2);
const SHOP: RepositoryId = RepositoryId(10);
const SITE: RepositoryId = RepositoryId(11);

on_both!(
    an_entry_is_written_once_and_holds_no_credential,
    the_newest_entries_come_first_and_the_list_goes_on_behind_the_last,
    the_audit_log_is_one_tenants_and_goes_with_the_repository,
    the_audit_log_is_deleted_when_it_is_old,
);

fn entry(key: &str, at: i64, person: &str) -> AuditEntry {
    AuditEntry {
        key: key.to_owned(),
        at,
        person: person.to_owned(),
        via: AuditVia::Page,
        action: "ignore".to_owned(),
        stack: "production".to_owned(),
        finding: "f-1".to_owned(),
        detail: "ours".to_owned(),
    }
}

/// The keys of a part of the log, and whether it goes on.
async fn keys(tenant: &Tenant<'_>, filter: &AuditFilter) -> Vec<String> {
    let (rows, _) = tenant.audit_log(filter, None, 100).await.unwrap();
    rows.into_iter().map(|row| row.entry.key).collect()
}

async fn an_entry_is_written_once_and_holds_no_credential(database: Database) {
    let store = database.inbox().await.store;
    let tenant = store.of(ACME);
    let first = AuditEntry {
        detail: "see https://deploy:hunter2-hunter2@proxy.example.com \0".to_owned(),
        ..entry("a", 5, "alice")
    };
    tenant.record_audit(SHOP, &first).await.unwrap();
    tenant
        .record_audit(SHOP, &entry("a", 6, "bob"))
        .await
        .unwrap();
    let all = tenant.audit_log(&AuditFilter::default(), None, 100).await;
    let (rows, next) = all.unwrap();
    assert_eq!((rows.len(), next), (1, None));
    let known = &rows[0].entry;
    assert_eq!(
        (known.at, known.person.as_str(), known.via),
        (5, "alice", AuditVia::Page)
    );
    assert!(!known.detail.contains("hunter2"), "{}", known.detail);
}

async fn the_newest_entries_come_first_and_the_list_goes_on_behind_the_last(database: Database) {
    let store = database.inbox().await.store;
    let tenant = store.of(ACME);
    for number in 0..7 {
        // Some of the same moment.
        let at = 100 + number / 2;
        let person = if number == 3 { "Bob" } else { "alice" };
        let repository = if number == 6 { SITE } else { SHOP };
        let entry = entry(&format!("k{number}"), at, person);
        tenant.record_audit(repository, &entry).await.unwrap();
    }
    let all = AuditFilter::default();
    let mut behind = None;
    let mut read = Vec::new();
    loop {
        let part = tenant.audit_log(&all, behind.as_ref(), 2).await.unwrap();
        read.extend(part.0.into_iter().map(|row| row.entry.key));
        behind = part.1;
        if behind.is_none() {
            break;
        }
    }
    assert_eq!(read, ["k6", "k5", "k4", "k3", "k2", "k1", "k0"]);
    let of_bob = AuditFilter {
        person: "BOB".to_owned(),
        ..AuditFilter::default()
    };
    assert_eq!(keys(&tenant, &of_bob).await, ["k3"]);
    let of_site = AuditFilter {
        repository: Some(SITE),
        ..AuditFilter::default()
    };
    assert_eq!(keys(&tenant, &of_site).await, ["k6"]);
}

async fn the_audit_log_is_one_tenants_and_goes_with_the_repository(database: Database) {
    let store = database.inbox().await.store;
    let (acme, globex) = (store.of(ACME), store.of(GLOBEX));
    let all = AuditFilter::default();
    for (tenant, repository) in [(&acme, SHOP), (&acme, SITE)] {
        tenant
            .record_audit(repository, &entry("a", 5, "alice"))
            .await
            .unwrap();
    }
    assert_eq!(keys(&globex, &all).await, [""; 0]);
    globex.delete_repository(SHOP).await.unwrap();
    globex.delete_installation(9).await.unwrap();
    assert_eq!(keys(&acme, &all).await.len(), 2);
    acme.delete_repository(SITE).await.unwrap();
    assert_eq!(keys(&acme, &all).await.len(), 1);
    // A repository that is transferred takes along what was decided in it.
    let info = RepositoryInfo {
        id: SHOP,
        name: RepositoryName::new("hooli/shop").unwrap(),
        default_branch: None,
        private: true,
    };
    let hooli = store.of(InstallationId(3));
    assert!(hooli.save_repository(&info, 1).await.unwrap());
    store.transfer(SHOP, InstallationId(3)).await.unwrap();
    assert_eq!(keys(&acme, &all).await, [""; 0]);
    assert_eq!(keys(&hooli, &all).await, ["a"]);
    hooli.delete_installation(9).await.unwrap();
    assert_eq!(keys(&hooli, &all).await, [""; 0]);
}

async fn the_audit_log_is_deleted_when_it_is_old(database: Database) {
    let inbox = database.inbox().await;
    let tenant = inbox.store.of(ACME);
    let day = Duration::from_secs(24 * 60 * 60);
    let now = driftguard::queue::now();
    let old = now - i64::try_from(401 * day.as_millis()).unwrap();
    tenant
        .record_audit(SHOP, &entry("old", old, "alice"))
        .await
        .unwrap();
    tenant
        .record_audit(SHOP, &entry("new", now, "alice"))
        .await
        .unwrap();
    inbox.sweep(now, 400 * day).await.unwrap();
    assert_eq!(keys(&tenant, &AuditFilter::default()).await, ["new"]);
}
