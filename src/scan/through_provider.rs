//! Reads, through a provider that the operator supplies, what no native reader knows.

use super::load::Loaded;
use super::scan_stacks::ScanInput;
use crate::aws::Session;
use crate::live::{self, Sessions, Tracked};
use crate::model::{
    AwsLocation, Catalog, Declared, ProviderTags, Reason, Redactor, Region, Report, Resource,
    Schema, Tree, Value,
};
use crate::plugin::{
    Credentials, Deadline, Launch, Limits, Package, ProviderFolder, ProviderReading, Reader,
    Request, Target,
};
use crate::resources::{self, ResourceType};
use crate::settings::ProviderScope;
use futures::future::join_all;
use std::collections::BTreeMap;

/// The lock file of a root module.
const LOCK_FILE: &str = ".terraform.lock.hcl";
/// The types whose reading fetches a secret.
const SECRET_TYPES: &[&str] = &["aws_secretsmanager_secret_version", "aws_ssm_parameter"];

/// Returns the schemas of the types that are read: all that the provider has, where the operator supplies one.
pub(super) fn catalog(input: &ScanInput<'_>) -> Catalog {
    match input.providers {
        Some(_) => resources::full_catalog(),
        None => resources::catalog(),
    }
}

/// Returns whether the instances of the states are kept as they were recorded: a provider reads them, and proves fixes.
pub(super) fn keeps_recorded(input: &ScanInput<'_>) -> bool {
    input.providers.is_some()
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
    let Some(folder) = input.providers else {
        return ProviderResults::default();
    };
    let scan = ProviderScan {
        folder,
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
    /// The operator's folder.
    pub folder: &'a ProviderFolder,
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
        let deadline = Deadline::start();
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
        let chosen = self.folder.choose(lock_file).await;
        if let Ok(chosen) = &chosen {
            let notes = chosen.note.iter();
            results
                .notes
                .extend(notes.map(|note| (path.clone(), note.clone())));
        }
        for (at, tracked) in included {
            let address = &tracked.resource.address;
            let request = Request {
                resource: tracked.resource,
                state: match state.unsealed.get(&at) {
                    Some(state) => state,
                    None => continue,
                },
                declared: asked.declared.get(address),
                before: asked.before.and_then(|before| before.get(address)),
                is_located: is_located(&tracked),
            };
            let package = chosen.as_ref().map(|chosen| &chosen.package);
            match self.target(&tracked, package) {
                Ok((package, session)) => {
                    let tags = tags(stack, tracked.resource);
                    add_request(groups, (package, session, tags), request);
                }
                Err(reason) => {
                    let reading = ProviderReading::unknown(reason);
                    results.readings.push((tracked.resource, reading));
                }
            }
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
        SECRET_TYPES.contains(&tf_type).then(|| {
            "the provider fetches the secret itself when it reads this type, so DriftGuard does not ask it to".to_owned()
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
        let _slot = self.folder.slot().await;
        let session = &group.session;
        let resources = group.requests.iter().map(|request| request.resource);
        let credentials = match session.credentials().await {
            Ok(credentials) => credentials,
            Err(reason) => {
                let unknown = |resource| (resource, ProviderReading::unknown(reason.clone()));
                return (resources.map(unknown).collect(), BTreeMap::new());
            }
        };
        let reader = Reader {
            launch: Launch {
                binary: group.package.binary.clone(),
                endpoint: session.endpoint().map(str::to_owned),
                logs_calls: false,
            },
            target: Target {
                account: session.account().clone(),
                region: session.region().clone(),
                credentials: Credentials {
                    access_key: credentials.access_key,
                    secret_key: credentials.secret_key,
                    token: credentials.token,
                },
                tags: group.tags.clone(),
            },
            redactor: self.redactor,
            deadline,
            limits: Limits::default(),
        };
        let found = reader.read(&group.requests).await;
        (resources.zip(found.readings).collect(), found.schemas)
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
