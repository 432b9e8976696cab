//! A person's week with the App: from its installation to its end, and what goes wrong on the way.

mod decline;
mod faults;
mod former;
mod history;
mod modules;
mod orders;
pub mod pages;
mod public;
mod regressions;
mod roles;
mod sizes;
pub mod stories;
pub mod world;

pub use sizes::bomb;

use crate::aws::CONSOLE;
use crate::database::{Database, on_both};
use driftguard::store::AuditFilter;
use std::collections::BTreeSet;
pub use stories::receiver;
use world::{ACCEPT, ADOPT, ONBOARDING, RESTORE, ROLE, Setting, World};

on_both!(a_persons_week);

async fn a_persons_week(database: Database) {
    let mut world = World::start(database, Setting::default()).await;
    world.aws.replay(CONSOLE).await.unwrap();
    monday(&mut world).await;
    tuesday(&world).await;
    wednesday(&world).await;
    thursday(&world).await;
    friday(&world).await;
    audited(&world).await;
    weekend(&mut world).await;
    assert_eq!(world.github.violations(), [""; 0]);
}

/// The App is installed, and asks for a role before it looks at anything.
pub async fn monday(world: &mut World) {
    world.install().await;
    let onboarding = world.open(ONBOARDING);
    assert_eq!(world.pulls().len(), 1, "no fix before it is merged");
    assert!(
        onboarding.body.contains("no role is set"),
        "{}",
        onboarding.body
    );
    let external_id = onboarding
        .body
        .split('`')
        .find(|part| part.starts_with("driftguard-") && part.len() > 40)
        .unwrap()
        .to_owned();
    world.make_role(&external_id);

    // Somebody without permission cannot have the role read.
    let file = world.file(ONBOARDING, ".driftguard.yml");
    let named = file.replace(
        "# aws:\n#   role_arn: arn:aws:iam::123456789012:role/driftguard",
        "@",
    );
    let named = named.replace('@', &format!("aws:\n  role_arn: {ROLE}"));
    assert_ne!(named, file);
    world
        .push(ONBOARDING, "alice", &[(".driftguard.yml", &named)])
        .await;
    let onboarding = world.open(ONBOARDING);
    assert!(
        onboarding.body.contains("Today's drift: 7 findings"),
        "{}",
        onboarding.body
    );
    world.merge(onboarding.number, "alice").await;
    assert!(world.open(ADOPT).commits[0].1, "GitHub signs it");
    assert_eq!(world.open(RESTORE).labels, ["drift"]);
    assert!(world.dashboard().body.contains("2 critical"));
}

