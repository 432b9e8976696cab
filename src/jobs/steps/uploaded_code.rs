//! Reads the code that somebody uploads to be scanned: its files, and its settings.

use crate::github::Layout;
use crate::github::tarball::unpack_as;
use crate::model::{ScanError, Tree};
use crate::report;
use crate::settings::{self, Settings};

/// Unpacks the uploaded code, which must have the folder of the root module.
pub(in crate::jobs) fn code(archive: Option<Vec<u8>>, folder: &str) -> Result<Tree, ScanError> {
    let Some(archive) = archive else {
        return Ok(Tree::default());
    };
    let tree = unpack_as(archive.as_slice(), Layout::Plain)
        .map_err(|error| failure("code", format!("the code cannot be unpacked: {error}")))?;
    match holds_folder(&tree, folder) {
        true => Ok(tree),
        false => Err(failure(
            "code",
            format!(
                "the code has no folder `{}` with Terraform files: `folder` is a path within the archive",
                report::printable(folder)
            ),
        )),
    }
}

/// Returns whether code has files of Terraform's in a folder, which is empty for the outermost.
fn holds_folder(tree: &Tree, folder: &str) -> bool {
    let links = tree.links_in(folder).next();
    let mut files = tree.in_folder(folder).map(|(path, _)| path);
    let mut too_large = tree.too_large.keys();
    folder.is_empty()
        || tree.links.contains_key(folder)
        || links.is_some()
        || files.any(|path| !Tree::is_only_named(path))
        || too_large.any(|path| Tree::folder(path) == folder)
}

/// Reads the settings of the uploaded code: what it accepts, and how far a scan looks. Roles and stacks are the
/// workspace's.
pub(in crate::jobs) fn settings(tree: &Tree) -> Result<Settings, ScanError> {
    let text = tree.text(settings::FILE).unwrap_or_default();
    Settings::parse(text).map_err(|error| failure("settings", error.to_string()))
}

/// Creates the error of a scan that cannot begin.
pub(in crate::jobs) fn failure(kind: &'static str, message: String) -> ScanError {
    ScanError {
        kind: kind.into(),
        message,
    }
}
