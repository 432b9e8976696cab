//! Text from outside, made harmless for GitHub's Markdown: it can hold HTML, mentions, links, commands, table bars.

use super::words::printable;
use std::fmt;

/// Markdown that may be put into a body. Only this file makes any of what comes from outside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Markdown(String);

impl fmt::Display for Markdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value in a code span, inside which GitHub sees no markup, no mention and no link. It may stand in a table.
pub fn code(text: &str) -> Markdown {
    let text = printable(text);
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
    // A table is cut at its bars before code is looked for; the backslash is taken away again inside code.
    let text = text.replace('|', "\\|");
    Markdown(format!("{fence}{pad}{text}{pad}{fence}"))
}

/// A sentence in which words from outside may stand.
pub fn sentence(text: &str) -> Markdown {
    let mut safe = String::new();
    for c in printable(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '!' => {
                safe.push('\\');
                safe.push(c);
            }
            // An entity would be turned back before GitHub looks for mentions and links: the blank of no width is not.
            '@' | '#' => {
                safe.push(c);
                safe.push('\u{200b}');
            }
            c => safe.push(c),
        }
    }
    Markdown(
        safe.replace("://", ":\u{200b}//")
            .replace("www.", "www\u{200b}.")
            .trim_start_matches(['/', '-', '+'])
            .to_owned(),
    )
}

/// Lines in a code block of this language.
pub(super) fn block(language: &str, lines: &str) -> Markdown {
    let lines: Vec<_> = lines.lines().map(printable_line).collect();
    let text = lines.join("\n");
    let fence = "`".repeat(3.max(1 + longest_run(&text, '`')));
    Markdown(format!("{fence}{language}\n{text}\n{fence}"))
}

fn printable_line(line: &str) -> String {
    printable(line)
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
    ];

    #[test]
    fn a_sentence_holds_no_markup_mention_or_link() {
        for attack in ATTACKS {
            let safe = sentence(attack).to_string();
            for bad in ["://", "www.e", "@o", "#1", "#2", "\n", "\u{202e}"] {
                assert!(!safe.contains(bad), "{bad} in {safe}");
            }
            let bare = |c: char| {
                let mut before = ' ';
                safe.chars()
                    .any(|found| std::mem::replace(&mut before, found) != '\\' && found == c)
            };
            for c in ['<', '>', '[', '|', '`'] {
                assert!(!bare(c), "{c} in {safe}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_code_span_ends_only_where_it_is_meant_to(text in "[`a |@<\n]{1,20}|\\PC{1,20}") {
            let span = code(&text).to_string();
            if !span.is_empty() {
                let fence = span.chars().take_while(|c| *c == '`').count();
                let inner = &span[fence..span.len() - fence];
                prop_assert!(longest_run(inner, '`') < fence);
                prop_assert!(!span.contains('\n'));
                prop_assert!(!inner.replace("\\|", "").contains('|'));
            }
        }
    }
}
