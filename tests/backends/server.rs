//! States behind http and in HCP Terraform on a server: whose token is sent where, and what its environment is not asked.

use super::standin::{HTTP_PASSWORD, Hcp, TOKEN, USER, Web};
use crate::aws::{BUCKET, CONSOLE, KEY};
use crate::database::{Database, on_both};
use crate::end_to_end;
use crate::secrets::leaving::kept;
use crate::week::stories::AMBIENT;
use crate::week::world::{CODE, Setting, World};
use driftguard::standin::github::{CheckRun, Content};
use tempfile::TempDir;

on_both!(
    a_token_serves_the_repositories_of_its_owner_alone,
    all_workspaces_are_stacks_of_the_server_and_what_is_not_listed_is_not_gone,
    a_running_server_takes_nothing_of_terraforms_environment,
);

const FINDINGS: &str = "7 findings: 2 critical, 2 high, 2 low, 1 info";

/// A file of tokens, for as long as the test runs.
fn token_file(lines: &str) -> &'static str {
    let folder = TempDir::new().unwrap().keep();
    let file = folder.join("tokens");
    std::fs::write(&file, lines).unwrap();
    file.to_str().unwrap().to_owned().leak()
}

fn cloud(host: &str, kind: &str, workspaces: &str) -> String {
    format!(
        "terraform {{\n  {kind} {{\n    hostname = \"{host}\"\n    organization = \"acme\"\n    workspaces {{\n      {workspaces}\n    }}\n  }}\n}}\n"
    )
}

/// The newest check of this name.
fn check(world: &World, repository: &str, name: &str) -> CheckRun {
    let runs = world.github.check_runs(repository);
    let names: Vec<_> = runs.iter().map(|run| run.name.clone()).collect();
    let newest = runs.into_iter().rfind(|run| run.name == name);
    newest.unwrap_or_else(|| panic!("no check `{name}` among {names:?}"))
}

/// All that a check shows, without escapes.
fn text(check: &CheckRun) -> String {
    format!("{} {} {}", check.title, check.summary, check.text).replace('\\', "")
}

async fn a_token_serves_the_repositories_of_its_owner_alone(database: Database) {
    let hcp = Hcp::start().await;
    hcp.put_shop("shop-production");
    let setting = Setting {
        ambient: Some("acme,rival"),
        hcp_tokens: Some(token_file(&format!(
            "# states\nACME {} {TOKEN}\nrival elsewhere.example.com planted-token\n",
            hcp.host
        ))),
        ..AMBIENT
    };
    let mut world = World::start(database, setting).await;
    world.aws.replay(CONSOLE).await.unwrap();
    let backend = cloud(&hcp.host, "cloud", "name = \"shop-production\"");
    let own = [
        (".driftguard.yml", "version: 1\n"),
        ("infra/production/backend.tf", backend.as_str()),
    ];
    world.push("main", "alice", &own).await;
    world.install().await;
    assert_eq!(world.check().title, FINDINGS);
    let asked = hcp.asked.lock().unwrap().len();
    assert!(asked >= 3 && !hcp.archived.lock().unwrap().is_empty());

    let content = |(path, text): &(&'static str, &'static str)| (*path, Content::from(*text));
    let mut files: Vec<_> = CODE.iter().map(content).collect();
    let own = own.map(|(path, text)| (path, Content::from(text)));
    files.retain(|(path, _)| *path != "infra/production/backend.tf");
    files.extend(own);
    world.github.create_repository("rival/shop", true);
    world
        .github
        .push("rival/shop", "main", "mallory", &files)
        .await;
    world.github.install("rival").await;
    world.idle().await;
    let told = text(&check(
        &world,
        "rival/shop",
        "DriftGuard / infra-production",
    ));
    assert!(
        told.contains("there is no token for") && told.contains("DRIFTGUARD_HCP_TOKENS"),
        "{told}"
    );
    assert_eq!(
        hcp.asked.lock().unwrap().len(),
        asked,
        "the host is not even asked"
    );
    let archived = hcp.archived.lock().unwrap().clone();
    assert!(
        archived
            .iter()
            .all(|request| request.authorization.is_none())
    );
    let sent = world.github.requests();
    assert!(sent.iter().all(|request| !request.body.contains("planted")));
}

const ALL_WORKSPACES: &str =
    "version: 1\nstacks:\n  - name: shop\n    path: infra/production\n    workspaces: \"*\"\n";

