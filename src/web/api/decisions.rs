//! `POST /api/v1/findings/{finding}/decisions`: what is to be done about a finding.

use super::Api;
use super::caller::Writer;
use super::decision_outcome::{DecisionOutcome, decision_id};
use super::problem::{Problem, WriteProblems};
use super::repeat::{Repeat, Seed};
use super::sent;
use super::workspaces::id_of;
use crate::model::WorkspaceId;
use crate::queue::now;
use crate::report::{day, moment};
use crate::store::{ApiDecision, ApiKeyRecord, DecisionStatus, FindingFilter, FindingPlace};
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The longest reason, in characters.
const MAX_REASON: usize = 300;
/// An hour in milliseconds.
const HOUR: i64 = 60 * 60 * 1_000;
/// For how many hours a finding may be put off.
const MAX_SNOOZE: i64 = 90 * 24;

/// A decision about a finding.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDecision {
    /// What is to be done: `adopt` has the code follow AWS, `restore` brings AWS back to the code, `import` takes a resource
    /// into the code, `ignore` accepts the difference in `.driftguard.yml`, `snooze` puts it off.
    choice: ChoiceName,
    /// The workspace of the finding, where several have it.
    workspace: Option<String>,
    /// `ignore`: the last day, as `2027-03-31`; without it for good. `snooze`: a day or a time of the next 90 days, which
    /// it needs.
    #[schema(examples("2027-03-31"))]
    until: Option<String>,
    /// `ignore`: why the difference is accepted.
    #[schema(max_length = 300)]
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ChoiceName {
    /// The code follows AWS.
    Adopt,
    /// The code enforces what it declares.
    Restore,
    /// The code imports the resource.
    Import,
    /// The difference is accepted: a pull request adds it to `.driftguard.yml`.
    Ignore,
    /// No pull request includes the finding until then.
    Snooze,
}

