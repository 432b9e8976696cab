//! Holds what all module instances of one evaluation share.

use super::budget::Budget;
use super::dangling::DanglingReferences;
use super::environment_tags::EnvironmentTags;
use super::instance::FileValue;
use super::overlay::Overlay;
use super::{Options, Recorded, RequestedFiles, Shared};
use crate::model::SecretTexts;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Where the values of data files stand, by function and path; `None` where they are not edited.
type DataFiles = BTreeMap<(String, String), Option<Rc<FileValue>>>;

/// The shared data of one evaluation.
#[derive(Debug)]
pub(super) struct Context<'t> {
    /// The remaining budget.
    pub budget: Budget,
    /// The workspace.
    pub workspace: String,
    /// The tags that the environment gives to AWS providers.
    pub environment_tags: EnvironmentTags,
    /// The recorded values of resources that the code refers to.
    pub recorded: Recorded,
    /// The repository's files, which code may read.
    pub code: Overlay<'t>,
    /// The files that code reads and the folders that it lists that are not in the tree.
    pub requested: RefCell<RequestedFiles>,
    /// Whether the conditions under which Terraform plans are evaluated as well.
    pub conditions: bool,
    /// The data shared with the other evaluations of the scan.
    pub shared: Shared,
    /// Where the values of the data files stand that code decodes, by function and path. Each is read once.
    pub data_files: RefCell<DataFiles>,
    /// The secrets found so far.
    pub secrets: RefCell<NotedSecrets>,
    /// The references to instances that edits removed.
    pub dangling: RefCell<DanglingReferences>,
}

/// The secrets in the code and in the files that it reads. Each file is searched once.
#[derive(Debug, Default)]
pub(super) struct NotedSecrets {
    /// Whether each searched file has any.
    pub files: BTreeMap<String, bool>,
    /// Their texts.
    pub texts: SecretTexts,
    /// Strings that were computed from parts of secrets and are the value of an attribute, since they were last taken.
    pub derived: BTreeSet<String>,
}

impl<'t> Context<'t> {
    /// Creates the context of an evaluation.
    pub(super) fn new(options: &Options, code: Overlay<'t>) -> Rc<Self> {
        Rc::new(Self {
            code,
            requested: RefCell::default(),
            secrets: RefCell::default(),
            dangling: RefCell::default(),
            data_files: RefCell::default(),
            budget: Budget::new(&options.shared, &options.interrupt),
            workspace: match options.workspace.as_str() {
                "" => "default".to_owned(),
                named => named.to_owned(),
            },
            environment_tags: options.given.tags.clone(),
            recorded: options.recorded.clone(),
            conditions: options.conditions,
            shared: options.shared.clone(),
        })
    }
}
