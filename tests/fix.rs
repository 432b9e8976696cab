//! `driftguard fix`, as a person runs it in a checkout.

use crate::aws::{CONSOLE, Checkout, PASSWORD, shop};
use std::collections::BTreeMap;
use std::path::Path;

const TFVARS: &str = "infra/production/terraform.tfvars";
const WEB: &str = "infra/production/web.tf";
const NETWORK: &str = "infra/production/network.tf";

#[tokio::test]
async fn what_is_neutral_is_adopted_and_what_weakens_security_is_left_for_an_apply() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let checkout = Checkout::new();
    let (tfvars, web, network) = (
        checkout.read(TFVARS),
        checkout.read(WEB),
        checkout.read(NETWORK),
    );
    let run = checkout.driftguard(aws.url(), &["fix", "--format", "json"]);
    // Both servers were resized alike: the one value that feeds both follows.
    assert_eq!(
        checkout.read(TFVARS),
        tfvars.replace("t3.small", "t3.xlarge")
    );
    assert_eq!(
        checkout.read(WEB),
        web.replace("Role = \"batch\"", "Role = \"import\"")
    );
    assert_eq!(checkout.read(NETWORK), network);
    assert_eq!(
        run.fixes(),
        [
            "aws_db_instance.orders: restore, the code is right: an apply makes AWS match it",
            "aws_iam_role_policy_attachment: refused, what was added to aws_iam_role.web may grant access: DriftGuard imports \
             it only on request (`/driftguard import FINDING`, or `driftguard fix --import`), and it has to be reverted in AWS \
             itself",
            "aws_instance.batch: adopt infra/production/web.tf:26",
            "aws_instance.web[0]: adopt infra/production/terraform.tfvars:2",
            "aws_instance.web[1]: adopt infra/production/terraform.tfvars:2",
            "aws_s3_bucket_public_access_block.assets: restore, the code is right: an apply makes AWS match it",
            "aws_security_group.web: restore, the code is right: an apply makes AWS match it",
        ]
    );
    assert_eq!(run.code, 2, "one was refused");
    assert!(!format!("{run:?}").contains(PASSWORD));

    let again = checkout.driftguard(aws.url(), &["scan", "--format", "json"]);
    let left = again.findings();
    assert!(
        !left.iter().any(|finding| finding.contains("aws_instance")),
        "{left:?}"
    );
}

#[tokio::test]
async fn what_another_stack_runs_as_well_is_not_edited_for_one_of_them() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let checkout = Checkout::new();
    let stacks = |fix: &str| {
        format!(
            "version: 1\nstacks:\n  - {{name: one, path: infra/production, fix: adopt}}\n  - {{name: other, path: \
             infra/production, fix: {fix}}}\n"
        )
    };
    checkout.write(".driftguard.yml", &stacks("none"));
    let shared = "aws_instance.batch: refused, infra/production/web.tf is code that the stack `other` runs as well, where \
                  it would change aws_instance.batch: set the value in a file of variables of its own";
    for arguments in [&["fix"][..], &["fix", "--stack", "one"]] {
        let run = checkout.driftguard(aws.url(), &[arguments, &["--format", "json"]].concat());
        assert!(run.fixes().contains(&shared.to_owned()), "{run:?}");
    }
    // What both adopt is right for both.
    checkout.write(".driftguard.yml", &stacks("adopt"));
    let run = checkout.driftguard(aws.url(), &["fix", "--format", "json"]);
    let adopted = "aws_instance.batch: adopt infra/production/web.tf:26";
    assert!(run.fixes().contains(&adopted.to_owned()), "{run:?}");
}

