//! Reads, through a provider that the operator supplies, what no native reader knows.

use super::load::Loaded;
use super::provider_access::ProviderAccess;
use super::provider_group::{Configured, Group};
use super::scan_stacks::ScanInput;
use crate::live::{self, Sessions, Tracked};
use crate::model::{
    Address, Attributes, AwsLocation, Coverage, Declared, ProviderKey, ProviderTags, Reason,
    Redactor, Region, Report, Resource, Schema, Status, Tree, UnsealedState, Value,
};
use crate::plugin::{Deadline, Package, ProviderReading, Request, SOURCE};
use crate::resources::{ResourceType, provider_rules};
use crate::settings::ProviderScope;
use futures::future::join_all;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The lock file of a root module.
const LOCK_FILE: &str = ".terraform.lock.hcl";
/// The types whose reading fetches a secret.
pub(super) const SECRET_TYPES: &[&str] = &[
    "aws_api_gateway_api_key",
    "aws_api_gateway_usage_plan_key",
    "aws_appsync_api_key",
    "aws_secretsmanager_secret_version",
    "aws_ssm_parameter",
];

/// Returns whether no native reader knows a resource.
pub(super) fn is_foreign(resource: &Resource) -> bool {
    !resource.provider.is_aws() || ResourceType::named(resource.tf_type()).is_none()
}

/// Reads what no native reader knows, where the operator supplies a provider.
pub(super) async fn read_foreign<'a>(
    input: &ScanInput<'a>,
    stacks: Vec<&'a Loaded>,
    sessions: &'a Sessions,
    redactor: &'a Redactor,
) -> ProviderResults<'a> {
    let Some(access) = input.providers.clone() else {
        return ProviderResults::default();
    };
    let scan = ProviderScan {
        access,
        tree: input.tree,
        settings: &input.settings.providers,
        sessions,
        redactor,
    };
    let includes = |resource: &Resource| is_foreign(resource);
    let mut asked = Vec::with_capacity(stacks.len());
    for stack in stacks {
        asked.push(Asked {
            stack,
            declared: &stack.code.declared,
            before: None,
            includes: &includes,
            native: NativeReadings::new(),
            new: &[],
        });
    }
    scan.read(asked).await
}

/// Marks what would be read through a provider, where none is supplied.
pub(super) fn name_readable(coverage: &mut [Coverage], input: &ScanInput<'_>) {
    if input.providers.is_some() {
        return;
    }
    let settings = &input.settings.providers;
    for row in coverage {
        let tf_type = row.tf_type.as_str();
        row.with_provider = row.status == Status::Unsupported
            && ResourceType::named(tf_type).is_none()
            && settings.include(tf_type)
            && !SECRET_TYPES.contains(&tf_type);
    }
}

/// Adds what is to be said of the providers to the reports of their stacks.
pub(super) fn note_providers(report: &mut Report, notes: Vec<(String, String)>) {
    for (path, note) in notes {
        let stacks = report.stacks.iter_mut();
        for stack in stacks.filter(|stack| stack.path == path) {
            if let Ok(scanned) = &mut stack.outcome {
                scanned.notes.push(note.clone());
            }
        }
    }
}

/// Returns the accounts and regions that the code's providers configure.
pub(super) fn providers(loaded: &Loaded) -> live::Providers {
    let providers = loaded.code.providers.iter().map(|provider| {
        let configured = live::ProviderLocation {
            location: AwsLocation {
                account: provider.account.clone(),
                region: provider.region.as_str().and_then(Region::new),
            },
            is_region_unknown: provider.region == Value::Unknown,
        };
        (provider.key.clone(), configured)
    });
    providers.collect()
}

/// What to read, and how.
pub(super) struct ProviderScan<'a> {
    /// The operator's providers.
    pub access: ProviderAccess<'a>,
    /// The files of the repository.
    pub tree: &'a Tree,
    /// What the repository leaves out.
    pub settings: &'a ProviderScope,
    /// The sessions of the scan.
    pub sessions: &'a Sessions,
    /// Replaces secrets.
    pub redactor: &'a Redactor,
}

