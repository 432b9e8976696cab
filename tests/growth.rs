//! Ten thousands of parts in one resource, or of findings in one stack: each stage takes them in about as many steps.
//! To compare each with each other one would take minutes.

use driftguard::code::{self, Options};
use driftguard::diff::{self, Ownership, ReadResource};
use driftguard::model::{
    Attributes, AwsLocation, Declared, Finding, Interrupt, ProviderKey, Reading, Report, Resource,
    Scanned, StackName, StackReport, Tree, Value,
};
use driftguard::patch::{self, FixPolicy};
use driftguard::price::{self, Book};
use driftguard::report::{self, Paint, StackPulls};
use driftguard::resources;
use driftguard::score::{self, Benchmark};
use std::time::{Duration, Instant};

pub const MANY: usize = 20_000;
/// Far more than it takes on a busy machine, without optimisation, and far less than twenty thousand times twenty thousand
/// comparisons would.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn resource(address: &str, id: &str, attributes: Attributes) -> Resource {
    Resource {
        address: address.parse().unwrap(),
        provider: ProviderKey {
            module: String::new(),
            name: "hashicorp/aws".to_owned(),
            alias: None,
        },
        id: id.to_owned(),
        attributes,
    }
}

fn attributes(name: &str, value: Value) -> Attributes {
    Attributes::from([(name.to_owned(), value)])
}

/// Takes resources that all changed through every stage, with this code.
fn scan(resources: &[(Resource, Attributes)], code: &str) -> Vec<Finding> {
    let tree: Tree = [("main.tf", code)].into_iter().collect();
    let options = Options::default();
    let evaluated = timed("evaluate", || code::evaluate(&tree, "", &options));
    let read: Vec<_> = resources
        .iter()
        .map(|(resource, live)| ReadResource {
            resource,
            location: AwsLocation::default(),
            reading: Reading::Found(live.clone()),
            planned: None,
        })
        .collect();
    let catalog = resources::catalog();
    let interrupt = Interrupt::default();
    let nothing = Declared::default();
    let stack = diff::Stack {
        declared: match code {
            "" => &nothing,
            _ => &evaluated.declared,
        },
        provider_tags: &|_| None,
        pending_removal: &|_| None,
        resources: &read,
        unmanaged: &[],
        interrupt: &interrupt,
    };
    let known = resources.iter().map(|(resource, _)| resource);
    let ownership = timed("ownership", || Ownership::new(known, &catalog));
    let mut findings = timed("compare", || {
        diff::compare(&stack, &ownership, &catalog).findings
    });
    let benchmark = Benchmark::parse("cis-3.0").unwrap();
    timed("score", || {
        score::score(&mut findings, &benchmark, &interrupt);
    });
    timed("price", || {
        price::price(&mut findings, Book::embedded());
    });
    let stack = patch::Stack {
        tree: &tree,
        folder: "",
        options: &options,
        declared: &evaluated.declared,
        catalog: &catalog,
        others: Vec::new(),
    };
    for direction in [FixPolicy::Adopt, FixPolicy::Restore] {
        let changed = timed("plan", || patch::plan(&mut findings, &stack, direction));
        timed("patch", || {
            patch::diff(&tree, &changed, &driftguard::model::masked)
        });
    }
    tell(&findings);
    findings
}

/// Renders every text that findings stand in.
fn tell(findings: &[Finding]) {
    let stack = StackReport {
        name: StackName::new("production").unwrap(),
        path: String::new(),
        backend: None,
        outcome: Ok(Scanned {
            findings: findings.to_vec(),
            ..Scanned::default()
        }),
    };
    let scanned = stack.outcome.as_ref().unwrap();
    timed("check", || report::check(&stack, &StackPulls::default()));
    timed("pull request", || {
        let carried: Vec<_> = findings.iter().collect();
        let content = report::PullRequestContent {
            stack: &stack,
            scanned,
            direction: report::Direction::Adopt,
            carried: &carried,
            tells_rest: true,
        };
        report::pull_request(&content).unwrap()
    });
    let report = Report {
        stacks: vec![stack],
        accounts: Vec::new(),
    };
    timed("summary", || report::summary(&report));
    timed("text", || report::text(&report, Paint::Plain));
    timed("JSON", || report::json(&report).unwrap());
    timed("SARIF", || report::sarif(&report).unwrap());
}

pub fn timed<T>(stage: &str, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let before = on_processor();
    let made = work();
    // What else the machine does is nothing that a stage takes.
    let took = match (before, on_processor()) {
        (Some(before), Some(after)) => after - before,
        _ => started.elapsed(),
    };
    if took > Duration::from_millis(500) {
        eprintln!("{stage}: {took:?}");
    }
    assert!(took < PATIENCE, "{stage}: {took:?}");
    made
}

