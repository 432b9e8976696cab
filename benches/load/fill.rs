//! Fills a database with what years of scans leave behind.

use super::reports::{findings_of, report};
use super::world::{ORGANISATION, PEOPLE, World};
use anyhow::{Context, Result};
use driftguard::model::{
    Choice, Decision, FindingId, Proposal, ProposalState, RepositoryId, RepositoryInfo,
    RepositoryName, ScanCourse, ScanTotals, StackName,
};
use driftguard::pulls::history_update;
use driftguard::store::{ScanRecord, StackSchedule, Store};
use sqlx::{Any, AnyPool, Transaction};

/// 2026-11-29 12:00 UTC: when all stacks were scanned last.
pub const SCANNED: i64 = 1_795_953_600_000;
/// How many stacks the organisation has.
pub const STACKS: usize = 1_000;
/// The most ended findings that are kept of a stack.
const MOST_ENDED: i64 = 10_000;
/// One stack in so many has as many ended findings and scans as are kept.
const FULL: usize = 20;
/// How many reports a stack keeps.
const REPORTS: i64 = 20;
/// How many entries the audit log has for each repository.
const AUDITED: i64 = 500;
const HOUR: i64 = 60 * 60 * 1_000;

const COMMIT: &str = "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c";

/// Counts up to the fourth parameter.
const NUMBERS: &str = "with recursive numbers(n) as (select cast(1 as bigint) union all select n + 1 from numbers where n < $4)";

/// The findings that ended: most within days, some after weeks.
const ENDED: &str = "insert into finding_history (installation, repository, stack, finding, first_seen, last_seen, scans, ending,
         ended_at, address, resource_type, parent_type, account, region, kind, severity)
     select $1, $2, $3, 'f-' || substr(cast(1000000000000 + n * 7919 as text), 2), $5 - n * $6,
         $5 - n * $6 + 3600000 * (1 + n % 200), 1 + n % 200,
         case when n % 10 < 7 then 'resolved' when n % 10 < 9 then 'changed' else 'set_aside' end,
         $5 - n * $6 + 3600000 * (2 + n % 200), 'module.app[\"' || (n % 9) || '\"].aws_security_group.main[' || n || ']',
         case n % 6 when 0 then 'aws_security_group' when 1 then 'aws_instance' when 2 then 'aws_iam_role'
             when 3 then 'aws_s3_bucket' when 4 then 'aws_ebs_volume' else 'aws_lb' end,
         '', '111111111111', 'eu-west-1', case when n % 50 = 0 then 'unmanaged' else 'modified' end,
         case when n % 100 = 0 then 'critical' when n % 10 = 1 then 'high' when n % 10 < 6 then 'medium' else 'low' end
     from numbers";

/// The scans in numbers, one each hour.
const SCANS: &str = "insert into stack_history (installation, repository, stack, finished_at, commit_id, critical, high, medium, low,
         info, set_aside, summary, begun_at, requested_by, aws_calls, unchecked, problem)
     select $1, $2, $3, $5 - n * 3600000, $6, n % 2, n % 3, n % 7, n % 11, 1, 2, $7, $5 - n * 3600000 - 41000,
         case when n % 12 = 0 then 'push' else 'schedule' end, 140 + n % 9,
         '[[\"aws_kms_key\",\"DriftGuard does not read it yet\"]]', case when n % 97 = 0 then 'the state is locked' else '' end
     from numbers";

/// Copies of the last report, as those of the scans before it.
const REPORT_COPIES: &str = "insert into scans (scan, installation, repository, stack, commit_id, outcome, finished_at, scheme)
     select scan || '/' || n, installation, repository, stack, commit_id, outcome, finished_at - n * 3600000, scheme
     from scans, numbers where installation = $1 and repository = $2 and stack = $3 and finished_at = $5";

/// What people accept.
const ACCEPTED: &str = "insert into accepted_differences (installation, repository, stack, finding, name, severity, until, reason, owner)
     select $1, $2, $3, 'f-a' || substr(cast(1000000000000 + n * 104729 as text), 3), 'aws_security_group.main[' || n || ']',
         'low', case when n % 3 = 0 then '9999-12-31' else '2027-0' || (1 + n % 9) || '-15' end,
         'the patch schedule owns it', '@acme/platform'
     from numbers";

