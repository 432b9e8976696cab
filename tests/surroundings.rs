//! What the command line takes from Terraform's own surroundings: variables, the workspace, and the backend as it was
//! initialised; and that a server takes none of it.

use crate::aws::{BUCKET, Checkout, KEY, PASSWORD, STATE, moto, shop};

const SCAN: &[&str] = &[
    "scan",
    "infra/production",
    "--unmanaged",
    "off",
    "--format",
    "json",
];

/// A state of the shop's without resources.
const EMPTY: &str = r#"{"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "x", "outputs": {}, "resources": []}"#;

/// Where a scan found its state; none where it found none.
fn location(run: &crate::aws::Run) -> String {
    let report = run.json();
    let location = report["stacks"][0]["backend"]["location"].as_str();
    location.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_workspace_is_the_first_that_somebody_named() {
    let aws = shop().await;
    let key = |workspace: &str| format!("env:/{workspace}/{KEY}");
    for workspace in ["asked", "named", "shell", "selected"] {
        aws.put_object(BUCKET, &key(workspace), STATE)
            .await
            .unwrap();
    }
    let checkout = Checkout::new();
    let state_of = |workspace: &str| format!("s3://{BUCKET}/{}", key(workspace));
    let scan = |environment: &[(&str, &str)], further: &[&str]| {
        let run = checkout.driftguard_in(environment, aws.url(), &[SCAN, further].concat());
        assert_eq!(run.code, 0, "{run:?}");
        location(&run)
    };
    assert_eq!(scan(&[], &[]), format!("s3://{BUCKET}/{KEY}"));
    std::fs::create_dir(checkout.path().join("infra/production/.terraform")).unwrap();
    checkout.write("infra/production/.terraform/environment", "selected");
    assert_eq!(scan(&[], &[]), state_of("selected"));
    let shell = [("TF_WORKSPACE", "shell")];
    assert_eq!(scan(&shell, &[]), state_of("shell"));
    // Of a whole repository the shell's is not meant.
    let all = ["scan", "--unmanaged", "off", "--format", "json"];
    let run = checkout.driftguard_in(&shell, aws.url(), &all);
    assert_eq!(location(&run), state_of("selected"));
    checkout.write(
        ".driftguard.yml",
        "version: 1\nstacks:\n  - path: infra/production\n    workspace: named\n",
    );
    assert_eq!(scan(&shell, &[]), state_of("named"));
    assert_eq!(scan(&shell, &["--workspace", "asked"]), state_of("asked"));
    let wrong = checkout.driftguard(aws.url(), &["scan", "--workspace", "a/b"]);
    assert_eq!(wrong.code, 64, "{wrong:?}");
}

#[tokio::test]
async fn several_workspaces_are_a_stack_each() {
    let aws = shop().await;
    for workspace in ["blue", "green"] {
        let key = format!("env:/{workspace}/{KEY}");
        aws.put_object(BUCKET, &key, STATE).await.unwrap();
    }
    let checkout = Checkout::new();
    checkout.write(
        ".driftguard.yml",
        "version: 1\nstacks:\n  - name: shop\n    path: infra/production\n    workspaces: [blue, green]\n",
    );
    let names = |further: &[&str]| {
        let run = checkout.driftguard(aws.url(), &[SCAN, further].concat());
        assert_eq!(run.code, 0, "{run:?}");
        let stacks = run.json()["stacks"].as_array().unwrap().clone();
        let told = stacks.iter().map(|stack| {
            let location = stack["backend"]["location"].as_str().unwrap();
            format!("{} {location}", stack["name"].as_str().unwrap())
        });
        told.collect::<Vec<_>>()
    };
    let [blue, green] =
        ["blue", "green"].map(|name| format!("shop-{name} s3://{BUCKET}/env:/{name}/{KEY}"));
    assert_eq!(names(&[]), [blue.as_str(), &green]);
    assert_eq!(names(&["--stack", "shop-green"]), [green.as_str()]);
    assert_eq!(names(&["--workspace", "green"]), [green.as_str()]);
}

#[tokio::test]
async fn a_backend_is_completed_by_what_init_left_of_it_and_credentials_there_are_not_used() {
    let aws = shop().await;
    let checkout = Checkout::new();
    let backend = checkout.read("infra/production/backend.tf");
    let partial = backend.replace("    bucket = \"acme-terraform-state\"\n", "");
    assert_ne!(partial, backend);
    checkout.write("infra/production/backend.tf", &partial);
    let run = checkout.driftguard(aws.url(), SCAN);
    assert_eq!(run.code, 1, "{run:?}");
    std::fs::create_dir(checkout.path().join("infra/production/.terraform")).unwrap();
    let left = serde_json::json!({"version": 3, "backend": {"type": "s3", "hash": 1, "config": {
        "bucket": BUCKET, "key": "another", "region": "eu-west-1", "access_key": "AKIAPLANTED", "secret_key": "planted",
        "endpoints": {"s3": "http://127.0.0.1:9"}}}});
    checkout.write(
        "infra/production/.terraform/terraform.tfstate",
        &left.to_string(),
    );
    let run = checkout.driftguard(aws.url(), SCAN);
    assert_eq!(run.code, 0, "{run:?}");
    // What the code says counts first.
    assert_eq!(location(&run), format!("s3://{BUCKET}/{KEY}"));
    assert!(
        !format!("{run:?}").to_lowercase().contains("planted"),
        "{run:?}"
    );
}

#[tokio::test]
async fn a_state_without_resources_is_never_no_drift_where_the_code_declares_some() {
    let aws = shop().await;
    let checkout = Checkout::new();
    checkout.write("empty.tfstate", EMPTY);
    let given = [SCAN, &["--state", "empty.tfstate"]].concat();
    let run = checkout.driftguard(aws.url(), &given);
    assert_eq!(run.code, 3, "{run:?}");
    let unread = run.json()["stacks"][0]["unread"][0]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        unread.contains("empty.tfstate") && unread.contains("--workspace"),
        "{unread}"
    );
    let text = checkout.driftguard(
        aws.url(),
        &[&["scan"], &given[1..4], &["--state", "empty.tfstate"]].concat(),
    );
    assert!(
        text.out.contains("not everything could be checked"),
        "{text:?}"
    );
    // Nothing is declared and nothing is held.
    let root = checkout.path().join("infra/production");
    for file in ["access.tf", "network.tf", "storage.tf", "web.tf"] {
        std::fs::remove_file(root.join(file)).unwrap();
    }
    assert_eq!(checkout.driftguard(aws.url(), &given).code, 0);
    // The backend keeps other workspaces elsewhere.
    aws.put_object(BUCKET, KEY, EMPTY).await.unwrap();
    let backend = checkout.read("infra/production/backend.tf");
    let prefix = "    workspace_key_prefix = \"environments/shop\"\n    region ";
    checkout.write(
        "infra/production/backend.tf",
        &backend.replace("    region ", prefix),
    );
    let run = checkout.driftguard(aws.url(), SCAN);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.out.contains("environments/shop/"), "{run:?}");
    let other = format!("environments/shop/blue/{KEY}");
    aws.put_object(BUCKET, &other, EMPTY).await.unwrap();
    let run = checkout.driftguard(aws.url(), SCAN);
    let named = "this backend has `blue` under environments/shop/";
    assert!(run.out.contains(named), "{run:?}");
}

