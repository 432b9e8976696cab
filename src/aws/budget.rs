//! Limits how many calls all scans of the process make to one account: a scanner must not use up the quota that
//! autoscaling depends on, however many repositories read the account.

use crate::model::{AccountId, Region};
use aws_sdk_sts::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_sts::config::retry::RetryPartition;
use aws_sdk_sts::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sts::error::BoxError;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Calls in flight at once per budget. As many calls of one scan may wait for it, so that scans take turns.
const MAX_CONCURRENT_CALLS: usize = 24;
/// Calls per second, on average. EC2's own buckets refill with 20 per second and action; IAM and RDS document no rate.
const CALLS_PER_SECOND: u32 = 60;
/// The same for S3, which takes thousands per second and bucket.
const S3_CALLS_PER_SECOND: u32 = 300;
/// Calls that may be made at once after a pause.
const BURST: u32 = 100;
/// CloudTrail's lookups: two a second in an account and region, with room for what takes longer on its way.
const TRAIL: Rate = Rate {
    each: Duration::from_millis(550),
    burst: 1,
};

/// The budgets of every account that the process reads. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Budgets(Arc<BudgetMap>);

#[derive(Debug)]
struct BudgetMap {
    accounts: Mutex<HashMap<AccountId, AccountBuckets>>,
    sts: Arc<TokenBucket>,
    processes: Arc<AtomicU32>,
}

/// The token buckets of one account, shared by all its regions but those for CloudTrail.
#[derive(Debug, Clone)]
struct AccountBuckets {
    s3: Arc<TokenBucket>,
    others: Arc<TokenBucket>,
    trails: TrailBuckets,
}

/// The buckets for CloudTrail's lookups, by region.
type TrailBuckets = Arc<Mutex<BTreeMap<Region, Arc<TokenBucket>>>>;

impl Default for Budgets {
    fn default() -> Self {
        let processes = Arc::new(AtomicU32::new(1));
        Self(Arc::new(BudgetMap {
            accounts: Mutex::default(),
            sts: Arc::new(TokenBucket::new(
                Rate::of(CALLS_PER_SECOND),
                processes.clone(),
            )),
            processes,
        }))
    }
}

impl Budgets {
    /// Returns a scan's budget for an account.
    ///
    /// The buckets of an account that nobody reads are dropped once they are full again: new ones would be the same.
    pub(super) fn for_scan(&self, account: &AccountId) -> AccountBudget {
        let processes = &self.0.processes;
        let mut accounts = self
            .0
            .accounts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        accounts.retain(|_, known| !known.is_idle());
        let account = accounts
            .entry(account.clone())
            .or_insert_with(|| AccountBuckets {
                s3: Arc::new(TokenBucket::new(
                    Rate::of(S3_CALLS_PER_SECOND),
                    processes.clone(),
                )),
                others: Arc::new(TokenBucket::new(
                    Rate::of(CALLS_PER_SECOND),
                    processes.clone(),
                )),
                trails: Arc::default(),
            });
        AccountBudget {
            s3: CallQueue::new(account.s3.clone()),
            others: CallQueue::new(account.others.clone()),
            trails: account.trails.clone(),
            processes: processes.clone(),
        }
    }

    /// Returns a scan's queue for STS. AWS counts AssumeRole for the calling account, which is the server's own for all
    /// scans.
    pub(super) fn sts(&self) -> CallQueue {
        CallQueue::new(self.0.sts.clone())
    }

    /// Sets how many processes read AWS: each takes its share of every budget.
    pub(super) fn share_among(&self, processes: u32) {
        self.0.processes.store(processes.max(1), Ordering::Relaxed);
    }
}

impl AccountBuckets {
    fn is_idle(&self) -> bool {
        let idle = |budget: &Arc<TokenBucket>| Arc::strong_count(budget) == 1 && budget.is_full();
        let trails = self.trails.lock().unwrap_or_else(PoisonError::into_inner);
        idle(&self.s3) && idle(&self.others) && trails.values().all(idle)
    }
}

