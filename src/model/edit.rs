//! What is to be done about a finding.

use super::RefusalKind;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// What is to be done about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// In which direction.
    pub kind: FixKind,
    /// Whether the files were changed; true as well where there is nothing to change (see `Fix::edits`).
    pub applied: bool,
    /// Why it was refused, or what else a person must know or do.
    pub reason: Option<String>,
    /// The attributes that it leaves as they are, each with its reason, while it fixes the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedAttribute>,
    /// The edits; none where an apply of the code as it stands is all it takes, or where the fix was refused.
    pub edits: Vec<Edit>,
    /// The HCL to write by hand, where the fix was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<String>,
    /// The command that undoes the change in AWS, where no code can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Whether it is refused only because nobody had the time to try it: another scan may make it.
    #[serde(skip)]
    pub untried: bool,
    /// What kind of reason it is refused for.
    #[serde(skip)]
    pub refusal: Option<RefusalKind>,
}

/// An attribute that a fix leaves as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedAttribute {
    /// Its path.
    pub path: String,
    /// Why, in one sentence, with file and line where there is one.
    pub reason: String,
    /// What kind of reason that is.
    #[serde(skip)]
    pub kind: RefusalKind,
}

impl Fix {
    /// A fix that is not made, and why.
    pub fn refused(refusal: Refusal) -> Self {
        Self {
            kind: FixKind::Refused,
            applied: false,
            reason: Some(refusal.reason),
            refused: Vec::new(),
            edits: Vec::new(),
            block: refusal.block,
            command: refusal.command,
            untried: false,
            refusal: Some(refusal.kind),
        }
    }

    /// A fix that nobody had the time to try, and what is said of it.
    pub fn untried(reason: &str) -> Self {
        let refusal = Refusal {
            reason: reason.to_owned(),
            ..Refusal::default()
        };
        Self {
            untried: true,
            ..Self::refused(refusal)
        }
    }

    /// A fix by these edits.
    pub fn of(kind: FixKind, edits: Vec<Edit>) -> Self {
        Self {
            kind,
            applied: false,
            reason: None,
            refused: Vec::new(),
            edits,
            block: None,
            command: None,
            untried: false,
            refusal: None,
        }
    }
}

/// The direction of a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FixKind {
    /// The code follows live.
    Adopt,
    /// The code enforces what it declares; an apply brings live back.
    Restore,
    /// The code takes over what exists.
    Import,
    /// The code drops what was deleted. Reports of earlier versions say `forget`.
    #[serde(alias = "forget")]
    Remove,
    /// Nothing can be done safely.
    Refused,
}

impl FixKind {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Restore => "restore",
            Self::Import => "import",
            Self::Remove => "remove",
            Self::Refused => "refused",
        }
    }
}

/// Why a fix is not made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refusal {
    /// In one sentence, with file and line where there is one.
    pub reason: String,
    /// What kind of reason that is.
    pub kind: RefusalKind,
    /// The HCL to write by hand.
    pub block: Option<String>,
    /// The command that undoes the change in AWS.
    pub command: Option<String>,
}

/// One splice: these bytes of this file become that text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The file, relative to the repository.
    pub file: String,
    /// The line where it starts, from 1.
    pub line: usize,
    /// The bytes to replace; empty to insert.
    #[serde(skip)]
    pub range: Range<usize>,
    /// What to put there.
    #[serde(skip)]
    pub text: String,
}
