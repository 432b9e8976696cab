//! The pages in Chromium: what a person does there works, at every width, in the dark, and for those who do not see it.

mod axe;
mod driver;
mod story;

use crate::database::Database;
use crate::pages::lists::accepting;
use crate::pages::orders::commands;
use crate::pages::server::stopped;
use crate::pages::site::{KEY, SCANNED, Site, execute};
use crate::pages::{FINDING, STACK, addresses, two_accounts};
use axe::Axe;
use driftguard::model::{AuditEntry, AuditVia, InstallationId};
use driftguard::web::pages::{OWN_KEYS_PATH, SERVER_PATH};
use driver::{Chromium, View};
use std::time::Duration;

/// How long a whole story may take.
const LIMIT: Duration = Duration::from_secs(240);
const DESK: View = View {
    width: 1280,
    height: 900,
    is_phone: false,
    is_dark: false,
};
const PHONE: View = View {
    width: 390,
    height: 844,
    is_phone: true,
    is_dark: false,
};

/// A person's browser, and what is wrong with the pages that it showed.
struct Visit {
    chromium: Chromium,
    axe: Axe,
    wrong: Vec<String>,
}

impl Visit {
    async fn start() -> Option<Self> {
        Some(Self {
            axe: Axe::new()?,
            chromium: Chromium::start().await?,
            wrong: Vec::new(),
        })
    }