/// One scan's queues for an account.
#[derive(Debug)]
pub(super) struct AccountBudget {
    /// The queue for S3, which allows far more calls.
    pub(super) s3: CallQueue,
    /// The queue for all other services.
    pub(super) others: CallQueue,
    trails: TrailBuckets,
    processes: Arc<AtomicU32>,
}

impl AccountBudget {
    /// Returns a queue for CloudTrail's lookups in a region.
    pub(super) fn trail(&self, region: &Region) -> CallQueue {
        let mut trails = self.trails.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(TokenBucket::new(TRAIL, self.processes.clone()));
        CallQueue::new(trails.entry(region.clone()).or_insert_with(new).clone())
    }

    /// Waits until a call that needs this IAM action is within its budget. The call ends when the permit is dropped.
    pub(super) async fn acquire(&self, action: &str) -> CallPermit<'_> {
        let queue = match action.split(':').next() {
            Some("s3") => &self.s3,
            _ => &self.others,
        };
        queue.acquire(1).await
    }
}

/// One scan's calls that wait for a token bucket. Each scan has a limited number of calls in the bucket's
/// first-come-first-served queue, so that a scan with thousands of calls does not keep another one waiting.
#[derive(Debug)]
pub(super) struct CallQueue {
    budget: Arc<TokenBucket>,
    slots: Semaphore,
}

/// A permit for a call, which ends when the permit is dropped.
pub(super) struct CallPermit<'a> {
    _of_scan: Option<SemaphorePermit<'a>>,
    _of_budget: Option<SemaphorePermit<'a>>,
}

impl CallQueue {
    fn new(budget: Arc<TokenBucket>) -> Self {
        Self {
            budget,
            slots: Semaphore::new(MAX_CONCURRENT_CALLS),
        }
    }

    /// Waits until this many consecutive calls are within the budget.
    pub(super) async fn acquire(&self, calls: u32) -> CallPermit<'_> {
        let of_scan = self.slots.acquire().await.ok();
        let of_budget = self.budget.slots.acquire().await.ok();
        let wait = self.budget.charge(calls);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        CallPermit {
            _of_scan: of_scan,
            _of_budget: of_budget,
        }
    }

    /// Returns the interceptor that charges the budget for a client's retries.
    pub(super) fn retry_interceptor(&self) -> RetryInterceptor {
        RetryInterceptor(self.budget.clone())
    }

    /// Returns the account's own retry partition, so that an account that throttles leaves the others their retries.
    pub(super) fn retry_partition(&self) -> RetryPartition {
        self.budget.retry_partition.clone()
    }
}

/// A token bucket.
#[derive(Debug)]
struct TokenBucket {
    rate: Rate,
    processes: Arc<AtomicU32>,
    slots: Semaphore,
    retry_partition: RetryPartition,
    /// When the bucket would be full again.
    full_at: Mutex<Instant>,
}

impl TokenBucket {
    fn new(rate: Rate, processes: Arc<AtomicU32>) -> Self {
        Self {
            rate,
            processes,
            slots: Semaphore::new(MAX_CONCURRENT_CALLS),
            retry_partition: RetryPartition::custom("account").build(),
            full_at: Mutex::new(Instant::now()),
        }
    }

    /// Takes calls from the bucket, and returns how long the last of them has to wait.
    fn charge(&self, calls: u32) -> Duration {
        let rate = RefillRate {
            rate: self.rate,
            processes: self.processes.load(Ordering::Relaxed),
        };
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        rate.charge(&mut full_at, Instant::now(), calls)
    }

    fn is_full(&self) -> bool {
        *self.full_at.lock().unwrap_or_else(PoisonError::into_inner) <= Instant::now()
    }
}

/// How fast a bucket refills, and how large it is.
#[derive(Debug, Clone, Copy)]
struct Rate {
    /// After which time there is room for one more call.
    each: Duration,
    /// How many calls may be made at once.
    burst: u32,
}

impl Rate {
    fn of(per_second: u32) -> Self {
        Self {
            each: Duration::from_secs(1) / per_second,
            burst: BURST,
        }
    }
}

