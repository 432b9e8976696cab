//! Serves check runs.

use super::GitHub;
use super::call::{Answer, Call, Outcome, Refusal};
use super::git::Oid;
use super::world::{Check, Repository, World, node};
use serde_json::{Value, json};

/// The most characters of a summary or a text.
const MAX_TEXT: usize = 65_535;
/// The most annotations of one request.
const MAX_ANNOTATIONS: usize = 50;
/// The conclusions of a check run.
const CONCLUSIONS: &[&str] = &[
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "success",
    "skipped",
    "stale",
    "timed_out",
];

pub(super) fn create(call: &mut Call) -> Outcome {
    let head = call.text("head_sha").and_then(Oid::parse);
    let head = head.filter(|id| {
        call.repository()
            .is_ok_and(|found| found.objects.commit(id).is_some())
    });
    let head = head.ok_or_else(|| Refusal::unprocessable("No commit found for SHA"))?;
    let name = call.text("name").unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(Refusal::field("CheckRun", "name", "missing_field"));
    }
    let id = call.world.fresh_id();
    let check = Check {
        id,
        head,
        app: call.world.app.id,
        name,
        status: "queued".into(),
        conclusion: None,
        started: None,
        completed: None,
        details_url: None,
        external_id: None,
        output: Value::Null,
        annotations: Vec::new(),
    };
    let check = with_body(call, check)?;
    call.repository_mut()?.checks.insert(id, check);
    Answer::created(show_check(call.world, call.repository()?, id)?)
}

pub(super) fn update(call: &mut Call) -> Outcome {
    let id = call.number("check_run_id")?;
    let check = call.repository()?.checks.get(&id).cloned();
    let check = check.ok_or_else(Refusal::not_found)?;
    if check.app != call.world.app.id {
        return Err(Refusal::new(
            403,
            "Invalid app_id - check run can only be modified by the GitHub App that created it.",
        ));
    }
    let check = with_body(call, check)?;
    call.repository_mut()?.checks.insert(id, check);
    get(call)
}

pub(super) fn get(call: &mut Call) -> Outcome {
    let id = call.number("check_run_id")?;
    Answer::ok(show_check(call.world, call.repository()?, id)?)
}

pub(super) fn of_commit(call: &mut Call) -> Outcome {
    let found = call.repository()?;
    let reference = call.part("ref");
    let unknown = || Refusal::unprocessable(format!("No commit found for SHA: {reference}"));
    let head = found.resolve(reference).ok_or_else(unknown)?;
    let named = |check: &&Check| {
        call.asked("check_name")
            .is_none_or(|name| name == check.name)
            && call
                .asked("app_id")
                .is_none_or(|id| id == check.app.to_string())
    };
    let checks = found
        .checks
        .values()
        .filter(|check| check.head == head)
        .filter(named);
    let all = call.asked("filter") == Some("all");
    // The newest first; of each name only the newest, unless all are asked for.
    let mut names = std::collections::BTreeSet::new();
    let checks = checks
        .rev()
        .filter(|check| names.insert(check.name.clone()) || all);
    let shown = checks.map(|check| show_check(call.world, found, check.id));
    Answer::list_in("check_runs", shown.collect::<Result<Vec<_>, _>>()?)
}

/// Returns the check run with the fields of the body.
fn with_body(call: &Call, mut check: Check) -> Result<Check, Refusal> {
    let text = |name: &str| call.text(name).map(str::to_owned);
    check.status = text("status").unwrap_or(check.status);
    check.details_url = text("details_url").or(check.details_url);
    check.external_id = text("external_id").or(check.external_id);
    check.completed = text("completed_at").or(check.completed);
    if let Some(conclusion) = text("conclusion") {
        if !CONCLUSIONS.contains(&conclusion.as_str()) {
            return Err(Refusal::field("CheckRun", "conclusion", "invalid"));
        }
        check.status = "completed".into();
        check.conclusion = Some(conclusion);
    }
    if check.status == "completed" && check.conclusion.is_none() {
        return Err(Refusal::field("CheckRun", "conclusion", "missing_field"));
    }
    if let Some(output) = call.body.get("output") {
        for part in ["title", "summary"] {
            if output[part].as_str().is_none_or(str::is_empty) {
                return Err(Refusal::field("CheckRun", part, "missing_field"));
            }
        }
        for part in ["summary", "text"] {
            if output[part]
                .as_str()
                .is_some_and(|text| text.chars().count() > MAX_TEXT)
            {
                return Err(Refusal::custom(
                    "CheckRun",
                    format!("{part} exceeds a maximum of {MAX_TEXT} characters"),
                ));
            }
        }
        let annotations = output["annotations"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if annotations.len() > MAX_ANNOTATIONS {
            return Err(Refusal::unprocessable(
                "Invalid request.\n\nNo more than 50 items are allowed",
            ));
        }
        check.annotations.extend(annotations);
        check.output = output.clone();
    }
    Ok(check)
}

impl GitHub {
    /// Creates a check run of another App on the head of a branch.
    pub fn check_of_another(&self, repository: &str, branch: &str, name: &str) {
        self.change(repository, |world, target| {
            let (id, app) = (world.fresh_id(), world.app.id + 1);
            let found = world.repositories.get_mut(&target)?;
            let check = Check {
                id,
                head: found.branch(branch)?.clone(),
                app,
                name: name.to_owned(),
                status: "completed".into(),
                conclusion: Some("success".into()),
                started: None,
                completed: None,
                details_url: None,
                external_id: None,
                output: json!({"title": "Theirs", "summary": "theirs", "text": "theirs"}),
                annotations: Vec::new(),
            };
            found.checks.insert(id, check);
            Some(())
        });
    }
}

fn show_check(world: &World, found: &Repository, id: u64) -> Result<Value, Refusal> {
    let check = found.checks.get(&id).ok_or_else(Refusal::not_found)?;
    let output = |name: &str| check.output.get(name).cloned().unwrap_or_default();
    let mut app = world.show_app();
    app["id"] = check.app.into();
    Ok(json!({
        "id": id, "node_id": node("CR", id), "head_sha": check.head, "name": check.name, "status": check.status,
        "conclusion": check.conclusion, "started_at": check.started, "completed_at": check.completed,
        "external_id": check.external_id, "details_url": check.details_url,
        "url": world.url(found, format!("check-runs/{id}")), "html_url": world.page(found, format!("runs/{id}")),
        "output": {"title": output("title"), "summary": output("summary"), "text": output("text"),
                   "annotations_count": check.annotations.len(), "annotations_url": world.url(found, format!("check-runs/{id}/annotations"))},
        "app": app, "check_suite": {"id": id}, "pull_requests": [],
    }))
}
