//! Determines the account and region of each resource.

use super::Tracked;
use crate::model::{AccountId, AwsLocation, ProviderKey, Region, Resource};
use std::collections::BTreeMap;
use std::fmt;

/// What the code tells of each provider configuration's account and region.
pub type Providers = BTreeMap<ProviderKey, ProviderLocation>;

/// The account and region that code configures a provider with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderLocation {
    /// The account and region, as far as the code determines them.
    pub location: AwsLocation,
    /// Whether the code sets a region that it does not determine, so that no default is the region either.
    pub is_region_unknown: bool,
}

/// Why a resource may lie elsewhere than where it is read: then it is not called deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// In another account.
    Account(String),
    /// In another region.
    Region(String),
}

impl Doubt {
    /// Returns the reason.
    pub(super) fn message(&self) -> &str {
        match self {
            Self::Account(message) | Self::Region(message) => message,
        }
    }
}

/// Locates each resource: by its own attributes (`region`, ARN, owner), else by its provider configuration, else by the
/// other resources of that provider. The account stays unknown where nothing tells. Where all those others lie elsewhere
/// than the code says, they count: the code may have been given another region when it was applied.
pub fn locate<'a>(resources: &'a [Resource], providers: &Providers) -> Vec<Tracked<'a>> {
    let own: Vec<AwsLocation> = resources.iter().map(own_location).collect();
    let votes = votes(resources, &own);
    let account_of_all = most_frequent(votes.values().flat_map(|votes| &votes.accounts));
    // Counted once a provider: a state may name as many accounts as resources.
    let of_provider = |(key, votes): (&&'a ProviderKey, &Votes)| {
        let configured = providers.get(*key).cloned().unwrap_or_default();
        let account = choose(configured.location.account, &votes.accounts);
        let region = choose(configured.location.region, &votes.regions);
        let chosen = ProviderChoice {
            region_doubt: doubt(
                "region",
                &region,
                &votes.regions,
                configured.is_region_unknown,
            ),
            account_doubt: doubt("account", &account, &votes.accounts, false),
            account: account.value,
            region: region.value,
        };
        (*key, chosen)
    };
    let chosen: BTreeMap<_, _> = votes.iter().map(of_provider).collect();
    let placed = |(resource, own): (&'a Resource, AwsLocation)| {
        let chosen = chosen.get(&resource.provider);
        let Some(chosen) = chosen.filter(|_| resource.provider.is_aws()) else {
            return Tracked {
                resource,
                location: AwsLocation::default(),
                doubt: None,
            };
        };
        let account_doubt = chosen
            .account_doubt
            .as_ref()
            .filter(|_| own.account.is_none());
        let region_doubt = chosen
            .region_doubt
            .as_ref()
            .filter(|_| own.region.is_none());
        let account = own.account.or_else(|| chosen.account.clone());
        Tracked {
            resource,
            location: AwsLocation {
                account: account.or_else(|| account_of_all.clone()),
                region: own.region.or_else(|| chosen.region.clone()),
            },
            doubt: account_doubt
                .map(|why| Doubt::Account(why.clone()))
                .or_else(|| region_doubt.map(|why| Doubt::Region(why.clone()))),
        }
    };
    resources.iter().zip(own).map(placed).collect()
}

/// Counts the accounts and regions that the resources of each provider tell themselves.
fn votes<'a>(resources: &'a [Resource], own: &[AwsLocation]) -> BTreeMap<&'a ProviderKey, Votes> {
    let mut votes: BTreeMap<&ProviderKey, Votes> = BTreeMap::new();
    for (resource, location) in resources.iter().zip(own) {
        let votes = votes.entry(&resource.provider).or_default();
        if let Some(account) = &location.account {
            *votes.accounts.entry(account.clone()).or_default() += 1;
        }
        if let Some(region) = &location.region {
            *votes.regions.entry(region.clone()).or_default() += 1;
        }
    }
    votes
}

/// Where the resources of a provider are that do not tell it themselves.
struct ProviderChoice {
    account: Option<AccountId>,
    region: Option<Region>,
    account_doubt: Option<String>,
    region_doubt: Option<String>,
}

/// An account or a region, and the one of the code where all others contradict it.
struct Choice<T> {
    value: Option<T>,
    contradicted: Option<T>,
}

/// Chooses between what the code configures and where the other resources of the provider are.
fn choose<T: Ord + Clone>(configured: Option<T>, votes: &BTreeMap<T, usize>) -> Choice<T> {
    match configured {
        Some(configured) if !votes.is_empty() && !votes.contains_key(&configured) => Choice {
            value: most_frequent(votes),
            contradicted: Some(configured),
        },
        Some(configured) => Choice {
            value: Some(configured),
            contradicted: None,
        },
        None => Choice {
            value: most_frequent(votes),
            contradicted: None,
        },
    }
}

/// Returns why a choice may be another one than the resource's own.
fn doubt<T: fmt::Display>(
    what: &str,
    choice: &Choice<T>,
    votes: &BTreeMap<T, usize>,
    is_unknown: bool,
) -> Option<String> {
    let end = "so it is not known whether this was deleted";
    match (&choice.contradicted, &choice.value) {
        (Some(configured), Some(value)) => Some(format!(
            "the code's provider has the {what} {configured}, but the state has its resources in {value}, {end}"
        )),
        (None, None) if is_unknown => {
            Some(format!("neither code nor state tells its {what}, {end}"))
        }
        (None, Some(value)) if is_unknown && votes.len() > 1 => Some(format!(
            "the code does not tell its {what}, and the state has resources of its provider in others than {value}, {end}"
        )),
        _ => None,
    }
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
