//! What people say to the bot, and what it answers.

use crate::unit_limits::processor_time;
use driftguard::commands::{self, Answer, CommandContext, Effect};
use driftguard::model::{
    Actor, CallSource, Choice, Control, CostDelta, Decision, Difference, Edit, Finding, FindingId,
    Fix, FixKind, Kind, Money, MonthlyCost, Posture, Refusal, ScanError, Scanned, Severity, Source,
    StackName, StackReport, StackStatus, Summary, Value, Verdict,
};
use pulldown_cmark::{Event, Options, Parser, Tag};
use std::time::Duration;

/// 2026-11-24, 07:17 UTC.
const NOW: i64 = 1_795_504_620_000;

fn finding(id: &str, tf_type: &str, address: Option<&str>) -> Finding {
    Finding {
        id: FindingId(id.to_owned()),
        address: address.map(|address| address.parse().unwrap()),
        ..Finding::new(Kind::Modified, Verdict::Drift, tf_type)
    }
}

fn money(text: &str) -> Money {
    Money(text.parse().unwrap())
}

fn larger() -> Finding {
    let source = Source {
        file: "infra/production/terraform.tfvars".to_owned(),
        line: 2,
        span: (0, 0),
    };
    let edit = Edit {
        file: source.file.clone(),
        line: source.line,
        range: 0..0,
        text: String::new(),
    };
    Finding {
        attributes: vec![Difference {
            path: "instance_type".to_owned(),
            verdict: Verdict::Drift,
            declared: Some("t3.small".into()),
            recorded: "t3.small".into(),
            live: "t3.xlarge".into(),
            added: Vec::new(),
            removed: Vec::new(),
            defined_in: Some(source),
        }],
        severity: Severity::Low,
        techniques: vec!["T1496.001".to_owned(), "T1578.005".to_owned()],
        monthly_cost: Some(MonthlyCost::Priced {
            declared: money("15.18"),
            live: money("121.47"),
        }),
        actor: Some(Actor {
            principal: "arn:aws:iam::123456789012:user/mallory".to_owned(),
            event: "ModifyInstanceAttribute".to_owned(),
            time: "2026-11-23T19:02:11Z".to_owned(),
            session: None,
            role: None,
            source: CallSource::Console,
            source_address: Some("203.0.113.7".to_owned()),
            others: Vec::new(),
            more: false,
        }),
        fix: Some(Fix::of(FixKind::Adopt, vec![edit])),
        why: vec!["A larger instance costs more, and may be mining cryptocurrency.".to_owned()],
        ..finding(
            "f-1c9e00000001",
            "aws_instance",
            Some("aws_instance.web[1]"),
        )
    }
}

fn backdoor() -> Finding {
    Finding {
        kind: Kind::Unmanaged,
        verdict: Verdict::UnseenByPlan,
        import_id: Some("shop-web:backdoor".to_owned()),
        under: Some("aws_iam_role.web".parse().unwrap()),
        severity: Severity::Critical,
        controls: vec![Control {
            benchmark: "CIS AWS Foundations 3.0.0".to_owned(),
            id: "1.16".to_owned(),
        }],
        why: vec!["The policy allows every action on every resource.".to_owned()],
        fix: Some(Fix::refused(Refusal {
            reason:
                "what was added to aws_iam_role.web may grant access: DriftGuard imports it only on request \
                 (`/driftguard import FINDING`, or `driftguard fix --import`), and it has to be reverted in AWS itself"
                    .to_owned(),
            block: Some(
                "import {\n  to = aws_iam_role_policy.backdoor\n  id = \"shop-web:backdoor\"\n}"
                    .to_owned(),
            ),
            command: Some(
                "aws iam delete-role-policy --role-name shop-web --policy-name backdoor".to_owned(),
            ),
            ..Refusal::default()
        })),
        ..finding("f-2d0f00000002", "aws_iam_role_policy", None)
    }
}

