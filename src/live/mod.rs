//! Asks AWS what is there of everything that is tracked. Compares nothing.

mod coverage;
mod never_read;
mod place;
mod written;

pub use coverage::coverage;
pub use never_read::name_never_read;
pub use place::{Providers, places};
pub use written::written;

use crate::aws::{Aws, Session};
use crate::model::{
    AccountId, Address, Catalog, Coverage, Place, Reading, Reason, Redactor, Region, Resource,
    Unclaimed,
};
use crate::resources::{ALL, Answer, Ask, Look, ResourceType, Scope, Written};
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A resource, and where it is to be looked for.
#[derive(Debug, Clone)]
pub struct Tracked<'a> {
    /// The resource, as its state has it.
    pub resource: &'a Resource,
    /// Its account, where that is known, and its region.
    pub place: Place,
}

/// What AWS said.
#[derive(Debug, Default)]
pub struct Live<'a> {
    /// A reading for each tracked resource, with the account and region that were asked.
    pub readings: Vec<(Tracked<'a>, Reading)>,
    /// What stands there besides; below a tracked parent, or anywhere.
    pub unclaimed: Vec<Unclaimed>,
    /// How far the accounts were looked through for what no state claims.
    pub searched: Vec<Coverage>,
    /// Whether something that no state claims may have been missed.
    pub gap: bool,
}

/// What is asked in one account and region.
struct Group<'a> {
    account: Option<AccountId>,
    region: Region,
    known: &'static ResourceType,
    tracked: Vec<Tracked<'a>>,
}

/// How to look.
pub struct Lens<'a> {
    /// How far to look for what no state claims.
    pub look: Look,
    /// How the provider sees each type.
    pub catalog: &'a Catalog,
    /// Replaces secrets before anything else sees them.
    pub redactor: &'a Redactor,
    /// What is set of the attributes that cost a call each.
    pub written: Arc<Written<'a>>,
}

/// The accounts and regions that a scan asks, each open or closed for a reason.
pub struct Doors {
    sessions: BTreeMap<(Option<AccountId>, Region), Result<Session, Reason>>,
    /// Where what names no region is asked.
    fallback: Region,
}

/// How many accounts and regions one scan asks: all regions of thirty accounts.
const MOST_PLACES: usize = 1_000;

/// Why an account and region is not asked.
fn too_many_places() -> Reason {
    Reason::Failed {
        message: format!(
            "the resources of this scan lie in more than {MOST_PLACES} accounts and regions: split the stack"
        ),
    }
}

impl Doors {
    /// Opens the account and region of each tracked resource, and each account in the fallback region. Where nothing is
    /// tracked, nobody is asked.
    pub async fn open(aws: &Aws, tracked: &[Tracked<'_>], fallback: Region) -> Self {
        let mut places: BTreeSet<_> = tracked.iter().map(|one| place(one, &fallback)).collect();
        let accounts: BTreeSet<_> = places.iter().map(|(account, _)| account.clone()).collect();
        places.extend(
            accounts
                .into_iter()
                .map(|account| (account, fallback.clone())),
        );
        let open = places
            .into_iter()
            .enumerate()
            .map(|(at, place)| async move {
                let session = match at {
                    MOST_PLACES.. => Err(too_many_places()),
                    _ => aws.session(place.0.as_ref(), &place.1).await,
                };
                (place, session)
            });
        Self {
            sessions: join_all(open).await.into_iter().collect(),
            fallback,
        }
    }
}

/// A reading for each tracked resource, all types, accounts and regions side by side.
pub async fn collect<'a>(doors: &'a Doors, tracked: Vec<Tracked<'a>>, lens: &Lens<'a>) -> Live<'a> {
    let beside = tracked.iter().map(|one| one.resource.tf_type()).collect();
    let beside: Arc<BTreeSet<&str>> = Arc::new(beside);
    let mut live = Live::default();
    let groups = groups(doors, tracked, lens.look, &mut live);
    let asked = groups
        .into_iter()
        .map(|group| ask(doors, group, beside.clone(), lens));
    for part in join_all(asked).await {
        live.readings.extend(part.readings);
        live.unclaimed.extend(part.unclaimed);
        live.searched.extend(part.searched);
        live.gap |= part.gap;
    }
    // What is asked in several regions, or seen below several states' parents, may be told more than once.
    live.unclaimed.sort_by_cached_key(identity);
    live.unclaimed.dedup_by_key(|found| identity(found));
    live
}

