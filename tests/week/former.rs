//! An upgrade: the database of a former version, with what people decided there, and a scan by this one.

use super::stories::AMBIENT;
use super::world::{STACK, World};
use crate::database::{Database, on_both};
use driftguard::model::{Choice, Decision, RepositoryId};
use driftguard::standin::github::PullRequest;
use driftguard::store::{ApiKeyRecord, KeyOwner};
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::migrate::Migrator;
use sqlx::{AnyPool, AssertSqlSafe, Executor};
use std::borrow::Cow;
use std::path::Path;

on_both!(
    what_people_decided_survives_an_upgrade_that_changes_ids,
    what_people_decided_ends_with_a_value_that_changed_meanwhile,
    each_migration_runs_on_what_the_version_before_it_wrote,
);

/// The database as the former version left it.
const FORMER: &str = include_str!("../former/0002.sql");
/// The last migration of that version.
const LAST: i64 = 2;
/// Rows of tables that came later, and the migration after which they may be written.
const LATER: &[(i64, &str)] = &[
    (9, include_str!("../former/0009.sql")),
    (22, include_str!("../former/0022.sql")),
    (24, include_str!("../former/0024.sql")),
    (25, include_str!("../former/0025.sql")),
];
const SHOP: RepositoryId = RepositoryId(1001);
/// The number that the installation gets here; the former one's was 1002.
const INSTALLED: u64 = 1006;

const SETTINGS: &str = "version: 1
stacks:
  - name: infra-production
    path: infra/production
    fix: restore
pull_requests:
  group: resource
  limit: 20
  per_hour: 20
";

/// The pull requests of that version, by number: branch, and what became of it.
const PULLS: [(&str, &str); 4] = [
    ("restore-aws-instance-batch-d41f3c27", "closed"),
    ("restore-aws-instance-web-0-249bf2d3", "withdrawn"),
    ("restore-aws-instance-web-1-33c6384d", "merged"),
    ("restore-aws-vpc-main-ec67d780", "open"),
];

/// The ids that it gave: declined, snoozed, applying, open.
const IDS: [&str; 4] = [
    "f-29e21f8aa1e6",
    "f-ae795b271d28",
    "f-3a806a8098d0",
    "f-ac517622f3f7",
];

async fn pool(database: &Database) -> AnyPool {
    install_default_drivers();
    let url = match database.url.starts_with("sqlite:") {
        true => format!("{}?mode=rwc", database.url),
        false => database.url.clone(),
    };
    let options = AnyPoolOptions::new().max_connections(1);
    options.connect(&url).await.unwrap()
}

/// Runs the migrations after one version up to another.
async fn migrate(pool: &AnyPool, last: i64) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut migrator = Migrator::new(folder).await.unwrap();
    let all = migrator.migrations.iter();
    let some: Vec<_> = all.filter(|one| one.version <= last).cloned().collect();
    migrator.migrations = Cow::Owned(some);
    migrator.dangerous_set_table_name("driftguard_migrations");
    migrator.run(pool).await.unwrap();
}

async fn write(pool: &AnyPool, statements: &str) {
    let statements = statements.lines().filter(|line| !line.starts_with("--"));
    for statement in statements {
        let statement = AssertSqlSafe(statement.to_owned());
        pool.execute(statement).await.unwrap();
    }
}

/// The former version's database, with these ids for its own.
async fn former(database: &Database, ids: [&str; 4]) {
    let mut rows = FORMER.replace("'1002'", &format!("'{INSTALLED}'"));
    for (own, id) in IDS.into_iter().zip(ids) {
        rows = rows.replace(own, id);
    }
    let pool = pool(database).await;
    migrate(&pool, LAST).await;
    write(&pool, &rows).await;
    pool.close().await;
}

/// The call that gives the four resources a tag, as somebody did in the console.
fn tagged(value: &str) -> String {
    let ids = [
        "i-f44235ecdd82d0a7d",
        "i-a987c0d98237386b1",
        "i-27ee68a7a6fa4eee8",
        "vpc-bee8fc9671df07efc",
    ];
    let mut body = "Action=CreateTags&Version=2016-11-15".to_owned();
    for (at, id) in (1..).zip(ids) {
        body.push_str(&format!("&ResourceId.{at}={id}"));
    }
    body.push_str(&format!("&Tag.1.Key=DB_PASS&Tag.1.Value={value}"));
    let headers =
        serde_json::json!({"content-type": "application/x-www-form-urlencoded; charset=utf-8"});
    serde_json::json!({
        "body": body, "headers": headers, "method": "POST", "scope": "us-east-1/ec2/aws4_request", "url": "/",
    })
    .to_string()
}

