//! What once went wrong, or would have: each a story that ended badly.

use super::stories::{AMBIENT, set_up};
use super::world::{ACCEPT, ADOPT, RESTORE, STACK, World};
use crate::aws::{BUCKET, CONSOLE, KEY, STATE};
use crate::database::Database;
use driftguard::model::InstallationId;
use driftguard::standin::github::{Content, Fault};

async fn shop(settings: &str) -> World {
    set_up(Database::sqlite().await, settings).await
}

#[tokio::test]
async fn what_drifts_after_a_branch_was_taken_over_goes_into_a_pull_request_of_its_own() {
    let mut world = World::start(Database::sqlite().await, AMBIENT).await;
    world
        .push("main", "alice", &[(".driftguard.yml", "version: 1\n")])
        .await;
    world.install().await;
    // One of the things that somebody does in the console, then all of them.
    let tagged = CONSOLE.lines().find(|call| call.contains("CreateTags"));
    world.aws.replay(tagged.unwrap()).await.unwrap();
    world
        .push("main", "alice", &[("README.md", "The shop.\n")])
        .await;
    let branch = if world.is_open(RESTORE) {
        RESTORE
    } else {
        ADOPT
    };
    let taken = world.open(ADOPT);
    world.push(branch, "alice", &[("NOTES.md", "mine\n")]).await;
    world.aws.replay(CONSOLE).await.unwrap();
    for text in ["Our shop.\n", "A shop.\n"] {
        world.push("main", "alice", &[("README.md", text)]).await;
    }
    let more = world.open(&format!("{ADOPT}-more"));
    assert_eq!(world.open(ADOPT).body, taken.body, "it is left alone");
    // A no to the one says nothing of the other.
    world.close(taken.number, "alice").await;
    world
        .push("main", "alice", &[("README.md", "Some shop.\n")])
        .await;
    // Her branch is still there, so the other one stays.
    assert!(!world.is_open(ADOPT));
    assert_eq!(world.open(&format!("{ADOPT}-more")).number, more.number);
}

#[tokio::test]
async fn a_scan_that_fails_leaves_what_is_to_be_accepted() {
    let world = shop("version: 1\n").await;
    let finding = world.finding("aws_instance.batch");
    let command = format!("/driftguard ignore {finding} ours");
    world.say(world.dashboard().number, "alice", &command).await;
    let accept = world.open(ACCEPT);
    world
        .aws
        .put_object(BUCKET, KEY, "no state any more")
        .await
        .unwrap();
    world
        .push("main", "alice", &[("README.md", "The shop.\n")])
        .await;
    assert_eq!(world.open(ACCEPT).body, accept.body);
    world.aws.put_object(BUCKET, KEY, STATE).await.unwrap();
    world
        .push("main", "alice", &[("README.md", "Our shop.\n")])
        .await;
    assert_eq!(world.open(ACCEPT).number, accept.number);
}

#[tokio::test]
async fn what_a_reviewer_strikes_out_is_not_proposed_again() {
    let world = shop("version: 1\n").await;
    let (batch, web) = (
        world.finding("aws_instance.batch"),
        world.finding("aws_instance.web[1]"),
    );
    let both = format!("/driftguard ignore {batch} ours\n\n/driftguard ignore {web} ours");
    world.say(world.dashboard().number, "alice", &both).await;
    let accept = world.open(ACCEPT);
    let file = world.file(ACCEPT, ".driftguard.yml");
    let (start, entries) = file.split_once("accept:\n").unwrap();
    let kept = entries
        .split_inclusive("\n  - ")
        .filter(|one| !one.contains("aws_instance.web[1]"));
    let kept: String = kept.collect();
    let struck = format!(
        "{start}accept:\n  - {}",
        kept.trim_start_matches("  - ").trim_end_matches("\n  - ")
    );
    assert!(struck.contains("aws_instance.batch"), "{struck}");
    world
        .push(ACCEPT, "alice", &[(".driftguard.yml", &struck)])
        .await;
    world.merge(accept.number, "alice").await;
    assert!(!world.is_open(ACCEPT), "the reviewer decided");
    assert!(world.open(ADOPT).body.contains("aws_instance.web[1]"));
}

#[tokio::test]
async fn a_wish_that_cannot_be_written_down_is_told_and_rests_nowhere() {
    let settings = "version: 1\naccept: [{address: aws_instance.other, reason: ours}]\n";
    let world = shop(settings).await;
    let finding = world.finding("aws_instance.batch");
    let command = format!("/driftguard ignore {finding} ours");
    let answer = world.say(world.dashboard().number, "alice", &command).await;
    assert!(answer[0].contains("by hand"), "{answer:?}");
    assert!(!world.is_open(ACCEPT));
    world
        .push("main", "alice", &[("README.md", "The shop.\n")])
        .await;
    assert!(world.open(ADOPT).body.contains("aws_instance.batch"));
}

