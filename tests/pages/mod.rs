//! The pages for people: who signs in sees what GitHub lets them read, and nothing else.

mod audit;
pub mod browser;
mod findings;
mod hostile;
pub mod keys;
pub mod lists;
mod looks;
pub mod orders;
mod refused;
mod repository;
mod search_looks;
pub mod server;
pub mod site;
mod waits;

use crate::database::{Database, on_both};
use browser::{Browser, Page};
use driftguard::model::{InstallationId, StackName, StackReport};
use driftguard::standin::github::Fault;
use driftguard::store::ScanRecord;
use driftguard::web::pages::{OWN_KEYS_PATH, PATHS, SERVER_PATH, SIGN_IN_PATHS};
use site::{KEY, SCANNED, Site};
use std::collections::BTreeSet;

on_both!(
    a_person_signs_in_and_finds_the_worst_stack_and_its_finding,
    nobody_sees_what_is_another_installations,
    a_public_repository_is_shown_to_those_who_may_write_to_it,
    every_answer_of_the_pages_protects_itself,
    a_browser_finds_the_icon,
    what_no_address_can_name_is_not_there,
    who_signs_out_or_loses_access_sees_nothing_any_more,
    a_token_that_expires_is_renewed_and_one_that_is_revoked_ends_the_session,
    another_key_ends_all_sessions,
    while_github_is_away_nothing_is_shown,
    stacks_that_an_earlier_version_scanned_are_listed_by_what_was_found,
    a_long_list_of_stacks_goes_on_behind_the_last_one_shown,
    a_scan_that_was_given_up_is_told_beside_what_the_one_before_it_found,
);

/// The type of a form that is sent.
const FORM: &str = "application/x-www-form-urlencoded";
/// The path of a page of the shop.
pub const STACK: &str = "/orgs/acme/shop/production";
pub const FINDING: &str = "/orgs/acme/shop/production/findings/f-00000000000a";

/// Two accounts: acme with a shop, globex with a site. The same was found in both.
pub async fn two_accounts(database: Database) -> (Site, InstallationId, InstallationId) {
    let site = Site::start(database).await;
    let reports = crate::report::world().stacks;
    let acme = InstallationId(site.github.install("acme").await);
    let globex = InstallationId(site.github.install("globex").await);
    let shop = site.scanned(("acme/shop", true), acme, &reports).await;
    let stack = &reports[0].name;
    site.proposed(acme, shop, stack, &["f-00000000000a"]).await;
    site.scanned(("globex/site", true), globex, &reports).await;
    site.github.permit("globex/site", "alice", "none");
    site.github.permit("globex/site", "bob", "admin");
    site.github.set_member("acme", "alice", "admin", "active");
    site.github.set_member("globex", "bob", "admin", "active");
    (site, acme, globex)
}

