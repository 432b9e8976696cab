//! Proposes the first `.driftguard.yml` of a repository, with a preview of the first scan.

use super::access::{self, RoleProblem};
use super::actors::AskingTime;
use super::checks::{CHECK, CHECK_OF_STACKS, create_check};
use super::modules;
use super::notification_secret;
use super::outcome::record_outcomes;
use super::repository_scan::RepositoryScan;
use super::repository_settings;
use super::settings_pull::{self, SettingsPull};
use super::workspaces;
use crate::aws::Probes;
use crate::jobs::context::RepositoryContext;
use crate::model::{Proposal, ProposalState, ScanCourse, StackName, StackReport, Tree, boxes};
use crate::pulls::undecided;
use crate::queue::job::JobError;
use crate::queue::limit::Clock;
use crate::queue::now;
use crate::queue::pushes::ONBOARDING;
use crate::report::{self, FirstScan, NeededRole, Onboarding, PullRequestText};
use crate::scan::find::FoundStacks;
use crate::scan::load::Stack;
use crate::scan::roles::{permissions, trust};
use crate::scan::states::States;
use crate::settings::{self, NewAccept, Settings, Who};
use std::collections::BTreeMap;

/// The reason in the entries that accept today's drift.
const TODAY: &str = "existed when DriftGuard was set up";

/// Opens the pull request that adds the first settings, or updates its text. A repository without stacks gets none; one
/// whose pull request was closed by a person gets no other.
pub(in crate::jobs) async fn propose(
    context: &RepositoryContext<'_>,
    tree: &Tree,
) -> Result<(), JobError> {
    let Some(found) = find_stacks(context, tree).await? else {
        return Ok(());
    };
    if found.stacks.is_empty() {
        return Ok(());
    }
    let known = known_pull(context).await?;
    let rests = |known: &Proposal| {
        matches!(known.state, ProposalState::Declined | ProposalState::Merged)
            || undecided(known, now()).is_some()
    };
    if known.as_ref().is_some_and(rests) {
        return Ok(());
    }
    let open = known.filter(|known| known.state.is_open());
    let first = first_look(context, tree, open.as_ref()).await?;
    let text = text(context, &found.stacks, &first).await;
    let number = match &open {
        Some(open) => update_text(context, open.number, &text).await?,
        None => open_pull(context, &found.stacks, &text).await?,
    };
    if context.head.private {
        if let Some((title, unscanned)) = found.unscanned() {
            let text = report::failed(title, &unscanned);
            create_check(context, CHECK_OF_STACKS, &text).await?;
        }
        notification_secret::show(context, number).await?;
    }
    let proposal = Proposal {
        repository: context.id,
        branch: ONBOARDING.to_owned(),
        stack: String::new(),
        number,
        state: ProposalState::Open,
        findings: Vec::new(),
        opened_at: open.map_or_else(now, |open| open.opened_at),
        changed_at: now(),
        recreate: false,
        closed_by: String::new(),
    };
    context.tenant.save_proposal(&proposal).await?;
    match &first {
        FirstScan::NotProbed(why) => Err(access::probe_later(why)),
        _ => Ok(()),
    }
}

/// Finds the stacks; `None` where a person has to name them, which a check reports in a private repository.
async fn find_stacks(
    context: &RepositoryContext<'_>,
    tree: &Tree,
) -> Result<Option<FoundStacks>, JobError> {
    let services = context.services;
    let clock = Clock::below(services.limits, context.run, context.run.interrupt());
    let search = RepositoryScan {
        context,
        settings: &Settings::default(),
        tree,
        only: None,
        clock: &clock,
        memory: &services.states.memory(),
        course: &ScanCourse::default(),
        asking: &AskingTime::default(),
    };
    let wrong = match search.find_stacks().await? {
        Ok(found) => return Ok(Some(found)),
        Err(wrong) => wrong,
    };
    if context.head.private {
        let text = report::failed("The stacks could not be told", &wrong.message);
        create_check(context, CHECK, &text).await?;
    } else {
        tracing::info!(error = wrong.message, "somebody has to name the stacks");
    }
    Ok(None)
}

