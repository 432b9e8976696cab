//! Providers beside AWS's, which the operator allows by their sources: the fake one speaks version 6 there.

use super::fake::Fake;
use super::folder::platform;
use super::sandbox::Open;
use crate::aws::{Checkout, Run, moto};
use std::fs;
use tempfile::TempDir;

const CODE: &str = r#"
terraform {
  required_providers {
    thing = {
      source = "acme/thing"
    }
  }
}

provider "thing" {
  zone = "the repository's own"
}

resource "thing_record" "www" {
  name                  = "www"
  ttl                   = 300
  pass_phrase_of_record = "hunter2-recorded"
  settings = {
    mode = "plain"
  }
}

resource "thing_record" "mail" {
  name                  = "mail"
  ttl                   = 300
  pass_phrase_of_record = "hunter2-recorded"
}
"#;

const RECORD: &str = r#"{"mode": "managed", "type": "thing_record", "name": "NAME",
   "provider": "provider[\"registry.terraform.io/acme/thing\"]",
   "instances": [{"schema_version": 0, "attributes": {"id": "NAME", "name": "NAME", "ttl": 300,
     "pass_phrase_of_record": "hunter2-recorded", "settings": SETTINGS}}]}"#;

const SOURCES: &str = r#"
["acme/thing"]
environment = ["THING_TOKEN"]
configuration = { zone = "example.com", retries = 3 }
"#;

/// A checkout with its state, and a folder of providers whose one behaves so.
struct Things {
    checkout: Checkout,
    providers: TempDir,
    open: Open,
}

