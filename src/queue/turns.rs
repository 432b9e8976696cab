//! Gives the jobs of installations their turns, however many jobs an installation has.
//!
//! Each job gets the number of a turn when it is enqueued: the one after its installation's last, and no past one.
//! apalis takes the highest priority first, so a later turn has a lower priority.

/// The priority before the first turn: the highest that PostgreSQL's column holds.
pub(super) const FIRST: i64 = i32::MAX as i64;

/// Takes an installation's next turn ($1: the installation, $2: the queue, $3: `FIRST`). Returns it with the database's
/// time in milliseconds, by which a job is put off: other processes' clocks may show another.
pub(super) const SQLITE: &str =
    "insert into queue_turns (installation, turn) values ($1, 1 + coalesce(
         (select $3 - max(priority) from Jobs
          where job_type = $2 and status = 'Pending' and run_at <= strftime('%s', 'now')),
         (select max(turn) from queue_turns), 0))
     on conflict (installation) do update set turn = case
         when excluded.turn > queue_turns.turn then excluded.turn else queue_turns.turn + 1 end
     returning turn, cast(unixepoch('subsec') * 1000 as integer)";

/// Takes a turn on PostgreSQL.
pub(super) const POSTGRES: &str =
    "insert into queue_turns (installation, turn) values ($1, 1 + coalesce(
         (select $3::bigint - max(priority) from apalis.jobs
          where job_type = $2 and status = 'Pending' and run_at <= now()),
         (select max(turn) from queue_turns), 0))
     on conflict (installation) do update set turn = case
         when excluded.turn > queue_turns.turn then excluded.turn else queue_turns.turn + 1 end
     returning turn, cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";

/// Returns the priority of a turn. Turns beyond the last number wait behind all others.
pub(super) fn priority(turn: i64) -> usize {
    usize::try_from(FIRST - turn).unwrap_or_default()
}
