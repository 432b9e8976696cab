//! Whatever arrives as a repository's archive is unpacked within its limits, or refused. The input is the tar file: its
//! entries are what a stranger chooses; gzip is put around it here, so that the fuzzer need not find valid checksums of it.

use driftguard::github::tarball::{self, ArchiveError};
use driftguard::model::Tree;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// Where a header's checksum lies, and how long a header is.
const CHECKSUM: std::ops::Range<usize> = 148..156;
const BLOCK: usize = 512;

pub fn check(bytes: &[u8]) {
    // As it is, and with the checksums of all blocks right.
    for tar in [bytes.to_vec(), summed(bytes)] {
        match tarball::unpack(packed(&tar).as_slice()) {
            Ok(tree) => holds(&tree, tar.len()),
            Err(ArchiveError::Damaged(_)) => {}
            Err(ArchiveError::TooLarge(message)) => assert!(message.contains("repository")),
        }
    }
    // What is no gzip at all.
    if let Ok(tree) = tarball::unpack(bytes) {
        holds(&tree, usize::MAX);
    }
}

/// What is kept is what a scan reads, under a path of the repository, and no more than there was.
fn holds(tree: &Tree, length: usize) {
    assert!(tarball::cost(tree) <= tarball::MAX_TOTAL);
    let mut kept = 0_usize;
    for (path, bytes) in &tree.files {
        assert!(Tree::is_read(path), "{path}");
        assert!(!tree.links.contains_key(path) && !tree.too_large.contains_key(path));
        kept += bytes.len();
    }
    assert!(kept <= length, "{kept} bytes of {length}");
    let paths = tree
        .files
        .keys()
        .chain(tree.links.keys())
        .chain(tree.too_large.keys());
    for path in paths {
        assert_eq!(Tree::join("", path).as_deref(), Some(path.as_str()));
    }
}

fn packed(tar: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(tar).expect("a vector takes all");
    packed.finish().expect("a vector takes all")
}

/// The same with each block's checksum as if it were a header.
fn summed(bytes: &[u8]) -> Vec<u8> {
    let mut tar = bytes.to_vec();
    for block in tar.chunks_exact_mut(BLOCK) {
        block[CHECKSUM].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    tar
}
