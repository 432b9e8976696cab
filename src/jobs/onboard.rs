//! A repository without `.driftguard.yml`: one pull request that brings it, and says what a start would show.

use super::access::{self, RoleProbes, RoleProblem};
use super::bot::{Bot, Visit, judged, weighed};
use super::decline;
use super::notification_secret;
use super::scan::{CHECK, CHECK_OF_STACKS, Scan, leave, look, read};
use crate::model::{StackName, StackReport, Tree};
use crate::queue::job::JobError;
use crate::queue::limit::Clock;
use crate::queue::now;
use crate::queue::pushes::ONBOARDING;
use crate::report::{self, FirstLook, NeededRole, Onboarding};
use crate::resources::Look;
use crate::scan::roles::{external_id, permissions, trust};
use crate::scan::states::States;
use crate::settings::{self, NewAccept, Settings};
use crate::store::{Proposal, ProposalState};
use std::collections::BTreeMap;

/// Why the entries that a start brings are accepted.
const TODAY: &str = "it was so when DriftGuard started";

impl Bot {
    /// The external id of a repository.
    pub(super) fn external_id(&self, visit: &Visit<'_>) -> String {
        external_id(self.key(), visit.head.owner, visit.id.0)
    }

    /// Opens the pull request that brings the first settings, or brings its text to what is known by now. A repository
    /// without stacks has none; where people closed it, it rests.
    pub(super) async fn onboard(&self, visit: &Visit<'_>, tree: &Tree) -> Result<(), JobError> {
        let clock = Clock::below(self.limits, visit.run, visit.run.interrupt());
        let search = Scan {
            visit,
            settings: &Settings::default(),
            tree,
            only: None,
            clock: &clock,
            memory: &self.states.memory(),
        };
        let found = match search.stacks().await? {
            Ok(found) => found,
            Err(wrong) if visit.head.private => {
                let text = report::failed("The stacks could not be told", &wrong.message);
                return leave(visit, CHECK, &text).await;
            }
            Err(wrong) => {
                tracing::info!(error = wrong.message, "somebody has to name the stacks");
                return Ok(());
            }
        };
        let stacks = &found.stacks;
        if stacks.is_empty() {
            return Ok(());
        }
        let known = self.known_onboarding(visit).await.map_err(weighed)?;
        let rests = |one: &Proposal| {
            matches!(one.state, ProposalState::Declined | ProposalState::Merged)
                || decline::undecided(one, now()).is_some()
        };
        if known.as_ref().is_some_and(rests) {
            return Ok(());
        }
        let open = known.filter(|one| one.state.is_open());
        let first = self.first_look(visit, tree, open.as_ref()).await?;
        let named: Vec<_> = stacks
            .iter()
            .map(|stack| (stack.name.clone(), stack.path.clone()))
            .collect();
        let external_id = self.external_id(visit);
        let principal = access::principal(&self.aws).await;
        let states = States::of(stacks);
        let text = |value| serde_json::to_string_pretty(&value).unwrap_or_default();
        let page = report::onboarding_page(&Onboarding {
            stacks: &named,
            role: NeededRole {
                external_id: &external_id,
                trust: &text(trust(&principal, &external_id)),
                permissions: &text(permissions(&states.objects)),
                unknown_states: &states.unknown_names(),
            },
            first: &first,
        });
        let number = match &open {
            Some(open) => {
                let repository = &visit.repository;
                let issue = repository.issue(open.number).await.map_err(judged)?;
                if let Some(issue) = issue {
                    let body = crate::model::boxes::carry(&issue.body, &page.body);
                    let written = repository.write_issue(&issue, &page.title, &body);
                    written.await.map_err(judged)?;
                }
                open.number
            }
            None => self.open_onboarding(visit, &named, &page).await?,
        };
        if visit.head.private {
            if let Some(excess) = found.excess() {
                let text = report::failed("Some stacks are not scanned", &excess);
                leave(visit, CHECK_OF_STACKS, &text).await?;
            }
            notification_secret::show(self.key(), visit, number).await?;
        }
        let proposal = Proposal {
            repository: visit.id,
            branch: ONBOARDING.to_owned(),
            stack: String::new(),
            number,
            state: ProposalState::Open,
            findings: Vec::new(),
            opened_at: open.map_or_else(now, |open| open.opened_at),
            changed_at: now(),
            anew: false,
            closed_by: String::new(),
        };
        visit.tenant.keep_proposal(&proposal).await?;
        match &first {
            FirstLook::NotProbed(why) => Err(access::probe_later(why)),
            _ => Ok(()),
        }
    }

    async fn open_onboarding(
        &self,
        visit: &Visit<'_>,
        stacks: &[(StackName, String)],
        page: &report::PullRequestText,
    ) -> Result<u64, JobError> {
        let file = settings::first_file(stacks, None, &self.external_id(visit));
        let proposing = visit.propose_settings(ONBOARDING, page, file, (&[], None));
        Ok(proposing.await.map_err(judged)?.number())
    }

    /// The onboarding pull request as GitHub has it.
    async fn known_onboarding(&self, visit: &Visit<'_>) -> anyhow::Result<Option<Proposal>> {
        decline::learn(visit, "", now()).await?;
        visit.tenant.proposal(visit.id, ONBOARDING).await
    }

