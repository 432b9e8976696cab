//! A repository whose resources stand in modules of other repositories.

use super::stories::AMBIENT;
use super::world::{ADOPT, CODE, Setting, World};
use crate::aws::{self, CONSOLE};
use crate::database::{Database, on_both};
use driftguard::standin::github::Content;
use serde_json::Value;

on_both!(modules_of_other_repositories_are_fetched_and_their_fixes_go_to_the_calls);

/// The servers of the shop, in modules.
const CALLS: &str = r#"module "web" {
  source = "github.com/modules/fleet//modules/web?ref=v1"

  instance_type   = "t3.small"
  subnet_id       = aws_subnet.web.id
  security_groups = [aws_security_group.web.id]
}

module "batch" {
  source  = "modules/server/aws"
  version = "~> 1.0"

  instance_type = "t3.micro"
  subnet_id     = aws_subnet.web.id

  tags = {
    Name = "shop-batch"
    Role = "batch"
  }
}
"#;

/// A module that calls another one twice.
const FLEET: &str = r#"variable "instance_type" {
  type = string
}

variable "subnet_id" {
  type = string
}

variable "security_groups" {
  type = list(string)
}

module "server" {
  source  = "modules/server/aws"
  version = "1.2.0"
  count   = 2

  instance_type   = var.instance_type
  subnet_id       = var.subnet_id
  security_groups = var.security_groups
  http_tokens     = ["required"]

  tags = {
    Name = "shop-web-${count.index}"
    Role = "web"
  }
}
"#;

const SERVER: &str = r#"variable "instance_type" {
  type = string
}

variable "subnet_id" {
  type = string
}

variable "security_groups" {
  type    = list(string)
  default = null
}

variable "http_tokens" {
  type    = list(string)
  default = []
}

variable "tags" {
  type = map(string)
}

resource "aws_instance" "this" {
  ami                    = "ami-12c6146b"
  instance_type          = var.instance_type
  subnet_id              = var.subnet_id
  vpc_security_group_ids = var.security_groups

  dynamic "metadata_options" {
    for_each = var.http_tokens

    content {
      http_tokens = metadata_options.value
    }
  }

  tags = var.tags
}
"#;

/// The shop's state as it is where its servers stand in modules.
fn state() -> String {
    let mut state: Value = serde_json::from_str(aws::STATE).unwrap();
    let resources = state["resources"].as_array_mut().unwrap();
    let mut moved = Vec::new();
    resources.retain(|resource| {
        if resource["type"] != "aws_instance" {
            return true;
        }
        for (at, instance) in resource["instances"].as_array().unwrap().iter().enumerate() {
            let mut instance = instance.clone();
            instance.as_object_mut().unwrap().remove("index_key");
            let mut resource = resource.clone();
            resource["module"] = match resource["name"].as_str() {
                Some("web") => format!("module.web.module.server[{at}]").into(),
                _ => "module.batch".into(),
            };
            resource["name"] = "this".into();
            resource["instances"] = vec![instance].into();
            moved.push(resource);
        }
        false
    });
    resources.extend(moved);
    state.to_string()
}

/// The shop whose servers stand in modules of these repositories.
async fn shop(database: Database, setting: Setting, private: bool) -> World {
    let world = World::start(database, setting).await;
    let server = [("main.tf", SERVER)];
    let fleet = [("modules/web/main.tf", FLEET)];
    for (name, branch, files) in [
        ("modules/server", "v1.2.0", &server),
        ("modules/fleet", "v1", &fleet),
    ] {
        world.github.create_repository(name, private);
        let files = files.map(|(path, text)| (path, Content::from(text)));
        world.github.push(name, "main", "alice", &[]).await;
        world.github.push(name, branch, "alice", &files).await;
    }
    let location = "git::https://github.com/modules/server?ref=v1.2.0";
    world
        .registry
        .publish("modules/server/aws", "1.2.0", location);
    let state = state();
    world
        .aws
        .put_object(aws::BUCKET, aws::KEY, &state)
        .await
        .unwrap();
    let own = CODE.iter().filter(|(path, _)| path.ends_with("web.tf"));
    assert_eq!(own.count(), 1);
    let files = [
        ("infra/production/web.tf", CALLS),
        (".driftguard.yml", "version: 1\n"),
    ];
    world.push("main", "alice", &files).await;
    world
}

async fn modules_of_other_repositories_are_fetched_and_their_fixes_go_to_the_calls(
    database: Database,
) {
    let mut world = shop(database, AMBIENT, false).await;
    world.install().await;
    assert_eq!(world.check().title, "No drift", "{:?}", world.check());
    let archives = |world: &World| {
        let requests = world.github.requests().into_iter();
        let fetched = requests.filter(|seen| {
            seen.path.starts_with("/repos/modules/") && seen.path.contains("/tarball/")
        });
        fetched.count()
    };
    assert_eq!(archives(&world), 2);
    world.aws.replay(CONSOLE).await.unwrap();
    world
        .push("main", "alice", &[("README.md", "A shop.\n")])
        .await;
    assert_eq!(archives(&world), 2, "a commit is fetched once");
    let body = world.open(ADOPT).body;
    for address in [
        "module.web.module.server[0].aws_instance.this",
        "module.web.module.server[1].aws_instance.this",
        "module.batch.aws_instance.this",
    ] {
        assert!(body.contains(address), "{address}: {body}");
    }
    let fixed = world.file(ADOPT, "infra/production/web.tf");
    let expected = CALLS
        .replace("\"t3.small\"", "\"t3.xlarge\"")
        .replace("Role = \"batch\"", "Role = \"import\"");
    assert_eq!(fixed, expected);
    assert_eq!(world.registry.violations(), [""; 0]);
    assert_eq!(world.github.violations(), [""; 0]);
}

#[tokio::test]
async fn modules_that_are_private_to_others_are_told_with_the_remedy_and_state_and_aws_are_compared()
 {
    let setting = Setting {
        private_modules: true,
        ..AMBIENT
    };
    let mut world = shop(Database::sqlite().await, setting, true).await;
    world.install().await;
    let check = world.check();
    let said = format!("{} {} {}", check.title, check.summary, check.text);
    for told in [
        "module `web` was not fetched",
        "modules/fleet",
        "install DriftGuard on it",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    world.aws.replay(CONSOLE).await.unwrap();
    world
        .push("main", "alice", &[("README.md", "A shop.\n")])
        .await;
    let dashboard = world.dashboard().body;
    assert!(
        dashboard.contains("module.batch.aws_instance.this"),
        "{dashboard}"
    );
    assert_eq!(world.github.violations(), [""; 0]);
}
