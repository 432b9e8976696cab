//! Finds the commands of a comment: only lines that GitHub shows as plain text written by the commenter.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::collections::BTreeMap;

/// The start of a command.
const COMMAND_PREFIX: &str = "/driftguard";

/// The HTML elements whose text is code, quoted, struck out or collapsed.
const MUTED_ELEMENTS: &[&str] = &[
    "blockquote",
    "code",
    "del",
    "details",
    "kbd",
    "pre",
    "q",
    "s",
    "samp",
    "strike",
    "summary",
    "tt",
];

/// Returns the commands of a comment: what follows `/driftguard` on each line.
///
/// A command is a line of a top-level paragraph. Lists, quotes, tables, headings, code, strikethrough and HTML are
/// skipped: there people show commands rather than give them.
pub fn read(comment: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut muted = MutedElements::default();
    let mut html = None;
    // How many elements are open around what comes next, and whether the outermost is a paragraph.
    let (mut depth, mut in_paragraph) = (0usize, false);
    for (event, range) in Parser::new_ext(comment, dialect()).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                if depth == 0 {
                    in_paragraph = matches!(tag, Tag::Paragraph);
                }
                if matches!(tag, Tag::HtmlBlock) {
                    html = Some(String::new());
                }
                depth += 1;
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                if tag == TagEnd::HtmlBlock {
                    muted.count_tags(&html.take().unwrap_or_default());
                }
            }
            Event::Html(text) => match &mut html {
                Some(block) => block.push_str(&text),
                None => muted.count_tags(&text),
            },
            Event::InlineHtml(text) => muted.count_tags(&text),
            Event::Text(_) if depth == 1 && in_paragraph && !muted.now() => {
                lines.extend(command(comment, range.start, range.len()));
            }
            _ => {}
        }
    }
    lines
}

/// Returns the Markdown extensions that GitHub supports in comments.
fn dialect() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM
        | Options::ENABLE_MATH
}

/// Returns what follows `/driftguard` on the line where a plain text of this length starts.
fn command(comment: &str, start: usize, length: usize) -> Option<String> {
    let (before, rest) = (comment.get(..start)?, comment.get(start..)?);
    let called = rest
        .get(..COMMAND_PREFIX.len())?
        .eq_ignore_ascii_case(COMMAND_PREFIX)
        && length >= COMMAND_PREFIX.len();
    // A line may have as many texts as characters: only those that may be a command look at more of it.
    let above = before.trim_end_matches(' ');
    let alone =
        before.len() - above.len() <= 3 && (above.is_empty() || above.ends_with(['\n', '\r']));
    if !called || !alone {
        return None;
    }
    let line = rest.split(['\n', '\r']).next()?;
    let arguments = line.get(COMMAND_PREFIX.len()..)?;
    let ends = arguments.is_empty() || arguments.starts_with(char::is_whitespace);
    ends.then(|| arguments.trim().to_owned())
}

/// Counts which of `MUTED_ELEMENTS` are open.
#[derive(Default)]
struct MutedElements(BTreeMap<String, usize>);

impl MutedElements {
    /// Counts the tags in a piece of HTML, without those in HTML comments.
    fn count_tags(&mut self, html: &str) {
        let mut rest = html;
        while let Some((_, after)) = rest.split_once('<') {
            rest = after;
            if let Some(comment) = after.strip_prefix("!--") {
                rest = comment.split_once("-->").map_or("", |(_, after)| after);
                continue;
            }
            let (closes, name) = match after.strip_prefix('/') {
                Some(name) => (true, name),
                None => (false, after),
            };
            let end = name.find(|c: char| !c.is_ascii_alphanumeric());
            let name = name[..end.unwrap_or(name.len())].to_ascii_lowercase();
            if MUTED_ELEMENTS.contains(&name.as_str()) {
                let open = self.0.entry(name).or_default();
                *open = if closes {
                    open.saturating_sub(1)
                } else {
                    *open + 1
                };
            }
        }
    }

