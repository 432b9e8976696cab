//! Serves the server's own state to its operators: queue, workers, stopped jobs, deliveries, budgets.

use super::{Fields, Shared};
use crate::github::MAX_CONTENT;
use crate::queue::now;
use crate::queue::operator::{JobRow, OperatorError};
use crate::report::pages::{BudgetRow, Message, ServerPage, StoppedRow};
use crate::store::StoppedState;
use crate::web::page_error::PageError;
use crate::web::sign_in::{Session, Visitor, is_own_form};
use crate::web::site::Site;
use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

/// How many installations are listed with their budgets.
const MAX_INSTALLATIONS: u32 = 200;
/// A minute and an hour, in milliseconds.
const MINUTE: i64 = 60 * 1_000;
const HOUR: i64 = 60 * MINUTE;

/// Shows the server's own state.
pub(super) async fn show(
    State(site): Shared,
    Visitor(session): Visitor,
    Query(asked): Query<Fields>,
) -> Response {
    let page = match is_operator(&site, &session) {
        true => page(&site, &session, &asked).await,
        false => Err(PageError::NotFound),
    };
    site.respond(Some(&session), page)
}

/// Has a stopped job tried again, or ends it.
pub(super) async fn act(
    State(site): Shared,
    Visitor(session): Visitor,
    headers: HeaderMap,
    Form(typed): Form<Fields>,
) -> Response {
    if !is_operator(&site, &session) {
        return site.respond(Some(&session), Err(PageError::NotFound));
    }
    if !is_own_form(&site, &headers, &typed) {
        return site.tell(Some(&session), StatusCode::FORBIDDEN, &Message::ForeignForm);
    }
    let refused = match act_on(&site, &session, &typed).await {
        Ok(act) => {
            let link = site.address.link(&format!("/server?done={act}"));
            return Redirect::to(&link).into_response();
        }
        Err(OperatorError::Other(error)) => {
            return site.respond(Some(&session), Err(PageError::Internal(error)));
        }
        Err(_) => "It is not among the failed and parked jobs any more. Open the page again.",
    };
    let message = Message::UnusableOrder(refused.to_owned());
    site.tell(Some(&session), StatusCode::CONFLICT, &message)
}

/// Returns whether a person operates the server.
pub(super) fn is_operator(site: &Site, session: &Session) -> bool {
    site.operators.include(session.person, &session.login)
}

async fn act_on(
    site: &Site,
    session: &Session,
    typed: &Fields,
) -> Result<&'static str, OperatorError> {
    let field = |name: &str| typed.get(name).map(String::as_str).unwrap_or_default();
    let handle_of_job = field("job");
    let rows = site.inbox.stopped_rows().await?;
    let row = rows.iter().find(|row| handle(row) == handle_of_job);
    let row = row.ok_or_else(|| OperatorError::Unknown(String::new()))?;
    let act = match field("act") {
        "retry" => {
            site.inbox.retry(&row.id).await?;
            "retry"
        }
        "discard" => {
            site.inbox.discard(&row.id).await?;
            "discard"
        }
        _ => return Err(OperatorError::Unknown(String::new())),
    };
    tracing::info!(
        act,
        job = row.id,
        person = session.person,
        "an operator acts"
    );
    Ok(act)
}

async fn page(site: &Site, session: &Session, asked: &Fields) -> Result<String, PageError> {
    let page = ServerPage {
        frame: site.frame(Some(session)),
        done: match asked.get("done").map(String::as_str) {
            Some("retry") => Some("The job is tried again."),
            Some("discard") => Some("The job ends, and its failure is reported as usual."),
            _ => None,
        },
        numbers: numbers(site).await?,
        jobs: stopped(site).await?,
        budgets: budgets(site).await?,
        limits: MAX_CONTENT.into(),
    };
    Ok(page.html()?)
}

/// Counts jobs, workers and deliveries.
async fn numbers(site: &Site) -> anyhow::Result<Vec<(&'static str, String)>> {
    let (inbox, store) = (&site.inbox, &site.store);
    let counts = inbox.counts().await?;
    let failed = store.count_stopped_jobs(StoppedState::Failed).await?;
    let parked = store.count_stopped_jobs(StoppedState::Parked).await?;
    let (open, taken) = store.waiting_deliveries().await?;
    let missed = store.missed_deliveries().await?;
    let working = store.working_processes().await?;
    let oldest = inbox.queue.oldest().await?;
    let waits = oldest.map(|since| now().saturating_sub(since));
    Ok(vec![
        ("Jobs that wait", counts.waiting.to_string()),
        ("Jobs that run", counts.running.to_string()),
        ("Oldest of them", ServerPage::age(waits)),
        ("Failed jobs", failed.to_string()),
        ("Parked jobs", parked.to_string()),
        ("Workers with a job in hand", working.to_string()),
        ("Deliveries that wait", open.to_string()),
        ("Deliveries that are worked on", taken.to_string()),
        (
            "Deliveries that GitHub is asked for again",
            missed.to_string(),
        ),
    ])
}

/// Lists the jobs that failed or are parked.
async fn stopped(site: &Site) -> anyhow::Result<Vec<StoppedRow>> {
    let mut rows = Vec::new();
    for row in site.inbox.stopped_rows().await? {
        let tenant = site.store.of(row.installation);
        let repository = match row.repository {
            Some(id) => tenant.repository(id).await?,
            None => None,
        };
        rows.push(StoppedRow {
            handle: handle(&row),
            state: row.state.as_str(),
            kind: row.kind,
            installation: row.installation.0,
            repository: repository.map(|it| it.name.to_string()).unwrap_or_default(),
            since: row.since,
            deaths: row.deaths,
        });
    }
    Ok(rows)
}

async fn budgets(site: &Site) -> anyhow::Result<Vec<BudgetRow>> {
    let now = site.store.now().await?;
    let moments = (now.saturating_sub(HOUR), now.saturating_sub(MINUTE));
    let created = site
        .store
        .created_content_of_all(moments, MAX_INSTALLATIONS);
    let rows = created.await?.into_iter().map(|count| BudgetRow {
        installation: count.installation.0,
        minute: count.lately,
        hour: count.since,
    });
    Ok(rows.collect())
}

/// Returns what names a job in a form: the id of a scan's job holds the name of a stack.
fn handle(row: &JobRow) -> String {
    hex::encode(digest(&SHA256, row.id.as_bytes()))
}
