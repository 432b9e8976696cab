//! All roles of an account with their policies: read once for the types that stand for parts of them.

use crate::aws::Session;
use crate::model::Reason;
use aws_sdk_iam::types::{EntityType, Role, RoleDetail};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What reading all roles with their policies needs.
pub(super) const DETAILS: &str = "iam:GetAccountAuthorizationDetails";
/// What reading their descriptions and session lengths needs.
pub(super) const LIST: &str = "iam:ListRoles";
/// What a second look at one role needs.
pub(super) const ONE: &str = "iam:GetRole";
/// How IAM says that something is not there.
pub(super) const MISSING: &[&str] = &["NoSuchEntity"];
/// IAM's longest page.
const PAGE: i32 = 1000;

/// Each role of the account, by name, with its policies; asked once.
pub(super) async fn details(
    session: &Session,
) -> Result<Arc<BTreeMap<String, RoleDetail>>, Reason> {
    let ask = async {
        let request = session.iam().get_account_authorization_details();
        let request = request
            .filter(EntityType::Role)
            .max_items(PAGE)
            .into_paginator();
        let pages = session.pages(DETAILS, request.send()).await?;
        let roles = pages
            .into_iter()
            .flat_map(|page| page.role_detail_list.unwrap_or_default());
        Ok(roles
            .filter_map(|one| Some((one.role_name()?.to_owned(), one)))
            .collect())
    };
    session.shared_globally("roles in detail", ask).await
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
