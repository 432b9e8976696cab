//! The path itself: files, settings, stacks, state, live, diff, score, price, patch, report, record, propose.

use super::access;
use super::job::{JobError, Process, ScanOrder};
use super::load::{self, Stack};
use super::now;
use super::onboarding::derive;
use super::propose::Proposer;
use super::survey::{Request, Survey, survey};
use crate::aws::{Access, Aws};
use crate::config::{App, Config};
use crate::github::{CheckRun, Conclusion, GitHub, GithubError, Head, Repository};
use crate::model::{InstallationId, Redactor, ScanError, StackReport, Tree};
use crate::patch;
use crate::report::{self, CheckText};
use crate::resources::Look;
use crate::score::Benchmark;
use crate::settings::{self, Settings};
use crate::store::{ScanRecord, Store};
use anyhow::{Context, anyhow};
use secrecy::ExposeSecret;
use tracing::{Instrument, info, info_span};

/// The check of a repository that could not be scanned at all.
const CHECK: &str = "DriftGuard";

/// Makes scans for the App's installations.
pub struct Scanner {
    github: GitHub,
    store: Store,
    aws: Aws,
    /// Whether a repository without a role is read with the server's own credentials.
    ambient: bool,
    key: secrecy::SecretString,
}

impl Scanner {
    /// The scanner of this server.
    ///
    /// # Errors
    /// When the App's key is none, or the database cannot be reached.
    pub async fn new(config: &Config, app: &App) -> anyhow::Result<Self> {
        Ok(Self {
            github: GitHub::new(&config.api_url, app.id, &app.private_key)?,
            store: Store::connect(config.database_url.expose_secret()).await?,
            aws: Aws::connect(
                Access {
                    own: true,
                    ..Access::default()
                },
                None,
            )
            .await,
            ambient: config.ambient,
            key: app.secret_key.clone(),
        })
    }

    fn key(&self) -> &[u8] {
        self.key.expose_secret().as_bytes()
    }
}

impl Process for Scanner {
    async fn scan(&self, order: ScanOrder) -> Result<(), JobError> {
        let span =
            info_span!("scan", installation = %order.installation, repository = %order.repository);
        self.run(order).instrument(span).await
    }

    async fn redeliver(&self) -> anyhow::Result<()> {
        let asked = self.github.redeliver().await?;
        if asked > 0 {
            info!(asked, "asked GitHub to deliver again");
        }
        Ok(())
    }
}

/// One scan: the repository as it stands, and what was asked for.
struct Scan<'a> {
    order: &'a ScanOrder,
    repository: &'a Repository,
    head: &'a Head,
    settings: &'a Settings,
    tree: &'a Tree,
}

impl Scanner {
    async fn run(&self, order: ScanOrder) -> Result<(), JobError> {
        let tenant = self.store.of(order.installation);
        let known = tenant.repository(order.repository).await?;
        let gone = || JobError::Fatal(anyhow!("the repository was taken from the installation"));
        let known = known.ok_or_else(gone)?;
        let repository = self
            .github
            .repository(order.installation, order.repository, known.name);
        let head = repository.head().await.map_err(judged)?;
        let tree = repository.tree(&head.commit).await.map_err(judged)?;
        let settings = match settings(&tree) {
            Ok(settings) => settings,
            Err(wrong) => {
                let text = report::failed("The settings cannot be read", &wrong);
                return leave(&repository, &head, CHECK, &text).await;
            }
        };
        if !head.private && !settings.pull_requests.public {
            info!("a public repository: nothing is published, so nothing is scanned");
            return Ok(());
        }
        let scan = Scan {
            order: &order,
            repository: &repository,
            head: &head,
            settings: &settings,
            tree: &tree,
        };
        match self.stacks(&scan) {
            Ok(stacks) => self.stacks_by_access(&scan, stacks).await,
            Err(wrong) => {
                let text = report::failed("The stacks could not be told", &wrong.message);
                leave(&repository, &head, CHECK, &text).await
            }
        }
    }

    fn stacks(&self, scan: &Scan<'_>) -> Result<Vec<Stack>, ScanError> {
        let mut stacks = load::stacks(scan.tree, scan.settings)?;
        if let Some(only) = &scan.order.stack {
            stacks.retain(|stack| stack.name == *only);
        }
        Ok(stacks)
    }

    /// Scans the stacks that are read with the same roles together.
    async fn stacks_by_access(&self, scan: &Scan<'_>, stacks: Vec<Stack>) -> Result<(), JobError> {
        let external_id =
            super::onboarding::external_id(self.key(), scan.head.owner, scan.order.repository.0);
        let groups = access::groups(stacks, scan.settings, &external_id, self.ambient);
        let several = groups.len() > 1;
        for (access, stacks) in groups {
            let Some(access) = access else {
                let text = access::onboarding(&self.aws, &external_id).await;
                leave(scan.repository, scan.head, CHECK, &text).await?;
                continue;
            };
            if let Some(open) = access::open_role(&self.aws, &access).await {
                let text = report::failed("A role lets anybody in", &open);
                leave(scan.repository, scan.head, CHECK, &text).await?;
                continue;
            }
            // What the other group claims is not known here: then nothing is called unmanaged.
            let look = if several {
                Look::Off
            } else {
                look(scan.settings)
            };
            self.survey(scan, access, stacks, look).await?;
        }
        Ok(())
    }

