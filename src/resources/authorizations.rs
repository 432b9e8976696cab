//! Who may do what in an account: read once for the types that stand for roles, users, policies and parts of them.

use crate::aws::Session;
use crate::model::Reason;
use aws_sdk_iam::types::{EntityType, ManagedPolicyDetail, Role, RoleDetail, UserDetail};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What reading all of it needs.
pub(super) const DETAILS: &str = "iam:GetAccountAuthorizationDetails";
/// What reading roles' descriptions and session lengths needs.
pub(super) const LIST: &str = "iam:ListRoles";
/// How IAM says that something is not there.
pub(super) const MISSING: &[&str] = &["NoSuchEntity"];
/// IAM's longest page.
const PAGE: i32 = 1000;

/// An account's roles and users by name, and the policies of its own by ARN.
#[derive(Default)]
pub(super) struct Authorizations {
    pub roles: BTreeMap<String, RoleDetail>,
    pub users: BTreeMap<String, UserDetail>,
    pub policies: BTreeMap<String, ManagedPolicyDetail>,
}

/// Everything that one question answers, asked once.
pub(super) async fn details(session: &Session) -> Result<Arc<Authorizations>, Reason> {
    let ask = async {
        let request = session.iam().get_account_authorization_details();
        let request = request
            .filter(EntityType::Role)
            .filter(EntityType::User)
            .filter(EntityType::LocalManagedPolicy)
            .max_items(PAGE)
            .into_paginator();
        let mut all = Authorizations::default();
        for page in session.pages(DETAILS, request.send()).await? {
            let roles = page.role_detail_list.unwrap_or_default().into_iter();
            let users = page.user_detail_list.unwrap_or_default().into_iter();
            let policies = page.policies.unwrap_or_default().into_iter();
            all.roles
                .extend(roles.filter_map(|one| Some((one.role_name()?.to_owned(), one))));
            all.users
                .extend(users.filter_map(|one| Some((one.user_name()?.to_owned(), one))));
            all.policies
                .extend(policies.filter_map(|one| Some((one.arn()?.to_owned(), one))));
        }
        Ok(all)
    };
    session.shared_globally("authorizations", ask).await
}

/// Each role of the account, by name, with its description and session length; asked once.
pub(super) async fn list(session: &Session) -> Result<Arc<BTreeMap<String, Role>>, Reason> {
    let ask = async {
        let request = session.iam().list_roles().max_items(PAGE).into_paginator();
        let pages = session.pages(LIST, request.send()).await?;
        let roles = pages.into_iter().flat_map(|page| page.roles);
        Ok(roles.map(|one| (one.role_name().to_owned(), one)).collect())
    };
    session.shared_globally("roles", ask).await
}
