//! Proposes to add ignored differences to `accept` in `.driftguard.yml`.

use super::outcome::record_outcomes;
use super::repository_scan::RepositoryScan;
use super::settings_pull::{self, SettingsPull};
use crate::github::ProposeOutcome;
use crate::jobs::context::RepositoryContext;
use crate::model::{Choice, Decision, Finding, Proposal, ProposalState, Undecided};
use crate::pulls::undecided;
use crate::queue::job::JobError;
use crate::queue::now;
use crate::queue::pushes::ACCEPT;
use crate::report;
use crate::settings::{self, CannotAccept, NewAccept};
use std::collections::{BTreeMap, BTreeSet};

/// The comment on a closed pull request whose differences are gone.
const NOTHING_LEFT: &str = "Nothing of this is left to accept. Closed by DriftGuard.";

/// A finding that a person ignored.
type Ignored = (Finding, Decision);

/// Updates the pull request to the ignored findings. Returns why an entry cannot be added, as a sentence.
pub(in crate::jobs) async fn update(scan: &RepositoryScan<'_>) -> Result<Option<String>, JobError> {
    let context = scan.context;
    // Asked again: the scan took its time, and somebody may have closed it meanwhile.
    record_outcomes(context, "", now()).await?;
    let known = context.tenant.proposal(context.id, ACCEPT).await?;
    let Some(ignored) = ignored(context).await? else {
        // Something is to be accepted that no scan knows any more: what stands there stays.
        return Ok(None);
    };
    if let Some(rest) = known.as_ref().and_then(|known| rest_of(known, &ignored)) {
        return Ok(Some(report::undecided(&rest)));
    }
    let open = known.filter(|known| known.state.is_open());
    if ignored.is_empty() {
        if let Some(open) = open {
            withdraw(context, open).await?;
        }
        return Ok(None);
    }
    match new_settings(scan, &ignored).await? {
        Ok(file) => propose(scan, file, &ignored, open).await,
        Err(refused) => {
            // Nothing rests for a wish that is not written down.
            for (_, decision) in &ignored {
                let (stack, finding) = (&decision.stack, &decision.finding.0);
                context
                    .tenant
                    .delete_decision(context.id, stack, finding)
                    .await?;
            }
            Ok(Some(refused.to_string()))
        }
    }
}

/// Returns until when the differences rest, because a bot or somebody without write permission closed their pull
/// request. A new difference, or a new command, ends the rest.
fn rest_of(known: &Proposal, ignored: &[Ignored]) -> Option<Undecided> {
    let is_known = |(finding, decision): &Ignored| {
        known.findings.contains(&finding.id.0) && decision.decided_at <= known.changed_at
    };
    let rests = !ignored.is_empty() && ignored.iter().all(is_known);
    undecided(known, now()).filter(|_| rests)
}

/// Returns the settings with the accepted differences.
async fn new_settings(
    scan: &RepositoryScan<'_>,
    ignored: &[Ignored],
) -> Result<Result<String, CannotAccept>, JobError> {
    let context = scan.context;
    let entries = ignored.iter().filter_map(entry);
    let entries: Vec<_> = entries.collect();
    let mut committed = None;
    if scan.tree.unverified.contains(settings::FILE) {
        let file = context
            .repository
            .file(&context.head.commit, settings::FILE);
        committed = file.await?;
    }
    let text = match &committed {
        Some(bytes) => std::str::from_utf8(bytes).ok(),
        None => scan.tree.text(settings::FILE),
    };
    Ok(settings::with_accepted(text, &entries))
}

/// Opens or updates the pull request. Returns why GitHub refused it, if it did.
async fn propose(
    scan: &RepositoryScan<'_>,
    file: String,
    ignored: &[Ignored],
    open: Option<Proposal>,
) -> Result<Option<String>, JobError> {
    let context = scan.context;
    let pairs: Vec<_> = ignored
        .iter()
        .map(|(finding, decision)| (finding, decision))
        .collect();
    let pull = SettingsPull {
        branch: ACCEPT,
        text: &report::accept(&pairs),
        file,
        labels: &scan.settings.pull_requests.labels,
        known: open.as_ref().map(|open| open.number),
    };
    let proposing = match settings_pull::propose(context, pull).await {
        Ok(proposing) => proposing,
        // A rule of the repository's, or somebody's commit on the branch, is no reason to have no scan.
        Err(error) if error.is_refusal() => {
            tracing::warn!(error = format!("{error:#}"), "a pull request was refused");
            return Ok(Some(format!("No pull request from `{ACCEPT}`: {error:#}")));
        }
        Err(error) => return Err(error.into()),
    };
    let number = proposing.number();
    let same = open.filter(|open| open.number == number);
    let proposal = Proposal {
        repository: context.id,
        branch: ACCEPT.to_owned(),
        stack: String::new(),
        number,
        state: match proposing {
            ProposeOutcome::TakenOver(_) => ProposalState::TakenOver,
            _ => ProposalState::Open,
        },
        findings: ignored
            .iter()
            .map(|(finding, _)| finding.id.to_string())
            .collect(),
        opened_at: same.map_or_else(now, |same| same.opened_at),
        changed_at: now(),
        recreate: false,
        closed_by: String::new(),
    };
    context.tenant.save_proposal(&proposal).await?;
    Ok(None)
}

/// Closes the pull request, whose differences are gone.
async fn withdraw(context: &RepositoryContext<'_>, open: Proposal) -> Result<(), JobError> {
    let closed = context.repository.withdraw(ACCEPT, NOTHING_LEFT).await?;
    if closed.is_some() {
        let closed = Proposal {
            state: ProposalState::Closed,
            changed_at: now(),
            ..open
        };
        context.tenant.save_proposal(&closed).await?;
    }
    Ok(())
}

/// Returns the findings to accept, each as the newest scan with it reported it; `None` where no scan has one of
/// them: it may only not have been checked.
async fn ignored(context: &RepositoryContext<'_>) -> anyhow::Result<Option<Vec<Ignored>>> {
    let mut decisions = context.tenant.decisions(context.id).await?;
    decisions.retain(|decision| matches!(decision.choice, Choice::Ignore { .. }));
    let mut found: Vec<Option<Finding>> = vec![None; decisions.len()];
    let stacks: BTreeSet<_> = decisions.iter().map(|decision| &decision.stack).collect();
    for stack in stacks {
        let of_stack = decisions.iter().zip(&mut found);
        let mut sought: Vec<_> = of_stack
            .filter(|(decision, _)| decision.stack == *stack)
            .collect();
        let mut reports = context.reports(stack);
        while !sought.is_empty()
            && let Some((report, _)) = reports.next().await?
        {
            let findings = report.outcome.iter().flat_map(|scanned| &scanned.findings);
            let findings: BTreeMap<_, _> = findings.map(|found| (&found.id, found)).collect();
            sought.retain_mut(|(decision, found)| {
                **found = findings.get(&decision.finding).copied().cloned();
                found.is_none()
            });
        }
    }
    let ignored = found.into_iter().zip(decisions);
    Ok(ignored
        .map(|(found, decision)| Some((found?, decision)))
        .collect())
}

/// Returns the entry of `.driftguard.yml` that accepts a finding.
fn entry((finding, decision): &Ignored) -> Option<NewAccept> {
    let Choice::Ignore { until, reason } = &decision.choice else {
        return None;
    };
    // A key of the API is no account at GitHub.
    let is_login = !decision.person.contains(' ');
    let owner = match is_login {
        true => format!("@{}", decision.person),
        false => decision.person.clone(),
    };
    NewAccept::of(finding, reason.clone(), Some(owner), until.clone())
}
