//! How an account is read: within its budget, and with no role that lets strangers in.

use crate::database::{Database, on_both};
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use axum::http::header;
use axum::response::IntoResponse;
use driftguard::aws::{Access, Aws, Probe, Probes, Role};
use driftguard::model::{InstallationId, Region};
use driftguard::standin::sts::{Fault, Sts, Trust};
use driftguard::store::Lease;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How many calls an account takes at once, and how many a second after that: docs/design.md, decision 24.
const BURST: f64 = 100.0;
const PER_SECOND: f64 = 60.0;

const OWN: Access = Access {
    own: true,
    role: None,
    by_account: std::collections::BTreeMap::new(),
};

/// An AWS without anything in it, and when each call to EC2 came.
async fn counting() -> (String, Arc<Mutex<Vec<Instant>>>) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = calls.clone();
    let answer = async move |body: String| {
        let body = match body.contains("Action=DescribeVpcs") {
            true => {
                seen.lock().unwrap().push(Instant::now());
                "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>"
            }
            false => {
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/x</Arn>\
                 <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            }
        };
        ([(header::CONTENT_TYPE, "text/xml")], body).into_response()
    };
    let routes = axum::Router::new().fallback(answer);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (address, calls)
}

#[tokio::test]
async fn ten_repositories_of_one_account_scanned_at_once_stay_within_one_budget() {
    let (address, calls) = counting().await;
    let server = Aws::with_config(crate::aws::config(&address).await, OWN);
    let region = Region::new("us-east-1").unwrap();
    let begun = Instant::now();
    let mut scans = JoinSet::new();
    for _ in 0..10 {
        let (scan, region) = (server.with_access(OWN, &Probes::default()), region.clone());
        scans.spawn(async move {
            let session = scan.session(None, &region).await.unwrap();
            let ask = async |_| {
                let request = session.ec2().describe_vpcs().send();
                session.call("ec2:DescribeVpcs", request).await.unwrap();
            };
            futures::future::join_all((0..25).map(ask)).await;
        });
    }
    scans.join_all().await;
    let calls = calls.lock().unwrap();
    assert_eq!(calls.len(), 250);
    // From the start on, so that calls that a busy machine held up and then sent together count where they were allowed.
    for (before, at) in calls.iter().enumerate() {
        let allowed = BURST + PER_SECOND * at.duration_since(begun).as_secs_f64();
        assert!(
            before as f64 <= allowed,
            "{before} calls before, {allowed} allowed"
        );
    }
}

on_both!(each_process_that_works_is_counted);

async fn each_process_that_works_is_counted(database: Database) {
    let store = database.inbox().await.store;
    for (holder, subject, seconds) in [
        ("one/0", "1", 60),
        ("one/1", "2", 60),
        ("two/0", "3", 60),
        ("dead/0", "4", 0),
    ] {
        let lease = Lease {
            subject: subject.to_owned(),
            holder: holder.to_owned(),
        };
        let tenant = store.of(InstallationId(7));
        let time = Duration::from_secs(seconds);
        assert!(tenant.take_lease(&lease, time).await.unwrap());
    }
    assert_eq!(store.working_processes().await.unwrap(), 2);
}

const ROLE: &str = "arn:aws:iam::123456789012:role/driftguard";
const EXTERNAL_ID: &str = "driftguard-0123456789abcdef0123456789abcdef";

fn role() -> Role {
    Role {
        arn: ROLE.to_owned(),
        external_id: Some(EXTERNAL_ID.to_owned()),
    }
}

/// Tries a call once, and not for long.
async fn hasty(url: &str) -> SdkConfig {
    let patience = TimeoutConfig::builder().operation_timeout(Duration::from_secs(8));
    let config = crate::aws::config(url).await.into_builder();
    config
        .retry_config(RetryConfig::disabled())
        .timeout_config(patience.build())
        .build()
}

#[tokio::test]
async fn a_role_is_safe_only_if_aws_refused_strangers_and_nothing_else_is_a_refusal() {
    let moto = crate::aws::moto().await;
    let sts = Sts::start(moto.url(), []).await.unwrap();
    let aws = Aws::with_config(hasty(sts.url()).await, OWN);
    assert!(
        matches!(aws.probe(&role()).await, Probe::Closed(_)),
        "there is no such role"
    );
    for (trust, with) in [
        (Trust::Anybody, "no external id"),
        (Trust::AnyExternalId, "a wrong external id"),
    ] {
        sts.trust(ROLE, trust);
        assert_eq!(aws.probe(&role()).await, Probe::Open { with });
    }
    sts.trust(ROLE, Trust::ExternalId(EXTERNAL_ID.to_owned()));
    assert_eq!(aws.probe(&role()).await, Probe::Safe);
    for fault in [
        Fault::Error(400, "Throttling"),
        Fault::Error(400, "RequestExpired"),
        Fault::Error(400, "ValidationError"),
        Fault::Error(403, "ExpiredToken"),
        Fault::Error(403, "InvalidClientTokenId"),
        Fault::Error(403, "RegionDisabledException"),
        Fault::Error(403, "SignatureDoesNotMatch"),
        Fault::Error(403, "OptInRequired"),
        Fault::Error(403, ""),
        Fault::Error(500, "InternalFailure"),
        Fault::Error(503, "ServiceUnavailable"),
        Fault::Error(200, ""),
        Fault::ConnectionCut,
    ] {
        // Whichever of the three tries it meets.
        for tries in 0..3 {
            sts.fail_after(tries, fault);
            let probe = aws.probe(&role()).await;
            assert!(
                matches!(probe, Probe::Unknown(_)),
                "{fault:?} after {tries}: {probe:?}"
            );
        }
    }
    sts.fail_after(0, Fault::Silence);
    assert!(matches!(aws.probe(&role()).await, Probe::Unknown(_)));
    sts.recover();
    assert_eq!(aws.probe(&role()).await, Probe::Safe);
    let nobody = Aws::with_config(hasty("http://127.0.0.1:9").await, OWN);
    let Probe::Unknown(reason) = nobody.probe(&role()).await else {
        panic!("nobody answers there");
    };
    assert!(!reason.to_string().contains("127.0.0.1"), "{reason}");
}
