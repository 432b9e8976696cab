//! Events of AWS: what changes something starts a scan of the stack that holds it, and nothing else.

use super::site::{ACME, Api, GLOBEX};
use crate::database::{Database, on_both};
use driftguard::model::{AccountId, ApiKey, ApiScope, EventKey, Region, RepositoryId, StackName};
use driftguard::web::events::PATH;
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_both!(
    a_change_starts_one_scan_of_the_stack_that_holds_it,
    an_event_without_its_key_or_of_another_organisation_starts_nothing,
);

const ACCOUNT: &str = "123456789012";

/// Indexes a security group of a stack, as its last scan would.
async fn indexed(api: &Api) {
    let key = EventKey::new(super::site::KEY.as_bytes(), ACME);
    let account = AccountId::new(ACCOUNT).unwrap();
    let region = Region::new("eu-west-1");
    let hashes = BTreeSet::from([key.hash(&account, region.as_ref(), "sg-0abc")]);
    let tenant = api.store.of(ACME);
    let stack = StackName::new("production").unwrap();
    let saved = tenant.save_event_hashes(RepositoryId(10), &stack, &hashes);
    saved.await.unwrap();
}

/// A change of a security group, as EventBridge sends it.
fn change(account: &str, group: &str) -> Value {
    json!({
        "version": "0", "id": "6f87d04b-9f74-4f04-a780-7acf4b0a9b38",
        "detail-type": "AWS API Call via CloudTrail", "source": "aws.ec2",
        "account": account, "time": "2026-11-24T16:30:00Z", "region": "eu-west-1", "resources": [],
        "detail": {
            "eventVersion": "1.10", "eventSource": "ec2.amazonaws.com",
            "eventName": "AuthorizeSecurityGroupIngress", "awsRegion": "eu-west-1",
            "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::123456789012:assumed-role/admin/mallory"},
            "requestParameters": {"groupId": group, "ipPermissions": {"items": [{
                "ipProtocol": "tcp", "fromPort": 22, "toPort": 22,
                "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]}},
            "responseElements": {"_return": true}, "readOnly": false, "managementEvent": true
        }
    })
}

async fn send(api: &Api, key: Option<&ApiKey>, event: &Value) -> u16 {
    let headers = [("content-type", "application/json")];
    let body = event.to_string().into_bytes();
    let answer = api.ask(Method::POST, PATH, key, &headers, body).await;
    assert_eq!(answer.text, "");
    answer.status
}

async fn jobs(api: &Api) -> u64 {
    let counts = api.database.inbox().await.queue.counts().await.unwrap();
    counts.waiting + counts.running + counts.done
}

async fn a_change_starts_one_scan_of_the_stack_that_holds_it(database: Database) {
    let api = Api::start(database, "http://127.0.0.1:9").await;
    api.installed(ACME, "acme/shop", 10).await;
    let key = api.key(ACME, ApiScope::Events).await;
    indexed(&api).await;
    let before = jobs(&api).await;
    // One after the other, as a person works: one scan follows, and one more for what happens behind it.
    for _ in 0..5 {
        assert_eq!(
            send(&api, Some(&key), &change(ACCOUNT, "sg-0abc")).await,
            202
        );
    }
    // On the edge of a period there may be one more.
    let started = jobs(&api).await - before;
    assert!((2..=3).contains(&started), "{started}");
    let tenant = api.store.of(ACME);
    let waiting = tenant.waiting_scan(RepositoryId(10), Some("production"));
    assert!(waiting.await.unwrap().is_some());

    // What no stack holds, and what only reads, starts nothing.
    let mut read = change(ACCOUNT, "sg-0abc");
    read["detail"]["readOnly"] = json!(true);
    let others = [
        change(ACCOUNT, "sg-0def"),
        change("210987654321", "sg-0abc"),
        read,
        json!({}),
    ];
    for event in others {
        assert_eq!(send(&api, Some(&key), &event).await, 202);
    }
    assert_eq!(jobs(&api).await - before, started);
    // Nothing of an event is stored.
    for (place, text) in crate::secrets::leaving::kept(&api.database).await {
        assert!(!text.contains("mallory"), "{place}");
    }
    api.stop().await;
}

async fn an_event_without_its_key_or_of_another_organisation_starts_nothing(database: Database) {
    let api = Api::start(database, "http://127.0.0.1:9").await;
    api.installed(ACME, "acme/shop", 10).await;
    api.installed(GLOBEX, "globex/site", 20).await;
    indexed(&api).await;
    let before = jobs(&api).await;
    let event = change(ACCOUNT, "sg-0abc");
    let write = api.key(ACME, ApiScope::Write).await;
    for key in [None, Some(&write)] {
        assert_eq!(send(&api, key, &event).await, 401);
    }
    let globex = api.key(GLOBEX, ApiScope::Events).await;
    assert_eq!(send(&api, Some(&globex), &event).await, 202);
    let headers = [("content-type", "application/json")];
    let answer = api.ask(
        Method::POST,
        PATH,
        Some(&globex),
        &headers,
        b"no event".to_vec(),
    );
    assert_eq!(answer.await.status, 400);
    let large = vec![b' '; 600 * 1024];
    let answer = api.ask(Method::POST, PATH, Some(&globex), &headers, large);
    assert_eq!(answer.await.status, 413);
    assert_eq!(jobs(&api).await, before);
    // A key of events reads nothing.
    assert_eq!(api.get(&globex, "/api/v1/me").await.status, 403);
    api.stop().await;
}
