//! Scans a repository, one line per stage: files, settings, stacks, findings, fixes, pull requests, checks,
//! notifications, dashboard.

use super::context::RepositoryContext;
use super::steps::access::{self, RoleProblem};
use super::steps::actors::{self, AskingTime};
use super::steps::checks::{CHECK, CHECK_OF_STACKS, create_check, stack_check};
use super::steps::outcome::record_outcomes;
use super::steps::pull_requests::Proposer;
use super::steps::record::RecordedStack;
use super::steps::repository_scan::{RepositoryScan, busy};
use super::steps::repository_settings::{self, may_publish};
use super::steps::{
    accept, announce, carry_over, dashboard, modules, notification_secret, onboarding, plan,
    redact, stacks, workspaces,
};
use crate::aws::{Access, Probes};
use crate::github::{CommitFiles, GithubError};
use crate::model::{ScanCourse, ScanError, StackName, StackReport};
use crate::queue::job::{JobError, Trigger};
use crate::queue::limit::Clock;
use crate::queue::now;
use crate::report;
use crate::resources::UnmanagedScope;
use crate::scan::find::FoundStacks;
use crate::scan::load::Stack;
use crate::scan::report_limit::limited;
use crate::scan::scan_result::ScanResult;
use std::pin::Pin;
use tracing::{Instrument, info, info_span};

/// The result of scanning a repository.
#[derive(Default)]
pub(super) struct ScanOutcome {
    /// The stacks that were scanned.
    pub stacks: Vec<StackScan>,
    /// What people asked for and could not be done, as sentences.
    pub problems: Vec<String>,
}

/// The result of scanning one stack, in Markdown: the reports of all stacks are not held together.
pub(super) struct StackScan(pub String);

/// Scans a repository, or one stack of it, and publishes the result.
pub(super) async fn run(
    context: &RepositoryContext<'_>,
    only: Option<&StackName>,
    trigger: Trigger,
) -> Result<ScanOutcome, JobError> {
    let course = ScanCourse {
        begun_at: now(),
        requested_by: name(trigger).to_owned(),
        aws_calls: None,
    };
    let services = context.services;
    let clock = Clock::below(services.limits, context.run, context.run.interrupt());
    let Some(tree) = read_tree(context, &clock).await? else {
        return Ok(ScanOutcome::default());
    };
    let settings = match repository_settings::of_tree(&tree) {
        Ok(Some(settings)) => settings,
        Ok(None) => {
            record_problem(context, None).await?;
            Box::pin(onboarding::propose(context, &tree)).await?;
            return Ok(ScanOutcome::default());
        }
        Err(wrong) => {
            record_problem(context, Some(&wrong)).await?;
            let text = report::failed("The settings cannot be read", &wrong);
            create_check(context, CHECK, &text).await?;
            return Ok(ScanOutcome::default());
        }
    };
    if !may_publish(context, &settings) {
        record_problem(context, None).await?;
        info!("a public repository: nothing is published, so nothing is scanned");
        redact::make_up(context).await?;
        return Ok(ScanOutcome::default());
    }
    notification_secret::withdraw_from_public(context).await?;
    let scan = RepositoryScan {
        context,
        settings: &settings,
        tree: &tree,
        only,
        clock: &clock,
        memory: &services.states.memory(),
        course: &course,
        asking: &AskingTime::default(),
    };
    // What a reviewer struck out of a merged pull request is drift again, even if the delivery about it comes later.
    record_outcomes(context, "", now()).await?;
    let stacks = scan_found(&scan).await?;
    let problems = accept::update(&scan).await?.into_iter().collect();
    dashboard::update(context, &settings).await?;
    Ok(ScanOutcome { stacks, problems })
}

/// Scans for a command of a person or of the API. A scan that fails for good becomes one of the problems in the reply.
pub(super) async fn run_for_command(
    context: &RepositoryContext<'_>,
    only: Option<&StackName>,
    trigger: Trigger,
) -> Result<ScanOutcome, JobError> {
    let _slot = context.run.begin_scan(context.installation)?;
    // As the repository is by now.
    let (services, installation) = (context.services, context.installation);
    // Without a type of its own: what reads a state lies too deep in it for the compiler to look through at once.
    let scan: Pin<Box<dyn Future<Output = Result<ScanOutcome, JobError>> + Send + '_>> =
        Box::pin(async {
            let context = RepositoryContext::open(services, installation, context.id, context.run);
            match context.await? {
                Some(context) => run(&context, only, trigger).await,
                None => Ok(ScanOutcome::default()),
            }
        });
    match scan.await {
        Err(JobError::Fatal(error)) => {
            tracing::error!(error = format!("{error:#}"), "a scan failed for good");
            Ok(ScanOutcome {
                stacks: Vec::new(),
                problems: vec![format!("The scan failed: {error:#}.")],
            })
        }
        end => end,
    }
}

