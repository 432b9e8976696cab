//! Writes the process's log to standard error.

use crate::model::{is_unseen, masked};
use std::any::Any;
use std::io::{self, Write};
use std::panic;
use tracing_subscriber::EnvFilter;

/// Starts the log on standard error: as `RUST_LOG` says, else from this level on.
pub(super) fn start(level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Log)
        .init();
}

/// Writes to standard error with credentials masked and control characters escaped.
/// A line may quote the output of another program.
pub(super) struct Log;

impl Write for Log {
    /// Takes a whole line, as the subscriber hands it over.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        io::stderr().write_all(shown(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Returns a line as it is written. The escapes that are left are the subscriber's own colours: it writes out those of
/// a message.
fn shown(line: &str) -> String {
    let mut safe = String::new();
    for c in masked(line).chars() {
        match c {
            '\n' | '\t' | '\u{1b}' => safe.push(c),
            c if is_unseen(c) => safe.extend(c.escape_unicode()),
            c => safe.push(c),
        }
    }
    safe
}

/// Installs a panic hook that reports the place and the message up to its first quote.
/// The default hook writes the whole message to standard error, with the text that was being cut.
pub(super) fn on_panic(tell: impl Fn(&str, &str) + Send + Sync + 'static) {
    panic::set_hook(Box::new(move |panicked| {
        let place = panicked.location().map(ToString::to_string);
        tell(&place.unwrap_or_default(), &reason(panicked.payload()));
    }));
}

/// Returns a panic's message, up to what it quotes.
fn reason(payload: &(dyn Any + Send)) -> String {
    if let Some(fixed) = payload.downcast_ref::<&str>() {
        return (*fixed).to_owned();
    }
    let formatted = payload.downcast_ref::<String>().map(String::as_str);
    let unquoted = formatted.and_then(|text| text.split(['`', '"', '\'']).next());
    masked(unquoted.unwrap_or_default()).trim_end().to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn a_line_of_the_log_turns_no_text_around_and_shows_no_credential() {
        let line =
            shown("\u{1b}[33m WARN\u{1b}[0m \u{202e}gpj.exe\r \u{9b}2J AKIAIOSFODNN7EXAMPLE\n");
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        for absent in ["\u{202e}", "\u{9b}", "\r", "AKIAIOSFODNN7EXAMPLE"] {
            assert!(!line.contains(absent), "{line:?}");
        }
    }

    #[test]
    fn a_panic_tells_where_it_was_and_quotes_nothing_that_was_read() {
        let messages = Arc::new(Mutex::new(Vec::new()));
        let former = panic::take_hook();
        on_panic({
            let messages = messages.clone();
            move |place, reason| messages.lock().unwrap().push(format!("{place}: {reason}"))
        });
        // The byte at which it is cut is within a letter.
        let read = String::from("hunter2 = \u{e9}");
        let ended = panic::catch_unwind(|| read[..11].len());
        panic::set_hook(former);
        assert!(ended.is_err());
        let messages = messages.lock().unwrap().join("\n");
        assert!(messages.contains("src/cli/log.rs:"), "{messages}");
        assert!(messages.contains("is not a char boundary"), "{messages}");
        assert!(!messages.contains("hunter2"), "{messages}");
    }
}
