//! Deliveries that arrive late: what they tell of is over.

use super::{ACME, SHOP, Scans, idle, installation, origin, push, receive, start, told};
use crate::database::{Database, on_both};
use driftguard::model::{
    Choice, Decision, DeliveryId, FindingId, InstallationAction, InstallationId, RepositoryAction,
    RepositoryId, RepositoryName, StackName, WebhookEvent, WebhookPayload,
};
use driftguard::queue::inbox::Inbox;
use driftguard::queue::now;
use driftguard::store::{MissedDelivery, StackSchedule};

on_both!(
    what_is_delivered_after_a_removal_brings_no_repository_back,
    what_is_delivered_after_a_deletion_brings_no_repository_back,
    what_is_delivered_after_an_uninstallation_brings_nothing_back,
    a_removal_that_was_missed_takes_nothing_that_was_added_since,
    a_suspension_that_was_missed_does_not_outlast_its_end,
    a_transfer_that_was_missed_takes_nothing_from_a_later_owner,
    what_the_former_owner_is_told_late_brings_no_repository_back,
    a_name_that_was_missed_replaces_no_later_one,
    an_archiving_that_was_missed_ends_no_later_schedule,
    a_repository_whose_return_was_lost_is_known_an_hour_later,
);

const GLOBEX: InstallationId = InstallationId(2);
const MINUTE: i64 = 60_000;

/// A worker that scans nothing, and what it is told.
struct Story {
    inbox: Inbox,
    scans: Scans,
    told: usize,
}

impl Story {
    /// The App is installed, with one repository.
    async fn begin(database: &Database) -> Self {
        let mut story = Self {
            inbox: database.inbox().await,
            scans: Scans::default(),
            told: 0,
        };
        story.tell(installation(InstallationAction::Created)).await;
        story
    }

    /// Receives deliveries together, and works on them until nothing is left.
    async fn tell_together(&mut self, payloads: impl IntoIterator<Item = WebhookPayload>) {
        for payload in payloads {
            self.told += 1;
            receive(&self.inbox, &format!("d-{}", self.told), payload).await;
        }
        let worker = start(&self.inbox, &self.scans);
        idle(&self.inbox).await;
        worker.stop().await;
    }

    async fn tell(&mut self, payload: WebhookPayload) {
        self.tell_together([payload]).await;
    }

    /// Receives a delivery that GitHub sent some minutes ago, and which was missed then.
    async fn tell_late(&mut self, minutes: i64, payload: WebhookPayload) {
        let missed = MissedDelivery {
            id: DeliveryId(format!("d-{}", self.told + 1)),
            attempt: 1,
            sent_at: now() - minutes * MINUTE,
            requests: 1,
            next_at: now() + MINUTE,
        };
        self.inbox
            .store
            .record_missed_delivery(&missed)
            .await
            .unwrap();
        self.tell(payload).await;
    }

    async fn repositories(&self, of: InstallationId) -> Vec<String> {
        let found = self.inbox.store.of(of).repositories().await.unwrap();
        let names = found.into_iter().map(|found| found.name.to_string());
        names.collect()
    }

    /// Somebody declined a finding of the repository.
    async fn decide(&self, of: InstallationId) {
        let decision = Decision {
            finding: FindingId("f-1".to_owned()),
            stack: StackName::new("production").unwrap(),
            choice: Choice::Adopt,
            person: "alice".to_owned(),
            decided_at: 1,
        };
        let tenant = self.inbox.store.of(of);
        tenant.save_decision(SHOP, &decision).await.unwrap();
    }

    async fn decisions(&self, of: InstallationId) -> usize {
        let tenant = self.inbox.store.of(of);
        tenant.decisions(SHOP).await.unwrap().len()
    }
}

fn changed(added: &[RepositoryId], removed: &[RepositoryId]) -> WebhookPayload {
    let all = |ids: &[RepositoryId]| ids.iter().map(|id| origin(*id)).collect();
    let event = WebhookEvent::Repositories {
        added: all(added),
        removed: all(removed),
    };
    told(None, event)
}

fn repository(action: RepositoryAction) -> WebhookPayload {
    told(Some(SHOP), WebhookEvent::Repository { action })
}

