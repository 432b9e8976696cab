//! Adds accepted differences to a file of settings, and leaves every other byte as it is.

use super::accept::{Accept, AcceptEntry};
use super::glob::exactly;
use super::yaml::{InsertPosition, place, scalar};
use super::{FILE, Settings, SettingsError};
use crate::model::{Finding, Kind, holds_credential};

/// A difference to accept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewAccept {
    /// The address of the resource.
    pub address: Option<String>,
    /// The paths of the differing attributes, each an entry of the list; empty accepts every attribute.
    pub attributes: Vec<String>,
    /// The type of a resource without an address.
    pub tf_type: Option<String>,
    /// The id of a resource without an address.
    pub import_id: Option<String>,
    /// The reason.
    pub reason: String,
    /// The person or team that owns the decision.
    pub owner: Option<String>,
    /// The last day, as `2027-03-31`; `None` for no end.
    pub until: Option<String>,
}

/// The reason why an accepted difference was not added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotAccept {
    /// The file has a mistake.
    #[error("{0}: mend that first")]
    Unreadable(#[from] SettingsError),
    /// An entry is invalid.
    #[error("the accepted difference cannot be written into {FILE}: {0}")]
    Entry(String),
    /// The difference could only be named by a credential.
    #[error(
        "the name of what is accepted holds what looks like a credential, which is not written into {FILE}: accept it \
         there by hand, with `*` in the credential's place"
    )]
    Secret,
    /// The file has a form that is not edited automatically.
    #[error("{FILE} is not edited, for {why}: add this to it by hand:\n{yaml}")]
    ByHand {
        /// Why.
        why: String,
        /// The lines to add by hand.
        yaml: String,
    },
}

impl NewAccept {
    /// Creates the entry that accepts a finding: of a modified resource its differing attributes and no others; of an
    /// unmanaged one its type and id. `None` where it has neither address nor id.
    pub fn of(
        finding: &Finding,
        reason: String,
        owner: Option<String>,
        until: Option<String>,
    ) -> Option<Self> {
        let address = finding.address.as_ref();
        let address = address.map(|address| exactly(&address.to_string()));
        let named = match (&address, &finding.import_id) {
            (Some(_), _) => Self {
                address,
                ..Self::default()
            },
            (None, Some(id)) => Self {
                tf_type: Some(finding.tf_type.clone()),
                import_id: Some(exactly(id)),
                ..Self::default()
            },
            (None, None) => return None,
        };
        let attributes = match finding.kind {
            Kind::Modified => finding
                .attributes
                .iter()
                .map(|difference| exactly(&difference.path))
                .collect(),
            _ => Vec::new(),
        };
        Some(Self {
            attributes,
            reason,
            owner,
            until,
            ..named
        })
    }

    /// Returns whether the entry names a credential, or did so before it was masked: no resource has the masked name.
    pub fn names_credential(&self) -> bool {
        let names = [&self.address, &self.import_id];
        let mut names = names.into_iter().flatten().chain(&self.attributes);
        names.any(|name| holds_credential(name))
    }

    /// Returns the entries of the list.
    fn entries(&self) -> Vec<AcceptEntry> {
        let entry = |attribute: Option<&String>| AcceptEntry {
            address: self.address.clone(),
            attribute: attribute.cloned(),
            tf_type: self.tf_type.clone(),
            import_id: self.import_id.clone(),
            reason: self.reason.clone(),
            owner: self.owner.clone(),
            until: self.until.clone(),
        };
        match self.attributes.as_slice() {
            [] => vec![entry(None)],
            all => all.iter().map(|attribute| entry(Some(attribute))).collect(),
        }
    }
}

/// Adds accepted differences to a file of settings, or to a new one. All bytes of the file stay, and the result means
/// the same as before plus these entries, after all others.
///
/// # Errors
/// The file has a mistake, an entry is invalid or names a credential, or the file has a form that is not edited: the
/// error shows what to add.
pub fn with_accepted(text: Option<&str>, entries: &[NewAccept]) -> Result<String, CannotAccept> {
    let text = text.unwrap_or("version: 1\n");
    let mut expected = Settings::parse(text)?;
    if entries.iter().any(NewAccept::names_credential) {
        return Err(CannotAccept::Secret);
    }
    let entries: Vec<AcceptEntry> = entries.iter().flat_map(NewAccept::entries).collect();
    for entry in &entries {
        let accept = Accept::try_from(entry.clone()).map_err(CannotAccept::Entry)?;
        let day = entry.until.as_deref();
        if day.is_some_and(|day| day.parse::<jiff::civil::Date>().is_err() || day.len() != 10) {
            let why = format!("`until`: `{}` is no day", day.unwrap_or_default());
            return Err(CannotAccept::Entry(why));
        }
        expected.accept.push(accept);
    }
    if entries.is_empty() {
        return Ok(text.to_owned());
    }
    let by_hand = |why: &str| CannotAccept::ByHand {
        why: why.to_owned(),
        yaml: format!("accept:\n{}", items(&entries, 2).join("\n")),
    };
    let after = splice(text, &entries).map_err(by_hand)?;
    match Settings::parse(&after) {
        Ok(found) if found == expected => Ok(after),
        _ => Err(by_hand("it would not mean what it should")),
    }
}

fn splice(text: &str, entries: &[AcceptEntry]) -> Result<String, &'static str> {
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let added = |column: usize| {
        let lines = items(entries, column).into_iter();
        lines
            .map(|line| format!("{newline}{line}"))
            .collect::<String>()
    };
    let before = |at: usize| text.get(..at).unwrap_or_default();
    let from = |at: usize| text.get(at..).unwrap_or_default();
    match place(text, "accept")? {
        InsertPosition::NoKey(column) => {
            // A last line that nothing ends is ended, and then the new last one is left like it.
            let key = format!("{}accept:", " ".repeat(column));
            let added = format!("{key}{}", added(column + 2));
            Ok(match text.is_empty() || text.ends_with('\n') {
                true => format!("{text}{added}{newline}"),
                false => format!("{text}{newline}{added}"),
            })
        }
        InsertPosition::Empty { column, out, at } => {
            let line = text.get(out.end..at).unwrap_or_default();
            Ok([before(out.start), line, &added(column + 2), from(at)].concat())
        }
        InsertPosition::Items { column, at } => Ok([before(at), &added(column), from(at)].concat()),
    }
}

/// Writes the entries as lines, with dashes at this column.
fn items(entries: &[AcceptEntry], column: usize) -> Vec<String> {
    let margin = " ".repeat(column);
    let mut lines = Vec::new();
    for entry in entries {
        let keys = [
            ("address", entry.address.as_deref().map(scalar)),
            ("attribute", entry.attribute.as_deref().map(scalar)),
            ("type", entry.tf_type.as_deref().map(scalar)),
            ("import_id", entry.import_id.as_deref().map(scalar)),
            ("reason", Some(scalar(&entry.reason))),
            ("owner", entry.owner.as_deref().map(scalar)),
            // A day is a text to the reader of this file, as it is in the manual.
            ("until", entry.until.clone()),
        ];
        let entry_lines = keys
            .into_iter()
            .filter_map(|(key, value)| value.map(|value| format!("{key}: {value}")));
        for (at, line) in entry_lines.enumerate() {
            let dash = if at == 0 { "- " } else { "  " };
            lines.push(format!("{margin}{dash}{line}"));
        }
    }
    lines
}
