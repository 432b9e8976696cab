//! Functions on strings. A character is a grapheme cluster, whatever its number of code points.

use super::Call;
use crate::code::fault::{Evaluated, Invalid};
use crate::code::size::{self, VALUE};
use crate::code::typed::Typed;
use crate::code::types::Type;
use unicode_segmentation::UnicodeSegmentation;

/// The digraphs, in all their cases.
const DIGRAPHS: &[char] = &['Ǆ', 'ǅ', 'ǆ', 'Ǉ', 'ǈ', 'ǉ', 'Ǌ', 'ǋ', 'ǌ', 'Ǳ', 'ǲ', 'ǳ'];

/// Returns a part of an argument, which needs no further memory.
fn part(text: &str) -> Evaluated {
    Ok(Typed::text(text))
}

pub(super) fn basename(call: &Call<'_, '_>) -> Evaluated {
    let text = call.text(0)?;
    part(match text.trim_end_matches('/') {
        "" if text.is_empty() => ".",
        "" => "/",
        path => path.rsplit('/').next().unwrap_or(path),
    })
}

pub(super) fn dirname(call: &Call<'_, '_>) -> Evaluated {
    let text = call.text(0)?;
    let folder = text.rfind('/').map_or("", |at| &text[..=at]);
    let mut parts: Vec<&str> = Vec::new();
    for name in folder.split('/') {
        match name {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if folder.starts_with('/') => {}
            name => parts.push(name),
        }
    }
    let path = parts.join("/");
    part(&match (folder.starts_with('/'), path.as_str()) {
        (true, path) => format!("/{path}"),
        (false, "") => ".".to_owned(),
        (false, path) => path.to_owned(),
    })
}

pub(super) fn chomp(call: &Call<'_, '_>) -> Evaluated {
    part(call.text(0)?.trim_end_matches(['\r', '\n']))
}

pub(super) fn endswith(call: &Call<'_, '_>) -> Evaluated {
    Ok(call.text(0)?.ends_with(call.text(1)?).into())
}

pub(super) fn startswith(call: &Call<'_, '_>) -> Evaluated {
    Ok(call.text(0)?.starts_with(call.text(1)?).into())
}

pub(super) fn strcontains(call: &Call<'_, '_>) -> Evaluated {
    Ok(call.text(0)?.contains(call.text(1)?).into())
}

pub(super) fn indent(call: &Call<'_, '_>) -> Evaluated {
    let (spaces, text) = (call.whole::<i64>(0)?, call.text(1)?);
    let spaces = usize::try_from(spaces).map_err(|_| Invalid)?;
    let lines = text.bytes().filter(|byte| *byte == b'\n').count();
    let length = text.len().saturating_add(lines.saturating_mul(spaces));
    call.new_text(length, || match lines {
        0 => text.to_owned(),
        _ => text.replace('\n', &format!("\n{}", " ".repeat(spaces))),
    })
}

pub(super) fn join(call: &Call<'_, '_>) -> Evaluated {
    let separator = call.text(0)?;
    let mut parts = Vec::new();
    for list in call.arguments.iter().skip(1) {
        for item in list.items().ok_or(Invalid)? {
            parts.push(item.as_str().ok_or(Invalid)?);
        }
    }
    let own: usize = parts.iter().map(|part| part.len()).sum();
    let between = parts
        .len()
        .saturating_sub(1)
        .saturating_mul(separator.len());
    call.new_text(own.saturating_add(between), || parts.join(separator))
}

pub(super) fn split(call: &Call<'_, '_>) -> Evaluated {
    let (separator, text) = (call.text(0)?, call.text(1)?);
    let parts = match separator {
        "" => text.chars().count(),
        separator => text.matches(separator).count() + 1,
    };
    call.budget()
        .take(VALUE + text.len() + parts.saturating_mul(size::text(0)))?;
    call.budget().work(parts)?;
    let texts: Vec<_> = match separator {
        "" => text.chars().map(Typed::text).collect(),
        separator => text.split(separator).map(Typed::text).collect(),
    };
    Ok(Typed::List(Type::String, texts))
}

