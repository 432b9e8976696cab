//! Chooses the reviewers of a pull request.

use crate::github::Reviewers;
use crate::model::Tree;
use crate::patch::Changed;
use crate::settings::{self, Codeowners, Owner, PullRequests};
use std::collections::BTreeSet;

/// How many people and teams are requested at most: GitHub notifies each.
const MAX_REVIEWERS: usize = 10;

/// Returns the code owners of the changed files; none where CODEOWNERS takes too long to match.
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

/// Returns the reviewers that the settings name, or the code owners of the changed files. Only teams of the
/// repository's own organisation can be requested.
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
    for owner in owners.into_iter().take(MAX_REVIEWERS) {
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
