//! A secret in every place that a repository, an account and GitHub's names have, and then in nothing that the program
//! sends, keeps, logs or shows.

use super::plants::{
    ACCEPT, BROKEN, MARK, OTHER_STATE, WRONG_SETTINGS, broken_states, console, files, holds_none,
    planted_in, state,
};
use super::served;
use crate::aws::{BUCKET, Checkout, KEY};
use crate::database::{Database, on_both};
use crate::end_to_end::{FILES, REPOSITORY, World};
use crate::week::receiver;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use driftguard::standin::github::Content;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::collections::BTreeSet;

on_both!(no_secret_leaves_by_any_way_that_the_server_has);

/// A credential as a person's login and as a branch: GitHub knows them by these names, and requests about them say them.
const LOGIN: &str = "AKIALOGINLOGINLOGIN2";
const BRANCH: &str = "feature/AKIABRANCHBRANCHBR23";

/// A page of CloudTrail's: whoever made the call chose credentials for names, and used some in the call.
fn calls() -> String {
    let key = "AKIACANARYTRAILTR234";
    let call = serde_json::json!({
        "eventName": "ModifyInstanceAttribute", "eventTime": "2026-11-23T19:02:11Z", "readOnly": false,
        "userAgent": format!("{key} Pwd=CANARYtrail1;"), "sourceIPAddress": key, "awsRegion": "us-east-1",
        "userIdentity": {
            "type": "AssumedRole", "accessKeyId": key, "principalId": format!("AROA4EXAMPLE:{key}"),
            "sessionContext": {"sessionIssuer": {"arn": format!("arn:aws:iam::123456789012:role/{key}"), "userName": key}},
        },
        "requestParameters": {"masterUserPassword": "CANARYtrail2", "userData": "CANARYtrail3"},
        "responseElements": {"accessKey": {"secretAccessKey": "CANARYtrail4"}},
    });
    serde_json::json!({"Events": [{"EventId": "1", "CloudTrailEvent": call.to_string()}]})
        .to_string()
}

/// A service of AWS that quotes a credential in each of its errors, before the account.
async fn leaky(aws: String) -> String {
    let client = reqwest::Client::new();
    let answer = async move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
        if String::from_utf8_lossy(&body).contains("Action=DescribeDBInstances") {
            let error = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidParameterValue</Code><Message>the parameter \
                         Pwd=CANARYaws1; of AKIACANARYAWSAWS2345 is not valid</Message></Error></ErrorResponse>";
            return (StatusCode::BAD_REQUEST, error).into_response();
        }
        if headers.get("x-amz-target").is_some() {
            return calls().into_response();
        }
        let request = client
            .request(method, format!("{aws}{uri}"))
            .headers(headers);
        let answer = request.body(body).send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut response = Response::new(Body::from(answer.bytes().await.unwrap()));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response.headers_mut().remove("transfer-encoding");
        response
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = axum::Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    format!("http://{address}")
}

/// Everything that a database holds.
pub async fn kept(database: &Database) -> Vec<(String, String)> {
    if let Some(file) = database.url.strip_prefix("sqlite://") {
        let files = [file.to_owned(), format!("{file}-wal")];
        let read = |file: String| {
            let bytes = std::fs::read(&file).unwrap_or_default();
            (file, String::from_utf8_lossy(&bytes).into_owned())
        };
        return files.into_iter().map(read).collect();
    }
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let tables: Vec<(String,)> = sqlx::query_as(
        "select format('%I.%I', table_schema, table_name) from information_schema.tables
         where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut kept = Vec::new();
    for (table,) in tables {
        let statement = AssertSqlSafe(format!("select t::text from {table} t"));
        let rows: Vec<(String,)> = sqlx::query_as(statement)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        kept.extend(rows.into_iter().map(|(row,)| (table.clone(), row)));
    }
    kept
}

/// A request's body without the files that go back to their own repository.
fn without_files(body: &str) -> String {
    let Ok(mut body) = serde_json::from_str::<serde_json::Value>(body) else {
        return body.to_owned();
    };
    for entry in body["tree"].as_array_mut().into_iter().flatten() {
        entry["content"] = serde_json::Value::Null;
    }
    body.to_string()
}

async fn push(world: &World, branch: &str, person: &str, files: &[(&str, &str)]) {
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (*path, Content::from(*text)))
        .collect();
    world.github.push(REPOSITORY, branch, person, &files).await;
    world.idle().await;
}

