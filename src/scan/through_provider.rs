//! Reads, through a provider that the operator supplies, what no native reader knows.

use super::load::Loaded;
use super::scan_stacks::ScanInput;
use crate::aws::Session;
use crate::live::{self, Sessions, Tracked};
use crate::model::{
    AwsLocation, Catalog, Declared, InstallationId, ProviderTags, Reason, Redactor, Region, Report,
    Resource, Schema, Tree, Value,
};
use crate::plugin::{
    Credentials, Deadline, Limits, Package, ProviderFolder, ProviderReading, Reader, Request,
    SOURCE, TOTAL, Target,
};
use crate::resources::{self, ResourceType};
use crate::settings::ProviderScope;
use futures::future::join_all;
use std::collections::BTreeMap;
use std::time::Duration;

/// The lock file of a root module.
const LOCK_FILE: &str = ".terraform.lock.hcl";
/// The types whose reading fetches a secret.
const SECRET_TYPES: &[&str] = &["aws_secretsmanager_secret_version", "aws_ssm_parameter"];

/// The operator's providers, as a scan may use them.
#[derive(Clone, Copy)]
pub struct ProviderAccess<'a> {
    /// The operator's folder.
    pub folder: &'a ProviderFolder,
    /// Whose scan it is: processes are shared among installations.
    pub installation: InstallationId,
    /// Whether a provider gets credentials that can only read, and no data.
    pub is_narrowed: bool,
    /// How long all reads may take together.
    pub time: Duration,
}

impl<'a> ProviderAccess<'a> {
    /// Lets providers read as the caller, with the caller's credentials as they are.
    pub fn of_caller(folder: &'a ProviderFolder) -> Self {
        Self {
            folder,
            installation: InstallationId(0),
            is_narrowed: false,
            time: TOTAL,
        }
    }
}

/// Returns the schemas of the types that are read: all that the provider has, where the operator supplies one.
pub(super) fn catalog(input: &ScanInput<'_>) -> Catalog {
    match input.providers {
        Some(_) => resources::full_catalog(),
        None => resources::catalog(),
    }
}

/// Returns whether the instances of the states are kept as they were recorded: a provider reads them, and proves fixes.
pub(super) fn keeps_recorded(input: &ScanInput<'_>) -> bool {
    let access = input.providers.as_ref();
    access.is_some_and(|access| access.folder.unavailable().is_none())
}

/// Returns whether no native reader knows a type.
fn is_foreign(tf_type: &str) -> bool {
    ResourceType::named(tf_type).is_none()
}

/// Reads what no native reader knows, where the operator supplies a provider.
pub(super) async fn read_foreign<'a>(
    input: &ScanInput<'a>,
    stacks: Vec<&'a Loaded>,
    sessions: &'a Sessions,
    redactor: &'a Redactor,
) -> ProviderResults<'a> {
    let Some(access) = input.providers else {
        return ProviderResults::default();
    };
    let scan = ProviderScan {
        access,
        tree: input.tree,
        settings: &input.settings.providers,
        sessions,
        redactor,
    };
    let includes = |resource: &Resource| is_foreign(resource.tf_type());
    let mut asked = Vec::with_capacity(stacks.len());
    for stack in stacks {
        asked.push(Asked {
            stack,
            declared: &stack.code.declared,
            before: None,
            includes: &includes,
        });
    }
    scan.read(asked).await
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
        let place = AwsLocation {
            account: provider.account.clone(),
            region: provider.region.as_str().and_then(Region::new),
        };
        (provider.key.clone(), place)
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
}

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

/// The resources that one process reads.
struct Group<'a> {
    package: Package,
    session: Session,
    tags: ProviderTags,
    requests: Vec<Request<'a>>,
}

impl<'a> ProviderScan<'a> {
    /// Reads these resources.
    pub(super) async fn read(&self, asked: Vec<Asked<'a, '_>>) -> ProviderResults<'a> {
        let mut results = ProviderResults::default();
        let mut groups = Vec::new();
        for asked in asked {
            self.add(&asked, &mut groups, &mut results).await;
        }
        let deadline = Deadline::after(self.access.time);
        let reads = groups
            .into_iter()
            .map(|group| self.read_group(group, deadline));
        for (readings, schemas) in join_all(reads).await {
            results.readings.extend(readings);
            results.schemas.extend(schemas);
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
        let included = tracked.into_iter().enumerate();
        let included = included.filter(|(_, tracked)| (asked.includes)(tracked.resource));
        let included: Vec<_> = included.collect();
        if included.is_empty() {
            return;
        }
        let path = &stack.stack.path;
        let lock_file = Tree::join(path, LOCK_FILE);
        let lock_file = lock_file.and_then(|path| self.tree.text(&path));
        let chosen = self.access.folder.choose(SOURCE, lock_file).await;
        if let Ok(chosen) = &chosen {
            let notes = chosen.note.iter();
            results
                .notes
                .extend(notes.map(|note| (path.clone(), note.clone())));
        }
        for (at, tracked) in included {
            let package = chosen.as_ref().map(|chosen| &chosen.package);
            let (package, session) = match self.target(&tracked, package) {
                Ok(target) => target,
                Err(reason) => {
                    let reading = ProviderReading::unknown(reason);
                    results.readings.push((tracked.resource, reading));
                    continue;
                }
            };
            let Some(recorded) = state.unsealed.get(&at) else {
                continue;
            };
            let address = &tracked.resource.address;
            let request = Request {
                resource: tracked.resource,
                state: recorded,
                declared: asked.declared.get(address),
                before: asked.before.and_then(|before| before.get(address)),
                is_located: is_located(&tracked),
            };
            let tags = tags(stack, tracked.resource);
            add_request(groups, (package, session, tags), request);
        }
    }

