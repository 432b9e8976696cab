//! Writes git trees: a commit's files with some of them changed, each with its mode.

use super::error::GithubError;
use super::json::{GitCommit, GitObject};
use super::repository::Repository;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

/// The mode of a file.
const FILE: &str = "100644";
/// The mode of an executable file.
const EXECUTABLE: &str = "100755";
/// The mode of a folder.
const FOLDER: &str = "040000";

/// An entry of a tree.
#[derive(Deserialize)]
struct Entry {
    path: String,
    mode: String,
    sha: String,
}

#[derive(Deserialize)]
struct Listing {
    tree: Vec<Entry>,
    #[serde(default)]
    truncated: bool,
}

/// The listed folders of a commit, by tree id.
type Listings = BTreeMap<String, Listing>;

impl Repository {
    /// Writes the tree of a commit with these files changed, and returns its id.
    ///
    /// # Errors
    /// As any request, and `Invalid` where a path is no regular file.
    pub(super) async fn write_tree(
        &self,
        commit: &str,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<String, GithubError> {
        let base: GitCommit = self.get(&format!("git/commits/{commit}")).await?;
        let root = base.tree.sha.as_str();
        let mut listings = Listings::new();
        let mut entries = Vec::new();
        for (path, bytes) in files {
            let mode = self.mode(root, path, &mut listings).await?;
            let content = String::from_utf8_lossy(bytes);
            entries.push(json!({"path": path, "mode": mode, "type": "blob", "content": content}));
        }
        let body = json!({"base_tree": root, "tree": entries});
        let tree: GitObject = self.post("git/trees", body, true).await?;
        Ok(tree.sha)
    }

    /// Returns the mode of the file at a path, or that of a new file.
    ///
    /// Lists folder by folder: a recursive listing is truncated in a large repository.
    async fn mode(
        &self,
        root: &str,
        path: &str,
        listings: &mut Listings,
    ) -> Result<&'static str, GithubError> {
        let refused = |problem: &str| GithubError::Invalid {
            what: format!("a change of {path}"),
            message: problem.to_owned(),
        };
        let mut id = root.to_owned();
        let mut parts = path.split('/').peekable();
        while let Some(name) = parts.next() {
            if !listings.contains_key(&id) {
                let listing = self.get(&format!("git/trees/{id}")).await?;
                listings.insert(id.clone(), listing);
            }
            let entry = listings.get(&id).and_then(|listing| listing.find(name));
            let is_last = parts.peek().is_none();
            match entry.map(|entry| entry.mode.as_str()) {
                None if listings.get(&id).is_some_and(|listing| listing.truncated) => {
                    return Err(refused("its folder is too large to be listed"));
                }
                None => return Ok(FILE),
                Some(EXECUTABLE) if is_last => return Ok(EXECUTABLE),
                Some(FILE) if is_last => return Ok(FILE),
                Some(FOLDER) if !is_last => {
                    id = entry.map(|entry| entry.sha.clone()).unwrap_or_default()
                }
                Some("120000") => {
                    return Err(refused(
                        "a symbolic link is on its way, and none is followed",
                    ));
                }
                Some("160000") => {
                    return Err(refused(
                        "a submodule is on its way, which is another repository",
                    ));
                }
                Some(_) => return Err(refused("a file and a folder have the same name")),
            }
        }
        Ok(FILE)
    }
}

impl Listing {
    fn find(&self, name: &str) -> Option<&Entry> {
        self.tree.iter().find(|entry| entry.path == name)
    }
}
