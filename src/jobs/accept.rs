//! The pull request that adds accepted differences to `.driftguard.yml`.

use super::bot::{Bot, judged, weighed};
use super::decline;
use super::scan::Scan;
use crate::github::Proposing;
use crate::model::{Choice, Decision, Finding};
use crate::queue::job::JobError;
use crate::queue::now;
use crate::queue::pushes::ACCEPT;
use crate::report;
use crate::settings::{self, NewAccept};
use crate::store::{Proposal, ProposalState};

/// What it is closed with where nothing of it is left to accept.
const NOTHING_LEFT: &str = "Nothing of this is left to accept. Closed by DriftGuard.";

impl Bot {
    /// Brings the pull request to what people want to have accepted. What cannot be added by us, in our words.
    pub(super) async fn accept(&self, scan: &Scan<'_>) -> Result<Option<String>, JobError> {
        let visit = scan.visit;
        let learned = decline::learn(visit, "", now()).await;
        learned.map_err(weighed)?;
        let known = visit.tenant.proposal(visit.id, ACCEPT).await?;
        let Some(wanted) = self.ignored(scan).await? else {
            // Something is to be accepted that no scan knows any more: what stands there stays.
            return Ok(None);
        };
        // What is new, or was asked for again since, is proposed all the same.
        let is_known = |known: &&Proposal| {
            let mut wanted = wanted.iter();
            wanted.all(|(one, how)| {
                known.findings.contains(&one.id.0) && how.decided_at <= known.changed_at
            })
        };
        let undecided = known.as_ref().filter(is_known);
        let undecided = undecided.and_then(|known| decline::undecided(known, now()));
        if let Some(undecided) = undecided.filter(|_| !wanted.is_empty()) {
            return Ok(Some(report::undecided(&undecided)));
        }
        let open = known.filter(|known| known.state.is_open());
        if wanted.is_empty() {
            if let Some(open) = open {
                self.withdraw_accept(scan, open).await?;
            }
            return Ok(None);
        }
        let entries = wanted.iter().filter_map(|(one, how)| entry(one, how));
        let entries: Vec<_> = entries.collect();
        let mut committed = None;
        if scan.tree.unverified.contains(settings::FILE) {
            let file = visit.repository.file(&visit.head.commit, settings::FILE);
            committed = file.await.map_err(judged)?;
        }
        let text = match &committed {
            Some(bytes) => std::str::from_utf8(bytes).ok(),
            None => scan.tree.text(settings::FILE),
        };
        let file = match settings::with_accepted(text, &entries) {
            Ok(file) => file,
            Err(refused) => {
                // Nothing rests for a wish that is not written down.
                for (_, decision) in &wanted {
                    let finding = &decision.finding.0;
                    let undecided = visit.tenant.undecide(visit.id, &decision.stack, finding);
                    undecided.await?;
                }
                return Ok(Some(refused.to_string()));
            }
        };
        let pairs: Vec<_> = wanted.iter().map(|(one, how)| (one, how)).collect();
        let page = report::accept(&pairs);
        let labels = &scan.settings.pull_requests.labels;
        let number = open.as_ref().map(|open| open.number);
        let proposing = visit.propose_settings(ACCEPT, &page, file, (labels, number));
        let proposing = match proposing.await {
            Ok(proposing) => proposing,
            // A rule of the repository's, or somebody's commit on the branch, is no reason to have no scan.
            Err(error) if error.is_refusal() => {
                tracing::warn!(error = format!("{error:#}"), "a pull request was refused");
                return Ok(Some(format!("No pull request from `{ACCEPT}`: {error:#}")));
            }
            Err(error) => return Err(judged(error)),
        };
        let number = proposing.number();
        let same = open.filter(|open| open.number == number);
        let proposal = Proposal {
            repository: visit.id,
            branch: ACCEPT.to_owned(),
            stack: String::new(),
            number,
            state: match proposing {
                Proposing::TakenOver(_) => ProposalState::TakenOver,
                _ => ProposalState::Open,
            },
            findings: wanted.iter().map(|(one, _)| one.id.to_string()).collect(),
            opened_at: same.map_or_else(now, |same| same.opened_at),
            changed_at: now(),
            anew: false,
            closed_by: String::new(),
        };
        visit.tenant.keep_proposal(&proposal).await?;
        Ok(None)
    }

    /// Closes the pull request: nothing of it is left.
    async fn withdraw_accept(&self, scan: &Scan<'_>, open: Proposal) -> Result<(), JobError> {
        let visit = scan.visit;
        let closed = visit.repository.withdraw(ACCEPT, NOTHING_LEFT).await;
        if closed.map_err(judged)?.is_some() {
            let closed = Proposal {
                state: ProposalState::Closed,
                changed_at: now(),
                ..open
            };
            visit.tenant.keep_proposal(&closed).await?;
        }
        Ok(())
    }

    /// The findings that are to be accepted, each as the newest scan that has it saw it; none where no scan has one: it
    /// may only not have been seen.
    async fn ignored(&self, scan: &Scan<'_>) -> anyhow::Result<Option<Vec<(Finding, Decision)>>> {
        let (tenant, id) = (&scan.visit.tenant, scan.visit.id);
        let mut wanted = Vec::new();
        for decision in tenant.decisions(id).await? {
            if !matches!(decision.choice, Choice::Ignore { .. }) {
                continue;
            }
            let reports = scan.visit.reports(&decision.stack).await?;
            let found = reports.into_iter().find_map(|(report, _)| {
                let mut findings = report.outcome.ok()?.findings.into_iter();
                findings.find(|finding| finding.id == decision.finding)
            });
            let Some(found) = found else {
                return Ok(None);
            };
            wanted.push((found, decision));
        }
        Ok(Some(wanted))
    }
}

/// The entry of `.driftguard.yml` that accepts a finding.
fn entry(finding: &Finding, decision: &Decision) -> Option<NewAccept> {
    let Choice::Ignore { until, reason } = &decision.choice else {
        return None;
    };
    let owner = format!("@{}", decision.person);
    NewAccept::of(finding, reason.clone(), Some(owner), until.clone())
}
