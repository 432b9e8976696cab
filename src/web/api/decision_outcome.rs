//! `GET /api/v1/decisions/{decision}`: what came of a decision.

use super::Api;
use super::caller::Reader;
use super::problem::{Problem, ReadProblems};
use crate::queue::orders::order_id;
use crate::report::instant;
use crate::store::ApiDecision;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The beginning of the id of a decision.
const START: &str = "d-";

/// A decision that was sent through the API, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DecisionOutcome {
    /// The id, for `/api/v1/decisions/{decision}`.
    #[schema(examples("d-0c5e2a4f9b7d4e1f8a6b3c2d1e0f9a8b"))]
    id: String,
    /// The finding.
    finding: String,
    /// The workspace.
    workspace: String,
    /// How far it is. What is `done` stands: the scan that follows acts on it.
    #[schema(value_type = DecisionStatusName)]
    status: &'static str,
    /// Why nothing came of it; null unless it is `not_done`.
    problem: Option<String>,
    /// When it was sent.
    #[schema(format = DateTime)]
    requested_at: String,
}

/// How far a decision is.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes the names of `DecisionStatus` alone")]
enum DecisionStatusName {
    Queued,
    Done,
    NotDone,
}

impl DecisionOutcome {
    /// Describes a decision as it is stored.
    pub(super) fn new(id: String, decision: ApiDecision) -> Self {
        Self {
            id,
            finding: decision.finding,
            workspace: decision.workspace.to_string(),
            status: decision.status.as_str(),
            problem: Some(decision.problem).filter(|problem| !problem.is_empty()),
            requested_at: instant(decision.requested_at),
        }
    }
}

/// Returns the id of the decision that a request sends.
pub(super) fn decision_id(seed: [u8; 32]) -> String {
    format!("{START}{}", hex::encode(&seed[..16]))
}

/// Shows what came of a decision
///
/// For thirty days. One that is `queued` waits for its turn, or for GitHub.
#[utoipa::path(
    get,
    path = "/api/v1/decisions/{decision}",
    tag = "findings",
    params(("decision" = String, Path, description = "The id of the decision")),
    responses(
        ReadProblems,
        (status = 200, description = "The decision", body = DecisionOutcome),
        (status = 404, description = "There is no such decision", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    Reader(key): Reader,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<DecisionOutcome>, Problem> {
    let Path(id) = path?;
    // The digest of whatever is asked for: no text reaches the database.
    let reach = api.reach(&key);
    let found = reach.api_decision(&order_id(&id)).await?;
    let decision = found.ok_or_else(Problem::not_found)?;
    Ok(Json(DecisionOutcome::new(id, decision)))
}
