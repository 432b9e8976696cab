//! Further stories, each of a day or two.

use super::world::{ADOPT, CODE, ONBOARDING, RESTORE, ROLE, STACK, Setting, World};
use crate::aws::CONSOLE;
use crate::database::{Database, on_both};
use driftguard::config::{Ambient, AmbientOwner};
use driftguard::jobs::steps::ambient::{self, Owner};
use driftguard::model::{Choice, InstallationId, RepositoryId};
use driftguard::queue::now;
use driftguard::standin::github::Content;
use driftguard::standin::sts::Trust;
use driftguard::webhook::signature::{Secrets, Signature};
use std::sync::{Arc, Mutex};

pub const AMBIENT: Setting = Setting {
    ambient: Some("1"),
    private_addresses: true,
    state_limit: None,
    scan_timeout: None,
    private_modules: false,
    hcp_tokens: None,
};
/// A week, in milliseconds.
const WEEK: i64 = 7 * 24 * 60 * 60 * 1000;

on_both!(
    a_legacy_estate_starts_quiet,
    a_closed_onboarding_rests,
    small_pull_requests_wait_for_each_other_and_security_does_not,
    a_scan_that_is_due_is_made_and_what_was_missed_is_made_up_once,
    a_merged_restore_is_asked_after_once,
    the_servers_own_credentials_are_for_the_account_that_was_first,
    the_servers_own_credentials_are_for_the_accounts_that_the_operator_names,
    a_login_means_the_account_that_was_met_first_under_it,
);

/// One more account with the same code installs the App.
async fn rival(world: &World) -> String {
    let name = "rival/shop".to_owned();
    world.github.create_repository(&name, true);
    let content = |(path, text): &(&'static str, &'static str)| (*path, Content::from(*text));
    let files: Vec<_> = CODE.iter().map(content).collect();
    world.github.push(&name, "main", "alice", &files).await;
    world.github.install("rival").await;
    world.idle().await;
    name
}

/// What a repository is told in the pull request that sets it up.
fn onboarding(world: &World, repository: &str) -> String {
    let pulls = world.github.pull_requests(repository);
    let found = pulls.into_iter().find(|pull| pull.branch == ONBOARDING);
    found.unwrap().body
}

async fn the_servers_own_credentials_are_for_the_account_that_was_first(database: Database) {
    let mut world = World::start(database, AMBIENT).await;
    world.install().await;
    assert!(onboarding(&world, "acme/shop").contains("DriftGuard can read AWS"));
    let rival = rival(&world).await;
    let body = onboarding(&world, &rival);
    assert!(
        body.contains("no role is set") && body.contains("sts:AssumeRole"),
        "{body}"
    );
    let settings = [(".driftguard.yml", Content::from("version: 1\n"))];
    world.github.push(&rival, "main", "alice", &settings).await;
    world.idle().await;
    let checks = world.github.check_runs(&rival);
    assert_eq!(checks.last().unwrap().title, "A role is needed to read AWS");
    // The first one keeps them.
    world
        .push("main", "alice", &[(".driftguard.yml", "version: 1\n")])
        .await;
    assert_eq!(world.check().title, "No drift");
}

async fn the_servers_own_credentials_are_for_the_accounts_that_the_operator_names(
    database: Database,
) {
    let setting = Setting {
        ambient: Some("Rival, 999999"),
        ..Setting::default()
    };
    let mut world = World::start(database, setting).await;
    world.install().await;
    assert!(onboarding(&world, "acme/shop").contains("no role is set"));
    let rival = rival(&world).await;
    assert!(onboarding(&world, &rival).contains("DriftGuard can read AWS"));
}

async fn a_login_means_the_account_that_was_met_first_under_it(database: Database) {
    let store = database.inbox().await.store;
    let named = Ambient::Owners(vec![
        AmbientOwner::Login("acme".to_owned()),
        AmbientOwner::Id(9),
    ]);
    let serves = async |ambient: &Ambient, id: u64, login: &str| {
        ambient::serves(ambient, &store, Owner { id, login })
            .await
            .unwrap()
    };
    assert!(!serves(&named, 2, "rival").await);
    assert!(serves(&named, 1, "acme").await);
    assert!(
        serves(&named, 1, "acme-renamed").await,
        "it is the same account"
    );
    assert!(
        !serves(&named, 2, "acme").await,
        "somebody took the login over"
    );
    assert!(serves(&named, 9, "whatever").await);
    assert!(!serves(&Ambient::Off, 1, "acme").await);
    // Where several are installed already, nobody knows which was the first.
    for installation in [1, 2] {
        let tenant = store.of(InstallationId(installation));
        tenant.record_installation("someone", now()).await.unwrap();
    }
    assert!(!serves(&Ambient::First, 1, "acme").await);
    store
        .of(InstallationId(2))
        .delete_installation(now())
        .await
        .unwrap();
    assert!(serves(&Ambient::First, 1, "acme").await);
    store
        .of(InstallationId(1))
        .delete_installation(now())
        .await
        .unwrap();
    store
        .of(InstallationId(3))
        .record_installation("late", now())
        .await
        .unwrap();
    assert!(
        !serves(&Ambient::First, 3, "late").await,
        "it stays the first one's"
    );
}

