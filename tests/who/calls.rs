//! Calls as CloudTrail records them, and the principals behind them.

use driftguard::model::{
    Actor, CallSource, Finding, Kind, Redactor, Severity, Value, ValueMap, Verdict,
};
use driftguard::who::{MAX_CANDIDATES, Suspects};
use serde_json::{Value as Json, json};

/// Who makes calls: the `userIdentity` of each kind that CloudTrail knows.
pub fn assumed_role(role: &str, session: &str) -> Json {
    json!({
        "type": "AssumedRole",
        "principalId": format!("AROA4EXAMPLE2EXAMPLE3:{session}"),
        "arn": format!("arn:aws:sts::123456789012:assumed-role/{role}/{session}"),
        "accountId": "123456789012",
        "accessKeyId": "ASIA4EXAMPLE2EXAMPLE3",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROA4EXAMPLE2EXAMPLE3",
                "arn": format!("arn:aws:iam::123456789012:role/{role}"),
                "accountId": "123456789012",
                "userName": role,
            },
            "webIdFederationData": {},
            "attributes": {"creationDate": "2026-11-23T18:00:00Z", "mfaAuthenticated": "true"},
        },
    })
}

pub fn iam_user(name: &str) -> Json {
    json!({
        "type": "IAMUser",
        "principalId": "AIDA4EXAMPLE2EXAMPLE3",
        "arn": format!("arn:aws:iam::123456789012:user/{name}"),
        "accountId": "123456789012",
        "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
        "userName": name,
    })
}

fn root() -> Json {
    json!({
        "type": "Root",
        "principalId": "123456789012",
        "arn": "arn:aws:iam::123456789012:root",
        "accountId": "123456789012",
        "accessKeyId": "",
        "sessionContext": {"attributes": {"mfaAuthenticated": "false"}},
    })
}

fn identity_center_user() -> Json {
    json!({
        "type": "IdentityCenterUser",
        "accountId": "123456789012",
        "onBehalfOf": {
            "userId": "544894e8-80c1-707f-60e3-3ba6510dfac1",
            "identityStoreArn": "arn:aws:identitystore::123456789012:identitystore/d-9067642ac7",
        },
        "credentialId": "EXAMPLEVHULjJdTUdPJfofVa1sufHDoj7aYcOYcxFVllWR_Whr1fEXAMPLE",
    })
}

/// A call in us-east-1, made in the console, that changed something.
pub fn call(name: &str, time: &str, identity: Json) -> Json {
    json!({
        "eventVersion": "1.09",
        "userIdentity": identity,
        "eventTime": time,
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "AWS Internal",
        "requestParameters": {"instanceId": "i-0abc"},
        "responseElements": {"_return": true},
        "requestID": "11111111-2222-3333-4444-555555555555",
        "eventID": format!("{name}-{time}"),
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "123456789012",
        "eventCategory": "Management",
        "sessionCredentialFromConsole": "true",
    })
}

/// The same with other parts.
pub fn with(mut call: Json, parts: Json) -> Json {
    for (name, part) in parts.as_object().unwrap() {
        call[name] = part.clone();
    }
    call
}

