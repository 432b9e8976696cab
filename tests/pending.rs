//! What the code is about to do to the state: imports and removals that no apply has carried out. Terraform's own plan
//! imports, forgets and destroys these; it restores, adopts and asks for nothing.

use crate::aws::{CONSOLE, Checkout, Run, STATE, moto, shop};
use serde_json::Value;

const IMPORT: &str = r#"
locals {
  policies = { admin = "arn:aws:iam::aws:policy/AdministratorAccess" }
}

import {
  for_each = local.policies
  to       = aws_iam_role_policy_attachment.web[each.key]
  id       = "shop-web/${each.value}"
}

resource "aws_iam_role_policy_attachment" "web" {
  for_each   = local.policies
  role       = aws_iam_role.web.name
  policy_arn = each.value
}
"#;

const REMOVED: &str = r#"
removed {
  from = aws_db_instance.orders
}

removed {
  from = aws_instance.nightly

  lifecycle {
    destroy = false
  }
}

moved {
  from = aws_instance.batch
  to   = aws_instance.nightly
}
"#;

const ELSEWHERE: &str = "\nmodule \"more\" {\n  source = \"example.com/acme/more/aws\"\n}\n";

fn scan(checkout: &Checkout, url: &str) -> Run {
    checkout.driftguard(url, &["scan", "--format", "json"])
}

/// What is set aside: what it is, its verdict and the reason.
fn set_aside(run: &Run) -> Vec<String> {
    let report = run.json();
    let all = report["stacks"][0]["set_aside"].as_array().unwrap().clone();
    let words = |finding: &Value| {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let name = match text("address").as_str() {
            "" => format!("{} under {}", text("type"), text("under")),
            address => address.to_owned(),
        };
        format!(
            "{} {name} {}: {}",
            text("kind"),
            text("verdict"),
            text("reason")
        )
    };
    all.iter().map(words).collect()
}

fn notes(run: &Run) -> Vec<String> {
    let report = run.json();
    let notes = report["stacks"][0]["notes"].as_array().unwrap().iter();
    let notes = notes.map(|note| note.as_str().unwrap().to_owned());
    notes.collect()
}

/// Takes the block of a resource out of a file.
fn take_out(checkout: &Checkout, file: &str, head: &str) {
    let text = checkout.read(file);
    let start = text.find(head).unwrap();
    let end = start + text[start..].find("\n}\n").unwrap() + "\n}\n".len();
    checkout.write(file, &format!("{}{}", &text[..start], &text[end..]));
}

#[tokio::test]
async fn what_an_import_block_takes_in_is_pending_until_an_apply() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let checkout = Checkout::new();
    let attached = "critical unmanaged aws_iam_role_policy_attachment under aws_iam_role.web";
    assert!(
        scan(&checkout, aws.url())
            .findings()
            .contains(&attached.to_owned())
    );

    checkout.write("infra/production/import.tf", IMPORT);
    let run = scan(&checkout, aws.url());
    let findings = run.findings();
    assert!(!findings.contains(&attached.to_owned()), "{findings:?}");
    assert_eq!(findings.len(), 6);
    let address = "aws_iam_role_policy_attachment.web[\"admin\"]";
    assert_eq!(
        set_aside(&run),
        [format!(
            "unmanaged aws_iam_role_policy_attachment under aws_iam_role.web not_applied: the `import` block at \
             infra/production/import.tf:6 takes it in as {address}: no apply has carried that out yet"
        )]
    );
    let note = format!("`import` blocks that no apply has carried out yet: {address}: ");
    assert!(
        notes(&run).iter().any(|line| line.starts_with(&note)),
        "{run:?}"
    );

    // Another id is another policy.
    let other = IMPORT.replace("shop-web/", "shop-api/");
    checkout.write("infra/production/import.tf", &other);
    let run = scan(&checkout, aws.url());
    assert!(run.findings().contains(&attached.to_owned()));
    assert_eq!(set_aside(&run), [""; 0]);
}