async fn a_person_signs_in_and_finds_the_worst_stack_and_its_finding(database: Database) {
    let (site, ..) = two_accounts(database).await;
    let (mut alice, page) = site.sign_in("alice", "/").await;
    assert_eq!((page.status, page.url.path()), (200, "/"), "{}", page.html);
    assert!(page.html.contains("acme") && !page.html.contains("globex"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self'"),
        "{policy}"
    );
    assert!(!page.html.contains("<script") && !page.html.contains("style="));

    let page = alice.open(&site.at(&page.link("acme"))).await;
    let position = |name: &str| page.html.find(&format!("/shop/{name}\"")).unwrap();
    // What could not be scanned comes first, since nothing is known of it.
    assert!(position("staging") < position("production"));
    for text in [
        "1 critical",
        "1 high",
        "6 of 8",
        "64",
        "2026-11-24 16:30 UTC",
    ] {
        assert!(page.html.contains(text), "{text} is not in {}", page.html);
    }

    let page = alice.open(&site.at(&page.link("production"))).await;
    assert_eq!(page.url.path(), STACK);
    for text in [
        "aws_security_group.web",
        "could not check everything",
        "the patch schedule owns it",
        "rds:DescribeDBInstances is denied",
        "the state is locked by alice",
        "#12",
        "s3://acme-state/production.tfstate",
    ] {
        assert!(page.html.contains(text), "{text} is not in {}", page.html);
    }
    let finding = page.link("aws_security_group.web");
    let fitting = alice
        .open(&site.at(&format!("{STACK}?severity=critical&q=security")))
        .await;
    assert!(fitting.html.contains("1 of 4 findings"), "{}", fitting.html);
    assert!(!fitting.html.contains("aws_instance.web[1]"));

    let page = alice.open(&site.at(&finding)).await;
    assert_eq!(page.url.path(), FINDING);
    for text in [
        "critical",
        "The whole internet reaches port 22.",
        "CIS AWS Foundations 3.0.0 5.2",
        "ATT&#38;CK T1686.001 Cloud Firewall",
        "0.0.0.0/0",
        "First seen",
        "2026-11-24 16:30 UTC or earlier",
        "Restore: apply the code as it is",
        "#12",
    ] {
        assert!(page.html.contains(text), "{text} is not in {}", page.html);
    }

    let sheet = alice.open(&site.at(&stylesheet(&page))).await;
    assert_eq!(sheet.header("content-type"), "text/css; charset=utf-8");
    assert!(sheet.header("cache-control").contains("immutable"));
    assert!(
        site.github.violations().is_empty(),
        "{:?}",
        site.github.violations()
    );
}

/// The path of the stylesheet of a page.
fn stylesheet(page: &Page) -> String {
    let link = page.html.split("rel=\"stylesheet\" href=\"").nth(1);
    link.unwrap().split('"').next().unwrap().to_owned()
}

async fn a_browser_finds_the_icon(database: Database) {
    let (site, ..) = two_accounts(database).await;
    let mut stranger = Browser::new();
    let page = stranger.open(&site.at("/sign-in")).await;
    let link = page.html.split("rel=\"icon\"").nth(1).unwrap();
    let link = link.split("href=\"").nth(1).unwrap();
    let named = link.split('"').next().unwrap();
    for path in [named, "/favicon.ico"] {
        let icon = stranger.look(&site.at(path)).await;
        assert_eq!(icon.status, 200, "{path}");
        assert_eq!(icon.header("content-type"), "image/svg+xml");
        assert_eq!(icon.header("cache-control"), "public, max-age=86400");
        assert_eq!(icon.header("x-content-type-options"), "nosniff");
        assert!(icon.html.starts_with("<svg "), "{}", icon.html);
        // Nothing runs in it, and nothing is loaded.
        assert!(!icon.html.contains("script") && !icon.html.contains("href"));
    }
    let policy = page.header("content-security-policy");
    assert!(policy.contains("img-src 'self'"), "{policy}");
}

/// Every path of the pages, with its parts filled in as one account's.
pub fn addresses(owner: &str, repository: &str) -> Vec<String> {
    let parts = [
        ("{owner}", owner),
        ("{repository}", repository),
        ("{stack}", "production"),
        ("{finding}", "f-00000000000a"),
    ];
    let filled = PATHS.iter().map(|path| {
        let fill = |path: String, (name, part): &(&str, &str)| path.replace(name, part);
        parts.iter().fold((*path).to_owned(), fill)
    });
    filled.collect()
}

async fn nobody_sees_what_is_another_installations(database: Database) {
    let (site, ..) = two_accounts(database).await;
    let own = addresses("globex", "site");
    assert!(own.iter().all(|path| !path.contains('{')), "{own:?}");
    let (mut bob, _) = site.sign_in("bob", "/").await;
    for path in &own {
        let page = bob.look(&site.at(path)).await;
        assert_eq!(page.status, 200, "{path}: {}", page.html);
        assert!(!page.html.contains("acme/shop"), "{path}");
    }
    let nowhere = bob.look(&site.at("/orgs/nobody/nothing/production")).await;
    assert_eq!(nowhere.status, 404);
    for path in addresses("acme", "shop").iter().skip(1) {
        let page = bob.look(&site.at(path)).await;
        assert_eq!(page.status, 404, "{path}: {}", page.html);
        assert_eq!(page.html, nowhere.html, "{path}");
    }
    // Neither does a repository under another account's name.
    for path in ["/orgs/globex/shop/production", "/orgs/acme/site/production"] {
        assert_eq!(bob.look(&site.at(path)).await.status, 404, "{path}");
    }
    // Who is not signed in learns nothing of what there is.
    let mut stranger = Browser::new();
    for path in own.iter().map(String::as_str).chain(["/orgs/nobody"]) {
        let page = stranger.look(&site.at(path)).await;
        assert_eq!(page.status, 303, "{path}");
        assert!(
            page.header("location").starts_with("/sign-in?to="),
            "{path}"
        );
        assert!(page.html.is_empty(), "{path}");
    }
}

async fn every_answer_of_the_pages_protects_itself(database: Database) {
    let (site, ..) = two_accounts(database).await;
    let (alice, page) = site.sign_in("alice", "/").await;
    let sheet = stylesheet(&page);
    let mut paths = addresses("acme", "shop");
    paths.extend(SIGN_IN_PATHS.map(str::to_owned));
    paths.extend(
        [
            SERVER_PATH,
            OWN_KEYS_PATH,
            "/nothing",
            "/orgs/%ff",
            "/orgs/",
        ]
        .map(str::to_owned),
    );
    paths.push(sheet.clone());
    let mut statuses = BTreeSet::new();
    for path in &paths {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"] {
            for mut browser in [Browser::new(), Browser::of(&alice)] {
                for (kind, bytes) in [("", 0), ("text/plain", 10), (FORM, 10), (FORM, 10_000)] {
                    let page = browser.ask(method, &site.at(path), kind, bytes).await;
                    let told = format!("{method} {path} {kind} {bytes}: {}", page.status);
                    let policy = page.header("content-security-policy");
                    assert!(policy.starts_with("default-src 'none'; "), "{told}");
                    assert!(policy.contains("form-action 'self'; base-uri"), "{told}");
                    assert!(policy.ends_with("frame-ancestors 'none'"), "{told}");
                    for (name, value) in [
                        ("x-content-type-options", "nosniff"),
                        ("x-frame-options", "DENY"),
                        ("referrer-policy", "same-origin"),
                        ("cross-origin-opener-policy", "same-origin"),
                    ] {
                        assert_eq!(page.header(name), value, "{told}");
                    }
                    let is_sheet = *path == sheet && page.status == 200;
                    assert_eq!(
                        page.header("cache-control") == "no-store",
                        !is_sheet,
                        "{told}"
                    );
                    statuses.insert(page.status);
                }
            }
        }
    }
    let all: Vec<_> = statuses.into_iter().collect();
    assert_eq!(all, [200, 303, 403, 404, 405, 413, 415]);
}