/// Returns the names and folders of stacks.
fn named(stacks: &[Stack]) -> Vec<(StackName, String)> {
    let named = stacks
        .iter()
        .map(|stack| (stack.name.clone(), stack.path.clone()));
    named.collect()
}

/// Writes the text of the pull request.
async fn text(
    context: &RepositoryContext<'_>,
    stacks: &[Stack],
    first: &FirstScan,
) -> PullRequestText {
    let external_id = context.external_id();
    let principal = access::principal(&context.services.aws).await;
    let states = States::of(stacks);
    let json = |value| serde_json::to_string_pretty(&value).unwrap_or_default();
    report::onboarding_page(&Onboarding {
        stacks: &named(stacks),
        role: NeededRole {
            external_id: &external_id,
            trust: &json(trust(&principal, &external_id)),
            permissions: &json(permissions(&states.objects, &Who::default())),
            unknown_states: &states.unknown_names(),
        },
        first,
    })
}

/// Updates the text of the open pull request; returns its number.
async fn update_text(
    context: &RepositoryContext<'_>,
    number: u64,
    text: &PullRequestText,
) -> Result<u64, JobError> {
    let repository = &context.repository;
    if let Some(issue) = repository.issue(number).await? {
        let body = boxes::carry(&issue.body, &text.body);
        repository.update_issue(&issue, &text.title, &body).await?;
    }
    Ok(number)
}

/// Opens the pull request; returns its number.
async fn open_pull(
    context: &RepositoryContext<'_>,
    stacks: &[Stack],
    text: &PullRequestText,
) -> Result<u64, JobError> {
    let pull = SettingsPull {
        branch: ONBOARDING,
        text,
        file: settings::first_file(&named(stacks), None, &context.external_id()),
        labels: &[],
        known: None,
    };
    Ok(settings_pull::propose(context, pull).await?.number())
}

/// Returns the onboarding pull request as it is at GitHub.
async fn known_pull(context: &RepositoryContext<'_>) -> anyhow::Result<Option<Proposal>> {
    record_outcomes(context, "", now()).await?;
    context.tenant.proposal(context.id, ONBOARDING).await
}

/// Scans with the settings of the onboarding branch. They count if a person with write permission made the last commit
/// there: it is the only other branch where a role may be named.
async fn first_look(
    context: &RepositoryContext<'_>,
    tree: &Tree,
    open: Option<&Proposal>,
) -> Result<FirstScan, JobError> {
    if !context.head.private {
        return Ok(FirstScan::Public);
    }
    let Some(open) = open else {
        return scan_with(context, tree, &Settings::default()).await;
    };
    let settings = match file_of_branch(context).await? {
        None => Settings::default(),
        Some(file) => match repository_settings::parse(&file) {
            Ok(settings) => settings,
            Err(wrong) => return Ok(FirstScan::Wrong(wrong)),
        },
    };
    let names_role = settings.aws != settings::Aws::default()
        || settings
            .stacks
            .iter()
            .any(|stack| stack.aws != settings::Aws::default());
    if names_role {
        let person = context.repository.last_person(open.number).await?;
        let person = person.unwrap_or_default();
        if !context.repository.may_write(&person).await? {
            return Ok(FirstScan::NotCounted);
        }
    }
    scan_with(context, tree, &settings).await
}

/// Reads the settings file of the onboarding branch.
async fn file_of_branch(context: &RepositoryContext<'_>) -> Result<Option<Vec<u8>>, JobError> {
    let Some(tip) = context.repository.branch_head(ONBOARDING).await? else {
        return Ok(None);
    };
    Ok(context.repository.file(&tip, settings::FILE).await?)
}

