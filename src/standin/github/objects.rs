//! Serves git objects: blobs, trees, commits.

use super::call::{Answer, Call, Outcome, Refusal};
use super::git::{Commit, Entry, FOLDER, Files, Oid, Signature};
use super::json;
use super::world::{Repository, World, node, now};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The largest blob that the API creates, in bytes; a pushed file is refused above 100 MB.
const MAX_BLOB_BYTES: usize = 40 * 1024 * 1024;

/// The modes of a tree's entries.
const MODES: &[&str] = &["100644", "100755", "040000", "160000", "120000"];

/// Encodes Base64 as GitHub wraps it.
pub(super) fn wrapped(content: &[u8]) -> String {
    let text = STANDARD.encode(content);
    let lines = text.as_bytes().chunks(60).map(String::from_utf8_lossy);
    lines.map(|line| format!("{line}\n")).collect()
}

pub(super) fn create_blob(call: &mut Call) -> Outcome {
    let text = call.text("content").unwrap_or_default();
    let content = match call.text("encoding").unwrap_or("utf-8") {
        "base64" => {
            let packed: String = text.split_whitespace().collect();
            let content = STANDARD.decode(packed);
            content.map_err(|_| Refusal::unprocessable("content is not valid Base64"))?
        }
        "utf-8" => text.as_bytes().to_vec(),
        _ => return Err(Refusal::unprocessable("encoding must be utf-8 or base64")),
    };
    if content.len() > MAX_BLOB_BYTES {
        return Err(Refusal::unprocessable("Blob is too large"));
    }
    let id = call.repository_mut()?.objects.put_blob(content);
    let url = (call.world).url(call.repository()?, format!("git/blobs/{id}"));
    Answer::created(json!({"sha": id, "url": url}))
}

pub(super) fn blob(call: &mut Call) -> Outcome {
    let found = call.repository()?;
    let id = Oid::parse(call.part("file_sha"));
    let id = id.ok_or_else(|| {
        Refusal::unprocessable(
            "The sha parameter must be exactly 40 characters and contain only [0-9a-f].",
        )
    })?;
    let content = found.objects.blob(&id).ok_or_else(Refusal::not_found)?;
    Answer::ok(json!({
        "sha": id, "node_id": node("B", &id), "size": content.len(), "encoding": "base64",
        "url": call.world.url(found, format!("git/blobs/{id}")), "content": wrapped(content),
    }))
}

pub(super) fn create_tree(call: &mut Call) -> Outcome {
    let entries = call.body.get("tree").and_then(Value::as_array).cloned();
    let entries = entries
        .ok_or_else(|| Refusal::unprocessable("Invalid request.\n\n\"tree\" wasn't supplied."))?;
    let base = call.text("base_tree").map(str::to_owned);
    let objects = &mut call.repository_mut()?.objects;
    let mut files = match base {
        None => Files::new(),
        Some(base) => {
            let id = Oid::parse(&base);
            let known = |id: &Oid| objects.tree(id).is_some() || objects.commit(id).is_some();
            let id = id.filter(known);
            objects.files(
                &id.ok_or_else(|| Refusal::unprocessable("base_tree is not a valid tree oid"))?,
            )
        }
    };
    for entry in &entries {
        let path = entry["path"].as_str().unwrap_or_default();
        let mode = entry["mode"].as_str().unwrap_or_default();
        check_entry(path, mode)?;
        let below = format!("{path}/");
        match (entry.get("sha"), entry["content"].as_str()) {
            (Some(Value::Null), None) => {
                let before = files.len();
                files.retain(|name, _| name != path && !name.starts_with(&below));
                if files.len() == before {
                    return Err(Refusal::unprocessable("GitRPC::BadObjectState"));
                }
            }
            (None, Some(content)) => {
                let id = objects.put_blob(content.to_owned());
                files.insert(path.into(), (mode.into(), id));
            }
            (Some(Value::String(id)), None) => {
                let id = Oid::parse(id).ok_or_else(|| unknown_object(id))?;
                match (objects.blob(&id), objects.tree(&id)) {
                    (Some(_), _) => drop(files.insert(path.into(), (mode.into(), id))),
                    (_, Some(_)) => {
                        files.retain(|name, _| !name.starts_with(&below));
                        let placed = objects.files(&id).into_iter();
                        files.extend(placed.map(|(name, file)| (format!("{below}{name}"), file)));
                    }
                    _ => return Err(unknown_object(id.as_str())),
                }
            }
            _ => {
                return Err(Refusal::unprocessable(
                    "Must supply either tree.sha or tree.content",
                ));
            }
        }
    }
    let id = objects.put_files(&files);
    let found = call.repository()?;
    Answer::created(show_tree(call.world, found, &id, false))
}

