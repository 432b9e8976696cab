//! Provides stacks and findings for the tests of commands.

use crate::commands::CommandContext;
use crate::model::{
    Choice, Decision, Finding, FindingId, Kind, ScanError, Scanned, Severity, StackName,
    StackReport, StackStatus, Verdict,
};

/// 2026-11-24, 07:17 UTC.
pub(in crate::commands) const NOW: i64 = 1_795_504_620_000;

pub(in crate::commands) fn context(stacks: &[StackStatus]) -> CommandContext<'_> {
    CommandContext {
        person: "octocat",
        stacks,
        now: NOW,
    }
}

fn finding(id: &str, kind: Kind, tf_type: &str, address: Option<&str>) -> Finding {
    Finding {
        id: FindingId(id.to_owned()),
        address: address.map(|address| address.parse().unwrap()),
        severity: Severity::Low,
        ..Finding::new(kind, Verdict::Drift, tf_type)
    }
}

fn standing(name: &str, outcome: Result<Scanned, ScanError>) -> StackStatus {
    StackStatus {
        report: StackReport {
            name: StackName::new(name).unwrap(),
            path: name.to_owned(),
            backend: None,
            outcome,
        },
        scanned_at: NOW - 12 * 60_000,
        next_scan: None,
        pulls: Vec::new(),
        carried: Default::default(),
        undecided: Default::default(),
        decisions: Vec::new(),
    }
}

/// Returns three stacks: `production` has drift, `staging` has a VPC of the same name, `broken` could not be scanned.
pub(in crate::commands) fn stacks() -> Vec<StackStatus> {
    let modified = |id, tf_type, address| finding(id, Kind::Modified, tf_type, Some(address));
    let production = production();
    let staging = Scanned {
        findings: vec![modified("f-ee6666666666", "aws_vpc", "aws_vpc.main")],
        ..Scanned::default()
    };
    let error = ScanError {
        kind: "backend".into(),
        message: "the bucket `acme` is not there".to_owned(),
    };
    let mut stacks = vec![
        standing("broken", Err(error)),
        standing("production", Ok(production)),
        standing("staging", Ok(staging)),
    ];
    stacks[1].next_scan = Some(NOW + 3 * 3_600_000);
    stacks[1].pulls = vec![12, 14];
    stacks[1].decisions = vec![Decision {
        finding: FindingId("f-aa1111111111".to_owned()),
        stack: StackName::new("production").unwrap(),
        choice: Choice::Adopt,
        person: "hubot".to_owned(),
        decided_at: NOW - 60_000,
    }];
    stacks
}

/// Creates the findings of the stack `production`.
fn production() -> Scanned {
    let modified = |id, tf_type, address| finding(id, Kind::Modified, tf_type, Some(address));
    let backdoor = Finding {
        import_id: Some("shop-web:backdoor".to_owned()),
        under: Some("aws_iam_role.web".parse().unwrap()),
        severity: Severity::Critical,
        ..finding(
            "f-cc3333333333",
            Kind::Unmanaged,
            "aws_iam_role_policy",
            None,
        )
    };
    let old = Finding {
        verdict: Verdict::Accepted,
        reason: Some("it goes soon".to_owned()),
        ..modified("f-0099", "aws_db_instance", "aws_db_instance.old")
    };
    Scanned {
        findings: vec![
            modified("f-aa1111111111", "aws_instance", "aws_instance.web[1]"),
            modified(
                "f-bb2222222222",
                "aws_instance",
                "aws_instance.web[\"a b\"]",
            ),
            backdoor,
            modified(
                "f-dd4444444444",
                "aws_s3_bucket",
                "module.a[\"x\"].aws_s3_bucket.logs[\"q\\\"] [\"]",
            ),
            modified("f-ee5555555555", "aws_vpc", "aws_vpc.main"),
        ],
        set_aside: vec![old],
        ..Scanned::default()
    }
}
