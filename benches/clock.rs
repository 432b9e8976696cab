//! What a piece of work takes: time by the wall, time on a processor, memory.

use anyhow::{Context, Result};
use std::time::Instant;

/// What a piece of work took.
pub struct Clock {
    began: Instant,
    cpu: u64,
}

impl Clock {
    /// Starts it.
    pub fn start() -> Result<Self> {
        Ok(Self {
            cpu: on_cpu()?,
            began: Instant::now(),
        })
    }

    /// Seconds by the wall, seconds on a processor.
    pub fn stop(&self) -> Result<(f64, f64)> {
        let wall = self.began.elapsed().as_secs_f64();
        Ok((wall, (on_cpu()? - self.cpu) as f64 / 1e9))
    }
}

/// How long this process's only thread has run, in nanoseconds: other programs do not lengthen it.
fn on_cpu() -> Result<u64> {
    let told = std::fs::read_to_string("/proc/self/schedstat")?;
    let first = told.split_whitespace().next().context("empty schedstat")?;
    Ok(first.parse()?)
}

/// The most memory that this process has held, in KiB.
pub fn peak() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let size = line.and_then(|line| line.split_whitespace().next());
    Ok(size.context("no VmHWM in /proc/self/status")?.parse()?)
}
