//! What all module instances of one evaluation share.

use super::budget::Budget;
use super::overlay::Overlay;
use super::{Options, Recorded, RequestedFiles, Shared};
use crate::model::SecretTexts;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What all instances of one evaluation share.
#[derive(Debug)]
pub(super) struct Context<'t> {
    /// What the evaluation may still cost.
    pub budget: Budget,
    /// The workspace.
    pub workspace: String,
    /// What a state records of the resources that the code refers to.
    pub recorded: Recorded,
    /// The repository's files, which code may read.
    pub code: Overlay<'t>,
    /// The files that code reads, and the folders that it lists, of which that is not known.
    pub requested: RefCell<RequestedFiles>,
    /// What it shares with the other evaluations of a scan.
    pub shared: Shared,
    /// The secrets that were noted so far.
    pub secrets: RefCell<NotedSecrets>,
}

/// The secrets in the code, and in the files that it reads: each file is searched once.
#[derive(Debug, Default)]
pub(super) struct NotedSecrets {
    /// Whether each file has any.
    pub files: BTreeMap<String, bool>,
    /// Their texts.
    pub texts: SecretTexts,
    /// The texts that were made from parts of them and ended in an attribute, since they were last taken.
    pub derived: BTreeSet<String>,
}

impl<'t> Context<'t> {
    /// The context of an evaluation.
    pub(super) fn new(options: &Options, code: Overlay<'t>) -> Rc<Self> {
        Rc::new(Self {
            code,
            requested: RefCell::default(),
            secrets: RefCell::default(),
            budget: Budget::new(&options.shared, &options.interrupt),
            workspace: match options.workspace.as_str() {
                "" => "default".to_owned(),
                named => named.to_owned(),
            },
            recorded: options.recorded.clone(),
            shared: options.shared.clone(),
        })
    }
}
