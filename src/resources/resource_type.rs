//! Defines what DriftGuard knows of a resource type beside the provider's schema.

use super::{ALL, ReadRequest, ReadResult};
use crate::aws::Session;
use crate::model::TypeRules;
use futures::future::BoxFuture;

/// A Terraform resource type that DriftGuard reads natively.
pub struct ResourceType {
    /// Terraform's name of the type, which is also the name of its file.
    pub tf_type: &'static str,
    /// Whether AWS keeps the resources by region or by account.
    pub scope: Scope,
    /// Whether unmanaged resources of the type are listed in the whole account.
    pub listed: bool,
    /// The rules that the provider's schema leaves out.
    pub rules: TypeRules,
    /// The IAM actions that `read` calls; `driftguard iam-policy` grants these.
    pub actions: &'static [&'static str],
    /// Reads every tracked resource of the type, and unmanaged ones as far as the request asks for them.
    pub read: for<'a> fn(&'a Session, ReadRequest<'a>) -> BoxFuture<'a, ReadResult<'a>>,
}

/// Whether AWS keeps a type's resources by region or by account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Read in each region.
    Regional,
    /// Read once for the account, as IAM.
    Global,
}

impl ResourceType {
    /// Returns the type of this name, if DriftGuard reads it.
    pub fn named(tf_type: &str) -> Option<&'static Self> {
        ALL.iter()
            .copied()
            .find(|resource_type| resource_type.tf_type == tf_type)
    }

    /// Returns the attribute that lists resources of this child type inline.
    pub(super) fn child_path(&self, tf_type: &str) -> Option<&'static str> {
        let mut children = self.rules.children.iter();
        let child = children.find(|child| child.tf_type == tf_type)?;
        Some(child.path)
    }
}
