//! Entries of the audit log: who decided what, when, and where.

/// Where a person decided something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditVia {
    /// In a comment.
    Comment,
    /// By ticking a box.
    Box,
    /// By closing or merging a pull request.
    PullRequest,
    /// On a page.
    Page,
    /// By the API.
    Api,
}

impl AuditVia {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Comment,
        Self::Box,
        Self::PullRequest,
        Self::Page,
        Self::Api,
    ];

    /// Returns the name, as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::Box => "box",
            Self::PullRequest => "pull_request",
            Self::Page => "page",
            Self::Api => "api",
        }
    }
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The key: what asked for it, and the effect. An entry with a known key of the repository is not stored again.
    pub key: String,
    /// When the person asked, in epoch milliseconds.
    pub at: i64,
    /// The login of the person, or the name of a key of the API.
    pub person: String,
    /// Where the person asked.
    pub via: AuditVia,
    /// What was decided, as in `adopt`; `not done` where nothing came of it.
    pub action: String,
    /// The stack; empty where the whole repository is meant.
    pub stack: String,
    /// The id of the finding; empty where none is meant.
    pub finding: String,
    /// What there is to say beside it, between backquotes where it is code.
    pub detail: String,
}