/// How long this thread was on a processor; `None` where the system does not say it.
fn on_processor() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = told.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

fn cidr(network: usize, at: usize) -> Value {
    Value::text(format!("{network}.{}.{}.0/24", at / 256, at % 256))
}

fn rule(port: usize, cidrs: Vec<Value>) -> Value {
    Value::map([
        ("protocol", "tcp".into()),
        ("from_port", i64::try_from(port).unwrap().into()),
        ("to_port", i64::try_from(port).unwrap().into()),
        ("cidr_blocks", Value::List(cidrs)),
    ])
}

#[test]
fn a_group_of_twenty_thousand_rules_that_all_changed() {
    let rules = |network| {
        let rules = (0..MANY).map(|at| rule(at % 60_000, vec![cidr(network, at)]));
        attributes("ingress", Value::List(rules.collect()))
    };
    let group = resource("aws_security_group.web", "sg-1", rules(10));
    let found = scan(&[(group, rules(172))], "");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].attributes[0].added.len(), MANY);
}

#[test]
fn a_rule_of_twenty_thousand_sources() {
    let rules = |network: usize| {
        let sources = (0..MANY).map(|at| cidr(network, at)).collect();
        attributes("ingress", Value::List(vec![rule(443, sources)]))
    };
    let group = resource("aws_security_group.web", "sg-1", rules(10));
    let sources: String = (0..MANY)
        .map(|at| format!("{},", cidr(10, at).as_str().unwrap()))
        .collect();
    let code = format!(
        "resource \"aws_security_group\" \"web\" {{\n  ingress {{\n    protocol    = \"tcp\"\n    from_port   = 443\n    \
         to_port     = 443\n    cidr_blocks = split(\",\", \"{}\")\n  }}\n}}\n",
        sources.trim_end_matches(',')
    );
    for code in ["", code.as_str()] {
        assert_eq!(scan(&[(group.clone(), rules(172))], code).len(), 1);
    }
}

#[test]
fn a_policy_of_ten_thousand_statements() {
    let policy = |verb: &str| {
        let statement = |at: usize| {
            serde_json::json!({
                "Effect": "Allow", "Action": format!("s3:{verb}{at}"), "Resource": format!("arn:aws:s3:::b{at}/*"),
                "Condition": {"StringEquals": {"aws:PrincipalTag/n": at.to_string()}},
            })
        };
        let statements: Vec<_> = (0..MANY / 2).map(statement).collect();
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": statements});
        attributes("policy", Value::text(policy.to_string()))
    };
    let recorded = resource(
        "aws_iam_policy.all",
        "arn:aws:iam::123456789012:policy/all",
        policy("Get"),
    );
    assert_eq!(scan(&[(recorded, policy("Put"))], "").len(), 1);
}

#[test]
fn an_instance_of_twenty_thousand_tags() {
    let tags = |value: &str| {
        let tags = (0..MANY).map(|at| (format!("tag-{at}"), Value::text(format!("{value}-{at}"))));
        attributes("tags", Value::map(tags))
    };
    let instance = resource("aws_instance.web", "i-1", tags("a"));
    let code = "resource \"aws_instance\" \"web\" {\n  tags = { for n in range(1000) : \"tag-${n}\" => \"a-${n}\" }\n}\n";
    for code in ["", code] {
        let found = scan(&[(instance.clone(), tags("b"))], code);
        assert_eq!(found[0].attributes.len(), MANY);
    }
}

#[test]
fn ten_thousand_instances_that_all_changed() {
    let kind = |kind: &str| attributes("instance_type", kind.into());
    let instances = (0..MANY / 2).map(|at| {
        let address = format!("aws_instance.web[{at}]");
        (
            resource(&address, &format!("i-{at}"), kind("t3.small")),
            kind("t3.large"),
        )
    });
    let instances: Vec<_> = instances.collect();
    assert_eq!(scan(&instances, "").len(), MANY / 2);
}

#[test]
fn ten_thousand_groups_and_rules_with_one_id() {
    let description = |text: &str| attributes("description", text.into());
    let groups = (0..MANY / 2).map(|at| {
        let address = format!("aws_security_group.web[{at}]");
        (
            resource(&address, "sg-1", description("a")),
            description("b"),
        )
    });
    let rules = (0..MANY / 2).map(|at| {
        let address = format!("aws_security_group_rule.web[{at}]");
        let mut rule = attributes("security_group_id", "sg-1".into());
        rule.insert("type".to_owned(), "neither".into());
        (
            resource(&address, &format!("sgrule-{at}"), rule.clone()),
            rule,
        )
    });
    let all: Vec<_> = groups.chain(rules).collect();
    scan(&all, "");
}