/// Which resources of a stack are read, and the code that they are planned from.
pub(super) struct Asked<'a, 'f> {
    /// The stack.
    pub stack: &'a Loaded,
    /// The evaluated code.
    pub declared: &'a Declared,
    /// The evaluated code before the edits that are to be proven.
    pub before: Option<&'a Declared>,
    /// Whether a resource is read.
    pub includes: &'f (dyn Fn(&Resource) -> bool + Sync),
    /// What native readers read of resources that are only planned.
    pub native: NativeReadings<'a>,
    /// Resources that the edited code takes over, and that no state has yet.
    pub new: &'a [NewResource],
}

/// A resource that no state has yet.
pub(super) struct NewResource {
    /// What is known of it.
    pub resource: Resource,
    /// The resource below which it was found: what reads that one reads this one.
    pub parent: Address,
}

impl NewResource {
    /// Returns the resource where its parent is.
    fn located<'a>(&'a self, all: &[Tracked<'_>]) -> Option<Tracked<'a>> {
        let mut all = all.iter();
        let parent = all.find(|tracked| tracked.resource.address == self.parent)?;
        Some(Tracked {
            resource: &self.resource,
            location: parent.location.clone(),
            doubt: parent.doubt.clone(),
        })
    }
}

/// The readings of native readers, by address.
pub(super) type NativeReadings<'a> = BTreeMap<&'a Address, &'a Attributes>;

/// What was read through providers.
#[derive(Default)]
pub(super) struct ProviderResults<'a> {
    /// A reading for each resource that no native reader knows.
    pub readings: Vec<(&'a Resource, ProviderReading)>,
    /// The schemas of their types.
    pub schemas: BTreeMap<String, Schema>,
    /// Notes for the report, by the path of the stack.
    pub notes: Vec<(String, String)>,
}

impl<'a> ProviderScan<'a> {
    /// Reads these resources.
    pub(super) async fn read(&self, asked: Vec<Asked<'a, '_>>) -> ProviderResults<'a> {
        let mut results = ProviderResults::default();
        let mut groups = Vec::new();
        for asked in asked {
            self.add(&asked, &mut groups, &mut results).await;
        }
        // A plan alone is worth no process of its own.
        groups.retain(Group::reads);
        let deadline = Deadline::after(self.access.time);
        let reads = groups.into_iter().map(|group| group.read(self, deadline));
        for (readings, schemas) in join_all(reads).await {
            results.readings.extend(readings);
            let schemas = schemas.into_iter();
            results.schemas.extend(schemas.map(|(name, schema)| {
                let rules = provider_rules(&name);
                (name, Schema { rules, ..schema })
            }));
        }
        results
    }

    /// Adds the resources of a stack to the processes that will read them.
    async fn add(
        &self,
        asked: &Asked<'a, '_>,
        groups: &mut Vec<Group<'a>>,
        results: &mut ProviderResults<'a>,
    ) {
        let stack = asked.stack;
        let Ok(state) = stack.scannable() else {
            return;
        };
        let tracked = live::locate(&state.resources, &providers(stack));
        let new = asked.new.iter().filter_map(|new| new.located(&tracked));
        let new: Vec<_> = new.map(|new| (new, None, SOURCE)).collect();
        let included = tracked.into_iter().enumerate();
        let included = included.filter(|(_, tracked)| (asked.includes)(tracked.resource));
        let included = included.map(|(at, tracked)| {
            let recorded = state.unsealed.get(&at);
            let source = recorded.and_then(|recorded| recorded.source.as_deref());
            (tracked, recorded, source.unwrap_or(SOURCE))
        });
        let included: Vec<_> = included.chain(new).collect();
        let tags = stack.code.provider_tags();
        let mut chosen = BTreeMap::new();
        let sources: BTreeSet<_> = included.iter().map(|(_, _, source)| *source).collect();
        for source in sources {
            chosen.insert(source, self.choose(stack, source, results).await);
        }
        for (tracked, recorded, source) in included {
            let package = chosen.get(source).and_then(|package| package.as_ref().ok());
            let problem = chosen
                .get(source)
                .and_then(|package| package.as_ref().err());
            let configured = match (self.left_out(&tracked), problem) {
                (Some(message), _) => Err(Reason::Withheld { message }),
                (None, Some(message)) => Err(Reason::NoProvider {
                    message: message.clone(),
                }),
                (None, None) => self.configured(&tags, &tracked, source),
            };
            match (configured, package) {
                (Ok(configured), Some(package)) if recorded.is_some() || asked.adds(&tracked) => {
                    let request = asked.request(&tracked, recorded);
                    Group::add(groups, package, configured, request);
                }
                (Err(reason), _) => {
                    let reading = ProviderReading::unknown(reason);
                    results.readings.push((tracked.resource, reading));
                }
                _ => {}
            }
        }
    }

