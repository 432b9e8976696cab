//! Scans a workspace of the API: in this process, at once. An uploaded state, and code, is held in memory alone.

use super::services::{Services, providers, redactor};
use super::steps::access::verdict;
use super::steps::actors::{ActorNaming, AskingTime};
use super::steps::ambient::{self, Owner};
use super::steps::record::RecordedStack;
use super::steps::share::in_share;
use super::steps::uploaded_code::{code, failure, settings};
use crate::aws::{Access, Aws, Probes, Role};
use crate::code::OtherModules;
use crate::config::{Ambient, Config};
use crate::github::GitHub;
use crate::model::{
    InstallationId, Region, RepositoryId, ScanCourse, ScanError, StackReport, WorkspaceId, s3_place,
};
use crate::outbound::Outbound;
use crate::plugin::{ProviderFolder, TOTAL};
use crate::queue::api_scan::{ALIVE, ApiScan, ApiScanner, IsAmbient};
use crate::queue::inbox::Inbox;
use crate::queue::limit::{Clock, Limits};
use crate::queue::now;
use crate::queue::thread::{Meter, Threads};
use crate::report;
use crate::scan::ProviderAccess;
use crate::scan::load::{Stack, repository_scope};
use crate::scan::report_limit::limited;
use crate::scan::roles::workspace_external_id;
use crate::scan::scan_stacks::{ScanInput, scan_stacks};
use crate::score::Benchmark;
use crate::settings::StackSettings;
use crate::state::StateBudget;
use crate::state::backends::{HostTokens, HttpAccess};
use crate::store::Store;
use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tracing::{Instrument, info_span, warn};

/// How many of these scans run at once.
const AT_ONCE: usize = 2;
/// How often a scan gives a sign of life.
const RENEWED: Duration = Duration::from_secs(15);
/// Why a scan left no findings that found the memory in use.
const BUSY: &str = "other scans hold the server's memory: try again in a minute";
/// What a scan without code notes.
const NO_CODE: &str = "no code came with the state, so the state alone was compared with AWS";
/// Why a workspace without a role is not read.
const NO_ROLE: &str = "the workspace names no role, and the server's own AWS credentials are not for this organisation: create \
                       the workspace with a `role_arn`";

/// Runs the scans of workspaces.
pub struct ApiScans {
    means: Arc<Means>,
    threads: Threads,
}

/// The connections and limits that these scans share with the rest of a server.
struct Means {
    store: Store,
    aws: Aws,
    outbound: Outbound,
    limits: Limits,
    states: StateBudget,
    providers: Option<Arc<ProviderFolder>>,
    /// Whom the server's own credentials are for besides `local`, and who says which account an installation is on;
    /// `None` without an App.
    ambient: Option<(GitHub, Ambient)>,
    key: SecretString,
}

impl ApiScans {
    /// Creates what runs the scans of a server that acts as an App.
    pub(super) fn of_app(services: &Services) -> Self {
        Self::new(Means {
            store: services.store.clone(),
            aws: services.aws.clone(),
            outbound: services.outbound.clone(),
            limits: services.limits,
            states: services.states.clone(),
            providers: services.providers.clone(),
            ambient: Some((services.github.clone(), services.ambient.clone())),
            key: services.secret_key(),
        })
    }

    /// Creates what runs the scans of a server without an App, with these sessions of AWS.
    ///
    /// # Errors
    /// The connections to other addresses cannot be prepared, or the folder of providers cannot be read.
    pub fn alone(
        config: &Config,
        key: &SecretString,
        inbox: &Inbox,
        aws: Aws,
    ) -> anyhow::Result<Self> {
        Ok(Self::new(Means {
            store: inbox.store.clone(),
            aws,
            outbound: Outbound::new(config.private_addresses)?,
            limits: Limits::of_scan(config.scan_timeout),
            states: StateBudget::of_server(config.state_limit),
            providers: providers(config)?,
            ambient: None,
            key: key.clone(),
        }))
    }

    fn new(means: Means) -> Self {
        Self {
            means: Arc::new(means),
            threads: Threads::new(AT_ONCE),
        }
    }

