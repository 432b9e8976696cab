//! Finds what waits, in the repositories that a person sees: by a query for each kind, however many stacks there are.

use super::organisation::Account;
use crate::model::{Choice, Decision, RepositoryId, RepositoryName};
use crate::queue::stopped;
use crate::report::pages::{ScanStop, WaitingList, WaitingOrder};
use crate::store::{FailingStack, Tenant};
use crate::web::sign_in::{Session, VisibleRepositories};
use crate::web::site::Site;
use std::collections::BTreeMap;

/// How many rows of each kind are read first: whoever sees all of them needs no more.
const FIRST_READ: u32 = 100;
/// How many rows of each kind are read at most; those that the person does not see are left out.
const MAX_READ: u32 = 1_000;
/// How many orders are read.
const MAX_ORDERS: u32 = 100;
/// How many rows the page of an organisation lists, and that of a repository.
const MAX_ROWS: usize = 20;
const MAX_OWN_ROWS: usize = 200;

/// Lists what waits in one repository, or in all of an account that the person sees.
pub(super) async fn what_waits(
    site: &Site,
    session: &Session,
    account: &Account,
    only: Option<RepositoryId>,
) -> anyhow::Result<WaitingList> {
    let tenant = site.store.of(account.installation);
    let list = WaitingList::new(
        &site.frame(Some(session)),
        &site.github_pages,
        only.is_none(),
    );
    let mut search = Search {
        tenant: &tenant,
        visible: &account.repositories,
        only,
        list,
        most: match only {
            Some(_) => MAX_OWN_ROWS,
            None => MAX_ROWS,
        },
        // Of a repository that is not listed nothing is shown.
        is_cut: only.is_none() && account.repositories.is_cut,
    };
    let queue = &site.inbox.queue;
    let orders = queue.waiting_orders(account.installation, only, MAX_ORDERS);
    let orders = orders.await?;
    search.note(orders.len(), MAX_ORDERS);
    for order in &orders {
        let Some(name) = search.visible_name(order.repository) else {
            continue;
        };
        let waiting = WaitingOrder {
            stack: order.stack.as_ref(),
            command: &order.command,
            person: &order.person,
            at: order.at,
        };
        search.list.add_order(&waiting, name);
    }
    // The page of the repository tells its own beside the list.
    if only.is_none() {
        search.add_problems().await?;
    }
    search.add_failing().await?;
    search.add_parked().await?;
    search.add_merged().await?;
    search.add_pulls().await?;
    Ok(search.list.end(search.most, search.is_cut))
}

/// What is read, and what of it the person sees.
struct Search<'a> {
    tenant: &'a Tenant<'a>,
    visible: &'a VisibleRepositories,
    only: Option<RepositoryId>,
    list: WaitingList,
    /// How many rows the page lists.
    most: usize,
    is_cut: bool,
}

impl<'a> Search<'a> {
    /// Notes whether there may be more rows than were read.
    fn note(&mut self, read: usize, most: u32) {
        self.is_cut |= is_full(read, most);
    }

    /// Reads rows of a kind, given how many: more only where the person sees too few of the first.
    async fn enough<R, F>(
        &mut self,
        read: impl Fn(u32) -> F,
        repository: impl Fn(&R) -> Option<RepositoryId>,
    ) -> anyhow::Result<Vec<R>>
    where
        F: Future<Output = anyhow::Result<Vec<R>>>,
    {
        let is_visible = |row: &&R| {
            let id = repository(row);
            id.and_then(|id| self.visible_name(id)).is_some()
        };
        let first = read(FIRST_READ).await?;
        let is_enough = !is_full(first.len(), FIRST_READ)
            || first.iter().filter(is_visible).count() > self.most;
        if is_enough {
            self.note(first.len(), FIRST_READ);
            return Ok(first);
        }
        let rows = read(MAX_READ).await?;
        self.note(rows.len(), MAX_READ);
        Ok(rows)
    }

    /// Returns the name of a repository that is listed.
    fn visible_name(&self, id: RepositoryId) -> Option<&'a RepositoryName> {
        let is_asked = self.only.is_none_or(|only| only == id);
        self.visible.name(id).filter(|_| is_asked)
    }

    async fn add_problems(&mut self) -> anyhow::Result<()> {
        for found in self.tenant.repository_problems(None).await? {
            let Some(name) = self.visible_name(found.repository) else {
                continue;
            };
            let stop = ScanStop {
                since: found.since,
                problem: &found.problem,
            };
            self.list.add_repository_problem(stop, name);
        }
        Ok(())
    }

    async fn add_failing(&mut self) -> anyhow::Result<()> {
        let (tenant, only) = (self.tenant, self.only);
        let read = |most| tenant.failing_stacks(only, most);
        let failing = self.enough(read, |stack| Some(stack.repository)).await?;
        // By repository, since the rows are sorted so.
        for stacks in failing.chunk_by(|a, b| a.repository == b.repository) {
            let first = stacks.first().map(|stack| stack.repository);
            let Some(name) = first.and_then(|id| self.visible_name(id)) else {
                continue;
            };
            let stacks: Vec<_> = stacks.iter().map(|it| (&it.stack, stop(it))).collect();
            self.list.add_failing(&stacks, name);
        }
        Ok(())
    }

    async fn add_parked(&mut self) -> anyhow::Result<()> {
        let (tenant, only) = (self.tenant, self.only);
        let read = |most| tenant.jobs_that_wait_parked(only, most);
        let parked = self.enough(read, |job| job.repository).await?;
        for job in &parked {
            let Some(name) = job.repository.and_then(|id| self.visible_name(id)) else {
                continue;
            };
            let work = stopped::read(job).map(|queued| queued.job.to_string());
            let work = work.unwrap_or_else(|_| "job".to_owned());
            self.list
                .add_parked(&work, job.deaths > 0, job.stopped_at, name);
        }
        Ok(())
    }

    async fn add_merged(&mut self) -> anyhow::Result<()> {
        let (tenant, only) = (self.tenant, self.only);
        let read = |most| tenant.applying_decisions(only, most);
        let applying = self
            .enough(read, |(repository, _)| Some(*repository))
            .await?;
        let mut by_pull: BTreeMap<_, Vec<&Decision>> = BTreeMap::new();
        for (repository, decision) in &applying {
            if let Choice::Applying { pull, .. } = decision.choice {
                by_pull
                    .entry((*repository, pull))
                    .or_default()
                    .push(decision);
            }
        }
        for ((repository, pull), decisions) in by_pull {
            if let Some(name) = self.visible_name(repository) {
                self.list.add_merged(pull, &decisions, name);
            }
        }
        Ok(())
    }

    async fn add_pulls(&mut self) -> anyhow::Result<()> {
        let (tenant, only) = (self.tenant, self.only);
        let read = |most| tenant.open_proposals(only, most);
        let open = self
            .enough(read, |proposal| Some(proposal.repository))
            .await?;
        for proposal in &open {
            if let Some(name) = self.visible_name(proposal.repository) {
                self.list.add_pull(proposal, name);
            }
        }
        Ok(())
    }
}

/// Returns whether there may be more rows than were read.
fn is_full(read: usize, most: u32) -> bool {
    u32::try_from(read).is_ok_and(|read| read >= most)
}

fn stop(stack: &FailingStack) -> ScanStop<'_> {
    ScanStop {
        since: stack.since,
        problem: &stack.problem,
    }
}
