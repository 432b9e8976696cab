//! Which types a repository leaves out of what providers read.

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
#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Switch(bool),
    Word(String),
    Except(Exceptions),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    except: Vec<String>,
}

impl TryFrom<Form> for ProviderScope {
    type Error = String;

    fn try_from(form: Form) -> Result<Self, String> {
        match form {
            Form::Switch(true) => Ok(Self::On),
            Form::Switch(false) => Ok(Self::Off),
            Form::Word(word) => match word.as_str() {
                "on" => Ok(Self::On),
                "off" => Ok(Self::Off),
                other => Err(format!(
                    "`{other}` is not known: write `on`, `off`, or `except` with a list of types"
                )),
            },
            Form::Except(exceptions) => Ok(Self::Except(exceptions.except)),
        }
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