/// Refuses what git keeps in no tree.
fn check_entry(path: &str, mode: &str) -> Result<(), Refusal> {
    let odd = |part: &str| matches!(part, "" | "." | ".." | ".git");
    if path.split('/').any(odd) {
        let message = "tree.path contains a malformed path component";
        return Err(Refusal::unprocessable(message));
    }
    if !MODES.contains(&mode) {
        let message = "tree.mode must be one of 100644, 100755, 040000, 160000, 120000";
        return Err(Refusal::unprocessable(message));
    }
    Ok(())
}

fn unknown_object(id: &str) -> Refusal {
    Refusal::unprocessable(format!("tree.sha {id} is not a valid object"))
}

pub(super) fn tree(call: &mut Call) -> Outcome {
    let found = call.repository()?;
    let asked = call.part("tree_sha");
    let tree = Oid::parse(asked).filter(|id| found.objects.tree(id).is_some());
    let commit = || Some(found.objects.commit(&found.resolve(asked)?)?.tree.clone());
    let id = tree.or_else(commit).ok_or_else(Refusal::not_found)?;
    // Any value counts, `0` and `false` too.
    let recursive = call.asked("recursive").is_some();
    Answer::ok(show_tree(call.world, found, &id, recursive))
}

fn show_tree(world: &World, found: &Repository, id: &Oid, recursive: bool) -> Value {
    let entries = match recursive {
        true => found.objects.walk(id),
        false => found.objects.tree(id).unwrap_or_default().to_vec(),
    };
    let listed = &entries[..entries.len().min(world.listed)];
    let json = |entry: &Entry| {
        let kind = if entry.mode == FOLDER { "tree" } else { "blob" };
        let mut shown = json!({
            "path": entry.name, "mode": entry.mode, "type": kind, "sha": entry.id,
            "url": world.url(found, format!("git/{kind}s/{}", entry.id)),
        });
        if let Some(content) = found.objects.blob(&entry.id) {
            shown["size"] = content.len().into();
        }
        shown
    };
    json!({
        "sha": id, "url": world.url(found, format!("git/trees/{id}")), "truncated": listed.len() < entries.len(),
        "tree": listed.iter().map(json).collect::<Vec<_>>(),
    })
}

pub(super) fn create_commit(call: &mut Call) -> Outcome {
    let actor = call.actor();
    let message = call.text("message").unwrap_or_default().to_owned();
    if message.is_empty() {
        return Err(Refusal::field("Commit", "message", "missing_field"));
    }
    let named = |role: &str| call.body.get(role).map(signature);
    let author = named("author").transpose()?;
    let committer = named("committer").transpose()?.or_else(|| author.clone());
    let tree = call.text("tree").and_then(Oid::parse);
    let parents = call.texts("parents").unwrap_or_default();
    let objects = &mut call.repository_mut()?.objects;
    let tree = tree.filter(|id| objects.tree(id).is_some());
    let tree = tree.ok_or_else(|| Refusal::unprocessable("Tree SHA does not exist"))?;
    let parent = |id: &String| {
        let id = Oid::parse(id).filter(|id| objects.commit(id).is_some());
        id.ok_or_else(|| {
            Refusal::unprocessable("Parent SHA does not exist or is not a commit object")
        })
    };
    let parents = parents.iter().map(parent).collect::<Result<_, _>>()?;
    let verified = author.is_none() && committer.is_none();
    let bot = Signature::of(&actor);
    let github = Signature {
        name: "GitHub".into(),
        email: "noreply@github.com".into(),
        ..bot.clone()
    };
    let id = objects.put_commit(Commit {
        tree,
        parents,
        author: author.unwrap_or(bot),
        committer: committer.unwrap_or(github),
        message,
        verified,
    });
    let found = call.repository()?;
    Answer::created(show_commit(call.world, found, &id)?)
}

impl Signature {
    /// Returns an account's signature, now.
    pub fn of(login: &str) -> Self {
        Self {
            name: login.into(),
            email: format!("{login}@users.noreply.github.com"),
            time: now().as_second(),
        }
    }
}