/// Commands, by people with and without permission.
pub async fn tuesday(world: &World) {
    let (adopt, restore) = (world.open(ADOPT), world.open(RESTORE));
    world.github.permit(&world.repository, "bob", "read");
    let refused = world
        .say(adopt.number, "bob", "/driftguard adopt all")
        .await;
    assert!(
        refused[0].contains("only people with write permission"),
        "{refused:?}"
    );
    let again = world
        .say(adopt.number, "bob", "/driftguard restore all")
        .await;
    assert_eq!(again, [""; 0], "one polite refusal");

    let text = world
        .say(
            adopt.number,
            "alice",
            "Try\n```\n/driftguard adopt all\n```\n> /driftguard help",
        )
        .await;
    assert_eq!(text, [""; 0], "what is quoted is text");
    let meant = world
        .say(adopt.number, "alice", "/driftguard resore all")
        .await;
    assert!(meant[0].contains("Did you mean `restore`"), "{meant:?}");
    let status = world
        .say(world.dashboard().number, "alice", "/driftguard status")
        .await;
    assert!(status[0].contains("infra-production"), "{status:?}");

    // What is snoozed leaves the pull request, and what is ignored goes into one of its own.
    let instance = world.finding("aws_instance.web[1]");
    let snoozed = world
        .say(
            adopt.number,
            "alice",
            &format!("/driftguard snooze {instance} 3d"),
        )
        .await;
    assert_eq!(snoozed.len(), 1, "one edited reply: {snoozed:?}");
    assert!(
        snoozed[0].contains("Scanned `infra-production`"),
        "{snoozed:?}"
    );
    let adopt_now = world.open(ADOPT).body;
    let (carried, aside) = adopt_now.split_once("Set aside").unwrap();
    assert!(!carried.contains("aws_instance.web[1]") && aside.contains("snoozed by alice"));
    let seen = world
        .comments()
        .into_iter()
        .filter(|comment| comment.author == "alice" && comment.reactions == ["eyes"]);
    assert_eq!(seen.count(), 3, "each command is seen at once");

    let group = world.finding("aws_security_group.web");
    let text =
        format!("/driftguard ignore {group} until 2099-03-31 the vendor's appliance needs it");
    let comment = world
        .github
        .comment(&world.repository, restore.number, "alice", &text)
        .await;
    world.idle().await;
    let accept = world.open(ACCEPT);
    let settings = world.file(ACCEPT, ".driftguard.yml");
    assert!(
        settings.contains("until: 2099-03-31") && settings.contains("appliance"),
        "{settings}"
    );
    assert!(!world.open(RESTORE).body.contains(&group));
    let before = world.comments().len();
    world
        .github
        .edit_comment(&world.repository, comment, "alice", "/driftguard adopt all")
        .await;
    world.idle().await;
    assert_eq!(
        world.comments().len(),
        before,
        "an edited comment is not run again"
    );
    world.merge(accept.number, "alice").await;
    assert!(!world.is_open(ACCEPT));
    assert!(world.dashboard().body.contains("alice), until 2099-03-31"));

    let assigned = world
        .say(restore.number, "alice", "/driftguard assign @bob")
        .await;
    assert_eq!(assigned.len(), 1, "{assigned:?}");
    assert_eq!(world.open(RESTORE).assignees, ["bob"]);
}

/// A person commits to a branch, and takes it back.
pub async fn wednesday(world: &World) {
    let number = world.open(ADOPT).number;
    world.push(ADOPT, "alice", &[("NOTES.md", "mine\n")]).await;
    world
        .push("main", "alice", &[("README.md", "The shop.\n")])
        .await;
    let about = |number: u64| {
        let comments = world.comments().into_iter();
        comments
            .filter(move |comment| comment.issue == number && comment.body.contains("is yours now"))
    };
    assert_eq!(about(number).count(), 1);
    world
        .push("main", "alice", &[("README.md", "Our shop.\n")])
        .await;
    assert_eq!(about(number).count(), 1, "said once");
    assert_eq!(world.file(ADOPT, "NOTES.md"), "mine\n", "and left alone");

    world.tick(number, "alice", "recreate this branch").await;
    let anew = world.open(ADOPT);
    assert_eq!((anew.number, anew.commits.len()), (number, 1));
    assert!(!anew.body.contains("- [x]"), "{}", anew.body);
    assert_eq!(
        world.github.file(&world.repository, ADOPT, "NOTES.md"),
        None
    );
}

/// A human's no stands, until the human says otherwise.
pub async fn thursday(world: &World) {
    let number = world.open(ADOPT).number;
    world.close(number, "alice").await;
    world
        .push("main", "alice", &[("README.md", "A shop.\n")])
        .await;
    assert!(!world.is_open(ADOPT));
    let dashboard = world.dashboard();
    assert!(
        dashboard
            .body
            .contains(&format!("declined by alice in #{number}")),
        "{}",
        dashboard.body
    );
    let finding = world.finding("aws_instance.batch");
    let answer = world
        .say(
            dashboard.number,
            "alice",
            &format!("/driftguard adopt {finding}"),
        )
        .await;
    assert!(answer[0].contains("pull requests: #"), "{answer:?}");
    assert_ne!(world.open(ADOPT).number, number);
}