fn status(name: &str, outcome: Result<Scanned, ScanError>) -> StackStatus {
    StackStatus {
        report: StackReport {
            name: StackName::new(name).unwrap(),
            path: format!("infra/{name}"),
            backend: None,
            outcome,
        },
        scanned_at: NOW - 25 * 60_000,
        next_scan: Some(NOW + 9 * 3_600_000),
        pulls: Vec::new(),
        carried: Default::default(),
        undecided: Default::default(),
        decisions: Vec::new(),
    }
}

fn stacks() -> Vec<StackStatus> {
    let summary = Summary {
        posture: Posture {
            declared: Some(91),
            live: Some(64),
        },
        monthly_cost_delta: CostDelta {
            amount: money("106.29"),
            ..CostDelta::default()
        },
        ..Summary::default()
    };
    let aside = Finding {
        verdict: Verdict::Accepted,
        reason: Some("the patch schedule owns it (@acme/platform)".to_owned()),
        ..finding(
            "f-3e1000000003",
            "aws_instance",
            Some("aws_instance.worker[0]"),
        )
    };
    let production = Scanned {
        summary,
        findings: vec![larger(), backdoor()],
        set_aside: vec![aside],
        ..Scanned::default()
    };
    let error = ScanError {
        kind: "credentials".into(),
        message:
            "the role `arn:aws:iam::123456789012:role/driftguard` cannot be assumed: ask @octocat"
                .to_owned(),
    };
    let mut stacks = vec![
        status("network", Ok(Scanned::default())),
        status("production", Ok(production)),
        status("sandbox", Err(error)),
    ];
    stacks[1].pulls = vec![41, 42];
    stacks[1].decisions = vec![Decision {
        finding: FindingId("f-1c9e00000001".to_owned()),
        stack: StackName::new("production").unwrap(),
        choice: Choice::Snooze { until: NOW + 1 },
        person: "octocat".to_owned(),
        decided_at: NOW,
    }];
    stacks[2].next_scan = None;
    stacks
}

fn answer(comment: &str) -> Option<Answer> {
    let stacks = stacks();
    let context = CommandContext {
        person: "octocat",
        stacks: &stacks,
        now: NOW,
    };
    commands::answer(comment, &context)
}

fn said(comment: &str) -> String {
    answer(comment).unwrap().reply.join("\n\n")
}

#[test]
fn a_stranger_asks_for_help() {
    insta::assert_snapshot!("commands_help", said("/driftguard help"));
}

/// `UPDATE_DOCS=1 scripts/test commands` writes the table anew.
#[test]
fn the_readme_lists_the_commands_as_help_does() {
    const README: &str = "README.md";
    let help = said("/driftguard help");
    let (table, _) = help.split_once("\n\n").unwrap();
    let (head, _) = table.split_once('\n').unwrap();
    let readme = std::fs::read_to_string(README).unwrap();
    let start = readme.find(&format!("{head}\n")).unwrap();
    let (kept, _) = readme[start..].split_once("\n\n").unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(README, readme.replacen(kept, table, 1)).unwrap();
    } else {
        assert_eq!(
            kept, table,
            "the README's table is stale: UPDATE_DOCS=1 scripts/test commands"
        );
    }
}

#[test]
fn a_stranger_asks_how_things_stand() {
    insta::assert_snapshot!("commands_status", said("/driftguard status"));
}

#[test]
fn a_stranger_asks_what_happened() {
    let both = "/driftguard explain aws_instance.web[1]\n/driftguard explain f-2d0f\n/driftguard explain f-3e10";
    insta::assert_snapshot!(
        "commands_explain",
        answer(both).unwrap().reply.join("\n\n---\n\n")
    );
}

#[test]
fn a_comment_without_a_command_is_not_answered() {
    for comment in [
        "",
        "Thanks, looks good!",
        "> /driftguard adopt all",
        "`/driftguard help`",
    ] {
        assert_eq!(answer(comment), None, "{comment}");
    }
}