/// A drifted shop that is set up, and read with the server's own credentials.
pub async fn set_up(database: Database, settings: &str) -> World {
    let mut world = World::start(database, AMBIENT).await;
    world.aws.replay(CONSOLE).await.unwrap();
    world
        .push("main", "alice", &[(".driftguard.yml", settings)])
        .await;
    world.install().await;
    world
}

async fn a_legacy_estate_starts_quiet(database: Database) {
    let mut world = World::start(database, AMBIENT).await;
    world.aws.replay(CONSOLE).await.unwrap();
    world.install().await;
    let onboarding = world.open(ONBOARDING);
    insta::assert_snapshot!("onboarding_with_drift", shown(&onboarding.body));
    world
        .tick(onboarding.number, "alice", "Accept all 7 findings of today")
        .await;
    let accepting = world.open(ONBOARDING);
    assert_eq!(accepting.commits.len(), 2, "added, not written anew");
    assert!(
        accepting.body.contains("found no drift"),
        "{}",
        accepting.body
    );
    world.merge(accepting.number, "alice").await;
    assert_eq!(world.pulls().len(), 1, "nothing is proposed");
    assert_eq!(world.check().title, "No drift");
    insta::assert_snapshot!("dashboard_of_a_quiet_start", shown(&world.dashboard().body));
}

async fn a_closed_onboarding_rests(database: Database) {
    let mut world = World::start(database, Setting::default()).await;
    world.install().await;
    let onboarding = world.open(ONBOARDING);
    insta::assert_snapshot!("onboarding_without_a_role", shown(&onboarding.body));
    world.close(onboarding.number, "alice").await;
    world
        .push("main", "alice", &[("README.md", "The shop.\n")])
        .await;
    assert!(!world.is_open(ONBOARDING));
    assert_eq!(world.github.issues(&world.repository), []);
    assert_eq!(world.github.check_runs(&world.repository), []);
}

#[tokio::test]
async fn a_role_that_somebody_without_permission_names_is_not_assumed() {
    let mut world = World::start(Database::sqlite().await, Setting::default()).await;
    world.sts.trust(ROLE, Trust::Anybody);
    world.install().await;
    let named = format!("version: 1\naws:\n  role_arn: {ROLE}\n");
    world
        .push(ONBOARDING, "mallory", &[(".driftguard.yml", &named)])
        .await;
    let body = world.open(ONBOARDING).body;
    assert!(body.contains("does not count"), "{body}");
    // By somebody who may, it is tried first, and refused: it lets anybody in.
    world
        .push(ONBOARDING, "alice", &[("NOTES.md", "mine\n")])
        .await;
    let body = world.open(ONBOARDING).body;
    assert!(body.contains("lets in whoever names it"), "{body}");
}

async fn small_pull_requests_wait_for_each_other_and_security_does_not(database: Database) {
    let settings = "version: 1\npull_requests:\n  group: resource\n  limit: 1\n  draft: true\n  labels: [drift, terraform]\n";
    let mut world = World::start(database, AMBIENT).await;
    world.aws.replay(CONSOLE).await.unwrap();
    world.github.permit(&world.repository, "carol", "write");
    let owners = "* @nobody\n/infra/ @carol @acme/platform @globex/others ops@acme.example\n";
    world
        .push(
            "main",
            "alice",
            &[
                (".driftguard.yml", settings),
                (".github/CODEOWNERS", owners),
            ],
        )
        .await;
    world.install().await;
    let pulls = world.pulls();
    let restores = pulls
        .iter()
        .filter(|pull| pull.branch.starts_with(&format!("{RESTORE}-")));
    assert_eq!(restores.count(), 3, "security passes the limit: {pulls:#?}");
    let adopts = pulls
        .iter()
        .filter(|pull| pull.branch.starts_with(&format!("{ADOPT}-")));
    assert_eq!(adopts.count(), 0, "the rest waits: {pulls:#?}");
    for pull in &pulls {
        assert!(
            pull.draft && pull.labels == ["drift", "terraform"],
            "{pull:?}"
        );
        assert_eq!(pull.reviewers, ["carol", "platform"]);
        assert_eq!(pull.commits.len(), 1);
    }
    assert!(
        world
            .check()
            .summary
            .contains("will be opened when others are closed")
    );
    // A person who asks for one gets it.
    let finding = world.finding("aws_instance.batch");
    world
        .say(
            world.dashboard().number,
            "alice",
            &format!("/driftguard adopt {finding}"),
        )
        .await;
    let asked = world.pulls();
    let asked = asked
        .iter()
        .filter(|pull| pull.branch.contains("aws-instance-batch"));
    assert_eq!(asked.count(), 1);

    // In one pull request a stack again, those of single resources are closed.
    world
        .push("main", "alice", &[(".driftguard.yml", "version: 1\n")])
        .await;
    let open: Vec<_> = world.pulls().into_iter().filter(|pull| pull.open).collect();
    let branches: Vec<_> = open.iter().map(|pull| pull.branch.as_str()).collect();
    assert_eq!(branches, [RESTORE, ADOPT]);
}

