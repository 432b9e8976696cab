//! Functions that encode and decode strings.

use super::Call;
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::typed::Typed;
use crate::code::types::Type;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write;

/// Returns the length of this number of bytes in base64.
fn length_in_base64(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// Encodes bytes in base64.
pub(super) fn in_base64(call: &Call<'_, '_>, bytes: &[u8]) -> Evaluated {
    call.new_text(length_in_base64(bytes.len()), || STANDARD.encode(bytes))
}

pub(super) fn base64encode(call: &Call<'_, '_>) -> Evaluated {
    in_base64(call, call.text(0)?.as_bytes())
}

fn decoded(call: &Call<'_, '_>) -> Result<Vec<u8>, Fault> {
    // Terraform passes over the ends of lines.
    let text = call.text(0)?.replace(['\r', '\n'], "");
    Ok(STANDARD.decode(text).map_err(|_| Invalid)?)
}

pub(super) fn base64decode(call: &Call<'_, '_>) -> Evaluated {
    Ok(Typed::text(
        String::from_utf8(decoded(call)?).map_err(|_| Invalid)?,
    ))
}

/// Returns the conversion of two bytes to a code unit of a UTF-16 encoding.
fn is_utf16(name: &str) -> Option<fn([u8; 2]) -> u16> {
    match name {
        "UTF-16LE" => Some(u16::from_le_bytes),
        "UTF-16BE" => Some(u16::from_be_bytes),
        _ => None,
    }
}

pub(super) fn textencodebase64(call: &Call<'_, '_>) -> Evaluated {
    let (text, name) = (call.text(0)?, call.text(1)?.to_ascii_uppercase());
    call.budget().take_text(text.len().saturating_mul(2))?;
    let bytes: Vec<u8> = match name.as_str() {
        "UTF-8" => text.as_bytes().to_vec(),
        "UTF-16LE" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "UTF-16BE" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        "US-ASCII" | "ISO-8859-1" | "WINDOWS-1252" if text.is_ascii() => text.as_bytes().to_vec(),
        _ => return Ok(Typed::Unknown(Type::String)),
    };
    in_base64(call, &bytes)
}

pub(super) fn textdecodebase64(call: &Call<'_, '_>) -> Evaluated {
    let (bytes, name) = (decoded(call)?, call.text(1)?.to_ascii_uppercase());
    call.budget().take_text(bytes.len().saturating_mul(2))?;
    if let Some(read) = is_utf16(&name) {
        let pairs = bytes.chunks_exact(2);
        let whole = pairs.remainder().is_empty();
        let units = pairs.filter_map(|pair| pair.try_into().ok()).map(read);
        let text: Result<String, _> = char::decode_utf16(units).collect();
        let text = text.ok().filter(|_| whole);
        return Ok(text.map_or(Typed::Unknown(Type::String), Typed::text));
    }
    let text = String::from_utf8(bytes);
    Ok(match (name.as_str(), text) {
        ("UTF-8", Ok(text)) => Typed::text(text),
        ("US-ASCII" | "ISO-8859-1" | "WINDOWS-1252", Ok(text)) if text.is_ascii() => {
            Typed::text(text)
        }
        _ => Typed::Unknown(Type::String),
    })
}

pub(super) fn urlencode(call: &Call<'_, '_>) -> Evaluated {
    let text = call.text(0)?;
    call.new_text(text.len().saturating_mul(3), || {
        let mut encoded = String::new();
        for byte in text.bytes() {
            match byte {
                b' ' => encoded.push('+'),
                byte if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => {
                    encoded.push(char::from(byte));
                }
                byte => drop(write!(encoded, "%{byte:02X}")),
            }
        }
        encoded
    })
}