    /// What a scan with the settings of the onboarding branch shows. They count if a person who may write made the last
    /// commit there: the one place beside the default branch where a role may be named.
    async fn first_look(
        &self,
        visit: &Visit<'_>,
        tree: &Tree,
        open: Option<&Proposal>,
    ) -> Result<FirstLook, JobError> {
        if !visit.head.private {
            return Ok(FirstLook::Public);
        }
        let Some(open) = open else {
            return self.look_at(visit, tree, &Settings::default()).await;
        };
        let settings = match self.on_branch(visit).await? {
            None => Settings::default(),
            Some(file) => match read(&file) {
                Ok(settings) => settings,
                Err(wrong) => return Ok(FirstLook::Wrong(wrong)),
            },
        };
        let names_role = settings.aws != settings::Aws::default()
            || settings
                .stacks
                .iter()
                .any(|one| one.aws != settings::Aws::default());
        if names_role {
            let person = visit.repository.last_person(open.number).await;
            let person = person.map_err(judged)?.unwrap_or_default();
            if !visit.repository.may_write(&person).await.map_err(judged)? {
                return Ok(FirstLook::NotCounted);
            }
        }
        self.look_at(visit, tree, &settings).await
    }

    /// The settings' file as it stands on the onboarding branch.
    async fn on_branch(&self, visit: &Visit<'_>) -> Result<Option<Vec<u8>>, JobError> {
        let tip = visit.repository.tip(ONBOARDING).await.map_err(judged)?;
        let Some(tip) = tip else {
            return Ok(None);
        };
        let file = visit.repository.file(&tip, settings::FILE).await;
        file.map_err(judged)
    }

    async fn look_at(
        &self,
        visit: &Visit<'_>,
        tree: &Tree,
        settings: &Settings,
    ) -> Result<FirstLook, JobError> {
        let clock = Clock::below(self.limits, visit.run, visit.run.interrupt());
        let scan = Scan {
            visit,
            settings,
            tree,
            only: None,
            clock: &clock,
            memory: &self.states.memory(),
        };
        let chosen = match scan.stacks().await? {
            Ok(chosen) => chosen,
            Err(wrong) => return Ok(FirstLook::Wrong(wrong.message)),
        };
        let complete = chosen.left_out.is_empty();
        let external_id = self.external_id(visit);
        let mut reports: Vec<StackReport> = Vec::new();
        let ambient = self.is_ambient(visit).await?;
        let groups = access::groups(chosen.stacks, settings, &external_id, ambient);
        if let Err(RoleProblem::Unbounded(why)) = access::count_roles(&groups) {
            return Ok(FirstLook::Wrong(why));
        }
        let mut probes = RoleProbes::new(&self.aws, &clock);
        let look = match groups.len() {
            1 if complete => look(settings),
            // What other stacks claim is not known here.
            _ => Look::Off,
        };
        for (access, stacks) in groups {
            let Some(access) = access else {
                return Ok(FirstLook::NoRole);
            };
            match probes.probe(&access).await? {
                Ok(()) => {}
                Err(RoleProblem::NotProbed(why)) => return Ok(FirstLook::NotProbed(why)),
                Err(RoleProblem::Open(why) | RoleProblem::Unbounded(why)) => {
                    return Ok(FirstLook::Wrong(why));
                }
            }
            let result = self.scan_group(&scan, access, stacks, look);
            match clock.hold(result).await {
                Ok(result) => reports.extend(result?.report.stacks),
                Err(exceeded) => return Ok(FirstLook::Wrong(exceeded.told()?.message)),
            }
        }
        Ok(FirstLook::Scanned(reports))
    }

    /// Accepts what has drifted by now on the onboarding branch, if that is the box that was ticked.
    pub(super) async fn start_quiet(
        &self,
        visit: &Visit<'_>,
        ticked: &[String],
    ) -> Result<(), JobError> {
        if !ticked.iter().any(|order| order == report::START_QUIET) {
            return Ok(());
        }
        let tree = visit.repository.tree(&visit.head.commit).await;
        let tree = tree.map_err(judged)?;
        let known = self.known_onboarding(visit).await.map_err(weighed)?;
        let Some(open) = known.filter(|one| one.state.is_open()) else {
            return Ok(());
        };
        let first = self.first_look(visit, &tree, Some(&open)).await?;
        let file = self.on_branch(visit).await?;
        if let (FirstLook::Scanned(reports), Some(file)) = (&first, file) {
            let findings = reports.iter().filter_map(|one| one.outcome.as_ref().ok());
            let findings = findings.flat_map(|scanned| &scanned.findings);
            let entries: Vec<_> = findings
                .filter_map(|finding| NewAccept::of(finding, TODAY.to_owned(), None, None))
                // A person has to name those.
                .filter(|entry| !entry.names_credential())
                .collect();
            let text = String::from_utf8_lossy(&file);
            match settings::with_accepted(Some(&text), &entries) {
                Ok(text) if !entries.is_empty() => {
                    let files = BTreeMap::from([(settings::FILE.to_owned(), text.into_bytes())]);
                    let message = "Accept what has drifted by now";
                    let added = visit.repository.append(ONBOARDING, message, &files).await;
                    added.map_err(judged)?;
                }
                Ok(_) => {}
                Err(refused) => {
                    tracing::warn!(error = %refused, "today's drift cannot be accepted")
                }
            }
        }
        self.onboard(visit, &tree).await
    }
}
