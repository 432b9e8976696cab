//! Who declines fixes by closing their pull request, and who does not.

use super::stories::set_up;
use super::world::{ACCEPT, ADOPT, ONBOARDING, RESTORE, Setting, World};
use crate::database::{Database, on_both};
use driftguard::model::{
    Choice, Decision, DeliveryId, Proposal, ProposalState, PullRequestAction, RepositoryInfo,
    Sender, WebhookEvent, WebhookPayload,
};
use driftguard::standin::github::{Fault, PullRequest};

/// Eight days, in milliseconds: longer than fixes rest that nobody declined.
const EIGHT_DAYS: i64 = 8 * 24 * 60 * 60 * 1000;
/// What GitHub is asked about a person.
const PERMISSION: &str = "GET /repos/{owner}/{repo}/collaborators/{username}/permission";

on_both!(
    a_writers_no_stands_whoever_opens_the_pull_request_again,
    a_triager_declines_nothing,
    a_program_declines_nothing_and_gets_one_pull_request_a_week_to_close,
    a_no_stands_though_github_cannot_be_asked_whose_it_is,
    a_wish_to_accept_outlives_a_program_that_closes_its_pull_request,
    an_onboarding_that_a_program_closed_is_opened_again,
);

async fn shop(database: Database) -> World {
    let world = set_up(database, "version: 1\n").await;
    for (person, level) in [("walter", "write"), ("tina", "read")] {
        world.github.permit(&world.repository, person, level);
    }
    // However much it may, it is no person.
    let (repository, level) = (&world.repository, "write");
    world.github.permit(repository, "stale[bot]", level);
    world
}

/// A push to the default branch, which has everything scanned.
async fn scan(world: &World, text: &str) {
    world.push("main", "alice", &[("README.md", text)]).await;
}

async fn reopen(world: &World, number: u64, person: &str) {
    world.github.reopen(&world.repository, number, person).await;
    world.idle().await;
}

/// The findings whose fixes are declined.
async fn declined(world: &World) -> Vec<Decision> {
    let decisions = world.tenant().decisions(world.repository_id().await).await;
    let is_no = |one: &Decision| matches!(one.choice, Choice::Decline { .. });
    decisions.unwrap().into_iter().filter(is_no).collect()
}

async fn proposal(world: &World, branch: &str) -> Proposal {
    let id = world.repository_id().await;
    world.tenant().proposal(id, branch).await.unwrap().unwrap()
}

/// As if the pull request of a branch had been closed eight days ago.
async fn eight_days_pass(world: &World, branch: &str) {
    let closed = proposal(world, branch).await;
    let closed = Proposal {
        changed_at: closed.changed_at - EIGHT_DAYS,
        ..closed
    };
    world.tenant().save_proposal(&closed).await.unwrap();
}

/// How many pull requests there were on a branch.
fn count(world: &World, branch: &str) -> usize {
    let pulls = world.pulls();
    pulls.iter().filter(|pull| pull.branch == branch).count()
}

/// A delivery that says that a person closed a pull request, whatever GitHub knows of it.
async fn claim(world: &World, pull: &PullRequest, person: &str) {
    let known = world.tenant().repositories().await.unwrap().remove(0);
    let payload = WebhookPayload {
        installation: driftguard::model::InstallationId(world.installation),
        account: "acme".to_owned(),
        repository: Some(RepositoryInfo {
            id: known.id,
            name: known.name,
            default_branch: None,
            private: true,
        }),
        sender: Sender {
            login: person.to_owned(),
            bot: false,
        },
        event: WebhookEvent::PullRequest {
            action: PullRequestAction::Closed,
            number: pull.number,
            branch: pull.branch.clone(),
            merged: false,
            ticked: Vec::new(),
        },
    };
    let id = DeliveryId("claimed".to_owned());
    assert!(world.inbox.receive(id, payload).await.unwrap());
    world.idle().await;
}

async fn a_writers_no_stands_whoever_opens_the_pull_request_again(database: Database) {
    let world = shop(database).await;
    let pull = world.open(ADOPT);
    claim(&world, &pull, "walter").await;
    assert_eq!(declined(&world).await, [], "GitHub has it open");
    world.close(pull.number, "walter").await;
    let noes = declined(&world).await;
    assert!(!noes.is_empty() && noes.iter().all(|one| one.person == "walter"));
    let told = format!("declined by walter in #{}", pull.number);
    assert!(world.dashboard().body.contains(&told));
    eight_days_pass(&world, ADOPT).await;
    scan(&world, "A shop.\n").await;
    assert!(!world.is_open(ADOPT));
    for person in ["tina", "stale[bot]"] {
        reopen(&world, pull.number, person).await;
        scan(&world, &format!("{person}'s shop.\n")).await;
        assert_eq!(declined(&world).await, noes, "{person}");
        world.close(pull.number, person).await;
        assert_eq!(declined(&world).await, noes, "{person}");
    }
    reopen(&world, pull.number, "alice").await;
    assert_eq!(declined(&world).await, []);
    assert_eq!(proposal(&world, ADOPT).await.state, ProposalState::Open);
}

