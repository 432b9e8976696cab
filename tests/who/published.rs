//! From a push to the pull request: who made the changes is told on GitHub, without the address, and stays.

use super::calls::{call, iam_user};
use super::scans::{INSTANCE, ago};
use crate::aws::CONSOLE;
use crate::database::{Database, on_both};
use crate::end_to_end::{FILES, REPOSITORY, World};
use driftguard::standin::cloudtrail::CloudTrail;

on_both!(who_made_a_change_is_told_on_github_and_asked_once);

/// The bodies of the pull requests, by branch.
fn bodies(world: &World) -> Vec<(String, String)> {
    let pulls = world.github.pull_requests(REPOSITORY).into_iter();
    let mut bodies: Vec<_> = pulls.map(|pull| (pull.branch, pull.body)).collect();
    bodies.sort();
    bodies
}

async fn who_made_a_change_is_told_on_github_and_asked_once(database: Database) {
    let trail = CloudTrail::start().await.unwrap();
    let grown = call("ModifyInstanceAttribute", &ago(30), iam_user("mallory"));
    trail.record(&[INSTANCE], grown).unwrap();
    let mut world = World::prepare(database).await;
    let endpoint = ("AWS_ENDPOINT_URL_CLOUDTRAIL", trail.url());
    world
        .environment
        .push((endpoint.0.to_owned(), endpoint.1.to_owned()));
    world.begin().await;
    world.aws.replay(CONSOLE).await.unwrap();
    let first = world.push(FILES).await;
    let check = world.scanned(&first).await;
    world.idle().await;
    let told = "who: `arn:aws:iam::123456789012:user/mallory` with `ModifyInstanceAttribute` in the console, ";
    assert!(check.text.contains(told), "{}", check.text);
    let before = bodies(&world);
    assert!(
        before.iter().any(|(_, body)| body.contains(told)),
        "{before:?}"
    );
    let requests = world.github.requests();
    let dashboard = requests.iter().any(|seen| {
        seen.body.contains("DriftGuard dashboard") && seen.body.contains("by `user/mallory`")
    });
    assert!(dashboard, "the dashboard does not tell");

    // What is known is asked about no more.
    let known = || {
        trail
            .lookups()
            .iter()
            .filter(|seen| seen.resource == INSTANCE)
            .count()
    };
    assert_eq!(known(), 1);
    let second = world.push(&[("README.md", "The shop.\n")]).await;
    world.scanned(&second).await;
    world.idle().await;
    assert_eq!(known(), 1);
    assert_eq!(bodies(&world), before, "no text is written anew");
    for seen in world.github.requests() {
        assert!(
            !seen.body.contains("203.0.113.7"),
            "{} tells an address",
            seen.path
        );
    }
    assert!(
        !world.log().contains("203.0.113.7"),
        "the log tells an address"
    );
}
