//! Modules of other repositories, as the server fetches them.

use crate::openapi;
use driftguard::code::{self, Options};
use driftguard::config;
use driftguard::github::{GitHub, GithubError};
use driftguard::model::{InstallationId, RepositoryId, RepositoryName, Tree};
use driftguard::modules::{ModuleStore, Root, Viewer};
use driftguard::outbound::Outbound;
use driftguard::standin::github::{self, AppIdentity, Content, Fault};
use driftguard::standin::registry::Registry;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeMap;
use url::Url;

/// A module with one resource, which sets this.
const MODULE: &str = "variable \"name\" {\n  default = \"default\"\n}\nresource \"aws_x\" \"x\" {\n  name = var.name\n}\n";
/// A module that calls one of a registry, and a folder beside itself.
const NESTED: &str = "module \"deep\" {\n  source  = \"acme/deep/aws\"\n  version = \"~> 1.0\"\n  name    = \"deep\"\n}\n\
                      module \"beside\" {\n  source = \"../beside\"\n}\n";

struct World {
    github: github::GitHub,
    registry: Registry,
    client: GitHub,
    store: ModuleStore,
    /// The numbers of `acme`'s repositories.
    repositories: BTreeMap<RepositoryName, RepositoryId>,
    installation: u64,
}

fn name(text: &str) -> RepositoryName {
    RepositoryName::new(text).unwrap()
}

impl World {
    async fn start(private: bool) -> Self {
        let app = AppIdentity::fresh(7, "hook").unwrap();
        let github = github::GitHub::start(&app, openapi::validator())
            .await
            .unwrap();
        let registry = Registry::start().await.unwrap();
        let client = GitHub::new(github.url(), app.id, &app.key.clone().into()).unwrap();
        let address = Url::parse(registry.url()).unwrap();
        let settings = config::Modules {
            private,
            registries: BTreeMap::from([(config::PUBLIC_REGISTRY.to_owned(), address)]),
        };
        let outbound = Outbound::new(true).unwrap();
        let pages = "https://github.com";
        let store = ModuleStore::new(client.clone(), pages, outbound, &settings);
        let mut world = Self {
            github,
            registry,
            client,
            store,
            repositories: BTreeMap::new(),
            installation: 0,
        };
        world
            .create("acme/shop", true, "main", &[("main.tf", "")])
            .await;
        world.installation = world.github.install("acme").await;
        world
    }

    /// Creates a repository with this branch.
    async fn create(
        &mut self,
        repository: &str,
        private: bool,
        branch: &str,
        files: &[(&str, &str)],
    ) {
        let id = self.github.create_repository(repository, private);
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (*path, Content::from(*text)))
            .collect();
        self.github.push(repository, "main", "alice", &files).await;
        self.github.push(repository, branch, "alice", &files).await;
        if repository.starts_with("acme/") {
            self.repositories.insert(name(repository), RepositoryId(id));
        }
    }

    /// Fetches for acme/shop with this code in `live`, and evaluates: each resource with its name, and what was not evaluated.
    async fn scan(&self, code: &str) -> (Vec<String>, Vec<String>) {
        self.scan_as("acme/shop", true, code).await.unwrap()
    }

    async fn scan_as(
        &self,
        repository: &str,
        private: bool,
        code: &str,
    ) -> Result<(Vec<String>, Vec<String>), GithubError> {
        let files = [
            ("live/main.tf", code),
            // What a repository holds itself there counts for nothing.
            ("live/.terraform/modules/own/main.tf", MODULE),
            (".terraform/fetched/x/main.tf", MODULE),
        ];
        self.scan_files(repository, private, &files).await
    }

    /// The same of these files, of which those in `live` are the stack.
    async fn scan_files(
        &self,
        repository: &str,
        private: bool,
        files: &[(&str, &str)],
    ) -> Result<(Vec<String>, Vec<String>), GithubError> {
        let tree: Tree = files.iter().copied().collect();
        let id = self.repositories[&name(repository)];
        let installation = InstallationId(self.installation);
        let own = self.client.repository(installation, id, name(repository));
        let viewer = Viewer {
            installation,
            repository: &own,
            private,
            neighbours: self.repositories.clone(),
        };
        let root = Root {
            path: "live".to_owned(),
            options: Options::default(),
        };
        let fetched = self.store.fetch(&viewer, &tree, &[root]).await?;
        let options = Options {
            modules: fetched.modules[0].clone(),
            ..Options::default()
        };
        let evaluated = code::evaluate(&fetched.tree, "live", &options);
        let resources = evaluated
            .declared
            .resources
            .iter()
            .map(|(address, resource)| {
                let value = &resource.attributes["name"].value;
                format!("{address} {}", value.as_str().unwrap_or("?"))
            });
        let problems = evaluated.problems.iter().map(ToString::to_string);
        assert_eq!(self.registry.violations(), [""; 0]);
        assert_eq!(self.github.violations(), [""; 0]);
        Ok((resources.collect(), problems.collect()))
    }

    fn archives(&self) -> usize {
        let requests = self.github.requests().into_iter();
        requests
            .filter(|seen| seen.path.contains("/tarball/"))
            .count()
    }
}

