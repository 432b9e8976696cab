//! Scans stacks: loads their code and states, reads AWS, compares, scores and prices.

use super::load::{Loaded, Sources, Stack, load, seal_known};
use super::native_shapes::clean_readings;
use super::progress::Progress;
use super::provider_access::{KnownTypes, ProviderAccess};
use super::scan_result::{ScanResult, is_busy};
use super::through_provider::{name_readable, note_providers, providers, read_foreign};
use super::{event_index, null_notes, unseen};
use crate::aws::Aws;
use crate::diff::{self, Ownership, ReadResource};
use crate::live::{self, LiveResources, ReadOptions, Sessions};
use crate::memory::ScanMemory;
use crate::model::{
    AccountId, AccountReport, Attributes, Catalog, Coverage, EventKey, Finding, Interrupt, Posture,
    Reading, Redactor, Region, Report, Resource, Scanned, StackName, StackReport, Summary, Tree,
    UnmanagedResource,
};
use crate::plugin::ProviderReading;
use crate::price::{self, Book};
use crate::resources::{OnDemand, UnmanagedScope};
use crate::score::{self, Benchmark};
use crate::settings::Settings;
use crate::state::backends::HttpAccess;
use crate::state::{State, StateBudget};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What to scan, and how.
pub struct ScanInput<'a> {
    /// The files of the repository.
    pub tree: &'a Tree,
    /// The settings of the repository.
    pub settings: &'a Settings,
    /// The benchmark whose controls are named.
    pub benchmark: Benchmark,
    /// The connection to AWS.
    pub aws: &'a Aws,
    /// The HTTP connections of the backends outside of AWS.
    pub http: &'a HttpAccess,
    /// The region where neither code nor state names one.
    pub region: Region,
    /// The scope of the search for unmanaged resources.
    pub unmanaged_scope: UnmanagedScope,
    /// Replaces secrets as they are read.
    pub redactor: &'a Redactor,
    /// The limits on the size of states.
    pub states: &'a StateBudget,
    /// The memory that the scan may use.
    pub memory: &'a ScanMemory,
    /// The day, as `2026-11-24`: accepted differences expire.
    pub today: String,
    /// The one stack to report; `None` for all. The states of the others still decide what is managed.
    pub only: Option<&'a StackName>,
    /// Ends the scan early: its result is then discarded.
    pub interrupt: &'a Interrupt,
    /// The key of the hashes by which events find the stacks; `None` where nobody tells of events.
    pub events: Option<EventKey>,
    /// The operator's providers, through which is read what no native reader knows.
    pub providers: Option<ProviderAccess<'a>>,
}

impl ScanInput<'_> {
    fn includes(&self, loaded: &Loaded) -> bool {
        loaded.stack.is_asked_for(self.only)
    }
}

/// Scans these stacks. A stack that cannot be scanned is reported as such; the others go on.
pub async fn scan_stacks(
    input: &ScanInput<'_>,
    stacks: Vec<Stack>,
    report_progress: &(dyn Fn(Progress) + Sync),
) -> ScanResult {
    report_progress(Progress::Loading);
    let known = KnownTypes::of(input).await;
    let catalog = known.catalog.clone();
    let states = input.states.begin(input.memory);
    let listening = input.redactor.listening();
    let sources = Sources {
        tree: input.tree,
        aws: input.aws,
        http: input.http,
        region: &input.region,
        catalog: &catalog,
        redactor: &listening,
        interrupt: input.interrupt,
        states: &states,
        kept: known.kept.as_deref(),
    };
    let mut loaded = load_all(stacks, &sources).await;
    let redactor = seal_known(&mut loaded, &sources).unwrap_or_else(|| input.redactor.clone());

    let (mut tracked, mut on_demand) = (Vec::new(), OnDemand::new());
    let busy = is_busy(&loaded);
    let asked = |stack: &&Loaded| input.includes(stack) && !busy;
    let stacks: Vec<_> = loaded.iter().filter(asked).collect();
    for stack in &stacks {
        if let Ok(state) = stack.scannable() {
            tracked.extend(live::locate(&state.resources, &providers(stack)));
            let declared = &stack.code.declared;
            live::on_demand(&mut on_demand, &state.resources, declared, &catalog);
        }
    }
    report_progress(Progress::Asking(tracked.len()));
    let sessions = Sessions::open(input.aws, &tracked, input.region.clone()).await;
    let options = ReadOptions {
        unmanaged_scope: input.unmanaged_scope,
        catalog: &catalog,
        redactor: &redactor,
        on_demand: Arc::new(on_demand),
    };
    let foreign = read_foreign(input, stacks, &sessions, &redactor);
    let native = live::collect(&sessions, tracked, &options);
    let (live, foreign) = futures::join!(native, foreign);
    let compared = catalog.with(foreign.schemas);

    report_progress(Progress::Comparing);
    let comparison = Comparison::new(input, &loaded, &compared, (live, foreign.readings));
    let mut report = comparison.report();
    let events = comparison.event_hashes();
    let clean = clean_readings(input, &report, &loaded, &comparison.resources);
    note_providers(&mut report, foreign.notes);
    null_notes::add(&mut report, &loaded, &redactor);
    known.note(&mut report);
    let reported = |stack: &Loaded| busy || input.includes(stack);
    let (loaded, unreported): (Vec<_>, Vec<_>) = loaded.into_iter().partition(reported);
    ScanResult {
        report,
        loaded,
        unreported: unreported.into_iter().map(Into::into).collect(),
        catalog: compared,
        redactor,
        aws: input.aws.clone(),
        region: input.region.clone(),
        sessions,
        clean,
        events,
    }
}

