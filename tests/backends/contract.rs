//! What every backend must do, one test over all: a new one is missing here until it has its cases.

use super::standin::{HTTP_PASSWORD, Hcp, TOKEN, Web, Workspace};
use crate::aws::{BUCKET, KEY, OwnMoto, STATE, config, moto};
use crate::coverage::{enforce, user_without};
use driftguard::aws::{Access, Aws};
use driftguard::code::Options;
use driftguard::model::{Redactor, Region, ScanError, Tree, Value};
use driftguard::outbound::Outbound;
use driftguard::resources::catalog;
use driftguard::scan::find::Search;
use driftguard::scan::workspaces;
use driftguard::settings::Settings;
use driftguard::state::backends::{
    ALL, BackendAccess, BackendConfig, BackendType, HostTokens, HttpAccess,
};
use driftguard::state::{self, StateBudget};
use std::collections::{BTreeMap, BTreeSet};

/// What stands where a state should be.
const PAGE: &str = "<html>a page</html>";
/// More than some tests allow.
const LIMIT: u64 = 64 * 1024 * 1024;
const FOLDER: &str = "infra";

/// The places of one backend.
struct Cases {
    present: BackendConfig<'static>,
    missing: Vec<BackendConfig<'static>>,
    refused: BackendConfig<'static>,
    no_state: BackendConfig<'static>,
    /// The workspaces, or a part of why there are none.
    listed: Result<&'static [&'static str], &'static str>,
}

/// Everything that keeps states.
struct Hosts {
    aws: OwnMoto,
    hcp: Hcp,
    web: Web,
    tree: Tree,
}

impl Hosts {
    async fn start() -> Self {
        let aws = moto().await;
        for (workspace, text) in [("blue", STATE), ("page", PAGE)] {
            let key = format!("env:/{workspace}/{KEY}");
            aws.put_object(BUCKET, &key, text).await.unwrap();
        }
        // Another stack's.
        aws.put_object(BUCKET, "env:/green/other.tfstate", STATE)
            .await
            .unwrap();
        let hcp = Hcp::start().await;
        for (name, state) in [("blue", Some(STATE)), ("page", Some(PAGE)), ("new", None)] {
            let workspace = Workspace {
                state: state.map(str::to_owned),
                tags: vec![("shop", "")],
                ..Workspace::default()
            };
            hcp.put(&format!("shop-{name}"), workspace);
        }
        // Found by a search for names, and nobody's here.
        hcp.put_shop("old-shop-red");
        let tree = [
            ("infra/terraform.tfstate.d/blue/terraform.tfstate", STATE),
            ("infra/terraform.tfstate.d/page/terraform.tfstate", PAGE),
            ("other/terraform.tfstate.d/green/terraform.tfstate", STATE),
        ];
        Self {
            aws,
            hcp,
            web: Web::start().await,
            tree: tree.into_iter().collect(),
        }
    }

    fn cases(&self, kind: &str) -> Cases {
        let text = |value: &str| Value::text(value);
        match kind {
            "local" => {
                let at = |workspace| configured(&[], workspace);
                Cases {
                    present: at("blue"),
                    missing: vec![at("none"), at("default")],
                    refused: configured(&[("path", text("../../state"))], "default"),
                    no_state: at("page"),
                    listed: Ok(&["blue", "page"]),
                }
            }
            "s3" => {
                let settings = [("bucket", text(BUCKET)), ("key", text(KEY))];
                let at = |workspace| configured(&settings, workspace);
                Cases {
                    present: at("blue"),
                    missing: vec![at("none"), at("default")],
                    refused: at("blue"),
                    no_state: at("page"),
                    listed: Ok(&["blue", "page"]),
                }
            }
            "http" => {
                let at = |name: &str| {
                    let address = format!("{}/state/{name}?key=planted-key", self.web.url);
                    configured(&[("address", Value::text(address))], "default")
                };
                Cases {
                    present: at("open"),
                    missing: vec![at("none"), at("empty"), at("blank")],
                    refused: at("guarded"),
                    no_state: at("page"),
                    listed: Err("no workspaces"),
                }
            }
            "cloud" => {
                let at =
                    |workspace| self.of_hcp("tags", Value::List(vec!["shop".into()]), workspace);
                Cases {
                    present: at("shop-blue"),
                    missing: vec![at("none"), at("shop-new")],
                    refused: at("shop-blue"),
                    no_state: at("shop-page"),
                    listed: Ok(&["shop-blue", "shop-new", "shop-page"]),
                }
            }
            "remote" => {
                let at = |workspace| self.of_hcp("prefix", text("shop-"), workspace);
                Cases {
                    present: at("blue"),
                    missing: vec![at("none"), at("new")],
                    refused: at("blue"),
                    no_state: at("page"),
                    listed: Ok(&["blue", "new", "page"]),
                }
            }
            kind => panic!("the backend `{kind}` has no cases: add them here"),
        }
    }