    /// The key in the field to copy it from, once the page shows it.
    async fn created_key(&self) -> String {
        let shown = "return document.querySelector('input.key')?.value ?? ''";
        let started = std::time::Instant::now();
        loop {
            let key = self.chromium.script(shown).await;
            if let Some(key) = key.as_str().filter(|key| !key.is_empty()) {
                return key.to_owned();
            }
            assert!(started.elapsed() < LIMIT, "{}", self.chromium.text().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Looks at the page that is open: at a desk and on a phone, in the light and in the dark.
    async fn look(&mut self) {
        let complaints = self.chromium.complaints().await;
        self.wrong.extend(complaints);
        for view in [DESK, PHONE] {
            for is_dark in [true, false] {
                self.look_at(View { is_dark, ..view }).await;
            }
        }
        self.chromium.look_like(DESK).await;
        // What axe-core tries is not the page's doing.
        self.chromium.complaints().await;
    }

    async fn look_at(&mut self, view: View) {
        self.chromium.look_like(view).await;
        let page = self.chromium.script("return location.pathname").await;
        let mut wrong = self.axe.violations(&self.chromium).await;
        let width = self
            .chromium
            .script("return document.documentElement.scrollWidth")
            .await;
        if width.as_u64() > Some(u64::from(view.width)) {
            wrong.push(format!("it is {width} wide"));
        }
        self.chromium.photograph(&page, view).await;
        // By the stylesheet, which the page's policy has let in.
        let background = self
            .chromium
            .script("return getComputedStyle(document.body).backgroundColor")
            .await;
        let expected = ["rgb(255, 255, 255)", "rgb(13, 17, 23)"][usize::from(view.is_dark)];
        if background != expected {
            wrong.push(format!("its background is {background}"));
        }
        let wrong = wrong
            .into_iter()
            .map(|wrong| format!("{page} as {view:?}: {wrong}"));
        self.wrong.extend(wrong);
    }

    /// The addresses of the links that this selector names.
    async fn links(&self, selector: &str) -> Vec<String> {
        let script = format!(
            "return [...document.querySelectorAll('{selector}')].map(link => link.pathname)"
        );
        let links = self.chromium.script(&script).await;
        serde_json::from_value(links).unwrap()
    }

    async fn end(self) {
        self.chromium.end().await;
        assert_eq!(self.wrong, [""; 0], "{}", self.wrong.join("\n"));
    }
}

#[tokio::test]
async fn a_person_finds_the_worst_stack_and_orders_a_restore() {
    let Some(mut visit) = Visit::start().await else {
        return;
    };
    let (site, ..) = two_accounts(Database::sqlite().await).await;
    let story = restore(&site, &mut visit);
    tokio::time::timeout(LIMIT, story).await.unwrap();
    visit.end().await;
}

async fn restore(site: &Site, visit: &mut Visit) {
    let chromium = &visit.chromium;
    chromium.look_like(DESK).await;
    site.github.use_browser_of(Some("alice"));
    chromium.open(&site.at("/")).await;
    chromium.follow("Sign in with GitHub").await;
    chromium.arrives(&site.at("/")).await;
    let home = chromium.text().await;
    assert!(home.contains("acme") && !home.contains("globex"), "{home}");
    chromium.open(&site.at("/orgs/nobody")).await;
    let nowhere = chromium.text().await;
    chromium.open(&site.at("/orgs/globex")).await;
    assert_eq!(chromium.text().await, nowhere);

    chromium.open(&site.at("/")).await;
    chromium.follow("acme").await;
    chromium.arrives("/orgs/acme").await;
    search(site, chromium).await;
    chromium.open(&site.at("/orgs/acme")).await;
    let critical = "contains(@class, 'critical')";
    chromium
        .click(&format!("//table//tr[.//*[{critical}]]//a"))
        .await;
    chromium.arrives(STACK).await;
    chromium
        .click(&format!(
            "//table[@class='findings']//tr[.//*[{critical}]]//a"
        ))
        .await;
    chromium.arrives(FINDING).await;
    let finding = chromium.text().await;
    assert!(finding.contains("reaches port 22"), "{finding}");
    chromium
        .click("//button[normalize-space() = 'Restore']")
        .await;
    chromium.arrives(&format!("{FINDING}?asked=restore")).await;
    let asked = "return document.querySelector('[role=status]').innerText";
    let asked = chromium.script(asked).await;
    let asked = asked.as_str().unwrap();
    assert!(asked.contains("asked to restore this finding"), "{asked}");
    let orders = commands(site, 1).await;
    let orders: Vec<_> = orders
        .iter()
        .map(|(_, command, person)| (command.as_str(), person.as_str()))
        .collect();
    assert_eq!(orders, [("restore f-00000000000a", "alice")]);
    // The same page on a phone, in the dark.
    visit.look().await;

    let chromium = &visit.chromium;
    chromium.click("//button[. = 'Sign out']").await;
    chromium.open(&site.at(FINDING)).await;
    let text = chromium.text().await;
    assert!(!text.contains("aws_security_group"), "{text}");
    assert_eq!(site.github.violations(), [""; 0]);
}

/// Searches the findings of all stacks for the group that is open to the world.
async fn search(site: &Site, chromium: &Chromium) {
    chromium.follow("Findings").await;
    chromium.arrives("/orgs/acme/findings").await;
    for (field, text) in [("q", "_Group.WEB"), ("repository", "shop")] {
        let typed = format!("document.querySelector('[name={field}]').value = '{text}'");
        chromium.script(&typed).await;
    }
    let chosen = "document.querySelector('[name=severity]').value = 'critical'";
    chromium.script(chosen).await;
    chromium
        .click("//button[normalize-space() = 'Filter']")
        .await;
    let address =
        "/orgs/acme/findings?q=_Group.WEB&severity=critical&kind=&status=&type=&repository=shop";
    chromium.arrives(&site.at(address)).await;
    let links = chromium
        .script("return [...document.querySelectorAll('tbody th a')].map(link => link.pathname)")
        .await;
    assert_eq!(links, serde_json::json!([FINDING]));
    // What was asked for stands in the form still.
    let asked = "return [...new FormData(document.querySelector('form.filter'))].map(([, value]) => value).join('|')";
    let asked = chromium.script(asked).await;
    assert_eq!(asked, "_Group.WEB|critical||||shop");
    chromium.follow("Show all open").await;
    chromium.arrives(&site.at("/orgs/acme/findings?")).await;
}

#[tokio::test]
async fn a_person_creates_a_key_of_their_own_and_revokes_it() {
    let Some(mut visit) = Visit::start().await else {
        return;
    };
    let (site, ..) = two_accounts(Database::sqlite().await).await;
    let story = own_key(&site, &mut visit);
    tokio::time::timeout(LIMIT, story).await.unwrap();
    visit.end().await;
}

async fn own_key(site: &Site, visit: &mut Visit) {
    let chromium = &visit.chromium;
    chromium.look_like(PHONE).await;
    site.github.use_browser_of(Some("alice"));
    chromium.open(&site.at("/")).await;
    chromium.follow("Sign in with GitHub").await;
    chromium.arrives(&site.at("/")).await;
    chromium.follow("Your API keys").await;
    chromium.arrives(OWN_KEYS_PATH).await;
    chromium.click("//label[contains(., 'acme/shop')]").await;
    chromium
        .script("document.querySelector('[name=name]').value = 'laptop'")
        .await;
    visit.look().await;
    let chromium = &visit.chromium;
    chromium.click("//button[. = 'Create']").await;
    let key = visit.created_key().await;
    assert!(key.starts_with("dg_live_"), "{key}");
    // With the key, the form, and a row in the list.
    visit.look().await;
    let chromium = &visit.chromium;
    chromium.click("//button[. = 'Revoke']").await;
    chromium.arrives("/keys?done=revoke").await;
    let text = chromium.text().await;
    assert!(text.contains("The key is revoked"), "{text}");
    assert_eq!(site.github.violations(), [""; 0]);
}

#[tokio::test]
async fn each_page_is_for_everybody() {
    let Some(mut visit) = Visit::start().await else {
        return;
    };
    let (mut site, acme, _) = two_accounts(Database::sqlite().await).await;
    site.operators = "alice";
    site.serve(KEY).await;
    fill(&site, acme).await;
    let tour = tour(&site, &mut visit);
    tokio::time::timeout(LIMIT, tour).await.unwrap();
    visit.end().await;
}

/// Puts something into each list.
async fn fill(site: &Site, acme: InstallationId) {
    let tenant = site.store.of(acme);
    let shop = tenant.repositories().await.unwrap()[0].id;
    let entry = AuditEntry {
        key: "comment/1/adopt/production/f-00000000000a".to_owned(),
        at: SCANNED,
        person: "alice".to_owned(),
        via: AuditVia::Comment,
        action: "adopt".to_owned(),
        stack: "production".to_owned(),
        finding: "f-00000000000a".to_owned(),
        detail: "ours".to_owned(),
    };
    tenant.record_audit(shop, &entry).await.unwrap();
    for key in ["scan", "order"] {
        tenant.stop_job(&stopped(key, acme, shop)).await.unwrap();
    }
    let reports = [accepting(&[
        "for good (carol)",
        "the vendor needs it, until 2099-03-31",
    ])];
    site.scanned(("acme/network", true), acme, &reports).await;
    // One that is no more, with a long address.
    let ended = "insert into finding_history (installation, repository, stack, finding, first_seen, last_seen, scans, ending,
             ended_at, address, resource_type, parent_type, account, region, kind, severity)
         select installation, repository, stack, 'f-000000000aaa', first_seen, last_seen, 3, 'resolved', last_seen + 60000,
             'module.network_of_the_whole_company[\"europe-and-the-near-east\"].module.private_subnets.aws_route_table_association.private[\"eu-west-1a\"]',
             'aws_route_table_association', '', '123456789012', 'eu-west-1', 'modified', 'high'
         from finding_history where finding = 'f-00000000000a'";
    execute(site, ended).await;
    // An organisation whose owners GitHub does not tell.
    let hooli = InstallationId(site.github.install("hooli").await);
    site.scanned(("hooli/app", true), hooli, &reports).await;
    site.github.withhold(hooli.0, "members");
}

async fn tour(site: &Site, visit: &mut Visit) {
    site.github.use_browser_of(Some("alice"));
    visit.chromium.look_like(DESK).await;
    visit.chromium.open(&site.at("/")).await;
    visit.look().await;
    visit.chromium.follow("Sign in with GitHub").await;
    visit.chromium.arrives(&site.at("/")).await;
    visit.chromium.open(&site.at(STACK)).await;
    let mut pages = addresses("acme", "shop");
    pages.extend(visit.links("th a[href^=\"/orgs/\"]").await);
    pages.extend([SERVER_PATH, OWN_KEYS_PATH].map(str::to_owned));
    pages.extend(["/orgs/acme/shop/staging", "/orgs/nobody"].map(str::to_owned));
    pages.push("/api/docs".to_owned());
    pages.push("/orgs/acme/findings?status=resolved".to_owned());
    pages.push("/orgs/acme/shop/production/findings/f-000000000aaa".to_owned());
    pages.push("/orgs/hooli/keys".to_owned());
    pages.sort();
    pages.dedup();
    for page in &pages {
        visit.chromium.open(&site.at(page)).await;
        visit.look().await;
    }
    // It sees what is wrong.
    visit.chromium.open(&site.at("/")).await;
    visit
        .chromium
        .script("document.documentElement.removeAttribute('lang')")
        .await;
    let wrong = visit.axe.violations(&visit.chromium).await;
    assert!(
        wrong.iter().any(|wrong| wrong.contains("html-has-lang")),
        "{wrong:?}"
    );
}