fn signature(given: &Value) -> Result<Signature, Refusal> {
    let text = |name: &str| given[name].as_str().filter(|text| !text.is_empty());
    let missing = |name: &str| Refusal::field("Commit", name, "missing_field");
    let date = text("date").map(str::parse::<Timestamp>).transpose();
    let date = date.map_err(|_| Refusal::field("Commit", "date", "invalid"))?;
    Ok(Signature {
        name: text("name").ok_or_else(|| missing("name"))?.into(),
        email: text("email").ok_or_else(|| missing("email"))?.into(),
        time: date.unwrap_or_else(now).as_second(),
    })
}

pub(super) fn commit(call: &mut Call) -> Outcome {
    let found = call.repository()?;
    let id = Oid::parse(call.part("commit_sha")).ok_or_else(Refusal::not_found)?;
    Answer::ok(show_commit(call.world, found, &id)?)
}

fn show_signature(who: &Signature) -> Value {
    let at = Timestamp::from_second(who.time).unwrap_or_default();
    json!({"name": who.name, "email": who.email, "date": json::time(at)})
}

/// Converts a commit to the git API's JSON.
fn show_commit(world: &World, found: &Repository, id: &Oid) -> Result<Value, Refusal> {
    let commit = found.objects.commit(id).ok_or_else(Refusal::not_found)?;
    let parents = commit.parents.iter();
    Ok(json!({
        "sha": id, "node_id": node("C", id), "url": world.url(found, format!("git/commits/{id}")),
        "html_url": world.page(found, format!("commit/{id}")),
        "author": show_signature(&commit.author), "committer": show_signature(&commit.committer),
        "message": commit.message, "verification": verification(commit),
        "tree": {"sha": commit.tree, "url": world.url(found, format!("git/trees/{}", commit.tree))},
        "parents": parents.map(|parent| world.point_at(found, parent)).collect::<Vec<_>>(),
    }))
}

fn verification(commit: &Commit) -> Value {
    let signed = |text: &str| commit.verified.then(|| text.to_owned());
    json!({
        "verified": commit.verified, "reason": if commit.verified { "valid" } else { "unsigned" },
        "signature": signed("-----BEGIN PGP SIGNATURE-----"), "payload": signed(&commit.message),
        "verified_at": signed("2026-01-01T00:00:00Z"),
    })
}

/// Answers with a commit as the repositories API shows it, or with its id alone where the caller asks for that.
pub(super) fn described_commit(call: &mut Call) -> Outcome {
    let found = call.repository()?;
    let reference = call.part("ref");
    let id = found.resolve(reference);
    let unknown = || Refusal::unprocessable(format!("No commit found for SHA: {reference}"));
    Answer::ok(describe(call.world, found, &id.ok_or_else(unknown)?)?)
}

/// Lists the history of a commit, the default branch's where the query names none.
pub(super) fn commits(call: &mut Call) -> Outcome {
    let found = call.repository()?;
    let from = found.resolve(call.asked("sha").unwrap_or("HEAD"));
    let history = found.objects.history(&from.ok_or_else(Refusal::not_found)?);
    let shown = history.iter().map(|id| describe(call.world, found, id));
    Answer::list(shown.collect::<Result<Vec<_>, _>>()?)
}

/// Converts a commit to the repositories API's JSON.
pub(super) fn describe(world: &World, found: &Repository, id: &Oid) -> Result<Value, Refusal> {
    let commit = found.objects.commit(id).ok_or_else(Refusal::not_found)?;
    let user = |who: &Signature| {
        let login = who.email.strip_suffix("@users.noreply.github.com");
        login.map(|login| world.show_user(login))
    };
    let url = world.url(found, format!("commits/{id}"));
    let parents = commit.parents.iter();
    Ok(json!({
        "sha": id, "node_id": node("C", id), "url": url, "comments_url": format!("{url}/comments"),
        "html_url": world.page(found, format!("commit/{id}")),
        "commit": {
            "author": show_signature(&commit.author), "committer": show_signature(&commit.committer),
            "message": commit.message, "comment_count": 0, "verification": verification(commit),
            "tree": {"sha": commit.tree, "url": world.url(found, format!("git/trees/{}", commit.tree))},
            "url": world.url(found, format!("git/commits/{id}")),
        },
        "author": user(&commit.author), "committer": user(&commit.committer),
        "parents": parents.map(|parent| world.point_at(found, parent)).collect::<Vec<_>>(),
    }))
}

/// Returns the content of a file at a commit.
pub(super) fn file(found: &Repository, commit: &Oid, path: &str) -> Option<Bytes> {
    let (_, id) = found.objects.files(commit).remove(path)?;
    found.objects.blob(&id).cloned()
}
