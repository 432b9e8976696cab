//! The path itself: files, settings, stacks, state, live, diff, score, price, patch, report, record, propose.

use super::access::{self, RoleProbes, RoleProblem};
use super::bot::{Bot, Visit, judged, weighed};
use super::carry_over;
use super::conceal;
use super::notification_secret;
use super::plan;
use super::propose::Proposer;
use super::share::in_share;
use crate::aws::Access;
use crate::code;
use crate::github::{CheckRun, Conclusion, GithubError};
use crate::memory::ScanMemory;
use crate::model::{ScanError, StackName, StackReport, Tree};
use crate::queue::RunContext;
use crate::queue::job::{JobError, ScanOrder};
use crate::queue::limit::Clock;
use crate::queue::now;
use crate::report::{self, CheckText};
use crate::resources::Look;
use crate::scan::find::{FoundStacks, MOST_STACKS, Search};
use crate::scan::load::{self, Stack};
use crate::scan::report_limit::limited;
use crate::scan::scan_stacks::{ScanInput, ScanResult, scan_stacks};
use crate::score::Benchmark;
use crate::settings::{self, Settings};
use crate::store::ScanRecord;
use anyhow::{Context, anyhow};
use std::time::Duration;
use tracing::{Instrument, info, info_span};

/// The check of a repository that could not be scanned at all.
pub(super) const CHECK: &str = "DriftGuard";

/// When a scan comes back that found the memory taken by others.
const BUSY_PAUSE: Duration = Duration::from_secs(30);

/// The check of a repository with too many stacks.
pub(super) const CHECK_OF_STACKS: &str = "DriftGuard: stacks";

/// How many scans of a stack are kept.
const KEPT: u32 = 50;

/// One scan: the repository as it stands, and what was asked for.
pub(super) struct Scan<'a> {
    pub visit: &'a Visit<'a>,
    pub settings: &'a Settings,
    pub tree: &'a Tree,
    /// The one stack that was asked for; none for all.
    pub only: Option<&'a StackName>,
    /// The time that it may take.
    pub clock: &'a Clock,
    /// What it holds in memory.
    pub memory: &'a ScanMemory,
}

impl Scan<'_> {
    /// The stacks of the repository, or why they cannot be told.
    pub(super) async fn stacks(&self) -> Result<Result<FoundStacks, ScanError>, JobError> {
        let code = code::Options {
            interrupt: self.clock.interrupt().clone(),
            shared: code::Shared::within(self.memory),
            ..code::Options::default()
        };
        let search = Search {
            tree: self.tree,
            settings: self.settings,
            within: "",
            most: MOST_STACKS,
            code: &code,
        };
        let found = self.clock.hold(async { search.stacks() }).await;
        if code.shared.is_starved() {
            return Err(busy());
        }
        match found {
            Ok(found) => Ok(found),
            Err(exceeded) => exceeded.told().map(Err),
        }
    }

    fn asks(&self, stack: &Stack) -> bool {
        self.only.is_none_or(|only| *only == stack.name)
    }
}

/// What a scan came to.
#[derive(Default)]
pub(super) struct Scanned {
    /// What was made of each stack.
    pub made: Vec<Made>,
    /// What people wanted and could not be done, as sentences.
    pub problems: Vec<String>,
}

/// What was made of one stack.
pub(super) struct Made {
    pub report: StackReport,
    /// Its open pull requests.
    pub pulls: Vec<u64>,
}

