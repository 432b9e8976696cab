//! What scans of the stacks found: reports in the shapes that scans leave.

use anyhow::{Context, Result};
use driftguard::model::{
    AccountId, Address, Backend, Control, Coverage, Difference, Edit, Finding, FindingId, Fix,
    FixKind, Kind, Money, MonthlyCost, Posture, Region, Scanned, Severity, Source, StackName,
    StackReport, Status, Summary, Value, Verdict,
};

/// The types that a stack has resources of.
const TYPES: [&str; 24] = [
    "aws_security_group",
    "aws_instance",
    "aws_iam_role",
    "aws_iam_policy",
    "aws_s3_bucket",
    "aws_db_instance",
    "aws_ebs_volume",
    "aws_subnet",
    "aws_route_table",
    "aws_vpc",
    "aws_eip",
    "aws_nat_gateway",
    "aws_internet_gateway",
    "aws_iam_user",
    "aws_iam_instance_profile",
    "aws_kms_key",
    "aws_lambda_function",
    "aws_cloudwatch_log_group",
    "aws_sns_topic",
    "aws_sqs_queue",
    "aws_dynamodb_table",
    "aws_lb",
    "aws_route53_record",
    "aws_ecs_service",
];

/// Returns how many findings the stack with a number has: a quarter has none, most have some, one in fifty has hundreds.
pub fn findings_of(number: usize) -> usize {
    match number % 50 {
        7 => 300,
        rest if rest % 4 == 0 => 0,
        rest => 3 + rest % 30,
    }
}

/// Writes the report of a scan of a stack.
pub fn report(number: usize, name: &StackName) -> Result<StackReport> {
    let account = AccountId::new(&format!("{:012}", 111_111_111_111 + number % 40));
    let account = account.context("no account id")?;
    let findings = (0..findings_of(number))
        .map(|at| finding(number, at, &account))
        .collect::<Result<Vec<_>>>()?;
    let set_aside = (0..number % 6)
        .map(|at| {
            Ok(Finding {
                verdict: Verdict::Accepted,
                reason: Some("the patch schedule owns it (@acme/platform)".to_owned()),
                fix: None,
                ..finding(number, 10_000 + at, &account)?
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let resources = 40 + number % 7 * 60;
    let scanned = Scanned {
        summary: Summary {
            resources,
            checked: resources - number % 3,
            unknown: number % 3,
            posture: Posture {
                declared: Some(91),
                live: u8::try_from(60 + number % 40).ok(),
            },
            ..Summary::default()
        },
        findings,
        set_aside,
        coverage: coverage(&account),
        looked_below: true,
        ..Scanned::default()
    };
    Ok(StackReport {
        name: name.clone(),
        path: format!("infra/{name}"),
        backend: Some(Backend {
            kind: "s3".to_owned(),
            location: format!("s3://acme-state/{number}/{name}.tfstate"),
        }),
        outcome: Ok(scanned),
    })
}

fn coverage(account: &AccountId) -> Vec<Coverage> {
    let row = |(at, tf_type): (usize, &&str)| {
        let status = if at < 18 {
            Status::Checked
        } else {
            Status::Unsupported
        };
        Coverage {
            account: Some(account.clone()),
            region: Region::new("eu-west-1"),
            reason: (at >= 18).then(|| "DriftGuard does not read it yet".to_owned()),
            ..Coverage::new(tf_type, 2 + at, status)
        }
    };
    TYPES.iter().enumerate().map(row).collect()
}

/// The severity of a finding: few are critical.
fn severity(at: usize) -> Severity {
    match at % 20 {
        11 => Severity::Critical,
        1 | 12 => Severity::High,
        2..8 => Severity::Medium,
        8..11 => Severity::Info,
        _ => Severity::Low,
    }
}

fn finding(stack: usize, at: usize, account: &AccountId) -> Result<Finding> {
    let tf_type = TYPES[at % 14];
    let address: Address = format!("module.app[\"{}\"].{tf_type}.main[{at}]", at % 9).parse()?;
    let line = 10 + at;
    let source = Source {
        file: format!("modules/app/part{}.tf", at % 7),
        line,
        span: (0, 0),
    };
    let rule = |port: i64, cidr: &str| {
        let cidrs = Value::List(vec![Value::text(cidr)]);
        Value::map([
            ("from_port", Value::from(port)),
            ("to_port", Value::from(port)),
            ("protocol", Value::text("tcp")),
            ("cidr_blocks", cidrs),
        ])
    };
    let difference = |path: &str, recorded: Value, live: Value| Difference {
        path: path.to_owned(),
        verdict: Verdict::Drift,
        declared: Some(recorded.clone()),
        recorded,
        live,
        added: Vec::new(),
        removed: Vec::new(),
        defined_in: Some(source.clone()),
    };
    let tags = difference("tags[\"Role\"]", "web".into(), Value::text("worker"));
    let mut attributes = vec![tags];
    if at.is_multiple_of(3) {
        let rules = |cidr: &str| Value::List((0..6).map(|port| rule(8000 + port, cidr)).collect());
        let ingress = difference("ingress", rules("10.0.0.0/8"), rules("0.0.0.0/0"));
        attributes.push(Difference {
            added: vec![rule(22, "0.0.0.0/0")],
            removed: vec![rule(443, "10.0.0.0/8")],
            ..ingress
        });
    }
    let edit = Edit {
        file: source.file.clone(),
        line,
        range: 0..0,
        text: "    Role = \"worker\"\n".to_owned(),
    };
    let price = |text: &str| text.parse().map(Money).context("no price");
    Ok(Finding {
        id: FindingId(format!("f-{:012x}", stack * 100_000 + at)),
        address: Some(address),
        account: Some(account.clone()),
        region: Region::new("eu-west-1"),
        attributes,
        severity: severity(at),
        controls: vec![Control {
            benchmark: "CIS AWS Foundations 3.0.0".to_owned(),
            id: "5.2".to_owned(),
        }],
        techniques: vec!["T1686.001".to_owned()],
        monthly_cost: Some(MonthlyCost::Priced {
            declared: price("15.18")?,
            live: price("30.37")?,
        }),
        fix: Some(Fix::of(FixKind::Adopt, vec![edit])),
        why: vec!["The whole internet reaches port 22.".to_owned()],
        ..Finding::new(Kind::Modified, Verdict::Drift, tf_type)
    })
}