/// An event of every kind that is about a repository.
fn about_the_repository() -> Vec<WebhookPayload> {
    let events = [
        r#"{"push": {"reference": "refs/heads/main", "commit": "c9", "deleted": false}}"#,
        r#"{"pull_request": {"action": "opened", "number": 7, "branch": "feature", "merged": false}}"#,
        r#"{"comment": {"action": "created", "issue": 3, "comment": 9, "asks": true}}"#,
        r#"{"issue": {"action": "edited", "number": 3, "ticked": ["scan"]}}"#,
        r#"{"check": {"action": "rerequested", "commit": "c9", "pulls": [7]}}"#,
        r#"{"repository": {"action": "publicized"}}"#,
        r#"{"repository": {"action": "privatized"}}"#,
        r#"{"repository": {"action": "archived"}}"#,
        r#"{"repository": {"action": "unarchived"}}"#,
        r#"{"repository": {"action": "renamed"}}"#,
    ];
    let event = |json| told(Some(SHOP), serde_json::from_str(json).unwrap());
    events.map(event).into()
}

async fn assert_nothing_comes_of_what_is_late(mut story: Story) {
    let (scans, tasks) = (story.scans.made().len(), story.scans.tasks().len());
    // Each alone, and all in one batch.
    for payload in about_the_repository() {
        let event = payload.event.clone();
        story.tell(payload).await;
        let none: [String; 0] = [];
        assert_eq!(story.repositories(ACME).await, none, "{event:?}");
    }
    story.tell_together(about_the_repository()).await;
    assert_eq!(story.repositories(ACME).await, [] as [String; 0]);
    let tenant = story.inbox.store.of(ACME);
    assert_eq!(tenant.waiting_scan(SHOP, None).await.unwrap(), None);
    assert_eq!(
        (story.scans.made().len(), story.scans.tasks().len()),
        (scans, tasks)
    );
    assert_eq!(story.inbox.jobs().await.unwrap(), []);
}

async fn what_is_delivered_after_a_removal_brings_no_repository_back(database: Database) {
    let mut story = Story::begin(&database).await;
    assert_eq!(story.repositories(ACME).await, ["acme/shop-10"]);
    story.decide(ACME).await;
    story.tell(changed(&[], &[SHOP])).await;
    assert_eq!(story.decisions(ACME).await, 0);
    assert_nothing_comes_of_what_is_late(story).await;

    // Added again, it is known again.
    let mut story = Story::begin(&database).await;
    story.told = 100;
    story.tell(changed(&[SHOP], &[])).await;
    story.tell(push(SHOP, "c5")).await;
    assert_eq!(story.repositories(ACME).await, ["acme/shop-10"]);
    let mut commits = story.scans.commits();
    // On a busy machine a lease may run out, and the scan comes again.
    commits.dedup();
    assert_eq!(commits, ["c5"]);
}

async fn what_is_delivered_after_a_deletion_brings_no_repository_back(database: Database) {
    let mut story = Story::begin(&database).await;
    story.decide(ACME).await;
    story.tell(repository(RepositoryAction::Deleted)).await;
    assert_eq!(story.decisions(ACME).await, 0);
    assert_nothing_comes_of_what_is_late(story).await;
}

async fn what_is_delivered_after_an_uninstallation_brings_nothing_back(database: Database) {
    let mut story = Story::begin(&database).await;
    story.tell(installation(InstallationAction::Deleted)).await;
    for late in [
        installation(InstallationAction::Created),
        installation(InstallationAction::Suspend),
        installation(InstallationAction::Unsuspend),
        changed(&[SHOP], &[]),
        repository(RepositoryAction::Transferred),
    ] {
        story.tell(late).await;
    }
    assert!(!story.inbox.store.of(ACME).exists().await.unwrap());
    assert_nothing_comes_of_what_is_late(story).await;
}

async fn a_removal_that_was_missed_takes_nothing_that_was_added_since(database: Database) {
    let mut story = Story::begin(&database).await;
    story.decide(ACME).await;
    story.tell_late(30, changed(&[], &[SHOP])).await;
    let deleted = repository(RepositoryAction::Deleted);
    story.tell_late(20, deleted).await;
    assert_eq!(story.repositories(ACME).await, ["acme/shop-10"]);
    assert_eq!(story.decisions(ACME).await, 1);

    // The other way round: what was added before a removal does not come back.
    story.tell(changed(&[], &[SHOP])).await;
    story.tell_late(30, changed(&[SHOP], &[])).await;
    assert_eq!(story.repositories(ACME).await, [] as [String; 0]);
}

