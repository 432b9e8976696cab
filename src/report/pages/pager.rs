//! Links the parts of a list to one another.

/// The links between the parts of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pager {
    pub links: Vec<PagerLink>,
}

/// A link to another part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PagerLink {
    pub href: String,
    /// `prev`, `next`, or empty for the start.
    pub rel: &'static str,
    pub text: &'static str,
}

impl Pager {
    /// Links a part to the start, unless it is the start, and to the part behind it.
    pub fn new(start: Option<String>, next: Option<(String, &'static str)>) -> Self {
        let start = start.map(|href| link(href, "", "From the start"));
        let next = next.map(|(href, text)| link(href, "next", text));
        Self {
            links: start.into_iter().chain(next).collect(),
        }
    }

    /// Links a page to the one before and the one behind it.
    pub fn of_pages(previous: Option<&String>, next: Option<&String>) -> Self {
        let previous = previous.map(|href| link(href.clone(), "prev", "Previous"));
        let next = next.map(|href| link(href.clone(), "next", "Next"));
        Self {
            links: previous.into_iter().chain(next).collect(),
        }
    }
}

fn link(href: String, rel: &'static str, text: &'static str) -> PagerLink {
    PagerLink { href, rel, text }
}