async fn a_scan_that_is_due_is_made_and_what_was_missed_is_made_up_once(database: Database) {
    let settings = format!(
        "version: 1\nstacks:\n  - name: {STACK}\n    path: infra/production\n    schedule: '17 * * * *'\n"
    );
    let world = set_up(database, &settings).await;
    let installation = InstallationId(world.installation);
    let tenant = world.inbox.store.of(installation);
    let id = tenant.repositories().await.unwrap()[0].id;
    let next = |stacks: Vec<driftguard::store::StackSchedule>| stacks[0].next_at.unwrap();
    let first = next(tenant.stacks(id).await.unwrap());
    assert!(first > now() && first <= now() + WEEK / 7 / 24 + 300_000);
    let scanned = async || {
        tenant
            .last_scan(id, STACK)
            .await
            .unwrap()
            .unwrap()
            .finished_at
    };
    let before = scanned().await;

    world.inbox.tick(now()).await.unwrap();
    world.idle().await;
    assert_eq!(scanned().await, before, "it is not due yet");

    // Three days pass in which nothing runs.
    let late = first + 3 * WEEK / 7;
    world.inbox.tick(late).await.unwrap();
    world.inbox.tick(late).await.unwrap();
    world.idle().await;
    let after = scanned().await;
    assert!(after > before);
    let next = next(tenant.stacks(id).await.unwrap());
    assert!(next > late, "one scan makes up for all");
    assert!(!world.dashboard().body.contains("with the next push"));
    world.inbox.tick(late).await.unwrap();
    world.idle().await;
    assert_eq!(scanned().await, after);
}

async fn a_merged_restore_is_asked_after_once(database: Database) {
    let world = set_up(database, "version: 1\n").await;
    let number = world.open(RESTORE).number;
    world.merge(number, "alice").await;
    let tenant = world.inbox.store.of(InstallationId(world.installation));
    let id: RepositoryId = tenant.repositories().await.unwrap()[0].id;
    for mut decision in tenant.decisions(id).await.unwrap() {
        assert!(matches!(decision.choice, Choice::Applying { pull, .. } if pull == number));
        // A week passes.
        tenant
            .delete_decision(id, &decision.stack, &decision.finding.0)
            .await
            .unwrap();
        decision.decided_at -= WEEK;
        tenant.save_decision(id, &decision).await.unwrap();
    }
    for text in ["The shop.\n", "Our shop.\n"] {
        world.push("main", "alice", &[("README.md", text)]).await;
    }
    let comments = world.comments().into_iter();
    let asked: Vec<_> = comments
        .filter(|one| one.body.contains("Was it applied?"))
        .collect();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].issue, number);
    assert!(!world.is_open(RESTORE), "and no new pull request");
}

#[tokio::test]
async fn a_stack_that_cannot_be_scanned_closes_nothing() {
    let mut world = World::start(Database::sqlite().await, Setting::default()).await;
    world.aws.replay(CONSOLE).await.unwrap();
    world.install().await;
    let body = world.open(ONBOARDING).body;
    let external_id = body
        .split('`')
        .find(|part| part.starts_with("driftguard-") && part.len() > 40)
        .unwrap();
    world.make_role(external_id);
    let settings = format!("version: 1\naws:\n  role_arn: {ROLE}\n");
    world
        .push("main", "alice", &[(".driftguard.yml", &settings)])
        .await;
    let open = |world: &World| (world.open(ADOPT).number, world.open(RESTORE).number);
    let numbers = open(&world);
    world.make_role("another");
    world
        .push("main", "alice", &[("README.md", "The shop.\n")])
        .await;
    assert_eq!(open(&world), numbers);
    let dashboard = world.dashboard().body;
    assert!(dashboard.contains("The scan failed: "), "{dashboard}");
}