/// What Terraform's provider calls itself.
pub const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.11.4 (+https://www.terraform.io) terraform-provider-aws/5.100.0 \
                             (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.36.3 ua/2.1 os/linux";

const CLI: &str = "aws-cli/2.17.9 md/awscrt#0.20.11 ua/2.0 os/linux#6.1 md/arch#x86_64 lang/python#3.11.8 \
                   command/ec2.modify-instance-attribute";

fn finding(kind: Kind) -> Finding {
    Finding {
        severity: Severity::High,
        before: ValueMap::from([("id".to_owned(), Value::from("i-0abc"))]),
        ..Finding::new(kind, Verdict::Drift, "aws_instance")
    }
}

fn suspects(calls: &[Json]) -> Suspects {
    let roles = ["arn:aws:iam::123456789012:role/ci/terraform".to_owned()];
    let mut suspects = Suspects::default();
    for call in calls {
        suspects.add(&call.to_string(), &roles);
    }
    suspects
}

fn actor(kind: Kind, calls: &[Json]) -> Option<Actor> {
    suspects(calls).actor(&finding(kind), &Redactor::new(b"key"))
}

const NOON: &str = "2026-11-23T12:00:00Z";

#[test]
fn each_kind_of_identity_is_named_as_people_know_it() {
    let sso = assumed_role("AWSReservedSSO_Admin_0123456789abcdef", "alice@acme.com");
    let mut switched = assumed_role("deploy", "switched");
    switched["sessionContext"]["sourceIdentity"] = "bob@acme.com".into();
    let service = json!({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"});
    let other_account = json!({"type": "AWSAccount", "principalId": "AIDA4EXAMPLE2EXAMPLE3", "accountId": "210987654321"});
    let federated = json!({
        "type": "FederatedUser", "accountId": "123456789012",
        "arn": "arn:aws:sts::123456789012:federated-user/carol",
    });
    let web = json!({"type": "WebIdentityUser", "userName": "repo:acme/shop:ref:refs/heads/main", "accountId": "123456789012"});
    let role = "arn:aws:iam::123456789012:role/deploy";
    for (identity, principal, session, role) in [
        (assumed_role("deploy", "i-0def"), role, Some("i-0def"), None),
        (switched, role, Some("bob@acme.com"), None),
        (
            sso,
            "alice@acme.com",
            None,
            Some("arn:aws:iam::123456789012:role/AWSReservedSSO_Admin_0123456789abcdef"),
        ),
        (
            iam_user("mallory"),
            "arn:aws:iam::123456789012:user/mallory",
            None,
            None,
        ),
        (root(), "arn:aws:iam::123456789012:root", None, None),
        (service, "autoscaling.amazonaws.com", None, None),
        (
            identity_center_user(),
            "Identity Center user 544894e8-80c1-707f-60e3-3ba6510dfac1",
            None,
            None,
        ),
        (other_account, "account 210987654321", None, None),
        (
            federated,
            "arn:aws:sts::123456789012:federated-user/carol",
            None,
            None,
        ),
        (web, "repo:acme/shop:ref:refs/heads/main", None, None),
    ] {
        let found = actor(
            Kind::Modified,
            &[call("ModifyInstanceAttribute", NOON, identity)],
        );
        let found = found.unwrap_or_else(|| panic!("{principal} is not named"));
        assert_eq!(found.principal, principal);
        assert_eq!(found.session.as_deref(), session, "{principal}");
        assert_eq!(found.role.as_deref(), role, "{principal}");
        assert_eq!(found.event, "ModifyInstanceAttribute");
        assert_eq!(found.time, NOON);
        assert_eq!(found.source_address.as_deref(), Some("203.0.113.7"));
    }
}

#[test]
fn what_changed_nothing_and_what_terraform_did_is_no_cause() {
    let by = |name: &str, parts: Json| with(call(name, NOON, iam_user("mallory")), parts);
    let pipeline = call("ModifyInstanceAttribute", NOON, {
        let mut identity = assumed_role("terraform", "ci");
        identity["sessionContext"]["sessionIssuer"]["arn"] =
            "arn:aws:iam::123456789012:role/ci/terraform".into();
        identity
    });
    for innocent in [
        by("DescribeInstances", json!({"readOnly": true})),
        by("GetBucketAcl", json!({"readOnly": "true"})),
        by("ListRoles", json!({"readOnly": null})),
        by(
            "TerminateInstances",
            json!({"errorCode": "Client.UnauthorizedOperation", "errorMessage": "not allowed", "responseElements": null}),
        ),
        by("ModifyInstanceAttribute", json!({"userAgent": TERRAFORM})),
        by(
            "ModifyInstanceAttribute",
            json!({"userAgent": "[APN/1.0 OpenTofu/1.9.0 aws-sdk-go-v2/1.36.3]"}),
        ),
        pipeline,
    ] {
        assert_eq!(
            actor(Kind::Modified, std::slice::from_ref(&innocent)),
            None,
            "{innocent}"
        );
    }
    // Without the field, the action tells that it does not only read.
    let older = by(
        "StopInstances",
        json!({"readOnly": null, "eventVersion": "1.05"}),
    );
    assert!(actor(Kind::Modified, &[older]).is_some());
}

#[test]
fn what_a_call_was_made_with_is_told() {
    let mallory = || iam_user("mallory");
    let by_cli = json!({"userAgent": CLI, "sessionCredentialFromConsole": null});
    let by_sdk = json!({"userAgent": "Boto3/1.34.0 md/Botocore#1.34.0", "sessionCredentialFromConsole": null});
    let mut by_service = mallory();
    by_service["invokedBy"] = "cloudformation.amazonaws.com".into();
    let mut by_console = mallory();
    by_console["invokedBy"] = "signin.amazonaws.com".into();
    let of_console =
        json!({"userAgent": "signin.amazonaws.com", "sessionCredentialFromConsole": null});
    for (call, source) in [
        (call("StopInstances", NOON, mallory()), CallSource::Console),
        (
            with(call("StopInstances", NOON, mallory()), by_cli),
            CallSource::Cli,
        ),
        (
            with(call("StopInstances", NOON, mallory()), by_sdk),
            CallSource::Automation,
        ),
        (call("StopInstances", NOON, by_service), CallSource::Service),
        (
            with(call("StopInstances", NOON, by_console), of_console),
            CallSource::Console,
        ),
    ] {
        let found = actor(Kind::Modified, std::slice::from_ref(&call)).unwrap();
        assert_eq!(found.source, source, "{call}");
    }
}

#[test]
fn several_calls_that_may_be_the_cause_are_told_the_newest_first_and_only_so_many() {
    let at = |hour: usize| format!("2026-11-23T{hour:02}:00:00Z");
    let calls: Vec<_> = (0..9)
        .map(|hour| {
            call(
                "ModifyInstanceAttribute",
                &at(hour),
                iam_user(&format!("user-{hour}")),
            )
        })
        .collect();
    let found = actor(Kind::Modified, &calls[..3]).unwrap();
    let named: Vec<_> = found.candidates().map(|one| one.time.clone()).collect();
    assert_eq!(named, [at(2), at(1), at(0)]);
    assert!(!found.more);
    let found = actor(Kind::Modified, &calls).unwrap();
    assert_eq!(found.candidates().count(), MAX_CANDIDATES);
    assert!(found.more && found.principal.ends_with("user-8"));
    // Somebody who makes the same call again is one who may have done it.
    let again = [0, 1].map(|hour| call("StopInstances", &at(hour), iam_user("mallory")));
    let found = actor(Kind::Modified, &again).unwrap();
    assert_eq!(
        (found.time, found.others, found.more),
        (at(1), vec![], false)
    );
}

#[test]
fn of_what_is_gone_the_call_that_ended_it_counts_and_of_what_is_new_the_one_that_made_it() {
    let calls = [
        call("RunInstances", "2026-11-23T08:00:00Z", iam_user("maker")),
        call(
            "TerminateInstances",
            "2026-11-23T09:00:00Z",
            iam_user("ender"),
        ),
        call("CreateTags", "2026-11-23T10:00:00Z", iam_user("maker")),
        call(
            "ModifyInstanceAttribute",
            "2026-11-23T11:00:00Z",
            iam_user("other"),
        ),
    ];
    let events = |kind| {
        let found = actor(kind, &calls).unwrap();
        let events: Vec<_> = found.candidates().map(|one| one.event.clone()).collect();
        events
    };
    assert_eq!(events(Kind::Deleted), ["TerminateInstances"]);
    assert_eq!(events(Kind::Unmanaged), ["RunInstances"]);
    assert_eq!(events(Kind::Modified).len(), 4);
    let found = actor(Kind::Deleted, &calls[3..]).unwrap();
    assert_eq!(
        found.event, "ModifyInstanceAttribute",
        "better than nothing"
    );
}

#[test]
fn what_strangers_chose_is_sealed_and_short() {
    let long = "x".repeat(100_000);
    let key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let hostile = assumed_role("deploy", &format!("AKIAIOSFODNN7EXAMPLE-{long}"));
    let parts =
        json!({"sourceIPAddress": long, "eventName": long, "requestParameters": {"password": key}});
    let found = actor(
        Kind::Modified,
        &[with(call("Modify", NOON, hostile), parts)],
    )
    .unwrap();
    let text = serde_json::to_string(&found).unwrap();
    assert!(!text.contains("AKIA") && !text.contains(key), "{text}");
    assert!(text.len() < 2_000, "{}", text.len());
}

#[test]
fn an_event_that_cannot_be_read_is_told_as_more_and_never_stops_a_scan() {
    let mut suspects = suspects(&[call("StopInstances", NOON, iam_user("mallory"))]);
    for broken in [
        "",
        "null",
        "[]",
        "{",
        "{\"eventName\": 1}",
        &"[".repeat(100_000),
    ] {
        suspects.add(broken, &[]);
    }
    let found = suspects.actor(&finding(Kind::Modified), &Redactor::new(b"key"));
    let found = found.unwrap();
    assert!(found.more && found.others.is_empty());
}
