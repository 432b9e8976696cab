//! Whether a role keeps strangers out.

use super::budget::Turns;
use super::{Role, SESSION_NAME, reason};
use crate::model::Reason;
use aws_config::SdkConfig;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;

/// What trying a role showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// It lets in who knows the external id, and AWS refused everybody else.
    Safe,
    /// It lets in whoever names it, so anybody's repository could: it must not be used.
    Open {
        /// With which external id it let us in: none, or a wrong one.
        with: &'static str,
    },
    /// AWS refused everybody, with its own external id too.
    Closed(Reason),
    /// AWS gave no clear answer. Nothing is known of the role, so it must not be used now.
    Unknown(Reason),
}

/// How STS words the refusal of a trust policy. Nothing else is one: a throttled, badly signed or expired request was
/// never held against the policy.
const REFUSED: &str = "AccessDenied";

/// An external id that no repository has, of the form that repositories' have: a pattern for all of them lets it in.
const WRONG: &str = "driftguard-00000000000000000000000000000000";

/// Tries a role without an external id, with a wrong one, and with its own.
pub(super) async fn probe(base: &SdkConfig, turns: &Turns, role: &Role) -> Probe {
    let sts = aws_sdk_sts::Client::new(base);
    let attempt = async |external_id: Option<&str>| {
        let _turn = turns.take(1).await;
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
        (Some(WRONG), "a wrong external id"),
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

/// How one try of a role ended.
enum Attempt {
    Admitted,
    /// By the role's trust policy.
    Refused(Reason),
    /// By something else.
    Unclear(Reason),
}

impl Attempt {
    fn failed(error: SdkError<AssumeRoleError>) -> Self {
        match error.code() {
            Some(REFUSED) => Self::Refused(reason::of("sts:AssumeRole", error)),
            _ => Self::Unclear(reason::of("sts:AssumeRole", error)),
        }
    }
}
