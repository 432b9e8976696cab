//! Measures what an archive unpacks to.

use super::ArchiveError;
use flate2::read::GzDecoder;
use std::io::{self, Read};

/// How much may be unpacked, kept or not: seconds of work.
const LARGEST: u64 = 2 * 1024 * 1024 * 1024;
/// How many times larger than the archive may be what it unpacks to: source code is packed to a tenth, a bomb to a
/// thousandth.
const RATIO: u64 = 100;
/// From how much on that is looked at: a small archive may be of one text many times over.
const FREE: u64 = 64 * 1024 * 1024;

/// Unpacks, and fails where that becomes too much.
pub(super) struct Meter<R> {
    unpacked: GzDecoder<Counted<R>>,
    bytes: u64,
}

/// Counts what is read.
struct Counted<R> {
    reader: R,
    bytes: u64,
}

impl<R: Read> Meter<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            unpacked: GzDecoder::new(Counted { reader, bytes: 0 }),
            bytes: 0,
        }
    }

    fn check(&self) -> Result<(), ArchiveError> {
        let packed = self.unpacked.get_ref().bytes;
        if self.bytes > LARGEST {
            return Err(ArchiveError::TooLarge(format!(
                "the repository holds more than {} GiB: split it, or keep the Terraform code in one of its own",
                LARGEST >> 30
            )));
        }
        if self.bytes > FREE && self.bytes / RATIO > packed {
            return Err(ArchiveError::TooLarge(format!(
                "the repository unpacks to more than {RATIO} times its size, as a bomb does: take out the files that hold \
                 little but repetition"
            )));
        }
        Ok(())
    }
}

impl<R: Read> Read for Meter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.unpacked.read(buffer)?;
        self.bytes += length as u64;
        self.check().map_err(io::Error::other)?;
        Ok(length)
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        self.bytes += length as u64;
        Ok(length)
    }
}