#[tokio::test]
async fn a_disk_without_space_leaves_every_file_whole() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let checkout = Checkout::new();
    let files = |folder: &Path| {
        let folder = std::fs::read_dir(folder.join("infra/production")).unwrap();
        let file = |entry: std::io::Result<std::fs::DirEntry>| {
            let path = entry.unwrap().path();
            (path.clone(), std::fs::read(path).unwrap())
        };
        folder.map(file).collect::<BTreeMap<_, _>>()
    };
    let before = files(checkout.path());
    // No file may grow beyond 512 bytes: that takes the variables, and not the servers.
    let limited = "ulimit -f 1; trap '' XFSZ; exec \"$0\" \"$@\"";
    let run = checkout.wrapped(&["sh", "-c", limited], aws.url(), &["fix"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.err
            .contains("nothing was changed: infra/production/web.tf"),
        "{run:?}"
    );
    assert_eq!(files(checkout.path()), before);
    checkout.driftguard(aws.url(), &["fix"]);
    let changed = files(checkout.path());
    let differ = before.keys().filter(|path| changed[*path] != before[*path]);
    assert_eq!((differ.count(), changed.len()), (2, before.len()));
}

#[tokio::test]
async fn a_dry_run_prints_the_changes_and_writes_nothing() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let checkout = Checkout::new();
    let before = checkout.read(TFVARS);
    let run = checkout.driftguard(aws.url(), &["fix", "--dry-run"]);
    assert_eq!(checkout.read(TFVARS), before);
    assert!(
        run.out
            .contains("-instance_type = \"t3.small\"\n+instance_type = \"t3.xlarge\"\n"),
        "{}",
        run.out
    );
    std::fs::write(checkout.path().join("changes.patch"), &run.out).unwrap();
    let git = |arguments: &[&str]| {
        let done = std::process::Command::new("git")
            .args(arguments)
            .current_dir(checkout.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    std::fs::remove_dir_all(checkout.path().join(".git")).unwrap();
    git(&["init", "--quiet"]);
    git(&["apply", "changes.patch"]);
    assert!(checkout.read(TFVARS).contains("t3.xlarge"));
}

/// What is refused, and why, must not be told only once the files are edited.
#[tokio::test]
async fn a_dry_run_tells_what_a_fix_would_in_any_form() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let checkout = Checkout::new();
    let dry = |arguments: &[&str]| {
        let all = [&["fix", "--dry-run"], arguments].concat();
        let run = checkout.driftguard(aws.url(), &all);
        assert_eq!(run.code, 2, "{run:?}");
        run
    };
    let plain = dry(&[]);
    let report = dry(&["--format", "json"]).json();
    assert_eq!(report["patch"], plain.out.as_str());
    let findings = report["stacks"][0]["findings"].as_array().unwrap();
    let refused = findings
        .iter()
        .find(|finding| finding["fix"]["kind"] == "refused");
    let reason = refused.unwrap()["fix"]["reason"].as_str().unwrap();
    assert!(
        plain.err.contains(&format!("not fixed: {reason}")),
        "{plain:?}"
    );
    assert!(
        plain.err.contains("infra/production/terraform.tfvars:"),
        "{plain:?}"
    );
    let markdown = dry(&["--format", "markdown"]).out;
    let diff = format!("```diff\n{}", plain.out.lines().next().unwrap());
    assert!(markdown.contains(&diff), "{markdown}");
    let sarif = dry(&["--format", "sarif"]).out;
    assert!(sarif.contains("\"version\": \"2.1.0\""), "{sarif}");
    let beside = dry(&["--format", "json", "--output", "report.json"]);
    assert_eq!(beside.out, plain.out);
    let written: serde_json::Value = serde_json::from_str(&checkout.read("report.json")).unwrap();
    assert_eq!(written["stacks"], report["stacks"]);
}

#[tokio::test]
async fn one_value_that_feeds_several_servers_follows_only_if_all_changed_alike() {
    let aws = shop().await;
    let one: String = CONSOLE
        .lines()
        .take(3)
        .map(|line| format!("{line}\n"))
        .collect();
    aws.replay(&one).await.unwrap();
    let checkout = Checkout::new();
    let before = checkout.read(TFVARS);
    let run = checkout.driftguard(aws.url(), &["fix", "--adopt", "--format", "json"]);
    assert_eq!(checkout.read(TFVARS), before);
    let fixes = run.fixes();
    assert_eq!(fixes.len(), 1, "{fixes:?}");
    assert!(
        fixes[0].contains("refused") && fixes[0].contains("feeds aws_instance.web["),
        "{fixes:?}"
    );
}

