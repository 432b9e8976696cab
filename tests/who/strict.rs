//! The simulation of CloudTrail refuses what AWS refuses.

use super::calls::{call, iam_user};
use super::scans::ago;
use driftguard::standin::cloudtrail::CloudTrail;
use serde_json::{Value as Json, json};
use std::time::Duration;

/// Asks as the SDK does, and returns the error, or the page.
async fn ask(trail: &CloudTrail, region: &str, body: Json) -> Result<Json, String> {
    let scope = format!(
        "AWS4-HMAC-SHA256 Credential=id/20261123/{region}/cloudtrail/aws4_request, SignedHeaders=host, Signature=0"
    );
    let request = reqwest::Client::new()
        .post(trail.url())
        .header("x-amz-target", "CloudTrail_20131101.LookupEvents")
        .header("authorization", scope)
        .body(body.to_string());
    let answer = request.send().await.unwrap();
    let fine = answer.status().is_success();
    let answer: Json = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    match fine {
        true => Ok(answer),
        false => Err(answer["__type"].as_str().unwrap().to_owned()),
    }
}

fn named(name: &str) -> Json {
    json!({"AttributeKey": "ResourceName", "AttributeValue": name})
}

#[tokio::test]
async fn what_aws_refuses_the_simulation_refuses() {
    let trail = CloudTrail::start().await.unwrap();
    let a_second = || tokio::time::sleep(Duration::from_millis(1_050));
    for (body, code) in [
        (
            json!({"LookupAttributes": [named("a"), named("b")]}),
            "InvalidLookupAttributesException",
        ),
        (
            json!({"LookupAttributes": [named("")]}),
            "InvalidLookupAttributesException",
        ),
        (
            json!({"LookupAttributes": [named("a")], "MaxResults": 51}),
            "InvalidMaxResultsException",
        ),
        (
            json!({"LookupAttributes": [named("a")], "StartTime": 2, "EndTime": 1}),
            "InvalidTimeRangeException",
        ),
        (
            json!({"LookupAttributes": [named("a")], "NextToken": "x"}),
            "InvalidNextTokenException",
        ),
        (json!({"LookupAttribute": []}), "SerializationException"),
    ] {
        assert_eq!(ask(&trail, "us-east-1", body).await.unwrap_err(), code);
        a_second().await;
    }
    let body = || json!({"LookupAttributes": [named("a")]});
    for _ in 0..2 {
        ask(&trail, "us-east-1", body()).await.unwrap();
    }
    let third = ask(&trail, "us-east-1", body()).await;
    assert_eq!(third.unwrap_err(), "ThrottlingException");
    ask(&trail, "eu-west-1", body()).await.unwrap();
}

#[tokio::test]
async fn pages_are_of_one_region_the_newest_event_first_and_none_older_than_ninety_days() {
    let trail = CloudTrail::start().await.unwrap();
    for minutes in [5, 3, 4, 100 * 24 * 60] {
        let event = call(
            "StopInstances",
            &ago(minutes),
            iam_user(&format!("user-{minutes}")),
        );
        trail.record(&["a"], event).unwrap();
    }
    let body = json!({"LookupAttributes": [named("a")], "MaxResults": 2});
    let page = ask(&trail, "us-east-1", body.clone()).await.unwrap();
    let users = |page: &Json| {
        let events = page["Events"].as_array().unwrap().iter();
        let users: Vec<_> = events
            .map(|event| event["Username"].as_str().unwrap().to_owned())
            .collect();
        users
    };
    assert_eq!(users(&page), ["user-3", "user-4"]);
    let mut rest = body.clone();
    rest["NextToken"] = page["NextToken"].clone();
    let last = ask(&trail, "us-east-1", rest).await.unwrap();
    assert_eq!(
        (users(&last), &last["NextToken"]),
        (vec!["user-5".to_owned()], &Json::Null)
    );
    assert_eq!(
        users(&ask(&trail, "eu-west-1", body).await.unwrap()),
        [""; 0]
    );
}