    /// Returns with which provider and in which session a resource is read.
    fn target<'p>(
        &self,
        tracked: &Tracked<'_>,
        package: Result<&'p Package, &String>,
    ) -> Result<(&'p Package, &'a Session), Reason> {
        if let Some(message) = self.left_out(tracked.resource.tf_type()) {
            return Err(Reason::Withheld { message });
        }
        let package = package.map_err(|message| Reason::NoProvider {
            message: message.clone(),
        })?;
        Ok((package, self.sessions.of(tracked)?))
    }

    /// Returns why a type is not read.
    fn left_out(&self, tf_type: &str) -> Option<String> {
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

    /// Reads a group in a process of its own.
    async fn read_group(
        &self,
        group: Group<'a>,
        deadline: Deadline,
    ) -> (
        Vec<(&'a Resource, ProviderReading)>,
        BTreeMap<String, Schema>,
    ) {
        let session = &group.session;
        let resources = group.requests.iter().map(|request| request.resource);
        let unread = |reason: Reason| {
            let unknown = |resource| (resource, ProviderReading::unknown(reason.clone()));
            (resources.clone().map(unknown).collect(), BTreeMap::new())
        };
        let slot = self.access.folder.slot(self.access.installation);
        let Some(_slot) = deadline.hold(slot).await.flatten() else {
            return unread(no_slot());
        };
        let credentials = match self.credentials(session).await {
            Ok(credentials) => credentials,
            Err(reason) => return unread(reason),
        };
        let launch = self
            .access
            .folder
            .launch(&group.package, session.endpoint());
        let launch = match launch {
            Ok(launch) => launch,
            Err(message) => return unread(Reason::NoProvider { message }),
        };
        let reader = Reader {
            launch,
            target: Target {
                account: session.account().clone(),
                region: session.region().clone(),
                credentials,
                tags: group.tags.clone(),
            },
            redactor: self.redactor,
            deadline,
            limits: Limits::default(),
        };
        let found = reader.read(&group.requests).await;
        (resources.zip(found.readings).collect(), found.schemas)
    }

    /// Returns the credentials that a provider gets.
    async fn credentials(&self, session: &Session) -> Result<Credentials, Reason> {
        let found = match self.access.is_narrowed {
            true => {
                let secrets = self.access.folder.reads_secrets();
                session.narrowed_credentials(secrets).await?
            }
            false => session.credentials().await?,
        };
        Ok(Credentials {
            access_key: found.access_key,
            secret_key: found.secret_key,
            token: found.token,
        })
    }
}

/// Returns the reason where all processes were taken for too long.
fn no_slot() -> Reason {
    Reason::Failed {
        message: "other scans held all processes that providers may have, for as long as this scan could wait: it is read \
                  with a later scan, or with a larger DRIFTGUARD_PROVIDER_PROCESSES"
            .to_owned(),
    }
}

/// Adds a resource to those that the same process reads.
fn add_request<'a>(
    groups: &mut Vec<Group<'a>>,
    (package, session, tags): (&Package, &Session, ProviderTags),
    request: Request<'a>,
) {
    let is_same = |group: &&mut Group<'_>| {
        group.package == *package
            && group.session.account() == session.account()
            && group.session.region() == session.region()
            && group.tags == tags
    };
    match groups.iter_mut().find(is_same) {
        Some(group) => group.requests.push(request),
        None => groups.push(Group {
            package: package.clone(),
            session: session.clone(),
            tags,
            requests: vec![request],
        }),
    }
}

/// Returns whether the account and the region of a resource are known: else another one may have answered.
fn is_located(tracked: &Tracked<'_>) -> bool {
    tracked.location.account.is_some() && tracked.location.region.is_some()
}

/// Returns the tags of the provider configuration that manages a resource; unknown where the code does not tell.
fn tags(stack: &Loaded, resource: &Resource) -> ProviderTags {
    let mut configurations = stack.code.providers.iter();
    let found = configurations.find(|configuration| configuration.key == resource.provider);
    found.map_or(
        ProviderTags {
            default: Value::Unknown,
            ..ProviderTags::default()
        },
        |configuration| configuration.tags.clone(),
    )
}
