//! Reads the types of the native readers a second time, through the provider, and finds where the readers differ.

mod readings;

use super::load::Loaded;
use super::provider_access::ProviderAccess;
use super::scan_result::ScanResult;
use super::through_provider::{Asked, NativeReadings, ProviderScan, is_foreign, providers};
use crate::live::{self, ReadOptions, Tracked};
use crate::model::{
    Address, Declared, Finding, PlannedChanges, Reading, Resource, TAGS_ALL, Tree, Value, Verdict,
    root_attribute,
};
use crate::plugin::ProviderReading;
use crate::resources::{OnDemand, UnmanagedScope};
use crate::settings::ProviderScope;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// The second reading of a scan.
pub struct ParityInput<'a> {
    /// The files of the repository.
    pub tree: &'a Tree,
    /// What the repository leaves out.
    pub settings: &'a ProviderScope,
    /// The operator's providers.
    pub providers: ProviderAccess<'a>,
}

/// What the two readings of a scan have in common, and where they differ.
#[derive(Debug, Default)]
pub struct Parity {
    /// How many resources were read both ways.
    pub compared: usize,
    /// The differences, by address.
    pub differences: Vec<ReaderDifference>,
    /// Resources that only one reader read, with the reason of the other.
    pub not_compared: Vec<(Address, String)>,
}

/// A difference between a native reader and the provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReaderDifference {
    /// The resource.
    pub address: Address,
    /// The difference.
    pub what: ReaderFault,
}

/// How a native reader differs from the provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReaderFault {
    /// Another value was read.
    Value {
        /// The attribute.
        attribute: String,
        /// What the provider read.
        provider: String,
        /// What DriftGuard read.
        native: String,
    },
    /// Only one of the two found the resource.
    Existence {
        /// Whether the provider did.
        by_provider: bool,
    },
    /// A plan reverts a change that DriftGuard does not show.
    Missed {
        /// The attribute.
        attribute: String,
    },
    /// DriftGuard shows a change that no plan makes.
    Surplus {
        /// The attribute.
        attribute: String,
    },
}

impl fmt::Display for ReaderDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = &self.address;
        match &self.what {
            ReaderFault::Value {
                attribute,
                provider,
                native,
            } => write!(
                f,
                "{address}: {attribute}\n  provider   {provider}\n  DriftGuard {native}"
            ),
            ReaderFault::Existence { by_provider } => {
                let (found, missed) = match by_provider {
                    true => ("the provider", "DriftGuard"),
                    false => ("DriftGuard", "the provider"),
                };
                write!(f, "{address}: {found} finds it, {missed} does not")
            }
            ReaderFault::Missed { attribute } => write!(
                f,
                "{address}: {attribute}\n  the provider plans a change that DriftGuard does not show"
            ),
            ReaderFault::Surplus { attribute } => write!(
                f,
                "{address}: {attribute}\n  DriftGuard shows a change that the provider does not plan"
            ),
        }
    }
}

/// Reads the resources of a scan that a native reader knows, both ways, and compares the readings, and the findings with
/// the provider's plan.
pub async fn compare_readers(result: &ScanResult, input: &ParityInput<'_>) -> Parity {
    let scan = ProviderScan {
        access: input.providers.clone(),
        tree: input.tree,
        settings: input.settings,
        sessions: &result.sessions,
        redactor: &result.redactor,
    };
    let includes = |resource: &Resource| !is_foreign(resource);
    let mut asked = Vec::with_capacity(result.loaded.len());
    for stack in &result.loaded {
        asked.push(Asked {
            stack,
            declared: &stack.code.declared,
            before: None,
            includes: &includes,
            native: NativeReadings::new(),
            new: &[],
        });
    }
    let by_provider = scan.read(asked).await.readings.into_iter();
    let by_provider = by_provider.map(|(resource, read)| (std::ptr::from_ref(resource), read));
    let by_provider: BTreeMap<_, _> = by_provider.collect();
    let mut parity = Parity::default();
    let reports = result.report.stacks.iter();
    for (stack, report) in result.loaded.iter().zip(reports) {
        let Ok(report) = &report.outcome else {
            continue;
        };
        let findings = [&report.findings, &report.set_aside];
        let native = native_readings(result, stack).await;
        let all = stack.scannable().ok();
        let siblings: Vec<_> = all
            .iter()
            .flat_map(|state| state.resources.iter())
            .collect();
        for (resource, native) in &native {
            if let Some(provider) = by_provider.get(&std::ptr::from_ref(*resource)) {
                let stack = StackReadings {
                    result,
                    siblings: &siblings,
                    findings,
                };
                stack.compare(resource, native, provider, &mut parity);
            }
        }
    }
    parity.differences.sort();
    parity
}

