//! What waits, on the pages of an organisation and of a repository: for those who see the repository.

use super::server::stopped;
use super::site::{SCANNED, Site};
use super::{FINDING, STACK, two_accounts};
use crate::database::{Database, on_both};
use driftguard::model::{
    ACCEPT, Choice, Decision, FindingId, InstallationId, ONBOARDING, Proposal, ProposalState,
    RepositoryId, StackName, StackReport,
};
use driftguard::queue::job::{Job, OrderOrigin, QueuedJob, RepositoryTask};
use driftguard::queue::now;
use driftguard::store::{ScanRecord, StoppedJob, StoppedState};
use std::time::Duration;

on_both!(
    what_waits_is_told_to_those_who_see_its_repository,
    a_stack_is_told_to_fail_since_the_first_of_its_failed_scans,
    the_pull_request_that_accepts_a_finding_is_on_every_page_about_it,
);

const HOUR: i64 = 60 * 60 * 1_000;

fn proposal(repository: RepositoryId, branch: &str, stack: &str, number: u64) -> Proposal {
    Proposal {
        repository,
        branch: branch.to_owned(),
        stack: stack.to_owned(),
        number,
        state: ProposalState::Open,
        findings: vec!["f-00000000000a".to_owned()],
        opened_at: SCANNED,
        changed_at: SCANNED,
        recreate: false,
        closed_by: String::new(),
    }
}

fn decision(stack: &str, choice: Choice) -> Decision {
    Decision {
        finding: FindingId("f-00000000000a".to_owned()),
        stack: StackName::new(stack).unwrap(),
        choice,
        person: "bob".to_owned(),
        decided_at: SCANNED,
    }
}

/// Puts an order into the queue whose time has not come.
async fn ordered(site: &Site, installation: InstallationId, repository: RepositoryId) {
    let task = RepositoryTask::Order {
        command: "restore f-00000000000a".to_owned(),
        person: "carol".to_owned(),
        at: SCANNED,
        via: OrderOrigin::Page,
        id: "an-id".to_owned(),
        stack: Some(StackName::new("production").unwrap()),
        key: None,
    };
    let job = Job::Task {
        installation,
        repository,
        task,
    };
    let key = format!("order/{installation}/{repository}/an-id");
    let inbox = site.inbox().await;
    let queued = QueuedJob::new(job, key);
    let delay = Duration::from_secs(3600);
    assert!(inbox.queue.push(&queued, delay).await.unwrap());
}

async fn what_waits_is_told_to_those_who_see_its_repository(database: Database) {
    let (site, acme, globex) = two_accounts(database).await;
    let tenant = site.store.of(acme);
    let shop = tenant.repositories().await.unwrap()[0].id;
    let fresh = site.scanned(("acme/fresh", true), acme, &[]).await;
    site.github.permit("acme/fresh", "dave", "read");
    for (id, branch, stack, number) in [
        (shop, "driftguard/production/adopt", "production", 13),
        (shop, ACCEPT, "", 14),
        (fresh, ONBOARDING, "", 1),
    ] {
        let opened = proposal(id, branch, stack, number);
        tenant.save_proposal(&opened).await.unwrap();
    }
    let ended = Proposal {
        state: ProposalState::Declined,
        ..proposal(shop, "driftguard/production/adopt-high", "production", 11)
    };
    tenant.save_proposal(&ended).await.unwrap();
    let applying = Choice::Applying {
        pull: 7,
        reminded: false,
    };
    let merged = decision("production", applying);
    tenant.save_decision(shop, &merged).await.unwrap();
    let parked = StoppedJob {
        state: StoppedState::Parked,
        deaths: 2,
        ..stopped("scan", acme, shop)
    };
    tenant.stop_job(&parked).await.unwrap();
    let wrong = Some("line 3: `stack` is no setting");
    tenant
        .save_repository_problem(shop, wrong, SCANNED)
        .await
        .unwrap();
    ordered(&site, acme, shop).await;
    let site_id = site.store.of(globex).repositories().await.unwrap()[0].id;
    ordered(&site, globex, site_id).await;

    let of_shop = [
        "restore f-00000000000a",
        "asked for by carol, not done yet",
        "ine 3: <code>stack</code> is no setting",
        "staging could not be scanned",
        "The scan of production is parked",
        "It stopped the server each time it ran",
        "#7 is merged, and waits for an apply",
        "#12 restores 1 finding",
        "#13 adopts 1 finding",
        "#14 accepts 1 difference",
    ];
    let (mut alice, list) = site.sign_in("alice", "/orgs/acme").await;
    let page = alice.open(&site.at("/orgs/acme/shop")).await;
    for text in of_shop {
        assert!(list.html.contains(text), "{text}: {}", list.html);
        assert!(page.html.contains(text), "{text}: {}", page.html);
    }
    assert!(
        list.html.contains("No stack can be scanned"),
        "{}",
        list.html
    );
    let onboarding = "#1 adds .driftguard.yml";
    assert!(list.html.contains(onboarding) && !page.html.contains(onboarding));
    assert!(!list.html.contains("#11"), "{}", list.html);
    assert!(page.html.contains("#11"), "{}", page.html);
    let order = site.at(&page.link("restore f-00000000000a"));
    assert_eq!(alice.open(&order).await.url.path(), FINDING);
    let github = site.github.url();
    let pull = format!("{github}/acme/shop/pull/14");
    assert_eq!(page.link("#14 accepts"), pull);

    // Whoever does not see the shop is not told of it.
    site.github.permit("acme/shop", "dave", "none");
    let (_, list) = site.sign_in("dave", "/orgs/acme").await;
    assert!(list.html.contains(onboarding), "{}", list.html);
    for text in of_shop.iter().chain(&["acme/shop", "production"]) {
        assert!(!list.html.contains(text), "{text}: {}", list.html);
    }
    let (mut bob, list) = site.sign_in("bob", "/orgs/globex").await;
    assert_eq!(list.html.matches("not done yet").count(), 1);
    assert!(!list.html.contains("parked"), "{}", list.html);
    assert_eq!(bob.look(&site.at("/orgs/acme/shop")).await.status, 404);

    // What is mended waits no more.
    let tenant = site.store.of(acme);
    for (problem, known) in [(Some("another"), 1), (None, 0), (None, 0)] {
        let saving = tenant.save_repository_problem(shop, problem, now());
        saving.await.unwrap();
        let problems = tenant.repository_problems(None).await.unwrap();
        assert_eq!(problems.len(), known);
        assert!(problems.iter().all(|found| found.since == SCANNED));
    }
}

