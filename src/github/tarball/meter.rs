//! Limits how much an archive unpacks to.

use super::ArchiveError;
use flate2::read::GzDecoder;
use std::io::{self, Read};

/// How many bytes may be unpacked, kept or not: seconds of work.
const MAX_UNPACKED: u64 = 2 * 1024 * 1024 * 1024;
/// How many times its size an archive may unpack to: source code compresses to a tenth, a bomb to a thousandth.
const MAX_RATIO: u64 = 100;
/// From how many bytes on the ratio is checked: a small archive may repeat one text.
const RATIO_FREE: u64 = 64 * 1024 * 1024;

/// Unpacks, and fails beyond the limits.
pub(super) struct UnpackLimiter<R> {
    unpacked: GzDecoder<CountingReader<R>>,
    bytes: u64,
}

/// Counts what is read.
struct CountingReader<R> {
    reader: R,
    bytes: u64,
}

impl<R: Read> UnpackLimiter<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            unpacked: GzDecoder::new(CountingReader { reader, bytes: 0 }),
            bytes: 0,
        }
    }

    fn check(&self) -> Result<(), ArchiveError> {
        let packed = self.unpacked.get_ref().bytes;
        if self.bytes > MAX_UNPACKED {
            return Err(ArchiveError::TooLarge(format!(
                "the repository holds more than {} GiB: split it, or keep the Terraform code in one of its own",
                MAX_UNPACKED >> 30
            )));
        }
        if self.bytes > RATIO_FREE && self.bytes / MAX_RATIO > packed {
            return Err(ArchiveError::TooLarge(format!(
                "the repository unpacks to more than {MAX_RATIO} times its size, as a bomb does: take out the files that hold \
                 little but repetition"
            )));
        }
        Ok(())
    }
}

impl<R: Read> Read for UnpackLimiter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.unpacked.read(buffer)?;
        self.bytes += length as u64;
        self.check().map_err(io::Error::other)?;
        Ok(length)
    }
}

impl<R: Read> Read for CountingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        self.bytes += length as u64;
        Ok(length)
    }
}
