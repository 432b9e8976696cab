//! The fixes of findings.

use super::{Address, Attributes, Proof, Prover, RefusalKind, escape_name};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The fix of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// The direction.
    pub kind: FixKind,
    /// Whether the files were changed; also true where there is nothing to change (see `Fix::edits`).
    pub applied: bool,
    /// How far the edits were proven; `None` where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// Why the fix was refused, or what else a person must know or do.
    pub reason: Option<String>,
    /// The attributes that the fix leaves as they are, each with its reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedAttribute>,
    /// The edits; empty where an apply of the unchanged code is enough, or where the fix was refused.
    pub edits: Vec<Edit>,
    /// The HCL to write by hand, if the fix was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<String>,
    /// The command that undoes the change in AWS, if no code can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Whether the fix was refused only for want of time: another scan may make it.
    #[serde(skip)]
    pub untried: bool,
    /// The kind of the refusal.
    #[serde(skip)]
    pub refusal: Option<RefusalKind>,
    /// What an import takes over, where that becomes a resource of its own.
    #[serde(skip)]
    pub imported: Option<Box<Imported>>,
}

/// A resource that the code takes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The address that the code gives it.
    pub address: Address,
    /// The id that its import block names.
    pub id: String,
    /// The attributes, as AWS has them.
    pub attributes: Attributes,
}

/// An attribute that a fix leaves as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedAttribute {
    /// The path.
    pub path: String,
    /// The reason, in one sentence, with file and line where there is one.
    pub reason: String,
    /// The kind of the reason.
    #[serde(skip)]
    pub kind: RefusalKind,
}

impl Fix {
    /// Creates a refused fix.
    pub fn refused(refusal: Refusal) -> Self {
        Self {
            kind: FixKind::Refused,
            applied: false,
            proof: None,
            reason: Some(refusal.reason),
            refused: Vec::new(),
            edits: Vec::new(),
            block: refusal.block,
            command: refusal.command,
            untried: false,
            refusal: Some(refusal.kind),
            imported: None,
        }
    }

    /// Creates a fix that was not tried for want of time, with its reason.
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

    /// Creates a fix with these edits.
    pub fn of(kind: FixKind, edits: Vec<Edit>) -> Self {
        Self {
            kind,
            applied: false,
            proof: (!edits.is_empty()).then(Proof::by_comparison),
            reason: None,
            refused: Vec::new(),
            edits,
            block: None,
            command: None,
            untried: false,
            refusal: None,
            imported: None,
        }
    }

    /// Returns whether a provider's plan proved it, or disproved it.
    pub fn is_judged_by_provider(&self) -> bool {
        let proof = self.proof.as_ref();
        proof.is_some_and(|proof| proof.by == Prover::Provider)
    }
}

/// The direction of a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FixKind {
    /// The code follows live.
    Adopt,
    /// The code enforces what it declares; an apply changes AWS back.
    Restore,
    /// The code takes over what exists.
    Import,
    /// The code drops what was deleted. Reports of earlier versions say `forget`.
    #[serde(alias = "forget")]
    Remove,
    /// Nothing can be fixed safely.
    Refused,
}

impl FixKind {
    /// Returns the name.
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

/// Why a finding is not fixed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refusal {
    /// The reason, in one sentence, with file and line where there is one.
    pub reason: String,
    /// The kind of the reason.
    pub kind: RefusalKind,
    /// The HCL to write by hand.
    pub block: Option<String>,
    /// The command that undoes the change in AWS.
    pub command: Option<String>,
}

/// A splice: the new text of some bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The file, relative to the repository.
    pub file: String,
    /// The first line, from 1.
    pub line: usize,
    /// The bytes to replace; empty to insert.
    #[serde(skip)]
    pub range: Range<usize>,
    /// The new text.
    #[serde(skip)]
    pub text: String,
}

impl Edit {
    /// Formats file and line, for messages.
    pub fn place(&self) -> String {
        format!("{}:{}", escape_name(&self.file), self.line)
    }
}