#[test]
fn several_commands_are_obeyed_in_their_order() {
    let comment = "Here we go.\r\n\r\n/driftguard adopt f-1c9e\r\n/driftguard import f-2d0f\r\n/driftguard adpot all\r\n/driftguard scan production\r\n";
    let answer = answer(comment).unwrap();
    assert_eq!(answer.reply.len(), 4);
    assert!(
        answer.reply[2].contains("Unknown command `adpot`. Did you mean `adopt`?"),
        "{answer:?}"
    );
    let choices: Vec<_> = answer
        .effects
        .iter()
        .map(|effect| match effect {
            Effect::Decide(decision) => format!("{:?} {}", decision.choice, decision.finding),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        choices,
        [
            "Adopt f-1c9e00000001",
            "Import f-2d0f00000002",
            "Scan(Some(StackName(\"production\")))"
        ]
    );
}

#[test]
fn only_the_first_ten_commands_are_obeyed_and_the_rest_is_told() {
    let answer = answer(&"/driftguard scan production\n".repeat(14)).unwrap();
    assert_eq!(answer.effects.len(), 10);
    let last = answer.reply.last().unwrap();
    assert!(
        last.contains("A comment may have 10 commands: 4 more were not run"),
        "{last}"
    );
}

#[test]
fn whatever_is_said_an_answer_holds_no_mention_no_command_and_no_html() {
    for hostile in [
        "@octocat",
        "<img src=x onerror=alert(1)>",
        "`@octocat`",
        "x](https://evil.example)",
        "| a | b |",
        "https://evil.example/x",
        "#1",
    ] {
        for verb in [
            "",
            "help",
            "status",
            "scan",
            "adopt",
            "restore",
            "import",
            "explain",
            "assign",
            "ignore",
            "snooze",
            "ignore f-1c9e",
            "ignore f-1c9e until",
            "snooze f-1c9e",
            "scan production",
            "adopt f-1c9e",
        ] {
            let said = said(&format!("/driftguard {verb} {hostile}"));
            for event in Parser::new_ext(&said, Options::ENABLE_TABLES | Options::ENABLE_GFM) {
                let harmless = match &event {
                    Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::Image { .. }) => {
                        false
                    }
                    Event::Start(Tag::Link { dest_url, .. }) => {
                        dest_url.starts_with("https://attack.mitre.org/")
                    }
                    Event::Text(text) => ["@o", "://", "#1"].iter().all(|bad| !text.contains(bad)),
                    _ => true,
                };
                assert!(harmless, "{verb} {hostile}: {event:?} in {said}");
            }
            assert!(commands::read(&said).is_empty(), "{verb} {hostile}: {said}");
        }
    }
}

#[test]
fn an_answer_is_never_longer_than_a_comment_may_be() {
    let mut large = larger();
    large.attributes = vec![
        Difference {
            live: Value::text("long ".repeat(500)),
            ..large.attributes[0].clone()
        };
        3_000
    ];
    let mut stacks = stacks();
    stacks[1].report.outcome = Ok(Scanned {
        findings: vec![large],
        ..Scanned::default()
    });
    let scene = CommandContext {
        person: "octocat",
        stacks: &stacks,
        now: NOW,
    };
    let comment = format!(
        "{}/driftguard adopt all",
        "/driftguard explain f-1c9e\n".repeat(9)
    );
    let answer = commands::answer(&comment, &scene).unwrap();
    let text = answer.reply.join("\n\n");
    assert!(text.chars().count() <= 65_536);
    assert!(text.contains("ask this in one of its own"), "{text}");
    assert!(
        answer
            .reply
            .last()
            .unwrap()
            .contains("the code will match AWS"),
        "what was done is told"
    );
}

/// GitHub takes a comment of this length from anybody who may read: a line of as many texts as it has marks.
#[test]
fn a_line_of_very_many_texts_is_read_at_once() {
    for mark in ["\\*", "&lt;", "`a`b", "/driftguard&lt;"] {
        let comment = mark.repeat(65_536 / mark.len());
        let before = processor_time();
        assert!(commands::read(&comment).is_empty(), "{mark}");
        let took = processor_time() - before;
        assert!(took < Duration::from_secs(2), "{mark}: {took:?}");
    }
}
