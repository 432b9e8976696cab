//! The search for findings across the stacks of an installation: what fits, and that no search reads more than its share.

use crate::database::{Database, on_both};
use driftguard::model::{
    AccountId, Ending, Finding, FindingId, InstallationId, Kind, Region, RepositoryId, ScanTotals,
    Scanned, Severity, StackName, Verdict,
};
use driftguard::pulls::history_update;
use driftguard::store::{FindingFilter, FindingPlace, ScanRecord, Store};
use sqlx::{AnyPool, AssertSqlSafe};

const ACME: InstallationId = InstallationId(1);
const GLOBEX: InstallationId = InstallationId(2);
const SHOP: RepositoryId = RepositoryId(10);
const SITE: RepositoryId = RepositoryId(9);

on_both!(
    findings_are_found_by_what_they_hold_as_it_stands,
    a_search_reads_its_share_of_a_large_table_and_goes_on_behind_it,
);

fn finding(id: &str, address: &str) -> Finding {
    Finding {
        id: FindingId(id.to_owned()),
        address: Some(address.parse().unwrap()),
        severity: Severity::High,
        account: AccountId::new("123456789012"),
        region: Region::new("eu-west-1"),
        ..Finding::new(Kind::Modified, Verdict::Drift, "aws_instance")
    }
}

async fn record(
    store: &Store,
    (installation, repository): (InstallationId, RepositoryId),
    findings: Vec<Finding>,
    at: i64,
) {
    let tenant = store.of(installation);
    let stack = StackName::new("production").unwrap();
    let scanned = Scanned {
        findings,
        ..Scanned::default()
    };
    let scan = ScanRecord {
        id: format!("{repository}@{at}"),
        repository,
        stack: stack.to_string(),
        commit: String::new(),
        outcome: serde_json::json!({}),
        finished_at: at,
    };
    let before = tenant.open_occurrences(repository, &stack).await.unwrap();
    let update = history_update(&before, &scanned, at);
    let totals = ScanTotals::of(&scanned, "", at);
    let recorded = tenant.record_completed_scan(&scan, &totals, &update);
    recorded.await.unwrap();
}

/// The ids of what fits a filter, in the order of the list.
async fn found(store: &Store, installation: InstallationId, filter: &FindingFilter) -> Vec<String> {
    let tenant = store.of(installation);
    let part = tenant.findings(filter, &FindingPlace::default(), 100).await;
    let part = part.unwrap();
    assert_eq!(part.next, None);
    let ids = part.findings.into_iter();
    ids.map(|found| found.occurrence.finding.0).collect()
}