fn call(source: &str) -> String {
    format!("module \"m\" {{\n  source = \"{source}\"\n}}\n")
}

#[tokio::test]
async fn a_module_on_github_is_evaluated_with_those_that_it_calls() {
    let mut world = World::start(false).await;
    let files = [
        ("modules/main/a.tf", NESTED),
        ("modules/beside/b.tf", MODULE),
    ];
    world.create("modules/net", false, "v1", &files).await;
    world
        .create("modules/deep", false, "v1.1.0", &[("main.tf", MODULE)])
        .await;
    let location = "git::https://github.com/modules/deep?ref=v1.1.0";
    for version in ["1.1.0", "1.0.0", "2.0.0", "1.2.0-rc1"] {
        let location = match version {
            "1.1.0" => location,
            _ => "git::https://github.com/modules/nowhere",
        };
        world.registry.publish("acme/deep/aws", version, location);
    }
    for source in [
        "github.com/modules/net//modules/main?ref=v1",
        "git::https://github.com/Modules/Net.git//modules/main?ref=v1",
        "git@github.com:modules/net.git//modules/main?ref=v1",
        "git::ssh://git@github.com/modules/net.git//modules/main?ref=v1",
        "https://github.com/modules/net/archive/refs/heads/v1.tar.gz//net-1/modules/main",
        "github.com/modules/net//modules/main",
    ] {
        let (resources, problems) = world.scan(&call(source)).await;
        assert_eq!(problems, [""; 0], "{source}");
        let expected = [
            "module.m.module.beside.aws_x.x default",
            "module.m.module.deep.aws_x.x deep",
        ];
        assert_eq!(resources, expected, "{source}");
    }
    let versions = "/v1/modules/acme/deep/aws/versions";
    let asked = world.registry.requests().into_iter();
    assert_eq!(
        asked.filter(|path| path == versions).count(),
        1,
        "a registry is asked once"
    );
    // Two branches of one repository, of one commit here, and the module of the registry.
    assert!(world.archives() <= 3, "{}", world.archives());
    assert!(
        world
            .registry
            .requests()
            .contains(&"/v1/modules/acme/deep/aws/1.1.0/download".to_owned())
    );
}

#[tokio::test]
async fn the_source_of_a_terragrunt_unit_is_fetched_as_a_module_is() {
    let mut world = World::start(false).await;
    let files = [
        ("modules/main/a.tf", NESTED),
        ("modules/beside/b.tf", MODULE),
    ];
    world.create("modules/net", false, "v1", &files).await;
    world
        .create("modules/deep", false, "v1.1.0", &[("main.tf", MODULE)])
        .await;
    let location = "git::https://github.com/modules/deep?ref=v1.1.0";
    world.registry.publish("acme/deep/aws", "1.1.0", location);
    let unit = |source: &str| {
        format!("terraform {{\n  source = \"{source}\"\n}}\ninputs = {{\n  name = \"unit\"\n}}\n")
    };
    for (source, expected) in [
        (
            "github.com/modules/net//modules/main?ref=v1",
            vec!["module.beside.aws_x.x default", "module.deep.aws_x.x deep"],
        ),
        (
            "git::git@github.com:modules/net.git//modules/beside?ref=v1",
            vec!["aws_x.x unit"],
        ),
        ("tfr:///acme/deep/aws?version=1.1.0", vec!["aws_x.x unit"]),
    ] {
        let unit = unit(source);
        let files = [("live/terragrunt.hcl", unit.as_str())];
        let found = world.scan_files("acme/shop", true, &files).await;
        let (resources, problems) = found.unwrap();
        assert_eq!(problems, [""; 0], "{source}");
        assert_eq!(resources, expected, "{source}");
    }
    let unit = unit("github.com/modules/none//modules/main");
    let files = [("live/terragrunt.hcl", unit.as_str())];
    let found = world.scan_files("acme/shop", true, &files).await;
    let (resources, problems) = found.unwrap();
    assert_eq!(resources, [""; 0]);
    let why = "the source github.com/modules/none of this unit was not fetched: ";
    assert!(problems[0].contains(why), "{problems:?}");
}