/// Returns the name of a trigger, as the history has it.
fn name(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Push => "push",
        Trigger::Schedule => "schedule",
        Trigger::Command => "command",
        Trigger::Event => "event",
        Trigger::Api => "api",
    }
}

/// Reads the files of the repository; `None` where they are too large or take too long, which a check reports.
async fn read_tree(
    context: &RepositoryContext<'_>,
    clock: &Clock,
) -> Result<Option<CommitFiles>, JobError> {
    let reading = context.repository.tree(&context.head.commit);
    let (title, problem) = match clock.hold(reading).await {
        Ok(Err(GithubError::TooLarge(limit))) => ("The repository is too large", limit),
        Ok(tree) => return Ok(Some(tree?)),
        Err(exceeded) => ("The code cannot be read", exceeded.scan_error()?.message),
    };
    let text = report::failed(title, &problem);
    create_check(context, CHECK, &text).await?;
    Ok(None)
}

/// Records why nothing of the repository can be scanned, for its page; `None` where nothing is wrong.
async fn record_problem(
    context: &RepositoryContext<'_>,
    problem: Option<&str>,
) -> anyhow::Result<()> {
    let saving = context
        .tenant
        .save_repository_problem(context.id, problem, now());
    saving.await
}

/// Finds the stacks, and scans the requested ones.
async fn scan_found(scan: &RepositoryScan<'_>) -> Result<Vec<StackScan>, JobError> {
    let probes = Probes::default();
    match workspaces::find_stacks(scan, &probes).await? {
        Ok(mut found) => {
            record_problem(scan.context, None).await?;
            if let Some((title, unscanned)) = found.unscanned() {
                let text = report::failed(title, &unscanned);
                create_check(scan.context, CHECK_OF_STACKS, &text).await?;
            }
            stacks::save(scan, &found).await?;
            let stacks = modules::fetch(scan, &mut found.stacks).await?;
            let scan = RepositoryScan {
                tree: stacks.tree(),
                ..*scan
            };
            Box::pin(scan_by_access(&scan, found, &probes)).await
        }
        Err(ScanError { message, .. }) => {
            record_problem(scan.context, Some(&message)).await?;
            let text = report::failed("The stacks could not be told", &message);
            create_check(scan.context, CHECK, &text).await?;
            Ok(Vec::new())
        }
    }
}

/// Scans stacks that are read with the same roles together.
async fn scan_by_access(
    scan: &RepositoryScan<'_>,
    found: FoundStacks,
    probes: &Probes,
) -> Result<Vec<StackScan>, JobError> {
    let context = scan.context;
    let aws = &context.services.aws;
    let complete = found.left_out.is_empty();
    let external_id = context.external_id();
    let ambient = access::is_ambient(context).await?;
    let groups = access::groups(found.stacks, scan.settings, &external_id, ambient);
    if let Err(problem) = access::count_roles(&groups) {
        create_check(context, CHECK, &problem.text()).await?;
        return Ok(Vec::new());
    }
    let scope = scan.unmanaged_scope(complete, groups.len());
    let mut scanned = Vec::new();
    let mut not_probed = None;
    for (access, stacks) in groups {
        if !stacks.iter().any(|stack| scan.includes(stack)) {
            continue;
        }
        let Some(access) = access else {
            let text = access::onboarding(aws, &external_id, &stacks, &scan.settings.who).await;
            create_check(context, CHECK, &text).await?;
            continue;
        };
        let (reports, aws_calls) = match scan_and_plan(scan, access, stacks, scope, probes).await? {
            Ok(planned) => planned,
            Err(problem) => {
                create_check(context, CHECK, &problem.text()).await?;
                if let RoleProblem::NotProbed(why) = problem {
                    not_probed.get_or_insert(why);
                }
                continue;
            }
        };
        let course = ScanCourse {
            aws_calls,
            ..scan.course.clone()
        };
        let scan = &RepositoryScan {
            course: &course,
            ..*scan
        };
        for report in reports {
            let span = info_span!("stack", name = %report.name);
            let publishing = Box::pin(publish(scan, report)).instrument(span);
            scanned.push(publishing.await?);
        }
    }
    match not_probed {
        None => Ok(scanned),
        Some(why) => Err(access::probe_later(&why)),
    }
}

