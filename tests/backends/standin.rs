//! Stand-ins for the hosts that keep states outside of AWS: HCP Terraform with its archive, and a plain web server. They
//! refuse what the real ones refuse, and note every request.

use crate::aws::STATE;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// The one token that HCP Terraform takes.
pub const TOKEN: &str = "planted-hcp-token";
/// The one user of the guarded address, and the password.
pub const USER: &str = "shop";
pub const HTTP_PASSWORD: &str = "planted-http-password";
/// How many workspaces a page has, whatever is asked for.
const PAGE: usize = 2;

/// A workspace of the organization `acme`.
#[derive(Clone, Default)]
pub struct Workspace {
    /// None: nothing was applied yet.
    pub state: Option<String>,
    pub tags: Vec<(&'static str, &'static str)>,
    pub project: &'static str,
    pub locked: bool,
}

/// A request that arrived: its method, and its `Authorization`.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub method: String,
    pub authorization: Option<String>,
}

/// The workspaces, by name.
type Workspaces = Arc<Mutex<BTreeMap<String, Workspace>>>;
/// The requests so far.
type Requests = Arc<Mutex<Vec<Arrived>>>;

/// HCP Terraform's API, and the archive that it redirects to.
pub struct Hcp {
    /// The API's host, with its port.
    pub host: String,
    workspaces: Workspaces,
    pub asked: Requests,
    pub archived: Requests,
    refuses: Arc<AtomicBool>,
}

#[derive(Clone)]
struct Api {
    workspaces: Workspaces,
    asked: Requests,
    host: String,
    archive: String,
    refuses: Arc<AtomicBool>,
}

impl Hcp {
    pub async fn start() -> Self {
        let workspaces = Workspaces::default();
        let (asked, archived) = (Arc::default(), Arc::default());
        let refuses = Arc::<AtomicBool>::default();
        let archive = (workspaces.clone(), Arc::clone(&archived));
        let archive = serve(Router::new().fallback(object).with_state(archive)).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let api = Api {
            workspaces: workspaces.clone(),
            asked: Arc::clone(&asked),
            host: host.clone(),
            archive,
            refuses: Arc::clone(&refuses),
        };
        let router = Router::new().fallback(api_answer).with_state(api);
        tokio::spawn(async { axum::serve(listener, router).await });
        Self {
            host,
            workspaces,
            asked,
            archived,
            refuses,
        }
    }

    /// Takes no token any more, or takes the one again.
    pub fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::SeqCst);
    }

    /// Somebody deletes a workspace.
    pub fn remove(&self, name: &str) {
        self.workspaces.lock().unwrap().remove(name);
    }

    /// Adds a workspace, or changes it.
    pub fn put(&self, name: &str, workspace: Workspace) {
        let mut all = self.workspaces.lock().unwrap();
        all.insert(name.to_owned(), workspace);
    }

    /// Adds a workspace with the shop's state.
    pub fn put_shop(&self, name: &str) {
        let state = Some(STATE.to_owned());
        let workspace = Workspace {
            state,
            ..Workspace::default()
        };
        self.put(name, workspace);
    }

    /// The variable with the token for this host.
    pub fn token_variable(&self) -> String {
        format!("TF_TOKEN_{}", self.host.replace('.', "_"))
    }
}

fn arrived(request: &Request) -> Arrived {
    let header = request.headers().get("authorization");
    Arrived {
        method: request.method().to_string(),
        authorization: header.map(|value| value.to_str().unwrap().to_owned()),
    }
}

fn answer(status: u16, body: impl Into<Body>) -> Response {
    let response = Response::builder().status(status);
    response.body(body.into()).unwrap()
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    address
}

/// The archive: an address is enough, and a token of another host is too much.
async fn object(
    State((workspaces, archived)): State<(Workspaces, Requests)>,
    request: Request,
) -> Response {
    archived.lock().unwrap().push(arrived(&request));
    let name = request.uri().path().trim_start_matches("/object/");
    let known = workspaces.lock().unwrap().get(name).cloned();
    let is_signed = request.uri().query() == Some("signature=planted-signature");
    if request.headers().contains_key("authorization") || !is_signed {
        return answer(400, "");
    }
    match known.and_then(|known| known.state) {
        Some(state) => answer(200, state),
        None => answer(404, ""),
    }
}

