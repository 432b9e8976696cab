//! Reads resources through a provider: as many at once as it takes, each with a deadline, absences a second time.

mod resource;

use super::process::Launch;
use super::provider::{Limits, OpenError, Provider};
use super::reason;
use super::schema_memory::SchemaMemory;
use super::target::Target;
use crate::model::{
    Attributes, DeclaredResource, PlannedChanges, Reading, Reason, Redactor, Resource, Schema,
    TypeRules, UnsealedState,
};
use futures::stream::{FuturesUnordered, StreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// How many resources are read at once.
const READS: usize = 8;
/// How many reads may take long at once, besides.
const SLOW_READS: usize = 16;
/// From when on a read counts as a slow one.
const SLOW: Duration = Duration::from_secs(10);
/// How long all reads of a scan may take together.
pub const TOTAL: Duration = Duration::from_secs(480);
/// How long the log of a call may take to arrive after its answer.
const LOG_DELAY: Duration = Duration::from_millis(100);

/// The rules of types that no native reader knows.
static NO_RULES: TypeRules = TypeRules::NONE;

/// A resource to read.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The resource, as recorded, with secrets replaced.
    pub resource: &'a Resource,
    /// The recorded state as it is; `None` of what no state has yet: then the resource tells what is known of it.
    pub state: Option<&'a UnsealedState>,
    /// The evaluated code.
    pub declared: Option<&'a DeclaredResource>,
    /// The evaluated code before the edits that are to be proven.
    pub before: Option<&'a DeclaredResource>,
    /// Whether its account and region are known: else it cannot be called missing.
    pub is_located: bool,
    /// What a native reader read: then the provider is asked for the plan alone, which starts from it.
    pub native: Option<&'a Attributes>,
}

/// What the provider found.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderReading {
    /// The reading, with secrets replaced.
    pub reading: Reading,
    /// What a plan would change, where the resource was found.
    pub planned: Option<PlannedChanges>,
}

impl ProviderReading {
    /// Returns a reading of a resource that was not read.
    pub fn unknown(reason: Reason) -> Self {
        Self {
            reading: Reading::Unknown(reason),
            planned: None,
        }
    }
}

/// The readings of a provider, and the schemas by which they are compared.
#[derive(Debug, Default)]
pub struct ProviderReadings {
    /// A reading for each request, in their order.
    pub readings: Vec<ProviderReading>,
    /// The schemas of the types that were read.
    pub schemas: BTreeMap<String, Schema>,
}

/// When all reads of a scan must have ended.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// Begins the time of a scan's reads.
    pub fn start() -> Self {
        Self::after(TOTAL)
    }

    /// Begins a time of this length.
    pub fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// Waits for something until then.
    pub async fn hold<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.0, work).await.ok()
    }
}

/// A provider that is started when it is needed, and ended with this.
pub struct Reader<'a> {
    /// How it is started.
    pub launch: Launch,
    /// Where it reads.
    pub target: Target,
    /// Replaces secrets.
    pub redactor: &'a Redactor,
    /// The schemas that are known.
    pub schemas: Arc<SchemaMemory>,
    /// When all reads must have ended.
    pub deadline: Deadline,
    /// How long each call may take.
    pub limits: Limits,
}

/// The result of one read.
#[expect(
    clippy::large_enum_variant,
    reason = "almost every outcome is the large one"
)]
enum Outcome {
    /// It is known, or will stay unknown.
    Done(ProviderReading),
    /// The provider calls it missing, which is not certain yet.
    Missing,
    /// The provider ended while it was read.
    Crashed,
    /// The provider had ended before.
    NotStarted,
}