    async fn run(&self, scan: ApiScan) {
        let tenant = self.means.store.of(scan.installation);
        let id = scan.id.clone();
        let span =
            info_span!("scan", installation = %scan.installation, workspace = %scan.workspace.id);
        let installation = scan.installation;
        let work = scanned(self.means.clone(), scan).instrument(span);
        let ended = tokio::select! {
            ended = self.threads.run(work) => ended.and_then(|scanned| scanned),
            never = renew(&self.means.store, installation, &id) => match never {},
        };
        let ended = ended.unwrap_or_else(|error| {
            tracing::error!(error = format!("{error:#}"), "a scan of the API failed");
            Err("the server failed: its log says why".to_owned())
        });
        let end = ended.as_ref().map(|at| *at).map_err(String::as_str);
        if let Err(error) = tenant.end_requested_scan(&id, end).await {
            warn!(
                error = format!("{error:#}"),
                "the end of a scan was not recorded"
            );
        }
    }
}

impl ApiScanner for ApiScans {
    fn start(self: Arc<Self>, scan: ApiScan) {
        tokio::spawn(async move { self.run(scan).await });
    }

    fn external_id(&self, installation: InstallationId, workspace: &WorkspaceId) -> String {
        workspace_external_id(self.means.key(), installation, workspace)
    }

    fn is_ambient(&self, installation: InstallationId) -> IsAmbient<'_> {
        Box::pin(self.means.is_ambient(installation))
    }
}

impl Means {
    fn key(&self) -> &[u8] {
        self.key.expose_secret().as_bytes()
    }

    /// Returns whether the server's own credentials read an organisation's workspaces.
    async fn is_ambient(&self, installation: InstallationId) -> anyhow::Result<bool> {
        if installation == InstallationId::LOCAL {
            return Ok(true);
        }
        let Some((github, ambient)) = &self.ambient else {
            return Ok(false);
        };
        if *ambient == Ambient::Off {
            return Ok(false);
        }
        let Some(account) = github.installation_account(installation).await? else {
            return Ok(false);
        };
        let owner = Owner {
            id: account.id,
            login: &account.login.to_lowercase(),
        };
        ambient::serves(ambient, &self.store, owner).await
    }
}

/// Gives signs of life of a scan.
async fn renew(store: &Store, installation: InstallationId, id: &str) -> Infallible {
    loop {
        let renewed = store.of(installation).renew_requested_scan(id, ALIVE).await;
        if let Err(error) = renewed {
            warn!(
                error = format!("{error:#}"),
                "a scan of the API was not renewed"
            );
        }
        tokio::time::sleep(RENEWED).await;
    }
}

/// Scans a workspace, and records the report. Returns when the recorded scan finished, or why it left no findings.
async fn scanned(means: Arc<Means>, mut scan: ApiScan) -> anyhow::Result<Result<i64, String>> {
    let meter = Arc::<Meter>::default();
    let mut course = ScanCourse {
        begun_at: now(),
        requested_by: "api".to_owned(),
        aws_calls: None,
    };
    let clock = Clock::of_work(means.limits, &meter);
    let work = report_of(&means, &mut scan, &clock);
    let outcome = match clock.hold(meter.measure(work)).await {
        Ok(outcome) => outcome?,
        Err(exceeded) => match exceeded.scan_error() {
            Ok(error) => Err(error),
            Err(_) => return Ok(Err("the scan was stopped: start it again".to_owned())),
        },
    };
    let id = &scan.workspace.id;
    let report = match outcome {
        Ok((report, calls)) => {
            course.aws_calls = Some(calls);
            report
        }
        Err(error) => StackReport {
            name: id.stack.clone(),
            path: scan.folder.clone(),
            backend: None,
            outcome: Err(error),
        },
    };
    let (tenant, finished_at) = (means.store.of(scan.installation), now());
    // It may have been deleted meanwhile.
    if tenant.workspace(id).await?.is_none() {
        return Ok(Err("the workspace is gone".to_owned()));
    }
    let stack = RecordedStack {
        tenant: &tenant,
        repository: RepositoryId::NONE,
        commit: "",
        course: &course,
    };
    stack.record(&report, finished_at).await?;
    Ok(match report.outcome {
        Ok(_) => Ok(finished_at),
        Err(error) => Err(error.message),
    })
}

