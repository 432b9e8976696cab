//! Finds out soon that AWS is out of reach: a call that nobody answers is otherwise tried for most of a minute.

use super::reason;
use crate::model::Reason;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sts::error::SdkError;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the first connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How often it is tried: one connection may be lost anywhere.
const ATTEMPTS: u32 = 2;
/// How long AWS counts as out of reach then: for everything that one scan asks at the same time.
const MEMORY: Duration = Duration::from_secs(10);

/// Whether AWS was reached so far.
#[derive(Default)]
pub(super) struct Reach(Mutex<Known>);

#[derive(Default, Clone)]
enum Known {
    #[default]
    Nothing,
    Reached,
    OutOfReach(Instant, Reason),
}

impl Reach {
    /// Connects to STS once before anything is asked, and gives up soon where there is no connection.
    ///
    /// # Errors
    /// When AWS is out of reach. Any answer is a connection: the calls that follow see what it means.
    pub(super) async fn check(&self, base: &SdkConfig) -> Result<(), Reason> {
        match self.known() {
            Known::Reached => return Ok(()),
            Known::OutOfReach(at, reason) if at.elapsed() < MEMORY => return Err(reason),
            Known::Nothing | Known::OutOfReach(..) => {}
        }
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT);
        let config = aws_sdk_sts::config::Builder::from(base)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.build());
        let client = aws_sdk_sts::Client::from_conf(config.build());
        for _ in 1..ATTEMPTS {
            match client.get_caller_identity().send().await {
                Err(error) if has_no_connection(&error) => {}
                _ => return self.reached(),
            }
        }
        match client.get_caller_identity().send().await {
            Err(error) if has_no_connection(&error) => {
                let reason = reason::from_error("sts:GetCallerIdentity", error);
                self.note(Known::OutOfReach(Instant::now(), reason.clone()));
                Err(reason)
            }
            _ => self.reached(),
        }
    }

    fn reached(&self) -> Result<(), Reason> {
        self.note(Known::Reached);
        Ok(())
    }

    fn known(&self) -> Known {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    fn note(&self, known: Known) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }
}

/// Returns whether no connection was made; one that breaks, or keeps silent, is none of these.
fn has_no_connection<E>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::DispatchFailure(failure) => failure.is_io() || failure.is_timeout(),
        _ => false,
    }
}
