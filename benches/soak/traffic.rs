//! What people do: they push, they talk, they give commands; and the ledger of what was acknowledged and answered.

use super::tenants::{Repository, Tenants};
use driftguard::standin::github::Content;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// How often the ledger looks at GitHub.
const WATCH: Duration = Duration::from_millis(500);

/// A small generator of repeatable chance.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or_default() % limit.max(1)
    }
}

/// Sends deliveries, evenly over the time, until so many were sent or it is over: how many.
pub async fn send(tenants: &Tenants, deliveries: usize, time: Duration, seed: u64) -> usize {
    let (began, mut dice, before) = (Instant::now(), Dice::new(seed), tenants.github.delivered());
    let mut acts: u32 = 0;
    loop {
        let sent = tenants.github.delivered() - before;
        if sent >= deliveries || began.elapsed() >= time {
            return sent;
        }
        // Where GitHub is behind, it catches up; where it is ahead, it waits.
        let share = began.elapsed().as_secs_f64() / time.as_secs_f64();
        if sent as f64 > share * deliveries as f64 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        }
        acts += 1;
        act(tenants, &mut dice, acts).await;
    }
}

/// One thing that somebody does somewhere.
async fn act(tenants: &Tenants, dice: &mut Dice, number: u32) {
    let repository = &tenants.repositories[dice.below(tenants.repositories.len())];
    let github = &tenants.github;
    let text = format!("{number}\n");
    match dice.below(100) {
        0..8 => drop(
            github
                .push(
                    &repository.name,
                    "main",
                    "alice",
                    &[("README.md", Content::from(text.as_str()))],
                )
                .await,
        ),
        8..68 => drop(
            github
                .push(
                    &repository.name,
                    "feature/a",
                    "alice",
                    &[("README.md", Content::from(text.as_str()))],
                )
                .await,
        ),
        68..82 => {
            if let Some(issue) = dashboard(tenants, repository) {
                github
                    .comment(&repository.name, issue, "alice", "/driftguard status")
                    .await;
            }
        }
        _ => {
            if let Some(issue) = dashboard(tenants, repository) {
                github
                    .comment(&repository.name, issue, "alice", "I had a look at it.")
                    .await;
            }
        }
    }
}

fn dashboard(tenants: &Tenants, repository: &Repository) -> Option<u64> {
    tenants
        .github
        .issues(&repository.name)
        .first()
        .map(|issue| issue.number)
}

/// A command that a person gave.
#[derive(Debug, Clone)]
pub struct Command {
    pub repository: String,
    pub comment: u64,
    /// When GitHub had the server's acknowledgement.
    pub acknowledged: Instant,
    /// When its reply was whole.
    pub answered: Option<Instant>,
}

/// What was acknowledged, and what was answered.
pub struct Ledger {
    tenants: Arc<Tenants>,
    commands: Arc<Mutex<BTreeMap<u64, Command>>>,
    task: JoinHandle<()>,
}

impl Ledger {
    /// Watches GitHub from now on.
    pub fn watch(tenants: Arc<Tenants>) -> Self {
        let commands = Arc::new(Mutex::new(BTreeMap::new()));
        let (watched, kept) = (tenants.clone(), commands.clone());
        let task = tokio::spawn(async move {
            let mut seen = 0;
            loop {
                look(&watched, &kept, &mut seen);
                tokio::time::sleep(WATCH).await;
            }
        });
        Self {
            tenants,
            commands,
            task,
        }
    }

    /// Waits until every acknowledged command is answered and nothing is left to deliver, for a while: how many are not.
    pub async fn until_answered(&self, patience: Duration) -> usize {
        let began = Instant::now();
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            let open = self.unanswered();
            if (open == 0 && self.undelivered() == 0) || began.elapsed() >= patience {
                return open;
            }
        }
    }

    /// Ends the watch: all commands.
    pub async fn end(self) -> Vec<Command> {
        tokio::time::sleep(WATCH * 2).await;
        self.task.abort();
        let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        commands.values().cloned().collect()
    }

    fn unanswered(&self) -> usize {
        let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        commands
            .values()
            .filter(|command| command.answered.is_none())
            .count()
    }

    /// How many deliveries the server has not taken in any attempt.
    fn undelivered(&self) -> usize {
        let mut taken: BTreeMap<String, bool> = BTreeMap::new();
        for delivery in self.tenants.github.deliveries_after(0) {
            *taken.entry(delivery.guid.clone()).or_default() |= delivery.succeeded();
        }
        taken.values().filter(|taken| !**taken).count()
    }
}

fn look(tenants: &Tenants, commands: &Mutex<BTreeMap<u64, Command>>, seen: &mut usize) {
    let deliveries = tenants.github.deliveries_after(*seen);
    let mut commands = commands.lock().unwrap_or_else(PoisonError::into_inner);
    for delivery in deliveries
        .iter()
        .filter(|delivery| delivery.event == "issue_comment" && delivery.succeeded())
    {
        let payload = delivery.payload();
        let text = payload["comment"]["body"].as_str().unwrap_or_default();
        let person = payload["comment"]["user"]["type"] == "User";
        if let (Some(comment), true, true) = (
            payload["comment"]["id"].as_u64(),
            person,
            text.starts_with("/driftguard"),
        ) {
            commands.entry(comment).or_insert_with(|| Command {
                repository: payload["repository"]["full_name"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
                comment,
                acknowledged: Instant::now(),
                answered: None,
            });
        }
    }
    *seen += deliveries.len();
    let mut open: BTreeMap<String, Vec<&mut Command>> = BTreeMap::new();
    for command in commands
        .values_mut()
        .filter(|command| command.answered.is_none())
    {
        open.entry(command.repository.clone())
            .or_default()
            .push(command);
    }
    for (repository, waiting) in open {
        let replies = tenants.github.comments(&repository);
        for command in waiting {
            if replies
                .iter()
                .any(|reply| answers(&reply.body, command.comment))
            {
                command.answered = Some(Instant::now());
            }
        }
    }
}

/// Whether a text is the reply to a comment.
pub fn answers(text: &str, comment: u64) -> bool {
    text.contains(&format!("answer to {comment} "))
}
