//! What a scan could not check: denied, throttled, of a type that is not read. Unknown is never missing.

use crate::aws::{BUCKET, CONSOLE, Checkout, KEY, Run, STATE, shop};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// The rows of coverage that are not `checked`: type, status, the action that is missing.
fn gaps(run: &Run) -> Vec<String> {
    let report = run.json();
    let rows = report["stacks"][0]["coverage"].as_array().unwrap().iter();
    let gaps = rows.filter(|row| row["status"] != "checked");
    let words = gaps.map(|row| {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        format!(
            "{} {} {}",
            text("type"),
            text("status"),
            text("missing_action")
        )
    });
    words.map(|line| line.trim_end().to_owned()).collect()
}

/// A user whose only policy is what `driftguard iam-policy` prints, less these actions: its key.
pub async fn user_without(aws: &str, missing: &[&str]) -> (String, String) {
    let printed = Checkout::new().driftguard(aws, &["iam-policy"]).out;
    let mut policy = serde_json::from_str::<serde_json::Value>(&printed).unwrap()["policy"].take();
    for statement in policy["Statement"].as_array_mut().unwrap() {
        let actions = statement["Action"].as_array_mut().unwrap();
        actions.retain(|action| !missing.contains(&action.as_str().unwrap()));
    }
    let statements = policy["Statement"].as_array_mut().unwrap();
    statements.retain(|statement| statement["Action"] != serde_json::json!([]));
    let config = crate::aws::config(aws).await;
    let iam = aws_sdk_iam::Client::new(&config);
    iam.create_user().user_name("reader").send().await.unwrap();
    let put = iam
        .put_user_policy()
        .user_name("reader")
        .policy_name("read");
    put.policy_document(policy.to_string())
        .send()
        .await
        .unwrap();
    let made = iam
        .create_access_key()
        .user_name("reader")
        .send()
        .await
        .unwrap();
    let key = made.access_key().unwrap();
    (
        key.access_key_id().to_owned(),
        key.secret_access_key().to_owned(),
    )
}

/// From here on moto looks at who asks, and at what they may.
pub async fn enforce(aws: &str) {
    let enforced = reqwest::Client::new().post(format!("{aws}/moto-api/reset-auth"));
    let answer = enforced.body("0").send().await.unwrap();
    answer.error_for_status().unwrap();
}

#[tokio::test]
async fn what_the_role_may_not_read_is_denied_with_its_action_and_never_deleted() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let missing = [
        "ec2:DescribeVolumes",
        "ec2:DescribeSecurityGroups",
        "iam:ListRoles",
        "rds:DescribeDBInstances",
        "s3:GetBucketAcl",
    ];
    let (id, secret) = user_without(aws.url(), &missing).await;
    enforce(aws.url()).await;

    let checkout = Checkout::new();
    checkout.write("given.tfstate", STATE);
    let arguments = [
        "scan",
        "--state",
        "given.tfstate",
        "--unmanaged",
        "children",
        "--format",
        "json",
    ];
    let run = checkout.driftguard_as((&id, &secret), aws.url(), &arguments);
    assert_eq!(
        gaps(&run),
        [
            "aws_db_instance denied rds:DescribeDBInstances",
            "aws_iam_role denied iam:ListRoles",
            "aws_instance denied ec2:DescribeVolumes",
            "aws_s3_bucket denied s3:GetBucketAcl",
            "aws_security_group denied ec2:DescribeSecurityGroups",
        ]
    );
    // What is known is told; what is not known is no drift.
    let known = "high modified aws_s3_bucket_public_access_block.assets block_public_policy, restrict_public_buckets";
    assert_eq!(run.findings(), [known]);
    assert_eq!(run.code, 2);
    let told = checkout
        .driftguard_as((&id, &secret), aws.url(), &arguments[..5])
        .out;
    for action in missing {
        assert!(told.contains(action), "{action} is not named in:\n{told}");
    }
}

#[test]
fn where_nobody_answers_the_report_names_the_call_and_no_address() {
    let checkout = Checkout::new();
    checkout.write("given.tfstate", STATE);
    let arguments = ["scan", "--state", "given.tfstate", "--format", "json"];
    let run = checkout.driftguard("http://127.0.0.1:9", &arguments);
    assert_eq!((run.code, run.findings()), (3, vec![]), "{run:?}");
    let unread = "AWS did not answer (sts:GetCallerIdentity)";
    assert!(run.out.contains(unread), "{}", run.out);
    // The state is asked for as well.
    let without_state = checkout.driftguard("http://127.0.0.1:9", &["scan"]);
    assert_eq!(without_state.code, 1);
    assert!(without_state.err.contains(unread), "{without_state:?}");
    for told in [&run.out, &without_state.err] {
        for detail in [
            "127.0.0.1",
            "DispatchFailure",
            "dispatch failure",
            "ConnectorError",
        ] {
            assert!(!told.contains(detail), "{detail} in {told}");
        }
    }
}

#[tokio::test]
async fn the_printed_policy_is_enough_for_all_that_is_read() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let (id, secret) = user_without(aws.url(), &[]).await;
    enforce(aws.url()).await;
    let checkout = Checkout::new();
    checkout.write("given.tfstate", STATE);
    let arguments = ["scan", "--state", "given.tfstate", "--format", "json"];
    let run = checkout.driftguard_as((&id, &secret), aws.url(), &arguments);
    assert_eq!(gaps(&run), [""; 0]);
    assert!(run.findings().len() >= 7, "{:?}", run.findings());
}

