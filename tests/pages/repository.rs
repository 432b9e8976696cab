//! The page of a repository: its stacks, what waits there, and the way between it and the other pages.

use super::site::execute;
use super::{FINDING, STACK, two_accounts};
use crate::database::{Database, on_both};
use driftguard::model::{Proposal, ProposalState, StackName};
use driftguard::web::pages::PATHS;

on_both!(
    a_repository_shows_its_stacks_and_leads_to_what_is_known_of_it,
    a_repository_that_is_named_like_a_page_has_one,
    a_long_list_of_a_repositorys_stacks_goes_on_behind_the_last_one_shown,
    a_repository_lists_its_newest_pull_requests_that_ended,
    the_charts_show_as_long_as_the_history_is_kept,
);

const SHOP: &str = "/orgs/acme/shop";

async fn a_repository_shows_its_stacks_and_leads_to_what_is_known_of_it(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    let tenant = site.store.of(acme);
    let shop = tenant.repositories().await.unwrap()[0].id;
    tenant.save_dashboard(shop, 4).await.unwrap();
    let (mut alice, page) = site.sign_in("alice", "/orgs/acme").await;
    let page = alice.open(&site.at(&page.link(">acme/shop"))).await;
    assert_eq!((page.status, page.url.path()), (200, SHOP), "{}", page.html);
    let github = site.github.url();
    for text in [
        "1 critical",
        "6 of 8",
        "2026-11-24 16:30 UTC",
        "with the next push",
        "s3://acme-state/staging.tfstate does not exist",
        "#12 restores 1 finding",
        &format!("href=\"{github}/acme/shop/issues/4\">#4</a>"),
        &format!("href=\"{github}/acme/shop/blob/main/.driftguard.yml\""),
    ] {
        assert!(page.html.contains(text), "{text}: {}", page.html);
    }
    for (link, path, query) in [
        ("Audit log", "/orgs/acme/audit", "repository=shop"),
        (
            "Accepted differences",
            "/orgs/acme/accepted",
            "repository=shop",
        ),
    ] {
        let page = alice.open(&site.at(&page.link(link))).await;
        assert_eq!(page.status, 200, "{}", page.html);
        assert_eq!((page.url.path(), page.url.query()), (path, Some(query)));
        let field = "name=\"repository\" value=\"shop\"";
        assert!(page.html.contains(field), "{}", page.html);
    }
    let stack = alice.open(&site.at(&page.link(">production"))).await;
    assert_eq!(stack.url.path(), STACK);
    for path in [STACK, FINDING, &format!("{STACK}/scans")] {
        let page = alice.open(&site.at(path)).await;
        let crumb = format!("<li><a href=\"{SHOP}\">shop</a></li>");
        assert!(page.html.contains(&crumb), "{path}: {}", page.html);
    }
    // One that GitHub lists and DriftGuard has not looked at yet.
    site.github.create_repository("acme/empty", true);
    let (mut alice, page) = site.sign_in("alice", "/orgs/acme/empty").await;
    assert_eq!(page.status, 200, "{}", page.html);
    assert!(page.html.contains("None yet."), "{}", page.html);
    assert_eq!(alice.look(&site.at("/orgs/acme/nothing")).await.status, 404);
}

async fn a_repository_that_is_named_like_a_page_has_one(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    let reports = &crate::report::world().stacks[..1];
    let names = PATHS
        .iter()
        .filter_map(|path| path.strip_prefix("/orgs/{owner}/"));
    let names: Vec<_> = names.filter(|name| !name.contains(['{', '/'])).collect();
    assert!(names.contains(&"audit"), "{names:?}");
    for name in &names {
        let name = format!("acme/{name}");
        site.scanned((&name, true), acme, reports).await;
    }
    let (mut alice, list) = site.sign_in("alice", "/orgs/acme").await;
    for name in names {
        let page = alice
            .open(&site.at(&list.link(&format!(">acme/{name}"))))
            .await;
        assert_eq!(page.status, 200, "{name}: {}", page.html);
        let heading = format!("<h1>{name} ");
        assert!(page.html.contains(&heading), "{name}: {}", page.html);
        let stack = alice.open(&site.at(&page.link(">production"))).await;
        let crumb = format!("<a href=\"/orgs/acme/{name}/\">{name}</a>");
        assert!(stack.html.contains(&crumb), "{name}: {}", stack.html);
    }
}