async fn a_stack_is_told_to_fail_since_the_first_of_its_failed_scans(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    let tenant = site.store.of(acme);
    let shop = tenant.repositories().await.unwrap()[0].id;
    let report = crate::report::world().stacks.remove(0);
    let scan = async |number: i64, outcome| {
        let scan = ScanRecord {
            id: format!("scan-{number}"),
            repository: shop,
            stack: "production".to_owned(),
            commit: String::new(),
            outcome,
            finished_at: SCANNED + number * HOUR,
        };
        tenant.record_scan(&scan).await.unwrap();
        let failing = tenant.failing_stacks(Some(shop), 10).await.unwrap();
        let found = failing
            .into_iter()
            .find(|it| it.stack.as_str() == "production");
        found.map(|found| ((found.since - SCANNED) / HOUR, found.problem))
    };
    let failed = |why: &str| serde_json::json!({ "error": why });
    let fine = || serde_json::to_value(&report).unwrap();
    let since = |hour, why: &str| Some((hour, why.to_owned()));
    assert_eq!(
        scan(1, failed("the role is gone")).await,
        since(1, "the role is gone")
    );
    assert_eq!(
        scan(2, failed("GitHub is away")).await,
        since(1, "GitHub is away")
    );
    assert_eq!(scan(3, fine()).await, None);
    assert_eq!(scan(4, failed("a fault")).await, since(4, "a fault"));
    let (_, page) = site.sign_in("alice", "/orgs/acme/shop").await;
    assert!(
        page.html.contains("2 stacks could not be scanned"),
        "{}",
        page.html
    );
    // The other one failed when it was first scanned.
    let row = page.html.split("2 stacks could").nth(1).unwrap();
    let row = row.split("</tr>").next().unwrap();
    assert!(row.contains("2026-11-24 16:30 UTC"), "{row}");
}

async fn the_pull_request_that_accepts_a_finding_is_on_every_page_about_it(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    let tenant = site.store.of(acme);
    let shop = tenant.repositories().await.unwrap()[0].id;
    // The same drift is a finding of another stack, where nobody accepted it.
    let other = StackReport {
        name: StackName::new("other").unwrap(),
        ..crate::report::world().stacks.remove(0)
    };
    let name = ("acme/shop", true);
    super::site::record_scans(&site.store, acme, (shop, name.0, name.1), &[other]).await;
    let ignore = Choice::Ignore {
        until: None,
        reason: "ours".to_owned(),
    };
    let accepted = decision("production", ignore);
    tenant.save_decision(shop, &accepted).await.unwrap();
    let mut accept = proposal(shop, ACCEPT, "", 14);
    tenant.save_proposal(&accept).await.unwrap();

    let (mut alice, _) = site.sign_in("alice", "/orgs/acme").await;
    let link = format!("{}/acme/shop/pull/14", site.github.url());
    for path in ["/orgs/acme", "/orgs/acme/shop", STACK, FINDING] {
        let page = alice.open(&site.at(path)).await;
        assert!(page.html.contains(&link), "{path}: {}", page.html);
    }
    let page = alice.open(&site.at(STACK)).await;
    let row = format!("<td data-label=\"Fix\">accept <a href=\"{link}\">#14</a></td>");
    assert!(page.html.contains(&row), "{}", page.html);
    let others = ["", "/findings/f-00000000000a"];
    for path in others.map(|end| format!("/orgs/acme/shop/other{end}")) {
        let page = alice.open(&site.at(&path)).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.html.contains(&link), "{path}: {}", page.html);
    }

    // Merged, it is told on the pages of the finding, and waits no more.
    accept.state = ProposalState::Merged;
    tenant.save_proposal(&accept).await.unwrap();
    let finding = &accepted.finding.0;
    tenant
        .delete_decision(shop, &accepted.stack, finding)
        .await
        .unwrap();
    let page = alice.open(&site.at(FINDING)).await;
    assert!(page.html.contains(&link), "{}", page.html);
    let page = alice.open(&site.at("/orgs/acme")).await;
    assert!(!page.html.contains(&link), "{}", page.html);
}