async fn what_no_address_can_name_is_not_there(database: Database) {
    let (site, ..) = two_accounts(database).await;
    let (mut alice, _) = site.sign_in("alice", "/").await;
    let nowhere = alice.look(&site.at("/orgs/nobody")).await;
    assert_eq!(nowhere.status, 404);
    for path in &PATHS[1..] {
        for part in path.split('/').filter(|part| part.starts_with('{')) {
            let path = path.replace(part, "%ff").replace(['{', '}'], "");
            let page = alice.look(&site.at(&path)).await;
            assert_eq!((page.status, &page.html), (404, &nowhere.html), "{path}");
            let page = Browser::new().look(&site.at(&path)).await;
            assert_eq!(page.status, 303, "{path}");
        }
    }
}

async fn a_public_repository_is_shown_to_those_who_may_write_to_it(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    let reports = &crate::report::world().stacks[..1];
    site.scanned(("acme/open", false), acme, reports).await;
    site.github.permit("acme/open", "carol", "read");
    let mut paths = addresses("acme", "open");
    paths.retain(|path| path.starts_with("/orgs/acme/open"));
    let (mut carol, page) = site.sign_in("carol", "/orgs/acme").await;
    assert_eq!(page.status, 200, "{}", page.html);
    assert!(!page.html.contains("acme/open"), "{}", page.html);
    for path in &paths {
        assert_eq!(carol.look(&site.at(path)).await.status, 404, "{path}");
    }
    site.github.permit("acme/open", "dave", "write");
    site.github.permit("acme/shop", "dave", "read");
    let (mut dave, page) = site.sign_in("dave", "/orgs/acme").await;
    assert!(page.html.contains("acme/open") && page.html.contains("acme/shop"));
    for path in paths.iter().chain(&addresses("acme", "shop")) {
        // These are for owners.
        if path.ends_with("/keys") {
            continue;
        }
        assert_eq!(dave.look(&site.at(path)).await.status, 200, "{path}");
    }
}

