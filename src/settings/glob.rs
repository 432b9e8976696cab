//! Patterns of addresses and attributes: `*` is any text, everything else is itself, brackets and quotes too.

/// Whether a pattern covers a whole text.
pub(super) fn covers(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let middle: Vec<_> = parts.collect();
    let Some((last, middle)) = middle.split_last() else {
        return rest.is_empty();
    };
    let mut rest = rest;
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
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
        ] {
            assert_eq!(covers(pattern, text), covered, "{pattern} {text}");
        }
    }
}
