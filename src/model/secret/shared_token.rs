//! Seals the token that a policy shares with whoever uses it, by `aws:Referer`. The rest of the policy stays readable, and
//! rules still judge it. `sts:ExternalId` is none: AWS does not treat it as a secret, and whoever reads the role sees it.

use serde_json::Value as Json;

/// The key with the page that a request comes from, or whatever a client sends in its place.
const REFERER: &str = "aws:referer";

/// What a fingerprint begins with in a text, as a token that is sealed does.
pub const SEALED: &str = "(secret, fingerprint ";

/// Returns a policy with its tokens replaced by what `seal` makes of them; `None` where it has none, or is no policy.
pub(super) fn sealed(text: &str, seal: &dyn Fn(&str) -> String) -> Option<String> {
    let is_policy = text.trim_start().starts_with('{') && text.contains("\"Condition\"");
    if !is_policy || !holds(text, REFERER) {
        return None;
    }
    let mut policy: Json = serde_json::from_str(text).ok()?;
    let statements = match policy.get_mut("Statement")? {
        Json::Array(statements) => statements.iter_mut().collect(),
        single => vec![single],
    };
    let mut is_changed = false;
    for statement in statements {
        let tests = statement.get_mut("Condition").and_then(Json::as_object_mut);
        let tests = tests.into_iter().flat_map(|tests| tests.values_mut());
        for test in tests.filter_map(Json::as_object_mut) {
            for (key, value) in test.iter_mut() {
                if !key.eq_ignore_ascii_case(REFERER) {
                    continue;
                }
                let values = match value {
                    Json::Array(values) => values.iter_mut().collect(),
                    single => vec![single],
                };
                for value in values {
                    let token = value.as_str().filter(|token| is_token(token));
                    if let Some(sealed) = token.map(seal) {
                        *value = Json::String(sealed);
                        is_changed = true;
                    }
                }
            }
        }
    }
    is_changed.then(|| policy.to_string())
}

/// Returns whether a text holds a key in any case.
fn holds(text: &str, key: &str) -> bool {
    let (text, key) = (text.as_bytes(), key.as_bytes());
    text.windows(key.len())
        .any(|part| part.eq_ignore_ascii_case(key))
}

/// Returns whether the value of the condition is a token: it may be an address or a pattern of one.
fn is_token(value: &str) -> bool {
    let is_address = value.contains(['.', '/', '*']);
    let is_told = value.starts_with(SEALED) || value.starts_with("${");
    !value.is_empty() && !is_address && !is_told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tokens_of_conditions_are_sealed() {
        let policy = |external: &str, referer: &str| {
            format!(
                r#"{{"Statement":[{{"Action":"sts:AssumeRole","Condition":{{"StringEquals":{{"sts:ExternalId":"{external}"}},"StringLike":{{"aws:Referer":["{referer}","https://shop.example/*"]}}}},"Effect":"Allow","Principal":{{"AWS":"*"}}}}]}}"#
            )
        };
        let seal = |token: &str| format!("{SEALED}{})", token.len());
        let text = policy("partner-7731", "letmein");
        let found = sealed(&text, &seal).unwrap();
        assert_eq!(found, policy("partner-7731", "(secret, fingerprint 7)"));
        assert_eq!(sealed(&found, &seal), None, "nothing is sealed twice");
        for text in [
            r#"{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow"}]}"#,
            r#"{"aws:Referer":"x","Condition":{}}"#,
            "aws:Referer",
        ] {
            assert_eq!(sealed(text, &seal), None, "{text}");
        }
    }
}
