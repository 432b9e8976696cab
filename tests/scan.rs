//! `driftguard scan`, as a person runs it in a checkout.

use crate::aws::{ACCOUNT, CONSOLE, Checkout, PASSWORD, STATE, moto, shop};

#[tokio::test]
async fn an_untouched_stack_shows_nothing() {
    let aws = shop().await;
    let run = Checkout::new().driftguard(aws.url(), &["scan", "--format", "json"]);
    assert_eq!(run.findings(), [""; 0]);
    assert_eq!(run.json()["stacks"][0]["set_aside"], serde_json::json!([]));
    for row in run.json()["stacks"][0]["coverage"].as_array().unwrap() {
        assert_eq!(row["status"], "checked", "{row}");
    }
    assert_eq!(run.code, 0, "{}", run.err);
}

#[tokio::test]
async fn what_somebody_did_in_the_console_is_found_and_nothing_else() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let run = Checkout::new().driftguard(aws.url(), &["scan", "--format", "json"]);
    let expected = [
        "high modified aws_db_instance.orders backup_retention_period",
        "critical unmanaged aws_iam_role_policy_attachment under aws_iam_role.web",
        "info modified aws_instance.batch tags[\"Role\"]",
        "low modified aws_instance.web[0] instance_type",
        "low modified aws_instance.web[1] instance_type",
        "high modified aws_s3_bucket_public_access_block.assets block_public_policy, restrict_public_buckets",
        "critical modified aws_security_group.web ingress",
    ];
    assert_eq!(run.findings(), expected);
    assert_eq!(run.code, 2);
}

#[tokio::test]
async fn each_difference_says_what_the_code_declares_and_where() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let report = Checkout::new()
        .driftguard(aws.url(), &["scan", "--format", "json"])
        .json();
    let findings = report["stacks"][0]["findings"].as_array().unwrap().iter();
    let told: Vec<_> = findings
        .flat_map(|finding| finding["attributes"].as_array().unwrap())
        .map(|one| {
            let place = &one["defined_in"];
            let (file, line) = (place["file"].as_str().unwrap(), &place["line"]);
            let name = file.rsplit('/').next().unwrap();
            assert!(one.get("declared").is_some(), "{one}");
            format!("{} {name}:{line}", one["path"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            "backup_retention_period storage.tf:31",
            "tags[\"Role\"] web.tf:26",
            "instance_type terraform.tfvars:2",
            "instance_type terraform.tfvars:2",
            "block_public_policy storage.tf:17",
            "restrict_public_buckets storage.tf:19",
            "ingress network.tf:16",
        ]
    );
}

#[tokio::test]
async fn two_scans_of_the_same_world_print_the_same_bytes() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let checkout = Checkout::new();
    let scan = || {
        checkout
            .driftguard(aws.url(), &["scan", "infra/production", "--format", "json"])
            .out
    };
    assert_eq!(scan(), scan());
}

#[tokio::test]
async fn the_databases_password_is_never_printed() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    assert!(STATE.contains(PASSWORD));
    for format in ["text", "json", "markdown", "sarif"] {
        let run = Checkout::new().driftguard(aws.url(), &["scan", "--format", format]);
        assert_eq!(run.code, 2);
        assert!(!format!("{run:?}").contains(PASSWORD), "{format}");
    }
}

#[tokio::test]
async fn another_accounts_credentials_make_everything_unknown_and_nothing_deleted() {
    let aws = moto().await;
    let checkout = Checkout::new();
    let elsewhere = STATE.replace("123456789012", "210987654321");
    checkout.write("elsewhere.tfstate", &elsewhere);
    let arguments = [
        "scan",
        "--state",
        "elsewhere.tfstate",
        "--unmanaged",
        "off",
        "--format",
        "json",
    ];
    let run = checkout.driftguard(aws.url(), &arguments);
    assert_eq!(run.findings(), [""; 0]);
    for row in run.json()["stacks"][0]["coverage"].as_array().unwrap() {
        assert_eq!(row["status"], "wrong_account", "{row}");
    }
    assert_eq!(run.code, 3);
}