/// Loads stacks, and sorts them by name.
async fn load_all(stacks: Vec<Stack>, sources: &Sources<'_>) -> Vec<Loaded> {
    let loading = stacks.into_iter().map(|stack| load(stack, sources));
    let mut loaded = futures::future::join_all(loading).await;
    loaded.sort_by(|left, right| left.stack.name.cmp(&right.stack.name));
    loaded
}

/// The pure part of a scan: compares, scores and prices what was read.
struct Comparison<'a> {
    input: &'a ScanInput<'a>,
    loaded: &'a [Loaded],
    catalog: &'a Catalog,
    ownership: Ownership<'a>,
    /// The reading of each resource of a state.
    resources: Vec<Vec<ReadResource<'a>>>,
    unmanaged: Vec<UnmanagedResource>,
    searched: Vec<Coverage>,
    /// Whether all unmanaged children of managed resources were looked for.
    looked_below: bool,
}

impl<'a> Comparison<'a> {
    fn new(
        input: &'a ScanInput<'a>,
        loaded: &'a [Loaded],
        catalog: &'a Catalog,
        (live, foreign): (LiveResources<'a>, Vec<(&'a Resource, ProviderReading)>),
    ) -> Self {
        let states = || loaded.iter().map(|stack| stack.state.as_ref());
        let mut readings = BTreeMap::new();
        let foreign = foreign.into_iter();
        let foreign = foreign.map(|(resource, found)| (std::ptr::from_ref(resource), found));
        let mut foreign: BTreeMap<_, _> = foreign.collect();
        for (tracked, reading) in live.readings {
            let found = foreign.remove(&std::ptr::from_ref(tracked.resource));
            let (reading, planned) = match found {
                Some(found) => (found.reading, found.planned),
                None => (reading, None),
            };
            let read = ReadResource {
                resource: tracked.resource,
                location: tracked.location,
                reading,
                planned,
            };
            readings.insert(std::ptr::from_ref(tracked.resource), read);
        }
        let resources = states().map(|state| {
            let resources = state
                .map(|state| state.resources.iter())
                .unwrap_or_default();
            resources
                .filter_map(|resource| readings.remove(&std::ptr::from_ref(resource)))
                .collect()
        });
        Self {
            input,
            loaded,
            catalog,
            ownership: Ownership::new(
                states()
                    .flatten()
                    .flat_map(|state| state.resources.iter().chain(&state.deposed)),
                catalog,
            )
            .expecting(
                loaded.iter().flat_map(|stack| &stack.pending.imports),
                catalog,
            ),
            resources: resources.collect(),
            // What a state claims that could not be read is not known: then nothing is called unmanaged.
            unmanaged: if states().all(|state| state.is_ok()) {
                live.unmanaged
            } else {
                Vec::new()
            },
            searched: live.searched,
            looked_below: input.unmanaged_scope != UnmanagedScope::Off
                && !live.incomplete
                && states().all(|state| state.is_ok()),
        }
    }

    fn report(&self) -> Report {
        let stacks = self
            .loaded
            .iter()
            .zip(&self.resources)
            .filter(|(loaded, _)| self.input.includes(loaded))
            .map(|(loaded, resources)| StackReport {
                name: loaded.stack.name.clone(),
                path: loaded.stack.path.clone(),
                backend: loaded.backend.clone(),
                outcome: match loaded.scannable() {
                    Ok(state) => Ok(self.stack(loaded, state, resources)),
                    Err(error) => Err(error.clone()),
                },
            });
        Report {
            stacks: stacks.collect(),
            accounts: self.accounts(),
        }
    }

    /// Returns the hashes by which events find each stack of the report.
    fn event_hashes(&self) -> Vec<BTreeSet<i64>> {
        let Some(key) = &self.input.events else {
            return Vec::new();
        };
        let stacks = self.loaded.iter().zip(&self.resources);
        let reported = stacks.filter(|(loaded, _)| self.input.includes(loaded));
        let hashes = reported.map(|(_, resources)| event_index::hashes(key, resources));
        hashes.collect()
    }

    fn stack(&self, loaded: &Loaded, state: &State, resources: &[ReadResource<'_>]) -> Scanned {
        let tags = loaded.code.provider_tags();
        let provider_tags = |resource: &Resource| tags.get(&resource.provider).copied();
        let removals = loaded.pending.removals(&loaded.code);
        let stack = diff::Stack {
            declared: &loaded.code.declared,
            pending_removal: &|address| {
                removals
                    .by_block(address)
                    .map(|removal| removal.to_string())
            },
            provider_tags: &provider_tags,
            resources,
            unmanaged: &self.unmanaged,
            interrupt: self.input.interrupt,
        };
        let mut found = diff::compare(&stack, &self.ownership, self.catalog);
        self.judge(&mut found.findings, &mut found.set_aside);
        unseen::leave_out_harmless(&mut found.findings);
        let unknown = resources
            .iter()
            .filter(|read| matches!(read.reading, Reading::Unknown(_)))
            .count();
        let rows = resources
            .iter()
            .map(|read| (read.resource.tf_type(), &read.location, &read.reading));
        let mut coverage = live::coverage(rows);
        let read = resources.iter().map(|read| (read.resource, &read.location));
        live::name_never_read(&mut coverage, read, &loaded.code.declared, self.catalog);
        name_readable(&mut coverage, self.input);
        Scanned {
            state: state.info.clone(),
            summary: Summary {
                resources: resources.len(),
                checked: resources.len() - unknown,
                unknown,
                other_providers: state.other_providers,
                posture: self.posture(resources, &found.findings),
                monthly_cost_delta: price::total(&found.findings),
            },
            findings: found.findings,
            set_aside: found.set_aside,
            coverage,
            looked_below: self.looked_below,
            notes: loaded.notes.clone(),
            unread: loaded.unread.clone(),
        }
    }

    /// Sets accepted findings aside, and computes the severity and the cost of the rest.
    fn judge(&self, findings: &mut Vec<Finding>, set_aside: &mut Vec<Finding>) {
        let ScanInput {
            settings,
            today,
            benchmark,
            interrupt,
            ..
        } = self.input;
        settings.set_aside(findings, set_aside, today, interrupt);
        for findings in [findings, set_aside] {
            score::score(findings, benchmark, interrupt);
            price::price(findings, Book::embedded());
        }
    }

    /// Returns the findings about unmanaged resources without a managed parent, by account.
    fn accounts(&self) -> Vec<AccountReport> {
        if self.input.unmanaged_scope != UnmanagedScope::Account {
            return Vec::new();
        }
        let interrupt = self.input.interrupt;
        let buckets = self.buckets();
        let mut findings = diff::unmanaged(&self.unmanaged, &self.ownership, &buckets, interrupt);
        self.judge(&mut findings, &mut Vec::new());
        let named: BTreeSet<&AccountId> = self
            .searched
            .iter()
            .filter_map(|row| row.account.as_ref())
            .collect();
        let report = |account: &AccountId| AccountReport {
            account: account.clone(),
            findings: findings
                .iter()
                .filter(|finding| finding.account.as_ref() == Some(account))
                .cloned()
                .collect(),
            coverage: self
                .searched
                .iter()
                .filter(|row| row.account.as_ref() == Some(account))
                .cloned()
                .collect(),
        };
        named.into_iter().map(report).collect()
    }

    /// Returns the buckets that hold the states, which belong to Terraform itself.
    fn buckets(&self) -> Vec<String> {
        let locations = self
            .loaded
            .iter()
            .filter_map(|stack| stack.backend.as_ref());
        let buckets = locations
            .filter_map(|backend| backend.location.strip_prefix("s3://")?.split('/').next());
        buckets.map(str::to_owned).collect()
    }

    /// Computes the posture of everything that was read: as declared, and live, including unmanaged children.
    fn posture(&self, resources: &[ReadResource<'_>], findings: &[Finding]) -> Posture {
        let read = resources
            .iter()
            .take_while(|_| !self.input.interrupt.is_raised())
            .filter(|read| !matches!(read.reading, Reading::Unknown(_)));
        let declared = read
            .clone()
            .map(|read| (read.resource.tf_type(), &read.resource.attributes));
        let live = read.map(|read| {
            let mut attributes = Attributes::new();
            if let Reading::Found(live) = &read.reading {
                attributes = read.resource.attributes.clone();
                attributes.extend(live.clone());
            }
            (read.resource.tf_type(), Cow::Owned(attributes))
        });
        let added = findings.iter().filter(|finding| finding.address.is_none());
        let added = added.map(|finding| (finding.tf_type.as_str(), Cow::Borrowed(&finding.after)));
        Posture {
            declared: score::posture(declared),
            live: score::posture(live.chain(added)),
        }
    }
}
