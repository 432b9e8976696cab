//! `GET /api/v1/findings`: findings across workspaces.

use super::Api;
use super::caller::Reader;
use super::page::{finding_cursor, finding_place, limit};
use super::problem::{Problem, ReadProblems};
use super::sent::Parameters;
use crate::model::{Ending, Kind, Severity, WorkspaceId};
use crate::report::instant;
use crate::store::{FindingFilter, ListedFinding};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The longest text that is searched for, in characters.
const MAX_TEXT: usize = 200;

/// Which findings are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FindingQuery {
    /// Of this workspace alone.
    workspace: Option<String>,
    /// Of this severity alone.
    severity: Option<SeverityName>,
    /// Of this resource type alone, such as `aws_security_group`.
    #[serde(rename = "type")]
    tf_type: Option<String>,
    /// Of this kind alone.
    kind: Option<KindName>,
    /// Those that scans report, or those that ended in this way.
    #[serde(default)]
    status: StatusName,
    /// Those whose address, type, id, account or region holds this text, in capitals or not.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Where to go on: `next` of the page before.
    cursor: Option<String>,
    /// How many entries the page has at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SeverityName {
    Critical,
    High,
    Medium,
    Low,
    Info,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum KindName {
    Modified,
    Deleted,
    Unmanaged,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StatusName {
    /// Scans report it, or could not check it since.
    #[default]
    Open,
    /// A scan found the difference gone.
    Resolved,
    /// It is there, and is no drift any more.
    SetAside,
    /// Another finding took its place.
    Changed,
}

/// A finding, and since when it is reported.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Finding {
    /// The id, the same while the same drift stands.
    #[schema(examples("f-1c9e5a0b2d4f"))]
    id: String,
    /// The workspace.
    workspace: String,
    /// The address; null for what no state claims.
    #[schema(examples("aws_security_group.web"))]
    address: Option<String>,
    /// The id that `terraform import` takes; null where it is not known.
    #[schema(examples("sg-0a1b2c3d4e5f60718"))]
    import_id: Option<String>,
    /// The resource type.
    #[serde(rename = "type")]
    tf_type: String,
    /// What changed.
    kind: KindName,
    /// The severity.
    severity: SeverityName,
    /// How it stands.
    status: StatusName,
    /// The account.
    account: Option<String>,
    /// The region; null for a global type.
    region: Option<String>,
    /// When a scan reported it first.
    #[schema(format = DateTime)]
    first_seen: String,
    /// When a scan reported it last.
    #[schema(format = DateTime)]
    last_seen: String,
    /// When it ended; null while it is open.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// How many scans reported it.
    scans: u64,
}

/// A page of findings.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FindingList {
    /// The findings, by workspace and id. A page may have fewer than `limit`, or none, and the list go on: each looks
    /// through some five thousand at most.
    items: Vec<Finding>,
    /// The `cursor` of the next page; null on the last one.
    next: Option<String>,
}

/// Lists findings across workspaces
///
/// The report of a workspace's last scan has each with its attributes.
#[utoipa::path(
    get,
    path = "/api/v1/findings",
    tag = "findings",
    params(FindingQuery),
    responses(
        ReadProblems,
        (status = 200, description = "A page of findings", body = FindingList),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such workspace", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    Reader(key): Reader,
    Parameters(query): Parameters<FindingQuery>,
) -> Result<Json<FindingList>, Problem> {
    let most = limit(query.limit)?;
    let behind = finding_place(query.cursor.as_deref())?;
    let text = query.q.as_deref().unwrap_or_default();
    if text.chars().count() > MAX_TEXT {
        let detail = format!("`q` has at most {MAX_TEXT} characters");
        return Err(Problem::bad_request(detail));
    }
    let workspace = match &query.workspace {
        Some(id) => {
            let listed = api.find(&key, id).await?;
            Some(super::workspaces::id_of(&listed))
        }
        None => None,
    };
    let filter = query.filter(workspace);
    let found = api.reach(&key).findings(&filter, &behind, most).await?;
    Ok(Json(FindingList {
        next: found.next.as_ref().map(finding_cursor),
        items: found.findings.iter().map(shown).collect(),
    }))
}

impl FindingQuery {
    fn filter(&self, workspace: Option<WorkspaceId>) -> FindingFilter {
        FindingFilter {
            workspace,
            text: self.q.clone().unwrap_or_default(),
            severity: self.severity.map(|severity| match severity {
                SeverityName::Critical => Severity::Critical,
                SeverityName::High => Severity::High,
                SeverityName::Medium => Severity::Medium,
                SeverityName::Low => Severity::Low,
                SeverityName::Info => Severity::Info,
            }),
            tf_type: self.tf_type.clone(),
            kind: self.kind.map(|kind| match kind {
                KindName::Modified => Kind::Modified,
                KindName::Deleted => Kind::Deleted,
                KindName::Unmanaged => Kind::Unmanaged,
            }),
            ending: match self.status {
                StatusName::Open => None,
                StatusName::Resolved => Some(Ending::Resolved),
                StatusName::SetAside => Some(Ending::SetAside),
                StatusName::Changed => Some(Ending::Changed),
            },
            ..FindingFilter::default()
        }
    }
}

fn shown(found: &ListedFinding) -> Finding {
    let occurrence = &found.occurrence;
    let named = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    Finding {
        id: occurrence.finding.0.clone(),
        workspace: found.workspace.to_string(),
        address: named(&occurrence.address),
        import_id: named(&occurrence.import_id),
        tf_type: occurrence.tf_type.clone(),
        kind: match occurrence.kind {
            Kind::Deleted => KindName::Deleted,
            Kind::Unmanaged => KindName::Unmanaged,
            Kind::Modified | Kind::CodeOnly | Kind::StateOnly => KindName::Modified,
        },
        severity: match occurrence.severity {
            Severity::Critical => SeverityName::Critical,
            Severity::High => SeverityName::High,
            Severity::Medium => SeverityName::Medium,
            Severity::Low => SeverityName::Low,
            Severity::Info => SeverityName::Info,
        },
        status: match occurrence.ending {
            None => StatusName::Open,
            Some((Ending::Resolved, _)) => StatusName::Resolved,
            Some((Ending::SetAside, _)) => StatusName::SetAside,
            Some((Ending::Changed, _)) => StatusName::Changed,
        },
        account: occurrence.account.as_ref().map(ToString::to_string),
        region: occurrence.region.as_ref().map(ToString::to_string),
        first_seen: instant(occurrence.first_seen),
        last_seen: instant(occurrence.last_seen),
        ended_at: occurrence.ending.map(|(_, at)| instant(at)),
        scans: occurrence.scans,
    }
}