pub(super) fn strrev(call: &Call<'_, '_>) -> Evaluated {
    let text: String = call.text(0)?.graphemes(true).rev().collect();
    part(&text)
}

pub(super) fn substr(call: &Call<'_, '_>) -> Evaluated {
    let text = call.text(0)?;
    let letters: Vec<_> = text.grapheme_indices(true).map(|(at, _)| at).collect();
    let all = i64::try_from(letters.len()).map_err(|_| Invalid)?;
    let (offset, length): (i64, i64) = (call.whole(1)?, call.whole(2)?);
    // From the end on, no length is any.
    let length = if offset < 0 && length == 0 {
        -1
    } else {
        length
    };
    let offset = match offset {
        before if before < 0 => all.saturating_add(before).max(0),
        offset => offset,
    };
    let end = match length {
        all_the_rest if all_the_rest < 0 => all,
        length => offset.saturating_add(length),
    };
    let byte = |letter: i64| {
        let at = usize::try_from(letter)
            .ok()
            .and_then(|letter| letters.get(letter));
        at.copied().unwrap_or(text.len())
    };
    part(&text[byte(offset)..byte(end.max(offset))])
}

pub(super) fn title(call: &Call<'_, '_>) -> Evaluated {
    let text = call.text(0)?;
    let is_part = |letter: char| match letter.is_ascii() {
        true => letter.is_ascii_alphanumeric() || letter == '_',
        false => !letter.is_whitespace(),
    };
    let mut before = ' ';
    let letter = |letter: char| {
        let starts = !is_part(before);
        before = letter;
        if starts {
            // Some letters have a third case of their own.
            upper_of(letter).filter(|_| !DIGRAPHS.contains(&letter))
        } else {
            Some(letter)
        }
    };
    changed(text.chars().map(letter).collect())
}

pub(super) fn trim(call: &Call<'_, '_>) -> Evaluated {
    let cut: Vec<char> = call.text(1)?.chars().collect();
    let text = call.text(0)?;
    call.budget()
        .work(cut.len().saturating_mul(text.len()) / size::LOOKED_AT)?;
    part(text.trim_matches(cut.as_slice()))
}

pub(super) fn trimprefix(call: &Call<'_, '_>) -> Evaluated {
    let text = call.text(0)?;
    part(text.strip_prefix(call.text(1)?).unwrap_or(text))
}

pub(super) fn trimspace(call: &Call<'_, '_>) -> Evaluated {
    part(call.text(0)?.trim())
}

pub(super) fn trimsuffix(call: &Call<'_, '_>) -> Evaluated {
    let text = call.text(0)?;
    part(text.strip_suffix(call.text(1)?).unwrap_or(text))
}

pub(super) fn lower(call: &Call<'_, '_>) -> Evaluated {
    let lower = |letter: char| letter.to_lowercase().next();
    let text = call.text(0)?;
    call.budget().take_text(text.len().saturating_mul(2))?;
    changed(text.chars().map(lower).collect())
}

pub(super) fn upper(call: &Call<'_, '_>) -> Evaluated {
    let text = call.text(0)?;
    call.budget().take_text(text.len().saturating_mul(2))?;
    changed(text.chars().map(upper_of).collect())
}

/// Returns the upper case of a letter, or the letter itself where it has none; `None` where it has several characters,
/// of which Terraform may use others.
fn upper_of(letter: char) -> Option<char> {
    let mut upper = letter.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => Some(upper),
        _ if letter == 'ß' => Some(letter),
        _ => None,
    }
}

fn changed(text: Option<String>) -> Evaluated {
    Ok(text.map_or(Typed::Unknown(Type::String), Typed::text))
}
