//! Which types a repository leaves out of what providers read.

use super::switch::{SwitchOr, Switched};
use serde::Deserialize;

/// Which types are read through the operator's providers. A repository can only narrow.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "Form")]
pub enum ProviderScope {
    /// All that the operator allows.
    #[default]
    On,
    /// None.
    Off,
    /// All but these.
    Except(Vec<String>),
}

/// The setting as it is written.
type Form = SwitchOr<Exceptions>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    except: Vec<String>,
}

impl TryFrom<Form> for ProviderScope {
    type Error = String;

    fn try_from(form: Form) -> Result<Self, String> {
        let forms = "write `on`, `off`, or `except` with a list of types";
        Ok(match form.read(forms)? {
            Switched::On => Self::On,
            Switched::Off => Self::Off,
            Switched::Other(exceptions) => Self::Except(exceptions.except),
        })
    }
}

impl ProviderScope {
    /// Returns whether a type is read.
    pub fn include(&self, tf_type: &str) -> bool {
        match self {
            Self::On => true,
            Self::Off => false,
            Self::Except(types) => !types.iter().any(|except| except == tf_type),
        }
    }
}