async fn api_answer(State(api): State<Api>, request: Request) -> Response {
    api.asked.lock().unwrap().push(arrived(&request));
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if request.method() != "GET" {
        return answer(405, "");
    }
    let is_known = header("authorization") == Some(&format!("Bearer {TOKEN}"));
    if !is_known || api.refuses.load(Ordering::SeqCst) {
        return answer(
            401,
            r#"{"errors": [{"status": "401", "title": "unauthorized"}]}"#,
        );
    }
    let path = request.uri().path().to_owned();
    let parts: Vec<_> = path.trim_matches('/').split('/').collect();
    if parts[..2] == ["api", "v2"] && header("content-type") != Some("application/vnd.api+json") {
        return answer(415, "");
    }
    let query: Vec<(String, String)> = request.uri().query().map_or_else(Vec::new, |query| {
        url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect()
    });
    let all = api.workspaces.lock().unwrap();
    let found = match parts[..] {
        ["api", "v2", "organizations", "acme", "workspaces"] => Some(page(&all, &query)),
        ["api", "v2", "organizations", "acme", "projects"] => {
            let named = value(&query, "filter[names]").unwrap();
            let known = all.values().any(|workspace| workspace.project == named);
            let projects: Vec<_> = known
                .then(|| json!({"id": format!("prj-{named}")}))
                .into_iter()
                .collect();
            Some(json!({"data": projects}))
        }
        ["api", "v2", "organizations", "acme", "workspaces", name] => all
            .get(name)
            .map(|known| json!({"data": object_of(name, known)})),
        ["api", "v2", "workspaces", id, "current-state-version"] => {
            let name = id.trim_start_matches("ws-");
            let known = all.get(name).filter(|known| known.state.is_some());
            known.map(|_| {
                let url = format!("http://{}/api/state-versions/sv-{name}/hosted_state", api.host);
                json!({"data": {"id": format!("sv-{name}"), "attributes": {"hosted-state-download-url": url}}})
            })
        }
        ["api", "state-versions", version, "hosted_state"] => {
            let name = version.trim_start_matches("sv-");
            let location = format!("{}/object/{name}?signature=planted-signature", api.archive);
            let redirect = Response::builder().status(302).header("location", location);
            return redirect.body(Body::empty()).unwrap();
        }
        _ => None,
    };
    match found {
        Some(found) => answer(200, found.to_string()),
        None => answer(
            404,
            r#"{"errors": [{"status": "404", "title": "not found"}]}"#,
        ),
    }
}

fn object_of(name: &str, workspace: &Workspace) -> Value {
    json!({"id": format!("ws-{name}"), "type": "workspaces", "attributes": {"name": name, "locked": workspace.locked}})
}

fn value<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = query.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}

/// A page of the workspaces that match: the search for names finds a text anywhere in them, as the real one does.
fn page(all: &BTreeMap<String, Workspace>, query: &[(String, String)]) -> Value {
    let matches = |name: &str, workspace: &Workspace| {
        let has_key = |key: &str| workspace.tags.iter().any(|(known, _)| *known == key);
        let text = value(query, "search[name]").is_none_or(|text| name.contains(text));
        let tags = value(query, "search[tags]");
        let tags = tags.is_none_or(|tags| tags.split(',').all(has_key));
        let tagged = (0..).map_while(|at| {
            let key = value(query, &format!("filter[tagged][{at}][key]"))?;
            Some((key, value(query, &format!("filter[tagged][{at}][value]"))?))
        });
        let tagged = tagged
            .into_iter()
            .all(|pair| workspace.tags.contains(&pair));
        let project = value(query, "filter[project][id]");
        let project = project.is_none_or(|id| id == format!("prj-{}", workspace.project));
        text && tags && tagged && project
    };
    let found: Vec<_> = all
        .iter()
        .filter(|(name, workspace)| matches(name, workspace))
        .map(|(name, workspace)| object_of(name, workspace))
        .collect();
    let number: usize = value(query, "page[number]").unwrap().parse().unwrap();
    let pages = found.chunks(PAGE).count();
    let next = (number < pages).then_some(number + 1);
    let shown = found.chunks(PAGE).nth(number - 1).unwrap_or_default();
    json!({"data": shown, "meta": {"pagination": {"current-page": number, "next-page": next}}})
}

/// A web server that keeps states, as GitLab does.
pub struct Web {
    /// Its address, without a slash at its end.
    pub url: String,
    pub asked: Requests,
}

impl Web {
    pub async fn start() -> Self {
        let asked = Requests::default();
        let router = Router::new().fallback(web_answer).with_state(asked.clone());
        Self {
            url: serve(router).await,
            asked,
        }
    }

    /// Each request so far.
    pub fn arrived(&self) -> Vec<Arrived> {
        self.asked.lock().unwrap().clone()
    }
}

async fn web_answer(State(asked): State<Requests>, request: Request) -> Response {
    use base64::Engine;
    asked.lock().unwrap().push(arrived(&request));
    if request.method() != "GET" {
        return answer(405, "");
    }
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{HTTP_PASSWORD}"));
    let authorization = request.headers().get("authorization");
    let is_user = authorization.is_some_and(|value| *value == format!("Basic {basic}"));
    match request.uri().path() {
        "/state/guarded" if !is_user => answer(401, ""),
        "/state/open" | "/state/guarded" => answer(200, STATE),
        "/state/empty" => answer(204, ""),
        "/state/blank" => answer(200, ""),
        "/state/page" => answer(200, "<html>a page</html>"),
        // Without a size: it is sent in pieces.
        "/state/large" => {
            let piece = || Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 64 * 1024]));
            answer(
                200,
                Body::from_stream(futures::stream::iter((0..64).map(move |_| piece()))),
            )
        }
        "/state/broken" => answer(500, "planted-answer"),
        path => match path.strip_prefix("/to/") {
            Some(_) => {
                let target = request.uri().query().unwrap_or_default().to_owned();
                let redirect = Response::builder().status(302).header("location", target);
                redirect.body(Body::empty()).unwrap()
            }
            None => answer(404, ""),
        },
    }
}