    fn now(&self) -> bool {
        self.0.values().any(|open| *open > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_command_is_a_line_of_its_own() {
        for (comment, lines) in [
            ("/driftguard help", vec!["help"]),
            (
                "Thanks!\n\n/driftguard scan production\r\n",
                vec!["scan production"],
            ),
            (
                "Let us see:\n   /DriftGuard Status  \nand then",
                vec!["Status"],
            ),
            ("/driftguard", vec![""]),
            ("/driftguard\tscan", vec!["scan"]),
            (
                "/driftguard adopt f-12\r\n/driftguard restore f-34\r\n",
                vec!["adopt f-12", "restore f-34"],
            ),
            (
                "/driftguard explain `aws_instance.web[\"a b\"]`",
                vec!["explain `aws_instance.web[\"a b\"]`"],
            ),
            (
                "<!-- what reviewers need <details> -->\n\n/driftguard scan",
                vec!["scan"],
            ),
            (
                "<details>\n\nlogs\n\n</details>\n\n/driftguard scan",
                vec!["scan"],
            ),
            (
                "It is a Vec<u8> and 1 < 2.\n\n/driftguard scan",
                vec!["scan"],
            ),
        ] {
            assert_eq!(read(comment), lines, "{comment:?}");
        }
    }

    #[test]
    fn what_is_shown_and_not_said_is_not_read() {
        for comment in [
            "say /driftguard help to see",
            "/driftguards help",
            "@octocat /driftguard help",
            "    /driftguard adopt all",
            "\t/driftguard adopt all",
            "> /driftguard adopt all",
            "> quoted\n/driftguard adopt all",
            "> > /driftguard adopt all",
            "```\n/driftguard adopt all\n```",
            "~~~~ sh\n/driftguard adopt all\n~~~",
            "```\n/driftguard adopt all",
            "`one\n/driftguard adopt all\ntwo`",
            "text <!-- hidden\n/driftguard adopt all\n-->",
            "<!--\n\n/driftguard adopt all\n\n-->",
            "<!--\n\n/driftguard adopt all",
            "<pre>\n\n/driftguard adopt all\n\n</pre>",
            "<blockquote>\n\n/driftguard adopt all\n\n</blockquote>",
            "<details><summary>log</summary>\n\n/driftguard adopt all\n\n</details>",
            "see <code>\n/driftguard adopt all\n</code>",
            "<div>\n/driftguard adopt all\n</div>",
            "- /driftguard adopt all",
            "- one\n/driftguard adopt all",
            "1. one\n\n   /driftguard adopt all",
            "[a]: https://example.org\n\"\n/driftguard adopt all\n\"",
            "[text\n/driftguard adopt all](https://example.org)",
            "~~no\n/driftguard adopt all\nno~~",
            "**look\n/driftguard adopt all\nhere**",
            "/driftguard adopt all\n---",
            "# /driftguard adopt all",
            "\\/driftguard adopt all",
            "&#47;driftguard adopt all",
            "| a |\n|---|\n/driftguard adopt all",
            "[^1]\n\n[^1]: see\n/driftguard adopt all",
            "> [!NOTE]\n> /driftguard adopt all",
        ] {
            assert_eq!(read(comment), Vec::<String>::new(), "{comment:?}");
        }
    }

    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            3 => Just("/driftguard adopt all".to_owned()),
            1 => Just(String::new()),
            2 => "[ a-z<>/*_`~|\\[\\]()!#$&\\-:\"']{0,30}",
        ]
    }

    proptest! {
        #[test]
        fn nothing_in_a_quote_is_ever_read(lines in proptest::collection::vec(line(), 1..12)) {
            let quoted: Vec<_> = lines.iter().map(|line| format!("> {line}")).collect();
            prop_assert_eq!(read(&quoted.join("\n")), Vec::<String>::new());
        }

        #[test]
        fn nothing_in_a_fence_is_ever_read(
            lines in proptest::collection::vec(line(), 1..12),
            fence in "`{31,34}|~{31,34}",
            ends in any::<bool>(),
        ) {
            let end = if ends { fence.as_str() } else { "" };
            let fenced = format!("{fence}\n{}\n{end}", lines.join("\n"));
            prop_assert_eq!(read(&fenced), Vec::<String>::new());
        }

        #[test]
        fn what_is_read_stands_at_the_start_of_a_line(comment in "([ ]{0,5}(/driftguard|>|```|- |<!--|-->|`|\\*\\*|[a-z|]{0,6})[ ]?[a-z<>`]{0,5}(\r\n|\n|\r)){0,14}") {
            let lines: Vec<_> = comment.split(['\n', '\r']).collect();
            for read in read(&comment) {
                let is_line_of_comment = |line: &&str| {
                    let trimmed = line.trim_start_matches(' ');
                    line.len() - trimmed.len() <= 3
                        && trimmed.strip_prefix(COMMAND_PREFIX).is_some_and(|rest| rest.trim() == read)
                };
                prop_assert!(lines.iter().any(is_line_of_comment), "{read:?}");
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(comment in "(\\PC|\n|\r|\t|/driftguard|[<>`~$\\[\\]|]){0,80}") {
            read(&comment);
        }
    }
}
