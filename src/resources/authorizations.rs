//! Reads an account's IAM roles, users, groups and policies once, for all the types that describe them.

use super::Scope;
use super::listing::{ById, Listing};
use crate::aws::Session;
use crate::model::Reason;
use aws_sdk_iam::operation::list_roles::ListRolesOutput;
use aws_sdk_iam::types::{
    EntityType, GroupDetail, ManagedPolicyDetail, Role, RoleDetail, UserDetail,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The IAM action that reads an account's roles, users, groups and policies.
pub(super) const DETAILS: &str = "iam:GetAccountAuthorizationDetails";
/// The IAM action that reads the descriptions and session lengths of roles.
pub(super) const LIST: &str = "iam:ListRoles";
/// IAM's error codes for a resource that does not exist.
pub(super) const NOT_FOUND: &[&str] = &["NoSuchEntity"];
/// The largest page that IAM returns.
const PAGE_SIZE: i32 = 1000;

/// An account's roles, users and groups by name, and its own policies by ARN.
#[derive(Default)]
pub(super) struct Authorizations {
    pub roles: BTreeMap<String, RoleDetail>,
    pub users: BTreeMap<String, UserDetail>,
    pub groups: BTreeMap<String, GroupDetail>,
    pub policies: BTreeMap<String, ManagedPolicyDetail>,
}

/// Reads the account's roles, users, groups and policies, once for all types.
pub(super) async fn details(session: &Session) -> Result<Arc<Authorizations>, Reason> {
    let fetch = async {
        let request = session.iam().get_account_authorization_details();
        let request = request
            .filter(EntityType::Role)
            .filter(EntityType::User)
            .filter(EntityType::Group)
            .filter(EntityType::LocalManagedPolicy)
            .max_items(PAGE_SIZE)
            .into_paginator();
        let mut all = Authorizations::default();
        for page in session.pages(DETAILS, request.send()).await? {
            let roles = page.role_detail_list.unwrap_or_default().into_iter();
            let users = page.user_detail_list.unwrap_or_default().into_iter();
            let groups = page.group_detail_list.unwrap_or_default().into_iter();
            let policies = page.policies.unwrap_or_default().into_iter();
            all.roles
                .extend(roles.filter_map(|role| Some((role.role_name()?.to_owned(), role))));
            all.users
                .extend(users.filter_map(|user| Some((user.user_name()?.to_owned(), user))));
            all.groups
                .extend(groups.filter_map(|group| Some((group.group_name()?.to_owned(), group))));
            all.policies
                .extend(policies.filter_map(|policy| Some((policy.arn()?.to_owned(), policy))));
        }
        Ok(all)
    };
    session.shared_globally("authorizations", fetch).await
}

static LISTING: Listing<ListRolesOutput, Role> = Listing {
    action: LIST,
    scope: Scope::Global,
    items: |page| Some(page.roles),
    id: |role| Some(role.role_name()),
};

/// Lists the account's roles by name, with the description and the session length that the authorization details lack.
pub(super) async fn list(session: &Session) -> Result<ById<Role>, Reason> {
    let request = session
        .iam()
        .list_roles()
        .max_items(PAGE_SIZE)
        .into_paginator();
    LISTING.by_id(session, request.send()).await
}