/// Scans a workspace. Returns the report, and how many calls AWS was sent for it.
async fn report_of(
    means: &Means,
    scan: &mut ApiScan,
    clock: &Clock,
) -> anyhow::Result<Result<(StackReport, u64), ScanError>> {
    let has_code = scan.code.is_some();
    let read = code(scan.code.take(), &scan.folder).and_then(|tree| Ok((settings(&tree)?, tree)));
    let (settings, tree) = match read {
        Ok(read) => read,
        Err(error) => return Ok(Err(error)),
    };
    let access = match access(means, scan).await {
        Ok(access) => access,
        Err(error) => return Ok(Err(error)),
    };
    let probes = Probes::default();
    let aws = means.aws.with_access(access.clone(), &probes);
    let redactor = redactor(means.key(), scan.installation);
    let region = Region::new(&scan.workspace.region);
    let input = ScanInput {
        tree: &tree,
        settings: &settings,
        benchmark: Benchmark::parse(&settings.benchmark)?,
        region: region.context("the workspace names a region that is none")?,
        aws: &aws,
        http: &HttpAccess::of_server(means.outbound.clone(), HostTokens::default()),
        unmanaged_scope: repository_scope(&settings),
        redactor: &redactor,
        states: &means.states,
        memory: &means.states.memory(),
        today: report::day(now()),
        only: None,
        interrupt: clock.interrupt(),
        events: None,
        providers: providers_of(means, scan.installation),
    };
    let scanning = Box::pin(scan_stacks(&input, vec![stack(scan)], &|_| {}));
    let mut result = in_share(&means.store, &means.aws, scanning).await;
    if result.is_busy() {
        return Ok(Err(failure("busy", BUSY.to_owned())));
    }
    if let Err(problem) = verdict(&probes, &access) {
        return Ok(Err(failure("role", problem.to_string())));
    }
    let naming = ActorNaming {
        who: &settings.who,
        tenant: &means.store.of(scan.installation),
        repository: RepositoryId::NONE,
        clock,
        time: &AskingTime::default(),
    };
    naming.name_actors(&mut result).await?;
    result.hide_names();
    let mut reports = limited(std::mem::take(&mut result.report.stacks)).into_iter();
    let mut report = reports.next().context("a scan left no report")?;
    if let (Ok(scanned), false) = (&mut report.outcome, has_code) {
        scanned.notes.insert(0, NO_CODE.to_owned());
    }
    Ok(Ok((report, result.aws_calls())))
}

/// Returns the credentials of a workspace: its role, else the server's own where those are for its organisation.
async fn access(means: &Means, scan: &ApiScan) -> Result<Access, ScanError> {
    let Some(arn) = &scan.workspace.role_arn else {
        return match means.is_ambient(scan.installation).await {
            Ok(true) => Ok(Access::own()),
            Ok(false) => Err(failure("role", NO_ROLE.to_owned())),
            Err(error) => {
                let error = format!("{error:#}");
                warn!(error, "GitHub does not say which account this is");
                let message = "GitHub does not say whose account this is, so the server's own AWS credentials were not \
                               used: try again in a minute";
                Err(failure("role", message.to_owned()))
            }
        };
    };
    let external_id = workspace_external_id(means.key(), scan.installation, &scan.workspace.id);
    Ok(Access {
        role: Some(Role {
            arn: arn.clone(),
            external_id: Some(external_id),
        }),
        ..Access::default()
    })
}

/// Returns the operator's provider for AWS. Those beside it are for the repositories of the owners that the operator names.
fn providers_of(means: &Means, installation: InstallationId) -> Option<ProviderAccess<'_>> {
    let folder = means.providers.as_deref()?;
    Some(ProviderAccess {
        folder,
        installation,
        is_narrowed: true,
        sources: Vec::new(),
        time: TOTAL.min(means.limits.time / 2),
    })
}

/// Returns what a workspace is scanned with. The modules of other repositories are those that `terraform init` installed,
/// where the uploaded code holds them.
fn stack(scan: &mut ApiScan) -> Stack {
    let mut settings = StackSettings::of_path(&scan.folder);
    let place = scan.workspace.state.as_deref().and_then(s3_place);
    settings.state = place.map(|(bucket, key)| (bucket.to_owned(), key.to_owned()));
    let given = scan.state.take();
    let given = given.map(|state| ("the uploaded state".to_owned(), state.into()));
    Stack {
        name: scan.workspace.id.stack.clone(),
        modules: OtherModules::Installed,
        given,
        ..Stack::new(settings, None)
    }
}
