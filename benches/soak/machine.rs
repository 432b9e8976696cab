//! How busy the machine is meanwhile: figures of a machine that does much else mean less.

use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How often the load average is read.
const WATCH: Duration = Duration::from_secs(5);

/// The load average: before, and while it is watched. It ends when dropped.
pub struct Load {
    before: f64,
    seen: Arc<Mutex<Vec<f64>>>,
    task: JoinHandle<()>,
}

impl Load {
    /// Watches it from now on.
    pub fn watch() -> Self {
        let seen = Arc::<Mutex<Vec<f64>>>::default();
        let kept = seen.clone();
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(WATCH).await;
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push(load_average());
            }
        });
        Self {
            before: load_average(),
            seen,
            task,
        }
    }

    pub fn to_json(&self) -> Value {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mean = seen.iter().sum::<f64>() / seen.len().max(1) as f64;
        let most = seen.iter().copied().fold(0.0, f64::max);
        json!({ "before": rounded(self.before), "mean": rounded(mean), "most": rounded(most) })
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How many tasks ran or waited for a processor in the last minute; 0 where the system does not say.
fn load_average() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split(' ').next().and_then(|first| first.parse().ok());
    first.unwrap_or_default()
}

fn rounded(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}
