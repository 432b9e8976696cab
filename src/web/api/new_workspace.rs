//! `POST /api/v1/workspaces`.

use super::Api;
use super::caller::Writer;
use super::problem::{Problem, WriteProblems};
use super::repeat::{Repeat, Seed};
use super::sent;
use super::workspaces::{Names, Workspace};
use crate::model::{InstallationId, Region, WorkspaceId, holds_credential, is_unseen, s3_place};
use crate::queue::now;
use crate::store::{ApiKeyRecord, Workspace as NewRecord};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// How many workspaces an organisation may create.
const MAX_WORKSPACES: u32 = 500;
/// The longest name, in characters.
const MAX_NAME: usize = 100;
/// The longest place of a state, and the longest ARN, in bytes.
const MAX_PLACE: usize = 1_024;

/// Why a person's key creates no workspace.
const OF_A_PERSON: &str = "this key is a person's, and reaches stacks of repositories alone: workspaces without a \
                           repository are created with a key of the organisation";

/// A workspace to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWorkspace {
    /// The name, for people.
    #[schema(min_length = 1, max_length = 100, examples("shop production"))]
    name: String,
    /// The region of resources where neither code nor state names one.
    #[schema(examples("eu-west-1"))]
    region: String,
    /// The role that reads AWS. `local`, and owners that `DRIFTGUARD_AWS_AMBIENT` names, may leave it out: AWS is then
    /// read with the server's own credentials.
    #[schema(examples("arn:aws:iam::123456789012:role/driftguard"))]
    role_arn: Option<String>,
    /// Where the state is, if it is not uploaded.
    #[schema(examples("s3://acme-state/shop.tfstate"))]
    state: Option<String>,
}

/// Creates a workspace
#[utoipa::path(
    post,
    path = "/api/v1/workspaces",
    tag = "workspaces",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[ -~]+$", description = "A second request with the same key has no second effect, for a day")),
    request_body = NewWorkspace,
    responses(
        WriteProblems,
        (status = 201, description = "The workspace", body = Workspace),
        (status = 400, description = "The body is no JSON", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "There are too many workspaces, or the same request is being answered", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not announced as JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A value cannot be used", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "GitHub does not say whose account the organisation is, or what the person of the key may do", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create(
    State(api): State<Arc<Api>>,
    Writer(key): Writer,
    headers: HeaderMap,
    body: Result<Json<serde_json::Value>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(body) = body?;
    if !api.reach(&key).has_own_workspaces() {
        return Err(Problem::new(StatusCode::FORBIDDEN, OF_A_PERSON));
    }
    let request = format!("POST workspaces {body}");
    let repeat = Repeat::of(&headers)?;
    let create = |seed| created(api.clone(), key.clone(), (body, seed));
    repeat.answer(&api, &key, &request, create).await
}

/// Creates a workspace, unless the same request did so before.
async fn created(
    api: Arc<Api>,
    key: ApiKeyRecord,
    (body, seed): (serde_json::Value, Seed),
) -> Result<(StatusCode, Workspace), Problem> {
    let asked: NewWorkspace = sent::body(body)?;
    if asked.role_arn.is_none() && !api.is_ambient(key.installation).await? {
        return Err(Problem::unprocessable(
            "`role_arn` is missing: the server's own credentials are not for this organisation",
        ));
    }
    let workspace = checked(asked, seed)?;
    let reach = api.reach(&key);
    let is_known = reach.own_workspace(&workspace.id).await?.is_some();
    if !is_known && !reach.add_own_workspace(&workspace, MAX_WORKSPACES).await? {
        return Err(Problem::conflict(format!(
            "an organisation has at most {MAX_WORKSPACES} workspaces: delete one"
        )));
    }
    let created = reach.listed_stack(&workspace.id).await?;
    let created = created.ok_or_else(Problem::not_found)?;
    let names = Names::of(&reach).await?;
    let shown = names.workspace(&api, key.installation, &created);
    Ok((StatusCode::CREATED, shown.ok_or_else(Problem::not_found)?))
}

impl Api {
    /// Returns whether workspaces of an organisation may name no role.
    async fn is_ambient(&self, installation: InstallationId) -> Result<bool, Problem> {
        let Some(scanner) = &self.scanner else {
            return Ok(installation == InstallationId::LOCAL);
        };
        scanner.is_ambient(installation).await.map_err(|error| {
            let error = format!("{error:#}");
            tracing::warn!(error, "GitHub does not say which account this is");
            let detail =
                "GitHub does not say whose account this is: try again, or name a `role_arn`";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        })
    }
}

/// Checks a workspace to create.
fn checked(asked: NewWorkspace, seed: Seed) -> Result<NewRecord, Problem> {
    let wrong = |what: &str| Problem::unprocessable(what);
    let name = asked.name.trim();
    let is_plain = !name.is_empty() && !name.contains(is_unseen);
    if !is_plain || name.chars().count() > MAX_NAME {
        return Err(wrong(
            "`name` is a text of 1 to 100 characters, on one line",
        ));
    }
    let region = Region::new(&asked.region);
    let region = region.ok_or_else(|| wrong("`region` is none: write it as in eu-west-1"))?;
    let texts = [
        Some(name),
        asked.role_arn.as_deref(),
        asked.state.as_deref(),
    ];
    if texts.into_iter().flatten().any(holds_credential) {
        return Err(wrong(
            "a name, a role and a place are stored and shown, and one of these looks like a credential",
        ));
    }
    let too_long = |text: &Option<String>| text.as_ref().is_some_and(|t| t.len() > MAX_PLACE);
    if too_long(&asked.role_arn) || too_long(&asked.state) {
        return Err(wrong("`role_arn` and `state` have at most 1024 characters"));
    }
    if asked.role_arn.as_deref().is_some_and(|arn| !is_role(arn)) {
        return Err(wrong(
            "`role_arn` is no role's ARN: arn:aws:iam::123456789012:role/driftguard",
        ));
    }
    if asked
        .state
        .as_deref()
        .is_some_and(|place| !is_object(place))
    {
        return Err(wrong(
            "`state` is no object: write it as in s3://bucket/key",
        ));
    }
    Ok(NewRecord {
        id: WorkspaceId::of_random(seed),
        name: name.to_owned(),
        region: region.to_string(),
        role_arn: asked.role_arn,
        state: asked.state,
        created_at: now(),
    })
}

fn is_role(arn: &str) -> bool {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", _, "iam", "", account, role]
        if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())
            && role.strip_prefix("role/").is_some_and(|name| !name.is_empty())
            && !role.contains(char::is_whitespace))
}

fn is_object(place: &str) -> bool {
    s3_place(place).is_some_and(|(bucket, key)| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        bucket.bytes().all(plain) && !key.contains(char::is_control)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_and_a_place_of_a_state_have_their_forms() {
        assert!(is_role("arn:aws:iam::123456789012:role/path/driftguard"));
        for wrong in [
            "driftguard",
            "arn:aws:iam::12345678901:role/x",
            "arn:aws:iam::123456789012:user/x",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role/a b",
        ] {
            assert!(!is_role(wrong), "{wrong}");
        }
        assert!(is_object("s3://acme-state/env:/blue/shop.tfstate"));
        for wrong in [
            "s3://acme",
            "s3:///a",
            "https://acme/a",
            "s3://a b/c",
            "s3://a/b\n",
        ] {
            assert!(!is_object(wrong), "{wrong}");
        }
    }
}
