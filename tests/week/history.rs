//! What became of each finding, and how a stack stood after each scan.

use super::stories::AMBIENT;
use super::world::{STACK, World};
use crate::aws::CONSOLE;
use crate::database::{Database, on_both};
use driftguard::model::{Ending, Severity, StackName};

on_both!(a_finding_is_remembered_from_the_scan_that_saw_it_first_to_the_one_that_no_longer_did);

async fn a_finding_is_remembered_from_the_scan_that_saw_it_first_to_the_one_that_no_longer_did(
    database: Database,
) {
    let mut world = World::start(database, AMBIENT).await;
    world.install().await;
    let tenant = world.tenant();
    let repository = tenant.repositories().await.unwrap()[0].id;
    let stack = StackName::new(STACK).unwrap();
    world.aws.replay(CONSOLE).await.unwrap();
    for (file, text) in [
        (".driftguard.yml", "version: 1\n"),
        ("README.md", "Our shop.\n"),
    ] {
        world.push("main", "alice", &[(file, text)]).await;
    }
    let open = tenant.open_occurrences(repository, &stack).await.unwrap();
    assert_eq!(open.len(), 7);
    assert!(
        open.iter()
            .all(|seen| seen.scans == 2 && seen.first_seen < seen.last_seen)
    );
    assert!(
        open.iter()
            .any(|seen| seen.severity == Severity::Critical && !seen.address.is_empty())
    );

    world.repair().await;
    world
        .push("main", "alice", &[("README.md", "A shop.\n")])
        .await;
    assert_eq!(
        tenant.open_occurrences(repository, &stack).await.unwrap(),
        []
    );
    let ended = tenant
        .ended_occurrences(repository, &stack, 100)
        .await
        .unwrap();
    assert_eq!(ended.len(), 7);
    for seen in &ended {
        let (ending, at) = seen.ending.unwrap();
        assert_eq!((ending, seen.scans), (Ending::Resolved, 2));
        assert!(at > seen.last_seen);
        let known = tenant.occurrences(repository, &stack, &seen.finding);
        assert_eq!(known.await.unwrap(), std::slice::from_ref(seen));
    }
    let mean = tenant
        .mean_time_to_repair(repository, &stack, 0)
        .await
        .unwrap();
    let sum: i64 = ended
        .iter()
        .map(|seen| seen.ending.unwrap().1 - seen.first_seen)
        .sum();
    assert_eq!(mean, Some(sum / 7));

    let totals = tenant.scans_before(repository, &stack, i64::MAX, 3);
    let totals = totals.await.unwrap();
    let findings: Vec<_> = totals.iter().map(|scan| scan.findings).collect();
    assert_eq!(findings, [[0; 5], [2, 2, 0, 2, 1], [2, 2, 0, 2, 1]]);
    let postures: Vec<_> = totals
        .iter()
        .map(|scan| scan.summary.posture.live)
        .collect();
    assert!(
        postures[0] > postures[1] && postures[1] == postures[2],
        "{postures:?}"
    );

    // It drifts the same way again: another time of the same finding.
    world.aws.replay(CONSOLE).await.unwrap();
    world
        .push("main", "alice", &[("README.md", "The shop.\n")])
        .await;
    let again = tenant.open_occurrences(repository, &stack).await.unwrap();
    assert_eq!(again.len(), 7);
    let known = tenant.occurrences(repository, &stack, &again[0].finding);
    assert_eq!(known.await.unwrap().len(), 2);
}