/// Scans with these settings, without publishing anything.
async fn scan_with(
    context: &RepositoryContext<'_>,
    tree: &Tree,
    settings: &Settings,
) -> Result<FirstScan, JobError> {
    let services = context.services;
    let clock = Clock::below(services.limits, context.run, context.run.interrupt());
    let scan = RepositoryScan {
        context,
        settings,
        tree,
        only: None,
        clock: &clock,
        memory: &services.states.memory(),
        course: &ScanCourse::default(),
        asking: &AskingTime::default(),
    };
    let probes = Probes::default();
    let mut found = match workspaces::find_stacks(&scan, &probes).await? {
        Ok(found) => found,
        Err(wrong) => return Ok(FirstScan::Wrong(wrong.message)),
    };
    let stacks = modules::fetch(&scan, &mut found.stacks).await?;
    let scan = RepositoryScan {
        tree: stacks.tree(),
        ..scan
    };
    let complete = found.left_out.is_empty();
    let ambient = access::is_ambient(context).await?;
    let groups = access::groups(found.stacks, settings, &context.external_id(), ambient);
    if let Err(RoleProblem::Unbounded(why)) = access::count_roles(&groups) {
        return Ok(FirstScan::Wrong(why));
    }
    let scope = scan.unmanaged_scope(complete, groups.len());
    let mut reports: Vec<StackReport> = Vec::new();
    for (access, stacks) in groups {
        let Some(access) = access else {
            return Ok(FirstScan::NoRole);
        };
        let scanned = scan.scan_group(access, stacks, scope, &probes);
        match clock.hold(scanned).await {
            Ok(result) => match result? {
                Ok(mut result) => {
                    result.hide_names();
                    reports.extend(result.report.stacks);
                }
                Err(RoleProblem::NotProbed(why)) => return Ok(FirstScan::NotProbed(why)),
                Err(RoleProblem::Open(why) | RoleProblem::Unbounded(why)) => {
                    return Ok(FirstScan::Wrong(why));
                }
            },
            Err(exceeded) => return Ok(FirstScan::Wrong(exceeded.scan_error()?.message)),
        }
    }
    Ok(FirstScan::Scanned(reports))
}

/// Accepts today's drift on the onboarding branch, if that box is ticked.
pub(in crate::jobs) async fn start_quiet(
    context: &RepositoryContext<'_>,
    ticked: &[String],
) -> Result<(), JobError> {
    if !ticked.iter().any(|order| order == report::START_QUIET) {
        return Ok(());
    }
    let tree = context.repository.tree(&context.head.commit).await?;
    let known = known_pull(context).await?;
    let Some(open) = known.filter(|known| known.state.is_open()) else {
        return Ok(());
    };
    let first = first_look(context, &tree, Some(&open)).await?;
    let file = file_of_branch(context).await?;
    if let (FirstScan::Scanned(reports), Some(file)) = (&first, file) {
        accept_today(context, reports, &file).await?;
    }
    propose(context, &tree).await
}

/// Accepts the findings of these reports on the onboarding branch, where its settings can be edited.
async fn accept_today(
    context: &RepositoryContext<'_>,
    reports: &[StackReport],
    file: &[u8],
) -> Result<(), JobError> {
    let scanned = reports
        .iter()
        .filter_map(|report| report.outcome.as_ref().ok());
    let entries: Vec<_> = scanned
        .flat_map(|scanned| &scanned.findings)
        .filter_map(|finding| NewAccept::of(finding, TODAY.to_owned(), None, None))
        // A person has to name those.
        .filter(|entry| !entry.names_credential())
        .collect();
    let text = String::from_utf8_lossy(file);
    match settings::with_accepted(Some(&text), &entries) {
        Ok(text) if !entries.is_empty() => {
            let files = BTreeMap::from([(settings::FILE.to_owned(), text.into_bytes())]);
            let message = "Accept what has drifted by now";
            context
                .repository
                .append(ONBOARDING, message, &files)
                .await?;
        }
        Ok(_) => {}
        Err(refused) => {
            tracing::warn!(error = %refused, "today's drift cannot be accepted");
        }
    }
    Ok(())
}