/// What people decided.
const AUDIT_LOG: &str = "insert into audit_log (installation, repository, entry, at, person, via, action, stack, finding, detail)
     select $1, $2, 'comment/' || n, $5 - n * 68000000, 'person' || (n * 7 % $6), 'comment',
         case n % 4 when 0 then 'adopt' when 1 then 'restore' when 2 then 'ignore' else 'snooze' end,
         $3, 'f-' || substr(cast(1000000000000 + n * 7919 as text), 2), 'until 2027-03-31: the patch schedule owns it'
     from numbers";

/// Returns the stack with a number: its repository's place, and its name.
pub fn stack(world: &World, number: usize) -> Result<(&super::world::Repository, StackName)> {
    const NAMES: [&str; 5] = ["production", "staging", "network", "data", "edge"];
    let repository = world.repositories.get(number / NAMES.len());
    let name = StackName::new(NAMES[number % NAMES.len()]);
    Ok((
        repository.context("no such repository")?,
        name.context("no name of a stack")?,
    ))
}

/// Fills the database, unless it is filled. `findings` is how many times of findings it holds in the end, about.
pub async fn fill(url: &str, world: &World, findings: i64) -> Result<()> {
    let store = Store::connect(url).await?;
    sqlx::any::install_default_drivers();
    let pool = AnyPool::connect(url).await?;
    let known: i64 = sqlx::query_scalar("select count(*) from stacks")
        .fetch_one(&pool)
        .await?;
    if known == 0 {
        let tenant = store.of(world.installation);
        tenant.record_installation(ORGANISATION, SCANNED).await?;
        for repository in &world.repositories {
            let info = RepositoryInfo {
                id: repository.id,
                name: RepositoryName::new(&repository.name).context("no name of a repository")?,
                default_branch: Some("main".to_owned()),
                private: true,
            };
            tenant.save_repository(&info, SCANNED).await?;
        }
        for number in 0..STACKS {
            record(&store, world, number).await?;
        }
        add_history(&pool, world, findings).await?;
        eprintln!("filled");
    }
    store.close().await;
    pool.close().await;
    Ok(())
}

/// Records the last scan of a stack as a job does, with its pull requests and decisions.
async fn record(store: &Store, world: &World, number: usize) -> Result<()> {
    let (repository, name) = stack(world, number)?;
    let tenant = store.of(world.installation);
    let scheduled = StackSchedule {
        stack: name.clone(),
        schedule: "off".to_owned(),
        next_at: None,
    };
    tenant.save_stack(repository.id, &scheduled).await?;
    let report = report(number, &name)?;
    let scan = ScanRecord {
        id: format!("{}/{name}", repository.id),
        repository: repository.id,
        stack: name.to_string(),
        commit: COMMIT.to_owned(),
        outcome: serde_json::to_value(&report)?,
        finished_at: SCANNED,
    };
    let scanned = report.outcome?;
    let totals = ScanTotals {
        course: ScanCourse {
            begun_at: SCANNED - 41_000,
            requested_by: "schedule".to_owned(),
            aws_calls: Some(140),
        },
        ..ScanTotals::of(&scanned, COMMIT, SCANNED)
    };
    let update = history_update(&[], &scanned, SCANNED);
    tenant
        .record_completed_scan(&scan, &totals, &update)
        .await?;
    let ids: Vec<_> = scanned.findings.iter().map(|it| it.id.0.clone()).collect();
    for (at, direction) in ["adopt", "restore"].into_iter().enumerate() {
        tenant
            .save_proposal(&proposal(repository.id, &name, (at, direction), &ids))
            .await?;
    }
    for finding in scanned.findings.iter().take(2) {
        let decision = Decision {
            finding: finding.id.clone(),
            stack: name.clone(),
            choice: Choice::Snooze {
                until: SCANNED + 240 * HOUR,
            },
            person: "person1".to_owned(),
            decided_at: SCANNED - HOUR,
        };
        tenant.save_decision(repository.id, &decision).await?;
    }
    Ok(())
}

