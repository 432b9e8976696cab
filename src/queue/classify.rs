//! Classifies the error of an attempt: retry, outage, rate limit, or fatal.

use super::job::JobError;
use crate::github::GithubError;
use crate::store::LeaseLost;
use std::time::Duration;

/// PostgreSQL's code of a statement that waited for another which waited for it.
const POSTGRES_DEADLOCK: &str = "40P01";

/// The leading characters of PostgreSQL's error codes for a server that shuts down, is unreachable or full, and for a
/// transaction that timed out while idle.
const POSTGRES_AWAY: [&str; 4] = ["08", "53", "57P", "25P03"];
/// SQLite's error codes for a file that is busy, locked, read-only or full.
const SQLITE_AWAY: [i64; 5] = [5, 6, 10, 13, 14];

/// The pause of a job that found no memory for the files of its repository.
const MEMORY_PAUSE: Duration = Duration::from_secs(20);

impl From<GithubError> for JobError {
    /// A 403 or 404 is retried: permissions and new repositories take minutes to settle at GitHub.
    fn from(error: GithubError) -> Self {
        match error {
            GithubError::Limited { pause, .. } => Self::Later(error.into(), pause),
            GithubError::NotHeld(_) => Self::Later(error.into(), Duration::ZERO),
            GithubError::Unavailable { .. } => Self::Outage(error.into()),
            // Others give it back when their scans end.
            GithubError::NoMemory => Self::Later(error.into(), MEMORY_PAUSE),
            GithubError::Gone { .. } | GithubError::Suspended(_) | GithubError::TooLarge(_) => {
                Self::Fatal(error.into())
            }
            // It may have anything in it.
            GithubError::Other(error) => error.into(),
            GithubError::NotFound(_)
            | GithubError::Broken { .. }
            | GithubError::Forbidden { .. }
            | GithubError::Invalid { .. }
            | GithubError::NoCodeScanning(_) => Self::Retry(error.into()),
        }
    }
}

impl From<anyhow::Error> for JobError {
    /// Any other error is retried: the number of attempts is limited.
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<GithubError>() {
            Ok(error) => error.into(),
            Err(error) if error.chain().any(|cause| cause.is::<LeaseLost>()) => {
                Self::Later(error, Duration::ZERO)
            }
            Err(error) if is_away(&error) => Self::Outage(error),
            Err(error) => Self::Retry(error),
        }
    }
}

/// Returns whether the database caused the error by being away.
pub(super) fn is_away(error: &anyhow::Error) -> bool {
    error.chain().any(is_database_away)
}

/// Returns whether GitHub fails to answer this request while it answers others.
pub(super) fn is_unanswered(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(GithubError::Unavailable { away: false, .. })
    )
}

/// Returns whether PostgreSQL ended a statement, so that another one could go on.
pub(super) fn is_deadlock(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(database_error);
    causes.any(|cause| {
        let database = cause.as_database_error();
        database.is_some_and(|error| error.code().as_deref() == Some(POSTGRES_DEADLOCK))
    })
}

/// Returns whether the database is unreachable, or cannot write now.
fn is_database_away(cause: &(dyn std::error::Error + 'static)) -> bool {
    match database_error(cause) {
        Some(
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed,
        ) => true,
        Some(sqlx::Error::Database(error)) => error.code().is_some_and(|code| {
            // SQLite adds details in the higher bits.
            let sqlite = code.parse::<i64>().ok().filter(|_| code.len() < 5);
            match sqlite {
                Some(code) => SQLITE_AWAY.contains(&(code & 0xff)),
                None => POSTGRES_AWAY.iter().any(|class| code.starts_with(class)),
            }
        }),
        _ => false,
    }
}

/// Returns the database's error, which apalis wraps so that no chain of sources shows it.
fn database_error<'e>(cause: &'e (dyn std::error::Error + 'static)) -> Option<&'e sqlx::Error> {
    let postgres = || match cause.downcast_ref() {
        Some(apalis_postgres::Error::Database(error)) => Some(error),
        _ => None,
    };
    let sqlite = || match cause.downcast_ref() {
        Some(apalis_sqlite::Error::Database(error)) => Some(error),
        _ => None,
    };
    cause.downcast_ref().or_else(postgres).or_else(sqlite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    #[test]
    fn what_another_try_can_mend_is_tried_again() {
        let what = || "GET /repos/acme/shop".to_owned();
        let message = || "no".to_owned();
        let errors = [
            (GithubError::NotFound(what()), "retry"),
            (
                GithubError::Forbidden {
                    what: what(),
                    message: message(),
                },
                "retry",
            ),
            (
                GithubError::Unavailable {
                    what: what(),
                    problem: message(),
                    away: false,
                },
                "outage",
            ),
            (
                GithubError::Broken {
                    what: what(),
                    problem: message(),
                },
                "retry",
            ),
            (
                GithubError::Limited {
                    what: what(),
                    pause: Duration::from_secs(9),
                },
                "later",
            ),
            (GithubError::Suspended(what()), "fatal"),
            (anyhow!("GitHub answered 418").into(), "retry"),
        ];
        for (error, expected) in errors {
            let message = error.to_string();
            let wrapped = Err::<(), _>(anyhow::Error::from(error)).context("while proposing");
            let classified = match JobError::from(wrapped.unwrap_err()) {
                JobError::Retry(_) => "retry",
                JobError::Outage(_) => "outage",
                JobError::Later(_, pause) => {
                    assert_eq!(pause, Duration::from_secs(9));
                    "later"
                }
                JobError::Fatal(_) => "fatal",
            };
            assert_eq!(classified, expected, "{message}");
        }
    }

    #[test]
    fn a_database_that_is_away_is_an_outage() {
        for (error, away) in [
            (sqlx::Error::PoolTimedOut.into(), true),
            (sqlx::Error::WorkerCrashed.into(), true),
            (sqlx::Error::RowNotFound.into(), false),
            (
                apalis_postgres::Error::from(sqlx::Error::PoolTimedOut).into(),
                true,
            ),
            (
                apalis_sqlite::Error::from(sqlx::Error::PoolTimedOut).into(),
                true,
            ),
            (
                apalis_postgres::Error::from(sqlx::Error::RowNotFound).into(),
                false,
            ),
        ] {
            let error: anyhow::Error = error;
            let message = error.to_string();
            let error = error.context("while reading a scan");
            let classified = JobError::from(error);
            assert_eq!(
                matches!(classified, JobError::Outage(_)),
                away,
                "{message}: {classified:?}"
            );
        }
    }
}