/// A restore is merged, and applied late.
pub async fn friday(world: &World) {
    let restore = world.open(RESTORE);
    world.merge(restore.number, "alice").await;
    assert!(!world.is_open(RESTORE), "it waits for its apply");
    let waits = format!("#{} is merged and not applied yet", restore.number);
    assert!(
        world.dashboard().body.contains(&waits),
        "{}",
        world.dashboard().body
    );
    world
        .tick(world.dashboard().number, "alice", "Scan now")
        .await;
    assert!(!world.is_open(RESTORE));
    world.repair().await;
    world
        .tick(world.dashboard().number, "alice", "Scan all stacks now")
        .await;
    assert!(!world.is_open(ADOPT), "the drift is gone");
    assert_eq!(world.check().title, "No drift");
    assert!(
        world
            .dashboard()
            .body
            .contains("No drift in what the last scans checked")
    );
}

/// What was decided in the week is in the audit log, each once, with who decided it and where.
async fn audited(world: &World) {
    let (tenant, all) = (world.tenant(), AuditFilter::default());
    let (rows, _) = tenant.audit_log(&all, None, 500).await.unwrap();
    let acts: BTreeSet<_> = (rows.iter())
        .map(|row| (row.entry.via.as_str(), row.entry.action.as_str()))
        .collect();
    for act in [
        ("comment", "snooze"),
        ("comment", "ignore"),
        ("comment", "assign"),
        ("comment", "adopt"),
        ("box", "recreate branch"),
        ("box", "scan"),
        ("pull_request", "decline"),
        ("pull_request", "restore"),
    ] {
        assert!(acts.contains(&act), "{act:?} is not in {acts:?}");
    }
    assert!(
        rows.iter().all(|row| row.entry.person == "alice"),
        "{rows:#?}"
    );
    let ignored = rows
        .iter()
        .find(|row| row.entry.action == "ignore")
        .unwrap();
    let detail = "until 2099-03-31: the vendor's appliance needs it";
    assert_eq!(ignored.entry.detail, detail);
}

/// The repository is renamed, made public, and the App is removed.
pub async fn weekend(world: &mut World) {
    world
        .github
        .rename(&world.repository, "store", "alice")
        .await;
    world.idle().await;
    world.repository = "acme/store".to_owned();
    world.aws.replay(CONSOLE).await.unwrap();
    world
        .push("main", "alice", &[("README.md", "The store.\n")])
        .await;
    let number = world.open(RESTORE).number;

    world.github.publish(&world.repository, true, "alice").await;
    world.idle().await;
    let public = world.pulls().into_iter().find(|pull| pull.number == number);
    assert!(!public.unwrap().open);
    for text in texts(world) {
        assert!(
            !text.contains("aws_") && !text.contains("critical"),
            "{text}"
        );
    }
    world
        .push("main", "alice", &[("README.md", "A store.\n")])
        .await;
    assert!(!world.is_open(RESTORE), "nothing is published any more");

    world.github.uninstall(world.installation).await;
    world.idle().await;
    let installation = driftguard::model::InstallationId(world.installation);
    let tenant = world.inbox.store.of(installation);
    assert!(!tenant.exists().await.unwrap());
    assert!(tenant.repositories().await.unwrap().is_empty());
}

/// All that the bot says anywhere, less the one that only brings the settings.
fn texts(world: &World) -> Vec<String> {
    let pulls = world
        .pulls()
        .into_iter()
        .filter(|pull| pull.author == "driftguard[bot]");
    let pulls = pulls.map(|pull| format!("{}\n{}", pull.title, pull.body));
    let comments = world
        .comments()
        .into_iter()
        .filter(|one| one.author == "driftguard[bot]");
    let issues = world.github.issues(&world.repository).into_iter();
    let checks = world.github.check_runs(&world.repository).into_iter();
    pulls
        .chain(comments.map(|comment| comment.body))
        .chain(issues.map(|issue| issue.body))
        .chain(checks.map(|check| format!("{} {} {}", check.title, check.summary, check.text)))
        .collect()
}