async fn findings_are_found_by_what_they_hold_as_it_stands(database: Database) {
    let store = database.inbox().await.store;
    let unmanaged = Finding {
        address: None,
        import_id: Some("sg-0a1b".to_owned()),
        ..finding("f-3", "aws_vpc.none")
    };
    let unmanaged = Finding {
        kind: Kind::Unmanaged,
        tf_type: "aws_security_group".to_owned(),
        severity: Severity::Low,
        ..unmanaged
    };
    let all = vec![
        finding("f-1", r#"aws_instance.web["100%"]"#),
        finding("f-2", r#"aws_instance.web_1["É"]"#),
        unmanaged,
    ];
    record(&store, (ACME, SHOP), all.clone(), 10).await;
    record(
        &store,
        (ACME, SITE),
        vec![finding("f-4", "aws_instance.site")],
        10,
    )
    .await;
    record(&store, (GLOBEX, SHOP), all.clone(), 10).await;
    // One is gone a scan later.
    record(&store, (ACME, SHOP), all[1..].to_vec(), 20).await;
    record(&store, (ACME, SHOP), all, 30).await;

    let texts = [
        ("", vec!["f-1", "f-2", "f-3", "f-4"]),
        ("WEB", vec!["f-1", "f-2"]),
        ("100%", vec!["f-1"]),
        ("web%", vec![]),
        ("web_1", vec!["f-2"]),
        ("w_b", vec![]),
        (r"\", vec![]),
        ("É", vec!["f-2"]),
        ("sg-0A1B", vec!["f-3"]),
        ("aws_security_group sg-0", vec!["f-3"]),
        ("123456789012", vec!["f-1", "f-2", "f-3", "f-4"]),
        ("eu-west-1", vec!["f-1", "f-2", "f-3", "f-4"]),
        ("f-2", vec!["f-2"]),
        ("'; drop table finding_history; --", vec![]),
        ("\0", vec![]),
    ];
    for (text, expected) in texts {
        let mut filter = FindingFilter {
            text: text.to_owned(),
            ..FindingFilter::default()
        };
        let mut ids = found(&store, ACME, &filter).await;
        ids.sort();
        assert_eq!(ids, expected, "{text:?}");
        filter.repositories = Some(vec![SITE]);
        let of_site = found(&store, ACME, &filter).await;
        assert!(of_site.iter().all(|id| id == "f-4"), "{of_site:?}");
        assert_eq!(found(&store, GLOBEX, &filter).await, [""; 0], "{text:?}");
        filter.repositories = Some(Vec::new());
        assert_eq!(found(&store, ACME, &filter).await, [""; 0], "{text:?}");
    }
    let low = FindingFilter {
        severity: Some(Severity::Low),
        repositories: Some(vec![SHOP, SITE]),
        kind: Some(Kind::Unmanaged),
        tf_type: Some("aws_security_group".to_owned()),
        ..FindingFilter::default()
    };
    assert_eq!(found(&store, ACME, &low).await, ["f-3"]);
    let resolved = |severity| FindingFilter {
        ending: Some(Ending::Resolved),
        severity,
        repositories: Some(vec![SITE, SHOP]),
        ..FindingFilter::default()
    };
    for severity in [None, Some(Severity::High)] {
        assert_eq!(found(&store, ACME, &resolved(severity)).await, ["f-1"]);
    }
    let none = resolved(Some(Severity::Low));
    assert_eq!(found(&store, ACME, &none).await, [""; 0]);
}

/// Writes very many findings of low severity at once.
async fn fill(pool: &AnyPool, installation: InstallationId, count: u32) {
    let statement = format!(
        "with recursive numbers (n) as (select 100001 union all select n + 1 from numbers where n < {})
         insert into finding_history (installation, repository, stack, finding, first_seen, last_seen, scans, ending, ended_at,
             address, resource_type, parent_type, account, region, kind, severity)
         select '{installation}', '10', 'production', 'f-' || n, 1, 1, 1, '', 0, 'aws_vpc.v' || n, 'aws_vpc', '', '', '',
             'modified', 'low' from numbers",
        100_000 + count
    );
    let filled = sqlx::query(AssertSqlSafe(statement)).execute(pool).await;
    filled.unwrap();
}

async fn a_search_reads_its_share_of_a_large_table_and_goes_on_behind_it(database: Database) {
    let inbox = database.inbox().await;
    sqlx::any::install_default_drivers();
    let pool = AnyPool::connect(&database.url).await.unwrap();
    fill(&pool, ACME, 12_500).await;
    fill(&pool, GLOBEX, 50_000).await;
    sqlx::query("analyze").execute(&pool).await.unwrap();
    let acme = inbox.store.of(ACME);
    let parts = async |text: &str, repositories: Option<Vec<RepositoryId>>| {
        let filter = FindingFilter {
            severity: Some(Severity::Low),
            repositories,
            text: text.to_owned(),
            ..FindingFilter::default()
        };
        let (mut sizes, mut behind) = (Vec::new(), FindingPlace::default());
        for _ in 0..10 {
            let part = acme.findings(&filter, &behind, 101).await.unwrap();
            sizes.push(part.findings.len());
            match part.next {
                Some(next) => behind = next,
                None => break,
            }
        }
        sizes
    };
    assert_eq!(parts("aws_vpc.v111", None).await[..3], [0, 0, 101]);
    assert_eq!(parts("aws_vpc.v112499", None).await, [0, 0, 1]);
    assert_eq!(parts("none has this", None).await, [0, 0, 0]);
    // Nothing is read of what lies before or behind the repositories.
    assert_eq!(parts("none has this", Some(vec![SITE])).await, [0]);
    assert_eq!(parts("", Some(vec![RepositoryId(11)])).await, [0]);
    let all = parts("", Some(vec![SHOP])).await;
    assert_eq!((all.len(), all[9]), (10, 101));
    inbox.close().await;
    if database.url.starts_with("postgres") {
        // What the queries of the store read: by the index, and nowhere from one end to the other.
        let read: i64 = sqlx::query_scalar(
            "select seq_tup_read from pg_stat_user_tables where relname = 'finding_history'",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        assert_eq!(read, 0);
    }
    pool.close().await;
}