async fn a_long_list_of_a_repositorys_stacks_goes_on_behind_the_last_one_shown(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    let report = crate::report::world().stacks.remove(0);
    let reports: Vec<_> = (0..120)
        .map(|number| {
            let mut report = report.clone();
            report.name = StackName::new(&format!("s-{number:03}")).unwrap();
            report
        })
        .collect();
    site.scanned(("acme/large", true), acme, &reports).await;
    let (mut alice, page) = site.sign_in("alice", "/orgs/acme/large").await;
    let count = |html: &str| {
        html.matches("<th scope=\"row\"><a href=\"/orgs/acme/large/s-")
            .count()
    };
    assert_eq!(count(&page.html), 100);
    let next = page.url.join(&page.link("Further stacks")).unwrap();
    let rest = alice.open(next.as_str()).await;
    assert_eq!(count(&rest.html), 20, "{}", rest.html);
    assert!(!rest.html.contains("Further stacks") && !rest.html.contains("acme/shop"));
    let start = rest.url.join(&rest.link("From the start")).unwrap();
    assert_eq!(start.path(), "/orgs/acme/large");
}

async fn a_repository_lists_its_newest_pull_requests_that_ended(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    let tenant = site.store.of(acme);
    let shop = tenant.repositories().await.unwrap()[0].id;
    for number in 101..=125 {
        let ended = Proposal {
            repository: shop,
            branch: format!("driftguard/production/{number}"),
            stack: "production".to_owned(),
            number,
            state: ProposalState::Merged,
            findings: vec!["f-00000000000a".to_owned()],
            opened_at: 0,
            changed_at: 0,
            recreate: false,
            closed_by: String::new(),
        };
        tenant.save_proposal(&ended).await.unwrap();
    }
    let (_, page) = site.sign_in("alice", SHOP).await;
    let listed = |number: u64| page.html.contains(&format!(">#{number}</a>"));
    assert!((106..=125).all(listed), "{}", page.html);
    assert!(!(101..=105).any(listed), "{}", page.html);
    assert!(page.html.contains("There are older ones."), "{}", page.html);
}

async fn the_charts_show_as_long_as_the_history_is_kept(database: Database) {
    let (site, ..) = two_accounts(database).await;
    // Scanned each hour, for a hundred days less an hour.
    let hours = "with recursive hours(n) as (select 1 union all select n + 1 from hours where n < 2399)
         insert into stack_history (installation, repository, stack, finished_at, commit_id, critical, high, medium, low, info,
             set_aside, summary)
         select installation, repository, stack, finished_at - cast(n as bigint) * 3600000, commit_id, critical, high + n % 3,
             medium, low, info, set_aside, summary
         from stack_history, hours where stack = 'production'";
    execute(&site, hours).await;
    let (_, page) = site.sign_in("alice", STACK).await;
    // The last scan of the first day.
    let begins = "aria-label=\"Findings from 2026-08-16 23:30 UTC to 2026-11-24 16:30 UTC: ";
    assert!(page.html.contains(begins), "{}", page.html);
    assert!(page.html.contains("least 4, most 6"), "{}", page.html);
    let mut lines = page.html.lines();
    let line = lines.find(|line| line.contains("#0000FF")).unwrap();
    let (_, points) = line.split_once("points=\"").unwrap();
    let points = points.split('"').next().unwrap().split_whitespace();
    assert_eq!(points.count(), 200 + 93);
}
