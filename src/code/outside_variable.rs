//! Describes a variable that is set outside the code.

use super::typed::Typed;
use crate::model::{Value, is_secret_name};
use std::borrow::Cow;
use std::fmt;

/// A variable that is set outside the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideVariable {
    /// Its name.
    pub name: String,
    /// Its default and the recorded value, where one attribute is the variable itself; `None` without a default.
    pub(super) differs: Option<(Value, Value)>,
    /// Why it has no value at all; `None` where it has a default.
    pub(super) not_given: Option<NotGiven>,
    /// The tfvars files that set it and may have been used, relative to the repository.
    pub files: Vec<String>,
}

/// Why a variable has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotGiven {
    /// It has no default.
    NoDefault,
    /// It is a secret, without a default.
    Secret,
}

/// The longest value in a sentence.
const SHOWN: usize = 60;

impl OutsideVariable {
    /// Returns the default and the recorded value as part of a sentence.
    fn reason(&self) -> String {
        match self.not_given {
            Some(NotGiven::NoDefault) => {
                return "it has no default, and no file sets it".to_owned();
            }
            Some(NotGiven::Secret) => return "it is a secret, and no file sets it".to_owned(),
            None => {}
        }
        let shown = |value: &Value| {
            let text = serde_json::to_string(value).unwrap_or_default();
            let is_short = !matches!(value, Value::List(_) | Value::Map(_)) && text.len() <= SHOWN;
            (is_short && !is_secret_name(&self.name)).then_some(text)
        };
        let values = self.differs.as_ref();
        match values.and_then(|(default, recorded)| shown(default).zip(shown(recorded))) {
            Some((default, recorded)) => {
                format!("its default gives {default}, the state holds {recorded}")
            }
            None => "its default does not give what the state holds".to_owned(),
        }
    }
}

impl fmt::Display for OutsideVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, files, .. } = self;
        let reason = self.reason();
        write!(f, "`var.{name}` may be set from outside ({reason}): ")?;
        match files.as_slice() {
            [] => write!(
                f,
                "pass --var-file FILE, or name the file under `var_files`; until then its value is unknown"
            ),
            files => write!(
                f,
                "pass --var-file {}, or name it under `var_files`",
                files.join(" or ")
            ),
        }
    }
}

impl OutsideVariable {
    /// Returns whether a value is the recorded one; `None` where that is not known.
    pub(super) fn is(&self, value: &Value) -> Option<bool> {
        let (_, recorded) = self.differs.as_ref()?;
        let are_texts = || as_text(value).zip(as_text(recorded));
        Some(value == recorded || are_texts().is_some_and(|(left, right)| left == right))
    }
}

/// Returns a value as a string of a template.
pub(super) fn as_text(value: &Value) -> Option<String> {
    let typed = Typed::of_json(value.clone());
    typed.as_text().map(Cow::into_owned)
}