/// This process's share of a rate.
#[derive(Debug, Clone, Copy)]
struct RefillRate {
    rate: Rate,
    processes: u32,
}

impl RefillRate {
    /// Returns how long calls have to wait, and advances when the bucket is full again.
    fn charge(self, full_at: &mut Instant, now: Instant, calls: u32) -> Duration {
        let Rate { each, burst } = self.rate;
        *full_at = (*full_at).max(now) + each * self.processes * calls;
        let owed = full_at.duration_since(now);
        // However many processes share it, the first call need not wait.
        owed.saturating_sub(each * burst.max(self.processes))
    }
}

/// Charges a budget for the retries that the SDK makes: to AWS each is one more call.
#[derive(Debug)]
pub(super) struct RetryInterceptor(Arc<TokenBucket>);

impl Intercept for RetryInterceptor {
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
            let rate = RefillRate {
                rate: Rate::of(CALLS_PER_SECOND),
                processes,
            };
            let mut call = |at| rate.charge(&mut full_at, at, 1);
            for _ in 0..BURST / processes {
                assert_eq!(call(now), Duration::ZERO, "{processes}");
            }
            for _ in 0..CALLS_PER_SECOND {
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

    #[test]
    fn lookups_in_cloudtrail_are_never_more_than_two_a_second() {
        for processes in [1, 3] {
            let now = Instant::now();
            let (mut full_at, rate) = (now, TRAIL);
            let rate = RefillRate { rate, processes };
            let waits = [0, 1, 2, 3].map(|_| rate.charge(&mut full_at, now, 1).as_millis());
            let each = 550 * u128::from(processes);
            assert_eq!(waits, [0, each, 2 * each, 3 * each]);
        }
    }

    #[tokio::test]
    async fn all_scans_of_an_account_share_its_budget_and_another_has_its_own() {
        let budgets = Budgets::default();
        let (account_a, account_b) = (account("111111111111"), account("222222222222"));
        let first = budgets.for_scan(&account_a);
        assert!(first.acquire("iam:ListRoles").now_or_never().is_some());
        first.others.budget.charge(10 * BURST);
        let scan = budgets.clone().for_scan(&account_a);
        assert!(scan.acquire("ec2:DescribeVpcs").now_or_never().is_none());
        assert!(scan.acquire("s3:GetObject").now_or_never().is_some());
        let scan = budgets.for_scan(&account_b);
        assert!(scan.acquire("ec2:DescribeVpcs").now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_scan_with_few_calls_takes_turns_with_one_that_has_thousands() {
        let budgets = Budgets::default();
        let busy = Arc::new(budgets.for_scan(&account("111111111111")));
        let ended = Arc::new(AtomicU32::new(0));
        for _ in 0..2_000 {
            let (busy, ended) = (busy.clone(), ended.clone());
            tokio::spawn(async move {
                let turn = busy.acquire("ec2:DescribeVpcs").await;
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
        let quiet = budgets.for_scan(&account("111111111111"));
        drop(quiet.acquire("iam:ListRoles").await);
        let passed = ended.load(Ordering::Relaxed) - before;
        assert!(
            passed <= 2 * MAX_CONCURRENT_CALLS as u32,
            "{passed} calls came first"
        );
    }

    #[tokio::test]
    async fn an_account_is_dropped_once_nobody_reads_it_and_its_budget_is_full() {
        let budgets = Budgets::default();
        let known = || budgets.0.accounts.lock().unwrap().len();
        for number in 100_000_000_000_u64..100_000_000_050 {
            budgets.for_scan(&account(&number.to_string()));
        }
        budgets.for_scan(&account("111111111111"));
        assert_eq!(known(), 1, "unused ones are full");
        let scan = budgets.for_scan(&account("222222222222"));
        scan.others.budget.charge(10 * BURST);
        drop(scan);
        budgets.for_scan(&account("111111111111"));
        assert_eq!(known(), 2, "a second scan gets no second burst");
    }
}
