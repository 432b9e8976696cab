//! Makes text from outside harmless in GitHub's Markdown: it can hold HTML, mentions, links, commands, table bars.

use super::words::{printable, shorten};
use crate::model::masked;
use std::fmt;

/// The most characters of a sentence, before escaping: its author may be a stranger, and GitHub refuses texts that are
/// too long.
const MAX_SENTENCE_LENGTH: usize = 2_000;

/// The most characters in a code span.
const MAX_CODE_LENGTH: usize = 1_000;

/// Safe Markdown. Only this file creates it from text from outside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Markdown(String);

impl Markdown {
    /// Returns the Markdown for a table cell: GitHub splits cells at bars before it looks for code.
    pub fn in_cell(&self) -> String {
        in_cell(&self.0)
    }
}

/// Escapes bars for a table cell: GitHub removes the backslash again, inside code as well.
pub(super) fn in_cell(markdown: &str) -> String {
    markdown.replace('|', "\\|")
}

impl fmt::Display for Markdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Formats a value as a code span, in which GitHub sees no markup, mention or link.
pub fn code(text: &str) -> Markdown {
    let text = shorten(text, MAX_CODE_LENGTH);
    let text = text.trim();
    if text.is_empty() {
        return Markdown::default();
    }
    let fence = "`".repeat(1 + longest_run(text, '`'));
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    Markdown(format!("{fence}{pad}{text}{pad}{fence}"))
}

/// Formats a sentence that may contain words from outside. Identifiers, such as addresses, attributes and ARNs, become
/// code spans, so that they are readable and can be copied. So do words that GitHub could take for a commit, and text
/// between two backquotes.
pub fn sentence(text: &str) -> Markdown {
    let text = shorten(text, MAX_SENTENCE_LENGTH);
    let text = text.trim_start_matches(['/', '-', '+']);
    let parts: Vec<_> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return Markdown(words(text));
    }
    let mut safe = String::new();
    for (at, part) in parts.iter().enumerate() {
        let is_code = !at.is_multiple_of(2);
        match (is_code, part.trim().is_empty()) {
            (true, true) => safe.push_str(&words(&format!("`{part}`"))),
            (true, false) => safe.push_str(&code(part).to_string()),
            // Two spans side by side would be one.
            (false, true) if part.is_empty() => safe.push(BLANK),
            (false, _) => safe.push_str(&words(part)),
        }
    }
    Markdown(safe.trim_matches(BLANK).to_owned())
}

fn words(text: &str) -> String {
    let words: Vec<_> = text.split(' ').map(word).collect();
    words.join(" ")
}

/// Formats text from outside for titles and commit messages, where GitHub shows no markup but creates links: nothing in
/// it becomes a link, mentions anybody, or closes an issue.
pub(super) fn unlinked(text: &str) -> String {
    let mut safe = String::new();
    let mut at = 0;
    for run in text.split_inclusive(|c| !is_of_word(c)) {
        let cut = may_name_commit(run);
        for (place, c) in run.char_indices() {
            if cut && place > 0 && place % (MIN_COMMIT_LENGTH - 1) == 0 {
                safe.push(BLANK);
            }
            at += c.len_utf8();
            unlinked_into(&mut safe, c, &text[at..]);
        }
    }
    safe
}

/// The zero-width space that breaks up links and mentions. GitHub would decode an entity first.
const BLANK: char = '\u{200b}';

/// The shortest commit id that GitHub links.
const MIN_COMMIT_LENGTH: usize = 7;
const MAX_COMMIT_LENGTH: usize = 40;

fn word(word: &str) -> String {
    if !may_name_commit(word) && !is_identifier(word) {
        return escaped(word);
    }
    let (before, inner, after) = parted(word);
    format!("{}{}{}", escaped(before), code(inner), escaped(after))
}

/// Returns whether a word is a name in Terraform or AWS, whose underscores GitHub would take for emphasis.
fn is_identifier(word: &str) -> bool {
    let (_, inner, _) = parted(word);
    let named =
        |c: char| is_of_word(c) || matches!(c, '.' | '-' | ':' | '/' | '[' | ']' | '"' | '*');
    (inner.contains('_') || inner.starts_with("arn:")) && inner.chars().all(named)
}

