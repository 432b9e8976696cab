//! Values that stand in a text beside a name for a secret: `Pwd=x;`, `"password": "x"`, `?token=x`.

use super::name::{is_setting, named};
use super::shared_token::SEALED;
use std::ops::Range;

/// The longest name, in bytes.
const MAX_NAME_LENGTH: usize = 100;

/// How a value starts and ends that says where a secret is, and not which: a template, a mask of ours.
const ELSEWHERE: &[(&str, &str)] = &[("${", "}"), ("$(", ")"), ("%{", "}"), ("{{", "}}")];

/// What a value is masked with.
const MASKS: &[&str] = &["(secret)", "(sensitive)", SEALED];

/// Words with which a sentence goes on after a colon: `the password: see the wiki`.
const PROSE: &[&str] = &[
    "a", "an", "and", "are", "ask", "at", "be", "by", "can", "cannot", "empty", "expired", "for",
    "from", "has", "if", "in", "invalid", "is", "it", "its", "kept", "managed", "may", "missing",
    "must", "no", "not", "of", "on", "or", "please", "read", "required", "rotated", "see", "set",
    "should", "stored", "that", "the", "this", "to", "unknown", "use", "used", "was", "when",
    "which", "with", "wrong", "your",
];

/// What a reference of Terraform's starts with, besides a resource's type.
const ROOTS: &[&str] = &[
    "var", "local", "data", "module", "each", "self", "path", "count",
];

/// Returns the ranges of such values.
pub(super) fn values(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut end): (Vec<Range<usize>>, usize) = (Vec::new(), 0);
    for (at, sign) in text.match_indices(['=', ':']) {
        if at < end {
            continue;
        }
        // What was looked at once is not looked at again, or a text of signs would take for ever.
        if let Some((value, is_secret)) = value(text, at, sign == "=") {
            end = value.end;
            found.extend(is_secret.then_some(value));
        }
    }
    add_told(text, &mut found);
    found
}

/// What stands between the name of a secret and its value in a sentence: `the pw is hunter2`.
pub(super) const SENTENCE: &str = " is ";

/// The shortest value of a sentence that is a secret, in bytes.
const MIN_TOLD_LENGTH: usize = 4;

/// Adds the values that sentences tell. They have a digit or a sign, by which they are told from the words of one.
fn add_told(text: &str, found: &mut Vec<Range<usize>>) {
    for (at, sign) in text.match_indices(SENTENCE) {
        let before = &text[..at];
        let start = before
            .rfind(char::is_whitespace)
            .map_or(0, |space| space + 1);
        let name = before.get(start..).unwrap_or_default();
        if name.len() > MAX_NAME_LENGTH || !named(name) {
            continue;
        }
        let rest = &text[at + sign.len()..];
        let word = rest.split(char::is_whitespace).next().unwrap_or_default();
        let is_around = |c: char| matches!(c, '"' | '\'' | '`' | '.' | ',' | ';' | ')' | '(');
        let value = word.trim_matches(is_around);
        let is_mark = |c: char| c.is_ascii_digit() || "!@#$%^&*+_".contains(c);
        let is_secret = value.len() >= MIN_TOLD_LENGTH
            && value.contains(is_mark)
            && !is_nothing(value)
            && !is_elsewhere(value);
        if is_secret {
            let start = value.as_ptr() as usize - text.as_ptr() as usize;
            found.push(start..start + value.len());
        }
    }
}

/// Last words of names for a token by which somebody proves to own a domain: `google-site-verification=...`.
const PROOFS: &[&str] = &["verify", "verification"];

/// The shortest such token, in bytes.
const MIN_PROOF_LENGTH: usize = 8;

/// Returns whether a name is one for a token that proves something.
fn is_proof(name: &str) -> bool {
    let last = name.rsplit(['-', '_', '.']).next().unwrap_or_default();
    PROOFS.iter().any(|proof| last.eq_ignore_ascii_case(proof))
}

/// Returns the value after an assignment sign whose name is one for a secret, and whether the value is a secret.
fn value(text: &str, at: usize, equals: bool) -> Option<(Range<usize>, bool)> {
    let left = text.get(..at)?.trim_end_matches([' ', '\t']);
    let bare = left.trim_end_matches(['"', '\'', '\\']);
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name = &bare[bare.trim_end_matches(letter).len()..];
    let is_spaced = left.len() < at;
    let is_proof = equals && !is_spaced && bare.len() == left.len() && is_proof(name);
    if name.len() > MAX_NAME_LENGTH || !(is_proof || named(name)) {
        return None;
    }
    let right = text.get(at + 1..)?;
    let right = match equals {
        true => right.strip_prefix('>').unwrap_or(right),
        false => right,
    };
    let value = right.trim_start_matches([' ', '\t']);
    let before = bare[..bare.len() - name.len()].chars().next_back();
    let in_list = equals && matches!(before, Some(';' | '&' | '?'));
    // `arn:aws:secretsmanager:...:secret:name` assigns nothing.
    if !equals && bare.len() == left.len() && value.len() == right.len() {
        return None;
    }
    let inner = value.trim_start_matches('\\');
    let (shown, is_secret) = match inner.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let inner = &inner[1..];
            let length = inner.find([quote, '\n']).unwrap_or(inner.len());
            let shown = inner[..length].trim_end_matches('\\');
            (shown, !is_nothing(shown) && !is_elsewhere(shown))
        }
        _ => {
            let ends = |c: char| c.is_whitespace() || matches!(c, ';' | '&' | '"' | '\'' | '`');
            let length = value.find(ends).unwrap_or(value.len());
            let (shown, rest) = value.split_at(length);
            let is_prose = value.len() < right.len() && goes_on(shown, rest);
            // In a connection string or a query nothing is code: `Pwd={x};` means `x`.
            let in_list = in_list || equals && rest.starts_with([';', '&']);
            let is_told = match in_list {
                true => shown.starts_with("${") && shown.ends_with('}'),
                false => is_elsewhere(shown) || is_prose || is_spaced && is_code(shown),
            };
            (shown, !is_nothing(shown) && !is_told)
        }
    };
    let is_secret = is_secret && (!is_proof || shown.len() >= MIN_PROOF_LENGTH);
    let start = shown.as_ptr() as usize - text.as_ptr() as usize;
    Some((start..start + shown.len(), is_secret))
}

