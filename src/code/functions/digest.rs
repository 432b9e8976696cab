//! Functions that compute digests and UUIDs.

use super::Call;
use super::encoding::in_base64;
use crate::code::fault::{Evaluated, Invalid};
use crate::code::typed::Typed;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

/// The bytes that are digested for one step of work.
const DIGESTED: usize = 64;

/// Returns a digest, after taking its work from the budget.
pub(super) fn of<D: Digest>(call: &Call<'_, '_>, bytes: &[u8]) -> Vec<u8> {
    // What this costs shows in what comes next, once the budget is spent.
    let _ = call.budget().work(bytes.len() / DIGESTED);
    D::digest(bytes).to_vec()
}

/// Returns a digest in hexadecimal digits.
pub(super) fn in_hex<D: Digest>(call: &Call<'_, '_>, bytes: &[u8]) -> Evaluated {
    Ok(Typed::text(hex::encode(of::<D>(call, bytes))))
}

pub(super) fn md5(call: &Call<'_, '_>) -> Evaluated {
    in_hex::<Md5>(call, call.text(0)?.as_bytes())
}

pub(super) fn sha1(call: &Call<'_, '_>) -> Evaluated {
    in_hex::<Sha1>(call, call.text(0)?.as_bytes())
}

pub(super) fn sha256(call: &Call<'_, '_>) -> Evaluated {
    in_hex::<Sha256>(call, call.text(0)?.as_bytes())
}

pub(super) fn sha512(call: &Call<'_, '_>) -> Evaluated {
    in_hex::<Sha512>(call, call.text(0)?.as_bytes())
}

pub(super) fn base64sha256(call: &Call<'_, '_>) -> Evaluated {
    in_base64(call, &of::<Sha256>(call, call.text(0)?.as_bytes()))
}

pub(super) fn base64sha512(call: &Call<'_, '_>) -> Evaluated {
    in_base64(call, &of::<Sha512>(call, call.text(0)?.as_bytes()))
}

/// The bytes of a UUID.
const UUID: usize = 16;

/// The predefined namespaces.
const NAMESPACES: &[(&str, &str)] = &[
    ("dns", "6ba7b8109dad11d180b400c04fd430c8"),
    ("url", "6ba7b8119dad11d180b400c04fd430c8"),
    ("oid", "6ba7b8129dad11d180b400c04fd430c8"),
    ("x500", "6ba7b8149dad11d180b400c04fd430c8"),
];

pub(super) fn uuidv5(call: &Call<'_, '_>) -> Evaluated {
    let (namespace, name) = (call.text(0)?, call.text(1)?);
    let named = NAMESPACES.iter().find(|(known, _)| *known == namespace);
    let digits = named.map_or_else(
        || namespace.replace('-', ""),
        |(_, digits)| (*digits).to_owned(),
    );
    let namespace = hex::decode(digits).ok().filter(|bytes| bytes.len() == UUID);
    let text = [namespace.ok_or(Invalid)?.as_slice(), name.as_bytes()].concat();
    let mut bytes = of::<Sha1>(call, &text);
    bytes.truncate(UUID);
    if let [_, _, _, _, _, _, version, _, variant, ..] = bytes.as_mut_slice() {
        *version = *version & 0x0f | 0x50;
        *variant = *variant & 0x3f | 0x80;
    }
    let digits = hex::encode(bytes);
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
    Ok(Typed::text(parts.join("-")))
}
