//! Whether a role keeps strangers out.

use super::{Role, SESSION_NAME, reason};
use crate::model::Reason;
use aws_config::SdkConfig;

/// What trying a role told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// It lets in who knows the external id, and nobody else.
    Safe,
    /// It lets in whoever names it, so anybody's repository could: it must not be used.
    Open {
        /// With which external id it let us in: none, or a wrong one.
        with: &'static str,
    },
    /// It does not let us in at all.
    Closed(Reason),
}

/// What no role asks for.
const WRONG: &str = "driftguard-probe-with-a-wrong-external-id";

/// Tries a role without an external id, with a wrong one, and with its own.
pub(super) async fn probe(base: &SdkConfig, role: &Role) -> Probe {
    let sts = aws_sdk_sts::Client::new(base);
    let attempt = async |external_id: Option<&str>| {
        let request = sts
            .assume_role()
            .role_arn(&role.arn)
            .role_session_name(SESSION_NAME);
        let answer = request
            .set_external_id(external_id.map(str::to_owned))
            .send()
            .await;
        answer
            .map(drop)
            .map_err(|error| reason::of("sts:AssumeRole", error))
    };
    for (external_id, with) in [
        (None, "no external id"),
        (Some(WRONG), "a wrong external id"),
    ] {
        match attempt(external_id).await {
            Ok(()) => return Probe::Open { with },
            Err(Reason::Denied { .. }) => {}
            // Without a clear "no" nothing is proven.
            Err(reason) => return Probe::Closed(reason),
        }
    }
    match attempt(role.external_id.as_deref()).await {
        Ok(()) => Probe::Safe,
        Err(reason) => Probe::Closed(reason),
    }
}
