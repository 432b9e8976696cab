//! `GET /api/v1/me`: whose key it is.

use super::Api;
use super::caller::Reader;
use super::problem::{Problem, ReadProblems};
use crate::report::instant;
use crate::store::Repository;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A key, and what it reaches.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    /// The organisation whose workspaces the key reaches, or some of them; `local` for that of the server itself.
    #[schema(examples("acme"))]
    organisation: String,
    /// What the key may do.
    #[schema(value_type = ScopeName)]
    scope: &'static str,
    /// The login of the person whose key it is; null for a key of the organisation.
    #[schema(examples("octocat"))]
    person: Option<String>,
    /// The repositories that the key reaches; null for a key of the organisation, which reaches all workspaces.
    #[schema(examples(json!(["acme/shop"])))]
    repositories: Option<Vec<String>>,
    /// The name that was given to the key.
    name: String,
    /// The beginning of the key.
    #[schema(examples("dg_live_5f0c11d2"))]
    prefix: String,
    /// When the key expires; null for never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// What a key may do.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes the names of `ApiScope` alone")]
enum ScopeName {
    Read,
    Write,
}

/// Tells whose key it is
#[utoipa::path(
    get,
    path = "/api/v1/me",
    tag = "keys",
    responses(
        ReadProblems,
        (status = 200, description = "The key", body = Me),
        (status = 401, description = "No key, or one that is unknown, expired or revoked", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    Reader(key): Reader,
) -> Result<Json<Me>, Problem> {
    let is_persons = key.owner.person().is_some();
    let repositories = match is_persons {
        true => Some(api.reach(&key).repositories().await?),
        false => None,
    };
    let names = |all: Vec<Repository>| all.iter().map(|known| known.name.to_string()).collect();
    Ok(Json(Me {
        person: is_persons.then(|| key.created_by.clone()),
        repositories: repositories.map(names),
        organisation: api.store.organisation_name(key.installation).await?,
        scope: key.scope.as_str(),
        name: key.name,
        prefix: key.prefix,
        expires_at: key.expires_at.map(instant),
    }))
}