#[tokio::test]
async fn somebodys_branch_of_our_name_holds_no_scan_up() {
    let world = shop("version: 1\n").await;
    world.push(ACCEPT, "alice", &[("NOTES.md", "mine\n")]).await;
    let finding = world.finding("aws_instance.batch");
    let command = format!("/driftguard ignore {finding} ours");
    let answer = world.say(world.dashboard().number, "alice", &command).await;
    assert!(answer[0].contains("delete the branch"), "{answer:?}");
    assert!(answer[0].contains("Scanned"), "{answer:?}");
    assert_eq!(world.file(ACCEPT, "NOTES.md"), "mine\n");
}

#[tokio::test]
async fn a_pull_request_that_github_refuses_is_told_and_the_scan_goes_on() {
    let mut world = World::start(Database::sqlite().await, AMBIENT).await;
    world.aws.replay(CONSOLE).await.unwrap();
    world
        .push("main", "alice", &[(".driftguard.yml", "version: 1\n")])
        .await;
    world
        .github
        .fail_next("POST /repos/{owner}/{repo}/git/refs", Fault::Status(422));
    world.install().await;
    assert!(world.is_open(ADOPT) && !world.is_open(RESTORE));
    let check = world.check();
    let told = format!("No pull request from `{RESTORE}`");
    assert!(check.summary.contains(&told), "{}", check.summary);
    assert!(world.dashboard().body.contains("2 critical"));
}

#[tokio::test]
async fn a_branch_that_holds_somebodys_commit_is_never_overwritten() {
    let world = shop("version: 1\n").await;
    let number = world.open(ADOPT).number;
    world.push(ADOPT, "alice", &[("NOTES.md", "mine\n")]).await;
    world.close(number, "alice").await;
    let finding = world.finding("aws_instance.batch");
    let command = format!("/driftguard adopt {finding}");
    world.say(world.dashboard().number, "alice", &command).await;
    assert_eq!(world.file(ADOPT, "NOTES.md"), "mine\n");
    assert!(world.check().summary.contains("delete the branch"));
}

#[tokio::test]
async fn what_hangs_below_is_not_gone_while_another_stacks_state_cannot_be_read() {
    let world = shop("version: 1\n").await;
    let finding = world.finding("AdministratorAccess");
    let command = format!("/driftguard import {finding}");
    world.say(world.dashboard().number, "alice", &command).await;
    let before = world.open(ADOPT);
    // Whether it claims the attachment, nobody knows.
    let other = "terraform {\n  backend \"s3\" {\n    bucket = \"acme-terraform-state\"\n    key = \"none\"\n    region = \"us-east-1\"\n  }\n}\n";
    world
        .push("main", "alice", &[("infra/other/backend.tf", other)])
        .await;
    let after = world.open(ADOPT);
    assert_eq!((after.number, &after.body), (before.number, &before.body));
    world
        .github
        .push(
            &world.repository,
            "main",
            "alice",
            &[("infra/other/backend.tf", Content::Gone)],
        )
        .await;
    world.idle().await;
    let code = world.file(ADOPT, "infra/production/access.tf");
    assert!(code.contains("import {"), "what was decided still stands");
}

#[tokio::test]
async fn what_is_delivered_late_does_not_bring_back_what_was_removed() {
    let world = shop("version: 1\n").await;
    let pushed = world.github.deliveries();
    let pushed = pushed
        .iter()
        .rfind(|sent| sent.event == "push")
        .unwrap()
        .guid
        .clone();
    world.github.uninstall(world.installation).await;
    world.idle().await;
    // As if it had never arrived: under an id that was not seen.
    world.github.redeliver(&pushed).await;
    world.idle().await;
    let tenant = world.inbox.store.of(InstallationId(world.installation));
    assert!(!tenant.exists().await.unwrap());
    assert!(tenant.repositories().await.unwrap().is_empty());
    assert!(
        tenant
            .last_scan(driftguard::model::RepositoryId(1), STACK)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_dashboard_that_a_bot_closed_comes_back_and_one_that_a_person_closed_does_not() {
    let world = set_up(Database::sqlite().await, "version: 1\n").await;
    let number = world.dashboard().number;
    let scan = async |text: &str| world.push("main", "alice", &[("README.md", text)]).await;
    let is_open = || {
        let issues = world.github.issues(&world.repository);
        issues
            .iter()
            .any(|issue| issue.number == number && issue.open)
    };
    world.close(number, "stale[bot]").await;
    scan("A shop.\n").await;
    assert!(!is_open(), "no loop of opening and closing");
    let day = std::time::Duration::from_secs(25 * 60 * 60);
    world.github.closed_earlier(&world.repository, number, day);
    scan("The shop.\n").await;
    assert!(is_open());
    world.close(number, "alice").await;
    world.github.closed_earlier(&world.repository, number, day);
    scan("Our shop.\n").await;
    assert!(!is_open());
}
