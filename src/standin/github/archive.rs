//! Serves a commit's files as an archive, from another host under an address that is valid once.

use super::call::{Answer, Call, Outcome, Refusal};
use super::git::{LINK, Oid};
use super::world::{Repository, World};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{Request, Response};

pub(super) fn tarball(call: &mut Call) -> Outcome {
    let found = call.repository()?;
    let reference = match call.part("ref") {
        "" => "HEAD",
        reference => reference,
    };
    let id = found.resolve(reference).ok_or_else(Refusal::not_found)?;
    let address = format!(
        "{}/{}/legacy.tar.gz/{id}",
        call.world.archives,
        found.full_name()
    );
    let ticket = call.world.unguessable();
    let address = format!("{address}?token={ticket}");
    call.world.tickets.insert(ticket);
    Answer::elsewhere(address)
}

/// Serves the archives' own host, whose only credential is the address.
pub(super) fn hand_out(world: &mut World, request: &Request<Bytes>) -> Response<Bytes> {
    let refuse = |status: u16| {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
        response
    };
    // A token that is sent along to another host is lost to it.
    if request.headers().contains_key("authorization") {
        world
            .violations
            .push("an authorization was sent to the archives' host".to_owned());
        return refuse(400);
    }
    let query = request.uri().query().unwrap_or_default();
    let ticket = query.strip_prefix("token=").unwrap_or_default();
    if !world.tickets.remove(ticket) {
        return refuse(404);
    }
    if let Some(archive) = &world.archive {
        return Response::new(archive.clone());
    }
    let mut parts = request.uri().path().trim_start_matches('/').split('/');
    let (owner, name, id) = (parts.next(), parts.next(), parts.nth(1));
    let found = owner
        .zip(name)
        .and_then(|(owner, name)| world.repository(owner, name));
    let archive = found
        .zip(id.and_then(Oid::parse))
        .and_then(|(found, id)| pack(found, &id).ok());
    match archive {
        Some(bytes) => Response::new(bytes.into()),
        None => refuse(404),
    }
}

/// Packs an archive as `git archive` does: one folder around everything, the commit id in a header.
fn pack(found: &Repository, id: &Oid) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let folder = format!("{}-{}-{}", found.owner, found.name, &id.as_str()[..7]);
    for (path, (mode, blob)) in found.objects.files(id) {
        let content = found.objects.blob(&blob).cloned().unwrap_or_default();
        let path = format!("{folder}/{path}");
        let mut header = tar::Header::new_gnu();
        header.set_mtime(0);
        if mode == LINK {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_mode(0o777);
            header.set_size(0);
            archive.append_link(
                &mut header,
                path,
                String::from_utf8_lossy(&content).as_ref(),
            )?;
        } else {
            header.set_mode(0o664);
            header.set_size(content.len() as u64);
            archive.append_data(&mut header, path, content.as_ref())?;
        }
    }
    archive.into_inner()?.finish()
}
