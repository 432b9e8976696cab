//! What goes wrong in that week: every request of it meets a fault, and the week ends as it would have.

use super::world::{Setting, World};
use super::{friday, monday, thursday, tuesday, wednesday, weekend};
use crate::aws::CONSOLE;
use crate::database::Database;
use driftguard::standin::github::{FailingRequest, Fault};
use tokio::task::JoinSet;

/// The weeks in which all requests meet a fault, each in one of them.
const WEEKS: u64 = 11;
/// More requests than a week takes.
const MAX_REQUESTS: u64 = 10_000;

const FAULTS: [Fault; 4] = [
    Fault::Status(502),
    Fault::SecondaryLimit,
    Fault::StaleToken,
    Fault::LostResponse,
];

/// The week in which the request of a number fails. They come in no steady step: a job that is tried again would else
/// meet its fault at the same place for ever.
fn week_of(request: u64) -> u64 {
    (request.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) % WEEKS
}

async fn a_week_with(fault: Fault, week: u64) {
    let mut world = World::start(Database::sqlite().await, Setting::default()).await;
    world.aws.replay(CONSOLE).await.unwrap();
    for request in (1..MAX_REQUESTS).filter(|request| week_of(*request) == week) {
        let request = usize::try_from(request).unwrap();
        world
            .github
            .fail_next(FailingRequest::Number(request), fault);
    }
    monday(&mut world).await;
    tuesday(&world).await;
    wednesday(&world).await;
    thursday(&world).await;
    friday(&world).await;
    weekend(&mut world).await;
    assert_eq!(world.github.violations(), [""; 0], "{fault:?}, week {week}");
    let asked = world.github.requests();
    let wanted = (1..=asked.len() as u64).filter(|request| week_of(*request) == week);
    let met = asked.iter().filter(|seen| is_met(fault, seen.status));
    let (wanted, met) = (wanted.count(), met.count());
    eprintln!("{fault:?}, week {week}: {met} of {}", asked.len());
    // The first requests may come before the faults are set.
    assert!(met + 2 >= wanted, "{met} of {wanted} faults were met");
}

/// Whether an answer is what a fault makes of it.
fn is_met(fault: Fault, status: u16) -> bool {
    match fault {
        Fault::Status(wanted) => status == wanted,
        Fault::SecondaryLimit => status == 403,
        Fault::StaleToken => status == 401,
        Fault::LostResponse => status == 0,
    }
}

/// One request of eleven for each fault; all of them with `DRIFTGUARD_FAULTS=all`, those of one round with its number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_in_which_every_request_goes_wrong_once_ends_as_any_other() {
    let rounds = match std::env::var("DRIFTGUARD_FAULTS").as_deref() {
        Ok("all") => 0..WEEKS,
        Ok(round) => round.parse().map(|round| round..round + 1).unwrap(),
        Err(_) => 0..1,
    };
    for round in rounds {
        let mut weeks = JoinSet::new();
        for (at, fault) in (0..).zip(FAULTS) {
            weeks.spawn(a_week_with(fault, (round + at) % WEEKS));
        }
        while let Some(week) = weeks.join_next().await {
            if let Err(death) = week {
                panic!("round {round}: {death}");
            }
        }
    }
}
