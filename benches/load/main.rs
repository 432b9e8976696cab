//! Plays page views and the API's lists to a server with years of history, and prints as JSON how long they took.
//! `scripts/benchmark --only load` builds it, runs it and writes the figures down.
//!
//! An organisation has 200 repositories with 1,000 stacks; scans of 400 days left a million times of findings. 200 people
//! are signed in. Requests come by the clock, whether or not those before them are answered, and a request's time begins
//! when it is due. GitHub is the stand-in; sender, GitHub, server and database share the machine.

mod chance;
mod fill;
mod people;
mod player;
mod reports;
mod scans;
mod server;
mod visits;
mod world;

use anyhow::{Context, Result};
use chance::Dice;
use clap::Parser;
use driftguard::model::ApiScope;
use driftguard::standin::moto::Moto;
use driftguard::store::{ApiKeyRecord, KeyOwner, Store};
use driftguard::web::api::new_key;
use player::{Player, Visit};
use scans::ScannedStack;
use serde_json::{Value, json};
use server::{Server, machine_seconds};
use std::path::{Path, PathBuf};
use std::time::Duration;
use visits::Visits;
use world::World;

/// How many keys the programs have that ask the API: each may read ten times a second.
const KEYS: usize = 60;
/// How often lists of the API are followed before they are asked for in the middle.
const DEEP: usize = 30;

/// Plays load to one build of driftguard.
#[derive(Debug, Parser)]
struct Options {
    /// The build of driftguard under load; without one nothing is done, as when `cargo bench` starts everything.
    binary: Option<PathBuf>,
    /// The database, which is filled unless it is: `sqlite://PATH` or `postgres://...`.
    #[arg(default_value = "")]
    database: String,
    /// How many requests come each second.
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// How long each round lasts, in seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How many times of findings the database holds, about.
    #[arg(long, default_value_t = 1_000_000)]
    findings: i64,
    /// Which rounds are played.
    #[arg(long, value_delimiter = ',', default_values = ["pages", "api"])]
    rounds: Vec<String>,
    /// How many turns of scans are made, each without and with page views.
    #[arg(long, default_value_t = 5)]
    turns: usize,
    /// How many scans a turn has.
    #[arg(long, default_value_t = 3)]
    scans: usize,
    /// The Python of an environment that has moto; without one it is installed below the target folder.
    #[arg(long)]
    python: Option<PathBuf>,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let Some(binary) = &options.binary else {
        println!("no build of driftguard is named: see scripts/benchmark");
        return Ok(());
    };
    let binary = binary.canonicalize().context("no such binary")?;
    let world = World::create().await?;
    fill::fill(&options.database, &world, options.findings).await?;
    let has_scans = options.rounds.iter().any(|round| round == "scans");
    let aws = if has_scans {
        Some(start_aws(&options).await?)
    } else {
        None
    };
    let scanned = match &aws {
        Some(aws) => Some(ScannedStack::create(&world, aws, &options.database).await?),
        None => None,
    };
    let aws = aws.as_ref().map_or("http://127.0.0.1:9", Moto::url);
    let keys = create_keys(&options.database, &world).await?;
    let server = Server::start(&binary, &world, &options.database, aws).await?;
    let player = Player::new(&server.url);
    let visits = Visits {
        cookies: people::sign_in_all(&world, &server.url).await?,
        deep: followed(&player, &keys).await?,
        keys,
        world: &world,
    };
    eprintln!("signed in");
    let round = Round {
        options: &options,
        server: &server,
        player: &player,
    };
    // Everybody's rights are asked for before, one after the other.
    for cookie in &visits.cookies {
        let path = format!("/orgs/{}", world::ORGANISATION);
        player.get(&path, &("cookie", cookie.clone())).await?;
    }
    let warm = Duration::from_secs(10);
    round.play(&mut |dice| visits.page(dice), warm).await?;
    let mut told = serde_json::Map::new();
    for name in &options.rounds {
        let time = Duration::from_secs(options.seconds);
        let played = match (name.as_str(), &scanned) {
            ("pages", _) => round.play(&mut |dice| visits.page(dice), time).await?,
            ("api", _) => round.play(&mut |dice| visits.list(dice), time).await?,
            ("scans", Some(stack)) => round.scan(stack, &visits).await?,
            (other, _) => anyhow::bail!("there is no round {other}"),
        };
        told.insert(name.clone(), played);
    }
    println!("{}", serde_json::to_string_pretty(&told)?);
    Ok(())
}

