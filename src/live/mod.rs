//! Reads the live state of all tracked resources. Compares nothing.

mod coverage;
mod location;
mod never_read;
mod on_demand;

pub use coverage::coverage;
pub use location::{Doubt, ProviderLocation, Providers, locate};
pub use never_read::name_never_read;
pub use on_demand::on_demand;

use crate::aws::{Aws, Session};
use crate::model::{
    AccountId, Address, AwsLocation, Catalog, Coverage, Reading, Reason, Redactor, Region,
    Resource, UnmanagedResource,
};
use crate::resources::{
    ALL, OnDemand, ReadRequest, ReadResult, ResourceType, Scope, UnmanagedScope,
};
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A resource, with the account and region to read it in.
#[derive(Debug, Clone)]
pub struct Tracked<'a> {
    /// The resource as its state recorded it.
    pub resource: &'a Resource,
    /// The region, and the account if it is known.
    pub location: AwsLocation,
    /// Why it may lie elsewhere; `None` where nothing says so.
    pub doubt: Option<Doubt>,
}

/// What AWS returned for a scan.
#[derive(Debug, Default)]
pub struct LiveResources<'a> {
    /// A reading for each tracked resource, with the account and region that was asked.
    pub readings: Vec<(Tracked<'a>, Reading)>,
    /// Resources that are not tracked: children of tracked ones, or anything in the account.
    pub unmanaged: Vec<UnmanagedResource>,
    /// The coverage of the search for unmanaged resources.
    pub searched: Vec<Coverage>,
    /// Whether unmanaged resources may have been missed.
    pub incomplete: bool,
}

/// The resources of one type in one account and region.
struct TypeGroup<'a> {
    account: Option<AccountId>,
    region: Region,
    resource_type: &'static ResourceType,
    tracked: Vec<Tracked<'a>>,
}

/// The options of a read.
pub struct ReadOptions<'a> {
    /// How far to look for unmanaged resources.
    pub unmanaged_scope: UnmanagedScope,
    /// The schema of each type.
    pub catalog: &'a Catalog,
    /// Replaces secrets before any other stage sees them.
    pub redactor: &'a Redactor,
    /// The attributes to read that take a call each.
    pub on_demand: Arc<OnDemand<'a>>,
}

/// The sessions of a scan, by account and region; an error where there is none.
pub struct Sessions {
    by_key: BTreeMap<(Option<AccountId>, Region), Result<Session, Reason>>,
    /// The region of resources that name none.
    fallback: Region,
}

/// How many accounts and regions a scan reads: all regions of thirty accounts.
const MAX_SESSIONS: usize = 1_000;

/// Returns the reason of an account and region beyond the limit.
fn too_many_sessions() -> Reason {
    Reason::Failed {
        message: format!(
            "the resources of this scan lie in more than {MAX_SESSIONS} accounts and regions: split the stack"
        ),
    }
}

