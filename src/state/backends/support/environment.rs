//! Reads the settings of backends that Terraform takes from the environment, such as `TF_HTTP_ADDRESS`.

use crate::model::{Value, ValueMap};
use crate::state::backends::ALL;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;

/// The settings of backends in an environment, by variable. On a server there are none.
#[derive(Debug, Clone, Default)]
pub struct BackendEnvironment(BTreeMap<&'static str, SecretString>);

impl BackendEnvironment {
    /// Takes a variable, if it sets a setting of a backend.
    pub fn add(&mut self, name: &str, value: &str) {
        let mut known = ALL.iter().flat_map(|backend| backend.variables);
        let known = known.find(|(variable, _)| *variable == name);
        if let (Some((variable, _)), false) = (known, value.is_empty()) {
            self.0.insert(variable, value.into());
        }
    }

    /// Adds the settings of a backend that its block leaves out.
    pub fn complete(&self, kind: &str, settings: &mut ValueMap) {
        let backend = ALL.iter().filter(|backend| backend.kind == kind);
        for (variable, setting) in backend.flat_map(|backend| backend.variables) {
            let known = settings.get(setting).unwrap_or(&Value::Null);
            if let (Some(value), Value::Null) = (self.0.get(variable), known) {
                settings.insert((*setting).to_owned(), Value::text(value.expose_secret()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_counts_before_the_environment_and_no_other_backend_sees_it() {
        let mut environment = BackendEnvironment::default();
        for (name, value) in [
            ("TF_HTTP_ADDRESS", "https://states.example.com/shop"),
            ("TF_HTTP_USERNAME", "shop"),
            ("TF_HTTP_PASSWORD", "planted"),
            ("TF_HTTP_LOCK_ADDRESS", "https://states.example.com/lock"),
        ] {
            environment.add(name, value);
        }
        assert!(!format!("{environment:?}").contains("planted"));
        let mut settings = ValueMap::from([("username".to_owned(), Value::text("own"))]);
        environment.complete("s3", &mut settings);
        assert_eq!(settings.len(), 1);
        environment.complete("http", &mut settings);
        let names: Vec<_> = settings.keys().map(String::as_str).collect();
        assert_eq!(names, ["address", "password", "username"]);
        assert_eq!(settings["username"], Value::text("own"));
    }
}
