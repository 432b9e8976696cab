//! Writes the page of the server's own state, for its operator: nothing of a tenant's but ids and repositories' names.

use super::{Crumb, Frame};
use crate::report::when::{duration, minute};
use askama::Template;

/// The page of the server's own state.
#[derive(Debug, Template)]
#[template(path = "pages/server.html")]
pub struct ServerPage {
    /// What stands around the page.
    pub frame: Frame,
    /// What was done to a job a moment ago.
    pub done: Option<&'static str>,
    /// Each number with its name.
    pub numbers: Vec<(&'static str, String)>,
    /// The jobs that failed or are parked, the oldest first.
    pub jobs: Vec<StoppedRow>,
    /// What the App created for each installation.
    pub budgets: Vec<BudgetRow>,
    /// How much it may create within a minute, and within an hour.
    pub limits: (u64, u64),
}

/// A job that failed or is parked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoppedRow {
    /// What names the job in a form.
    pub handle: String,
    /// `failed` or `parked`.
    pub state: &'static str,
    /// What kind of job it is.
    pub kind: &'static str,
    /// The installation.
    pub installation: u64,
    /// The name of the repository; empty where there is none.
    pub repository: String,
    /// Since when, in epoch milliseconds.
    pub since: i64,
    /// How many processes died while the job ran alone.
    pub deaths: u32,
}

/// What the App created for an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetRow {
    /// The installation.
    pub installation: u64,
    /// How much within the last minute.
    pub minute: u64,
    /// How much within the last hour.
    pub hour: u64,
}

impl StoppedRow {
    fn since(&self) -> String {
        minute(self.since)
    }
}

impl ServerPage {
    /// Describes for how long something waits, in milliseconds; `nothing` where nothing does.
    pub fn age(waits: Option<i64>) -> String {
        waits.map_or_else(|| "nothing waits".to_owned(), duration)
    }

    /// Renders the page.
    pub fn html(&self) -> askama::Result<String> {
        self.render()
    }

    fn crumbs(&self) -> Vec<Crumb> {
        vec![Crumb::here("This server")]
    }
}