async fn who_signs_out_or_loses_access_sees_nothing_any_more(database: Database) {
    let (site, ..) = two_accounts(database).await;
    let (mut alice, page) = site.sign_in("alice", STACK).await;
    assert_eq!(page.url.path(), STACK);
    let stolen = alice.cookies.clone();
    let token = page.field("token");
    let out = site.at("/sign-out");
    for (origin, token) in [
        (Some("https://mallory.example"), token.as_str()),
        (Some("null"), &token),
        (None, &token),
        (Some(site.url.as_str()), ""),
        (Some(site.url.as_str()), "00"),
    ] {
        let page = alice.send(&out, origin, &[("token", token)]).await;
        assert_eq!(page.status, 403, "{origin:?} {token}");
    }
    assert_eq!(alice.look(&site.at(STACK)).await.status, 200);
    assert_eq!(site.github.user_tokens("alice"), 1);
    let page = alice
        .send(&out, Some(&site.url), &[("token", &token)])
        .await;
    assert_eq!((page.status, page.header("location")), (303, "/sign-in"));
    assert!(alice.cookies.is_empty(), "{:?}", alice.cookies);
    assert_eq!(site.github.user_tokens("alice"), 0, "revoked at GitHub too");
    let mut thief = Browser::new();
    thief.cookies = stolen;
    assert_eq!(thief.look(&site.at(STACK)).await.status, 303);

    // Rights that GitHub takes back end within minutes, for a new session at once.
    site.github.permit("acme/shop", "alice", "none");
    let page = site.sign_in_with(&mut alice, "alice", STACK).await;
    assert_eq!(page.status, 404, "{}", page.html);
}

async fn a_token_that_expires_is_renewed_and_one_that_is_revoked_ends_the_session(
    database: Database,
) {
    let (mut site, ..) = two_accounts(database).await;
    let (mut alice, page) = site.sign_in("alice", "/").await;
    assert_eq!(page.status, 200);
    // GitHub says that a token lives for eight hours: as if these had passed, it ends sooner for the server as well.
    let former = site.github.user_tokens("alice");
    site.github.let_user_tokens_expire();
    assert_eq!((former, site.github.user_tokens("alice")), (1, 0));
    // What was asked for a moment ago is still known; another process knows nothing.
    site.serve(KEY).await;
    let page = alice.look(&site.at("/")).await;
    assert_eq!((page.status, page.header("location")), (303, "/sign-in"));
    assert!(alice.cookies.is_empty());

    site.sign_in_with(&mut alice, "alice", "/").await;
    site.github.revoke_user_tokens("alice");
    site.serve(KEY).await;
    assert_eq!(alice.look(&site.at(STACK)).await.status, 303);

    site.github.hand_out_short_tokens(true);
    let page = site.sign_in_with(&mut alice, "alice", STACK).await;
    assert_eq!(page.status, 200, "{}", page.html);
    let exchanges = |site: &Site| {
        let requests = site.github.requests();
        let tokens = requests
            .iter()
            .filter(|it| it.path == "/login/oauth/access_token");
        tokens.count()
    };
    let before = exchanges(&site);
    site.serve(KEY).await;
    assert_eq!(alice.look(&site.at(STACK)).await.status, 200);
    assert!(exchanges(&site) > before, "it was renewed");
    assert!(
        site.github.violations().is_empty(),
        "{:?}",
        site.github.violations()
    );
}

async fn another_key_ends_all_sessions(database: Database) {
    let (mut site, ..) = two_accounts(database).await;
    let (mut alice, _) = site.sign_in("alice", "/").await;
    site.serve(KEY).await;
    assert_eq!(
        alice.look(&site.at(STACK)).await.status,
        200,
        "a restart ends none"
    );
    site.serve("another key of the server, as long as it has to be")
        .await;
    assert_eq!(alice.look(&site.at(STACK)).await.status, 303);
    site.serve(KEY).await;
    assert_eq!(
        alice.look(&site.at(STACK)).await.status,
        303,
        "it is gone for good"
    );
}

