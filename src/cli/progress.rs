//! Shows the progress of a scan: a line on a terminal, nothing elsewhere.

use crate::scan::progress::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// A progress line, which is hidden where standard error is no terminal.
pub(super) struct ProgressLine(ProgressBar);

/// The interval at which the line moves.
const TICK: Duration = Duration::from_millis(120);

impl ProgressLine {
    /// Starts the line.
    pub(super) fn start() -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// Says what is done now.
    pub(super) fn show(&self, progress: Progress) {
        self.0.set_message(match progress {
            Progress::Loading => "reading code and states".to_owned(),
            Progress::Asking(1) => "asking AWS about 1 resource".to_owned(),
            Progress::Asking(resources) => format!("asking AWS about {resources} resources"),
            Progress::Comparing => "comparing".to_owned(),
            Progress::AskingWho => "asking CloudTrail who made the changes".to_owned(),
        });
    }

    /// Takes the line away.
    pub(super) fn end(self) {
        self.0.finish_and_clear();
    }
}