impl Things {
    fn new(behaviour: &str, live: &str) -> Self {
        let checkout = Checkout::new();
        fs::create_dir(checkout.path().join("things")).unwrap();
        checkout.write("things/main.tf", CODE);
        let record =
            |name: &str, settings: &str| RECORD.replace("NAME", name).replace("SETTINGS", settings);
        let records = [
            record("www", r#"{"mode": "plain"}"#),
            record("mail", "null"),
        ];
        let state = format!(
            r#"{{"version": 4, "serial": 1, "lineage": "l", "terraform_version": "1.11.4", "resources": [{}]}}"#,
            records.join(",")
        );
        checkout.write("things.tfstate", &state);
        checkout.write("sources.toml", SOURCES);
        let (providers, open) = (TempDir::new().unwrap(), Open::new());
        let fake = Fake {
            behaviour,
            live,
            records: &open.records(),
            tries: &[],
        };
        let package = format!("registry.terraform.io/acme/thing/1.0.0/{}", platform());
        fake.write(&providers.path().join(package));
        Self {
            checkout,
            providers,
            open,
        }
    }

    async fn run(&self, command: &[&str], sources: bool) -> Run {
        let aws = moto().await;
        let file = self.checkout.path().join("sources.toml");
        let mut environment = vec![
            ("THING_TOKEN", "the-token-of-things"),
            (
                "DRIFTGUARD_PROVIDERS",
                self.providers.path().to_str().unwrap(),
            ),
        ];
        if sources {
            environment.push(("DRIFTGUARD_PROVIDER_SOURCES", file.to_str().unwrap()));
        }
        let mut arguments = command.to_vec();
        arguments.extend([
            "things",
            "--state",
            "things.tfstate",
            "--unmanaged",
            "off",
            "--format",
            "json",
        ]);
        self.checkout
            .driftguard_in(&environment, aws.url(), &arguments)
    }
}

#[tokio::test]
async fn what_another_provider_manages_is_checked_compared_and_fixed_in_code() {
    let things = Things::new("six, spy", r#"{"ttl": 60}"#);
    let scan = things.run(&["scan"], true).await;
    assert_eq!(
        scan.findings(),
        [
            "low modified thing_record.mail ttl",
            "low modified thing_record.www ttl"
        ],
        "{scan:?}"
    );
    let report = scan.json();
    let stack = &report["stacks"][0];
    assert_eq!(stack["summary"]["checked"], 2, "{stack}");
    assert_eq!(stack["summary"]["other_providers"], 0, "{stack}");
    let coverage = &stack["coverage"][0];
    assert_eq!(
        (&coverage["type"], &coverage["status"]),
        (&"thing_record".into(), &"checked".into())
    );
    let www = &stack["findings"][1];
    assert!(
        www["monthly_cost"].is_null() || www["monthly_cost"]["not_priced"].is_string(),
        "{www}"
    );
    assert!(!format!("{scan:?}").contains("hunter2"), "{scan:?}");

    let fix = things.run(&["fix", "--adopt"], true).await;
    let code = things.checkout.read("things/main.tf");
    assert_eq!(code, CODE.replace("300", "60"), "{fix:?}");
    let proof = &fix.json()["stacks"][0]["findings"][1]["fix"]["proof"];
    assert_eq!(proof["by"], "provider", "{fix:?}");
    // Its configuration is the operator's, and of the environment it has what the operator names.
    let read = |name: &str| fs::read_to_string(things.open.records().join(name)).unwrap();
    let bytes = |text: &str| {
        let bytes: Vec<_> = text.bytes().map(|byte| byte.to_string()).collect();
        bytes.join(", ")
    };
    let configuration = read("configuration");
    assert!(
        configuration.contains(&bytes("example.com")),
        "{configuration}"
    );
    assert!(
        !configuration.contains(&bytes("repository")),
        "{configuration}"
    );
    let given = read("given");
    assert!(given.contains("THING_TOKEN=the-token-of-things"), "{given}");
    assert!(
        !given.contains("AWS_SECRET_ACCESS_KEY") && !given.contains("AWS_ACCESS_KEY_ID"),
        "{given}"
    );
}

/// Its schema is known before the state is parsed.
#[tokio::test]
async fn what_another_provider_calls_sensitive_is_a_fingerprint_in_state_and_reading() {
    let live = r#"{"pass_phrase_of_record": "hunter2-live"}"#;
    let scan = Things::new("six", live).run(&["scan"], true).await;
    let report = scan.json();
    let attribute = &report["stacks"][0]["findings"][0]["attributes"][0];
    assert_eq!(attribute["path"], "pass_phrase_of_record", "{scan:?}");
    for side in ["recorded", "live"] {
        assert!(attribute[side]["fingerprint"].is_string(), "{attribute}");
    }
    assert!(!format!("{scan:?}").contains("hunter2"), "{scan:?}");
}

#[tokio::test]
async fn without_the_operators_word_another_providers_resources_are_only_counted() {
    let things = Things::new("six", r#"{"ttl": 60}"#);
    // A provider of AWS's must lie there, or a further one.
    super::folder::put(things.providers.path(), "5.1.0");
    let scan = things.run(&["scan"], false).await;
    assert_eq!(scan.findings(), [""; 0], "{scan:?}");
    assert_eq!(scan.json()["stacks"][0]["summary"]["other_providers"], 2);
}

#[tokio::test]
async fn where_another_provider_finds_nothing_at_all_nothing_is_deleted() {
    let things = Things::new("six, null", "{}");
    let scan = things.run(&["scan"], true).await;
    assert_eq!(scan.findings(), [""; 0], "{scan:?}");
    let coverage = &scan.json()["stacks"][0]["coverage"][0];
    assert_eq!(coverage["status"], "failed", "{coverage}");
    assert!(
        coverage["reason"]
            .as_str()
            .unwrap()
            .contains("another account than the code's")
    );
}

#[tokio::test]
async fn a_provider_that_cannot_be_started_is_told_and_its_resources_are_counted() {
    let things = Things::new("no handshake", "{}");
    let scan = things.run(&["scan"], true).await;
    let stack = &scan.json()["stacks"][0];
    assert_eq!(stack["summary"]["other_providers"], 2, "{scan:?}");
    let notes = stack["notes"].to_string();
    assert!(
        notes.contains("acme/thing") && notes.contains("no handshake"),
        "{notes}"
    );
}