impl Sessions {
    /// Opens a session for each tracked resource, and for each of their accounts in the fallback region. Where nothing is
    /// tracked, AWS gets no call.
    pub async fn open(aws: &Aws, tracked: &[Tracked<'_>], fallback: Region) -> Self {
        let mut keys: BTreeSet<_> = of_aws(tracked)
            .map(|tracked| session_key(tracked, &fallback))
            .collect();
        let accounts: BTreeSet<_> = keys.iter().map(|(account, _)| account.clone()).collect();
        keys.extend(
            accounts
                .into_iter()
                .map(|account| (account, fallback.clone())),
        );
        let open = keys.into_iter().enumerate().map(|(at, key)| async move {
            let session = match at {
                MAX_SESSIONS.. => Err(too_many_sessions()),
                _ => aws.session(key.0.as_ref(), &key.1).await,
            };
            (key, session)
        });
        Self {
            by_key: join_all(open).await.into_iter().collect(),
            fallback,
        }
    }

    /// Returns the session that reads a tracked resource.
    ///
    /// # Errors
    /// Why there is none.
    pub fn of(&self, tracked: &Tracked<'_>) -> Result<&Session, Reason> {
        self.by_region(&session_key(tracked, &self.fallback))
    }

    fn by_region(&self, key: &(Option<AccountId>, Region)) -> Result<&Session, Reason> {
        match self.by_key.get(key) {
            Some(session) => session.as_ref().map_err(Reason::clone),
            None => Err(Reason::Failed {
                message: "this account and region were not opened: this is a defect".to_owned(),
            }),
        }
    }
}

/// Reads each tracked resource, all types, accounts and regions concurrently.
pub async fn collect<'a>(
    sessions: &'a Sessions,
    tracked: Vec<Tracked<'a>>,
    options: &ReadOptions<'a>,
) -> LiveResources<'a> {
    let tracked_types = tracked
        .iter()
        .map(|tracked| tracked.resource.tf_type())
        .collect();
    let tracked_types: Arc<BTreeSet<&str>> = Arc::new(tracked_types);
    let mut live = LiveResources::default();
    let groups = group_by_type(sessions, tracked, options.unmanaged_scope, &mut live);
    let reads = groups
        .into_iter()
        .map(|group| read_group(sessions, group, tracked_types.clone(), options));
    for part in join_all(reads).await {
        live.readings.extend(part.readings);
        live.unmanaged.extend(part.unmanaged);
        live.searched.extend(part.searched);
        live.incomplete |= part.incomplete;
    }
    // What is asked in several regions, or seen below several states' parents, may be told more than once.
    live.unmanaged.sort_by_cached_key(unmanaged_key);
    live.unmanaged.dedup_by_key(|found| unmanaged_key(found));
    live
}

/// Returns the key by which an unmanaged resource is identified.
fn unmanaged_key(
    found: &UnmanagedResource,
) -> (String, String, AccountId, Option<Region>, Option<Address>) {
    (
        found.tf_type.clone(),
        found.import_id.clone(),
        found.account.clone(),
        found.region.clone(),
        found.under.clone(),
    )
}

/// Returns the resources that the provider of AWS manages.
fn of_aws<'t, 'a>(tracked: &'t [Tracked<'a>]) -> impl Iterator<Item = &'t Tracked<'a>> {
    tracked
        .iter()
        .filter(|tracked| tracked.resource.provider.is_aws())
}

/// Returns the account and region to read a resource in.
fn session_key(tracked: &Tracked<'_>, fallback: &Region) -> (Option<AccountId>, Region) {
    let region = tracked.location.region.clone();
    (
        tracked.location.account.clone(),
        region.unwrap_or_else(|| fallback.clone()),
    )
}

/// Groups the tracked resources by type, account and region. Types that DriftGuard does not read get their reading at
/// once.
fn group_by_type<'a>(
    sessions: &Sessions,
    tracked: Vec<Tracked<'a>>,
    unmanaged_scope: UnmanagedScope,
    live: &mut LiveResources<'a>,
) -> Vec<TypeGroup<'a>> {
    let mut parts: BTreeMap<(usize, Option<AccountId>, Region), Vec<Tracked<'a>>> = BTreeMap::new();
    // What is global is asked once for the account.
    let region_for = |at: usize, region: Region| match ALL[at].scope {
        Scope::Global => sessions.fallback.clone(),
        Scope::Regional => region,
    };
    let used: BTreeSet<_> = of_aws(&tracked)
        .map(|tracked| session_key(tracked, &sessions.fallback))
        .collect();
    for tracked in tracked {
        let (account, region) = session_key(&tracked, &sessions.fallback);
        let mut types = ALL.iter();
        let native =
            types.position(|resource_type| resource_type.tf_type == tracked.resource.tf_type());
        match native.filter(|_| tracked.resource.provider.is_aws()) {
            None => live
                .readings
                .push((tracked, Reading::Unknown(Reason::Unsupported))),
            Some(at) => parts
                .entry((at, account, region_for(at, region)))
                .or_default()
                .push(tracked),
        }
    }
    if unmanaged_scope == UnmanagedScope::Account {
        for (at, _) in ALL
            .iter()
            .enumerate()
            .filter(|(_, resource_type)| resource_type.listed)
        {
            for (account, region) in used.clone() {
                parts
                    .entry((at, account, region_for(at, region)))
                    .or_default();
            }
        }
    }
    let group = |((at, account, region), tracked)| TypeGroup {
        account,
        region,
        resource_type: ALL[at],
        tracked,
    };
    parts.into_iter().map(group).collect()
}

