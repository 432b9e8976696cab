//! What one account is asked at most, by all scans of this process together: a scanner must not eat the quota that
//! autoscaling lives on, and an account does not care how many repositories read it.

use crate::model::AccountId;
use aws_sdk_sts::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_sts::config::retry::RetryPartition;
use aws_sdk_sts::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sts::error::BoxError;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Calls in flight at once, of each budget; and as many of one scan may wait for it, so that scans take turns.
const AT_ONCE: usize = 24;
/// Calls a second, over time. EC2's own buckets refill with 20 a second for each action; IAM and RDS do not say.
const PER_SECOND: u32 = 60;
/// The same for S3, which takes thousands a second for each bucket.
const PER_SECOND_S3: u32 = 300;
/// Calls that may come at once after a pause.
const BURST: u32 = 100;

/// The budgets of every account that this process reads. Cloning is cheap, and clones share them.
#[derive(Debug, Clone)]
pub(super) struct Budgets(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    accounts: Mutex<HashMap<AccountId, Account>>,
    sts: Arc<Budget>,
    processes: Arc<AtomicU32>,
}

/// One account's allowances, each shared by all its regions.
#[derive(Debug, Clone)]
struct Account {
    s3: Arc<Budget>,
    others: Arc<Budget>,
}

impl Default for Budgets {
    fn default() -> Self {
        let processes = Arc::new(AtomicU32::new(1));
        Self(Arc::new(Shared {
            accounts: Mutex::default(),
            sts: Arc::new(Budget::new(PER_SECOND, processes.clone())),
            processes,
        }))
    }
}

impl Budgets {
    /// A scan's turns at an account's budgets.
    ///
    /// An account that nobody reads is dropped once its budgets are full again: a new one would be the same.
    pub(super) fn scan(&self, account: &AccountId) -> ScanBudget {
        let processes = &self.0.processes;
        let mut accounts = self
            .0
            .accounts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        accounts.retain(|_, known| !known.is_idle());
        let account = accounts.entry(account.clone()).or_insert_with(|| Account {
            s3: Arc::new(Budget::new(PER_SECOND_S3, processes.clone())),
            others: Arc::new(Budget::new(PER_SECOND, processes.clone())),
        });
        ScanBudget {
            s3: Turns::new(account.s3.clone()),
            others: Turns::new(account.others.clone()),
        }
    }

    /// A scan's turns at STS. AWS counts AssumeRole for the account that calls, which is this server's own for all scans.
    pub(super) fn sts(&self) -> Turns {
        Turns::new(self.0.sts.clone())
    }

    /// Tells how many processes work now: each takes its share of every budget.
    pub(super) fn share_among(&self, processes: u32) {
        self.0.processes.store(processes.max(1), Ordering::Relaxed);
    }
}

impl Account {
    fn is_idle(&self) -> bool {
        let idle = |budget: &Arc<Budget>| Arc::strong_count(budget) == 1 && budget.is_full();
        idle(&self.s3) && idle(&self.others)
    }
}

/// One scan's turns at the budgets of an account.
#[derive(Debug)]
pub(super) struct ScanBudget {
    /// S3's own, which takes far more.
    pub(super) s3: Turns,
    /// That of all other services.
    pub(super) others: Turns,
}

impl ScanBudget {
    /// Waits until one more call that needs this IAM action is within its budget. The call ends when the turn is dropped.
    pub(super) async fn turn(&self, action: &str) -> Turn<'_> {
        let turns = match action.split(':').next() {
            Some("s3") => &self.s3,
            _ => &self.others,
        };
        turns.take(1).await
    }
}

/// One scan's turns at a budget. Each scan has only so many calls in the budget's queue, which is first come, first
/// served: so one with thousands of calls does not keep another waiting.
#[derive(Debug)]
pub(super) struct Turns {
    budget: Arc<Budget>,
    slots: Semaphore,
}

/// A call within its budget; it ends when this is dropped.
pub(super) struct Turn<'a> {
    _of_scan: Option<SemaphorePermit<'a>>,
    _of_budget: Option<SemaphorePermit<'a>>,
}

impl Turns {
    fn new(budget: Arc<Budget>) -> Self {
        Self {
            budget,
            slots: Semaphore::new(AT_ONCE),
        }
    }

    /// Waits until so many calls, one after the other, are within the budget.
    pub(super) async fn take(&self, calls: u32) -> Turn<'_> {
        let of_scan = self.slots.acquire().await.ok();
        let of_budget = self.budget.slots.acquire().await.ok();
        let wait = self.budget.charge(calls);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Turn {
            _of_scan: of_scan,
            _of_budget: of_budget,
        }
    }

    /// Charges the budget for each retry of a client's calls.
    pub(super) fn retries(&self) -> Retries {
        Retries(self.budget.clone())
    }

    /// How many retries a client may make: the account's own number, so that one that throttles leaves the others theirs.
    pub(super) fn retry_partition(&self) -> RetryPartition {
        self.budget.retry_partition.clone()
    }
}

/// One allowance.
#[derive(Debug)]
struct Budget {
    per_second: u32,
    processes: Arc<AtomicU32>,
    slots: Semaphore,
    retry_partition: RetryPartition,
    /// When the bucket would be full again.
    full_at: Mutex<Instant>,
}

