//! A secret in every place that a repository and an account have, and then in nothing that the command line shows or writes.

use super::plants::{ACCEPT, MARK, OTHER_STATE, console, files, holds_none, state};
use crate::aws::{BUCKET, Checkout, KEY};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

/// A service of AWS that quotes a credential in each of its errors, before the account.
async fn leaky(aws: String) -> String {
    let client = reqwest::Client::new();
    let answer = async move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
        if String::from_utf8_lossy(&body).contains("Action=DescribeDBInstances") {
            let error = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidParameterValue</Code><Message>the parameter \
                         Pwd=CANARYaws1; of AKIACANARYAWSAWS2345 is not valid</Message></Error></ErrorResponse>";
            return (StatusCode::BAD_REQUEST, error).into_response();
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
