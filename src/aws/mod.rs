//! Connects to AWS: credentials, accounts, retries, budgets. Knows no resource type, and only reads.

mod budget;
mod memo;
mod narrow;
mod probe;
mod reach;
mod reason;
mod session;
mod trail;

pub use narrow::{API_KEYS, session_policy};
pub use probe::{Probe, Probes};
pub use session::{Pages, Session, SessionCredentials};
pub use trail::{EventPage, EventQuery, LOOKUP};

use crate::model::{AccountId, Reason, Region};
use anyhow::Context;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_types::sdk_config::SharedCredentialsProvider;
use budget::{AccountBudget, Budgets, CallQueue};
use memo::Memo;
use narrow::AssumedFrom;
use reach::Reach;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// How often the SDK tries a call that AWS throttles or drops, with growing pauses.
const MAX_ATTEMPTS: u32 = 6;
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one attempt of a call may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// The region of STS where nothing names one.
const FALLBACK_REGION: &str = "us-east-1";
/// The role session name that CloudTrail shows.
const SESSION_NAME: &str = "driftguard";

/// The credentials to read each account with.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Whether the process's own credentials are used where no role is named.
    pub own: bool,
    /// The role for every account that `by_account` lacks.
    pub role: Option<Role>,
    /// The read roles of further accounts.
    pub by_account: BTreeMap<AccountId, Role>,
}

impl Access {
    /// Returns the process's own credentials, for whatever names no role.
    pub fn own() -> Self {
        Self {
            own: true,
            ..Self::default()
        }
    }
}

/// A role to assume.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Role {
    /// The role's ARN.
    pub arn: String,
    /// The external id that the trust policy requires, so that no other repository can use the role.
    pub external_id: Option<String>,
}

/// An account, with the credentials that reach it.
struct Identity {
    account: AccountId,
    arn: String,
    config: SdkConfig,
    budget: AccountBudget,
    /// Counts the calls of the scan.
    calls: Arc<AtomicU64>,
    memo: Memo,
    /// Where the credentials come from; `None` for the process's own.
    assumed_from: Option<AssumedFrom>,
}

/// The AWS connections of one scan. Clones share what was read.
#[derive(Clone)]
pub struct Aws(Arc<AwsInner>);

struct AwsInner {
    base: SdkConfig,
    access: Access,
    budgets: Budgets,
    sts: Arc<CallQueue>,
    /// How many calls were sent, without what the SDK repeats.
    calls: Arc<AtomicU64>,
    reach: Reach,
    /// The probes that each role has to pass; `None` where the caller's own roles are used.
    probes: Option<Probes>,
    identities: Mutex<BTreeMap<Option<Role>, IdentityCell>>,
}

/// An identity, resolved by whoever needs it first.
type IdentityCell = Arc<OnceCell<Arc<Identity>>>;

impl Aws {
    /// Loads the process's credentials and region as the AWS tools do: environment, profile, SSO, instance role.
    /// `region` takes precedence. Makes no call.
    pub async fn connect(access: Access, region: Option<&Region>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT);
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
            .timeout_config(timeouts.build());
        if let Ok(name) = AppName::new("driftguard") {
            loader = loader.app_name(name);
        }
        if let Some(region) = region {
            loader = loader.region(aws_config::Region::new(region.to_string()));
        }
        let mut base = loader.load().await;
        if base.region().is_none() {
            let fallback = aws_config::Region::from_static(FALLBACK_REGION);
            base = base.into_builder().region(fallback).build();
        }
        Self::with_config(base, access)
    }

    /// Uses this configuration in place of the process's.
    pub fn with_config(base: SdkConfig, access: Access) -> Self {
        Self::create(base, access, Budgets::default(), None)
    }

    /// Uses the same credentials with the roles that a repository names, each after it passed its probe. Shares the
    /// budgets of the accounts, and nothing that was read.
    pub fn with_access(&self, access: Access, probes: &Probes) -> Self {
        let (base, budgets) = (self.0.base.clone(), self.0.budgets.clone());
        Self::create(base, access, budgets, Some(probes.clone()))
    }

    fn create(base: SdkConfig, access: Access, budgets: Budgets, probes: Option<Probes>) -> Self {
        Self(Arc::new(AwsInner {
            base,
            access,
            sts: Arc::new(budgets.sts()),
            calls: Arc::default(),
            reach: Reach::default(),
            budgets,
            probes,
            identities: Mutex::default(),
        }))
    }

    /// Returns how many calls were sent to the accounts' services, without what was repeated.
    pub fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::Relaxed)
    }

    /// Sets how many processes read AWS: this one takes its share of each account's budget.
    pub fn share_among(&self, processes: u32) {
        self.0.budgets.share_among(processes);
    }

    /// Returns the region to use where neither code nor state names one.
    pub fn default_region(&self) -> Option<Region> {
        self.0
            .base
            .region()
            .and_then(|region| Region::new(region.as_ref()))
    }

    /// Returns the account and the ARN of the default credentials.
    ///
    /// # Errors
    /// Names what is missing: credentials, a role, or STS's consent.
    pub async fn caller(&self) -> Result<(AccountId, String), Reason> {
        let identity = self.identity(self.role_of(None)?).await?;
        Ok((identity.account.clone(), identity.arn.clone()))
    }

    /// Opens a session in an account and region; in the caller's own account where none is named.
    ///
    /// # Errors
    /// `Denied` where no role covers the account or its role cannot be assumed, `WrongAccount` where the credentials
    /// are another account's.
    pub async fn session(
        &self,
        account: Option<&AccountId>,
        region: &Region,
    ) -> Result<Session, Reason> {
        let identity = self.identity(self.role_of(account)?).await?;
        match account {
            Some(expected) if *expected != identity.account => Err(Reason::WrongAccount {
                message: format!(
                    "it belongs to account {expected}, and these credentials are of account {} ({}): \
                     use the profile or role of {expected}",
                    identity.account, identity.arn
                ),
            }),
            _ => Ok(Session::new(identity, region.clone())),
        }
    }

    /// Returns the role that covers an account; `None` where the process's own credentials do.
    fn role_of(&self, account: Option<&AccountId>) -> Result<Option<Role>, Reason> {
        let access = &self.0.access;
        let named = account.and_then(|account| access.by_account.get(account));
        if let Some(role) = named {
            return Ok(Some(role.clone()));
        }
        let covers =
            |role: &&Role| account.is_none_or(|account| !is_of_other_account(role, account));
        match &access.role {
            Some(role) if access.own || covers(&role) => Ok(Some(role.clone())),
            None if access.own => Ok(None),
            _ => Err(Reason::Denied {
                action: String::new(),
                message: match account {
                    Some(account) => format!(
                        "no role covers account {account}: name its read role under `aws.roles` of .driftguard.yml"
                    ),
                    None => "no role is named: set `aws.role_arn` in .driftguard.yml".to_owned(),
                },
            }),
        }
    }

    /// Probes a role with the process's own credentials: see `probe`.
    pub async fn probe(&self, role: &Role) -> Probe {
        probe::probe(&self.0.base, &self.0.sts, role).await
    }

    async fn identity(&self, role: Option<Role>) -> Result<Arc<Identity>, Reason> {
        let cell = {
            let mut cells = self
                .0
                .identities
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            cells.entry(role.clone()).or_default().clone()
        };
        let ask = || async { self.0.identify(role.as_ref()).await.map(Arc::new) };
        cell.get_or_try_init(ask).await.cloned()
    }
}