#[tokio::test]
async fn what_the_shell_sets_counts_as_for_terraform_and_what_nobody_sets_is_told() {
    let aws = shop().await;
    let checkout = Checkout::new();
    // As the shop's code was, but for the file with the size of its servers.
    std::fs::remove_file(checkout.path().join("infra/production/terraform.tfvars")).unwrap();
    let variables = checkout.read("infra/production/variables.tf");
    let default = "on\"\n  default     = \"t3.nano\"\n  type        = string\n}";
    let changed = variables.replacen("on\"\n  type        = string\n}", default, 1);
    assert_ne!(changed, variables);
    checkout.write("infra/production/variables.tf", &changed);
    std::fs::create_dir(checkout.path().join("infra/production/env")).unwrap();
    checkout.write(
        "infra/production/env/live.tfvars",
        "instance_type = \"t3.small\"\n",
    );
    let note = "`var.instance_type` may be set from outside (its default gives \\\"t3.nano\\\", the state holds \\\"t3.small\\\"): \
                pass --var-file infra/production/env/live.tfvars, or name it under `var_files`";
    let plain = checkout.driftguard(aws.url(), SCAN);
    assert_eq!(plain.code, 0, "{plain:?}");
    assert_eq!(plain.out.matches(note).count(), 1, "{}", plain.out);
    assert_eq!(
        plain.json()["stacks"][0]["set_aside"],
        serde_json::json!([])
    );
    for (environment, further) in [
        (vec![("TF_VAR_instance_type", "t3.small")], vec![]),
        (
            vec![("TF_CLI_ARGS_plan", "-var-file=env/live.tfvars")],
            vec![],
        ),
        (
            vec![("TF_CLI_ARGS_plan", "-var instance_type=t3.small")],
            vec![],
        ),
        (vec![], vec!["--var", "instance_type=t3.small"]),
        (
            vec![("TF_VAR_instance_type", "t3.large")],
            vec!["--var-file", "infra/production/env/live.tfvars"],
        ),
    ] {
        let run = checkout.driftguard_in(&environment, aws.url(), &[SCAN, &further].concat());
        assert_eq!(run.code, 0, "{environment:?} {further:?} {run:?}");
        assert!(!run.out.contains("var.instance_type"), "{}", run.out);
        assert_eq!(run.json()["stacks"][0]["set_aside"], serde_json::json!([]));
    }
    // What is set otherwise than it was applied is not applied yet.
    let run = checkout.driftguard_in(&[("TF_VAR_instance_type", "t3.large")], aws.url(), SCAN);
    assert_eq!(
        run.json()["stacks"][0]["set_aside"][0]["verdict"],
        "not_applied"
    );
    assert!(!format!("{run:?}").contains(PASSWORD));
}

/// Each of these would send a scan to another state, another value or another host.
const PLANTED: &[(&str, &str)] = &[
    ("TF_VAR_instance_type", "planted.large"),
    ("TF_VAR_database_password", "planted-password"),
    ("TF_CLI_ARGS", "-var=instance_type=planted.small"),
    (
        "TF_CLI_ARGS_plan",
        "-var-file=planted.tfvars -var instance_type=planted.nano",
    ),
    ("TF_WORKSPACE", "planted"),
    ("TF_DATA_DIR", "/planted"),
    ("TF_TOKEN_app_terraform_io", "planted-token"),
    ("TF_HTTP_ADDRESS", "http://planted.example"),
    ("TF_HTTP_PASSWORD", "planted-password"),
];

#[tokio::test]
async fn a_server_takes_none_of_it_from_its_own_environment() {
    moto().await;
    let (status, out) = crate::demo::run(PLANTED);
    assert!(status.success() && !out.contains("planted"), "{out}");
    crate::demo::tells_of_the_shop(&out);
}