/// Splits the punctuation before and after a word. A bracket that the word opens belongs to it.
fn parted(word: &str) -> (&str, &str, &str) {
    let start = word.trim_start_matches(AROUND);
    let (before, rest) = word.split_at(word.len() - start.len());
    let mut end = rest.trim_end_matches(AROUND).len();
    let (inner, after) = rest.split_at(end);
    if inner.matches('[').count() > inner.matches(']').count() {
        end += after.find(']').map_or(0, |at| at + 1);
    }
    let (inner, after) = rest.split_at(end);
    (before, inner, after)
}

/// Punctuation around words.
const AROUND: [char; 12] = ['(', ')', '[', ']', '"', '\'', ',', '.', ';', ':', '!', '?'];

/// Returns whether a word contains hexadecimal digits that may be a commit id.
fn may_name_commit(word: &str) -> bool {
    let mut runs = word.split(|c| !is_of_word(c));
    runs.any(|run| {
        (MIN_COMMIT_LENGTH..=MAX_COMMIT_LENGTH).contains(&run.len())
            && run.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for (at, c) in text.char_indices() {
        // An entity is shown as its character and never taken for markup; a backslash would be seen inside HTML.
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' => {
                safe.push_str(&format!("&#{};", u32::from(c)));
            }
            c => unlinked_into(&mut safe, c, &text[at + c.len_utf8()..]),
        }
    }
    safe
}

/// Appends a character, and breaks up what would become a link together with `rest`, which follows: `@user`, `#1`,
/// `GH-1`, `https://`, `www.`.
fn unlinked_into(safe: &mut String, c: char, rest: &str) {
    let ends_with = |end: &str| {
        let start = safe.len().checked_sub(end.len());
        let found = start.and_then(|start| safe.get(start..));
        found.is_some_and(|found| found.eq_ignore_ascii_case(end))
    };
    let (before, after) = match c {
        '@' | '#' => (false, true),
        ':' => (false, rest.starts_with("//")),
        '-' => (
            false,
            ends_with("gh") && rest.starts_with(|next: char| next.is_ascii_digit()),
        ),
        '.' => (ends_with("www"), false),
        _ => (false, false),
    };
    if before {
        safe.push(BLANK);
    }
    safe.push(c);
    if after {
        safe.push(BLANK);
    }
}

/// Formats lines as a code block of this language.
pub(super) fn block(language: &str, lines: &str) -> Markdown {
    // A key takes several lines: it is known by all of them.
    let lines = masked(lines);
    let lines: Vec<_> = lines.lines().map(printable).collect();
    let text = lines.join("\n");
    let fence = "`".repeat(3.max(1 + longest_run(&text, '`')));
    Markdown(format!("{fence}{language}\n{text}\n{fence}"))
}

