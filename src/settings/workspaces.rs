//! The workspaces of a stack: some by name, or all that its backend lists.

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// The name of a workspace, as Terraform takes it: it becomes part of the state's key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Workspace(String);

impl Workspace {
    /// Parses a workspace name; `None` where Terraform would refuse it.
    pub fn new(text: &str) -> Option<Self> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.~$&+:=@".contains(c);
        let is_name = !text.is_empty() && text != "." && text != ".." && text.chars().all(allowed);
        is_name.then(|| Self(text.to_owned()))
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Workspace {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text).ok_or_else(|| {
            format!("`{text}` is no workspace: Terraform takes letters, digits and -_.~$&+:=@")
        })
    }
}

/// The workspaces of a stack.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Workspaces {
    /// These.
    Named(Vec<Workspace>),
    /// All that the backend lists.
    All,
}

impl Default for Workspaces {
    fn default() -> Self {
        Self::Named(Vec::new())
    }
}

impl<'de> Deserialize<'de> for Workspaces {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WorkspacesVisitor)
    }
}

/// Reads a list of names, or `"*"`.
struct WorkspacesVisitor;

impl<'de> Visitor<'de> for WorkspacesVisitor {
    type Value = Workspaces;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of workspaces, or \"*\" for all")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Workspaces, E> {
        match text {
            "*" => Ok(Workspaces::All),
            text => Err(E::custom(format!(
                "`{text}` is no list of workspaces: write [{text}], or \"*\" for all"
            ))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Workspaces, A::Error> {
        let mut named = Vec::new();
        while let Some(name) = names.next_element()? {
            named.push(name);
        }
        Ok(Workspaces::Named(named))
    }
}