#[tokio::test]
async fn checks_can_be_run_again_and_stand_on_the_lines_and_on_the_pull_requests_of_others() {
    let world = set_up(Database::sqlite().await, "version: 1\nchecks: failing\n").await;
    let check = world.check();
    let on_line = |(file, line, message): &(String, u64, String)| {
        file == "infra/production/terraform.tfvars" && *line > 0 && message.contains("t3.xlarge")
    };
    assert!(
        check.annotations.iter().any(on_line),
        "{:?}",
        check.annotations
    );

    world.repair().await;
    world
        .github
        .rerun(&world.repository, &check.name, "alice")
        .await;
    world.idle().await;
    assert_eq!(world.check().title, "No drift");
    assert_eq!(world.check().commit, check.commit);

    world.aws.replay(CONSOLE).await.unwrap();
    world
        .push("main", "alice", &[("README.md", "The shop.\n")])
        .await;
    for (branch, path) in [
        ("more-web", "infra/production/web.tf"),
        ("docs", "docs/README.md"),
    ] {
        world.push(branch, "alice", &[(path, "# more\n")]).await;
        world
            .github
            .open(&world.repository, branch, "alice", branch)
            .await;
        world.idle().await;
    }
    let runs = world.github.check_runs(&world.repository);
    let failing: Vec<_> = runs
        .iter()
        .filter(|run| run.conclusion.as_deref() == Some("failure"))
        .collect();
    assert_eq!(failing.len(), 1, "only where it touches a stack");
    assert!(failing[0].summary.contains("on the default branch"));
}

/// Posts that somebody received: body, signature, delivery.
pub type Received = Arc<Mutex<Vec<(String, String, String)>>>;

pub async fn receiver() -> (String, Received) {
    let received = Received::default();
    let kept = received.clone();
    let take = async move |headers: axum::http::HeaderMap, body: String| {
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        let signature = header("x-driftguard-signature-256");
        let delivery = header("x-driftguard-delivery");
        kept.lock().unwrap().push((body, signature, delivery));
    };
    let routes = axum::Router::new().route("/drift", axum::routing::post(take));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    (format!("http://{address}/drift"), received)
}

#[tokio::test]
async fn who_wants_to_is_told_of_what_is_new_and_what_is_resolved() {
    let (address, received) = receiver().await;
    let mut world = World::start(Database::sqlite().await, AMBIENT).await;
    world.install().await;
    let told = world.comments().remove(0).body;
    let is_secret = |part: &&str| part.len() == 64 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let secret = told.split('`').find(is_secret).unwrap();
    let settings = format!("version: 1\nnotify:\n  url: {address}\ncode_scanning: true\n");
    world
        .push("main", "alice", &[(".driftguard.yml", &settings)])
        .await;
    assert_eq!(received.lock().unwrap().len(), 0, "nothing has drifted");
    world.aws.replay(CONSOLE).await.unwrap();
    for text in ["The shop.\n", "Our shop.\n"] {
        world.push("main", "alice", &[("README.md", text)]).await;
    }
    world.repair().await;
    world
        .push("main", "alice", &[("README.md", "A shop.\n")])
        .await;
    let received = received.lock().unwrap().clone();
    let counts: Vec<_> = received
        .iter()
        .map(|(body, signature, _)| {
            let secrets = Secrets::new(vec![secret.to_owned().into()]);
            let signature = Signature::parse(signature.as_bytes()).unwrap();
            assert!(secrets.verify(&signature, body.as_bytes()), "it is signed");
            let told: serde_json::Value = serde_json::from_str(body).unwrap();
            let count = |list: &str| told[list].as_array().unwrap().len();
            (count("new"), count("resolved"))
        })
        .collect();
    assert_eq!(counts, [(7, 0), (0, 7)], "once each");
    assert_ne!(received[0].2, received[1].2);
    assert!(world.github.analyses(&world.repository).len() >= 3);
}