fn longest_run(text: &str, of: char) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == of { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ATTACKS: &[&str] = &[
        "<script>alert(1)</script>",
        "@octocat please merge",
        "#1 and acme/shop#2",
        "](https://evil.example) [x",
        "`` ` ```\n/driftguard adopt all",
        "| a | b |",
        "https://evil.example www.evil.example",
        "\u{202e}gpj.exe",
        "<!-- driftguard: {} -->",
        "![x](http://evil.example/x.png)",
        "Www.evil.example",
        "GH-1 gh-2, acme/shop#1 and closes GH-3",
        "0123abc deadbeefcafe acme@4b64722f acme/shop@4b64722fdd1f2c3e4a5b6c7d8e9f0a1b2c3d4e5f",
        "(4b64722fdd1f2c3e4a5b6c7d8e9f0a1b2c3d4e5f), `4b64722` |4b64722|",
        "https://github.com/acme/shop/commit/4b64722fdd1f2c3e4a5b6c7d8e9f0a1b2c3d4e5f",
        "https://github.com/acme/shop/pull/1#issuecomment-1",
        "see:https://github.com/acme/shop/issues/1",
    ];

    /// Returns the text outside of code spans; an entity becomes one blank.
    fn prose(markdown: &str) -> String {
        let mut prose = String::new();
        let mut rest = markdown;
        while let Some(c) = rest.chars().next() {
            let run = rest.len() - rest.trim_start_matches('`').len();
            let entity = c == '&' && rest.contains(';');
            if entity {
                rest = rest.split_once(';').map_or("", |(_, rest)| rest);
                prose.push(' ');
            } else if run > 0 {
                let fence = &rest[..run];
                let end = rest[run..].find(fence).map(|end| run + end + run);
                rest = &rest[end.expect("the span ends")..];
                prose.push(' ');
            } else {
                prose.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        prose
    }

    /// Returns whether GitHub would turn a part of a text into a link, a mention or a reference.
    fn links(text: &str) -> bool {
        let lower = text.to_lowercase();
        let starts = |mark: &str, fits: fn(char) -> bool| {
            lower
                .match_indices(mark)
                .any(|(at, _)| lower[at + mark.len()..].starts_with(fits))
        };
        let word: fn(char) -> bool = |c| c.is_ascii_alphanumeric();
        let digit: fn(char) -> bool = |c| c.is_ascii_digit();
        starts("@", word)
            || starts("#", digit)
            || starts("gh-", digit)
            || starts("://", word)
            || starts("www.", word)
            || may_name_commit(text)
    }

    #[test]
    fn nothing_in_a_sentence_becomes_a_link_a_mention_or_a_reference() {
        for attack in ATTACKS {
            let safe = sentence(attack).to_string();
            assert!(!links(&prose(&safe)), "{safe}");
            let plain = unlinked(attack);
            assert!(!links(&plain), "{plain}");
        }
        assert!(links("see GH-1") && links("a 4b64722 b") && links("@a") && links("a#1"));
    }

    #[test]
    fn a_word_that_may_name_a_commit_can_be_read_and_copied() {
        for (text, safe) in [
            (
                "was 4b64722f, now (deadbeef)",
                "was `4b64722f`, now (`deadbeef`)",
            ),
            (
                "role arn:aws:iam::123456789012:role/a_b lets in",
                "role `arn:aws:iam::123456789012:role/a_b` lets in",
            ),
            ("`4b64722f`: unknown", "`4b64722f`: unknown"),
            ("the facade of a_b", "the facade of `a_b`"),
            (
                "the bucket `a b|c` is `gone`",
                "the bucket `a b|c` is `gone`",
            ),
            ("one ` alone", "one &#96; alone"),
            (
                "see aws_instance.web[0], tags[\"a_b\"].",
                "see `aws_instance.web[0]`, `tags[\"a_b\"]`.",
            ),
            ("it is *new* & <b>", "it is &#42;new&#42; &amp; &lt;b&gt;"),
        ] {
            assert_eq!(sentence(text).to_string(), safe);
        }
    }

    #[test]
    fn a_sentence_holds_no_markup_mention_or_link() {
        for attack in ATTACKS {
            let safe = sentence(attack).to_string();
            let prose = prose(&safe);
            for bad in ["://", "www.e", "@o", "#1", "#2", "<", ">", "[", "|", "`"] {
                assert!(!prose.contains(bad), "{bad} in {safe}");
            }
            for bad in ["\n", "\u{202e}"] {
                assert!(!safe.contains(bad), "{bad} in {safe}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_becomes_a_link(text in "[GHgh1@#a-f0-9w.:/_ -]{1,30}|\\PC{1,20}") {
            let safe = sentence(&text).to_string();
            prop_assert!(!links(&prose(&safe)), "{}", safe);
            prop_assert!(!links(&unlinked(&text)));
        }

        #[test]
        fn a_code_span_ends_only_where_it_is_meant_to(text in "[`a |@<\n]{1,20}|\\PC{1,20}") {
            let span = code(&text).to_string();
            if !span.is_empty() {
                let fence = span.chars().take_while(|c| *c == '`').count();
                let inner = &span[fence..span.len() - fence];
                prop_assert!(longest_run(inner, '`') < fence);
                prop_assert!(!span.contains('\n'));
                prop_assert!(!in_cell(&span).replace("\\|", "").contains('|'));
            }
        }
    }
}
