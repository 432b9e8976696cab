//! What a scan cannot read is named, with file and line, and one line a reason.

use crate::aws::Checkout;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

const BACKEND: &str =
    "terraform {\n  backend \"local\" {}\n}\nprovider \"aws\" {\n  region = \"us-east-1\"\n}\n";
const EMPTY: &str = r#"{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"a","outputs":{},"resources":[]}"#;

/// A checkout with these root modules in `stacks`, each with its own files and an empty state.
fn checkout(roots: &[(&str, &[(&str, &str)])]) -> Checkout {
    let checkout = Checkout::new();
    std::fs::remove_file(checkout.path().join(".driftguard.yml")).unwrap();
    for (root, files) in roots {
        std::fs::create_dir_all(checkout.path().join("stacks").join(root)).unwrap();
        checkout.write(&format!("stacks/{root}/terraform.tfstate"), EMPTY);
        for (file, text) in *files {
            checkout.write(&format!("stacks/{root}/{file}"), text);
        }
    }
    checkout
}

/// An address where nobody may call.
fn nobody() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    (listener, address)
}

#[test]
fn a_root_with_a_file_that_is_not_valid_is_a_stack_that_was_not_scanned() {
    let broken = format!("{BACKEND}x = [\n");
    let checkout = checkout(&[
        ("a", &[("main.tf", BACKEND)]),
        ("b", &[("main.tf", &broken)]),
        (
            "c",
            &[
                ("backend.tf", BACKEND),
                ("main.tf", "locals {\n  a = = 1\n}\n"),
            ],
        ),
    ]);
    let (listener, address) = nobody();
    let run = checkout.driftguard(&address, &["scan", "stacks", "--format", "json"]);
    assert_eq!(run.code, 3, "{}", run.err);
    let report = run.json();
    let stacks = report["stacks"].as_array().unwrap().iter();
    let told: Vec<_> = stacks
        .map(|stack| {
            let error = &stack["error"]["message"];
            let place = error
                .as_str()
                .unwrap_or_default()
                .split(": ")
                .next()
                .unwrap();
            (stack["path"].as_str().unwrap(), place)
        })
        .collect();
    let expected = [
        ("stacks/a", ""),
        ("stacks/b", "stacks/b/main.tf:7"),
        ("stacks/c", "stacks/c/main.tf:2"),
    ];
    assert_eq!(told, expected);
    // No resource, no question.
    assert!(listener.accept().is_err());
}