async fn a_triager_declines_nothing(database: Database) {
    let world = shop(database).await;
    let pull = world.open(ADOPT);
    world.close(pull.number, "tina").await;
    // Says somebody who signs, though GitHub knows better.
    claim(&world, &pull, "walter").await;
    assert_eq!(declined(&world).await, []);
    scan(&world, "A shop.\n").await;
    assert!(!world.is_open(ADOPT), "it rests");
    assert_eq!(declined(&world).await, []);
    let told = "was closed by tina, not declined";
    for text in [world.dashboard().body, world.check().summary] {
        assert!(text.contains(told), "{text}");
    }
    assert_eq!(count(&world, RESTORE), 1, "the other one is left as it is");
    // Somebody who may decline it still can.
    reopen(&world, pull.number, "walter").await;
    world.close(pull.number, "walter").await;
    assert!(!declined(&world).await.is_empty());
}

async fn a_program_declines_nothing_and_gets_one_pull_request_a_week_to_close(database: Database) {
    let world = shop(database).await;
    for round in 1..=3 {
        let number = world.open(RESTORE).number;
        world.close(number, "stale[bot]").await;
        for day in ["Monday", "Tuesday"] {
            scan(&world, &format!("The shop of {day} {round}.\n")).await;
            assert_eq!(
                count(&world, RESTORE),
                round,
                "no loop of opening and closing"
            );
        }
        assert_eq!(declined(&world).await, []);
        eight_days_pass(&world, RESTORE).await;
        scan(&world, &format!("The shop of next week {round}.\n")).await;
        assert_ne!(world.open(RESTORE).number, number);
    }
    // Somebody asks for it.
    world.close(world.open(RESTORE).number, "stale[bot]").await;
    let finding = world.finding("aws_security_group.web");
    let command = format!("/driftguard restore {finding}");
    world
        .say(world.dashboard().number, "walter", &command)
        .await;
    world.open(RESTORE);
}

async fn a_no_stands_though_github_cannot_be_asked_whose_it_is(database: Database) {
    let world = shop(database).await;
    let number = world.open(ADOPT).number;
    let failed = || {
        let requests = world.github.requests().into_iter();
        requests.filter(|one| one.status == 503).count()
    };
    let faults = 12;
    for _ in 0..faults {
        world.github.fail_next(PERMISSION, Fault::Status(503));
    }
    let (github, name) = (&world.github, &world.repository);
    github.close(name, number, "walter").await;
    // The scan comes while nobody knows.
    scan(&world, "A shop.\n").await;
    assert_eq!(failed(), faults);
    assert_eq!(count(&world, ADOPT), 1);
    let noes = declined(&world).await;
    assert!(!noes.is_empty() && noes.iter().all(|one| one.person == "walter"));
}

async fn a_wish_to_accept_outlives_a_program_that_closes_its_pull_request(database: Database) {
    let world = shop(database).await;
    let finding = world.finding("aws_instance.batch");
    let command = format!("/driftguard ignore {finding} ours");
    let number = world.dashboard().number;
    world.say(number, "walter", &command).await;
    let accept = world.open(ACCEPT);
    world.close(accept.number, "stale[bot]").await;
    scan(&world, "A shop.\n").await;
    assert_eq!(count(&world, ACCEPT), 1);
    assert!(!world.open(ADOPT).body.contains(&finding), "it still rests");
    world.say(number, "walter", &command).await;
    let again = world.open(ACCEPT);
    world.close(again.number, "walter").await;
    scan(&world, "The shop.\n").await;
    assert!(!world.is_open(ACCEPT));
    assert!(world.open(ADOPT).body.contains(&finding));
}

async fn an_onboarding_that_a_program_closed_is_opened_again(database: Database) {
    let mut world = World::start(database, Setting::default()).await;
    world.install().await;
    world
        .close(world.open(ONBOARDING).number, "stale[bot]")
        .await;
    scan(&world, "A shop.\n").await;
    assert!(!world.is_open(ONBOARDING), "not at once");
    eight_days_pass(&world, ONBOARDING).await;
    scan(&world, "The shop.\n").await;
    world.open(ONBOARDING);
}
