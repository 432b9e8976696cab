//! Chooses who is asked to review a pull request.

use crate::github::Reviewers;
use crate::model::Tree;
use crate::patch::Changed;
use crate::settings::{self, Codeowners, Owner, PullRequests};
use std::collections::BTreeSet;

/// The most people and teams that are asked: GitHub notifies each.
const MOST: usize = 10;

/// The owners of the files that change; nobody where the file that says so takes too long to read.
fn owners(known: &Codeowners, files: &Changed) -> BTreeSet<Owner> {
    let owners: Result<Vec<_>, _> = files.keys().map(|file| known.owners(file)).collect();
    match owners {
        Ok(owners) => owners.into_iter().flatten().cloned().collect(),
        Err(error) => {
            tracing::warn!(%error, "CODEOWNERS names no reviewers");
            BTreeSet::new()
        }
    }
}

/// The reviewers that the settings name, or the owners of the files that change. Only teams of the repository's own
/// organisation can be asked.
pub(super) fn of(
    settings: &PullRequests,
    tree: &Tree,
    files: &Changed,
    organisation: &str,
) -> Reviewers {
    let owners: BTreeSet<Owner> = match &settings.reviewers {
        settings::Reviewers::Named(names) => names
            .iter()
            .filter_map(|name| Owner::parse(&format!("@{}", name.trim_start_matches('@'))))
            .collect(),
        settings::Reviewers::Codeowners => match Codeowners::of(tree) {
            Some(known) => owners(&known, files),
            None => BTreeSet::new(),
        },
    };
    let mut reviewers = Reviewers::default();
    for owner in owners.into_iter().take(MOST) {
        match owner {
            Owner::Person(login) => reviewers.people.push(login),
            Owner::Team { org, slug } if org.eq_ignore_ascii_case(organisation) => {
                reviewers.teams.push(slug);
            }
            Owner::Team { .. } => {}
        }
    }
    reviewers
}