impl Bot {
    /// Makes a scan, and tells GitHub.
    pub(super) async fn make(
        &self,
        order: &ScanOrder,
        run: &RunContext,
    ) -> Result<Scanned, JobError> {
        let visit = self
            .visit(order.installation, order.repository, run)
            .await?;
        let Some(visit) = visit else {
            return Ok(Scanned::default());
        };
        let clock = Clock::below(self.limits, run, run.interrupt());
        let tree = match clock.hold(visit.repository.tree(&visit.head.commit)).await {
            Ok(Err(GithubError::TooLarge(limit))) => {
                let text = report::failed("The repository is too large", &limit);
                let left = leave(&visit, CHECK, &text).await;
                return left.map(|()| Scanned::default());
            }
            Ok(tree) => tree.map_err(judged)?,
            Err(exceeded) => {
                let text = report::failed("The code cannot be read", &exceeded.told()?.message);
                let left = leave(&visit, CHECK, &text).await;
                return left.map(|()| Scanned::default());
            }
        };
        let settings = match settings(&tree) {
            Ok(Some(settings)) => settings,
            Ok(None) => {
                let onboarded = Box::pin(self.onboard(&visit, &tree)).await;
                return onboarded.map(|()| Scanned::default());
            }
            Err(wrong) => {
                let text = report::failed("The settings cannot be read", &wrong);
                let left = leave(&visit, CHECK, &text).await;
                return left.map(|()| Scanned::default());
            }
        };
        if !visit.head.private && !settings.pull_requests.public {
            info!("a public repository: nothing is published, so nothing is scanned");
            conceal::make_up(self, &visit).await?;
            return Ok(Scanned::default());
        }
        notification_secret::withdraw_from_public(&visit).await?;
        let scan = Scan {
            visit: &visit,
            settings: &settings,
            tree: &tree,
            only: order.stack.as_ref(),
            clock: &clock,
            memory: &self.states.memory(),
        };
        let made = match scan.stacks().await? {
            Ok(chosen) => {
                if let Some(excess) = chosen.excess() {
                    let text = report::failed("Some stacks are not scanned", &excess);
                    leave(&visit, CHECK_OF_STACKS, &text).await?;
                }
                self.keep_stacks(&scan, &chosen).await?;
                Box::pin(self.stacks_by_access(&scan, chosen)).await?
            }
            Err(wrong) => {
                let ScanError { message, .. } = wrong;
                let text = report::failed("The stacks could not be told", &message);
                leave(&visit, CHECK, &text).await?;
                Vec::new()
            }
        };
        let problems = self.accept(&scan).await?.into_iter().collect();
        self.show(&visit, &settings).await?;
        Ok(Scanned { made, problems })
    }

    /// Scans the stacks that are read with the same roles together.
    async fn stacks_by_access(
        &self,
        scan: &Scan<'_>,
        chosen: FoundStacks,
    ) -> Result<Vec<Made>, JobError> {
        let complete = chosen.left_out.is_empty();
        let stacks = chosen.stacks;
        let external_id = self.external_id(scan.visit);
        let ambient = self.is_ambient(scan.visit).await?;
        let groups = access::groups(stacks, scan.settings, &external_id, ambient);
        if let Err(problem) = access::count_roles(&groups) {
            leave(scan.visit, CHECK, &problem.text()).await?;
            return Ok(Vec::new());
        }
        let several = groups.len() > 1;
        let mut probes = RoleProbes::new(&self.aws, scan.clock);
        let mut made = Vec::new();
        let mut not_probed = None;
        for (access, stacks) in groups {
            if !stacks.iter().any(|stack| scan.asks(stack)) {
                continue;
            }
            let Some(access) = access else {
                let text = access::onboarding(&self.aws, &external_id, &stacks).await;
                leave(scan.visit, CHECK, &text).await?;
                continue;
            };
            if let Err(problem) = probes.probe(&access).await? {
                leave(scan.visit, CHECK, &problem.text()).await?;
                if let RoleProblem::NotProbed(why) = problem {
                    not_probed.get_or_insert(why);
                }
                continue;
            }
            // What other stacks claim is not known here: then nothing is called unmanaged.
            let look = if several || !complete {
                Look::Off
            } else {
                look(scan.settings)
            };
            for stack in self.planned(scan, access, stacks, look).await? {
                let span = info_span!("stack", name = %stack.name);
                made.push(Box::pin(self.publish(scan, stack)).instrument(span).await?);
            }
        }
        match not_probed {
            None => Ok(made),
            Some(why) => Err(access::probe_later(&why)),
        }
    }

    /// What a scan says of the stacks that it was asked about, with a plan for each finding. Where it takes too long,
    /// each of them says that it was not checked.
    async fn planned(
        &self,
        scan: &Scan<'_>,
        access: Access,
        stacks: Vec<Stack>,
        look: Look,
    ) -> Result<Vec<StackReport>, JobError> {
        let asked = stacks.iter().filter(|stack| scan.asks(stack));
        let asked: Vec<_> = asked
            .map(|stack| (stack.name.clone(), stack.path.clone()))
            .collect();
        let planned = async {
            let mut result = self.scan_group(scan, access, stacks, look).await?;
            // Before the plan, which adds to it, and after.
            result.report.stacks = limited(result.report.stacks);
            for stack in &result.report.stacks {
                carry_over::carry_over(scan.visit, stack).await?;
            }
            let decisions = scan.visit.tenant.decisions(scan.visit.id).await?;
            let limits = scan.clock.limits().of_planning();
            let planning = Clock::below(limits, scan.visit.run, scan.clock.interrupt());
            let decided = (decisions.as_slice(), now());
            plan::plan(&mut result, scan.tree, decided, planning.interrupt());
            // A fix may have been refused for want of memory alone.
            if result.is_busy() {
                return Err(busy());
            }
            Ok(limited(result.report.stacks))
        };
        match scan.clock.hold(planned).await {
            Ok(planned) => planned,
            Err(exceeded) => {
                let error = exceeded.told()?;
                let unchecked = |(name, path)| StackReport {
                    name,
                    path,
                    backend: None,
                    outcome: Err(error.clone()),
                };
                Ok(asked.into_iter().map(unchecked).collect())
            }
        }
    }

