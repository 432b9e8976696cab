//! The page of a finding says what is known of who made the change, also where nobody is named.

use super::history::mallory;
use driftguard::model::{
    AccountId, Coverage, Finding, Inquiry, InquiryOutcome, Kind, Region, RepositoryName, StackName,
    Status, TRAIL_EVENTS, Verdict,
};
use driftguard::report::pages::{FindingContext, FindingPage, Frame, StackContext};

/// 2026-11-24 16:30 UTC.
const NOW: i64 = 1_795_537_800_000;
const HOUR: i64 = 60 * 60 * 1_000;
const HEAD: &str = "<h2 id=\"who\">Who made the change</h2>\n";

fn finding(outcome: Option<InquiryOutcome>) -> Finding {
    let since = NOW - 24 * HOUR;
    Finding {
        account: AccountId::new("123456789012"),
        region: Region::new("eu-west-1"),
        inquiry: outcome.map(|outcome| Inquiry { since, outcome }),
        ..Finding::new(Kind::Modified, Verdict::Drift, "aws_security_group")
    }
}

fn row(region: &str, reason: &str) -> Coverage {
    Coverage {
        account: AccountId::new("123456789012"),
        region: Region::new(region),
        reason: Some(format!(
            "who made these changes is not known, because {reason}"
        )),
        ..Coverage::new(TRAIL_EVENTS, 1, Status::Denied)
    }
}

/// The section about who made the change; `None` where the page has none.
fn section(finding: &Finding) -> Option<String> {
    let coverage = [
        row("us-east-1", "it is another region"),
        row(
            "eu-west-1",
            "cloudtrail:LookupEvents was denied: allow it, or set `who: off`",
        ),
    ];
    let repository = RepositoryName::new("acme/shop").unwrap();
    let context = FindingContext {
        stack: StackContext {
            account: "acme",
            repository: &repository,
            stack: &StackName::of_path("production"),
            github_pages: "https://github.com",
            commit: "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c",
            scanned_at: NOW,
            next_at: None,
            now: NOW,
            failure: None,
        },
        occurrences: &[],
        history_begins: NOW - 24 * HOUR,
        proposals: &[],
        decision: None,
        coverage: &coverage,
    };
    let frame = Frame {
        base: String::new(),
        stylesheet: "/assets/a.css".to_owned(),
        icon: "/favicon.svg".to_owned(),
        login: Some("alice".to_owned()),
        form_token: "a-token".to_owned(),
    };
    let html = FindingPage::new(frame, &context, finding).html().unwrap();
    let (_, rest) = html.split_once(HEAD)?;
    let (text, _) = rest.split_once("</section>").unwrap();
    Some(text.trim().to_owned())
}

#[test]
fn a_page_says_why_nobody_is_named() {
    let answered = |is_last, is_cut| InquiryOutcome::Answered {
        asked_at: NOW - HOUR,
        is_last,
        is_cut,
    };
    let no_call = "<p>It is not known who made the change: no call that CloudTrail had from 2026-11-23 16:30 UTC to \
                   2026-11-24 15:30 UTC may be its cause.";
    for (outcome, text) in [
        (None, "<p>It is not known who made the change.</p>".to_owned()),
        (
            Some(InquiryOutcome::Off),
            "<p>It is not known who made the change: CloudTrail is not asked, since <code>.driftguard.yml</code> says \
             <code>who: off</code>.</p>"
                .to_owned(),
        ),
        (
            Some(InquiryOutcome::Unanswered),
            "<p>Who made these changes is not known, because cloudtrail:LookupEvents was denied: allow it, or set \
             <code>who: off</code>.</p>"
                .to_owned(),
        ),
        (Some(answered(true, false)), format!("{no_call}</p>")),
        (
            Some(answered(false, true)),
            format!(
                "{no_call} Calls that are older than those that were read may be. A later scan asks once more: calls \
                 arrive up to a quarter of an hour late.</p>"
            ),
        ),
    ] {
        assert_eq!(section(&finding(outcome.clone())), Some(text), "{outcome:?}");
    }
    // The calls of a global service are in one region.
    let role = Finding {
        region: None,
        tf_type: "aws_iam_role".to_owned(),
        ..finding(Some(InquiryOutcome::Unanswered))
    };
    let other = "<p>Who made these changes is not known, because it is another region.</p>";
    assert_eq!(section(&role).as_deref(), Some(other));
    let named = Finding {
        actor: Some(mallory()),
        ..finding(Some(answered(false, false)))
    };
    let shown = section(&named).unwrap();
    assert!(
        shown.contains("user/mallory") && !shown.contains("not known"),
        "{shown}"
    );
    let aside = Finding {
        verdict: Verdict::Accepted,
        ..finding(None)
    };
    assert_eq!(section(&aside), None, "there is nothing to decide");
}
