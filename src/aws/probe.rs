//! Probes whether a role's trust policy requires the external id.

use super::budget::CallQueue;
use super::{Role, SESSION_NAME, reason};
use crate::model::Reason;
use aws_config::SdkConfig;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// The result of probing a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// AWS accepted the right external id, and refused every other attempt.
    Safe,
    /// AWS accepted an attempt without the right external id, so that anybody's repository could use the role: it must
    /// not be used.
    Open {
        /// The external id that AWS accepted: none, or a wrong one.
        with: &'static str,
    },
    /// AWS refused every attempt, the one with the right external id included.
    Closed(Reason),
    /// AWS gave no clear answer, so the role must not be used now.
    Unknown(Reason),
}

/// The probes of one scan. A role is probed right before it is used first, and once; one that the scan does not use is
/// not probed. Clones share the results.
#[derive(Debug, Clone, Default)]
pub struct Probes(Arc<Mutex<BTreeMap<Role, ProbeCell>>>);

/// The result of a probe, which whoever needs it first waits for.
type ProbeCell = Arc<OnceCell<Probe>>;

impl Probes {
    /// Returns the result of a role's probe; `None` where the scan has not used the role.
    pub fn result(&self, role: &Role) -> Option<Probe> {
        self.cell(role).get().cloned()
    }

    /// Probes a role, unless that was done.
    ///
    /// # Errors
    /// The reason why the role must not be used.
    pub(super) async fn allow(
        &self,
        base: &SdkConfig,
        queue: &CallQueue,
        role: &Role,
    ) -> Result<(), Reason> {
        let cell = self.cell(role);
        match cell.get_or_init(|| probe(base, queue, role)).await {
            Probe::Safe | Probe::Closed(_) => Ok(()),
            Probe::Open { with } => Err(Reason::Denied {
                action: String::new(),
                message: format!("role {} lets in whoever names it, {with}", role.arn),
            }),
            Probe::Unknown(reason) => Err(reason.clone()),
        }
    }

    fn cell(&self, role: &Role) -> ProbeCell {
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cells.entry(role.clone()).or_default().clone()
    }
}

/// The error code of a trust policy's refusal. A throttled, badly signed or expired request never reached the policy.
const ACCESS_DENIED: &str = "AccessDenied";

/// An external id that no repository has, of the same form as theirs: a wildcard in the trust policy would accept it.
const WRONG_EXTERNAL_ID: &str = "driftguard-00000000000000000000000000000000";

/// Assumes a role without an external id, with a wrong one, and with its own.
pub(super) async fn probe(base: &SdkConfig, queue: &CallQueue, role: &Role) -> Probe {
    let sts = aws_sdk_sts::Client::new(base);
    let attempt = async |external_id: Option<&str>| {
        let _permit = queue.acquire(1).await;
        let request = sts
            .assume_role()
            .role_arn(&role.arn)
            .role_session_name(SESSION_NAME)
            .set_external_id(external_id.map(str::to_owned));
        match request.send().await {
            Ok(_) => Attempt::Admitted,
            Err(error) => Attempt::failed(error),
        }
    };
    for (external_id, with) in [
        (None, "no external id"),
        (Some(WRONG_EXTERNAL_ID), "a wrong external id"),
    ] {
        match attempt(external_id).await {
            Attempt::Refused(_) => {}
            Attempt::Admitted => return Probe::Open { with },
            Attempt::Unclear(reason) => return Probe::Unknown(reason),
        }
    }
    match attempt(role.external_id.as_deref()).await {
        Attempt::Admitted => Probe::Safe,
        Attempt::Refused(reason) => Probe::Closed(reason),
        Attempt::Unclear(reason) => Probe::Unknown(reason),
    }
}

/// The outcome of one attempt to assume a role.
enum Attempt {
    Admitted,
    /// Refused by the role's trust policy.
    Refused(Reason),
    /// Failed for another reason.
    Unclear(Reason),
}

impl Attempt {
    fn failed(error: SdkError<AssumeRoleError>) -> Self {
        match error.code() {
            Some(ACCESS_DENIED) => Self::Refused(reason::from_error("sts:AssumeRole", error)),
            _ => Self::Unclear(reason::from_error("sts:AssumeRole", error)),
        }
    }
}