    /// Reads and compares stacks with these roles.
    pub(super) async fn scan_group(
        &self,
        scan: &Scan<'_>,
        access: Access,
        stacks: Vec<Stack>,
        look: Look,
    ) -> Result<ScanResult, JobError> {
        let aws = self.aws.with_access(access);
        let fatal = |error| JobError::Fatal(anyhow::Error::new(error));
        let redactor = self.redactor(scan.visit.installation);
        let input = ScanInput {
            tree: scan.tree,
            settings: scan.settings,
            benchmark: Benchmark::parse(&scan.settings.benchmark).map_err(fatal)?,
            region: aws
                .default_region()
                .context("AWS's configuration names a region that is none")?,
            aws: &aws,
            look,
            redactor: &redactor,
            states: &self.states,
            memory: scan.memory,
            today: report::day(now()),
            only: scan.only,
            interrupt: scan.clock.interrupt(),
        };
        let scanning = Box::pin(scan_stacks(&input, stacks, &|_| {}));
        let result = in_share(&self.store, &self.aws, scanning).await;
        match result.is_busy() {
            true => Err(busy()),
            false => Ok(result),
        }
    }

    /// Records what a scan says of a stack, and tells GitHub.
    async fn publish(&self, scan: &Scan<'_>, stack: StackReport) -> Result<Made, JobError> {
        let visit = scan.visit;
        let proposer = Proposer {
            visit,
            settings: &scan.settings.pull_requests,
            tree: scan.tree,
            now: now(),
        };
        let proposed = proposer.propose(&stack).await.map_err(weighed)?;
        let name = format!("{CHECK} / {}", stack.name);
        let text = report::check(&stack, &proposed.pulls, proposed.held, &proposed.refused);
        leave(visit, &name, &text).await?;
        self.upload(scan, &stack).await?;
        self.announce(scan, &stack).await?;
        let finished_at = now();
        let record = ScanRecord {
            id: format!(
                "{}/{}/{}@{finished_at}",
                visit.id, stack.name, visit.head.commit
            ),
            repository: visit.id,
            stack: stack.name.to_string(),
            commit: visit.head.commit.clone(),
            outcome: serde_json::to_value(&stack).context("while writing a scan's outcome")?,
            finished_at,
        };
        visit.tenant.record_scan(&record).await?;
        visit
            .tenant
            .forget_scans_of(visit.id, stack.name.as_str(), KEPT)
            .await?;
        let findings = stack.outcome.as_ref().map_or(0, |one| one.findings.len());
        let pulls = proposed.pulls;
        info!(findings, ?pulls, "scanned");
        Ok(Made {
            report: stack,
            pulls,
        })
    }
}

/// The same scan, once others may have given memory back.
fn busy() -> JobError {
    JobError::Later(anyhow!("other scans hold the memory"), BUSY_PAUSE)
}

/// The settings of a tree; none where it has no such file.
pub(super) fn settings(tree: &Tree) -> Result<Option<Settings>, String> {
    match tree.files.get(settings::FILE) {
        Some(bytes) => read(bytes).map(Some),
        None if tree.links.contains_key(settings::FILE) => Err(format!(
            "{} is a symbolic link, which is not followed: make it a file",
            settings::FILE
        )),
        None => Ok(None),
    }
}

/// Reads a file of settings, with what only other stages know to be wrong.
pub(super) fn read(bytes: &[u8]) -> Result<Settings, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| format!("{} is not UTF-8: save it as such", settings::FILE))?;
    let read = Settings::parse(text).map_err(|error| error.to_string())?;
    Benchmark::parse(&read.benchmark).map_err(|error| format!("{}: {error}", settings::FILE))?;
    Ok(read)
}

pub(super) fn look(settings: &Settings) -> Look {
    settings.unmanaged.map_or(Look::Children, load::look)
}

/// Leaves a check run on the scanned commit.
pub(super) async fn leave(visit: &Visit<'_>, name: &str, text: &CheckText) -> Result<(), JobError> {
    let annotations: Vec<_> = text.remarks.iter().map(super::review::annotation).collect();
    let check = CheckRun {
        name,
        commit: &visit.head.commit,
        conclusion: if text.good {
            Conclusion::Success
        } else {
            Conclusion::Neutral
        },
        title: &text.title,
        summary: &text.summary,
        text: &text.text,
        annotations: &annotations,
    };
    visit.leave_check(&check).await
}
