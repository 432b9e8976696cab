//! What came of it: each acknowledged delivery has its effect, once, and in time.

use super::faults::Window;
use super::tenants::Tenants;
use super::traffic::{Command, answers};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

/// How long a person may wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most memory that a process may have.
const MEMORY_MIB: u64 = 1024;

/// What was found.
pub struct Verdict {
    figures: Map<String, Value>,
    /// What is wrong, a sentence each.
    pub faults: Vec<String>,
}

impl Verdict {
    /// Looks at every repository and every command.
    pub fn of(tenants: &Tenants, commands: &[Command], windows: &[Window]) -> Self {
        let mut faults = Vec::new();
        for repository in tenants.peaceful() {
            let name = &repository.name;
            if !tenants.is_scanned(repository) {
                faults.push(format!("{name}: its newest commit has no check"));
            }
            let issues = tenants.github.issues(name).len();
            if issues != 1 {
                faults.push(format!("{name}: {issues} dashboards"));
            }
            let open = tenants
                .github
                .pull_requests(name)
                .iter()
                .filter(|pull| pull.open)
                .count();
            if open != 1 {
                faults.push(format!("{name}: {open} open pull requests for one drift"));
            }
        }
        for command in commands {
            let comments = tenants.github.comments(&command.repository);
            let replies = comments
                .iter()
                .filter(|reply| answers(&reply.body, command.comment))
                .count();
            if replies != 1 {
                faults.push(format!(
                    "{}: {replies} replies to comment {}",
                    command.repository, command.comment
                ));
            }
        }
        let mut waits: Vec<_> = commands
            .iter()
            .filter_map(|command| wait(command, windows))
            .collect();
        waits.sort_unstable();
        let whole = waits
            .iter()
            .map(|(_, whole)| *whole)
            .max()
            .unwrap_or_default();
        let longest = waits
            .last()
            .map(|(excused, _)| *excused)
            .unwrap_or_default();
        if longest > PATIENCE {
            faults.push(format!(
                "a command waited {:.0} s, injected faults not counted",
                longest.as_secs_f64()
            ));
        }
        let median = waits
            .get(waits.len() / 2)
            .map(|(wait, _)| *wait)
            .unwrap_or_default();
        let figures = json!({
            "commands": commands.len(),
            "median_wait_seconds": seconds(median),
            "longest_wait_seconds": seconds(longest),
            "longest_wait_with_faults_seconds": seconds(whole),
            "violations": tenants.github.violations().len(),
        });
        let figures = figures.as_object().cloned().unwrap_or_default();
        Self { figures, faults }
    }

    /// Adds a figure.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if name == "peak_memory_mib" && value.as_u64().is_some_and(|peak| peak > MEMORY_MIB) {
            self.faults.push(format!("a process took {value} MiB"));
        }
        self.figures.insert(name.to_owned(), value);
        self
    }

    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.faults.is_empty()
    }

    pub fn to_json(&self) -> Value {
        json!({ "figures": self.figures, "faults": self.faults })
    }
}

fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).round() / 10.0
}

/// How long a person waited: without the time in which the database or GitHub was not there, and in all.
fn wait(command: &Command, windows: &[Window]) -> Option<(Duration, Duration)> {
    let answered = command.answered?;
    let whole = answered.duration_since(command.acknowledged);
    let excused: Duration = windows
        .iter()
        .filter(|window| window.stops_answers())
        .map(|window| overlap(window, command.acknowledged, answered))
        .sum();
    Some((whole.saturating_sub(excused), whole))
}

fn overlap(window: &Window, from: Instant, to: Instant) -> Duration {
    window
        .to
        .min(to)
        .saturating_duration_since(window.from.max(from))
}