fn proposal(
    repository: RepositoryId,
    stack: &StackName,
    (at, direction): (usize, &str),
    findings: &[String],
) -> Proposal {
    Proposal {
        repository,
        branch: format!("driftguard/{stack}/{direction}"),
        stack: stack.to_string(),
        number: 10 + at as u64,
        state: ProposalState::Open,
        findings: findings.iter().skip(at).step_by(2).cloned().collect(),
        opened_at: SCANNED - 30 * HOUR,
        changed_at: SCANNED - HOUR,
        recreate: false,
        closed_by: String::new(),
    }
}

/// Returns how many ended findings a stack has, of so many in all.
fn ended_of(number: usize, findings: i64) -> i64 {
    let stacks = STACKS as i64;
    let full = stacks / FULL as i64;
    let of_full = MOST_ENDED.min(findings / full);
    let open: i64 = (0..STACKS).map(|it| findings_of(it) as i64).sum();
    match number.is_multiple_of(FULL) {
        true => of_full,
        false => (findings - open - full * of_full).max(0) / (stacks - full),
    }
}

async fn add_history(pool: &AnyPool, world: &World, findings: i64) -> Result<()> {
    let mut all = pool.begin().await?;
    for number in 0..STACKS {
        let (repository, name) = stack(world, number)?;
        let place = Place {
            installation: world.installation.to_string(),
            repository: repository.id.to_string(),
            stack: name.to_string(),
        };
        let ended = ended_of(number, findings);
        // All of the last 400 days.
        let apart = 400 * 24 * HOUR / (ended + 1);
        place
            .add(&mut all, ENDED, ended, &[SCANNED - 201 * HOUR, apart])
            .await?;
        let scans = if number % FULL == 0 { MOST_ENDED } else { 500 };
        place.add_scans(&mut all, scans).await?;
        place
            .add(&mut all, REPORT_COPIES, REPORTS - 1, &[SCANNED])
            .await?;
        place.add(&mut all, ACCEPTED, 5, &[]).await?;
        if number % 5 == 0 {
            let people = PEOPLE as i64;
            place
                .add(
                    &mut all,
                    AUDIT_LOG,
                    AUDITED,
                    &[SCANNED - number as i64 * 997, people],
                )
                .await?;
        }
    }
    all.commit().await?;
    sqlx::query("analyze").execute(pool).await?;
    Ok(())
}

/// A stack, as the tables have it.
struct Place {
    installation: String,
    repository: String,
    stack: String,
}

impl Place {
    /// Adds so many rows. The statement takes more numbers from `$5` on.
    async fn add(
        &self,
        all: &mut Transaction<'static, Any>,
        statement: &str,
        rows: i64,
        more: &[i64],
    ) -> Result<()> {
        if rows < 1 {
            return Ok(());
        }
        let statement = sqlx::AssertSqlSafe(format!("{NUMBERS} {statement}"));
        let mut query = sqlx::query(statement)
            .bind(&self.installation)
            .bind(&self.repository)
            .bind(&self.stack)
            .bind(rows);
        for number in more {
            query = query.bind(number);
        }
        query.execute(&mut **all).await?;
        Ok(())
    }

    async fn add_scans(&self, all: &mut Transaction<'static, Any>, rows: i64) -> Result<()> {
        let summary = driftguard::model::Summary {
            resources: 140,
            checked: 138,
            unknown: 2,
            ..Default::default()
        };
        sqlx::query(sqlx::AssertSqlSafe(format!("{NUMBERS} {SCANS}")))
            .bind(&self.installation)
            .bind(&self.repository)
            .bind(&self.stack)
            .bind(rows)
            .bind(SCANNED)
            .bind(COMMIT)
            .bind(serde_json::to_string(&summary)?)
            .execute(&mut **all)
            .await?;
        Ok(())
    }
}

/// Returns the id of a finding of a stack's last scan.
pub fn finding_id(number: usize, at: usize) -> FindingId {
    FindingId(format!("f-{:012x}", number * 100_000 + at))
}
