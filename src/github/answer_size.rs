//! How much of an answer is read.

/// Blobs: a file of the largest size that is read, in Base64, or a state.
const BLOB: usize = 48 * 1024 * 1024;
/// The list of a commit's files: GitHub cuts it at 7 MB.
const TREE: usize = 16 * 1024 * 1024;
/// Everything else: a page of a hundred comments is 26 MB if each is as long as GitHub lets it be.
const USUAL: usize = 32 * 1024 * 1024;

/// The most bytes that are read of the answer to a request for this path.
pub(super) fn largest(path: &str) -> usize {
    if path.contains("/git/blobs/") {
        BLOB
    } else if path.contains("/git/trees/") {
        TREE
    } else {
        USUAL
    }
}