impl Budget {
    fn new(per_second: u32, processes: Arc<AtomicU32>) -> Self {
        Self {
            per_second,
            processes,
            slots: Semaphore::new(AT_ONCE),
            retry_partition: RetryPartition::custom("account").build(),
            full_at: Mutex::new(Instant::now()),
        }
    }

    /// Takes so many calls from the bucket: how long the last of them has to wait.
    fn charge(&self, calls: u32) -> Duration {
        let rate = Rate {
            per_second: self.per_second,
            processes: self.processes.load(Ordering::Relaxed),
        };
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        rate.charge(&mut full_at, Instant::now(), calls)
    }

    fn is_full(&self) -> bool {
        *self.full_at.lock().unwrap_or_else(PoisonError::into_inner) <= Instant::now()
    }
}

/// How fast a bucket fills, and how large it is: this process's share of both.
#[derive(Debug, Clone, Copy)]
struct Rate {
    per_second: u32,
    processes: u32,
}

impl Rate {
    /// How long calls have to wait, given when the bucket would be full again.
    fn charge(self, full_at: &mut Instant, now: Instant, calls: u32) -> Duration {
        let second = Duration::from_secs(1);
        *full_at = (*full_at).max(now) + second * self.processes * calls / self.per_second;
        let owed = full_at.duration_since(now);
        owed.saturating_sub(second * BURST / self.per_second)
    }
}

/// Charges a budget for retries, which the SDK makes by itself: to AWS each is one more call.
#[derive(Debug)]
pub(super) struct Retries(Arc<Budget>);

impl Intercept for Retries {
    fn name(&self) -> &'static str {
        "Retries"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        call: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let attempt = call
            .load::<RequestAttempts>()
            .map(RequestAttempts::attempts);
        if attempt.is_some_and(|attempt| attempt > 1) {
            // It waits by the SDK's own rules; what comes after it waits for it here.
            self.0.charge(1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn account(number: &str) -> AccountId {
        AccountId::new(number).unwrap()
    }

    #[test]
    fn a_burst_passes_at_once_and_what_follows_is_paced() {
        for processes in [1, 3] {
            let now = Instant::now();
            let mut full_at = now;
            let rate = Rate {
                per_second: PER_SECOND,
                processes,
            };
            let mut call = |at| rate.charge(&mut full_at, at, 1);
            for _ in 0..BURST / processes {
                assert_eq!(call(now), Duration::ZERO, "{processes}");
            }
            for _ in 0..PER_SECOND {
                call(now);
            }
            let waits = call(now).as_secs_f64().round();
            assert_eq!(
                waits,
                f64::from(processes),
                "so many seconds for as many calls"
            );
            assert_eq!(call(now + Duration::from_secs(60)), Duration::ZERO);
        }
    }

    #[tokio::test]
    async fn all_scans_of_an_account_share_its_budget_and_another_has_its_own() {
        let budgets = Budgets::default();
        let (one, other) = (account("111111111111"), account("222222222222"));
        let first = budgets.scan(&one);
        assert!(first.turn("iam:ListRoles").now_or_never().is_some());
        first.others.budget.charge(10 * BURST);
        let scan = budgets.clone().scan(&one);
        assert!(scan.turn("ec2:DescribeVpcs").now_or_never().is_none());
        assert!(scan.turn("s3:GetObject").now_or_never().is_some());
        let scan = budgets.scan(&other);
        assert!(scan.turn("ec2:DescribeVpcs").now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_scan_with_few_calls_takes_turns_with_one_that_has_thousands() {
        let budgets = Budgets::default();
        let busy = Arc::new(budgets.scan(&account("111111111111")));
        let ended = Arc::new(AtomicU32::new(0));
        for _ in 0..2_000 {
            let (busy, ended) = (busy.clone(), ended.clone());
            tokio::spawn(async move {
                let turn = busy.turn("ec2:DescribeVpcs").await;
                tokio::task::yield_now().await;
                drop(turn);
                ended.fetch_add(1, Ordering::Relaxed);
            });
        }
        // The burst is used up, and the rest waits.
        while ended.load(Ordering::Relaxed) < BURST {
            tokio::task::yield_now().await;
        }
        let before = ended.load(Ordering::Relaxed);
        let quiet = budgets.scan(&account("111111111111"));
        drop(quiet.turn("iam:ListRoles").await);
        let passed = ended.load(Ordering::Relaxed) - before;
        assert!(passed <= 2 * AT_ONCE as u32, "{passed} calls came first");
    }

    #[tokio::test]
    async fn an_account_is_dropped_once_nobody_reads_it_and_its_budget_is_full() {
        let budgets = Budgets::default();
        let known = || budgets.0.accounts.lock().unwrap().len();
        for number in 100_000_000_000_u64..100_000_000_050 {
            budgets.scan(&account(&number.to_string()));
        }
        budgets.scan(&account("111111111111"));
        assert_eq!(known(), 1, "unused ones are full");
        let scan = budgets.scan(&account("222222222222"));
        scan.others.budget.charge(10 * BURST);
        drop(scan);
        budgets.scan(&account("111111111111"));
        assert_eq!(known(), 2, "a second scan gets no second burst");
    }
}
