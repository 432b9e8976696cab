//! What a person sees, as GitHub lists it with their token.

use crate::model::{InstallationId, RepositoryId, RepositoryName};
use serde::Deserialize;

/// An installation that a person sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserInstallation {
    /// The installation.
    pub id: InstallationId,
    /// The login of the account.
    pub account: String,
    /// GitHub's id of the account.
    pub account_id: u64,
    /// Whether the account is a person's own, and no organisation.
    pub is_personal: bool,
    /// Whether the App may ask who belongs to the organisation: the account granted it *Members: read*.
    pub grants_members: bool,
}

/// A repository that a person sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRepository {
    /// The repository.
    pub id: RepositoryId,
    /// The name.
    pub name: RepositoryName,
    /// Whether the repository is private, or internal to a company.
    pub private: bool,
    /// Whether the person may read.
    pub may_read: bool,
    /// Whether the person may write.
    pub may_write: bool,
}

impl UserRepository {
    /// Returns whether the person may look at what is found in the repository: what a public repository's code leads to is
    /// for those who may write to it.
    pub fn is_visible(&self) -> bool {
        match self.private {
            true => self.may_read,
            false => self.may_write,
        }
    }
}

/// A list, as far as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Whether GitHub has more of them.
    pub is_cut: bool,
}

/// A page of a list.
#[derive(Deserialize)]
pub(super) struct ListPage<T> {
    pub total_count: usize,
    #[serde(alias = "installations", alias = "repositories")]
    pub items: Vec<T>,
}

/// An installation, as GitHub writes it.
#[derive(Deserialize)]
pub(super) struct InstallationFields {
    id: u64,
    account: Option<AccountFields>,
    #[serde(default)]
    target_type: String,
    #[serde(default)]
    permissions: GrantedFields,
    suspended_at: Option<String>,
}

#[derive(Deserialize)]
struct AccountFields {
    id: u64,
    login: Option<String>,
}

#[derive(Deserialize, Default)]
struct GrantedFields {
    members: Option<String>,
}

/// A person's membership of an organisation, as GitHub writes it.
#[derive(Deserialize)]
pub(super) struct MembershipFields {
    state: String,
    role: String,
    organization: MemberOf,
}

#[derive(Deserialize)]
struct MemberOf {
    id: u64,
}

impl MembershipFields {
    /// Returns whether it makes the person an owner of the organisation with this id: a login may be another's by now.
    pub fn owns(&self, organisation: u64) -> bool {
        self.role == "admin" && self.state == "active" && self.organization.id == organisation
    }
}

/// A repository, as GitHub writes it.
#[derive(Deserialize)]
pub(super) struct RepositoryFields {
    id: u64,
    full_name: String,
    private: bool,
    #[serde(default)]
    permissions: PermissionFields,
}

#[derive(Deserialize, Default)]
struct PermissionFields {
    #[serde(default)]
    pull: bool,
    #[serde(default)]
    push: bool,
}

/// Returns an installation that is not suspended.
pub(super) fn installation(found: InstallationFields) -> Option<UserInstallation> {
    let is_active = found.suspended_at.is_none();
    let account = found.account.filter(|_| is_active)?;
    Some(UserInstallation {
        id: InstallationId(found.id),
        account: account.login?,
        account_id: account.id,
        is_personal: found.target_type == "User",
        grants_members: found.permissions.members.is_some(),
    })
}

/// Returns a repository; `None` where its name is none.
pub(super) fn repository(found: RepositoryFields) -> Option<UserRepository> {
    Some(UserRepository {
        id: RepositoryId(found.id),
        name: RepositoryName::new(&found.full_name)?,
        private: found.private,
        may_read: found.permissions.pull,
        may_write: found.permissions.push,
    })
}