#[test]
fn a_reason_is_one_line_however_many_stacks_have_it() {
    let names: Vec<_> = (10..30).map(|at| format!("s{at}")).collect();
    let files = [("main.tf", BACKEND), ("common.tf", "")];
    let roots: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), &files[..]))
        .collect();
    let checkout = checkout(&roots);
    std::fs::create_dir_all(checkout.path().join("shared")).unwrap();
    checkout.write("shared/common.tf", "locals {\n  a = = 1\n}\n");
    for name in &names {
        let link = checkout.path().join(format!("stacks/{name}/common.tf"));
        std::fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("../../shared/common.tf", link).unwrap();
    }
    let (_listener, address) = nobody();
    let run = checkout.driftguard(&address, &["scan", "stacks"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert_eq!(
        run.err.matches("shared/common.tf:2").count(),
        1,
        "{}",
        run.err
    );
    assert!(run.err.contains("stacks-s10, stacks-s11"), "{}", run.err);
    assert!(
        run.err.contains("and 10 more: shared/common.tf:2"),
        "{}",
        run.err
    );
    // Beside one that was scanned, the same on standard output.
    let checkout_path = checkout.path().join("stacks/ok");
    std::fs::create_dir_all(checkout_path).unwrap();
    checkout.write("stacks/ok/main.tf", BACKEND);
    checkout.write("stacks/ok/terraform.tfstate", EMPTY);
    for format in ["text", "markdown"] {
        let run = checkout.driftguard(&address, &["scan", "stacks", "--format", format]);
        assert_eq!(run.code, 3, "{}", run.err);
        let told = run.out.matches("could not be parsed").count();
        assert!(told > 0 && told <= 2, "{}", run.out);
    }
}

#[test]
fn a_root_without_a_backend_is_named() {
    let provider = "provider \"aws\" {\n  region = \"us-east-1\"\n}\n";
    let checkout = checkout(&[
        ("a", &[("main.tf", BACKEND)]),
        ("b", &[("main.tf", provider)]),
    ]);
    let (_listener, address) = nobody();
    let run = checkout.driftguard(&address, &["scan", "stacks"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let line = run.err.lines().find(|line| line.contains("`stacks/b`"));
    assert!(
        line.unwrap().contains("have no backend block"),
        "{}",
        run.err
    );
    // One that is named with its state is scanned.
    checkout.write("stacks/b/terraform.tfstate", EMPTY);
    let state = checkout.path().join("stacks/b/terraform.tfstate");
    let scan = ["scan", "stacks/b", "--state", state.to_str().unwrap()];
    let run = checkout.driftguard(&address, &scan);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(!run.err.contains("have no backend block"), "{}", run.err);
}

/// An address that takes no more connections: they wait for ever, as behind a firewall.
fn silent() -> (TcpListener, Vec<TcpStream>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(connection) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        waiting.push(connection);
    }
    (listener, waiting, format!("http://{address}"))
}

/// Before, this took up to a minute. A scan that finds out at once has seconds to spare even on a busy machine.
#[test]
fn aws_out_of_reach_is_said_within_seconds() {
    let (refusing, closed) = nobody();
    drop(refusing);
    let (_listener, _waiting, silent) = silent();
    let checkout = Checkout::new();
    checkout.write("given.tfstate", crate::aws::STATE);
    for address in [closed, silent] {
        for (further, code) in [(&[][..], 1), (&["--state", "given.tfstate"], 3)] {
            let started = Instant::now();
            let arguments = [&["scan", "infra/production"], further].concat();
            let run = checkout.driftguard(&address, &arguments);
            let took = started.elapsed();
            assert_eq!(run.code, code, "{run:?}");
            let told = format!("{}{}", run.out, run.err);
            assert!(told.contains("AWS did not answer"), "{run:?}");
            assert!(
                took < Duration::from_secs(9),
                "{address} {further:?}: {took:?}"
            );
        }
    }
}

/// Somebody gave Terraform another region than the code has: what tells no region itself is not called deleted.
#[tokio::test]
async fn what_is_missing_where_all_peers_are_elsewhere_than_the_code_says_is_unknown() {
    let resource = |tf_type: &str, attributes: &str| {
        format!(
            r#"{{"mode": "managed", "type": "{tf_type}", "name": "x",
            "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
            "instances": [{{"schema_version": 0, "attributes": {{{attributes}}}}}]}}"#
        )
    };
    let topic = r#""id": "t", "arn": "arn:aws:sns:eu-west-1:123456789012:t", "name": "t""#;
    let route = r#""id": "r-1", "route_table_id": "rtb-0123456789abcdef0", "destination_cidr_block": "0.0.0.0/0""#;
    let state = EMPTY.replace(
        "\"resources\":[]",
        &format!(
            "\"resources\":[{},{}]",
            resource("aws_sns_topic", topic),
            resource("aws_route", route)
        ),
    );
    let code = "\nresource \"aws_sns_topic\" \"x\" { name = \"t\" }\nresource \"aws_route\" \"x\" {\n  \
                route_table_id = \"rtb-0123456789abcdef0\"\n  destination_cidr_block = \"0.0.0.0/0\"\n}\n";
    let variable = BACKEND.replace("\"us-east-1\"", "var.region");
    let of_variable =
        format!("variable \"region\" {{ default = \"us-east-1\" }}\n{variable}{code}");
    let checkout = checkout(&[
        ("fixed", &[("main.tf", &format!("{BACKEND}{code}"))]),
        ("given", &[("main.tf", &of_variable)]),
    ]);
    for root in ["fixed", "given"] {
        checkout.write(&format!("stacks/{root}/terraform.tfstate"), &state);
    }
    let aws = crate::aws::moto().await;
    let run = checkout.driftguard(
        aws.url(),
        &["scan", "stacks", "--format", "json", "--unmanaged", "off"],
    );
    let report = run.json();
    let [fixed, given] = [0, 1].map(|at| &report["stacks"][at]);
    assert_eq!(
        fixed["findings"].as_array().map(Vec::len),
        Some(0),
        "{fixed}"
    );
    let row = fixed["coverage"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["type"] == "aws_route")
        .unwrap();
    assert_eq!(row["status"], "wrong_account", "{row}");
    assert_eq!(row["region"], "eu-west-1", "{row}");
    let reason = "the code's provider has the region us-east-1, but the state has its resources in eu-west-1";
    assert!(row["reason"].as_str().unwrap().starts_with(reason), "{row}");
    // The variable may be another one, so its peers tell where the route was.
    let note = given["notes"][0].as_str().unwrap();
    assert!(
        note.starts_with("`var.region` may be set from outside"),
        "{given}"
    );
    assert_eq!(given["findings"][0]["region"], "eu-west-1", "{given}");
}
