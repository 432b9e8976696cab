//! Limits how much of a response is read.

/// The limit for blobs: a file of the largest size that is read, in Base64, or a state.
const MAX_BLOB: usize = 48 * 1024 * 1024;
/// The limit for the list of a commit's files: GitHub truncates it at 7 MB.
const MAX_TREE: usize = 16 * 1024 * 1024;
/// The limit for everything else: a page of a hundred comments is 26 MB if each is as long as GitHub allows.
const MAX_OTHER: usize = 32 * 1024 * 1024;

/// Returns how many bytes of the response to a request for this path are read at most.
pub(super) fn largest(path: &str) -> usize {
    if path.contains("/git/blobs/") {
        MAX_BLOB
    } else if path.contains("/git/trees/") {
        MAX_TREE
    } else {
        MAX_OTHER
    }
}
