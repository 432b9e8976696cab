//! States behind http and in HCP Terraform on the command line, with what the shell and the code say of them.

use super::standin::{HTTP_PASSWORD, Hcp, TOKEN, USER, Web, Workspace};
use crate::aws::{Checkout, Run, STATE, shop};

const SCAN: &[&str] = &[
    "scan",
    "infra/production",
    "--unmanaged",
    "off",
    "--format",
    "json",
];

/// A checkout of the shop with another backend.
fn checkout(backend: &str) -> Checkout {
    let checkout = Checkout::new();
    let text = format!("terraform {{\n{backend}\n}}\n");
    checkout.write("infra/production/backend.tf", &text);
    checkout
}

/// The first stack's place, once the scan went well; nothing that opens it is told.
fn location(run: &Run) -> String {
    assert_eq!(run.code, 0, "{run:?}");
    told_no_secret(run);
    let report = run.json();
    report["stacks"][0]["backend"]["location"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn told_no_secret(run: &Run) {
    assert!(!format!("{run:?}").contains("planted"), "{run:?}");
}

/// What a scan that found no state says.
fn refusal(run: &Run) -> &str {
    assert_eq!(run.code, 1, "{run:?}");
    told_no_secret(run);
    &run.err
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_behind_http_is_read_with_the_users_own_credentials() {
    let (aws, web, elsewhere) = (shop().await, Web::start().await, Web::start().await);
    let url = &web.url;
    let credentials = [
        ("TF_HTTP_USERNAME", USER),
        ("TF_HTTP_PASSWORD", HTTP_PASSWORD),
    ];
    let guarded = checkout(&format!(
        "  backend \"http\" {{\n    address = \"{url}/state/guarded?key=planted-key\"\n  }}"
    ));
    let run = guarded.driftguard(aws.url(), SCAN);
    let told = refusal(&run);
    assert!(
        told.contains(&format!("{url}/state/guarded refuses to be read (401)")),
        "{told}"
    );
    assert!(told.contains("TF_HTTP_USERNAME"), "{told}");
    let run = guarded.driftguard_in(&credentials, aws.url(), SCAN);
    assert_eq!(location(&run), format!("{url}/state/guarded"));
    // A partial configuration is completed by the shell, then by what init recorded.
    let partial = checkout("  backend \"http\" {}");
    assert!(refusal(&partial.driftguard(aws.url(), SCAN)).contains("partial configuration"));
    let address = format!("{url}/state/open");
    let shell = [("TF_HTTP_ADDRESS", address.as_str())];
    assert_eq!(
        location(&partial.driftguard_in(&shell, aws.url(), SCAN)),
        address
    );
    std::fs::create_dir(partial.path().join("infra/production/.terraform")).unwrap();
    let left = serde_json::json!({"version": 3, "backend": {"type": "http", "config": {
        "address": address, "username": USER, "password": HTTP_PASSWORD}}});
    partial.write(
        "infra/production/.terraform/terraform.tfstate",
        &left.to_string(),
    );
    assert_eq!(location(&partial.driftguard(aws.url(), SCAN)), address);
    let last = web.arrived().pop().unwrap();
    assert_eq!(last.authorization, None, "what init recorded is not used");
    // The code's own credentials, which stay with their host.
    let target = format!("{}/state/open", elsewhere.url);
    let led = checkout(&format!(
        "  backend \"http\" {{\n    address = \"{url}/to/state?{target}\"\n    username = \"{USER}\"\n    password = \"{HTTP_PASSWORD}\"\n  }}"
    ));
    assert_eq!(
        location(&led.driftguard(aws.url(), SCAN)),
        format!("{url}/to/state")
    );
    assert!(web.arrived().pop().unwrap().authorization.is_some());
    assert_eq!(elsewhere.arrived().len(), 1);
    assert_eq!(elsewhere.arrived()[0].authorization, None);
    assert!(web.arrived().iter().all(|request| request.method == "GET"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_http_backend_cannot_do_is_said() {
    let (aws, web) = (shop().await, Web::start().await);
    let url = &web.url;
    let with = |more: &str| {
        checkout(&format!(
            "  backend \"http\" {{\n    address = \"{url}/state/open\"\n{more}  }}"
        ))
    };
    let workspace = [SCAN, &["--workspace", "blue"]].concat();
    let run = with("").driftguard(aws.url(), &workspace);
    assert!(refusal(&run).contains("no workspaces"), "{run:?}");
    let run = with("    skip_cert_verification = true\n").driftguard(aws.url(), SCAN);
    assert!(
        refusal(&run).contains("`skip_cert_verification` is not supported"),
        "{run:?}"
    );
    let run = with("    skip_cert_verification = false\n").driftguard(aws.url(), SCAN);
    assert_eq!(location(&run), format!("{url}/state/open"));
    // Of several root modules the shell means none.
    let several = checkout(&format!(
        "  backend \"http\" {{\n    address = \"{url}/state/guarded\"\n  }}"
    ));
    std::fs::create_dir_all(several.path().join("infra/other")).unwrap();
    several.write(
        "infra/other/main.tf",
        &format!(
            "terraform {{\n  backend \"http\" {{\n    address = \"{url}/state/guarded\"\n  }}\n}}\n"
        ),
    );
    std::fs::remove_file(several.path().join(".driftguard.yml")).unwrap();
    let credentials = [
        ("TF_HTTP_USERNAME", USER),
        ("TF_HTTP_PASSWORD", HTTP_PASSWORD),
    ];
    let run = several.driftguard_in(&credentials, aws.url(), &["scan", "infra"]);
    assert!(refusal(&run).contains("scan one root module"), "{run:?}");
    assert!(
        web.arrived()
            .iter()
            .all(|request| request.authorization.is_none())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_of_hcp_terraform_is_read_with_the_token_of_its_host_alone() {
    let (aws, hcp) = (shop().await, Hcp::start().await);
    let host = &hcp.host;
    hcp.put_shop("shop-production");
    let block = |kind: &str, workspaces: &str| {
        checkout(&format!(
            "  {kind} {{\n    hostname = \"{host}\"\n    organization = \"acme\"\n    workspaces {{\n      {workspaces}\n    }}\n  }}"
        ))
    };
    let variable = hcp.token_variable();
    let token = [(variable.as_str(), TOKEN)];
    let place = format!("{host}/acme/shop-production");
    let cloud = block("cloud", "name = \"shop-production\"");
    assert_eq!(
        location(&cloud.driftguard_in(&token, aws.url(), SCAN)),
        place
    );
    let remote = block("backend \"remote\"", "name = \"shop-production\"");
    assert_eq!(
        location(&remote.driftguard_in(&token, aws.url(), SCAN)),
        place
    );
    let prefixed = block("backend \"remote\"", "prefix = \"shop-\"");
    let production = [SCAN, &["--workspace", "production"]].concat();
    assert_eq!(
        location(&prefixed.driftguard_in(&token, aws.url(), &production)),
        place
    );
    let tagged = block("cloud", "tags = [\"app\"]");
    let run = tagged.driftguard_in(&token, aws.url(), SCAN);
    assert!(refusal(&run).contains("names no workspace"), "{run:?}");
    let shell = [token[0], ("TF_WORKSPACE", "shop-production")];
    assert_eq!(
        location(&tagged.driftguard_in(&shell, aws.url(), SCAN)),
        place
    );
    // No token, another one, another workspace.
    let run = cloud.driftguard(aws.url(), SCAN);
    let told = refusal(&run);
    assert!(
        told.contains(&format!("there is no token for `{host}`")),
        "{told}"
    );
    assert!(told.contains(&format!("terraform login {host}")), "{told}");
    let run = cloud.driftguard_in(&[(&variable, "planted-other")], aws.url(), SCAN);
    assert!(
        refusal(&run).contains(&format!("refuses the token for `{host}`")),
        "{run:?}"
    );
    let other = block("cloud", "name = \"shop-staging\"");
    let run = other.driftguard_in(&token, aws.url(), SCAN);
    assert!(
        refusal(&run).contains("acme/shop-staging does not exist"),
        "{run:?}"
    );
    // What `terraform login` keeps.
    let home = cloud.path().join(".git/.terraform.d");
    std::fs::create_dir(&home).unwrap();
    let login = serde_json::json!({"credentials": {host: {"token": TOKEN}}});
    std::fs::write(home.join("credentials.tfrc.json"), login.to_string()).unwrap();
    assert_eq!(location(&cloud.driftguard(aws.url(), SCAN)), place);
    let archived = hcp.archived.lock().unwrap().clone();
    assert_eq!(archived.len(), 5);
    assert!(
        archived
            .iter()
            .all(|request| request.authorization.is_none()),
        "{archived:?}"
    );
    assert!(
        hcp.asked
            .lock()
            .unwrap()
            .iter()
            .all(|request| request.method == "GET")
    );
}

/// The names and places of the stacks that a scan found.
fn stacks(run: &Run) -> Vec<String> {
    told_no_secret(run);
    let report = run.json();
    let stacks = report["stacks"].as_array().unwrap().iter();
    let told = stacks.map(|stack| {
        let place = stack["backend"]["location"].as_str();
        let error = stack["error"]["message"].as_str();
        format!(
            "{} {}",
            stack["name"].as_str().unwrap(),
            place.or(error).unwrap()
        )
    });
    told.collect()
}

const ALL_WORKSPACES: &str =
    "version: 1\nstacks:\n  - name: shop\n    path: infra/production\n    workspaces: \"*\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn all_workspaces_are_a_stack_each_wherever_the_states_are() {
    let (aws, hcp) = (shop().await, Hcp::start().await);
    let (bucket, key, host) = (crate::aws::BUCKET, crate::aws::KEY, &hcp.host);
    for name in ["blue", "green"] {
        aws.put_object(bucket, &format!("env:/{name}/{key}"), STATE)
            .await
            .unwrap();
    }
    aws.put_object(bucket, "env:/red/another.tfstate", STATE)
        .await
        .unwrap();
    let of_bucket = Checkout::new();
    of_bucket.write(".driftguard.yml", ALL_WORKSPACES);
    let run = of_bucket.driftguard(aws.url(), SCAN);
    assert_eq!(run.code, 0, "{run:?}");
    let found = [
        format!("shop-blue s3://{bucket}/env:/blue/{key}"),
        format!("shop-default s3://{bucket}/{key}"),
        format!("shop-green s3://{bucket}/env:/green/{key}"),
    ];
    assert_eq!(stacks(&run), found);
    let one = [SCAN, &["--stack", "shop-green"]].concat();
    assert_eq!(stacks(&of_bucket.driftguard(aws.url(), &one)), found[2..]);
    let one = [SCAN, &["--workspace", "blue"]].concat();
    assert_eq!(stacks(&of_bucket.driftguard(aws.url(), &one)), found[..1]);

    let local = checkout("  backend \"local\" {}");
    local.write(".driftguard.yml", ALL_WORKSPACES);
    let run = local.driftguard(aws.url(), SCAN);
    assert!(
        refusal(&run).contains("no workspace with a state"),
        "{run:?}"
    );
    for name in ["blue", "green"] {
        let folder = format!("infra/production/terraform.tfstate.d/{name}");
        std::fs::create_dir_all(local.path().join(&folder)).unwrap();
        local.write(&format!("{folder}/terraform.tfstate"), STATE);
    }
    let place =
        |name| format!("shop-{name} infra/production/terraform.tfstate.d/{name}/terraform.tfstate");
    assert_eq!(
        stacks(&local.driftguard(aws.url(), SCAN)),
        ["blue", "green"].map(place)
    );

    let tagged = |tags: &[(&'static str, &'static str)], project| Workspace {
        state: Some(STATE.to_owned()),
        tags: tags.to_vec(),
        project,
        locked: false,
    };
    hcp.put("shop-blue", tagged(&[("app", ""), ("env", "live")], "web"));
    hcp.put("shop-green", tagged(&[("app", ""), ("env", "test")], "web"));
    hcp.put("shop-red", tagged(&[("app", ""), ("env", "live")], "old"));
    hcp.put("old-shop-white", tagged(&[], "web"));
    let variable = hcp.token_variable();
    let token = [(variable.as_str(), TOKEN)];
    for (kind, workspaces, names) in [
        (
            "backend \"remote\"",
            "prefix = \"shop-\"",
            &["shop-blue", "shop-green", "shop-red"][..],
        ),
        (
            "cloud",
            "tags = [\"app\"]",
            &["shop-shop-blue", "shop-shop-green", "shop-shop-red"],
        ),
        (
            "cloud",
            "tags = { env = \"live\" }",
            &["shop-shop-blue", "shop-shop-red"],
        ),
        (
            "cloud",
            "tags    = { env = \"live\" }\n      project = \"web\"",
            &["shop-shop-blue"],
        ),
        ("cloud", "project = \"old\"", &["shop-shop-red"]),
    ] {
        let checkout = checkout(&format!(
            "  {kind} {{\n    hostname = \"{host}\"\n    organization = \"acme\"\n    workspaces {{\n      {workspaces}\n    }}\n  }}"
        ));
        checkout.write(".driftguard.yml", ALL_WORKSPACES);
        let run = checkout.driftguard_in(&token, aws.url(), SCAN);
        let found: Vec<_> = stacks(&run)
            .iter()
            .map(|stack| stack.split(' ').next().unwrap().to_owned())
            .collect();
        assert_eq!(found, names, "{workspaces}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_state_beside_other_workspaces_is_not_the_whole_answer() {
    const EMPTY: &str = r#"{"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "x", "outputs": {}, "resources": []}"#;
    let aws = shop().await;
    let checkout = Checkout::new();
    for file in ["access.tf", "network.tf", "storage.tf", "web.tf"] {
        std::fs::remove_file(checkout.path().join("infra/production").join(file)).unwrap();
    }
    let (bucket, key) = (crate::aws::BUCKET, crate::aws::KEY);
    aws.put_object(bucket, key, EMPTY).await.unwrap();
    assert_eq!(checkout.driftguard(aws.url(), SCAN).code, 0);
    aws.put_object(bucket, &format!("env:/blue/{key}"), STATE)
        .await
        .unwrap();
    let run = checkout.driftguard(aws.url(), SCAN);
    assert_eq!(run.code, 3, "{run:?}");
    let unread = run.json()["stacks"][0]["unread"][0]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        unread.contains("this backend has `blue`") && unread.contains("--workspace"),
        "{unread}"
    );
}
