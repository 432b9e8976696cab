//! Takes the orders of people from the pages: a decision about a finding, or a scan of a stack. The job that follows does
//! them, as it does those of a ticked box.

use super::{Fields, Names, Shared};
use crate::model::{Finding, Kind, StackReport};
use crate::queue::job::OrderOrigin;
use crate::queue::now;
use crate::queue::orders::OrderRequest;
use crate::report::pages::{Message, PageOrder, REPEATED};
use crate::report::{day, moment, printable};
use crate::web::page_error::PageError;
use crate::web::pages::organisation::FoundStack;
use crate::web::random::could_be;
use crate::web::sign_in::{Session, Visitor, is_own_form};
use crate::web::site::Site;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use std::time::Instant;

/// The longest reason, in characters.
const MAX_REASON: usize = 300;
/// How many days a finding may rest.
const MAX_DAYS: u32 = 90;

/// Why an order is not taken.
pub(super) enum Refusal {
    /// The page is not for this person, or something failed.
    Page(PageError),
    /// What is told about it.
    Told(StatusCode, Message),
    /// A page of its own that tells it.
    Shown(StatusCode, String),
}

impl From<PageError> for Refusal {
    fn from(error: PageError) -> Self {
        Self::Page(error)
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self::Page(error.into())
    }
}

/// Takes an order about a finding.
pub(super) async fn of_finding(
    State(site): Shared,
    Visitor(session): Visitor,
    headers: HeaderMap,
    names: Names<(String, String, String, String)>,
    Form(typed): Form<Fields>,
) -> Response {
    let (names, finding) = match names {
        Ok(Path((owner, repository, stack, finding))) => ((owner, repository, stack), finding),
        Err(error) => return site.respond(Some(&session), Err(error.into())),
    };
    let taken = match admit(&site, &session, &headers, &typed) {
        Ok(()) => take(&site, &session, names, Some(&finding), &typed).await,
        Err(refusal) => Err(refusal),
    };
    respond(&site, &session, taken)
}

/// Takes an order about a stack.
pub(super) async fn of_stack(
    State(site): Shared,
    Visitor(session): Visitor,
    headers: HeaderMap,
    names: Names<(String, String, String)>,
    Form(typed): Form<Fields>,
) -> Response {
    let names = match names {
        Ok(Path(names)) => names,
        Err(error) => return site.respond(Some(&session), Err(error.into())),
    };
    let taken = match admit(&site, &session, &headers, &typed) {
        Ok(()) => take(&site, &session, names, None, &typed).await,
        Err(refusal) => Err(refusal),
    };
    respond(&site, &session, taken)
}

fn respond(site: &Site, session: &Session, taken: Result<String, Refusal>) -> Response {
    match taken {
        Ok(link) => Redirect::to(&site.address.link(&link)).into_response(),
        Err(refusal) => refuse(site, session, refusal),
    }
}

/// Answers an order that is not taken.
pub(super) fn refuse(site: &Site, session: &Session, refusal: Refusal) -> Response {
    match refusal {
        Refusal::Page(error) => site.respond(Some(session), Err(error)),
        Refusal::Told(status, message) => site.tell(Some(session), status, &message),
        Refusal::Shown(status, html) => (status, Html(html)).into_response(),
    }
}

/// Checks that a form was sent from a page of the session, and that the person sends no more than they may.
pub(super) fn admit(
    site: &Site,
    session: &Session,
    headers: &HeaderMap,
    typed: &Fields,
) -> Result<(), Refusal> {
    if !is_own_form(site, headers, typed) {
        return Err(Refusal::Told(StatusCode::FORBIDDEN, Message::ForeignForm));
    }
    if !site.orders.admit(session.person, Instant::now()) {
        let status = StatusCode::TOO_MANY_REQUESTS;
        return Err(Refusal::Told(status, Message::TooManyOrders));
    }
    Ok(())
}

/// Enqueues an order, and returns the link to the page that tells so.
async fn take(
    site: &Site,
    session: &Session,
    (owner, repository, stack): (String, String, String),
    finding: Option<&str>,
    typed: &Fields,
) -> Result<String, Refusal> {
    let found = site.stack(session, (&owner, &repository, &stack)).await?;
    must_write(site, session, &found).await?;
    let order = typed.get("order").and_then(|name| PageOrder::named(name));
    let order =
        order.ok_or_else(|| unusable("The form asks for nothing that can be done here."))?;
    let stack_link = format!("/orgs/{}/{}", found.name, found.listed.stack);
    let (command, link) = match finding {
        None if order == PageOrder::Scan => (format!("scan {}", found.listed.stack), stack_link),
        Some(id) => {
            let report = last_report(site, &found).await?;
            let finding = open(&report, id)?;
            let command = command(order, finding, typed, session, now())?;
            (command, format!("{stack_link}/findings/{}", finding.id))
        }
        None => return Err(unusable("This is asked for on the page of a finding.")),
    };
    let id = typed.get("id").map(String::as_str).unwrap_or_default();
    if !could_be(id) {
        return Err(Refusal::Told(StatusCode::FORBIDDEN, Message::ForeignForm));
    }
    let request = OrderRequest {
        installation: found.account.installation,
        repository: found.listed.repository,
        stack: &found.listed.stack,
        command: &command,
        person: &session.login,
        via: OrderOrigin::Page,
        key: None,
        // Another order of the same page is no repetition.
        id: &format!("{}/{id}/{command}", session.key),
    };
    let is_new = site.inbox.order(&request).await?;
    let asked = if is_new { order.as_str() } else { REPEATED };
    Ok(format!("{link}?asked={asked}"))
}

