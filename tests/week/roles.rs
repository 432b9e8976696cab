//! Which roles a scan probes: those that it uses.

use super::world::{ADOPT, ONBOARDING, ROLE, Setting, World};
use crate::aws::CONSOLE;
use crate::database::Database;
use driftguard::standin::sts::Trust;

/// A role that lets anybody in.
const OPEN: &str = "arn:aws:iam::210987654321:role/open";

/// A shop that drifted, and the role that its onboarding asks for.
async fn with_role() -> World {
    let mut world = World::start(Database::sqlite().await, Setting::default()).await;
    world.sts.trust(OPEN, Trust::Anybody);
    world.aws.replay(CONSOLE).await.unwrap();
    world.install().await;
    let body = world.open(ONBOARDING).body;
    let external_id = body
        .split('`')
        .find(|part| part.starts_with("driftguard-") && part.len() > 40);
    world.make_role(external_id.unwrap());
    world
}

/// Merges settings in which the account of the number is read with the open role.
async fn read_openly(world: &World, account: &str) -> String {
    let settings =
        format!("version: 1\naws:\n  role_arn: {ROLE}\n  roles:\n    \"{account}\": {OPEN}\n");
    world
        .push("main", "alice", &[(".driftguard.yml", &settings)])
        .await;
    let runs = world.github.check_runs(&world.repository);
    runs.last().unwrap().title.clone()
}

#[tokio::test]
async fn a_role_that_no_stack_reaches_is_not_probed() {
    let world = with_role().await;
    let title = read_openly(&world, "210987654321").await;
    assert_eq!(title, "7 findings: 2 critical, 2 high, 2 low, 1 info");
    assert!(world.is_open(ADOPT));
}

#[tokio::test]
async fn a_role_that_is_reached_late_is_probed_before_it_is_used() {
    let world = with_role().await;
    // The state is read with the safe role, and tells that its resources lie in this account.
    let title = read_openly(&world, "123456789012").await;
    assert_eq!(title, "A role lets anybody in");
    assert!(!world.is_open(ADOPT));
}