    /// Chooses the package of a provider for a stack.
    async fn choose(
        &self,
        stack: &Loaded,
        source: &str,
        results: &mut ProviderResults<'a>,
    ) -> Result<Package, String> {
        let path = &stack.stack.path;
        let lock_file = Tree::join(path, LOCK_FILE);
        let lock_file = lock_file.and_then(|path| self.tree.text(&path));
        let chosen = self.access.folder.choose(source, lock_file).await?;
        let notes = chosen.note.into_iter();
        results.notes.extend(notes.map(|note| (path.clone(), note)));
        Ok(chosen.package)
    }

    /// Returns what the provider of a resource is configured with.
    fn configured(
        &self,
        tags: &BTreeMap<&ProviderKey, &'a ProviderTags>,
        tracked: &Tracked<'_>,
        source: &str,
    ) -> Result<Configured<'a>, Reason> {
        let resource = tracked.resource;
        match self.access.source(source) {
            Some(known) => Ok(Configured::Other(
                &known.configuration,
                resource.provider.clone(),
            )),
            None => {
                let tags = tags.get(&resource.provider).copied();
                let tags = tags.map_or_else(|| Cow::Owned(unknown_tags()), Cow::Borrowed);
                Ok(Configured::Aws(self.sessions.of(tracked)?, tags))
            }
        }
    }

    /// Returns why a resource is left out.
    fn left_out(&self, tracked: &Tracked<'_>) -> Option<String> {
        let tf_type = tracked.resource.tf_type();
        if !self.settings.include(tf_type) {
            return Some("`providers` in .driftguard.yml leaves this type out".to_owned());
        }
        let is_withheld = SECRET_TYPES.contains(&tf_type) && !self.access.folder.reads_secrets();
        is_withheld.then(|| {
            "the provider fetches the secret itself when it reads this type, so DriftGuard does not ask it to without \
             DRIFTGUARD_PROVIDER_SECRETS"
                .to_owned()
        })
    }
}

impl<'a> Asked<'a, '_> {
    /// Returns whether the edited code takes a resource over.
    fn adds(&self, tracked: &Tracked<'_>) -> bool {
        let mut new = self.new.iter();
        new.any(|new| std::ptr::eq(&new.resource, tracked.resource))
    }

    /// Returns what a provider needs to read and plan a resource.
    fn request(&self, tracked: &Tracked<'a>, state: Option<&'a UnsealedState>) -> Request<'a> {
        let address = &tracked.resource.address;
        Request {
            resource: tracked.resource,
            state,
            declared: self.declared.get(address),
            before: self.before.and_then(|before| before.get(address)),
            is_located: state.is_some_and(|state| state.source.is_some()) || is_located(tracked),
            native: self.native.get(address).copied(),
        }
    }
}

/// Returns whether the account and the region of a resource are known for certain: else another one may have answered.
fn is_located(tracked: &Tracked<'_>) -> bool {
    let is_told = tracked.location.account.is_some() && tracked.location.region.is_some();
    is_told && tracked.doubt.is_none()
}

/// Returns the tags of a provider configuration that the code does not tell.
fn unknown_tags() -> ProviderTags {
    ProviderTags {
        default: Value::Unknown,
        ..ProviderTags::default()
    }
}
