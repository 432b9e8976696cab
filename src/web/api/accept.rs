//! Chooses the form of an answer by `Accept`, as RFC 9110 describes it.

use axum::http::{HeaderMap, header};

/// Returns which of these media types a request prefers: the first one where it names none of them, or none more than
/// another. One with the quality 0 is refused.
pub(super) fn preferred<'a>(headers: &HeaderMap, offered: &[&'a str]) -> &'a str {
    let lines = headers.get_all(header::ACCEPT).iter();
    let lines: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
    let ranges: Vec<_> = lines
        .iter()
        .flat_map(|line| line.split(','))
        .filter_map(Range::parse)
        .collect();
    let mut best = (offered.first().copied().unwrap_or_default(), (0, 0));
    for name in offered {
        // Of the ranges that include it, the most specific one counts.
        let including = ranges.iter().filter_map(|range| range.includes(name));
        let rank = including.max_by_key(|(precision, _)| *precision);
        let rank = rank.map_or((0, 0), |(precision, quality)| (quality, precision));
        if rank.0 > 0 && rank > best.1 {
            best = (name, rank);
        }
    }
    best.0
}

/// A range of media types, and how much it is wished for, in thousandths.
struct Range<'a> {
    kind: &'a str,
    quality: u32,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let kind = parts.next().filter(|kind| !kind.is_empty())?;
        let quality = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("q")
                .then_some(value.trim())
        });
        let quality = match quality {
            Some(quality) => thousandths(quality)?,
            None => 1_000,
        };
        Some(Self { kind, quality })
    }

    /// Returns how precisely the range names a type, and its quality; `None` where it does not include it.
    fn includes(&self, name: &str) -> Option<(u32, u32)> {
        let group = name.split('/').next().unwrap_or_default();
        let precision = match self.kind.split_once('/') {
            Some(("*", "*")) => 1,
            Some((kind, "*")) if kind.eq_ignore_ascii_case(group) => 2,
            _ if self.kind.eq_ignore_ascii_case(name) => 3,
            _ => return None,
        };
        Some((precision, self.quality))
    }
}

/// Reads a quality, as in `0.8`; `None` for a text that is none.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let is_number = rest.len() <= 3 && rest.bytes().all(|b| b.is_ascii_digit());
    let rest: u32 = format!("{rest:0<3}").parse().ok().filter(|_| is_number)?;
    match whole {
        "0" => Some(rest),
        "1" if rest == 0 => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const OFFERED: [&str; 3] = [
        "application/json",
        "application/sarif+json",
        "text/markdown",
    ];

    fn chosen(accept: &'static str) -> &'static str {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        preferred(&headers, &OFFERED)
    }

    #[test]
    fn the_form_with_the_highest_quality_is_chosen() {
        assert_eq!(preferred(&HeaderMap::new(), &OFFERED), OFFERED[0]);
        for (accept, expected) in [
            ("*/*", 0),
            ("text/html", 0),
            ("text/markdown", 2),
            ("Text/Markdown; charset=utf-8", 2),
            ("application/sarif+json", 1),
            ("text/*", 2),
            ("text/markdown, */*", 2),
            ("application/*", 0),
            ("application/json, text/markdown;q=0.5", 0),
            ("application/json;q=0.5, text/markdown", 2),
            ("text/markdown;q=0.1, application/sarif+json; q=0.9", 1),
            ("text/markdown;q=0", 0),
            ("text/markdown;q=0, */*;q=0.1", 0),
            ("application/json;q=0, */*", 1),
            ("text/markdown;q=many", 0),
        ] {
            assert_eq!(chosen(accept), OFFERED[expected], "{accept}");
        }
    }
}