#[tokio::test]
async fn a_private_address_is_told_nothing() {
    let (address, received) = receiver().await;
    let mut world = World::start(
        Database::sqlite().await,
        Setting {
            ambient: Some("1"),
            private_addresses: false,
            ..Setting::default()
        },
    )
    .await;
    world.aws.replay(CONSOLE).await.unwrap();
    let settings = format!("version: 1\nnotify:\n  url: {address}\n");
    world
        .push("main", "alice", &[(".driftguard.yml", &settings)])
        .await;
    world.install().await;
    assert_eq!(
        world.check().title,
        "7 findings: 2 critical, 2 high, 2 low, 1 info"
    );
    assert_eq!(received.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn the_dashboard_can_be_turned_off_and_closed() {
    let world = set_up(Database::sqlite().await, "version: 1\n").await;
    let number = world.dashboard().number;
    insta::assert_snapshot!("dashboard", shown(&world.dashboard().body));
    world.close(number, "alice").await;
    world
        .push("main", "alice", &[("README.md", "The shop.\n")])
        .await;
    assert!(!world.dashboard().open, "a person wants none");
    world
        .github
        .reopen(&world.repository, number, "alice")
        .await;
    world
        .push(
            "main",
            "alice",
            &[(".driftguard.yml", "version: 1\ndashboard: false\n")],
        )
        .await;
    let off = world.dashboard();
    assert!(
        !off.open && off.body.contains("turns this dashboard off"),
        "{off:?}"
    );
}

#[tokio::test]
async fn a_box_that_somebody_without_permission_ticks_does_nothing() {
    let world = set_up(Database::sqlite().await, "version: 1\n").await;
    world.github.permit(&world.repository, "bob", "read");
    let before = world.dashboard();
    let finding = world.finding("aws_instance.batch");
    world
        .tick(before.number, "bob", &format!("restore {finding}"))
        .await;
    assert!(
        !world.dashboard().body.contains("- [x]"),
        "it is empty again"
    );
    let adopt = world.open(ADOPT).body;
    assert!(adopt.contains("aws_instance.batch"), "{adopt}");
    // The same by somebody who may.
    world
        .tick(before.number, "alice", &format!("restore {finding}"))
        .await;
    let (adopt, restore) = (world.open(ADOPT).body, world.open(RESTORE).body);
    assert!(!adopt.contains("aws_instance.batch") && restore.contains("aws_instance.batch"));
}

#[tokio::test]
async fn what_somebody_attached_is_imported_when_a_person_asks_for_it() {
    let world = set_up(Database::sqlite().await, "version: 1\n").await;
    let finding = world.finding("AdministratorAccess");
    let answer = world
        .say(
            world.dashboard().number,
            "alice",
            &format!("/driftguard import {finding}"),
        )
        .await;
    assert!(answer[0].contains("Scanned"), "{answer:?}");
    let code = world.file(ADOPT, "infra/production/access.tf");
    let added = code.strip_prefix(super::world::CODE[0].1).unwrap();
    assert!(
        added.contains("import {") && added.contains("AdministratorAccess"),
        "{added}"
    );
    assert!(
        added.contains("role       = aws_iam_role.web.name"),
        "{added}"
    );
    assert!(world.open(ADOPT).body.contains("AdministratorAccess"));
}

#[tokio::test]
async fn while_it_is_suspended_nothing_is_done() {
    let world = set_up(Database::sqlite().await, "version: 1\n").await;
    world.github.suspend(world.installation, true).await;
    world.idle().await;
    let asked = world.github.requests().len();
    world
        .push("main", "alice", &[("README.md", "The shop.\n")])
        .await;
    world.inbox.tick(now() + WEEK).await.unwrap();
    world.idle().await;
    assert_eq!(world.github.requests().len(), asked);
    world.github.suspend(world.installation, false).await;
    world.idle().await;
    assert!(
        world.github.requests().len() > asked,
        "and is taken up again"
    );
}

/// A text without what is another in each run.
fn shown(body: &str) -> String {
    let mut text = String::new();
    for word in body.split_inclusive(['`', ' ', '\n', '"', '|']) {
        let bare = word.trim_end_matches(['`', ' ', '\n', '"', '|']);
        let end = &word[bare.len()..];
        let digits = bare.chars().filter(char::is_ascii_digit).count();
        let is_day = bare.len() == 10 && digits == 8 && bare.starts_with("20");
        let is_minute = bare.len() == 5 && digits == 4 && bare.contains(':');
        let hexadecimal = bare.bytes().all(|b| b.is_ascii_hexdigit());
        text.push_str(match bare {
            bare if bare.starts_with("driftguard-") && bare.len() == 43 => "EXTERNAL-ID",
            bare if bare.len() == 64 && hexadecimal => "SECRET",
            _ if is_day => "DAY",
            _ if is_minute => "TIME",
            bare => bare,
        });
        text.push_str(end);
    }
    text
}
