//! A company whose developer has keys of their own, and what a script asks with one.

use crate::database::Database;
use crate::pages::browser::{Browser, Page};
use crate::pages::site::{Site, execute};
use crate::pages::two_accounts;
use driftguard::model::{ApiKeyUse, InstallationId, RepositoryId};
use driftguard::queue::job::{OrderOrigin, RepositoryTask, TaskJob};
use driftguard::store::{AuditFilter, AuditRecord};
use http::Method;
use serde_json::Value;
use std::time::{Duration, Instant};

pub const KEYS: &str = "/keys";
/// What is asked of GitHub about a person.
pub const PERMISSION: &str = "GET /repos/{owner}/{repo}/collaborators/{username}/permission";

/// dave writes to acme's shop and network, reads its docs, and owns nothing; alice owns acme.
pub struct Company {
    pub site: Site,
    pub acme: InstallationId,
    pub shop: RepositoryId,
    pub network: RepositoryId,
    pub docs: RepositoryId,
}

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<u64>,
    pub json: Value,
}

impl Answer {
    pub fn detail(&self) -> &str {
        self.json["detail"].as_str().unwrap_or_default()
    }
}

impl Company {
    pub async fn start(database: Database) -> Self {
        let (site, acme, _) = two_accounts(database).await;
        let reports = crate::report::world().stacks;
        let shop = site.store.of(acme).repositories().await.unwrap()[0].id;
        let network = site.scanned(("acme/network", true), acme, &reports).await;
        let docs = site.scanned(("acme/docs", true), acme, &reports).await;
        for (repository, level) in [("shop", "write"), ("network", "maintain"), ("docs", "read")] {
            site.github
                .permit(&format!("acme/{repository}"), "dave", level);
        }
        Self {
            site,
            acme,
            shop,
            network,
            docs,
        }
    }

    /// Opens the page of dave's keys.
    pub async fn dave(&self) -> (Browser, Page) {
        self.site.sign_in("dave", KEYS).await
    }

    /// Sends a form of a page that a person has open.
    pub async fn send(&self, browser: &mut Browser, page: &Page, fields: &[(&str, &str)]) -> Page {
        let (token, id) = (page.field("token"), page.field("id"));
        let mut all = vec![("token", token.as_str()), ("id", id.as_str())];
        all.extend(fields);
        let (url, origin) = (self.site.at(KEYS), Some(self.site.url.as_str()));
        browser.send(&url, origin, &all).await
    }

    /// Creates a key of dave's for these repositories.
    pub async fn key(&self, scope: &str, repositories: &[RepositoryId]) -> String {
        let (mut dave, page) = self.dave().await;
        let ticked: Vec<_> = repositories.iter().map(|id| format!("r{id}")).collect();
        let mut fields = vec![
            ("act", "create"),
            ("org", "acme"),
            ("name", "laptop"),
            ("scope", scope),
            ("days", "30"),
            ("which", "some"),
        ];
        fields.extend(ticked.iter().map(|name| (name.as_str(), "on")));
        shown(&self.send(&mut dave, &page, &fields).await)
    }

    /// Lets an hour pass since GitHub was asked.
    pub async fn an_hour_later(&self) {
        let statement = "update api_key_repositories set confirmed_at = confirmed_at - 3600000";
        execute(&self.site, statement).await;
    }

    pub async fn get(&self, key: &str, path: &str) -> Answer {
        self.ask(Method::GET, key, path, &[], String::new()).await
    }

    pub async fn post(&self, key: &str, path: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        let body = body.to_string();
        self.ask(Method::POST, key, path, &headers, body).await
    }

    pub async fn ask(
        &self,
        method: Method,
        key: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Answer {
        let client = reqwest::Client::new();
        let mut request = client.request(method, self.site.at(path)).bearer_auth(key);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(body).send().await.unwrap();
        let after = answer.headers().get("retry-after");
        Answer {
            status: answer.status().as_u16(),
            retry_after: after.map(|after| after.to_str().unwrap().parse().unwrap()),
            json: answer.json().await.unwrap_or_default(),
        }
    }

    /// The ids of the workspaces that a list has.
    pub async fn workspaces(&self, key: &str) -> Vec<String> {
        let answer = self.get(key, "/api/v1/workspaces").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let items = answer.json["items"].as_array().unwrap();
        let ids = items.iter().map(|found| found["id"].as_str().unwrap());
        let mut ids: Vec<_> = ids.map(str::to_owned).collect();
        ids.sort();
        ids
    }

    /// The ids of a repository's workspaces.
    pub fn of(&self, repository: RepositoryId) -> Vec<String> {
        ["production", "staging"]
            .map(|stack| format!("{repository}.{stack}"))
            .to_vec()
    }

    /// What the audit log says of the organisation as a whole: who, what, details; the newest first.
    pub async fn audit(&self) -> Vec<(String, String, String)> {
        let filter = AuditFilter {
            repository: Some(RepositoryId::NONE),
            ..AuditFilter::default()
        };
        let log = self.site.store.of(self.acme);
        let (records, _) = log.audit_log(&filter, None, 100).await.unwrap();
        let told = |record: AuditRecord| {
            let entry = record.entry;
            (entry.person, entry.action, entry.detail)
        };
        records.into_iter().map(told).collect()
    }

    /// How often GitHub was asked about a person.
    pub fn questions(&self) -> usize {
        let requests = self.site.github.requests();
        let asked = requests
            .iter()
            .filter(|it| it.path.contains("/collaborators/"));
        asked.count()
    }

    /// The orders that were taken, with their keys, once there are so many.
    pub async fn orders(&self, count: usize) -> Vec<(RepositoryId, String, String, ApiKeyUse)> {
        let started = Instant::now();
        loop {
            let tasks = self.site.tasks.lock().unwrap().clone();
            let orders: Vec<_> = tasks.into_iter().filter_map(order).collect();
            if orders.len() >= count {
                return orders;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{orders:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn order(job: TaskJob) -> Option<(RepositoryId, String, String, ApiKeyUse)> {
    match job.task {
        RepositoryTask::Order {
            command,
            person,
            via,
            key,
            ..
        } => {
            assert_eq!(via, OrderOrigin::Api);
            Some((job.repository, command, person, key.unwrap()))
        }
        _ => None,
    }
}

/// The beginning of a key.
pub fn prefix(key: &str) -> &str {
    &key[.."dg_live_".len() + 8]
}

/// The key that an answer shows.
pub fn shown(page: &Page) -> String {
    assert_eq!(page.status, 200, "{}", page.html);
    let field = page.html.split("<input class=\"key\" value=\"").nth(1);
    let field = field.unwrap_or_else(|| panic!("no key in {}", page.html));
    field.split('"').next().unwrap().to_owned()
}
