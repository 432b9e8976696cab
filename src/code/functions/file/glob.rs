//! Converts the patterns of `fileset` to regular expressions.

/// The longest pattern, in bytes.
const MAX_LENGTH: usize = 1024;

/// Converts a pattern: `*` and `?` match within a name, `**` across folders; `{a,b}` are alternatives.
/// Returns `None` where its meaning is not certain.
pub(super) fn regex(glob: &str) -> Option<String> {
    if glob.len() > MAX_LENGTH || glob.contains("..") {
        return None;
    }
    let (mut text, mut letters) = (String::from("^"), glob.chars().peekable());
    let mut open = 0_usize;
    while let Some(letter) = letters.next() {
        match letter {
            '*' if letters.next_if_eq(&'*').is_some() => {
                // A folder below is none as well.
                match letters.next_if_eq(&'/') {
                    Some(_) => text.push_str("(?:.*/)?"),
                    None => text.push_str(".*"),
                }
            }
            '*' => text.push_str("[^/]*"),
            '?' => text.push_str("[^/]"),
            '{' => {
                open += 1;
                text.push_str("(?:");
            }
            '}' if open > 0 => {
                open -= 1;
                text.push(')');
            }
            ',' if open > 0 => text.push('|'),
            '[' | ']' | '\\' | '!' => return None,
            letter => text.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4]))),
        }
    }
    text.push('$');
    (open == 0).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_paths_as_terraform_has_it() {
        for (glob, path, fits) in [
            ("*.json", "a.json", true),
            ("*.json", "b/a.json", false),
            ("**/*.json", "a.json", true),
            ("**/*.json", "b/c/a.json", true),
            ("**", "b/c", true),
            ("{a,b}.tf", "b.tf", true),
            ("{a,b}.tf", "c.tf", false),
            ("a?c", "abc", true),
            ("a.c", "abc", false),
        ] {
            let pattern = regex::Regex::new(&regex(glob).unwrap()).unwrap();
            assert_eq!(pattern.is_match(path), fits, "{glob} {path}");
        }
        assert!(regex("[ab]").is_none());
    }
}