async fn a_suspension_that_was_missed_does_not_outlast_its_end(database: Database) {
    let mut story = Story::begin(&database).await;
    let is_active = async |story: &Story| story.inbox.store.of(ACME).active().await.unwrap();
    let suspend = || installation(InstallationAction::Suspend);
    story.tell_late(30, suspend()).await;
    assert!(is_active(&story).await);
    story.tell(suspend()).await;
    assert!(!is_active(&story).await);
    let unsuspend = installation(InstallationAction::Unsuspend);
    story.tell_late(30, unsuspend.clone()).await;
    story.tell(push(SHOP, "late")).await;
    assert!(!is_active(&story).await);
    assert_eq!(story.scans.commits(), [] as [String; 0]);
    story.tell(unsuspend).await;
    assert!(is_active(&story).await);
}

/// An event of a repository that belongs to another installation by now.
fn of(installation: InstallationId, payload: WebhookPayload) -> WebhookPayload {
    WebhookPayload {
        installation,
        ..payload
    }
}

async fn a_transfer_that_was_missed_takes_nothing_from_a_later_owner(database: Database) {
    let mut story = Story::begin(&database).await;
    story.decide(ACME).await;
    let transferred = || repository(RepositoryAction::Transferred);
    // It went to Globex and came back, and what Globex was told was missed.
    story.tell(transferred()).await;
    story.tell_late(30, of(GLOBEX, transferred())).await;
    assert_eq!(story.repositories(ACME).await, ["acme/shop-10"]);
    assert_eq!(story.repositories(GLOBEX).await, [] as [String; 0]);
    assert_eq!(
        (story.decisions(ACME).await, story.decisions(GLOBEX).await),
        (1, 0)
    );
    // An installation that is gone takes nothing either.
    let deleted = installation(InstallationAction::Deleted);
    story.tell(of(GLOBEX, deleted)).await;
    story.tell(of(GLOBEX, transferred())).await;
    assert_eq!(story.decisions(ACME).await, 1);
}

async fn what_the_former_owner_is_told_late_brings_no_repository_back(database: Database) {
    let mut story = Story::begin(&database).await;
    story.decide(ACME).await;
    let transferred = of(GLOBEX, repository(RepositoryAction::Transferred));
    story.tell(transferred).await;
    assert_eq!(story.decisions(GLOBEX).await, 1);
    story.tell(push(SHOP, "late")).await;
    assert_eq!(story.repositories(ACME).await, [] as [String; 0]);
    assert_eq!(story.repositories(GLOBEX).await, ["acme/shop-10"]);
}

async fn a_name_that_was_missed_replaces_no_later_one(database: Database) {
    let mut story = Story::begin(&database).await;
    let named = |name: &str| {
        let mut payload = repository(RepositoryAction::Other);
        payload.repository.as_mut().unwrap().name = RepositoryName::new(name).unwrap();
        payload
    };
    story.tell(named("acme/newest")).await;
    story.tell_late(30, named("acme/between")).await;
    assert_eq!(story.repositories(ACME).await, ["acme/newest"]);
}

async fn an_archiving_that_was_missed_ends_no_later_schedule(database: Database) {
    let mut story = Story::begin(&database).await;
    let schedule = StackSchedule {
        stack: StackName::new("production").unwrap(),
        schedule: String::new(),
        next_at: Some(i64::MAX),
    };
    let tenant = story.inbox.store.of(ACME);
    tenant.save_stack(SHOP, &schedule).await.unwrap();
    let archived = || repository(RepositoryAction::Archived);
    let stacks = async |story: &Story| {
        let tenant = story.inbox.store.of(ACME);
        tenant.stacks(SHOP).await.unwrap().len()
    };
    story.tell(repository(RepositoryAction::Unarchived)).await;
    story.tell_late(30, archived()).await;
    assert_eq!(stacks(&story).await, 1);
    story.tell(archived()).await;
    assert_eq!(stacks(&story).await, 0);
}

async fn a_repository_whose_return_was_lost_is_known_an_hour_later(database: Database) {
    let mut story = Story::begin(&database).await;
    let tenant = story.inbox.store.of(ACME);
    tenant.delete_repository(SHOP).await.unwrap();
    let long_ago = now() - 61 * MINUTE;
    let lose = async |id| tenant.change_access(Some(id), false, long_ago).await;
    assert!(!lose(SHOP).await.unwrap(), "it was gained since");
    let other = RepositoryId(11);
    assert!(lose(other).await.unwrap());
    story.tell_late(30, push(other, "early")).await;
    assert_eq!(story.scans.commits(), [] as [String; 0]);
    story.tell(push(other, "c2")).await;
    assert_eq!(story.repositories(ACME).await, ["acme/shop-11"]);
    assert_eq!(story.scans.commits(), ["c2"]);
}
