//! A setting that is on, off, or something of its own.

use serde::Deserialize;

/// The setting as it is written. YAML has switches for `on` and `off`, and texts where they are quoted.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum SwitchOr<T> {
    Switch(bool),
    Word(String),
    Other(T),
}

/// What a setting says.
pub(super) enum Switched<T> {
    On,
    Off,
    Other(T),
}

impl<T> SwitchOr<T> {
    /// Reads the setting.
    ///
    /// # Errors
    /// A word that is neither `on` nor `off`, with what may be written.
    pub fn read(self, forms: &str) -> Result<Switched<T>, String> {
        match self {
            Self::Switch(true) => Ok(Switched::On),
            Self::Switch(false) => Ok(Switched::Off),
            Self::Word(word) => match word.as_str() {
                "on" => Ok(Switched::On),
                "off" => Ok(Switched::Off),
                other => Err(format!("`{other}` is not known: {forms}")),
            },
            Self::Other(other) => Ok(Switched::Other(other)),
        }
    }
}