/// Asks GitHub whether the person may write to the repository at this moment, whatever was known before.
async fn must_write(site: &Site, session: &Session, found: &FoundStack) -> Result<(), Refusal> {
    let (installation, id) = (found.account.installation, found.listed.repository);
    let asked = site.rights().ask_about(session, installation, id, now());
    let repository = asked.await?.ok_or(PageError::NotFound)?;
    match (repository.may_write, repository.is_visible()) {
        (true, _) => Ok(()),
        (false, true) => Err(Refusal::Told(StatusCode::FORBIDDEN, Message::WriteNeeded)),
        (false, false) => Err(PageError::NotFound.into()),
    }
}

async fn last_report(site: &Site, found: &FoundStack) -> Result<StackReport, Refusal> {
    let tenant = site.store.of(found.account.installation);
    let mut reports = tenant.reports(found.listed.repository, &found.listed.stack);
    let last = reports.next().await?;
    last.map(|(report, _)| report).ok_or_else(gone)
}

/// Finds an open finding. What was set aside meanwhile, or is reported no more, cannot be decided about.
fn open<'a>(report: &'a StackReport, id: &str) -> Result<&'a Finding, Refusal> {
    let scanned = report.outcome.as_ref().map_err(|_| gone())?;
    let mut open = scanned.findings.iter();
    open.find(|finding| finding.id.0 == id).ok_or_else(gone)
}

fn gone() -> Refusal {
    Refusal::Told(StatusCode::CONFLICT, Message::FindingGone)
}

/// Refuses an order that cannot be understood or done, for this reason.
pub(super) fn unusable(reason: &str) -> Refusal {
    let message = Message::UnusableOrder(reason.to_owned());
    Refusal::Told(StatusCode::BAD_REQUEST, message)
}

/// Writes the command of an order.
fn command(
    order: PageOrder,
    finding: &Finding,
    typed: &Fields,
    session: &Session,
    now: i64,
) -> Result<String, Refusal> {
    let field = |name: &str| typed.get(name).map(|text| text.trim()).unwrap_or_default();
    let verb = order.as_str();
    let id = &finding.id;
    match order {
        PageOrder::Adopt | PageOrder::Restore => Ok(format!("{verb} {id}")),
        PageOrder::Import if can_import(finding) => Ok(format!("{verb} {id}")),
        PageOrder::Import => Err(unusable(
            "Only what was added below a managed resource can be imported.",
        )),
        PageOrder::Snooze => {
            let days = field("days").parse::<u32>().ok();
            let days = days.filter(|days| (1..=MAX_DAYS).contains(days));
            let days =
                days.ok_or_else(|| unusable("Write for how many days: a number from 1 to 90."))?;
            Ok(format!("{verb} {id} {days}d"))
        }
        PageOrder::Ignore => {
            let until = match field("until") {
                "" => String::new(),
                until if is_day_after(until, now) => format!("until {until} "),
                _ => {
                    return Err(unusable(
                        "The last day is a day to come, as in 2027-03-31, or none at all.",
                    ));
                }
            };
            Ok(format!(
                "{verb} {id} {until}{}",
                reason(field("reason"), session)?
            ))
        }
        PageOrder::Scan => Err(unusable("This is asked for on the page of a stack.")),
    }
}

/// Returns whether a finding can be imported: something that was added below a managed resource.
fn can_import(finding: &Finding) -> bool {
    finding.kind == Kind::Unmanaged && finding.under.is_some()
}

/// Returns the reason for an accepted difference.
fn reason(text: &str, session: &Session) -> Result<String, Refusal> {
    let reason = printable(text);
    let first = reason.split_whitespace().next().unwrap_or_default();
    // It would be read as the last day.
    if first.eq_ignore_ascii_case("until") {
        return Err(unusable(
            "Write the last day into its own field, and begin the reason with another word.",
        ));
    }
    match reason.chars().count() {
        0 => Ok(format!("accepted by {} on a page", session.login)),
        1..=MAX_REASON => Ok(reason),
        _ => Err(unusable("A reason has at most 300 characters.")),
    }
}

/// Returns whether a text is a day behind today, as in `2027-03-31`.
fn is_day_after(text: &str, now: i64) -> bool {
    // In this form alone texts sort as days do.
    moment(text).is_some_and(|at| day(at) == text) && text > day(now).as_str()
}