/// Returns whether a role's ARN names another account.
fn is_of_other_account(role: &Role, account: &AccountId) -> bool {
    let own = crate::model::AwsLocation::of_arn(&role.arn).account;
    own.is_some_and(|own| own != *account)
}

impl AwsInner {
    /// Assumes a role, and asks STS for the account and ARN.
    async fn identify(&self, role: Option<&Role>) -> Result<Identity, Reason> {
        if self.access.own {
            let permit = self.sts.acquire(1).await;
            self.reach.check(&self.base).await?;
            drop(permit);
        }
        if let (Some(role), Some(probes)) = (role, &self.probes) {
            probes.allow(&self.base, &self.sts, role).await?;
        }
        let (config, calls) = match role {
            None => (self.base.clone(), 1),
            Some(role) => (assume(&self.base, role).await, 2),
        };
        let permit = self.sts.acquire(calls).await;
        let answer = aws_sdk_sts::Client::new(&config)
            .get_caller_identity()
            .send()
            .await;
        drop(permit);
        let failed = |error| match role {
            None => reason::from_error("sts:GetCallerIdentity", error),
            Some(role) => role_denied(role, reason::from_error("sts:AssumeRole", error)),
        };
        let answer = answer.map_err(failed)?;
        let account = answer
            .account()
            .and_then(AccountId::new)
            .context("STS named no account");
        let account = account.map_err(|error| Reason::Failed {
            message: error.to_string(),
        })?;
        Ok(Identity {
            arn: answer.arn().unwrap_or_default().to_owned(),
            budget: self.budgets.for_scan(&account),
            calls: self.calls.clone(),
            account,
            config,
            memo: Memo::default(),
            assumed_from: role.map(|role| AssumedFrom {
                base: self.base.clone(),
                role: role.clone(),
                sts: self.sts.clone(),
            }),
        })
    }
}

/// Returns the reason of a role that cannot be assumed: everything to be read with it is denied.
fn role_denied(role: &Role, reason: Reason) -> Reason {
    match reason {
        Reason::Throttled => Reason::Throttled,
        reason => Reason::Denied {
            action: String::new(),
            message: format!(
                "role {} cannot be assumed: its trust policy must name this caller and the external id ({reason})",
                role.arn
            ),
        },
    }
}

/// Returns the configuration with the credentials of a role, renewed before they expire.
async fn assume(base: &SdkConfig, role: &Role) -> SdkConfig {
    let mut provider = AssumeRoleProvider::builder(&role.arn)
        .session_name(SESSION_NAME)
        .configure(base);
    if let Some(region) = base.region() {
        provider = provider.region(region.clone());
    }
    if let Some(external_id) = &role.external_id {
        provider = provider.external_id(external_id);
    }
    let provider = SharedCredentialsProvider::new(provider.build().await);
    base.to_builder().credentials_provider(provider).build()
}
