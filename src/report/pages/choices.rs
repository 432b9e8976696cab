//! The choices of a filter.

/// A choice of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilterChoice {
    /// What the address has.
    pub value: String,
    /// What a person reads.
    pub label: String,
    pub is_chosen: bool,
}

impl FilterChoice {
    /// Creates a choice that people read as the address has it.
    pub fn new(value: &str, is_chosen: bool) -> Self {
        Self::labelled(value, value, is_chosen)
    }

    pub fn labelled(value: &str, label: &str, is_chosen: bool) -> Self {
        Self {
            value: value.to_owned(),
            label: label.to_owned(),
            is_chosen,
        }
    }
}