impl Reader<'_> {
    /// Reads these resources.
    pub async fn read(&self, requests: &[Request<'_>]) -> ProviderReadings {
        let types: BTreeSet<_> = requests
            .iter()
            .map(|request| request.resource.tf_type())
            .collect();
        let opened = timeout_at(self.deadline.0, self.open(&types, false)).await;
        let provider = match opened {
            Ok(Ok(provider)) => provider,
            Ok(Err(error)) => {
                return self.all_unknown(requests, &open_reason(&error, self.redactor));
            }
            Err(_) => return self.all_unknown(requests, &out_of_time()),
        };
        let schemas = provider.schemas().clone();
        let mut outcomes: BTreeMap<usize, Outcome> = BTreeMap::new();
        self.read_some(&provider, requests, 0..requests.len(), &mut outcomes)
            .await;
        drop(provider);
        self.read_again(requests, &types, &mut outcomes).await;
        self.look_again(requests, &types, &mut outcomes).await;
        let mut readings = Vec::new();
        for at in 0..requests.len() {
            readings.push(match outcomes.remove(&at) {
                Some(Outcome::Done(reading)) => reading,
                Some(Outcome::Crashed | Outcome::NotStarted) => {
                    ProviderReading::unknown(Reason::Failed {
                        message: "the provider ended twice while it read".to_owned(),
                    })
                }
                Some(Outcome::Missing) | None => ProviderReading::unknown(out_of_time()),
            });
        }
        let known = schemas.types.iter().filter_map(|(name, schema)| {
            let schema = Schema {
                attributes: schema.as_ref().ok()?.attributes(),
                rules: &NO_RULES,
            };
            Some((name.clone(), schema))
        });
        ProviderReadings {
            readings: self.believed(readings),
            schemas: known.collect(),
        }
    }

    /// Starts the provider and configures it.
    async fn open(&self, types: &BTreeSet<&str>, logs_calls: bool) -> Result<Provider, OpenError> {
        let launch = Launch {
            logs_calls,
            ..self.launch.clone()
        };
        let provider = Provider::start(&launch, self.limits, Some(types), &self.schemas).await?;
        let own_endpoint = self.launch.endpoint.is_some();
        provider.configure(&self.target, own_endpoint).await?;
        Ok(provider)
    }

    fn all_unknown(&self, requests: &[Request<'_>], reason: &Reason) -> ProviderReadings {
        let unknown = |_| ProviderReading::unknown(reason.clone());
        ProviderReadings {
            readings: requests.iter().map(unknown).collect(),
            schemas: BTreeMap::new(),
        }
    }

    /// Reads resources at once. What takes long gives its turn to others.
    async fn read_some(
        &self,
        provider: &Provider,
        requests: &[Request<'_>],
        indexes: impl IntoIterator<Item = usize>,
        outcomes: &mut BTreeMap<usize, Outcome>,
    ) {
        let (turns, slow, crashed) = (
            Semaphore::new(READS),
            Semaphore::new(SLOW_READS),
            AtomicBool::new(false),
        );
        let read = |at: usize| {
            let (turns, slow, crashed) = (&turns, &slow, &crashed);
            async move {
                let turn = turns.acquire().await;
                if crashed.load(Ordering::Relaxed) {
                    return (at, Outcome::NotStarted);
                }
                let mut reading = Box::pin(self.read_resource(provider, &requests[at]));
                let outcome = match timeout(SLOW, &mut reading).await {
                    Ok(outcome) => outcome,
                    Err(_) => {
                        let slot = slow.try_acquire();
                        let turn = turn.ok().filter(|_| slot.is_err());
                        let outcome = reading.await;
                        drop((slot, turn));
                        outcome
                    }
                };
                if matches!(outcome, Outcome::Crashed) {
                    crashed.store(true, Ordering::Relaxed);
                }
                (at, outcome)
            }
        };
        let mut reads: FuturesUnordered<_> = indexes.into_iter().map(read).collect();
        while let Ok(Some((at, outcome))) = timeout_at(self.deadline.0, reads.next()).await {
            outcomes.insert(at, outcome);
        }
    }

    /// Starts the provider again after a crash: first for what had not been asked, then, one after the other, for what
    /// was being read.
    async fn read_again(
        &self,
        requests: &[Request<'_>],
        types: &BTreeSet<&str>,
        outcomes: &mut BTreeMap<usize, Outcome>,
    ) {
        let of = |outcomes: &BTreeMap<usize, Outcome>, crashed: bool| -> Vec<usize> {
            let is = |outcome: &Outcome| match outcome {
                Outcome::Crashed => crashed,
                Outcome::NotStarted => !crashed,
                _ => false,
            };
            let found = outcomes.iter().filter(|(_, outcome)| is(outcome));
            found.map(|(at, _)| *at).collect()
        };
        let (waiting, suspects) = (of(outcomes, false), of(outcomes, true));
        if suspects.is_empty() {
            return;
        }
        let opened = timeout_at(self.deadline.0, self.open(types, false)).await;
        let Ok(Ok(provider)) = opened else {
            return;
        };
        self.read_some(&provider, requests, waiting, outcomes).await;
        for at in suspects {
            self.read_some(&provider, requests, [at], outcomes).await;
            if matches!(outcomes.get(&at), Some(Outcome::Crashed)) {
                return;
            }
        }
    }

    /// Reads what is missing a second time, one by one, in a provider that logs its calls: some types answer "missing"
    /// to a call that was denied.
    async fn look_again(
        &self,
        requests: &[Request<'_>],
        types: &BTreeSet<&str>,
        outcomes: &mut BTreeMap<usize, Outcome>,
    ) {
        let missing = outcomes.iter();
        let missing = missing.filter(|(_, outcome)| matches!(outcome, Outcome::Missing));
        let missing: Vec<_> = missing.map(|(at, _)| *at).collect();
        if missing.is_empty() {
            return;
        }
        let opened = timeout_at(self.deadline.0, self.open(types, true)).await;
        let Ok(Ok(provider)) = opened else {
            return;
        };
        for at in missing {
            provider.clear_evidence();
            let reading = self.read_resource(&provider, &requests[at]);
            let Ok(outcome) = timeout_at(self.deadline.0, reading).await else {
                return;
            };
            let outcome = match outcome {
                Outcome::Missing => Outcome::Done(ProviderReading {
                    reading: self.confirmed_missing(&provider).await,
                    planned: None,
                }),
                other => other,
            };
            let has_ended = matches!(outcome, Outcome::Crashed);
            outcomes.insert(at, outcome);
            if has_ended {
                return;
            }
        }
    }
}

impl Reader<'_> {
    /// Returns the reading of what a provider called missing twice. Only AWS's logs the calls that it made.
    async fn confirmed_missing(&self, provider: &Provider) -> Reading {
        match self.target {
            Target::Aws(_) => {
                sleep(LOG_DELAY).await;
                let reason = reason::from_evidence(&provider.evidence());
                reason.map_or(Reading::Absent, Reading::Unknown)
            }
            Target::Configured(_) => Reading::Absent,
        }
    }

    /// Returns the readings. Where another provider than AWS's calls all missing, its configuration may be another one
    /// than that of the code: then nothing is deleted.
    fn believed(&self, mut readings: Vec<ProviderReading>) -> Vec<ProviderReading> {
        let is_found = |found: &ProviderReading| matches!(found.reading, Reading::Found(_));
        if matches!(self.target, Target::Configured(_)) && !readings.iter().any(is_found) {
            let all = readings.iter_mut();
            for missing in all.filter(|found| found.reading == Reading::Absent) {
                *missing = ProviderReading::unknown(Reason::Failed {
                    message: "the provider found nothing of what its configuration in the code manages, so it is not known \
                              whether this was deleted: it may read another account than the code's"
                        .to_owned(),
                });
            }
        }
        readings
    }
}

fn open_reason(error: &OpenError, redactor: &Redactor) -> Reason {
    match error {
        OpenError::Call(error) => reason::from_call(error, redactor),
        error => Reason::Failed {
            message: format!("the provider cannot be used: {error}"),
        },
    }
}

fn out_of_time() -> Reason {
    Reason::Failed {
        message: "the provider did not read it within the time that a scan has".to_owned(),
    }
}
