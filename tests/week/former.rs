//! An upgrade: the database of a former version, with what people decided there, and a scan by this one.

use super::stories::AMBIENT;
use super::world::{STACK, World};
use crate::database::{Database, on_both};
use driftguard::model::{
    ApiKey, ApiScope, AuditVia, Choice, Decision, Ending, InstallationId, RepositoryId, ScanCourse,
    StackName,
};
use driftguard::standin::github::PullRequest;
use driftguard::store::{AnswerStart, ApiKeyRecord, AuditFilter, KeyOwner, ScanStatus, Store};
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
    (21, include_str!("../former/0021.sql")),
    (22, include_str!("../former/0022.sql")),
    (23, include_str!("../former/0023.sql")),
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
    assert!(keys.len() >= 2, "{keys:?}");
    let is_organisations = |key: &ApiKeyRecord| key.owner == KeyOwner::Organisation;
    assert!(keys.iter().all(is_organisations), "{keys:?}");
    // The sweep that ends people's keys without a repository leaves them.
    assert_eq!(store.empty_keys().await.unwrap(), []);
    let (log, _) = tenant
        .audit_log(&AuditFilter::default(), None, 9)
        .await
        .unwrap();
    let [decided] = log.as_slice() else {
        panic!("{log:?}")
    };
    assert_eq!(
        (decided.repository, decided.entry.via),
        (SHOP, AuditVia::Comment)
    );
    let (accepted, _) = tenant.accepted(None, None, 9).await.unwrap();
    assert_eq!(accepted.len(), 1);
    session_and_history_are_read(&store).await;
    keys_and_workspaces_are_read(&store).await;
    let hashes = [-4_611_686_018_427_387_904, 77, 78];
    let known = tenant.stacks_of_events(&hashes, 9).await.unwrap();
    assert_eq!(known, [(SHOP, StackName::new(STACK).unwrap())]);
}

/// What the versions of 0021, 0024 and 0025 wrote of a person's session and of a stack's history.
async fn session_and_history_are_read(store: &Store) {
    let digest = "1e2952b478968fb69e105423445683880726a3929232c26772e629d7ecf762cd";
    let session = store
        .session(digest, driftguard::queue::now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((session.person, session.login.as_str()), (5, "alice"));
    assert_eq!(session.expires_at, 4_102_444_800_000);

    let tenant = store.of(InstallationId(1002));
    let stack = StackName::new(STACK).unwrap();
    let listed = tenant.listed_stack(SHOP, &stack).await.unwrap().unwrap();
    let summary = listed.summary.unwrap();
    assert_eq!((summary.resources, summary.set_aside), (12, 1));
    assert_eq!(listed.scanned_at, 1_795_849_135_466);

    let open = tenant.open_occurrences(SHOP, &stack).await.unwrap();
    let mut open: Vec<_> = open
        .iter()
        .map(|it| (it.address.as_str(), it.scans))
        .collect();
    open.sort_unstable();
    let expected = [
        ("aws_instance.batch", 3),
        ("aws_instance.web[1]", 3),
        ("aws_vpc.main", 3),
    ];
    assert_eq!(open, expected);
    let ended = tenant.ended_occurrences(SHOP, &stack, 9).await.unwrap();
    let ended: Vec<_> = ended
        .iter()
        .map(|it| (it.finding.0.as_str(), it.ending))
        .collect();
    let expected = [
        (
            "f-ae795b271d28",
            Some((Ending::SetAside, 1_795_849_134_784)),
        ),
        (
            "f-000000000001",
            Some((Ending::Resolved, 1_795_849_133_616)),
        ),
    ];
    assert_eq!(ended, expected);
    let mean = tenant.mean_time_to_repair(SHOP, &stack, 0).await.unwrap();
    assert_eq!(mean, Some(600_000));

    let scans = tenant
        .scans_before(SHOP, &stack, i64::MAX, 9)
        .await
        .unwrap();
    let [failed, known, before @ ..] = scans.as_slice() else {
        panic!("{scans:?}")
    };
    assert_eq!(
        (failed.problem.as_str(), failed.course.aws_calls),
        ("the state is locked", None)
    );
    assert_eq!(
        (known.course.requested_by.as_str(), known.course.aws_calls),
        ("command", Some(42))
    );
    assert_eq!(known.unchecked[0].0, "aws_lb");
    // Of what an earlier version recorded nobody knows how it went.
    assert_eq!(before.len(), 3);
    for scan in before {
        assert_eq!(
            (&scan.course, scan.problem.as_str()),
            (&ScanCourse::default(), "")
        );
        assert_eq!((scan.summary.resources, scan.unchecked.len()), (12, 0));
    }
    assert_eq!(before[2].findings, [0, 0, 0, 0, 4]);
}

/// What the version of 0023 wrote of keys, workspaces and what was asked for with a key.
async fn keys_and_workspaces_are_read(store: &Store) {
    let (now, key) = (
        driftguard::queue::now(),
        ApiKey::of_random([7; 32], ApiScope::Write),
    );
    let record = store.api_key(&key, now).await.unwrap().unwrap();
    assert_eq!(
        (record.installation, record.name.as_str()),
        (InstallationId(1002), "nightly")
    );
    assert_eq!(
        (record.created_by.as_str(), record.scope),
        ("alice", ApiScope::Write)
    );
    assert_eq!(
        (record.expires_at, record.used_at),
        (None, Some(1_795_849_137_000))
    );

    let local = store.of(InstallationId::LOCAL);
    let [workspace] = local.workspaces().await.unwrap().try_into().unwrap();
    assert_eq!(
        (workspace.name.as_str(), workspace.role_arn),
        ("shop", None)
    );
    assert_eq!(
        workspace.state.as_deref(),
        Some("s3://acme-terraform-state/shop.tfstate")
    );
    let stack = &workspace.id.stack;
    let scans = local
        .scans_before(RepositoryId::NONE, stack, i64::MAX, 9)
        .await
        .unwrap();
    assert_eq!(scans.len(), 1);
    for (id, status, finished_at, is_abandoned) in [
        ("s-01", ScanStatus::Done, Some(1_795_849_136_500), false),
        ("s-02", ScanStatus::Failed, None, false),
        ("s-03", ScanStatus::Running, None, true),
    ] {
        let scan = local.requested_scan(id).await.unwrap().unwrap();
        assert_eq!(
            (scan.status, scan.finished_at),
            (status, finished_at),
            "{id}"
        );
        assert_eq!(
            (&scan.workspace, scan.is_abandoned),
            (&workspace.id, is_abandoned),
            "{id}"
        );
    }
    let kept = local
        .begin_answer("a-name", "a-request", ("", 1_795_849_139_000))
        .await
        .unwrap();
    let AnswerStart::Kept(kept) = kept else {
        panic!("{kept:?}")
    };
    let kept = kept.answer.unwrap();
    assert_eq!(kept, (202, r#"{"id":"s-01","status":"queued"}"#.to_owned()));
}
