//! What the process says of itself on standard error.

use crate::model::masked;
use std::io::{self, Write};

/// Standard error, without what looks like a credential: a line may quote what another program said.
pub(super) struct Log;

impl Write for Log {
    /// Takes a whole line, as the subscriber hands it over.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        io::stderr().write_all(masked(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
