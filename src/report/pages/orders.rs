//! Writes what a person may order on a page, and tells what they ordered.

use crate::model::{Finding, Kind};

/// The orders of a page, as forms send and addresses tell them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageOrder {
    /// The code follows AWS.
    Adopt,
    /// AWS follows the code.
    Restore,
    /// The code takes over what was added.
    Import,
    /// The difference is accepted.
    Ignore,
    /// The finding rests for some days.
    Snooze,
    /// The stack is scanned now.
    Scan,
}

impl PageOrder {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Adopt,
        Self::Restore,
        Self::Import,
        Self::Ignore,
        Self::Snooze,
        Self::Scan,
    ];

    /// Returns the name, as a form sends it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Restore => "restore",
            Self::Import => "import",
            Self::Ignore => "ignore",
            Self::Snooze => "snooze",
            Self::Scan => "scan",
        }
    }

    /// Returns the order with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }

    /// Tells that it was ordered.
    fn note(self) -> &'static str {
        match self {
            Self::Adopt => "You asked to adopt this finding: the code will follow AWS.",
            Self::Restore => "You asked to restore this finding: AWS will follow the code.",
            Self::Import => "You asked to import this resource into the code.",
            Self::Ignore => {
                "You asked to accept this difference: a pull request adds it to .driftguard.yml, and it counts once that is \
                 merged."
            }
            Self::Snooze => {
                "You asked to snooze this finding: no pull request includes it for that time."
            }
            Self::Scan => "You asked to scan this stack.",
        }
    }
}

/// The value of `asked` in an address where the same order was sent before.
pub const REPEATED: &str = "again";

/// What a person may order on a page.
#[derive(Debug, Clone, Default)]
pub struct OrderForms {
    /// Whether there are forms: the person may write.
    pub may_write: bool,
    /// The id of the page's forms, which no other page has.
    pub id: String,
    /// What was ordered a moment ago.
    note: Option<&'static str>,
    /// What comes of it.
    sequel: &'static str,
}

impl OrderForms {
    /// Prepares the forms. `asked` is what the address says of an order: any other text than that of an order is none.
    pub fn new(may_write: bool, id: String, asked: &str) -> Self {
        let note = match asked {
            REPEATED => Some("You asked for this from the same page before, and it is done once."),
            asked => PageOrder::named(asked).map(PageOrder::note),
        };
        let sequel = match asked {
            REPEATED => "To ask once more, use the buttons of this page.",
            _ => "The scan that follows shows what came of it: reload this page in a few minutes.",
        };
        Self {
            may_write,
            id,
            note,
            sequel,
        }
    }
}

impl OrderForms {
    /// Returns the note, and what comes of the order.
    pub(super) fn asked(&self) -> Option<(&'static str, &'static str)> {
        Some((self.note?, self.sequel))
    }
}

/// A button of a finding's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OrderChoice {
    pub name: &'static str,
    pub label: &'static str,
    pub help: &'static str,
}

impl OrderChoice {
    const fn new(order: PageOrder, label: &'static str, help: &'static str) -> Self {
        Self {
            name: order.as_str(),
            label,
            help,
        }
    }

    /// Returns the buttons that apply to an open finding.
    pub fn all(finding: &Finding) -> Vec<Self> {
        let adopt = |help| Self::new(PageOrder::Adopt, "Adopt", help);
        let restore = |help| Self::new(PageOrder::Restore, "Restore", help);
        match finding.kind {
            Kind::Deleted => vec![
                adopt("The code drops the block of what is gone."),
                restore("An apply creates it again."),
            ],
            // What is below nothing managed is for a person to write, and to remove.
            Kind::Unmanaged if finding.under.is_none() => Vec::new(),
            Kind::Unmanaged => {
                let help = "The code takes over what was added.";
                vec![Self::new(PageOrder::Import, "Import", help)]
            }
            _ => vec![
                adopt("The code follows AWS."),
                restore("AWS follows the code again, by an apply."),
            ],
        }
    }
}