#[tokio::test]
async fn what_is_not_fetched_has_its_cause_and_its_remedy() {
    let mut world = World::start(false).await;
    world
        .create("modules/net", false, "v1", &[("main.tf", MODULE)])
        .await;
    world
        .create("acme/private", true, "v1", &[("main.tf", MODULE)])
        .await;
    world.registry.publish(
        "acme/net/aws",
        "1.0.0",
        "git::https://github.com/modules/net?ref=v1",
    );
    world.registry.publish(
        "acme/away/aws",
        "1.0.0",
        "s3::https://s3.amazonaws.com/b/k.zip?token=hidden",
    );
    for (source, expected) in [
        (
            "s3::https://s3.amazonaws.com/b/k.zip",
            "`s3::https://s3.amazonaws.com/b/k.zip` is neither a repository on github.com",
        ),
        (
            "git::https://u:hidden@git.example.com/a/b.git?token=hidden",
            "`git.example.com/a/b` is neither a repository on github.com",
        ),
        ("file::/etc", "`file::/etc` is neither"),
        (
            "app.terraform.io/acme/net/aws",
            "the registry `app.terraform.io` is not one that this server asks: its operator may add it to DRIFTGUARD_MODULE_REGISTRIES",
        ),
        (
            "acme/none/aws",
            "the registry `registry.terraform.io` did not tell where the module is: `127.0.0.1` answered 404",
        ),
        (
            "acme/away/aws",
            "it names `s3::https://s3.amazonaws.com/b/k.zip`, and only repositories on GitHub",
        ),
        (
            "acme/net/aws\"\n  version = \"~> 2.0",
            "`acme/net/aws` has no version that meets `~> 2.0`",
        ),
        (
            "acme/net/aws\"\n  version = \"${var.version}",
            "its version is not a plain text",
        ),
        (
            "github.com/modules/net?ref=v9",
            "`modules/net` has no `v9`: name a branch, a tag or a commit",
        ),
        (
            "github.com/modules/net//deep?ref=v1",
            "there is no Terraform code in `deep` of `github.com/modules/net`",
        ),
        (
            "github.com/modules/net//../../../live?ref=v1",
            "there is no Terraform code in `../../../live` of `github.com/modules/net`",
        ),
        (
            "github.com/modules/none",
            "there is no `modules/none` that this repository may see: make it public, or ask the operator",
        ),
        ("github.com/acme/private", "DRIFTGUARD_PRIVATE_MODULES=1"),
    ] {
        let (resources, problems) = world.scan(&call(source)).await;
        assert_eq!(
            (resources.len(), problems.len()),
            (0, 1),
            "{source}: {problems:?}"
        );
        let told = &problems[0];
        let start = "live/main.tf:1: module `m` was not fetched: ";
        let end =
            "so its code was not evaluated: its resources are compared by state and AWS alone";
        assert!(told.starts_with(start) && told.ends_with(end), "{told}");
        assert!(
            told.contains(expected) && !told.contains("hidden"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_private_module_is_read_only_where_the_operator_allows_it_and_within_its_installation() {
    let allowed = "";
    for (setting, viewer_private, repository, refused) in [
        (true, true, "acme/net", allowed),
        (false, true, "acme/net", "DRIFTGUARD_PRIVATE_MODULES=1"),
        (
            true,
            false,
            "acme/net",
            "a public repository reads modules of public repositories alone",
        ),
        (
            true,
            true,
            "rival/net",
            "install DriftGuard on it if it belongs to the same account",
        ),
    ] {
        let mut world = World::start(setting).await;
        world
            .create("acme/net", true, "v1", &[("main.tf", MODULE)])
            .await;
        world
            .create("acme/open", false, "v1", &[("main.tf", MODULE)])
            .await;
        world
            .create("rival/net", true, "v1", &[("main.tf", MODULE)])
            .await;
        world.github.install("rival").await;
        // It is kept from here on, and serves nobody who may not see it.
        if setting {
            let source = call("git@github.com:acme/net.git?ref=v1");
            assert_eq!(world.scan(&source).await.1, [""; 0]);
        }
        let scanned = if viewer_private {
            "acme/shop"
        } else {
            "acme/open"
        };
        let source = call(&format!("git@github.com:{repository}.git?ref=v1"));
        let (resources, problems) = world
            .scan_as(scanned, viewer_private, &source)
            .await
            .unwrap();
        match refused {
            "" => assert_eq!((resources.len(), problems), (1, Vec::new())),
            refused => assert!(problems[0].contains(refused), "{problems:?}"),
        }
    }
}

#[tokio::test]
async fn the_scanned_repository_may_call_a_former_version_of_itself() {
    let mut world = World::start(false).await;
    world
        .create("acme/own", true, "v1", &[("modules/a/main.tf", MODULE)])
        .await;
    let source = call("git@github.com:acme/own.git//modules/a?ref=v1");
    let (resources, problems) = world.scan_as("acme/own", true, &source).await.unwrap();
    assert_eq!((resources.len(), problems), (1, Vec::new()));
}

#[tokio::test]
async fn an_archive_that_leads_out_or_is_too_large_brings_nothing() {
    let mut world = World::start(false).await;
    world
        .create("modules/net", false, "v1", &[("main.tf", NESTED)])
        .await;
    let links = [
        ("main.tf", Content::from("")),
        (
            "x.tf",
            Content::Link("../../../../../live/main.tf".to_owned()),
        ),
        ("linked", Content::Link("/etc".to_owned())),
    ];
    world
        .github
        .push("modules/net", "v1", "alice", &links)
        .await;
    let (resources, problems) = world.scan(&call("github.com/modules/net?ref=v1")).await;
    assert_eq!(resources, [""; 0]);
    assert!(
        problems[0].contains("this symbolic link leads to no file"),
        "{problems:?}"
    );
    assert!(
        problems[0].starts_with("live/.terraform/modules/m/x.tf:1: "),
        "{problems:?}"
    );
    world.github.hand_out(crate::week::bomb());
    let (_, problems) = world.scan(&call("github.com/modules/net")).await;
    assert!(
        problems[0].contains("the archive of `modules/net` cannot be read"),
        "{problems:?}"
    );
}

/// An archive of files, as they are named.
fn packed(files: &[(&str, &str)]) -> Vec<u8> {
    let packed = GzEncoder::new(Vec::new(), Compression::fast());
    let mut archive = tar::Builder::new(packed);
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        archive
            .append_data(&mut header, path, text.as_bytes())
            .unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

#[tokio::test]
async fn a_registry_may_answer_with_an_archive_of_its_own() {
    let world = World::start(false).await;
    let files = [("modules/a/main.tf", MODULE), ("README.md", "")];
    world.registry.hold("/files/net.tar.gz", packed(&files));
    world
        .registry
        .hold("/files/bomb.tar.gz", crate::week::bomb());
    world
        .registry
        .hold("/files/none.tar.gz", b"nothing".to_vec());
    for name in ["net", "bomb", "none", "gone"] {
        let location = format!("/files/{name}.tar.gz?token=hidden");
        let module = format!("acme/{name}/aws");
        world.registry.publish(&module, "1.0.0", &location);
    }
    let (resources, problems) = world.scan(&call("acme/net/aws//modules/a")).await;
    assert_eq!((resources.len(), problems), (1, Vec::new()));
    for (name, expected) in [
        ("bomb", "as a bomb does"),
        ("none", "the archive is damaged"),
        ("gone", "answered 404"),
    ] {
        let (_, problems) = world.scan(&call(&format!("acme/{name}/aws"))).await;
        assert!(
            problems[0].contains(expected) && !problems[0].contains("hidden"),
            "{problems:?}"
        );
    }
    let careful = "https://127.0.0.1/net.tar.gz";
    let (_, problems) = world.scan(&call(careful)).await;
    assert!(problems[0].contains("could not be reached"), "{problems:?}");
}

#[tokio::test]
async fn modules_that_call_themselves_or_ever_more_end() {
    let mut world = World::start(false).await;
    let twice =
        |name: &str| format!("module \"{name}\" {{\n  source = \"github.com/modules/loop\"\n}}\n");
    let code = format!("{}{}", twice("a"), twice("b"));
    world
        .create("modules/loop", false, "v1", &[("main.tf", &code)])
        .await;
    let (_, problems) = world.scan(&call("github.com/modules/loop")).await;
    assert!(!problems.is_empty());
    assert_eq!(world.archives(), 1);
}

#[tokio::test]
async fn where_github_is_away_the_scan_comes_back_and_a_module_alone_does_not_hold_it_up() {
    let mut world = World::start(false).await;
    world
        .create("modules/net", false, "v1", &[("main.tf", MODULE)])
        .await;
    let source = call("github.com/modules/net?ref=v1");
    world
        .github
        .fail_next("GET /repos/{owner}/{repo}", Fault::Status(451));
    let (_, problems) = world.scan(&source).await;
    assert!(problems[0].contains("451"), "{problems:?}");
    // Several requests fail before GitHub counts as away.
    let calls = ["a", "b", "c"].map(|name| {
        format!("module \"{name}\" {{\n  source = \"github.com/modules/{name}\"\n}}\n")
    });
    world.github.fail_all(Some(Fault::Status(502)));
    let failed = world.scan_as("acme/shop", true, &calls.concat()).await;
    assert!(
        matches!(failed, Err(GithubError::Unavailable { away: true, .. })),
        "{failed:?}"
    );
}

/// A constraint is compared with each version that there is, and nothing ends that early.
#[tokio::test]
async fn a_call_with_a_very_long_text_is_not_followed() {
    let world = World::start(false).await;
    world
        .registry
        .hold("/files/net.tar.gz", packed(&[("main.tf", MODULE)]));
    for version in 0..1_000 {
        let version = format!("1.{version}.0");
        world
            .registry
            .publish("acme/net/aws", &version, "/files/net.tar.gz");
    }
    let of = |source: &str, version: &str| {
        format!("module \"m\" {{\n  source = \"{source}\"\n  version = \"{version}\"\n}}\n")
    };
    let short = [">= 0"; 20].join(", ");
    let (resources, problems) = world.scan(&of("acme/net/aws", &short)).await;
    assert_eq!((resources.len(), problems), (1, Vec::new()));
    let folder = format!("acme/net/aws//{}", "a/".repeat(1_000));
    let long = [">= 0"; 2_000].join(", ");
    for code in [of("acme/net/aws", &long), of(&folder, "1.0.0")] {
        let (resources, problems) = world.scan(&code).await;
        assert!(resources.is_empty(), "{resources:?}");
        assert!(
            problems[0].contains("its call was not followed"),
            "{problems:?}"
        );
    }
}

/// What is noted of each call of each root module is kept until the scan ends.
#[tokio::test]
async fn the_calls_of_a_module_that_many_root_modules_share_take_little_memory() {
    let world = World::start(false).await;
    let calls = (0..999).map(|at| {
        let source = format!("hg::https://example.com/{at}/{}", "x".repeat(900));
        format!("module \"m{at}\" {{\n  source = \"{source}\"\n}}\n")
    });
    let shared = calls.collect::<String>();
    let roots: Vec<_> = (0..60).map(|at| format!("r{at}/main.tf")).collect();
    let call = "module \"s\" {\n  source = \"../shared\"\n}\n";
    let files = roots.iter().map(|path| (path.as_str(), call));
    let tree: Tree = files.chain([("shared/main.tf", shared.as_str())]).collect();
    let id = world.repositories[&name("acme/shop")];
    let installation = InstallationId(world.installation);
    let viewer = Viewer {
        installation,
        repository: &world.client.repository(installation, id, name("acme/shop")),
        private: true,
        neighbours: BTreeMap::new(),
    };
    let options = Options::default();
    let roots: Vec<_> = (0..60)
        .map(|at| Root {
            path: format!("r{at}"),
            options: options.clone(),
        })
        .collect();
    let fetched = world.store.fetch(&viewer, &tree, &roots).await.unwrap();
    let noted = format!("{:?}", fetched.modules);
    assert!(noted.contains("hg::https"), "some are noted");
    assert!(noted.len() < 80 << 20, "{} bytes", noted.len());
}
