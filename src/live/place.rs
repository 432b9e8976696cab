//! Where each resource is to be looked for.

use super::Tracked;
use crate::model::{AccountId, Place, ProviderKey, Region, Resource};
use std::collections::BTreeMap;

/// Where the code's provider configurations point, as far as it tells.
pub type Providers = BTreeMap<ProviderKey, Place>;

/// The place of each resource: what it says itself (its `region`, its ARN, its owner), else where its provider points,
/// else where the others of that provider are. The account stays unknown where nothing tells.
pub fn places<'a>(resources: &'a [Resource], providers: &Providers) -> Vec<Tracked<'a>> {
    let mut peers: BTreeMap<&ProviderKey, Votes> = BTreeMap::new();
    let own: Vec<Place> = resources.iter().map(own_place).collect();
    for (resource, place) in resources.iter().zip(&own) {
        let votes = peers.entry(&resource.provider).or_default();
        if let Some(account) = &place.account {
            *votes.accounts.entry(account.clone()).or_default() += 1;
        }
        if let Some(region) = &place.region {
            *votes.regions.entry(region.clone()).or_default() += 1;
        }
    }
    let everyone = most(peers.values().flat_map(|votes| &votes.accounts));
    // Counted once a provider: a state may name as many accounts as resources.
    let usual = |votes: &Votes| Place {
        account: most(&votes.accounts),
        region: most(&votes.regions),
    };
    let usual: BTreeMap<_, _> = peers
        .iter()
        .map(|(provider, votes)| (*provider, usual(votes)))
        .collect();
    let placed = |(resource, own): (&'a Resource, Place)| {
        let provider = providers
            .get(&resource.provider)
            .cloned()
            .unwrap_or_default();
        let peers = usual.get(&resource.provider);
        let account = own.account.or(provider.account);
        let account = account.or_else(|| peers.and_then(|peers| peers.account.clone()));
        let region = own.region.or(provider.region);
        let region = region.or_else(|| peers.and_then(|peers| peers.region.clone()));
        let account = account.or_else(|| everyone.clone());
        Tracked {
            resource,
            place: Place { account, region },
        }
    };
    resources.iter().zip(own).map(placed).collect()
}

#[derive(Default)]
struct Votes {
    accounts: BTreeMap<AccountId, usize>,
    regions: BTreeMap<Region, usize>,
}

/// The most frequent one.
fn most<'v, T: Ord + Clone + 'v>(votes: impl IntoIterator<Item = (&'v T, &'v usize)>) -> Option<T> {
    votes
        .into_iter()
        .max_by_key(|(_, votes)| **votes)
        .map(|(value, _)| value.clone())
}

/// What a resource says of itself. The `region` of provider 6 wins over everything.
fn own_place(resource: &Resource) -> Place {
    let said = resource.place();
    let region = resource.text("region").and_then(Region::new);
    let zone = resource.text("availability_zone").and_then(Region::of_zone);
    Place {
        account: said.account,
        region: region.or(said.region).or(zone),
    }
}
