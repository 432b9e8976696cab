//! AWS: credentials, accounts, retries, budgets. Knows no resource type, and only ever reads.

mod budget;
mod memo;
mod probe;
mod reason;
mod session;

pub use probe::Probe;
pub use session::Session;

use crate::model::{AccountId, Reason, Region};
use anyhow::Context;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_types::sdk_config::SharedCredentialsProvider;
use budget::{Budgets, ScanBudget, Turns};
use memo::Memo;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// How often the SDK tries a call that AWS throttles or drops, waiting longer each time.
const ATTEMPTS: u32 = 6;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one try of a call may take.
const ATTEMPT: Duration = Duration::from_secs(30);
/// Where STS is asked when nothing names a region.
const FALLBACK_REGION: &str = "us-east-1";
/// What CloudTrail shows as the session's name.
const SESSION_NAME: &str = "driftguard";

/// Which credentials read which account.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Whether the process's own credentials may be used where no role is named.
    pub own: bool,
    /// The role of everything that `by_account` does not name.
    pub role: Option<Role>,
    /// The read roles of further accounts.
    pub by_account: BTreeMap<AccountId, Role>,
}

/// A role to assume.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// What its trust policy asks for, so that nobody else's repository can name it.
    pub external_id: Option<String>,
}

/// Who answers: an account, reached with one set of credentials.
struct Identity {
    account: AccountId,
    arn: String,
    config: SdkConfig,
    budget: ScanBudget,
    memo: Memo,
}

/// The doors to AWS of one scan. Cloning is cheap, and clones share what was read.
#[derive(Clone)]
pub struct Aws(Arc<Doors>);

struct Doors {
    base: SdkConfig,
    access: Access,
    budgets: Budgets,
    sts: Turns,
    identities: Mutex<BTreeMap<Option<Role>, Entrance>>,
}

/// An identity, found out by whoever asks for it first.
type Entrance = Arc<OnceCell<Arc<Identity>>>;

impl Aws {
    /// Takes the process's credentials and region as the AWS tools do: environment, profile, SSO, instance role.
    /// `region` wins over the chain's. Calls nobody.
    pub async fn connect(access: Access, region: Option<&Region>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT);
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
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
        Self::of(base, access)
    }

    /// With a configuration of one's own in place of the process's.
    pub fn of(base: SdkConfig, access: Access) -> Self {
        Self::with_budgets(base, access, Budgets::default())
    }

    /// The same credentials under other roles, for one more scan: what one server reads for several repositories. It
    /// shares the budgets of the accounts, and nothing that was read.
    pub fn with_access(&self, access: Access) -> Self {
        Self::with_budgets(self.0.base.clone(), access, self.0.budgets.clone())
    }

    fn with_budgets(base: SdkConfig, access: Access, budgets: Budgets) -> Self {
        Self(Arc::new(Doors {
            base,
            access,
            sts: budgets.sts(),
            budgets,
            identities: Mutex::default(),
        }))
    }

    /// Tells how many processes read AWS now: this one takes its share of each account's budget.
    pub fn share_among(&self, processes: u32) {
        self.0.budgets.share_among(processes);
    }

    /// The region where neither code nor state names one.
    pub fn default_region(&self) -> Option<Region> {
        self.0
            .base
            .region()
            .and_then(|region| Region::new(region.as_ref()))
    }

    /// The account and ARN that the credentials of no particular account belong to.
    ///
    /// # Errors
    /// Names what is missing: credentials, a role, or STS's consent.
    pub async fn caller(&self) -> Result<(AccountId, String), Reason> {
        let identity = self.identity(self.role_of(None)?).await?;
        Ok((identity.account.clone(), identity.arn.clone()))
    }

    /// One account in one region; the caller's own account where none is named.
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
            Some(wanted) if *wanted != identity.account => Err(Reason::WrongAccount {
                message: format!(
                    "it belongs to account {wanted}, and these credentials are of account {} ({}): \
                     use the profile or role of {wanted}",
                    identity.account, identity.arn
                ),
            }),
            _ => Ok(Session::new(identity, region.clone())),
        }
    }

    /// The role that covers an account: none where the process's own credentials do.
    fn role_of(&self, account: Option<&AccountId>) -> Result<Option<Role>, Reason> {
        let access = &self.0.access;
        let named = account.and_then(|account| access.by_account.get(account));
        if let Some(role) = named {
            return Ok(Some(role.clone()));
        }
        let covers = |role: &&Role| account.is_none_or(|account| !of_another(role, account));
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

    /// Tries a role from the process's own credentials: see `probe`.
    pub async fn probe(&self, role: &Role) -> Probe {
        probe::probe(&self.0.base, &self.0.sts, role).await
    }

    async fn identity(&self, role: Option<Role>) -> Result<Arc<Identity>, Reason> {
        let cell = {
            let mut known = self
                .0
                .identities
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            known.entry(role.clone()).or_default().clone()
        };
        let ask = || async { self.0.identify(role.as_ref()).await.map(Arc::new) };
        cell.get_or_try_init(ask).await.cloned()
    }
}

/// Whether a role's ARN names another account than this one.
fn of_another(role: &Role, account: &AccountId) -> bool {
    let own = crate::model::Place::of_arn(&role.arn).account;
    own.is_some_and(|own| own != *account)
}

impl Doors {
    /// Assumes a role, and asks whose credentials they are.
    async fn identify(&self, role: Option<&Role>) -> Result<Identity, Reason> {
        let (config, calls) = match role {
            None => (self.base.clone(), 1),
            Some(role) => (assume(&self.base, role).await, 2),
        };
        let turn = self.sts.take(calls).await;
        let answer = aws_sdk_sts::Client::new(&config)
            .get_caller_identity()
            .send()
            .await;
        drop(turn);
        let failed = |error| match role {
            None => reason::of("sts:GetCallerIdentity", error),
            Some(role) => unusable(role, reason::of("sts:AssumeRole", error)),
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
            budget: self.budgets.scan(&account),
            account,
            config,
            memo: Memo::default(),
        })
    }
}

/// A role that does not let us in is denied as a whole, whatever was to be read with it.
fn unusable(role: &Role, reason: Reason) -> Reason {
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

/// The same configuration with the credentials of a role, renewed before they run out.
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