#[tokio::test]
async fn an_empty_account_of_its_own_shows_every_resource_as_deleted() {
    let aws = moto().await;
    let checkout = Checkout::new();
    checkout.write("given.tfstate", STATE);
    let run = checkout.driftguard(
        aws.url(),
        &["scan", "--state", "given.tfstate", "--format", "json"],
    );
    let deleted = run
        .findings()
        .iter()
        .filter(|finding| finding.contains("deleted"))
        .count();
    assert_eq!(deleted, run.findings().len());
    assert_eq!(deleted, STATE.matches("\"mode\": \"managed\"").count() + 1);
    assert!(!ACCOUNT.is_empty());
}

#[tokio::test]
async fn what_cannot_be_scanned_is_an_error_that_names_the_thing_and_the_remedy() {
    let aws = moto().await;
    let refused = |checkout: &Checkout, arguments: &[&str], wanted: &[&str]| {
        let run = checkout.driftguard(aws.url(), &[&["scan"], arguments].concat());
        assert_eq!((run.code, run.out.as_str()), (1, ""), "{run:?}");
        for wanted in wanted {
            assert!(
                run.err.contains(wanted),
                "`{wanted}` is not in: {}",
                run.err
            );
        }
    };
    let checkout = Checkout::new();
    refused(
        &checkout,
        &[],
        &[
            "s3://acme-terraform-state/shop/production/terraform.tfstate",
            "does not exist",
        ],
    );
    checkout.write("cut.tfstate", &STATE[..STATE.len() / 2]);
    refused(
        &checkout,
        &["--state", "cut.tfstate"],
        &["cut.tfstate", "no Terraform state", "line"],
    );
    checkout.write("old.tfstate", r#"{"version": 3}"#);
    refused(
        &checkout,
        &["--state", "old.tfstate"],
        &["old.tfstate", "version 3"],
    );
    refused(&checkout, &["--state", "none.tfstate"], &["none.tfstate"]);
    refused(
        &checkout,
        &["--stack", "staging"],
        &["`staging`", "infra-production"],
    );
    checkout.write(".driftguard.yml", "version: 1\nunmanagd: off\n");
    refused(&checkout, &[], &[".driftguard.yml:2", "unmanagd"]);
    let run = checkout.driftguard(aws.url(), &["scan", "--no-such-option"]);
    assert_eq!(run.code, 64);
}

#[tokio::test]
async fn a_state_that_is_too_large_is_refused_before_it_is_read() {
    let checkout = Checkout::new();
    for (option, mebibytes) in [("--state", 512), ("--config", 4)] {
        let file = std::fs::File::create(checkout.path().join("large")).unwrap();
        // It takes no place on the disk, and would take all of it in memory.
        file.set_len((mebibytes << 20) + 1).unwrap();
        let run = checkout.driftguard("http://127.0.0.1:9", &["scan", option, "large"]);
        assert_eq!((run.code, run.out.as_str()), (1, ""), "{run:?}");
        let told = format!("large is larger than {mebibytes} MiB");
        assert!(run.err.contains(&told), "{}", run.err);
    }
}

#[tokio::test]
async fn of_very_many_stacks_it_is_said_that_all_are_scanned() {
    let checkout = Checkout::new();
    checkout.write(".driftguard.yml", "version: 1\n");
    for number in 0..500 {
        let folder = format!("many/s{number:03}");
        std::fs::create_dir_all(checkout.path().join(&folder)).unwrap();
        let code = "terraform {\n  backend \"local\" {}\n}\n";
        checkout.write(&format!("{folder}/main.tf"), code);
    }
    let said = |path: &str| {
        let run = checkout.driftguard("http://127.0.0.1:9", &["scan", path]);
        assert_eq!((run.code, run.out.as_str()), (1, ""), "{run:?}");
        run.err.contains("stacks, and all of them are scanned")
    };
    assert!(!said("many"), "500 are as many as the server scans");
    assert!(said("."), "and the shop's own");
}
