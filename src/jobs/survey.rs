//! The part of the path that the bot and the command line share: from files to a scored and priced report.

use super::load::{Loaded, Sources, Stack, load};
use crate::aws::Aws;
use crate::diff::{self, Claims, Looked};
use crate::live::{self, Doors, Lens, Live, Providers};
use crate::model::{
    AccountId, AccountReport, Catalog, Place, Reading, Redactor, Region, Report, Resource, Scanned,
    StackReport, Summary, Tree, Unclaimed, Value,
};
use crate::price::{self, Book};
use crate::resources::{self, Look};
use crate::score::{self, Benchmark};
use crate::settings::Settings;
use std::collections::{BTreeMap, BTreeSet};

/// What is scanned, and how.
pub struct Request<'a> {
    /// The repository's files.
    pub tree: &'a Tree,
    /// Its settings.
    pub settings: &'a Settings,
    /// The doors to AWS.
    pub aws: &'a Aws,
    /// The region where neither code nor state names one.
    pub region: Region,
    /// How far to look for what no state claims.
    pub look: Look,
    /// Replaces secrets as they are read.
    pub redactor: &'a Redactor,
    /// The day, in UTC, as `2026-11-24`: accepted differences run out.
    pub today: String,
}

/// A scan, with what a fix needs besides.
pub struct Survey {
    /// What the scan says.
    pub report: Report,
    /// The stacks, in the report's order.
    pub loaded: Vec<Loaded>,
    /// How the provider sees each type.
    pub catalog: Catalog,
}

/// A step of a survey, for whoever watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Reading code and states.
    Loading,
    /// Asking AWS about so many resources.
    Asking(usize),
    /// Comparing, scoring, pricing.
    Comparing,
}

/// Scans these stacks. A stack that cannot be scanned is reported as such; the others go on.
pub async fn survey(request: &Request<'_>, stacks: Vec<Stack>, watch: &(dyn Fn(Step) + Sync)) -> Survey {
    watch(Step::Loading);
    let catalog = resources::catalog();
    let sources = Sources {
        tree: request.tree,
        aws: request.aws,
        region: &request.region,
        catalog: &catalog,
        redactor: request.redactor,
    };
    let loading = stacks.into_iter().map(|stack| load(stack, &sources));
    let mut loaded = futures::future::join_all(loading).await;
    loaded.sort_by(|one, other| one.stack.name.cmp(&other.stack.name));

    let mut tracked = Vec::new();
    for one in &loaded {
        if let Ok(state) = &one.state {
            tracked.extend(live::places(&state.resources, &providers(one)));
        }
    }
    watch(Step::Asking(tracked.len()));
    let doors = Doors::open(request.aws, &tracked, request.region.clone()).await;
    let lens = Lens {
        look: request.look,
        catalog: &catalog,
        redactor: request.redactor,
    };
    let live = live::collect(&doors, tracked, &lens).await;

    watch(Step::Comparing);
    let report = compare(request, &loaded, live, &catalog);
    Survey {
        report,
        loaded,
        catalog,
    }
}

/// Where the code's providers point.
fn providers(loaded: &Loaded) -> Providers {
    let place = |provider: &crate::code::ProviderConfig| Place {
        account: provider.account.clone(),
        region: provider.region.as_str().and_then(Region::new),
    };
    let providers = loaded.code.providers.iter();
    providers.map(|provider| (provider.key.clone(), place(provider))).collect()
}

/// The pure part: everything that was read, compared, scored and priced.
fn compare(request: &Request<'_>, loaded: &[Loaded], live: Live<'_>, catalog: &Catalog) -> Report {
    let benchmark = Benchmark::named(&request.settings.benchmark);
    let book = Book::embedded();
    let states = loaded.iter().filter_map(|one| one.state.as_ref().ok());
    let claims = Claims::new(states.flat_map(|state| &state.resources));
    let all_read = loaded.iter().all(|one| one.state.is_ok());
    // Where a state could not be read, what it claims is not known, and nothing is called unmanaged.
    let unclaimed: &[Unclaimed] = if all_read { &live.unclaimed } else { &[] };
    let mut looked: BTreeMap<*const Resource, Looked<'_>> = BTreeMap::new();
    for (tracked, reading) in live.readings {
        let one = Looked {
            resource: tracked.resource,
            place: tracked.place,
            reading,
        };
        looked.insert(std::ptr::from_ref(tracked.resource), one);
    }
    let mut report = Report::default();
    for one in loaded {
        let outcome = one.state.as_ref().map_err(Clone::clone).map(|state| {
            let own = state.resources.iter();
            let own: Vec<_> = own.filter_map(|resource| looked.remove(&std::ptr::from_ref(resource))).collect();
            let default_tags = |resource: &Resource| {
                let provider = one.code.providers.iter().find(|provider| provider.key == resource.provider);
                provider.map_or(Value::Unknown, |provider| provider.default_tags.clone())
            };
            let stack = diff::Stack {
                declared: &one.code.declared,
                default_tags: &default_tags,
                looked: &own,
                unclaimed,
            };
            let mut differences = diff::compare(&stack, &claims, catalog);
            request.settings.set_aside(&mut differences.findings, &mut differences.set_aside, &request.today);
            score::score(&mut differences.findings, &benchmark);
            score::score(&mut differences.set_aside, &benchmark);
            price::price(&mut differences.findings, &book);
            let unknown = own.iter().filter(|one| matches!(one.reading, Reading::Unknown(_))).count();
            Scanned {
                state: state.info.clone(),
                summary: Summary {
                    resources: own.len(),
                    checked: own.len() - unknown,
                    unknown,
                    other_providers: state.other_providers,
                    posture: posture(&own, &differences.findings),
                    monthly_cost_delta: price::total(&differences.findings),
                },
                findings: differences.findings,
                set_aside: differences.set_aside,
                coverage: live::coverage(own.iter().map(|one| (one.resource, &one.place, &one.reading))),
                notes: one.notes.clone(),
            }
        });
        report.stacks.push(StackReport {
            name: one.stack.name.clone(),
            path: one.stack.path.clone(),
            backend: one.backend.clone(),
            outcome,
        });
    }
    if request.look == Look::Account {
        let mut findings = diff::unmanaged(unclaimed, &claims, catalog, &own_things(loaded));
        let mut set_aside = Vec::new();
        request.settings.set_aside(&mut findings, &mut set_aside, &request.today);
        score::score(&mut findings, &benchmark);
        price::price(&mut findings, &book);
        report.accounts = accounts(findings, live.searched);
    }
    report
}

/// Each account's own findings and coverage.
fn accounts(
    findings: Vec<crate::model::Finding>,
    searched: Vec<crate::model::Coverage>,
) -> Vec<AccountReport> {
    let named: BTreeSet<AccountId> = searched.iter().filter_map(|row| row.account.clone()).collect();
    let report = |account: AccountId| AccountReport {
        findings: findings.iter().filter(|found| found.account.as_ref() == Some(&account)).cloned().collect(),
        coverage: searched.iter().filter(|row| row.account.as_ref() == Some(&account)).cloned().collect(),
        account,
    };
    named.into_iter().map(report).collect()
}

/// What Terraform itself needs: the buckets and lock tables of the states.
fn own_things(loaded: &[Loaded]) -> Vec<String> {
    let locations = loaded.iter().filter_map(|one| one.backend.as_ref());
    let buckets = locations.filter_map(|backend| backend.location.strip_prefix("s3://")?.split('/').next());
    let buckets: BTreeSet<_> = buckets.map(str::to_owned).collect();
    buckets.into_iter().collect()
}
