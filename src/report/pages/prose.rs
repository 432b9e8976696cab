//! Renders sentences with identifiers between backquotes.

use crate::report::words::printable;
use askama::Template;

/// A sentence, as HTML: what stands between two backquotes is code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Template)]
#[template(
    source = "{% for span in spans %}{% if span.is_code %}<code>{{ span.text }}</code>{% else %}{{ span.text }}{% endif %}{% endfor %}",
    ext = "html"
)]
pub(super) struct Prose {
    spans: Vec<Span>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    text: String,
    is_code: bool,
}

impl Prose {
    /// Splits a reason from outside, as a sentence of its own: it begins with a capital, unless with an identifier, and
    /// ends with a full stop.
    pub fn sentence(text: &str) -> Self {
        let text = text.trim();
        let first = text.split(' ').next().unwrap_or_default();
        let is_word = first.bytes().all(|b| b.is_ascii_alphabetic());
        let (head, rest) = text.split_at(first.len().min(usize::from(is_word)));
        let ends = ['.', '!', '?'].iter().any(|end| rest.ends_with(*end));
        let stop = if ends || text.is_empty() { "" } else { "." };
        Self::of(&format!("{}{rest}{stop}", head.to_ascii_uppercase()))
    }

    /// Splits a sentence from outside.
    pub fn of(text: &str) -> Self {
        let text = printable(text);
        let parts: Vec<_> = text.split('`').collect();
        if parts.len().is_multiple_of(2) {
            let whole = Span {
                text,
                is_code: false,
            };
            return Self { spans: vec![whole] };
        }
        let spans = parts.iter().enumerate().map(|(at, part)| Span {
            text: (*part).to_owned(),
            is_code: !at.is_multiple_of(2),
        });
        Self {
            spans: spans.filter(|span| !span.text.is_empty()).collect(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn code_is_marked_and_nothing_becomes_markup() {
        let html = |text: &str| Prose::of(text).render().unwrap();
        assert_eq!(html("set `a.b` to 1"), "set <code>a.b</code> to 1");
        assert_eq!(html("one ` alone"), "one ` alone");
        for (reason, sentence) in [
            ("the state is locked", "The state is locked."),
            ("`a` is set twice.", "<code>a</code> is set twice."),
            ("s3://acme/a is gone", "s3://acme/a is gone."),
            ("no", "No."),
            ("", ""),
        ] {
            assert_eq!(Prose::sentence(reason).render().unwrap(), sentence);
        }
        let hostile = html("<b>`<script>`\u{202e}");
        assert!(
            !hostile.contains("<b>") && !hostile.contains("<script>"),
            "{hostile}"
        );
        assert!(!hostile.contains('\u{202e}'), "{hostile}");
    }
}