async fn say(world: &World, issue: u64, person: &str, text: &str) {
    world.github.comment(REPOSITORY, issue, person, text).await;
    world.idle().await;
}

async fn no_secret_leaves_by_any_way_that_the_server_has(database: Database) {
    let (address, received) = receiver().await;
    let settings = format!(
        "version: 1\nnotify:\n  url: {address}\ncode_scanning: true\npull_requests: {{ group: resource, limit: 50, per_hour: 50 }}\n{ACCEPT}"
    );
    let mut world = World::prepare(database).await;
    world.aws.replay(&console()).await.unwrap();
    world.aws.put_object(BUCKET, KEY, &state()).await.unwrap();
    let (key, other) = OTHER_STATE;
    world.aws.put_object(BUCKET, key, other).await.unwrap();
    world.proxy = Some(leaky(world.aws.url().to_owned()).await);
    let planted = files();
    let mut all: Vec<_> = FILES.to_vec();
    all.extend(planted.iter().map(|(path, text)| (*path, text.as_str())));
    all.push((".driftguard.yml", &settings));
    let all: Vec<_> = all
        .into_iter()
        .map(|(path, text)| (path, Content::from(text)))
        .collect();
    world.github.push(REPOSITORY, "main", "alice", &all).await;
    served::with_pages(&mut world);
    world.begin().await;
    push(&world, "main", "alice", &[("README.md", "The shop.\n")]).await;
    a_person_asks(&world).await;
    let mut shown = served::all(&world).await;
    served::assert_whole(&shown);
    something_is_wrong(&world, &settings).await;
    shown.extend(served::all(&world).await);

    let mut found = sent(&world);
    for (place, text) in shown {
        found.extend(planted_in(&place, &text));
    }
    let received = received.lock().unwrap().clone();
    assert!(!received.is_empty());
    for (body, ..) in received {
        found.extend(planted_in("a notification", &body));
    }
    found.extend(planted_in("the metrics", &world.page("/metrics").await));
    let log = world.log();
    assert!(log.contains("(secret)"), "the log was read");
    found.extend(planted_in("the log", &log));
    for name in [LOGIN, BRANCH] {
        assert!(!log.contains(name), "{name} is in the log");
    }
    world.kill();
    for (place, text) in kept(&world.database).await {
        found.extend(planted_in(&place, &text));
    }
    found.truncate(20);
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

/// The secrets in what GitHub was sent.
fn sent(world: &World) -> Vec<String> {
    let (mut found, mut sealed) = (Vec::new(), 0);
    for request in world.github.requests() {
        found.extend(planted_in("a path", &request.path));
        let body = without_files(&request.body);
        sealed += usize::from(body.contains("(secret"));
        let what = format!("the body of {} {}", request.method, request.path);
        found.extend(planted_in(&what, &body));
    }
    assert!(sealed > 10, "secrets were met, and sealed: {sealed}");
    let texts = world.github.check_runs(REPOSITORY).into_iter();
    let texts = texts.map(|check| format!("{} {} {}", check.title, check.summary, check.text));
    let issues = world.github.issues(REPOSITORY).into_iter();
    for text in texts.chain(issues.map(|issue| issue.body)) {
        for name in [LOGIN, BRANCH] {
            assert!(!text.contains(name), "{name} is in {text}");
        }
    }
    let analyses = world.github.analyses(REPOSITORY);
    assert!(!analyses.is_empty());
    for analysis in analyses {
        found.extend(planted_in("code scanning", &analysis.sarif.to_string()));
    }
    found
}

/// Comments and pull requests of people, with secrets in them.
async fn a_person_asks(world: &World) {
    world.github.permit(REPOSITORY, LOGIN, "write");
    push(
        world,
        BRANCH,
        "alice",
        &[("infra/production/extra.tf", "# AKIACANARYPULLREQ234\n")],
    )
    .await;
    let pull = world
        .github
        .open(REPOSITORY, BRANCH, "alice", "Use AKIACANARYTITLE23456")
        .await;
    world.idle().await;
    let dashboard = world.github.issues(REPOSITORY).remove(0);
    let words = dashboard
        .body
        .split(|c: char| !c.is_alphanumeric() && c != '-');
    let ids = words.filter(|word| word.starts_with("f-") && word.len() > 8);
    let ids: Vec<_> = ids.collect::<BTreeSet<_>>().into_iter().collect();
    assert!(ids.len() > 3, "{}", dashboard.body);
    // A comment has at most ten commands.
    for ids in ids.chunks(10) {
        let lines = ids.iter().map(|id| format!("/driftguard explain {id}\n"));
        say(world, dashboard.number, "alice", &lines.collect::<String>()).await;
    }
    let ignored = ids
        .iter()
        .take(5)
        .map(|id| format!("/driftguard ignore {id} because Pwd=CANARYreason3; says so\n"));
    say(world, dashboard.number, LOGIN, &ignored.collect::<String>()).await;
    let others = [
        "/driftguard explain AKIACANARYCOMMAND234",
        "/driftguard AKIACANARYCOMMAND345",
        "/driftguard scan pwd=CANARYcommand1;",
        "/driftguard snooze aws_subnet.users[\"AKIACANARYFORKEY2345\"] 3d",
        "/driftguard ignore aws_subnet.users[\"AKIACANARYFORKEY2345\"]",
        "/driftguard import all",
        "/driftguard adopt all",
        "/driftguard status",
    ]
    .join("\n");
    say(world, dashboard.number, "alice", &others).await;
    say(world, pull, LOGIN, &others).await;
}

/// States, code and settings that cannot be read, with secrets in them.
async fn something_is_wrong(world: &World, settings: &str) {
    for state in broken_states() {
        world.aws.put_object(BUCKET, KEY, &state).await.unwrap();
        push(
            world,
            "main",
            "alice",
            &[("README.md", &format!("{} bytes\n", state.len()))],
        )
        .await;
    }
    world.aws.put_object(BUCKET, KEY, &state()).await.unwrap();
    push(
        world,
        "main",
        "alice",
        &[("infra/production/broken.tf", BROKEN)],
    )
    .await;
    for wrong in WRONG_SETTINGS {
        push(world, "main", "alice", &[(".driftguard.yml", wrong)]).await;
    }
    let broken = [
        ("infra/production/broken.tfvars", BROKEN),
        (".driftguard.yml", settings),
    ];
    push(world, "main", "alice", &broken).await;
}

/// The command line shows nothing either, and writes nothing of AWS's into code.
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_leaves_by_the_command_line() {
    let aws = crate::aws::shop().await;
    aws.replay(&console()).await.unwrap();
    aws.put_object(BUCKET, KEY, &state()).await.unwrap();
    let (key, other) = OTHER_STATE;
    aws.put_object(BUCKET, key, other).await.unwrap();
    let checkout = Checkout::new();
    for (path, text) in files() {
        let folder = checkout.path().join(path);
        std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
        checkout.write(path, &text);
    }
    checkout.write(".driftguard.yml", &format!("version: 1\n{ACCEPT}"));
    let proxy = leaky(aws.url().to_owned()).await;
    for address in [aws.url(), &proxy] {
        for arguments in [
            &["scan"][..],
            &["scan", "--format", "json"],
            &["scan", "--format", "markdown"],
            &["scan", "--format", "sarif"],
            &["fix", "--dry-run"],
            &["fix", "--dry-run", "--adopt"],
            &["fix", "--dry-run", "--import"],
            &["iam-policy"],
        ] {
            let run = tokio::task::block_in_place(|| checkout.driftguard(address, arguments));
            let shown = format!("{}\n{}", run.out, run.err);
            assert!(run.code != 1 && run.code != 101, "{arguments:?}: {run:?}");
            holds_none(&format!("{arguments:?}"), &shown);
        }
    }
    let before: Vec<_> = files()
        .into_iter()
        .map(|(path, _)| (path, checkout.read(path)))
        .collect();
    let run = checkout.driftguard(aws.url(), &["fix", "--adopt", "--format", "json"]);
    assert!(
        run.out.contains("is a secret, which code must not hold"),
        "{run:?}"
    );
    for (path, before) in before {
        let marks = |text: &str| text.to_lowercase().matches(MARK).count();
        assert_eq!(marks(&checkout.read(path)), marks(&before), "{path}");
    }
}
