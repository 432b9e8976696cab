//! Matches addresses and attributes: `*` matches any text, `\*` a star, and every other character itself, including
//! brackets, quotes and other backslashes.

/// Returns whether a pattern matches a whole text.
pub(super) fn covers(pattern: &str, text: &str) -> bool {
    let parts = parts(pattern);
    let Some((first, rest)) = parts.split_first() else {
        return false;
    };
    let Some(mut left) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    let Some((last, middle)) = rest.split_last() else {
        return left.is_empty();
    };
    for part in middle {
        match left.split_once(part.as_str()) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(last.as_str())
}

/// Returns the pattern that matches only this text.
pub(super) fn exactly(text: &str) -> String {
    text.replace('*', "\\*")
}

/// Returns the only text that a pattern matches; `None` where it matches several.
pub(super) fn only(pattern: &str) -> Option<String> {
    let mut parts = parts(pattern);
    let only = parts.pop()?;
    parts.is_empty().then_some(only)
}

/// Splits a pattern at its wildcards.
fn parts(pattern: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.peek() == Some(&'*') => part.extend(rest.next()),
            '*' => parts.push(std::mem::take(&mut part)),
            c => part.push(c),
        }
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text_and_brackets_are_brackets() {
        for (pattern, text, covered) in [
            (
                "aws_instance.worker[*]",
                r#"aws_instance.worker["a"]"#,
                true,
            ),
            ("aws_instance.worker[*]", "aws_instance.worker", false),
            (r#"tags["PatchGroup"]"#, r#"tags["PatchGroup"]"#, true),
            ("sg-0*", "sg-0abc", true),
            ("*.b.*.d", "a.b.c.d", true),
            ("*", "", true),
            ("a*a", "a", false),
            (r#"tags["\*"]"#, r#"tags["*"]"#, true),
            (r#"tags["\*"]"#, r#"tags["Name"]"#, false),
            (r#"tags["a\"*"]"#, r#"tags["a\"b"]"#, true),
            (r"a\\*", r"a\*", true),
            (r"a\\*", r"a\b", false),
        ] {
            assert_eq!(covers(pattern, text), covered, "{pattern} {text}");
        }
    }

    #[test]
    fn a_text_has_a_pattern_of_its_own() {
        for text in ["a", "*", r"\*", r"\\*", r#"tags["*"]"#, r"\", "**"] {
            let pattern = exactly(text);
            assert!(covers(&pattern, text), "{pattern} {text}");
            assert_eq!(only(&pattern).as_deref(), Some(text), "{pattern}");
            assert!(!text.contains('*') || !covers(&pattern, &text.replace('*', "x")));
        }
        assert_eq!(only("a*"), None);
    }
}