/// Returns whether a value is none: empty, a mask, the start of a collection, or the value of a setting.
fn is_nothing(value: &str) -> bool {
    let word = value.trim_end_matches([',', ')', '}', ']']);
    word.is_empty()
        || is_setting(word)
        || MASKS.iter().any(|mask| value.starts_with(mask))
        || value
            .bytes()
            .all(|byte| matches!(byte, b'*' | b'.' | b'[' | b'{' | b'('))
}

/// Returns whether a value only says where the secret is.
fn is_elsewhere(value: &str) -> bool {
    let value = value.trim_end_matches([',', ';']);
    let is_reference =
        |(start, end): &(&str, &str)| value.starts_with(start) && value.contains(end);
    ELSEWHERE.iter().any(is_reference) || value.starts_with("arn:aws")
}

/// Returns whether a value without quotes is a reference or a call of Terraform's, a collection that starts with one,
/// or a parameter.
fn is_code(value: &str) -> bool {
    let value = value.trim_start_matches(['[', '{', '(']);
    // A parameter of an expression: `#token = :token`.
    if let Some(parameter) = value.strip_prefix(':') {
        return !parameter.is_empty() && parameter.chars().all(|c| c.is_alphanumeric() || c == '_');
    }
    let end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let (root, rest) = value.split_at(value.find(end).unwrap_or(value.len()));
    let is_type = root.contains('_') && root.bytes().all(|byte| !byte.is_ascii_uppercase());
    match rest.chars().next() {
        Some('(') => !root.is_empty(),
        Some('.') => is_type || ROOTS.contains(&root),
        _ => false,
    }
}

/// Returns whether a plain word is the start of a sentence: `the password: see the wiki`.
fn goes_on(word: &str, rest: &str) -> bool {
    let after = rest.trim_start_matches([' ', '\t']);
    let goes_on = after.len() < rest.len() && after.starts_with(char::is_alphanumeric);
    goes_on && PROSE.iter().any(|known| word.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_assigned_to_a_name_for_a_secret_is_found_and_nothing_around_it() {
        for (text, found) in [
            ("Server=db;Uid=shop;Pwd=hunter2;", "hunter2"),
            ("PASSWORD=hunter2", "hunter2"),
            (r#"{"user":"a","password":"hunter2"}"#, "hunter2"),
            (r#"{\"db_pass\": \"hunter2\"}"#, "hunter2"),
            ("password = \"hunter2\" # old", "hunter2"),
            ("# password: hunter2 (old)", "hunter2"),
            (
                "https://x.example/?page=2&access_token=hunter2&b=c",
                "hunter2",
            ),
            ("AccountName=a;AccountKey=aGk=;Suffix=b", "aGk="),
            ("'api-key' => 'hunter2'", "hunter2"),
            ("Server=db;Pwd={hunter2};", "{hunter2}"),
            ("Server=db;Pwd=x(3);Uid=a", "x(3)"),
            ("Pwd=my_secret.x;", "my_secret.x"),
            ("Server=db;Pwd=local.x", "local.x"),
            ("Pwd=$(x);", "$(x)"),
            ("Password=:hunter2;", ":hunter2"),
            ("password=[hunter2]", "[hunter2]"),
            ("PASSWORD=my_secret.x", "my_secret.x"),
            ("db password: hunter is what you need", "hunter"),
            ("# the pw is hunter2, as ever", "hunter2"),
            (
                "google-site-verification=rXOxyZounnZasA8Z7oaD",
                "rXOxyZounnZasA8Z7oaD",
            ),
            ("\"verify=letmein99\"", "letmein99"),
        ] {
            let values = values(text);
            let values: Vec<_> = values.into_iter().map(|range| &text[range]).collect();
            assert_eq!(values, [found], "{text}");
        }
        for text in [
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-a1b2c3",
            "password = var.db_password",
            "password = random_password.db.result",
            "password = jsondecode(local.x)",
            "password = \"${var.db_password}\"",
            "manage_master_user_password = true",
            "the password: see the wiki",
            "password_wo_version = 3",
            "a == b, key_name = web",
            "token.actions.githubusercontent.com:sub",
            "ExpiredToken: The security token included in the request is expired",
            "password=",
            "password = (secret)",
            "Server=db;Pwd=${var.db_password};",
            "credentials = [var.db_password]",
            "\"passwords\": [\"",
            "the token is expired, the password is 12 characters long",
            "the secret is arn:aws:secretsmanager:eu-west-1:1:secret:db",
            "ssl_verify=full domain_verification = aws_ses_domain_identity.x",
        ] {
            assert!(values(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_text_of_signs_takes_no_longer_than_any_other() {
        for text in [
            "pwd=",
            "pwd=${",
            "pwd='${\"",
            "= ",
            "pwd: a ",
            "pwd is ",
            "\"pwd\":",
            "a",
        ] {
            let text = text.repeat(200_000);
            assert!(values(&text).len() <= text.len());
        }
    }
}
