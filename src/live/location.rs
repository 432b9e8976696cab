//! Determines the account and region of each resource.

use super::Tracked;
use crate::model::{AccountId, AwsLocation, ProviderKey, Region, Resource};
use std::collections::BTreeMap;

/// The account and region of each provider configuration, as far as the code tells.
pub type Providers = BTreeMap<ProviderKey, AwsLocation>;

/// Locates each resource: by its own attributes (`region`, ARN, owner), else by its provider configuration, else by the
/// other resources of that provider. The account stays unknown where nothing tells.
pub fn locate<'a>(resources: &'a [Resource], providers: &Providers) -> Vec<Tracked<'a>> {
    let mut peers: BTreeMap<&ProviderKey, Votes> = BTreeMap::new();
    let own: Vec<AwsLocation> = resources.iter().map(own_location).collect();
    for (resource, location) in resources.iter().zip(&own) {
        let votes = peers.entry(&resource.provider).or_default();
        if let Some(account) = &location.account {
            *votes.accounts.entry(account.clone()).or_default() += 1;
        }
        if let Some(region) = &location.region {
            *votes.regions.entry(region.clone()).or_default() += 1;
        }
    }
    let account_of_all = most_frequent(peers.values().flat_map(|votes| &votes.accounts));
    // Counted once a provider: a state may name as many accounts as resources.
    let most_used = |votes: &Votes| AwsLocation {
        account: most_frequent(&votes.accounts),
        region: most_frequent(&votes.regions),
    };
    let most_used: BTreeMap<_, _> = peers
        .iter()
        .map(|(provider, votes)| (*provider, most_used(votes)))
        .collect();
    let placed = |(resource, own): (&'a Resource, AwsLocation)| {
        if !resource.provider.is_aws() {
            let location = AwsLocation::default();
            return Tracked { resource, location };
        }
        let provider = providers
            .get(&resource.provider)
            .cloned()
            .unwrap_or_default();
        let peers = most_used.get(&resource.provider);
        let account = own.account.or(provider.account);
        let account = account.or_else(|| peers.and_then(|peers| peers.account.clone()));
        let region = own.region.or(provider.region);
        let region = region.or_else(|| peers.and_then(|peers| peers.region.clone()));
        let account = account.or_else(|| account_of_all.clone());
        Tracked {
            resource,
            location: AwsLocation { account, region },
        }
    };
    resources.iter().zip(own).map(placed).collect()
}

#[derive(Default)]
struct Votes {
    accounts: BTreeMap<AccountId, usize>,
    regions: BTreeMap<Region, usize>,
}

/// Returns the most frequent value.
fn most_frequent<'v, T: Ord + Clone + 'v>(
    votes: impl IntoIterator<Item = (&'v T, &'v usize)>,
) -> Option<T> {
    votes
        .into_iter()
        .max_by_key(|(_, votes)| **votes)
        .map(|(value, _)| value.clone())
}

/// Returns the location that a resource records itself. The `region` of provider 6 takes precedence.
fn own_location(resource: &Resource) -> AwsLocation {
    if !resource.provider.is_aws() {
        return AwsLocation::default();
    }
    let recorded = resource.location();
    let region = resource.text("region").and_then(Region::new);
    let zone = resource.text("availability_zone").and_then(Region::of_zone);
    AwsLocation {
        account: recorded.account,
        region: region.or(recorded.region).or(zone),
    }
}