/// Starts AWS's stand-in.
async fn start_aws(options: &Options) -> Result<Moto> {
    let python = match &options.python {
        Some(python) => python.clone(),
        None => {
            let cache = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
            Moto::install(&Path::new(&cache).join("moto")).await?
        }
    };
    let aws = Moto::start(&python).await?;
    aws.reset().await?;
    Ok(aws)
}

/// What plays a round.
struct Round<'a> {
    options: &'a Options,
    server: &'a Server,
    player: &'a Player,
}

impl Round<'_> {
    async fn play(
        &self,
        next: &mut impl FnMut(&mut Dice) -> Result<Visit>,
        time: Duration,
    ) -> Result<Value> {
        self.play_until(next, time, std::future::pending()).await
    }

    async fn play_until(
        &self,
        next: &mut impl FnMut(&mut Dice) -> Result<Visit>,
        time: Duration,
        over: impl Future<Output = ()>,
    ) -> Result<Value> {
        let (own, machine) = (self.server.processor_seconds()?, machine_seconds()?);
        let played = self.player.play(self.options.rate, time, next, over);
        let mut told = played.await?.to_json();
        told["server_processor_seconds"] = json!(self.server.processor_seconds()? - own);
        told["machine_processor_seconds"] = json!(machine_seconds()? - machine);
        told["server_peak_mib"] = json!(self.server.peak_mib()?);
        Ok(told)
    }

    /// Scans a stack without and with page views, in turns.
    async fn scan(&self, stack: &ScannedStack, visits: &Visits<'_>) -> Result<Value> {
        // The first one opens the pull requests.
        stack.scan(self.player, &visits.keys[0]).await?;
        let (mut alone, mut beside, mut pages) = (Vec::new(), Vec::new(), Vec::new());
        let mut key = 0;
        for _ in 0..self.options.turns {
            for _ in 0..self.options.scans {
                key += 1;
                let sender = &visits.keys[key % visits.keys.len()];
                alone.push(stack.scan(self.player, sender).await?);
            }
            let (over, done) = tokio::sync::oneshot::channel();
            let scans = async {
                tokio::time::sleep(Duration::from_secs(2)).await;
                for _ in 0..self.options.scans {
                    key += 1;
                    let sender = &visits.keys[key % visits.keys.len()];
                    beside.push(stack.scan(self.player, sender).await?);
                }
                let _ = over.send(());
                anyhow::Ok(())
            };
            let done = async {
                let _ = done.await;
            };
            let mut next = |dice: &mut Dice| visits.page(dice);
            let played = self.play_until(&mut next, Duration::from_secs(600), done);
            let (scanned, played) = tokio::join!(scans, played);
            scanned?;
            pages.push(played?);
        }
        Ok(json!({"alone_ms": alone, "beside_ms": beside, "pages": pages}))
    }
}

/// Puts keys of the API into the database, and returns the header of each.
async fn create_keys(url: &str, world: &World) -> Result<Vec<String>> {
    let store = Store::connect(url).await?;
    let mut headers = Vec::new();
    for number in 0..KEYS {
        let key = new_key(ApiScope::Write)?;
        let record = ApiKeyRecord {
            installation: world.installation,
            prefix: key.prefix().to_owned(),
            name: format!("program {number}"),
            scope: ApiScope::Write,
            owner: KeyOwner::Organisation,
            created_by: "person0".to_owned(),
            created_at: fill::SCANNED,
            expires_at: None,
            used_at: None,
        };
        store.add_api_key(&key, &record).await?;
        headers.push(format!("Bearer {}", key.expose()));
    }
    store.close().await;
    Ok(headers)
}

/// Follows lists of the API, and returns the paths of their further parts.
async fn followed(player: &Player, keys: &[String]) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    for list in [
        "/api/v1/workspaces?",
        "/api/v1/findings?",
        "/api/v1/findings?status=resolved&",
    ] {
        let mut path = list.to_owned();
        for step in 0..DEEP / 3 {
            let sender = ("authorization", keys[step % keys.len()].clone());
            let (_, body) = player.get(&path, &sender).await?;
            let answer: Value = serde_json::from_slice(&body)?;
            let Some(next) = answer["next"].as_str() else {
                break;
            };
            path = format!("{list}cursor={next}");
            paths.push(path.clone());
        }
    }
    Ok(paths)
}
