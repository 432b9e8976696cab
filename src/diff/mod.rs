//! Pure: compares code, state and live, attribute by attribute.
#![deny(clippy::disallowed_methods)]

mod assemble;
mod owners;
mod planned;
mod shared;
mod tags;
mod unmanaged;
mod walk;

pub use owners::Ownership;
pub use unmanaged::unmanaged;

use crate::model::{
    Address, AwsLocation, Catalog, Declared, Finding, Interrupt, PlannedChanges, ProviderTags,
    Reading, Resource, UnmanagedResource,
};
use shared::OwnPart;
use std::collections::BTreeMap;
use walk::ComparedResource;

/// A resource with its reading, and where it was read.
#[derive(Debug, Clone)]
pub struct ReadResource<'a> {
    /// The resource, as recorded.
    pub resource: &'a Resource,
    /// The account and region of the reading.
    pub location: AwsLocation,
    /// The reading.
    pub reading: Reading,
    /// What the provider's plan would change, where it was read through a provider.
    pub planned: Option<PlannedChanges>,
}

/// The inputs of comparing one stack.
pub struct Stack<'a> {
    /// The declared resources.
    pub declared: &'a Declared,
    /// The tags that the provider of each resource adds or ignores; `None` where the provider is not known.
    pub provider_tags: &'a dyn Fn(&Resource) -> Option<&'a ProviderTags>,
    /// Why a resource leaves the state with the next apply; `None` where it stays.
    pub pending_removal: &'a dyn Fn(&Address) -> Option<String>,
    /// The resources with their readings.
    pub resources: &'a [ReadResource<'a>],
    /// Children of these resources that no state may claim.
    pub unmanaged: &'a [UnmanagedResource],
    /// Ends the comparison early: its result is then incomplete.
    pub interrupt: &'a Interrupt,
}

/// The result of a comparison.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Differences {
    /// The drift.
    pub findings: Vec<Finding>,
    /// Differences that are no drift, with the reason.
    pub set_aside: Vec<Finding>,
}

impl Differences {
    /// Adds a child that no state claims. One that an `import` block takes in is set aside.
    fn add_unmanaged(&mut self, part: &UnmanagedResource, ownership: &Ownership<'_>) {
        if ownership.claims(part) {
            return;
        }
        let found = assemble::unmanaged(part);
        match ownership.pending_import(part) {
            Some(why) => self.set_aside.push(assemble::waits(found, why)),
            None => self.findings.push(found),
        }
    }

    /// Adds the findings of one resource. All are set aside if the resource leaves the state with the next apply.
    fn add(&mut self, own: Self, removal: Option<String>) {
        self.set_aside.extend(own.set_aside);
        match removal {
            None => self.findings.extend(own.findings),
            Some(why) => {
                let waiting = own.findings.into_iter();
                let waiting = waiting.map(|finding| assemble::waits(finding, why.clone()));
                self.set_aside.extend(waiting);
            }
        }
    }
}

/// Compares one stack. `ownership` covers all states that were read.
pub fn compare(stack: &Stack<'_>, ownership: &Ownership<'_>, catalog: &Catalog) -> Differences {
    let mut all = Differences::default();
    let mut below: BTreeMap<&Address, Vec<&UnmanagedResource>> = BTreeMap::new();
    for part in stack.unmanaged {
        if let Some(parent) = &part.under {
            below.entry(parent).or_default().push(part);
        }
    }
    for read in stack.resources {
        if stack.interrupt.is_raised() {
            break;
        }
        let declared = stack.declared.get(&read.resource.address);
        let removal = (stack.pending_removal)(&read.resource.address);
        match &read.reading {
            Reading::Unknown(_) => {}
            Reading::Absent => match removal {
                Some(why) => all
                    .set_aside
                    .push(assemble::waits(assemble::deleted(read), why)),
                None => all.findings.push(assemble::deleted(read)),
            },
            Reading::Found(live) => {
                let Some(schema) = catalog.get(read.resource.tf_type()) else {
                    continue;
                };
                let parts = below.get(&read.resource.address);
                let parts = parts.map(Vec::as_slice).unwrap_or_default();
                let both = (ownership, schema);
                let part = OwnPart::of((read.resource, live), declared, both, parts);
                let compared = ComparedResource {
                    declared,
                    tags: (stack.provider_tags)(read.resource),
                    recorded: &part.recorded,
                    live: &part.live,
                    schema,
                    elsewhere: part.elsewhere,
                };
                let mut differences = walk::differences(&compared);
                if let Some(planned) = &read.planned {
                    differences = planned::by_plan(differences, planned, &compared);
                }
                let mut own = Differences::default();
                assemble::modified(read, &compared, differences, &mut own);
                // Each is looked for among all that states claim below its parent.
                let parts = parts.iter().take_while(|_| !stack.interrupt.is_raised());
                let is_child = |path| part.children.contains(path);
                let parts = parts.filter(|part| part.path.is_none_or(is_child));
                parts.for_each(|part| own.add_unmanaged(part, ownership));
                all.add(own, removal);
            }
        }
    }
    all.findings.sort_by(order);
    all.set_aside.sort_by(order);
    all
}

/// Orders findings by address, then by type and id.
fn order(left: &Finding, right: &Finding) -> std::cmp::Ordering {
    let key = |finding: &Finding| {
        let address = finding.address.as_ref().or(finding.under.as_ref());
        (
            address.map(ToString::to_string),
            finding.address.is_none(),
            finding.tf_type.clone(),
            finding.import_id.clone(),
            finding.verdict as u8,
        )
    };
    key(left).cmp(&key(right))
}