/// Reads one type in one account and region.
async fn read_group<'a>(
    sessions: &'a Sessions,
    group: TypeGroup<'a>,
    tracked_types: Arc<BTreeSet<&'a str>>,
    options: &ReadOptions<'a>,
) -> LiveResources<'a> {
    let key = (group.account.clone(), group.region.clone());
    let session = sessions.by_region(&key);
    let is_regional = group.resource_type.scope == Scope::Regional;
    let doubted = doubted(&group, is_regional);
    let tracked = group.tracked.iter();
    let request = ReadRequest {
        tracked: tracked.map(|tracked| tracked.resource).collect(),
        tracked_types,
        on_demand: options.on_demand.clone(),
        unmanaged_scope: options.unmanaged_scope,
    };
    let result = match &session {
        Ok(session) => (group.resource_type.read)(session, request).await,
        Err(reason) => ReadResult::unknown(&request, reason),
    };
    let account = session.ok().map(|session| session.account().clone());
    let location = AwsLocation {
        account: account.or(group.account),
        region: is_regional.then_some(group.region),
    };
    let mut live = LiveResources::default();
    for (resource, reading) in result.readings {
        let doubt = doubted.get(&std::ptr::from_ref(resource).addr()).cloned();
        let reading = match doubt.as_ref().filter(|_| reading == Reading::Absent) {
            Some(doubt) => elsewhere(doubt),
            None => redacted(reading, resource, options),
        };
        let tracked = Tracked {
            resource,
            location: location.clone(),
            doubt,
        };
        live.readings.push((tracked, reading));
    }
    let unmanaged = result.unmanaged.into_iter();
    live.unmanaged = unmanaged.map(|found| sealed(found, options)).collect();
    live.incomplete = result.incomplete.is_some();
    if group.resource_type.listed && options.unmanaged_scope == UnmanagedScope::Account {
        let found = live
            .unmanaged
            .iter()
            .filter(|found| found.under.is_none())
            .count();
        let incomplete = result.incomplete.as_ref();
        live.searched.push(coverage::row(
            group.resource_type.tf_type,
            (location.account, location.region),
            found,
            incomplete,
        ));
    }
    live
}

/// Returns why resources of a group may lie elsewhere, by where each is in memory: two stacks may have the same address.
/// What is global lies in no region.
fn doubted(group: &TypeGroup<'_>, is_regional: bool) -> HashMap<usize, Doubt> {
    let counts = |doubt: &Doubt| is_regional || matches!(doubt, Doubt::Account(_));
    let doubted = group.tracked.iter().filter_map(|tracked| {
        let doubt = tracked.doubt.clone().filter(counts)?;
        Some((std::ptr::from_ref(tracked.resource).addr(), doubt))
    });
    doubted.collect()
}

/// Returns the reading of what is missing where it may not be.
fn elsewhere(doubt: &Doubt) -> Reading {
    Reading::Unknown(Reason::WrongAccount {
        message: doubt.message().to_owned(),
    })
}

/// Replaces the secrets of an unmanaged resource.
fn sealed(mut found: UnmanagedResource, options: &ReadOptions<'_>) -> UnmanagedResource {
    let schema = options.catalog.get(&found.tf_type);
    let attributes = std::mem::take(&mut found.attributes);
    found.attributes = options.redactor.seal(schema, attributes);
    found
}

/// Replaces the secrets of a reading: those that the schema marks, and those that the resource's own state marks.
fn redacted(reading: Reading, resource: &Resource, options: &ReadOptions<'_>) -> Reading {
    match reading {
        Reading::Found(attributes) => {
            let schema = options.catalog.get(resource.tf_type());
            let mut redacted = options.redactor.seal(schema, attributes);
            options
                .redactor
                .seal_as_recorded(schema, &resource.attributes, &mut redacted);
            Reading::Found(redacted)
        }
        other => other,
    }
}
