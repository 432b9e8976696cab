//! Jobs that do not run again by themselves: parked because they took processes down, or failed for good.

use super::inbox::Inbox;
use super::job::{Errand, Job, Process, Ticket};
use super::now;
use super::worker::Worker;
use crate::model::masked;
use crate::store::{ScanRecord, StoppedJob, StoppedState};
use anyhow::Context;
use std::time::Duration;

impl<P: Process> Worker<P> {
    /// Parks a job that took processes down while it ran alone. The log says it once, the repository's dashboard and the
    /// metrics until the operator decides.
    pub(super) async fn park(&self, ticket: &Ticket, deaths: u32) -> anyhow::Result<()> {
        let problem = format!("{deaths} processes died while nothing but this job ran in them");
        let job = self.inbox.stop(ticket, StoppedState::Parked, &problem);
        job.deaths(deaths).keep().await?;
        let tenant = self.inbox.store.of(ticket.job.installation());
        tenant.forget_lone_runs(&ticket.key).await?;
        if let Job::Delivery { delivery, .. } = &ticket.job {
            tenant.fail_delivery(delivery, &problem).await?;
        }
        tracing::error!(
            job = ticket.key,
            what = %ticket.job,
            installation = %ticket.job.installation(),
            repository = ticket.job.repository().map(|id| id.0),
            deaths,
            "a job is parked: each process in which it ran alone died; see `driftguard jobs`"
        );
        self.inbox.show_on_dashboard(ticket).await
    }

    /// Keeps a job back that reads code of a repository of which such a job is parked: it would read the same. True where
    /// it is kept back.
    pub(super) async fn hold(&self, ticket: &Ticket) -> anyhow::Result<bool> {
        let Some(repository) = ticket.job.repository() else {
            return Ok(false);
        };
        if !ticket.job.reads_code() {
            return Ok(false);
        }
        let tenant = self.inbox.store.of(ticket.job.installation());
        let parked = tenant.parked_jobs(repository).await?;
        let culprit = parked.into_iter().find(|job| {
            let other = job.id != ticket.key && job.deaths > 0;
            other && read(job).is_ok_and(|ticket| ticket.job.reads_code())
        });
        let Some(culprit) = culprit else {
            return Ok(false);
        };
        let problem = format!("waits for {}, which is parked", culprit.id);
        let job = self.inbox.stop(ticket, StoppedState::Parked, &problem);
        job.keep().await?;
        tracing::warn!(
            job = ticket.key,
            what = %ticket.job,
            waits_for = culprit.id,
            "a job is held back: another of its repository is parked"
        );
        Ok(true)
    }

    /// Gives a job up for good, and keeps it for the operator. The problem may quote what another program said, so it is
    /// masked before it is stored or told.
    pub(super) async fn fail(&self, ticket: &Ticket, problem: &str) -> anyhow::Result<()> {
        let problem = &masked(problem);
        if ticket.suspect {
            self.inbox.release_held(ticket).await?;
        }
        let job = self.inbox.stop(ticket, StoppedState::Failed, problem);
        job.keep().await?;
        self.give_up(ticket, problem).await
    }

    /// Records that a job failed for good, so that it neither vanishes nor waits for ever.
    pub(super) async fn give_up(&self, ticket: &Ticket, problem: &str) -> anyhow::Result<()> {
        match &ticket.job {
            Job::Delivery {
                installation,
                delivery,
            } => {
                self.inbox
                    .store
                    .of(*installation)
                    .fail_delivery(delivery, problem)
                    .await
            }
            Job::Scan {
                installation,
                repository,
                stack,
                ..
            } => {
                let tenant = self.inbox.store.of(*installation);
                let Some(waiting) = tenant.waiting_scan(*repository, stack.as_deref()).await?
                else {
                    return Ok(());
                };
                let failed = ScanRecord {
                    id: ticket.key.clone(),
                    repository: *repository,
                    stack: stack.clone().unwrap_or_default(),
                    commit: waiting.commit.clone().unwrap_or_default(),
                    outcome: serde_json::json!({ "error": problem }),
                    finished_at: now(),
                };
                tenant.record_scan(&failed).await?;
                let answered = tenant.answer_scan(*repository, stack.as_deref(), &waiting);
                answered.await?;
                self.inbox.tell_failure(ticket, problem).await?;
                self.inbox.show_on_dashboard(ticket).await
            }
            // That it could not be told is in the log.
            Job::Errand {
                errand: Errand::GivenUp { .. },
                ..
            } => Ok(()),
            // Nothing of it waits in the store.
            Job::Errand { .. } => self.inbox.tell_failure(ticket, problem).await,
        }
    }
}

/// A job about to be stopped.
struct Stopping<'a> {
    inbox: &'a Inbox,
    ticket: &'a Ticket,
    state: StoppedState,
    problem: &'a str,
    deaths: u32,
}

impl Inbox {
    fn stop<'a>(
        &'a self,
        ticket: &'a Ticket,
        state: StoppedState,
        problem: &'a str,
    ) -> Stopping<'a> {
        Stopping {
            inbox: self,
            ticket,
            state,
            problem,
            deaths: 0,
        }
    }

    /// Has it told where people look that a job was given up. By a job of its own: GitHub may be away just now.
    async fn tell_failure(&self, ticket: &Ticket, problem: &str) -> anyhow::Result<()> {
        let Some(repository) = ticket.job.repository() else {
            return Ok(());
        };
        let job = Job::Errand {
            installation: ticket.job.installation(),
            repository,
            errand: Errand::GivenUp {
                job: Box::new(ticket.job.clone()),
                id: ticket.key.clone(),
                problem: problem.to_owned(),
            },
        };
        let key = format!("{}!{}/given-up", ticket.key, ticket.series);
        let ticket = Ticket::new(job, key);
        self.queue.push(&ticket, Duration::ZERO).await.map(drop)
    }

    /// Brings the repository's dashboard to what is stopped.
    pub(super) async fn show_on_dashboard(&self, ticket: &Ticket) -> anyhow::Result<()> {
        let Some(repository) = ticket.job.repository() else {
            return Ok(());
        };
        let job = Job::Errand {
            installation: ticket.job.installation(),
            repository,
            errand: Errand::Dashboard,
        };
        let key = format!("{}/shown@{}", ticket.key, now());
        self.queue
            .push(&Ticket::new(job, key), Duration::ZERO)
            .await
            .map(drop)
    }
}

impl Stopping<'_> {
    fn deaths(self, deaths: u32) -> Self {
        Self { deaths, ..self }
    }

    async fn keep(self) -> anyhow::Result<()> {
        let installation = self.ticket.job.installation();
        let stopped = StoppedJob {
            id: self.ticket.key.clone(),
            installation,
            repository: self.ticket.job.repository(),
            ticket: serde_json::to_string(self.ticket).context("while writing a job")?,
            state: self.state,
            deaths: self.deaths,
            problem: self.problem.to_owned(),
            stopped_at: now(),
        };
        self.inbox.store.of(installation).stop_job(&stopped).await
    }
}

/// The job that was stopped.
pub(crate) fn read(stopped: &StoppedJob) -> anyhow::Result<Ticket> {
    serde_json::from_str(&stopped.ticket)
        .with_context(|| format!("while reading the stopped job {}", stopped.id))
}