/// What tells two things apart that no state may claim.
fn identity(found: &Unclaimed) -> (String, String, AccountId, Option<Region>, Option<Address>) {
    (
        found.tf_type.clone(),
        found.import_id.clone(),
        found.account.clone(),
        found.region.clone(),
        found.under.clone(),
    )
}

/// The account and region that a resource is asked for in.
fn place(tracked: &Tracked<'_>, fallback: &Region) -> (Option<AccountId>, Region) {
    let region = tracked.place.region.clone();
    (
        tracked.place.account.clone(),
        region.unwrap_or_else(|| fallback.clone()),
    )
}

/// Parts the tracked resources by type, account and region. What DriftGuard does not read is answered at once.
fn groups<'a>(
    doors: &Doors,
    tracked: Vec<Tracked<'a>>,
    look: Look,
    live: &mut Live<'a>,
) -> Vec<Group<'a>> {
    let mut parts: BTreeMap<(usize, Option<AccountId>, Region), Vec<Tracked<'a>>> = BTreeMap::new();
    // What is global is asked once for the account.
    let region_for = |at: usize, region: Region| match ALL[at].scope {
        Scope::Global => doors.fallback.clone(),
        Scope::Regional => region,
    };
    let used: BTreeSet<_> = tracked
        .iter()
        .map(|one| place(one, &doors.fallback))
        .collect();
    for one in tracked {
        let (account, region) = place(&one, &doors.fallback);
        match ALL
            .iter()
            .position(|known| known.tf_type == one.resource.tf_type())
        {
            None => live
                .readings
                .push((one, Reading::Unknown(Reason::Unsupported))),
            Some(at) => parts
                .entry((at, account, region_for(at, region)))
                .or_default()
                .push(one),
        }
    }
    if look == Look::Account {
        for (at, _) in ALL.iter().enumerate().filter(|(_, known)| known.listed) {
            for (account, region) in used.clone() {
                parts
                    .entry((at, account, region_for(at, region)))
                    .or_default();
            }
        }
    }
    let group = |((at, account, region), tracked)| Group {
        account,
        region,
        known: ALL[at],
        tracked,
    };
    parts.into_iter().map(group).collect()
}

/// Asks one type in one account and region.
async fn ask<'a>(
    doors: &'a Doors,
    group: Group<'a>,
    beside: Arc<BTreeSet<&'a str>>,
    lens: &Lens<'a>,
) -> Live<'a> {
    let place = (group.account.clone(), group.region.clone());
    let session = match doors.sessions.get(&place) {
        Some(opened) => opened.as_ref().map_err(Reason::clone),
        None => Err(Reason::Failed {
            message: "this account and region were not opened: this is a defect".to_owned(),
        }),
    };
    let resources: Vec<_> = group.tracked.iter().map(|one| one.resource).collect();
    let ask = Ask {
        tracked: resources,
        beside,
        written: lens.written.clone(),
        look: lens.look,
    };
    let answer = match &session {
        Ok(session) => (group.known.read)(session, ask).await,
        Err(reason) => Answer::unknown(&ask, reason),
    };
    let account = session
        .as_ref()
        .map(|session| session.account().clone())
        .ok();
    let account = account.or(group.account);
    let region = (group.known.scope == Scope::Regional).then_some(group.region);
    let mut live = Live::default();
    for (resource, reading) in answer.readings {
        let place = Place {
            account: account.clone(),
            region: region.clone(),
        };
        let reading = sealed(reading, resource, lens);
        live.readings.push((Tracked { resource, place }, reading));
    }
    let seal = |mut found: Unclaimed| {
        let schema = lens.catalog.get(&found.tf_type);
        found.attributes = lens
            .redactor
            .seal(schema, std::mem::take(&mut found.attributes));
        found
    };
    live.unclaimed = answer.unclaimed.into_iter().map(seal).collect();
    live.gap = answer.gap.is_some();
    if group.known.listed && lens.look == Look::Account {
        let found = live
            .unclaimed
            .iter()
            .filter(|found| found.under.is_none())
            .count();
        let gap = answer.gap.as_ref();
        live.searched.push(coverage::row(
            group.known.tf_type,
            (account, region),
            found,
            gap,
        ));
    }
    live
}

/// A reading without its secrets: those that everybody knows for such, and those of the resource's own state.
fn sealed(reading: Reading, resource: &Resource, lens: &Lens<'_>) -> Reading {
    match reading {
        Reading::Found(attributes) => {
            let schema = lens.catalog.get(resource.tf_type());
            let mut sealed = lens.redactor.seal(schema, attributes);
            lens.redactor
                .seal_as_recorded(schema, &resource.attributes, &mut sealed);
            Reading::Found(sealed)
        }
        other => other,
    }
}