#[tokio::test]
async fn what_leaves_the_state_with_the_next_apply_is_pending_and_no_drift() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let checkout = Checkout::new();
    take_out(
        &checkout,
        "infra/production/web.tf",
        "resource \"aws_instance\" \"batch\"",
    );
    take_out(
        &checkout,
        "infra/production/storage.tf",
        "resource \"aws_db_instance\" \"orders\"",
    );
    take_out(
        &checkout,
        "infra/production/storage.tf",
        "resource \"aws_s3_bucket_public_access_block\" \"assets\"",
    );
    checkout.write("infra/production/removed.tf", REMOVED);
    let run = scan(&checkout, aws.url());
    let gone = |findings: &[String]| {
        let mut findings = findings.iter();
        !findings
            .any(|line| line.contains("aws_db_instance") || line.contains("aws_instance.nightly"))
    };
    assert!(gone(&run.findings()), "{:?}", run.findings());
    assert_eq!(run.findings().len(), 5);
    let removed = |line: u8| {
        format!("the `removed` block at infra/production/removed.tf:{line}: the next apply")
    };
    let destroyed = format!("{} destroys it", removed(2));
    let forgotten = format!(
        "{} leaves it in AWS and drops it from the state",
        removed(6)
    );
    assert_eq!(
        set_aside(&run),
        [
            format!("modified aws_db_instance.orders not_applied: {destroyed}"),
            format!("modified aws_instance.nightly not_applied: {forgotten}"),
        ]
    );
    // What no code declares is compared by state and AWS alone, and said.
    let undeclared = "aws_s3_bucket_public_access_block.assets";
    let changed =
        format!("high modified {undeclared} block_public_policy, restrict_public_buckets");
    assert!(run.findings().contains(&changed), "{:?}", run.findings());
    let undeclared =
        format!("{undeclared}: the code declares it no longer: the next apply destroys it");
    for note in [
        &undeclared,
        &format!("aws_db_instance.orders: {destroyed}"),
        &format!("aws_instance.nightly: {forgotten}"),
    ] {
        assert!(notes(&run).contains(note), "{:?}", notes(&run));
    }
    // What a rule calls severe stands outside of any fold.
    let text = checkout.driftguard(aws.url(), &["scan"]).out;
    let severe = format!("changed in AWS (backup_retention_period), and {destroyed}");
    assert!(text.contains(&severe), "{text}");

    // Where some code was not read, it may declare all the rest.
    checkout.write("infra/production/more.tf", ELSEWHERE);
    let run = scan(&checkout, aws.url());
    assert_eq!(set_aside(&run).len(), 2);
    assert!(!notes(&run).contains(&undeclared), "{:?}", notes(&run));
}

#[tokio::test]
async fn what_leaves_the_state_and_is_gone_from_aws_was_deleted_by_nobody() {
    let empty = moto().await;
    let checkout = Checkout::new();
    take_out(
        &checkout,
        "infra/production/web.tf",
        "resource \"aws_instance\" \"batch\"",
    );
    checkout.write("infra/production/removed.tf", REMOVED);
    checkout.write("given.tfstate", STATE);
    let run = checkout.driftguard(
        empty.url(),
        &[
            "scan",
            "infra/production",
            "--state",
            "given.tfstate",
            "--format",
            "json",
        ],
    );
    let deleted = run.findings();
    assert!(
        deleted.iter().all(|line| line.contains("deleted")),
        "{deleted:?}"
    );
    assert!(!deleted.iter().any(|line| line.contains("nightly")));
    let set_aside = set_aside(&run);
    assert!(
        set_aside[0].starts_with("deleted aws_instance.nightly not_applied: "),
        "{set_aside:?}"
    );
}

#[tokio::test]
async fn a_removed_block_of_what_is_declared_means_nothing() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let checkout = Checkout::new();
    let removed = "removed {\n  from = aws_instance.batch\n}\n";
    checkout.write("infra/production/removed.tf", removed);
    let run = scan(&checkout, aws.url());
    assert_eq!(run.findings().len(), 7);
    assert_eq!(set_aside(&run), [""; 0]);
}
