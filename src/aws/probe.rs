//! Probes whether a role's trust policy requires the external id.

use super::budget::CallQueue;
use super::{Role, SESSION_NAME, reason};
use crate::model::Reason;
use aws_config::SdkConfig;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;

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