/// GitHub and AWS as the former version left them, and this version installed in its place.
async fn upgraded(database: Database, value: &str) -> World {
    let mut world = World::start(database, AMBIENT).await;
    world.aws.replay(&tagged(value)).await.unwrap();
    world
        .push("main", "alice", &[(".driftguard.yml", SETTINGS)])
        .await;
    let (github, bot) = (&world.github, "driftguard[bot]");
    for (branch, end) in PULLS {
        let branch = format!("driftguard/{STACK}/{branch}");
        let marker = format!("# {branch}\n");
        world
            .push(&branch, bot, &[("infra/production/driftguard.tf", &marker)])
            .await;
        let number = github
            .open(&world.repository, &branch, bot, "Bring back")
            .await;
        match end {
            "closed" => github.close(&world.repository, number, "alice").await,
            "withdrawn" => github.close(&world.repository, number, bot).await,
            "merged" => github.merge(&world.repository, number, "alice").await,
            _ => {}
        }
    }
    world.install().await;
    assert_eq!(
        (world.installation, world.repository_id().await),
        (INSTALLED, SHOP)
    );
    world
}

/// What is decided about the stack's findings, by id, of those that the last scan has.
async fn decided(world: &World) -> Vec<Decision> {
    let tenant = world.tenant();
    let scan = tenant.last_scan(SHOP, STACK).await.unwrap().unwrap();
    let known = scan.outcome.to_string();
    let decisions = tenant.decisions(SHOP).await.unwrap().into_iter();
    decisions
        .filter(|one| known.contains(&one.finding.0))
        .collect()
}

fn open(world: &World) -> Vec<PullRequest> {
    let pulls = world.pulls().into_iter();
    pulls.filter(|pull| pull.open).collect()
}

async fn what_people_decided_survives_an_upgrade_that_changes_ids(database: Database) {
    // As if this version gave every finding another id, whatever it seals.
    let ids = [
        "f-000000000001",
        "f-000000000002",
        "f-000000000003",
        "f-000000000004",
    ];
    former(&database, ids).await;
    let world = upgraded(database, "correct-horse").await;
    for text in ["A shop.\n", "Our shop.\n"] {
        let pulls = world.pulls();
        assert_eq!(pulls.len(), PULLS.len(), "{pulls:#?}");
        let [open] = open(&world).try_into().unwrap();
        assert_eq!(
            open.number, 4,
            "nothing is opened against a no, or a second time"
        );
        assert!(open.title.contains("aws_vpc.main"), "{}", open.title);
        let choices = decided(&world).await;
        assert_eq!(choices.len(), 3, "{choices:?}");
        for wanted in [
            Choice::Decline { pull: 1 },
            Choice::Snooze {
                until: 4_102_444_800_000,
            },
        ] {
            assert!(
                choices.iter().any(|one| one.choice == wanted),
                "{choices:?}"
            );
        }
        let applying = |one: &Decision| matches!(one.choice, Choice::Applying { pull: 3, .. });
        assert!(choices.iter().any(applying), "{choices:?}");
        let known = world.tenant().proposals(SHOP).await.unwrap();
        let open = known.iter().find(|one| one.number == 4).unwrap();
        assert!(!ids.contains(&open.findings[0].as_str()));
        world.push("main", "alice", &[("README.md", text)]).await;
    }
}

async fn what_people_decided_ends_with_a_value_that_changed_meanwhile(database: Database) {
    former(&database, IDS).await;
    let world = upgraded(database, "correct-horse").await;
    assert_eq!(decided(&world).await.len(), 3);
    world.aws.replay(&tagged("wrong-horse")).await.unwrap();
    world
        .push("main", "alice", &[("README.md", "A shop.\n")])
        .await;
    assert_eq!(decided(&world).await, []);
    let branches: Vec<_> = open(&world).into_iter().map(|pull| pull.branch).collect();
    for (branch, _) in PULLS {
        let branch = format!("driftguard/{STACK}/{branch}");
        assert!(branches.contains(&branch), "{branches:?}");
    }
}

async fn each_migration_runs_on_what_the_version_before_it_wrote(database: Database) {
    let pool = pool(&database).await;
    migrate(&pool, LAST).await;
    write(&pool, FORMER).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let migrator = Migrator::new(folder).await.unwrap();
    for version in migrator.migrations.iter().map(|one| one.version) {
        migrate(&pool, version.max(LAST)).await;
        let rows = LATER.iter().filter(|(after, _)| *after == version);
        for (_, rows) in rows {
            write(&pool, rows).await;
        }
    }
    pool.close().await;
    let store = database.inbox().await.store;
    let tenant = store.of(driftguard::model::InstallationId(1002));
    assert_eq!(tenant.published_commits(SHOP).await.unwrap().len(), 2);
    assert_eq!(
        tenant.secret_generation(SHOP, 9).await.unwrap(),
        0,
        "its secret stays"
    );
    assert!(tenant.is_secret_shown(SHOP).await.unwrap());
    assert!(tenant.notification(SHOP, "n-1").await.unwrap().is_some());
    assert_eq!(tenant.decisions(SHOP).await.unwrap().len(), 3);
    assert_eq!(tenant.last_scans(SHOP, STACK, 9).await.unwrap().len(), 3);
    let keys = tenant.api_keys().await.unwrap();
    assert_eq!(keys.len(), 2);
    let is_organisations = |key: &ApiKeyRecord| key.owner == KeyOwner::Organisation;
    assert!(keys.iter().all(is_organisations), "{keys:?}");
    // The sweep that ends people's keys without a repository leaves them.
    assert_eq!(store.empty_keys().await.unwrap(), []);
}
