//! What came of it: each acknowledged delivery has its effect, once, and in time.

use super::faults::Window;
use super::tenants::{Repository, Tenants};
use super::traffic::{Command, answers};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long a person may wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most memory that a process may have.
pub const MEMORY_MIB: u64 = 1024;

/// What was found.
pub struct Verdict {
    figures: Map<String, Value>,
    /// What is wrong, a sentence each.
    pub faults: Vec<String>,
}

impl Verdict {
    /// Looks at every repository and every command.
    pub fn of(tenants: &Tenants, commands: &[Command], windows: &[Window]) -> Self {
        let mut verdict = Self {
            figures: Map::new(),
            faults: Vec::new(),
        };
        for repository in &tenants.repositories {
            verdict.judge_repository(tenants, repository);
        }
        for command in commands {
            verdict.judge_command(tenants, command);
        }
        verdict.judge_waits(commands, windows);
        let violations = tenants.github.violations().len() as u64;
        verdict
            .with("commands", commands.len())
            .with("deliveries", deliveries(tenants))
            .with("caused", caused(windows))
            .with("refused", tenants.github.refused())
            .with_bound("violations", violations, 0)
    }

    /// Adds a figure.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.figures.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a figure that is a fault where it is above `most`.
    pub fn with_bound(mut self, name: &str, value: u64, most: u64) -> Self {
        if value > most {
            let fault = format!("{name} is {value}, and may be {most} at most");
            self.faults.push(fault);
        }
        self.with(name, value)
    }

    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.faults.is_empty()
    }

    pub fn to_json(&self) -> Value {
        json!({ "figures": self.figures, "faults": self.faults })
    }

    fn judge_repository(&mut self, tenants: &Tenants, repository: &Repository) {
        let name = &repository.name;
        if repository.hostile {
            if !tenants.is_told(repository) {
                let fault = format!("{name}: hostile, and nothing on its newest commit says so");
                self.faults.push(fault);
            }
            return;
        }
        if !tenants.is_scanned(repository) {
            let fault = format!("{name}: its newest commit has no check with its finding");
            self.faults.push(fault);
        }
        let issues = tenants.github.issues(name).len();
        if issues != 1 {
            self.faults.push(format!("{name}: {issues} dashboards"));
        }
        let pulls = tenants.github.pull_requests(name);
        let open = pulls.iter().filter(|pull| pull.open).count();
        if (pulls.len(), open) != (1, 1) {
            let made = pulls.len();
            let fault =
                format!("{name}: {made} pull requests for its one drift, of which {open} are open");
            self.faults.push(fault);
        }
    }

    fn judge_command(&mut self, tenants: &Tenants, command: &Command) {
        let comments = tenants.github.comments(&command.repository);
        let replies = comments.iter();
        let replies = replies.filter(|reply| answers(&reply.body, command.comment));
        let replies = replies.count();
        if replies != 1 {
            self.faults.push(format!(
                "{}: {replies} replies to comment {}",
                command.repository, command.comment
            ));
        }
    }

    fn judge_waits(&mut self, commands: &[Command], windows: &[Window]) {
        let waits = commands.iter();
        let waits = waits.filter_map(|command| Some((wait(command, windows)?, command)));
        let mut longest: BTreeMap<&str, Duration> = BTreeMap::new();
        for ((excused, _), command) in waits.clone() {
            let account = command.repository.split('/').next().unwrap_or_default();
            let most = longest.entry(account).or_default();
            *most = excused.max(*most);
        }
        for (account, longest) in longest.iter().filter(|(_, longest)| **longest > PATIENCE) {
            self.faults.push(format!(
                "{account} waited {:.0} s for a command, injected faults not counted",
                longest.as_secs_f64()
            ));
        }
        let mut excused: Vec<_> = waits.clone().map(|((excused, _), _)| excused).collect();
        let mut whole: Vec<_> = waits.map(|((_, whole), _)| whole).collect();
        excused.sort_unstable();
        whole.sort_unstable();
        self.figures.insert("wait".to_owned(), spread(&excused));
        let name = "wait_with_faults".to_owned();
        self.figures.insert(name, spread(&whole));
    }
}

/// The median, the 99th percentile and the longest of what is sorted, in seconds.
fn spread(sorted: &[Duration]) -> Value {
    let at = |percent: usize| {
        let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        seconds(sorted.get(place).copied().unwrap_or_default())
    };
    json!({ "median": at(50), "p99": at(99), "longest": at(100) })
}

/// How many there were, how many the server took, and how many attempts that needed.
fn deliveries(tenants: &Tenants) -> Value {
    let attempts = tenants.github.deliveries_after(0);
    let all: BTreeSet<_> = attempts.iter().map(|attempt| &attempt.guid).collect();
    let taken = attempts.iter().filter(|attempt| attempt.succeeded());
    let taken: BTreeSet<_> = taken.map(|attempt| &attempt.guid).collect();
    json!({ "all": all.len(), "taken": taken.len(), "attempts": attempts.len() })
}

/// How often each cause was, and for how long altogether.
fn caused(windows: &[Window]) -> Value {
    let mut causes: BTreeMap<String, (usize, Duration)> = BTreeMap::new();
    for window in windows {
        let (times, time) = causes.entry(window.cause.to_string()).or_default();
        *times += 1;
        *time += window.to.duration_since(window.from);
    }
    let causes = causes.into_iter();
    let causes = causes
        .map(|(cause, (times, time))| (cause, json!({ "times": times, "seconds": seconds(time) })));
    Value::Object(causes.collect())
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
