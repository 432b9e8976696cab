//! Serves code scanning uploads, within GitHub's limits.

use super::call::{Answer, Call, Outcome, Refusal};
use super::git::Oid;
use super::world::Repository;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::io::Read;

/// The largest packed file, in bytes.
const MAX_PACKED: usize = 10 * 1024 * 1024;
/// The largest unpacked file, in bytes.
const MAX_UNPACKED: u64 = 256 * 1024 * 1024;
/// The most results and rules of a run.
const MAX_RESULTS: usize = 25_000;

/// An uploaded analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// The commit of the results.
    pub commit: String,
    /// The ref, such as `refs/heads/main`.
    pub reference: String,
    /// The unpacked file.
    pub sarif: Value,
}

pub(super) fn upload(call: &mut Call) -> Outcome {
    let found = call.repository()?;
    if !found.code_scanning {
        let message = "Code Security must be enabled for this repository to use code scanning.";
        return Err(Refusal::new(403, message));
    }
    let text = |name: &str| call.text(name).unwrap_or_default();
    let commit = Oid::parse(text("commit_sha")).ok_or_else(|| invalid("no commit_sha"))?;
    if found.objects.commit(&commit).is_none() {
        return Err(Refusal::new(404, "commit not found"));
    }
    let reference = text("ref").to_owned();
    has(found, &reference)?;
    let sarif = unpacked(text("sarif"))?;
    call.repository_mut()?.analyses.push(Analysis {
        commit: commit.to_string(),
        reference,
        sarif,
    });
    let id = &call.world.unguessable()[..36];
    let found = call.repository()?;
    let url = call.world.url(found, format!("code-scanning/sarifs/{id}"));
    Ok(Answer::json(202, json!({"id": id, "url": url})))
}

fn invalid(why: &str) -> Refusal {
    Refusal::unprocessable(format!("Invalid request.\n\n{why}"))
}

/// Refuses a ref that is invalid, or that the repository lacks.
fn has(found: &Repository, reference: &str) -> Result<(), Refusal> {
    let kinds = ["refs/heads/", "refs/tags/", "refs/pull/"];
    if !kinds.iter().any(|kind| reference.starts_with(kind)) {
        let pattern = r"/^refs\/(heads|pull|tags)\/.*$/";
        return Err(invalid(&format!("{reference} does not match {pattern}.")));
    }
    let pull = reference.strip_prefix("refs/pull/");
    let pull = pull.and_then(|rest| rest.split('/').next()?.parse().ok());
    if found.refs.contains_key(reference) || pull.is_some_and(|id| found.issues.contains_key(&id)) {
        return Ok(());
    }
    let message = format!("ref '{reference}' not found in this repository");
    Err(Refusal::new(404, message))
}

/// Unpacks and validates a file: GitHub finds some errors at once, others only when it processes the file.
fn unpacked(text: &str) -> Result<Value, Refusal> {
    let bad = |why: &str| Refusal::new(400, why.to_owned());
    let packed = STANDARD
        .decode(text)
        .map_err(|_| bad("sarif is not Base64"))?;
    if packed.len() > MAX_PACKED {
        return Err(Refusal::new(413, "sarif is too large"));
    }
    let mut bytes = Vec::new();
    let unpacked = GzDecoder::new(packed.as_slice())
        .take(MAX_UNPACKED)
        .read_to_end(&mut bytes);
    unpacked.map_err(|_| bad("sarif is not gzip"))?;
    let file: Value = serde_json::from_slice(&bytes).map_err(|_| bad("sarif is not JSON"))?;
    if file["version"] != "2.1.0" || !file["runs"].is_array() {
        return Err(bad("sarif is not SARIF 2.1.0"));
    }
    for run in file["runs"].as_array().into_iter().flatten() {
        let count = |list: &Value| list.as_array().map_or(0, Vec::len);
        if count(&run["results"]).max(count(&run["tool"]["driver"]["rules"])) > MAX_RESULTS {
            return Err(bad("sarif has too many results or rules"));
        }
        let mut results = run["results"].as_array().into_iter().flatten();
        if results.any(|result| count(&result["locations"]) == 0) {
            return Err(bad(
                "locationFromSarifResult: expected at least one location",
            ));
        }
    }
    Ok(file)
}