    async fn survey(
        &self,
        scan: &Scan<'_>,
        access: Access,
        stacks: Vec<Stack>,
        look: Look,
    ) -> Result<(), JobError> {
        let aws = self.aws.with_access(access);
        let fatal = |error| JobError::Fatal(anyhow::Error::new(error));
        let redactor = self.redactor(scan.order.installation);
        let request = Request {
            tree: scan.tree,
            settings: scan.settings,
            benchmark: Benchmark::parse(&scan.settings.benchmark).map_err(fatal)?,
            region: aws
                .default_region()
                .context("AWS's configuration names a region that is none")?,
            aws: &aws,
            look,
            redactor: &redactor,
            today: jiff::Timestamp::now().strftime("%F").to_string(),
        };
        let mut survey = survey(&request, stacks, &|_| {}).await;
        plan(&mut survey, scan.tree);
        for stack in &survey.report.stacks {
            self.publish(scan, stack)
                .instrument(info_span!("stack", name = %stack.name))
                .await?;
        }
        Ok(())
    }

    /// Records what a scan says of a stack, and tells GitHub.
    async fn publish(&self, scan: &Scan<'_>, stack: &StackReport) -> Result<(), JobError> {
        let tenant = self.store.of(scan.order.installation);
        let proposer = Proposer {
            tenant: &tenant,
            id: scan.order.repository,
            repository: scan.repository,
            head: scan.head,
            settings: &scan.settings.pull_requests,
            tree: scan.tree,
        };
        let pulls = proposer.propose(stack).await.map_err(|error| {
            match error.downcast::<GithubError>() {
                Ok(error) => judged(error),
                Err(error) => JobError::Retry(error),
            }
        })?;
        let name = format!("{CHECK} / {}", stack.name);
        leave(
            scan.repository,
            scan.head,
            &name,
            &report::check(stack, &pulls),
        )
        .await?;
        let record = ScanRecord {
            id: format!(
                "{}/{}/{}",
                scan.order.repository, stack.name, scan.head.commit
            ),
            repository: scan.order.repository,
            stack: stack.name.to_string(),
            commit: scan.head.commit.clone(),
            outcome: serde_json::to_value(stack).context("while writing a scan's outcome")?,
            finished_at: now(),
        };
        tenant.record_scan(&record).await?;
        let findings = stack
            .outcome
            .as_ref()
            .map_or(0, |scanned| scanned.findings.len());
        info!(findings, pulls = ?pulls, "scanned");
        Ok(())
    }

    /// Fingerprints of one installation tell nothing to another.
    fn redactor(&self, installation: InstallationId) -> Redactor {
        Redactor::new(&derive(self.key(), &format!("fingerprints/{installation}")))
    }
}

/// The settings of the default branch.
fn settings(tree: &Tree) -> Result<Settings, String> {
    let Some(bytes) = tree.files.get(settings::FILE) else {
        return Ok(Settings::default());
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|_| format!("{} is not UTF-8: save it as such", settings::FILE))?;
    let read = Settings::parse(text).map_err(|error| error.to_string())?;
    Benchmark::parse(&read.benchmark).map_err(|error| format!("{}: {error}", settings::FILE))?;
    Ok(read)
}

fn look(settings: &Settings) -> Look {
    settings.unmanaged.map_or(Look::Children, load::look)
}

/// Plans the fix of every finding.
fn plan(survey: &mut Survey, tree: &Tree) {
    for (report, loaded) in survey.report.stacks.iter_mut().zip(&survey.loaded) {
        let stack = patch::Stack {
            tree,
            folder: &loaded.stack.path,
            options: &loaded.options,
            declared: &loaded.code.declared,
            catalog: &survey.catalog,
        };
        if let Ok(scanned) = &mut report.outcome {
            patch::plan(
                &mut scanned.findings,
                &stack,
                loaded.stack.settings.fix.into(),
            );
        }
    }
}

/// Leaves a check run on the scanned commit.
async fn leave(
    repository: &Repository,
    head: &Head,
    name: &str,
    text: &CheckText,
) -> Result<(), JobError> {
    let check = CheckRun {
        name,
        commit: &head.commit,
        conclusion: if text.good {
            Conclusion::Success
        } else {
            Conclusion::Neutral
        },
        title: &text.title,
        summary: &text.summary,
        text: &text.text,
        annotations: &[],
    };
    repository.check(&check).await.map_err(judged)
}

/// Whether another try of a job may have another end.
fn judged(error: GithubError) -> JobError {
    match error {
        GithubError::NotFound(_) | GithubError::Forbidden { .. } => JobError::Fatal(error.into()),
        error => JobError::Retry(error.into()),
    }
}