async fn while_github_is_away_nothing_is_shown(database: Database) {
    let (mut site, ..) = two_accounts(database).await;
    let (mut alice, _) = site.sign_in("alice", STACK).await;
    site.serve(KEY).await;
    site.github.fail_all(Some(Fault::Status(502)));
    for path in addresses("acme", "shop") {
        let page = alice.look(&site.at(&path)).await;
        assert_eq!(page.status, 503, "{path}: {}", page.html);
        assert!(page.html.contains("GitHub does not tell"), "{}", page.html);
    }
    site.github.fail_all(None);
    assert_eq!(alice.look(&site.at(STACK)).await.status, 200);
}

async fn stacks_that_an_earlier_version_scanned_are_listed_by_what_was_found(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    let forget = "update stacks set summary = '', urgency_rank = 0, scanned_at = 0";
    crate::pages::site::execute(&site, forget).await;
    let (_, page) = site.sign_in("alice", "/orgs/acme").await;
    assert!(page.html.contains("1 critical"), "{}", page.html);
    assert!(
        page.html
            .contains("acme-state/staging.tfstate does not exist")
    );
    let listed = site
        .store
        .of(acme)
        .stacks_by_urgency(None, 10)
        .await
        .unwrap();
    assert_eq!(listed.next, None);
    let ranks: Vec<_> = listed.stacks.iter().map(|stack| stack.place.rank).collect();
    assert_eq!(ranks, [0, 1]);
    let known: Vec<StackReport> = crate::report::world().stacks;
    assert_eq!(listed.stacks.len(), known.len());
}

async fn a_long_list_of_stacks_goes_on_behind_the_last_one_shown(database: Database) {
    let site = Site::start(database).await;
    let acme = InstallationId(site.github.install("acme").await);
    let report = crate::report::world().stacks.remove(0);
    let named = |number: usize| StackReport {
        name: StackName::new(&format!("s-{number:03}")).unwrap(),
        ..report.clone()
    };
    let reports: Vec<_> = (0..120).map(named).collect();
    site.scanned(("acme/shop", true), acme, &reports).await;
    // Whoever does not see these goes past them.
    site.scanned(("acme/other", true), acme, &reports).await;
    site.github.permit("acme/other", "alice", "none");
    let (mut alice, page) = site.sign_in("alice", "/orgs/acme").await;
    let count = |html: &str| html.matches("/orgs/acme/shop/s-").count();
    assert_eq!(count(&page.html), 100);
    let next = page.url.join(&page.link("Further stacks")).unwrap();
    let rest = alice.open(next.as_str()).await;
    assert_eq!(count(&rest.html), 20, "{}", rest.html);
    assert!(rest.html.contains("s-119") && !rest.html.contains("Further stacks"));
    assert!(!page.html.contains("acme/other") && !rest.html.contains("acme/other"));
}

async fn a_scan_that_was_given_up_is_told_beside_what_the_one_before_it_found(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    let tenant = site.store.of(acme);
    let shop = tenant.repositories().await.unwrap()[0].id;
    // It ended before it knew any stack.
    let given_up = ScanRecord {
        id: "given-up".to_owned(),
        repository: shop,
        stack: String::new(),
        commit: String::new(),
        outcome: serde_json::json!({ "error": "GitHub has no tarball of this commit" }),
        finished_at: SCANNED + 60_000,
    };
    tenant.record_scan(&given_up).await.unwrap();
    let (mut alice, list) = site.sign_in("alice", "/orgs/acme").await;
    assert!(list.html.contains("GitHub has no tarball"), "{}", list.html);
    for path in [STACK, FINDING] {
        let page = alice.open(&site.at(path)).await;
        let told = [
            "The last scan was given up.",
            "GitHub has no tarball of this commit. What stands here",
        ];
        let is_told = told.iter().all(|text| page.html.contains(text));
        assert!(is_told && page.html.contains("critical"), "{}", page.html);
    }
}