/// Decides about a finding
///
/// As a slash command does: a scan of the stack follows, which opens or updates the pull request. The answer has the id
/// under which `/api/v1/decisions/{decision}` says what came of it.
#[utoipa::path(
    post,
    path = "/api/v1/findings/{finding}/decisions",
    tag = "findings",
    params(
        ("finding" = String, Path, description = "The id of the finding"),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[ -~]+$", description = "A second request with the same key has no second effect, for a day"),
    ),
    request_body = NewDecision,
    responses(
        WriteProblems,
        (status = 202, description = "It will be carried out", body = DecisionOutcome),
        (status = 400, description = "The body is no JSON", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No scan reports such a finding", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Several workspaces have the finding, or one without a repository", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not announced as JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A value cannot be used", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn decide(
    State(api): State<Arc<Api>>,
    Writer(key): Writer,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<serde_json::Value>, JsonRejection>,
) -> Result<Response, Problem> {
    let (Path(finding), Json(body)) = (path?, body?);
    let request = format!("POST decisions {finding} {body}");
    let repeat = Repeat::of(&headers)?;
    let take = |seed| taken(api.clone(), key.clone(), (finding, body, seed));
    repeat.answer(&api, &key, &request, take).await
}

/// Enqueues what a decision asks for, unless the same request did so before.
async fn taken(
    api: Arc<Api>,
    key: ApiKeyRecord,
    (finding, body, seed): (String, serde_json::Value, Seed),
) -> Result<(StatusCode, DecisionOutcome), Problem> {
    let decision: NewDecision = sent::body(body)?;
    let workspace = api.workspace_of(&key, &finding, &decision).await?;
    if workspace.is_own() {
        return Err(Problem::conflict(
            "this workspace has no repository, so there is no code to change and nothing to decide",
        ));
    }
    let requested_at = now();
    let (id, command) = (decision_id(seed), decision.command(&finding, requested_at)?);
    let sent = ApiDecision {
        workspace,
        finding,
        status: DecisionStatus::Queued,
        problem: String::new(),
        requested_at,
    };
    api.order(&key, &sent.workspace, (&command, &id), Some(&sent))
        .await?;
    Ok((StatusCode::ACCEPTED, DecisionOutcome::new(id, sent)))
}

impl Api {
    /// Returns the workspace whose last scan reported a finding.
    async fn workspace_of(
        &self,
        key: &ApiKeyRecord,
        finding: &str,
        decision: &NewDecision,
    ) -> Result<WorkspaceId, Problem> {
        let workspace = match &decision.workspace {
            Some(id) => Some(id_of(&self.find(key, id).await?)),
            None => None,
        };
        let is_id = finding
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !is_id {
            return Err(Problem::not_found());
        }
        let filter = FindingFilter {
            workspace,
            finding: Some(finding.to_owned()),
            ..FindingFilter::default()
        };
        let start = FindingPlace::default();
        let found = self.reach(key).findings(&filter, &start, 2).await?;
        let mut found = found.findings.into_iter();
        let first = found.next().ok_or_else(Problem::not_found)?;
        match found.next() {
            None => Ok(first.workspace),
            Some(_) => Err(Problem::conflict(
                "several workspaces have this finding: name one as `workspace`",
            )),
        }
    }
}

impl NewDecision {
    /// Writes the command that has this effect, without `/driftguard`.
    fn command(&self, finding: &str, now: i64) -> Result<String, Problem> {
        let wrong = |what: &str| Err(Problem::unprocessable(what));
        let (until, reason) = (self.until.as_deref(), self.reason.as_deref());
        if reason.is_some() && self.choice != ChoiceName::Ignore {
            return wrong("`reason` is for `ignore` alone");
        }
        let verb = match self.choice {
            ChoiceName::Ignore => {
                let reason = reason.unwrap_or_default().trim();
                if reason.chars().count() > MAX_REASON {
                    return wrong("`reason` has at most 300 characters");
                }
                let until = match until {
                    Some(text) if is_later_day(text, now) => format!(" until {text}"),
                    Some(_) => return wrong("`until` is a later day, as in 2027-03-31"),
                    None => String::new(),
                };
                // A reason that begins with `until` is one, too.
                let first = reason.split_whitespace().next().unwrap_or_default();
                let reason = match until.is_empty() && first.eq_ignore_ascii_case("until") {
                    true => format!("accepted {reason}"),
                    false if reason.is_empty() => "accepted through the API".to_owned(),
                    false => reason.to_owned(),
                };
                return Ok(format!("ignore {finding}{until} {reason}"));
            }
            ChoiceName::Snooze => {
                let hours = until
                    .and_then(moment)
                    .map(|end| (end - now + HOUR - 1) / HOUR);
                let hours = hours.filter(|hours| (1..=MAX_SNOOZE).contains(hours));
                let Some(hours) = hours else {
                    return wrong("`until` is a day or a time of the next 90 days");
                };
                return Ok(format!("snooze {finding} {hours}h"));
            }
            ChoiceName::Adopt => "adopt",
            ChoiceName::Restore => "restore",
            ChoiceName::Import => "import",
        };
        match until {
            None => Ok(format!("{verb} {finding}")),
            Some(_) => wrong("`until` is for `ignore` and `snooze` alone"),
        }
    }
}

/// Returns whether a text is a day after today.
fn is_later_day(text: &str, now: i64) -> bool {
    text.len() == day(now).len() && moment(text).is_some() && text > day(now).as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24 16:30 UTC.
    const NOW: i64 = 1_795_537_800_000;

    fn command(json: &str) -> Option<String> {
        let decision: NewDecision = serde_json::from_str(json).unwrap();
        decision.command("f-1", NOW).ok()
    }

    #[test]
    fn each_choice_is_a_command() {
        for (json, expected) in [
            (r#"{"choice": "adopt"}"#, "adopt f-1"),
            (r#"{"choice": "restore"}"#, "restore f-1"),
            (
                r#"{"choice": "ignore", "until": "2027-03-31", "reason": "the vendor does"}"#,
                "ignore f-1 until 2027-03-31 the vendor does",
            ),
            (
                r#"{"choice": "ignore", "reason": "Until 2027-03-31 it stays"}"#,
                "ignore f-1 accepted Until 2027-03-31 it stays",
            ),
            (
                r#"{"choice": "ignore"}"#,
                "ignore f-1 accepted through the API",
            ),
            (
                r#"{"choice": "snooze", "until": "2026-11-25"}"#,
                "snooze f-1 8h",
            ),
            (
                r#"{"choice": "snooze", "until": "2026-11-24T17:00:00Z"}"#,
                "snooze f-1 1h",
            ),
        ] {
            assert_eq!(command(json).as_deref(), Some(expected), "{json}");
        }
        for wrong in [
            r#"{"choice": "adopt", "until": "2027-03-31"}"#,
            r#"{"choice": "adopt", "reason": "why not"}"#,
            r#"{"choice": "ignore", "until": "2026-11-24"}"#,
            r#"{"choice": "ignore", "until": "soon"}"#,
            r#"{"choice": "snooze"}"#,
            r#"{"choice": "snooze", "until": "2026-11-24"}"#,
            r#"{"choice": "snooze", "until": "2027-11-24"}"#,
        ] {
            assert_eq!(command(wrong), None, "{wrong}");
        }
    }
}