async fn all_workspaces_are_stacks_of_the_server_and_what_is_not_listed_is_not_gone(
    database: Database,
) {
    let hcp = Hcp::start().await;
    for name in ["shop-blue", "shop-green", "other-red"] {
        hcp.put_shop(name);
    }
    let setting = Setting {
        hcp_tokens: Some(token_file(&format!("acme {} {TOKEN}\n", hcp.host))),
        ..AMBIENT
    };
    let mut world = World::start(database, setting).await;
    let backend = cloud(&hcp.host, "backend \"remote\"", "prefix = \"shop-\"");
    let files = [
        (".driftguard.yml", ALL_WORKSPACES),
        ("infra/production/backend.tf", backend.as_str()),
    ];
    world.push("main", "alice", &files).await;
    world.install().await;
    let id = world.repository_id().await;
    let stacks = async || {
        let mut names: Vec<_> = world.tenant().stacks(id).await.unwrap();
        names.sort_by(|one, other| one.stack.cmp(&other.stack));
        let names = names.into_iter().map(|known| known.stack.to_string());
        names.collect::<Vec<_>>()
    };
    assert_eq!(stacks().await, ["shop-blue", "shop-green"]);
    for name in ["DriftGuard / shop-blue", "DriftGuard / shop-green"] {
        assert_eq!(check(&world, &world.repository, name).title, "No drift");
    }
    hcp.refuse(true);
    world
        .push("main", "alice", &[("README.md", "One.\n")])
        .await;
    assert_eq!(
        stacks().await,
        ["shop-blue", "shop-green"],
        "they are not gone"
    );
    let told = text(&check(&world, &world.repository, "DriftGuard / shop"));
    assert!(told.contains("refuses the token"), "{told}");
    hcp.refuse(false);
    hcp.remove("shop-green");
    world
        .push("main", "alice", &[("README.md", "Two.\n")])
        .await;
    assert_eq!(stacks().await, ["shop-blue"]);
}

/// Each of these would send a scan to another state, another value or another host, with a credential.
fn environment(hcp: &Hcp, web: &Web) -> Vec<(String, String)> {
    let guarded = format!("{}/state/guarded", web.url);
    let set = [
        ("TF_VAR_instance_type", "planted.large"),
        ("TF_VAR_database_password", "planted-password"),
        ("TF_CLI_ARGS", "-var=instance_type=planted.small"),
        (
            "TF_CLI_ARGS_plan",
            "-var-file=planted.tfvars -var instance_type=planted.nano",
        ),
        ("TF_WORKSPACE", "planted"),
        ("TF_DATA_DIR", "/planted"),
        (&hcp.token_variable(), TOKEN),
        ("TF_CLOUD_ORGANIZATION", "acme"),
        ("TF_CLOUD_HOSTNAME", &hcp.host),
        ("TF_HTTP_ADDRESS", &guarded),
        ("TF_HTTP_USERNAME", USER),
        ("TF_HTTP_PASSWORD", HTTP_PASSWORD),
    ];
    let set = set.into_iter();
    set.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

async fn a_running_server_takes_nothing_of_terraforms_environment(database: Database) {
    let (hcp, web) = (Hcp::start().await, Web::start().await);
    hcp.put_shop("shop-production");
    let mut world = end_to_end::World::prepare(database).await;
    world.environment = environment(&hcp, &web);
    world.aws.replay(CONSOLE).await.unwrap();
    // What the environment would lead to.
    let other = format!("env:/planted/{KEY}");
    world
        .aws
        .put_object(BUCKET, &other, "planted-state")
        .await
        .unwrap();
    let guarded = format!("{}/state/guarded", web.url);
    let states = [
        (
            "in-hcp",
            cloud(&hcp.host, "cloud", "name = \"shop-production\""),
        ),
        (
            "partial",
            "terraform {\n  backend \"http\" {}\n}\n".to_owned(),
        ),
        (
            "guarded",
            format!(
                "terraform {{\n  backend \"http\" {{\n    address = \"{guarded}\"\n    username = \"{USER}\"\n    password = \"{HTTP_PASSWORD}\"\n  }}\n}}\n"
            ),
        ),
    ];
    let states = states.map(|(name, text)| (format!("states/{name}/main.tf"), text));
    let mut files: Vec<_> = end_to_end::FILES
        .iter()
        .map(|(path, text)| (*path, Content::from(*text)))
        .collect();
    files.retain(|(path, _)| *path != ".driftguard.yml");
    files.push((".driftguard.yml", Content::from("version: 1\n")));
    files.extend(
        states
            .iter()
            .map(|(path, text)| (path.as_str(), Content::from(text.as_str()))),
    );
    world
        .github
        .push(end_to_end::REPOSITORY, "main", "alice", &files)
        .await;
    world.begin().await;
    let readme = [("README.md", Content::from("The shop.\n"))];
    world
        .github
        .push(end_to_end::REPOSITORY, "main", "alice", &readme)
        .await;
    world.idle().await;
    let runs = world.github.check_runs(end_to_end::REPOSITORY);
    let newest = |name: &str| {
        let name = format!("DriftGuard / {name}");
        let found = runs.iter().rfind(|run| run.name == name);
        found.unwrap_or_else(|| panic!("no {name} in {runs:#?}\n{}", world.log()))
    };
    // While other states cannot be read, nothing is called unmanaged.
    let title = &newest("infra-production").title;
    assert_eq!(title, "6 findings: 1 critical, 2 high, 2 low, 1 info");
    for (stack, told) in [
        ("states-in-hcp", "there is no token for"),
        ("states-partial", "does not say its `address`"),
        ("states-guarded", "sends no credentials to an http backend"),
    ] {
        let shown = text(newest(stack)).replace("&#96;", "`");
        assert!(shown.contains(told), "{told} is not in {shown}");
    }
    assert!(
        hcp.asked.lock().unwrap().is_empty(),
        "no token, no question"
    );
    assert!(
        web.arrived()
            .iter()
            .all(|request| request.authorization.is_none())
    );
    for request in world.github.requests() {
        assert!(!request.body.contains("planted"), "{}", request.body);
    }
    assert!(!world.log().contains("planted"), "{}", world.log());
    world.kill();
    for (place, row) in kept(&world.database).await {
        assert!(!row.contains("planted"), "{place}");
    }
}
