//! Terraform's state, version 4: read, sealed, never written.

use super::provider;
use super::sensitive::Step;
use crate::model::{Address, Attributes, Catalog, Key, ModuleStep, Redactor, Resource, StateInfo};
use serde::Deserialize;

/// What a state holds of the AWS provider, secrets replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// Which state it is.
    pub info: StateInfo,
    /// Managed instances of the AWS provider.
    pub resources: Vec<Resource>,
    /// How many instances other providers manage.
    pub other_providers: usize,
    /// What a reader should know besides: objects that wait for their end.
    pub notes: Vec<String>,
}

/// Why a state cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The text is no JSON, or not of the form of a state.
    #[error("{file}: this is no Terraform state: {cause}")]
    Form {
        /// Which file.
        file: String,
        /// What is wrong, with line and column.
        cause: String,
    },
    /// A version that nobody writes any more, or not yet.
    #[error(
        "{file}: state version {version} is not supported, only 4 is: run `terraform apply` with Terraform 0.12 or newer once"
    )]
    Version {
        /// Which file.
        file: String,
        /// The version it says.
        version: u64,
    },
    /// OpenTofu's encryption.
    #[error(
        "{file}: the state is encrypted by OpenTofu, and DriftGuard has no key for it: keep the state in an encrypted bucket instead"
    )]
    Encrypted {
        /// Which file.
        file: String,
    },
}

/// The parts of a state that matter. Unknown ones are passed over: each version of Terraform adds some.
#[derive(Deserialize)]
struct Form {
    version: Option<u64>,
    serial: Option<u64>,
    lineage: Option<String>,
    terraform_version: Option<String>,
    #[serde(default)]
    resources: Vec<Block>,
    encrypted_data: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Block {
    module: Option<String>,
    #[serde(default)]
    mode: String,
    #[serde(rename = "type")]
    tf_type: String,
    name: String,
    #[serde(default)]
    provider: String,
    #[serde(default)]
    instances: Vec<Instance>,
}

#[derive(Deserialize)]
struct Instance {
    index_key: Option<IndexKey>,
    #[serde(default)]
    attributes: Option<Attributes>,
    #[serde(default)]
    sensitive_attributes: Option<Vec<Vec<Step>>>,
    deposed: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum IndexKey {
    Index(u64),
    Name(String),
}

/// Reads a state. `file` is what errors call it.
///
/// # Errors
/// Names the file and the place: see `StateError`.
pub fn parse(
    bytes: &[u8],
    file: &str,
    catalog: &Catalog,
    redactor: &Redactor,
) -> Result<State, StateError> {
    let wrong = |cause: String| StateError::Form {
        file: file.to_owned(),
        cause,
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|error| wrong(format!("byte {} is not UTF-8", error.valid_up_to())))?;
    let form: Form = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    if form.encrypted_data.is_some() {
        return Err(StateError::Encrypted {
            file: file.to_owned(),
        });
    }
    match form.version {
        Some(4) => {}
        Some(version) => {
            return Err(StateError::Version {
                file: file.to_owned(),
                version,
            });
        }
        None => return Err(wrong("it has no `version`".to_owned())),
    }
    let mut state = State {
        info: StateInfo {
            serial: form.serial,
            lineage: form.lineage,
            terraform_version: form.terraform_version,
        },
        ..State::default()
    };
    for block in form.resources {
        if block.mode == "managed" {
            add(&mut state, block, catalog, redactor).map_err(wrong)?;
        }
    }
    Ok(state)
}

/// Adds the instances of one block.
fn add(
    state: &mut State,
    block: Block,
    catalog: &Catalog,
    redactor: &Redactor,
) -> Result<(), String> {
    let place = format!("{}.{}", block.tf_type, block.name);
    let provider = provider::parse(&block.provider)
        .ok_or_else(|| format!("{place} names the provider `{}`", block.provider))?;
    if !provider.is_aws() {
        state.other_providers += block.instances.len();
        return Ok(());
    }
    let modules = modules(block.module.as_deref()).ok_or_else(|| {
        format!(
            "{place} stands in the module `{}`",
            block.module.unwrap_or_default()
        )
    })?;
    let schema = catalog.get(&block.tf_type);
    for instance in block.instances {
        let address = Address {
            modules: modules.clone(),
            tf_type: block.tf_type.clone(),
            name: block.name.clone(),
            key: instance.index_key.map(|key| match key {
                IndexKey::Index(index) => Key::Index(index),
                IndexKey::Name(name) => Key::Name(name),
            }),
        };
        if instance.deposed.is_some() {
            state.notes.push(format!(
                "{address} has a deposed object: the next apply destroys it"
            ));
            continue;
        }
        let mut attributes = instance.attributes.unwrap_or_default();
        for path in instance.sensitive_attributes.unwrap_or_default() {
            super::sensitive::seal(&mut attributes, &path, schema, redactor);
        }
        let attributes = redactor.seal(schema, attributes);
        let id = attributes.get("id").and_then(|id| id.as_str());
        state.resources.push(Resource {
            id: id.unwrap_or_default().to_owned(),
            address,
            provider: provider.clone(),
            attributes,
        });
    }
    Ok(())
}

/// The modules of `module.a["x"].module.b`.
fn modules(text: Option<&str>) -> Option<Vec<ModuleStep>> {
    let Some(text) = text else {
        return Some(Vec::new());
    };
    // An address needs a resource at its end: any will do.
    let address: Address = format!("{text}.aws_any.any").parse().ok()?;
    Some(address.modules)
}