/// Scans the requested stacks, and plans a fix for each finding. If that takes too long, each stack is reported as not
/// checked. Returns the reports and how many calls AWS was sent, or a problem where a role that they need must not be used.
async fn scan_and_plan(
    scan: &RepositoryScan<'_>,
    access: Access,
    stacks: Vec<Stack>,
    scope: UnmanagedScope,
    probes: &Probes,
) -> Result<Result<(Vec<StackReport>, Option<u64>), RoleProblem>, JobError> {
    let asked = stacks.iter().filter(|stack| scan.includes(stack));
    let asked: Vec<_> = asked
        .map(|stack| (stack.name.clone(), stack.path.clone()))
        .collect();
    let planned = async {
        let context = scan.context;
        let mut result = match scan.scan_group(access, stacks, scope, probes).await? {
            Ok(result) => result,
            Err(problem) => return Ok(Err(problem)),
        };
        index_for_events(context, &result).await?;
        // Before the plan, which adds to it, and after.
        result.report.stacks = limited(result.report.stacks);
        for stack in &result.report.stacks {
            carry_over::carry_over(context, stack, &result.redactor).await?;
        }
        let decisions = context.tenant.decisions(context.id).await?;
        let limits = scan.clock.limits().of_planning();
        let planning = Clock::below(limits, context.run, scan.clock.interrupt());
        let decisions = plan::Decisions {
            of_repository: &decisions,
            now: now(),
        };
        plan::plan(&mut result, scan.tree, decisions, planning.interrupt());
        // A fix may have been refused for want of memory alone.
        if result.is_busy() {
            return Err(busy());
        }
        plan::prove(&mut result, scan, (decisions, planning.interrupt())).await?;
        // Last, so that a scan that is tried again asks CloudTrail once.
        scan.name_actors(&mut result).await?;
        result.hide_names();
        let calls = result.aws_calls();
        Ok(Ok((limited(result.report.stacks), Some(calls))))
    };
    match scan.clock.hold(planned).await {
        Ok(planned) => planned,
        Err(exceeded) => {
            let error = exceeded.scan_error()?;
            let unchecked = |(name, path)| StackReport {
                name,
                path,
                backend: None,
                outcome: Err(error.clone()),
            };
            Ok(Ok((asked.into_iter().map(unchecked).collect(), None)))
        }
    }
}

/// Stores by which events each stack is found, where somebody tells of events.
async fn index_for_events(
    context: &RepositoryContext<'_>,
    result: &ScanResult,
) -> anyhow::Result<()> {
    let (tenant, id) = (&context.tenant, context.id);
    let indexed = result.report.stacks.iter().zip(&result.events);
    for (stack, hashes) in indexed.filter(|(stack, _)| stack.outcome.is_ok()) {
        tenant.save_event_hashes(id, &stack.name, hashes).await?;
    }
    Ok(())
}

/// Publishes the result of a stack, and records it.
async fn publish(scan: &RepositoryScan<'_>, report: StackReport) -> Result<StackScan, JobError> {
    let context = scan.context;
    let proposer = Proposer {
        context,
        settings: &scan.settings.pull_requests,
        tree: scan.tree,
        now: now(),
    };
    let proposed = proposer.propose(&report).await?;
    let text = report::check(&report, &proposed);
    create_check(context, &stack_check(&report.name), &text).await?;
    announce::upload(scan, &report).await?;
    announce::announce(scan, &report).await?;
    let stack = RecordedStack {
        tenant: &context.tenant,
        repository: context.id,
        commit: &context.head.commit,
        course: scan.course,
    };
    stack.record(&report, now()).await?;
    if scan.course.requested_by == name(Trigger::Event) {
        actors::ask_again((&context.tenant, context.id), scan.course, &report).await?;
    }
    let findings = report
        .outcome
        .as_ref()
        .map_or(0, |scanned| scanned.findings.len());
    let pulls = proposed.open;
    info!(findings, ?pulls, "scanned");
    let text = report::scanned(&report, &pulls);
    Ok(StackScan(report::fit_comment(&text)))
}
