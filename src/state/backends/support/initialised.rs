//! Reads the backend as `terraform init` recorded it: `.terraform/terraform.tfstate`, which holds what
//! `-backend-config` set.

use crate::model::{Value, ValueMap};
use crate::state::backends::BackendType;
use serde::Deserialize;

/// The recorded settings that identify a state. All others, credentials above all, are dropped when they are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitialisedBackend {
    kind: String,
    settings: ValueMap,
}

/// The part of the file with the backend.
#[derive(Deserialize)]
struct InitialisedFile {
    backend: Option<Backend>,
}

#[derive(Deserialize)]
struct Backend {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    config: ValueMap,
}

impl InitialisedBackend {
    /// Parses `.terraform/terraform.tfstate`. Returns `None` where it has no backend that is read.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let file: InitialisedFile = serde_json::from_slice(bytes).ok()?;
        let Backend { kind, mut config } = file.backend?;
        let known = BackendType::named(&kind).ok()?;
        config.retain(|name, value| known.names.contains(&name.as_str()) && !value.is_null());
        Some(Self {
            kind,
            settings: config,
        })
    }

    /// Adds the settings that the code's block lacks or that are not known, if it is of the same type.
    pub fn complete(&self, kind: &str, settings: &mut ValueMap) {
        if self.kind != kind {
            return;
        }
        for (name, value) in &self.settings {
            let known = settings.get(name);
            if known.is_none_or(|known| matches!(known, Value::Null | Value::Unknown)) {
                settings.insert(name.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_names_the_state_is_taken_and_the_code_counts_first() {
        let file = br#"{"version": 3, "backend": {"type": "s3", "config": {"bucket": "b", "key": "k", "access_key":
            "AKIA", "secret_key": "planted", "region": null, "endpoints": {}}, "hash": 1}}"#;
        let initialised = InitialisedBackend::parse(file).unwrap_or_default();
        assert!(!format!("{initialised:?}").contains("planted"));
        let mut settings = ValueMap::from([
            ("key".to_owned(), Value::text("own")),
            ("bucket".to_owned(), Value::Unknown),
        ]);
        initialised.complete("local", &mut settings);
        assert_eq!(settings["bucket"], Value::Unknown);
        initialised.complete("s3", &mut settings);
        let names: Vec<_> = settings.keys().map(String::as_str).collect();
        assert_eq!(names, ["bucket", "key"]);
        assert_eq!(
            [&settings["bucket"], &settings["key"]],
            [&"b".into(), &"own".into()]
        );
    }
}
