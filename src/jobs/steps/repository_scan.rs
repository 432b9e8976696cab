//! Finds and scans the stacks of a repository: for the scan itself, and for the preview of an onboarding.

use super::access::{self, RoleProblem};
use super::actors::{ActorNaming, AskingTime};
use super::providers;
use super::share::in_share;
use crate::aws::{Access, Probes};
use crate::code;
use crate::jobs::context::RepositoryContext;
use crate::memory::ScanMemory;
use crate::model::{ScanCourse, ScanError, StackName, Tree};
use crate::queue::job::JobError;
use crate::queue::limit::Clock;
use crate::queue::now;
use crate::report;
use crate::resources::UnmanagedScope;
use crate::scan::find::{FoundStacks, MAX_STACKS, Search};
use crate::scan::load::{self, Stack};
use crate::scan::scan_result::ScanResult;
use crate::scan::scan_stacks::{ScanInput, scan_stacks};
use crate::score::Benchmark;
use crate::settings::Settings;
use anyhow::{Context, anyhow};
use std::time::Duration;

/// The pause of a scan that found the memory in use.
const BUSY_PAUSE: Duration = Duration::from_secs(30);

/// One scan: the repository at a commit, and what was requested.
#[derive(Clone, Copy)]
pub(in crate::jobs) struct RepositoryScan<'a> {
    pub context: &'a RepositoryContext<'a>,
    pub settings: &'a Settings,
    pub tree: &'a Tree,
    /// The one requested stack; `None` for all.
    pub only: Option<&'a StackName>,
    /// The time limits.
    pub clock: &'a Clock,
    /// The memory that the scan may use.
    pub memory: &'a ScanMemory,
    /// How it goes.
    pub course: &'a ScanCourse,
    /// The time that is left to ask who made the changes.
    pub asking: &'a AskingTime,
}

impl RepositoryScan<'_> {
    /// Finds the stacks of the repository, or why that failed.
    pub(in crate::jobs) async fn find_stacks(
        &self,
    ) -> Result<Result<FoundStacks, ScanError>, JobError> {
        let code = code::Options {
            interrupt: self.clock.interrupt().clone(),
            shared: code::Shared::within(self.memory),
            ..code::Options::default()
        };
        let search = Search {
            tree: self.tree,
            settings: self.settings,
            within: "",
            most: MAX_STACKS,
            code: &code,
        };
        let found = self.clock.hold(async { search.stacks() }).await;
        if code.shared.is_starved() {
            return Err(busy());
        }
        match found {
            Ok(found) => Ok(found),
            Err(exceeded) => exceeded.scan_error().map(Err),
        }
    }

    /// Returns whether a stack was requested.
    pub(in crate::jobs) fn includes(&self, stack: &Stack) -> bool {
        stack.is_asked_for(self.only)
    }

    /// Returns how far to look for unmanaged resources: as the settings say, but not at all where stacks are left out
    /// or read with other roles. What those manage is unknown, so nothing can be called unmanaged.
    pub(in crate::jobs) fn unmanaged_scope(
        &self,
        is_complete: bool,
        groups: usize,
    ) -> UnmanagedScope {
        if !is_complete || groups > 1 {
            return UnmanagedScope::Off;
        }
        load::repository_scope(self.settings)
    }

    /// Names who made the changes of the findings, within the time that is left for it.
    pub(in crate::jobs) async fn name_actors(&self, result: &mut ScanResult) -> anyhow::Result<()> {
        let naming = ActorNaming {
            who: &self.settings.who,
            tenant: &self.context.tenant,
            repository: self.context.id,
            clock: self.clock,
            time: self.asking,
        };
        naming.name_actors(result).await
    }

    /// Scans the stacks that are read with these roles, or returns why a role that they need must not be used.
    pub(in crate::jobs) async fn scan_group(
        &self,
        access: Access,
        stacks: Vec<Stack>,
        unmanaged_scope: UnmanagedScope,
        probes: &Probes,
    ) -> Result<Result<ScanResult, RoleProblem>, JobError> {
        let services = self.context.services;
        let aws = services.aws.with_access(access.clone(), probes);
        let fatal = |error| JobError::Fatal(anyhow::Error::new(error));
        let redactor = services.redactor(self.context.installation);
        let input = ScanInput {
            tree: self.tree,
            settings: self.settings,
            benchmark: Benchmark::parse(&self.settings.benchmark).map_err(fatal)?,
            region: aws
                .default_region()
                .context("AWS's configuration names a region that is none")?,
            aws: &aws,
            http: &access::http(self.context).await?,
            unmanaged_scope,
            redactor: &redactor,
            states: &services.states,
            memory: self.memory,
            today: report::day(now()),
            only: self.only,
            interrupt: self.clock.interrupt(),
            events: self.context.event_key().await?,
            providers: providers::access(self.context).await?,
        };
        let scanning = Box::pin(scan_stacks(&input, stacks, &|_| {}));
        let result = in_share(&services.store, &services.aws, scanning).await;
        if result.is_busy() {
            return Err(busy());
        }
        Ok(access::verdict(probes, &access).map(|()| result))
    }
}

/// Puts the scan back until others may have released memory.
pub(in crate::jobs) fn busy() -> JobError {
    JobError::Later(anyhow!("other scans hold the memory"), BUSY_PAUSE)
}