#[tokio::test]
async fn the_printed_policy_reads_the_states_of_the_checkout_and_no_other_object() {
    let aws = shop().await;
    aws.put_object(BUCKET, "shop/staging/terraform.tfstate", STATE)
        .await
        .unwrap();
    let (id, secret) = user_without(aws.url(), &[]).await;
    enforce(aws.url()).await;
    let checkout = Checkout::new();
    let arguments = ["scan", "--unmanaged", "children", "--format", "json"];
    let run = checkout.driftguard_as((&id, &secret), aws.url(), &arguments);
    assert_eq!((run.code, gaps(&run)), (0, vec![]), "{run:?}");
    let backend = checkout.read("infra/production/backend.tf");
    let other = backend.replace(KEY, "shop/staging/terraform.tfstate");
    assert_ne!(other, backend);
    checkout.write("infra/production/backend.tf", &other);
    let run = checkout.driftguard_as((&id, &secret), aws.url(), &arguments);
    assert_eq!(run.code, 1);
    assert!(run.err.contains("s3:GetObject was denied"), "{run:?}");
}

/// AWS behind a door that says "too fast": always to some actions, once to some others.
struct Throttle {
    aws: String,
    always: &'static [&'static str],
    once: &'static [&'static str],
    seen: Mutex<BTreeSet<String>>,
}

async fn throttling(
    aws: &str,
    always: &'static [&'static str],
    once: &'static [&'static str],
) -> String {
    let throttle = Throttle {
        aws: aws.to_owned(),
        always,
        once,
        seen: Mutex::default(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let routes = axum::Router::new()
        .fallback(pass)
        .with_state(Arc::new(throttle));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

async fn pass(State(throttle): State<Arc<Throttle>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let form: std::collections::BTreeMap<_, _> = url::form_urlencoded::parse(&body).collect();
    let action = form.get("Action").map(ToString::to_string);
    let question = action.clone().unwrap_or_else(|| parts.uri.to_string());
    let says = |list: &[&str]| list.iter().any(|one| question.contains(one));
    let is_new = throttle.seen.lock().unwrap().insert(question.clone());
    if says(throttle.always) || (is_new && says(throttle.once)) {
        let code = match &action {
            None => "SlowDown",
            Some(action) if action.starts_with("Describe") => "RequestLimitExceeded",
            Some(_) => "Throttling",
        };
        let ec2 =
            format!("<Response><Errors><Error><Code>{code}</Code></Error></Errors></Response>");
        let other = format!("<Error><Code>{code}</Code></Error>");
        let iam = format!("<ErrorResponse>{other}</ErrorResponse>");
        let told = match code {
            "RequestLimitExceeded" => ec2,
            "SlowDown" => other,
            _ => iam,
        };
        return (StatusCode::SERVICE_UNAVAILABLE, told).into_response();
    }
    let url = format!("{}{}", throttle.aws, parts.uri);
    let mut headers = parts.headers;
    headers.remove(header::HOST);
    let sent = reqwest::Client::new()
        .request(parts.method, url)
        .headers(headers);
    let answer = sent.body(body).send().await.unwrap();
    let mut passed = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if name != header::TRANSFER_ENCODING {
            passed = passed.header(name, value);
        }
    }
    passed
        .body(Body::from(answer.bytes().await.unwrap()))
        .unwrap()
}

// The door answers while the scan runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_throttled_is_tried_again_and_what_stays_throttled_is_unknown() {
    let aws = shop().await;
    let slow = throttling(
        aws.url(),
        &["DescribeSubnets"],
        &[
            "DescribeVpcs",
            "ListRoles",
            "DescribeDBInstances",
            "?versioning",
        ],
    )
    .await;
    let run = Checkout::new().driftguard(
        &slow,
        &["scan", "--unmanaged", "children", "--format", "json"],
    );
    assert_eq!(run.findings(), [""; 0], "{}", run.err);
    assert_eq!(gaps(&run), ["aws_subnet throttled"]);
    assert_eq!(run.code, 3);
}

#[tokio::test]
async fn a_type_that_is_not_read_is_named_and_the_rest_is_checked() {
    let aws = shop().await;
    let checkout = Checkout::new();
    let mut state: serde_json::Value = serde_json::from_str(STATE).unwrap();
    let provider = "provider[\"registry.terraform.io/hashicorp/aws\"]";
    let queue = serde_json::json!({"mode": "managed", "type": "aws_sqs_queue", "name": "jobs", "provider": provider,
        "instances": [{"schema_version": 0, "attributes": {"id": "https://sqs/jobs"}}]});
    state["resources"].as_array_mut().unwrap().push(queue);
    checkout.write("given.tfstate", &state.to_string());
    let run = checkout.driftguard(
        aws.url(),
        &[
            "scan",
            "--state",
            "given.tfstate",
            "--unmanaged",
            "off",
            "--format",
            "json",
        ],
    );
    assert_eq!(gaps(&run), ["aws_sqs_queue unsupported"]);
    assert_eq!(run.findings(), [""; 0]);
    assert_eq!(run.code, 3);
}