    fn of_hcp(&self, name: &str, value: Value, workspace: &'static str) -> BackendConfig<'static> {
        let settings = [
            ("hostname", Value::text(&self.hcp.host)),
            ("organization", Value::text("acme")),
            ("workspaces", Value::map([(name, value)])),
        ];
        configured(&settings, workspace)
    }

    fn http(&self, token: &str) -> HttpAccess {
        let mut tokens = HostTokens::default();
        tokens.add(&self.hcp.host, token.into());
        HttpAccess::of_server(Outbound::new(true).unwrap(), tokens)
    }
}

fn configured(settings: &[(&str, Value)], workspace: &'static str) -> BackendConfig<'static> {
    let settings = settings.iter().cloned();
    BackendConfig {
        folder: FOLDER,
        settings: settings
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        workspace,
        all_workspaces: false,
    }
}

/// Reads a state: its bytes, or why there are none.
async fn read(
    backend: &BackendType,
    config: &BackendConfig<'_>,
    (hosts, aws, http): (&Hosts, &Aws, &HttpAccess),
    largest: u64,
) -> Result<bytes::Bytes, ScanError> {
    let budget = StateBudget::of_server(largest);
    let access = BackendAccess {
        aws,
        http,
        region: Region::new("us-east-1").unwrap(),
        tree: &hosts.tree,
        states: &budget.begin(&budget.memory()),
    };
    let read = (backend.read)(config, &access).await;
    read.map(|stored| stored.bytes)
}

/// The error, which names the place and holds nothing that opens it.
fn refusal(
    backend: &BackendType,
    config: &BackendConfig<'_>,
    read: Result<bytes::Bytes, ScanError>,
) -> String {
    let message = read.unwrap_err().message;
    for secret in [TOKEN, HTTP_PASSWORD, "planted"] {
        assert!(!message.contains(secret), "{}: {message}", backend.kind);
    }
    if let Ok(known) = (backend.locate)(config) {
        assert!(
            message.contains(&known.location),
            "{}: {message}",
            backend.kind
        );
        assert!(message.contains(": "), "no remedy: {message}");
    }
    message
}

#[tokio::test]
async fn every_backend_finds_the_state_and_names_what_it_cannot_read() {
    let hosts = Hosts::start().await;
    let own = Access {
        own: true,
        ..Access::default()
    };
    let aws = Aws::with_config(config(hosts.aws.url()).await, own.clone());
    let http = hosts.http(TOKEN);
    for backend in ALL {
        let (kind, cases) = (backend.kind, hosts.cases(backend.kind));
        let with = (&hosts, &aws, &http);
        let found = read(backend, &cases.present, with, LIMIT).await;
        assert_eq!(found.unwrap(), STATE, "{kind}");
        for missing in &cases.missing {
            let message = refusal(backend, missing, read(backend, missing, with, LIMIT).await);
            let told = ["does not exist", "there is no state", "has no state yet"];
            assert!(
                told.iter().any(|told| message.contains(told)),
                "{kind}: {message}"
            );
        }
        let large = read(backend, &cases.present, with, 1024).await.unwrap_err();
        assert_eq!(large.kind, "state", "{kind}");
        assert!(
            large.message.contains("DRIFTGUARD_STATE_LIMIT"),
            "{kind}: {large}"
        );
        let bytes = read(backend, &cases.no_state, with, LIMIT).await.unwrap();
        let location = (backend.locate)(&cases.no_state).unwrap().location;
        let parsed = state::parse(&bytes, &location, &catalog(), &Redactor::new(b"key"));
        let error = parsed.unwrap_err().to_string();
        assert!(
            error.contains(&location) && error.contains("no Terraform state"),
            "{error}"
        );
        let budget = StateBudget::of_server(LIMIT);
        let access = BackendAccess {
            aws: &aws,
            http: &http,
            region: Region::new("us-east-1").unwrap(),
            tree: &hosts.tree,
            states: &budget.begin(&budget.memory()),
        };
        match (
            (backend.workspaces)(&cases.present, &access).await,
            cases.listed,
        ) {
            (Ok(names), Ok(listed)) => {
                assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
                assert_eq!(names, listed, "{kind}");
            }
            (Err(error), Err(why)) => assert!(error.message.contains(why), "{kind}: {error}"),
            (names, _) => panic!("{kind}: {names:?}"),
        }
    }
    refused_by_every_backend(&hosts, own).await;
    only_asked(&hosts);
}

/// What a state is refused with names the cause and the remedy.
async fn refused_by_every_backend(hosts: &Hosts, own: Access) {
    let remedies = BTreeMap::from([
        ("cloud", "DRIFTGUARD_HCP_TOKENS"),
        ("http", "sends no credentials"),
        ("local", "leads out of the repository"),
        ("remote", "DRIFTGUARD_HCP_TOKENS"),
        ("s3", "s3:GetObject"),
    ]);
    let (id, secret) = user_without(hosts.aws.url(), &["s3:GetObject"]).await;
    enforce(hosts.aws.url()).await;
    let key = aws_sdk_sts::config::Credentials::new(id, secret, None, None, "tests");
    let refused = config(hosts.aws.url()).await.into_builder();
    let refused =
        refused.credentials_provider(aws_sdk_sts::config::SharedCredentialsProvider::new(key));
    let aws = Aws::with_config(refused.build(), own);
    let http = hosts.http("another");
    for backend in ALL {
        let config = hosts.cases(backend.kind).refused;
        let answer = read(backend, &config, (hosts, &aws, &http), LIMIT).await;
        let message = refusal(backend, &config, answer);
        assert!(message.contains(remedies[backend.kind]), "{message}");
    }
}

/// Nothing was ever written or locked, and each host saw its own credentials alone.
fn only_asked(hosts: &Hosts) {
    let asked = hosts.hcp.asked.lock().unwrap().clone();
    let archived = hosts.hcp.archived.lock().unwrap().clone();
    let all = asked.iter().chain(&archived);
    assert!(all.clone().count() > 10);
    assert!(all.clone().all(|request| request.method == "GET"));
    assert!(
        archived
            .iter()
            .all(|request| request.authorization.is_none()),
        "{archived:?}"
    );
    let of_web = hosts.web.arrived();
    assert!(
        of_web
            .iter()
            .all(|request| request.method == "GET" && request.authorization.is_none())
    );
}

#[tokio::test]
async fn a_state_without_a_size_is_counted_while_it_arrives() {
    let hosts = Hosts::start().await;
    let own = Access {
        own: true,
        ..Access::default()
    };
    let aws = Aws::with_config(config(hosts.aws.url()).await, own);
    let http = hosts.http(TOKEN);
    let backend = BackendType::named("http").unwrap();
    let address = format!("{}/state/large", hosts.web.url);
    let config = configured(&[("address", Value::text(address))], "default");
    let with = (&hosts, &aws, &http);
    let error = read(backend, &config, with, 2 << 20).await.unwrap_err();
    assert!(
        error
            .message
            .contains("/state/large has 3 MiB, and 2 MiB are allowed"),
        "{error}"
    );
    let whole = read(backend, &config, with, 8 << 20).await.unwrap();
    assert_eq!(whole.len(), 4 << 20);
}

#[tokio::test]
async fn a_server_is_led_to_no_private_address() {
    let hosts = Hosts::start().await;
    let aws = Aws::with_config(config(hosts.aws.url()).await, Access::default());
    let mut tokens = HostTokens::default();
    tokens.add(&hosts.hcp.host, TOKEN.into());
    let http = HttpAccess::of_server(Outbound::new(false).unwrap(), tokens);
    let port = hosts.web.url.rsplit(':').next().unwrap().to_owned();
    let places = [
        format!("{}/state/open", hosts.web.url),
        format!("https://127.0.0.1:{port}/state/open"),
        format!("https://localhost:{port}/state/open"),
        format!("https://[::ffff:127.0.0.1]:{port}/state/open"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "http://example.com/state".to_owned(),
    ];
    for place in places {
        let config = configured(&[("address", Value::text(&place))], "default");
        let backend = BackendType::named("http").unwrap();
        let read = read(backend, &config, (&hosts, &aws, &http), LIMIT).await;
        let message = read.unwrap_err().message;
        let told = ["private address", "it is not https", "no web address"];
        assert!(
            told.iter().any(|told| message.contains(told)),
            "{place}: {message}"
        );
    }
    // The host of a `cloud` block is an address of the repository's as well.
    let cases = hosts.cases("cloud");
    let backend = BackendType::named("cloud").unwrap();
    let read = read(backend, &cases.present, (&hosts, &aws, &http), LIMIT).await;
    assert!(read.unwrap_err().message.contains("private address"));
    assert!(hosts.web.arrived().is_empty() && hosts.hcp.asked.lock().unwrap().is_empty());
}

/// A backend may list tens of thousands of workspaces, and each stack copies what is said of all of them.
#[tokio::test]
async fn of_many_workspaces_only_as_many_are_stacks_as_are_wanted() {
    let state = |at: usize| {
        let path = format!("infra/terraform.tfstate.d/w{at:04}/terraform.tfstate");
        (path, STATE.to_owned())
    };
    let code = "terraform {\n  backend \"local\" {}\n}\n".to_owned();
    let code = std::iter::once(("infra/main.tf".to_owned(), code));
    let tree: Tree = (0..1_200).map(state).chain(code).collect();
    let settings = "stacks:\n  - {name: shop, path: infra, workspaces: \"*\"}\n";
    let search = Search {
        tree: &tree,
        settings: &Settings::parse(settings).unwrap(),
        within: "",
        most: 500,
        code: &Options::default(),
    };
    let stack = search.stacks().unwrap().stacks.remove(0);
    let aws = Aws::with_config(config("http://127.0.0.1:9").await, Access::default());
    let budget = StateBudget::of_server(LIMIT);
    let access = BackendAccess {
        aws: &aws,
        http: &HttpAccess::of_server(Outbound::new(false).unwrap(), HostTokens::default()),
        region: Region::new("us-east-1").unwrap(),
        tree: &tree,
        states: &budget.begin(&budget.memory()),
    };
    let found = workspaces::of_stack(stack.clone(), &access, 500).await;
    assert_eq!((found.stacks.len(), found.left_out.len()), (500, 700));
    assert_eq!(found.stacks[499].name.as_str(), "shop-w0499");
    assert_eq!(found.left_out[0].as_str(), "shop-w0500");
    let none = workspaces::of_stack(stack, &access, 0).await;
    assert_eq!((none.stacks.len(), none.left_out.len()), (0, 1_200));
}
