//! Holds what the jobs of a server share: GitHub, the database, the queue, AWS, and the server's key.

use crate::aws::{Access, Aws};
use crate::config::{Ambient, App, Config, HcpToken, PROVIDERS};
use crate::github::{GitHub, Limits};
use crate::model::{InstallationId, Redactor};
use crate::modules::ModuleStore;
use crate::outbound::Outbound;
use crate::plugin::ProviderFolder;
use crate::queue::Metrics;
use crate::queue::inbox::Inbox;
use crate::queue::limit;
use crate::queue::storage::Queue;
use crate::scan::roles::derive;
use crate::state::StateBudget;
use crate::store::Store;
use anyhow::Context;
use secrecy::ExposeSecret;
use std::sync::Arc;

/// The connections and limits that the jobs of a server share.
pub(super) struct Services {
    pub github: GitHub,
    pub store: Store,
    pub queue: Queue,
    pub metrics: Arc<Metrics>,
    pub aws: Aws,
    pub outbound: Outbound,
    /// Fetches modules of other repositories.
    pub modules: ModuleStore,
    /// The URL of GitHub's pages, without a trailing slash.
    pub pages_url: String,
    /// The time limits for the reading and comparing part of a scan.
    pub limits: limit::Limits,
    /// The owners whose repositories are read with the server's own credentials where they name no role.
    pub ambient: Ambient,
    /// The tokens for states in HCP Terraform, each of one account.
    pub hcp_tokens: Vec<HcpToken>,
    /// The limits on the size of states, over all scans.
    pub states: StateBudget,
    /// The operator's Terraform providers.
    pub providers: Option<Arc<ProviderFolder>>,
    key: secrecy::SecretString,
}

impl Services {
    /// Connects to GitHub and AWS. Reads AWS with the process's own credentials and the roles that they may assume.
    pub(super) async fn connect(config: &Config, app: &App, inbox: &Inbox) -> anyhow::Result<Self> {
        Self::new(config, app, inbox, Aws::connect(Access::own(), None).await)
    }

    pub(super) fn new(config: &Config, app: &App, inbox: &Inbox, aws: Aws) -> anyhow::Result<Self> {
        let limits = Limits {
            requests_at_once: config.github_requests,
            points_a_minute: config.github_points,
        };
        let ledger = Arc::new(inbox.store.clone());
        let (api, key) = (&config.api_url, &app.private_key);
        let github = GitHub::with(api, app.id, key, limits, ledger)?;
        let outbound = Outbound::new(config.private_addresses)?;
        let (pages, modules) = (&config.pages_url, &config.modules);
        Ok(Self {
            modules: ModuleStore::new(github.clone(), pages, outbound.clone(), modules),
            github,
            store: inbox.store.clone(),
            queue: inbox.queue.clone(),
            metrics: inbox.metrics.clone(),
            aws,
            outbound,
            pages_url: config.pages_url.clone(),
            limits: limit::Limits::of_scan(config.scan_timeout),
            ambient: config.ambient.clone(),
            hcp_tokens: config.hcp_tokens.clone(),
            states: StateBudget::of_server(config.state_limit),
            providers: providers(config)?,
            key: app.secret_key.clone(),
        })
    }

    /// Returns the server's key.
    pub(super) fn key(&self) -> &[u8] {
        self.key.expose_secret().as_bytes()
    }

    /// Returns the server's key, for what keeps it.
    pub(super) fn secret_key(&self) -> secrecy::SecretString {
        self.key.clone()
    }

    /// Returns the redactor of an installation.
    pub(super) fn redactor(&self, installation: InstallationId) -> Redactor {
        redactor(self.key(), installation)
    }
}

/// Returns the redactor of an installation: its fingerprints mean nothing to another installation.
pub(super) fn redactor(key: &[u8], installation: InstallationId) -> Redactor {
    Redactor::new(&derive(key, &format!("fingerprints/{installation}")))
}

/// Opens the operator's folder of providers, and logs why nothing would be started of it.
pub(super) fn providers(config: &Config) -> anyhow::Result<Option<Arc<ProviderFolder>>> {
    let Some(settings) = &config.providers else {
        return Ok(None);
    };
    let folder = ProviderFolder::of_server(settings).context(PROVIDERS)?;
    if let Some(reason) = folder.unavailable() {
        tracing::warn!(reason, "providers are not used");
    }
    Ok(Some(Arc::new(folder)))
}