#[tokio::test]
async fn only_the_findings_that_were_named_are_fixed() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let checkout = Checkout::new();
    let scan = checkout
        .driftguard(aws.url(), &["scan", "--format", "json"])
        .json();
    let findings = scan["stacks"][0]["findings"].as_array().unwrap();
    let batch = findings
        .iter()
        .find(|finding| finding["address"] == "aws_instance.batch")
        .unwrap();
    checkout.driftguard(
        aws.url(),
        &["fix", "--finding", batch["id"].as_str().unwrap()],
    );
    assert!(checkout.read(TFVARS).contains("t3.small"));
    assert!(checkout.read(WEB).contains("\"import\""));
    let run = checkout.driftguard(aws.url(), &["fix", "--finding", "f-nothing"]);
    assert_eq!(run.code, 1);
    assert!(run.err.contains("f-nothing"));
}

#[tokio::test]
async fn what_was_added_is_taken_over_where_somebody_says_so() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let checkout = Checkout::new();
    let run = checkout.driftguard(aws.url(), &["fix", "--import", "--format", "json"]);
    let fixes = run.fixes();
    let imported: Vec<_> = fixes
        .iter()
        .filter(|fix| fix.contains(": import "))
        .collect();
    assert_eq!(imported.len(), 1, "{fixes:?}");
    assert!(
        imported[0].starts_with("aws_iam_role_policy_attachment: import infra/production/"),
        "{fixes:?}"
    );
    assert!(
        checkout.read(TFVARS).contains("t3.small"),
        "nothing else is fixed"
    );
    let found = imported[0]
        .split([' ', ':'])
        .find(|word| word.ends_with(".tf"))
        .unwrap();
    let after = checkout.read(found);
    assert!(
        after.ends_with(
            "\n  role       = aws_iam_role.web.name\n  policy_arn = \"arn:aws:iam::aws:policy/AdministratorAccess\"\n}\n"
        ),
        "{after}"
    );
    assert_eq!(run.code, 2, "the others are left");
    // Taken over already: the next run adds nothing, and says that it waits for an apply.
    let again = checkout.driftguard(aws.url(), &["fix", "--import", "--format", "json"]);
    assert_eq!(checkout.read(found), after);
    let report = again.json();
    let waiting = report["stacks"][0]["set_aside"].as_array().unwrap().iter();
    let reasons: Vec<_> = waiting
        .filter_map(|finding| finding["reason"].as_str())
        .collect();
    assert!(
        reasons
            .iter()
            .any(|reason| reason.contains("no apply has carried that out yet")),
        "{reasons:?}"
    );
}

/// No attribute of a managed bucket tells of it: to Terraform a policy that no resource manages is nobody's.
#[tokio::test]
async fn a_policy_that_opens_a_managed_bucket_is_found_and_taken_over() {
    let aws = shop().await;
    let statement = serde_json::json!({
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-shop-assets/*",
    });
    let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]});
    let call = serde_json::json!({
        "method": "PUT", "scope": "us-east-1/s3/aws4_request", "url": "/acme-shop-assets?policy=",
        "body": policy.to_string(),
    });
    aws.replay(&format!("{call}\n")).await.unwrap();
    let checkout = Checkout::new();
    let run = checkout.driftguard(aws.url(), &["scan", "--format", "json"]);
    let found = "critical unmanaged aws_s3_bucket_policy under aws_s3_bucket.assets";
    assert_eq!(run.findings(), [found]);
    let all = checkout.driftguard(
        aws.url(),
        &["scan", "--format", "json", "--unmanaged", "off"],
    );
    assert_eq!(all.findings(), [""; 0]);
    let run = checkout.driftguard(aws.url(), &["fix", "--import", "--format", "json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let after = checkout.read("infra/production/storage.tf");
    let import = "import {\n  to = aws_s3_bucket_policy.assets_policy\n  id = \"acme-shop-assets\"\n}\n\nresource \
                  \"aws_s3_bucket_policy\" \"assets_policy\" {\n  bucket = aws_s3_bucket.assets.id\n";
    assert!(after.contains(import), "{after}");
}
