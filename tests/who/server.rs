//! Who made a change, over the scans of a server: what CloudTrail did not answer is asked again, and costs no scan.

use super::calls::{call, iam_user};
use super::scans::{INSTANCE, ago};
use crate::aws::CONSOLE;
use crate::database::{Database, on_both};
use crate::end_to_end::{FILES, World};
use driftguard::model::{
    Coverage, Finding, InquiryOutcome, InstallationId, RepositoryId, StackName, StackReport,
};
use driftguard::queue::inbox::Inbox;
use driftguard::queue::job::Trigger;
use driftguard::queue::orders::StackScan;
use driftguard::standin::cloudtrail::{CloudTrail, TrailFault};
use std::time::Duration;

on_both!(
    a_silent_cloudtrail_costs_a_scan_nothing_but_the_names,
    what_was_refused_is_asked_again_and_told_each_time,
    a_scan_that_an_event_started_is_followed_by_one_more,
);

const STACK: &str = "infra-production";
const MINUTE: i64 = 60 * 1_000;

/// The shop, changed in the console, with a CloudTrail that fails like this.
async fn changed(
    database: Database,
    fault: Option<TrailFault>,
    timeout: &str,
) -> (World, CloudTrail) {
    let trail = CloudTrail::start().await.unwrap();
    trail.fail(fault);
    let mut world = World::prepare(database).await;
    for (name, value) in [
        ("AWS_ENDPOINT_URL_CLOUDTRAIL", trail.url()),
        ("DRIFTGUARD_SCAN_TIMEOUT", timeout),
    ] {
        world.environment.push((name.to_owned(), value.to_owned()));
    }
    world.begin().await;
    world.aws.replay(CONSOLE).await.unwrap();
    (world, trail)
}

/// What the last scan of the stack recorded.
struct LastScan {
    findings: Vec<Finding>,
    /// The rows of coverage about CloudTrail.
    silence: Vec<Coverage>,
}

impl LastScan {
    async fn of(world: &World) -> Self {
        let inbox = world.database.inbox().await;
        let tenant = inbox.store.of(InstallationId(world.installation));
        let stack = StackName::new(STACK).unwrap();
        let mut reports = tenant.reports(shop(world, &inbox).await, &stack);
        let (report, _): (StackReport, _) = reports.next().await.unwrap().unwrap();
        inbox.close().await;
        let scanned = report.outcome.unwrap();
        let rows = scanned.coverage.into_iter();
        Self {
            silence: rows.filter(Coverage::is_of_calls).collect(),
            findings: scanned.findings,
        }
    }

    fn of_instance(&self) -> &Finding {
        let mut all = self.findings.iter();
        let found = all.find(|finding| finding.tf_type == "aws_instance");
        found.unwrap()
    }
}

async fn shop(world: &World, inbox: &Inbox) -> RepositoryId {
    let tenant = inbox.store.of(InstallationId(world.installation));
    tenant.repositories().await.unwrap()[0].id
}

async fn a_silent_cloudtrail_costs_a_scan_nothing_but_the_names(database: Database) {
    let (world, _trail) = changed(database, Some(TrailFault::Silent), "30s").await;
    let commit = world.push(FILES).await;
    let check = world.scanned(&commit).await;
    assert!(check.title.starts_with("7 findings"), "{}", check.title);
    world.idle().await;
    let last = LastScan::of(&world).await;
    assert_eq!(last.silence.len(), 1, "{:?}", last.silence);
    assert_eq!(last.silence[0].resources, 7);
    let inquiry = last.of_instance().inquiry.as_ref().unwrap();
    assert_eq!(inquiry.outcome, InquiryOutcome::Unanswered);
}

async fn what_was_refused_is_asked_again_and_told_each_time(database: Database) {
    let (world, trail) = changed(database, Some(TrailFault::Denied), "10m").await;
    let grown = call("ModifyInstanceAttribute", &ago(30), iam_user("mallory"));
    trail.record(&[INSTANCE], grown).unwrap();
    let texts = ["The shop.\n", "Our shop.\n", "A shop.\n"];
    let mut checks = vec![world.push(FILES).await];
    for text in &texts[..2] {
        world.scanned(checks.last().unwrap()).await;
        world.idle().await;
        let last = LastScan::of(&world).await;
        assert_eq!(last.silence.len(), 1, "scan {}", checks.len());
        let action = last.silence[0].missing_action.as_deref();
        assert_eq!(action, Some("cloudtrail:LookupEvents"));
        checks.push(world.push(&[("README.md", text)]).await);
    }
    world.scanned(checks.last().unwrap()).await;
    world.idle().await;
    // The permission is given.
    trail.fail(None);
    let last = world.push(&[("README.md", texts[2])]).await;
    world.scanned(&last).await;
    world.idle().await;
    let last = LastScan::of(&world).await;
    assert_eq!(last.silence, []);
    let actor = last.findings.iter().find_map(|found| found.actor.as_ref());
    let actor = actor.unwrap_or_else(|| panic!("{:#?}", last.findings));
    assert!(actor.principal.ends_with("user/mallory"), "{actor:?}");
    let mut others = last.findings.iter().filter(|it| it.actor.is_none());
    assert!(others.all(|it| matches!(
        it.inquiry.as_ref().unwrap().outcome,
        InquiryOutcome::Answered { is_last: false, .. }
    )));
}

async fn a_scan_that_an_event_started_is_followed_by_one_more(database: Database) {
    let (world, trail) = changed(database, None, "10m").await;
    world.aws.reset().await.unwrap();
    world.aws.replay(crate::aws::ACCOUNT).await.unwrap();
    let (bucket, key) = (crate::aws::BUCKET, crate::aws::KEY);
    let state = crate::aws::STATE;
    world.aws.put_object(bucket, key, state).await.unwrap();
    let commit = world.push(FILES).await;
    world.scanned(&commit).await;
    world.idle().await;
    let inbox = world.database.inbox().await;
    let repository = shop(&world, &inbox).await;
    let tenant = inbox.store.of(InstallationId(world.installation));
    let next_at = async || tenant.stacks(repository).await.unwrap()[0].next_at.unwrap();
    let before = next_at().await;

    // Somebody changes something, and the event is here before CloudTrail has the call.
    world.aws.replay(CONSOLE).await.unwrap();
    let scan = StackScan {
        installation: InstallationId(world.installation),
        repository,
        stack: StackName::new(STACK).unwrap(),
    };
    let event = async |number: u32| {
        let now = inbox.store.now().await.unwrap();
        let key = (format!("event/{number}"), Duration::ZERO);
        let pushed = inbox.scan(&scan, Trigger::Event, now, key).await;
        assert!(pushed.unwrap());
        world.idle().await;
        now
    };
    let now = event(1).await;
    assert!(LastScan::of(&world).await.findings.len() > 1);
    let due = next_at().await;
    let soon = now + 20 * MINUTE..now + 23 * MINUTE;
    assert!(soon.contains(&due) || before < soon.start, "{due}");
    let asked = trail.lookups().len();

    // Another event finds the same, and asks nothing a moment later.
    event(2).await;
    assert_eq!(next_at().await, due);
    assert_eq!(trail.lookups().len(), asked);

    // It is a scan of the schedule, after which the schedule is as it was.
    inbox.tick(due + 1).await.unwrap();
    let later = next_at().await;
    assert!(later >= before && later > due, "{later}");
    world.idle().await;
    assert_eq!(next_at().await, later, "once");
    inbox.close().await;
}
