//! A commit's archive, unpacked in memory. What it holds comes from anyone who may push.

use crate::model::Tree;
use anyhow::{Context, bail};
use flate2::read::GzDecoder;
use std::io::Read;
use tar::{Archive, EntryType};

/// The largest file that is read; a larger one is passed over.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;
/// How much may be unpacked, read or not.
const LARGEST: u64 = 1024 * 1024 * 1024;
/// How many entries there may be.
const MOST: usize = 200_000;
/// The longest path.
const LONGEST_PATH: usize = 1024;

/// The files of an archive (tar, gzip), below the one folder that GitHub puts around them.
///
/// # Errors
/// When it is no archive, or a bomb.
pub(super) fn unpack(archive: &[u8]) -> anyhow::Result<Tree> {
    let mut tree = Tree::default();
    let mut archive = Archive::new(GzDecoder::new(archive).take(LARGEST));
    let mut count = 0;
    for entry in archive.entries().context("this is no archive")? {
        let mut entry = entry.context("the archive is damaged, or larger than a scan reads")?;
        count += 1;
        if count > MOST {
            bail!("the repository holds more than {MOST} files");
        }
        let path = entry.path_bytes().into_owned();
        let Some(path) = String::from_utf8(path).ok().and_then(|path| inside(&path)) else {
            continue;
        };
        match entry.header().entry_type() {
            EntryType::Symlink | EntryType::Link => {
                tree.links.insert(path);
            }
            EntryType::Regular if Tree::is_read(&path) && entry.size() <= LARGEST_FILE => {
                let mut bytes = Vec::new();
                entry
                    .read_to_end(&mut bytes)
                    .with_context(|| format!("while reading {path}"))?;
                tree.files.insert(path, bytes);
            }
            _ => {}
        }
    }
    Ok(tree)
}

/// The path below the outermost folder: none where it leads anywhere else.
fn inside(path: &str) -> Option<String> {
    let (_, path) = path.split_once('/')?;
    let good = !path.is_empty() && path.len() <= LONGEST_PATH;
    good.then(|| Tree::join("", path))
        .flatten()
        .filter(|joined| joined == path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn pack(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (path, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_cksum();
            archive.append(&header, *content).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn files_are_read_as_they_are_and_nothing_leads_out() {
        let archive = pack(&[
            ("acme-shop-1/a b/main.tf", b"a = 1\r\n"),
            ("acme-shop-1/photo.png", b"png"),
            ("acme-shop-1/../../etc/x.tf", b"no"),
            ("/etc/y.tf", b"y"),
        ]);
        let tree = unpack(&archive).unwrap();
        let paths: Vec<_> = tree.files.keys().map(String::as_str).collect();
        assert_eq!(paths, ["a b/main.tf", "etc/y.tf"]);
        assert_eq!(tree.text("a b/main.tf"), Some("a = 1\r\n"));
    }

    #[test]
    fn what_is_no_archive_is_an_error() {
        let archive = pack(&[("x/main.tf", b"a = 1")]);
        assert!(unpack(b"hello").is_err());
        assert!(unpack(&archive[..archive.len() / 2]).is_err());
    }
}