/// Reads the resources of a stack natively, with each attribute that the state sets.
async fn native_readings<'a>(
    result: &'a ScanResult,
    stack: &'a Loaded,
) -> Vec<(&'a Resource, Reading)> {
    let Ok(state) = stack.scannable() else {
        return Vec::new();
    };
    let tracked = live::locate(&state.resources, &providers(stack)).into_iter();
    let is_native = |tracked: &Tracked<'_>| !is_foreign(tracked.resource);
    let tracked: Vec<_> = tracked.filter(is_native).collect();
    let mut on_demand = OnDemand::new();
    let nothing = Declared::default();
    live::on_demand(&mut on_demand, &state.resources, &nothing, &result.catalog);
    let options = ReadOptions {
        unmanaged_scope: UnmanagedScope::Off,
        catalog: &result.catalog,
        redactor: &result.redactor,
        on_demand: Arc::new(on_demand),
    };
    let live = live::collect(&result.sessions, tracked, &options).await;
    let readings = live.readings.into_iter();
    readings
        .map(|(tracked, reading)| (tracked.resource, reading))
        .collect()
}

/// The readings of a stack, and what the scan found in it.
struct StackReadings<'a> {
    result: &'a ScanResult,
    siblings: &'a [&'a Resource],
    findings: [&'a Vec<Finding>; 2],
}

impl StackReadings<'_> {
    fn compare(
        &self,
        resource: &Resource,
        native: &Reading,
        provider: &ProviderReading,
        parity: &mut Parity,
    ) {
        let address = &resource.address;
        let mut add = |what| {
            parity.differences.push(ReaderDifference {
                address: address.clone(),
                what,
            });
        };
        match (native, &provider.reading) {
            (Reading::Unknown(reason), _) => {
                let why = format!("DriftGuard did not read it: {reason}");
                parity.not_compared.push((address.clone(), why));
                return;
            }
            (_, Reading::Unknown(reason)) => {
                let why = format!("the provider did not read it: {reason}");
                parity.not_compared.push((address.clone(), why));
                return;
            }
            (Reading::Absent, Reading::Absent) => {}
            (Reading::Absent, _) => add(ReaderFault::Existence { by_provider: true }),
            (_, Reading::Absent) => add(ReaderFault::Existence { by_provider: false }),
            (Reading::Found(native), Reading::Found(read)) => {
                if let Some(schema) = self.result.catalog.get(resource.tf_type()) {
                    let compared = readings::Compared {
                        resource,
                        schema,
                        siblings: self.siblings,
                    };
                    compared
                        .differences(read, native)
                        .into_iter()
                        .for_each(&mut add);
                }
                if let Some(planned) = &provider.planned {
                    self.judge(address, planned).into_iter().for_each(&mut add);
                }
            }
        }
        parity.compared += 1;
    }

    /// Compares what the scan found of a resource with what the provider plans to change.
    fn judge(&self, address: &Address, planned: &PlannedChanges) -> Vec<ReaderFault> {
        let findings = self.findings.into_iter().flatten();
        let own: Vec<_> = findings
            .filter(|finding| finding.address.as_ref() == Some(address))
            .collect();
        let named = |is: fn(Verdict) -> bool| -> BTreeSet<&str> {
            let differences = own.iter().flat_map(|finding| &finding.attributes);
            let differences = differences.filter(|difference| is(difference.verdict));
            differences
                .map(|difference| root_attribute(&difference.path))
                .collect()
        };
        let shown = named(|_| true);
        let changed = named(|verdict| matches!(verdict, Verdict::Drift | Verdict::NotApplied));
        let missed = planned.drift.iter().map(String::as_str);
        let missed = missed.filter(|name| !shown.contains(name) && *name != TAGS_ALL);
        let planned_names = planned.all.iter().map(|path| root_attribute(path));
        let planned_names: BTreeSet<_> = planned_names.collect();
        let surplus = changed.into_iter().filter(|name| {
            !planned.drift.contains(*name) && !planned_names.contains(name) && *name != TAGS_ALL
        });
        let missed = missed.map(|name| ReaderFault::Missed {
            attribute: name.to_owned(),
        });
        let surplus = surplus.map(|name| ReaderFault::Surplus {
            attribute: name.to_owned(),
        });
        missed.chain(surplus).collect()
    }
}

/// Returns whether two values mean the same to Terraform.
fn is_same(left: &Value, right: &Value) -> bool {
    crate::plugin::means_the_same(left, right)
}
