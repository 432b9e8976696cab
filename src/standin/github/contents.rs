//! Serves repositories, their branches and files.

use super::call::{Answer, Call, Outcome, Refusal};
use super::objects::{self, wrapped};
use serde_json::json;

pub(super) fn repository(call: &mut Call) -> Outcome {
    Answer::ok(call.world.show_repository(call.repository()?))
}

pub(super) fn branch(call: &mut Call) -> Outcome {
    let found = call.repository()?;
    let name = call.part("branch");
    let id = found
        .branch(name)
        .ok_or_else(|| Refusal::new(404, "Branch not found"))?;
    Answer::ok(json!({
        "name": name, "protected": false, "commit": objects::describe(call.world, found, id)?,
        "_links": {"self": call.world.url(found, format!("branches/{name}")), "html": call.world.page(found, format!("tree/{name}"))},
        "protection": {"enabled": false}, "protection_url": call.world.url(found, format!("branches/{name}/protection")),
    }))
}

pub(super) fn content(call: &mut Call) -> Outcome {
    let found = call.repository()?;
    let reference = call.asked("ref").unwrap_or(&found.default_branch);
    let commit = found.resolve(reference);
    let commit = commit
        .ok_or_else(|| Refusal::new(404, format!("No commit found for the ref {reference}")))?;
    let path = call.part("path");
    let (_, id) = found
        .objects
        .files(&commit)
        .remove(path)
        .ok_or_else(Refusal::not_found)?;
    let content = found.objects.blob(&id).ok_or_else(Refusal::not_found)?;
    let url = call
        .world
        .url(found, format!("contents/{path}?ref={reference}"));
    let name = path.rsplit('/').next().unwrap_or(path);
    Answer::ok(json!({
        "type": "file", "encoding": "base64", "size": content.len(), "name": name, "path": path,
        "content": wrapped(content), "sha": id, "url": url, "git_url": call.world.url(found, format!("git/blobs/{id}")),
        "html_url": call.world.page(found, format!("blob/{reference}/{path}")), "download_url": null,
        "_links": {"self": url, "git": null, "html": null},
    }))
}
