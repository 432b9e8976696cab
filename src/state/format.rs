//! Terraform's state, version 4: read, sealed, never written.

use super::provider;
use super::sensitive::Step;
use crate::model::{
    Address, Attributes, Catalog, Key, ModuleStep, ProviderKey, Redactor, Resource, StateInfo,
    without_values,
};
use serde::Deserialize;
use std::sync::Arc;

/// What a state holds of the AWS provider, secrets replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// Which state it is.
    pub info: StateInfo,
    /// Managed instances of the AWS provider.
    pub resources: Arc<Vec<Resource>>,
    /// Data sources of the AWS provider that code may refer to, with types such as `data.aws_ami`. None holds secrets.
    pub data: Arc<Vec<Resource>>,
    /// Deposed objects of the AWS provider: they are managed until the next apply destroys them.
    pub deposed: Vec<Resource>,
    /// How many instances other providers manage.
    pub other_providers: usize,
    /// What a reader should know besides: objects that wait for their end.
    pub notes: Vec<String>,
}

impl State {
    /// Whether nothing is managed by it.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.deposed.is_empty() && self.other_providers == 0
    }
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
    let form: Form = serde_json::from_str(text)
        .map_err(|error| wrong(without_values(&error.to_string()).into_owned()))?;
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
    let mut reader = Reader {
        catalog,
        redactor,
        managed: Vec::new(),
        data: Vec::new(),
        destroyed_next: Vec::new(),
        other_providers: 0,
        names: 0,
        deposed: Vec::new(),
        left_out: 0,
    };
    for block in form.resources {
        reader.add(block).map_err(wrong)?;
    }
    let notes = reader.notes();
    Ok(State {
        info: StateInfo {
            serial: form.serial,
            lineage: form.lineage,
            terraform_version: form.terraform_version,
        },
        resources: Arc::new(reader.managed),
        data: Arc::new(reader.data),
        deposed: reader.destroyed_next,
        other_providers: reader.other_providers,
        notes,
    })
}

/// Data sources whose answers are no secrets: a state does not mark those of others reliably.
const PUBLIC: &[&str] = &[
    "aws_ami",
    "aws_availability_zones",
    "aws_caller_identity",
    "aws_canonical_user_id",
    "aws_iam_policy",
    "aws_iam_policy_document",
    "aws_iam_role",
    "aws_kms_alias",
    "aws_kms_key",
    "aws_partition",
    "aws_prefix_list",
    "aws_region",
    "aws_s3_bucket",
    "aws_security_group",
    "aws_security_groups",
    "aws_subnet",
    "aws_subnets",
    "aws_vpc",
];

/// The longest path of modules: each instance holds a copy of it.
const LONGEST_MODULE: usize = 1024;

/// The memory that all copies of names may take, in bytes: each instance of a block holds the names of the block.
const MOST_NAMES: usize = 256 << 20;

/// How many times its length the path of modules takes in memory, at most.
const STEPS: usize = 8;

/// How many deposed objects are noted by address.
const MOST_DEPOSED: usize = 100;

/// Reads the blocks of a state, one after the other.
struct Reader<'a> {
    catalog: &'a Catalog,
    redactor: &'a Redactor,
    managed: Vec<Resource>,
    data: Vec<Resource>,
    /// Deposed objects, by what they are called alone.
    destroyed_next: Vec<Resource>,
    other_providers: usize,
    /// What the names of all instances take.
    names: usize,
    /// What is noted of deposed objects, and how many more there are.
    deposed: Vec<String>,
    left_out: usize,
}

impl Reader<'_> {
    /// Adds the instances of one block.
    fn add(&mut self, block: Block) -> Result<(), String> {
        self.count_names(&block)?;
        match block.mode.as_str() {
            "managed" => self.add_managed(block),
            "data" if PUBLIC.contains(&block.tf_type.as_str()) => {
                // What code refers to in vain is not known: no reason to refuse the state.
                let provider = provider::parse(&block.provider).filter(ProviderKey::is_aws);
                if let Some((provider, modules)) = provider.zip(modules(block.module.as_deref())) {
                    let tf_type = format!("data.{}", block.tf_type);
                    let block = Block { tf_type, ..block };
                    let read = self.instances(block, &provider, &modules);
                    self.data.extend(read);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Counts the names that each instance of a block gets a copy of, before any is made.
    fn count_names(&mut self, block: &Block) -> Result<(), String> {
        let modules = block.module.as_ref().map_or(0, String::len);
        let others = block.tf_type.len() + block.name.len() + block.provider.len();
        let names = modules.saturating_mul(STEPS).saturating_add(others);
        let copies = names.saturating_mul(block.instances.len());
        self.names = self.names.saturating_add(copies);
        if self.names > MOST_NAMES {
            let most = MOST_NAMES >> 20;
            return Err(format!(
                "the names of its resources would take more than {most} MiB of memory"
            ));
        }
        Ok(())
    }

    /// What a reader should know besides.
    fn notes(&mut self) -> Vec<String> {
        let mut notes = std::mem::take(&mut self.deposed);
        if self.left_out > 0 {
            notes.push(format!(
                "{} more deposed objects wait for the next apply",
                self.left_out
            ));
        }
        notes
    }

    fn add_managed(&mut self, block: Block) -> Result<(), String> {
        let place = format!("{}.{}", block.tf_type, block.name);
        let provider = provider::parse(&block.provider)
            .ok_or_else(|| format!("{place} names the provider `{}`", block.provider))?;
        if !provider.is_aws() {
            self.other_providers += block.instances.len();
            return Ok(());
        }
        let modules = modules(block.module.as_deref()).ok_or_else(|| {
            format!(
                "{place} stands in the module `{}`",
                block.module.clone().unwrap_or_default()
            )
        })?;
        let read = self.instances(block, &provider, &modules);
        self.managed.extend(read);
        Ok(())
    }

    /// The instances of one block, secrets replaced. One that waits for its end is noted.
    fn instances(
        &mut self,
        block: Block,
        provider: &ProviderKey,
        modules: &[ModuleStep],
    ) -> Vec<Resource> {
        let schema = self.catalog.get(&block.tf_type);
        let mut read = Vec::with_capacity(block.instances.len());
        for instance in block.instances {
            let address = Address {
                modules: modules.to_vec(),
                tf_type: block.tf_type.clone(),
                name: block.name.clone(),
                key: instance.index_key.map(|key| match key {
                    IndexKey::Index(index) => Key::Index(index),
                    IndexKey::Name(name) => Key::Name(name),
                }),
            };
            let mut attributes = instance.attributes.unwrap_or_default();
            if instance.deposed.is_some() {
                self.note_deposed(address, provider, attributes);
                continue;
            }
            let paths = instance.sensitive_attributes.unwrap_or_default();
            super::sensitive::seal(&mut attributes, &paths, schema, self.redactor);
            let attributes = self.redactor.seal(schema, attributes);
            let id = attributes.get("id").and_then(|id| id.as_str());
            read.push(Resource {
                id: id.unwrap_or_default().to_owned(),
                address,
                provider: provider.clone(),
                attributes,
            });
        }
        read
    }
}

impl Reader<'_> {
    /// Notes a deposed object, and keeps what it is called: somebody still manages it.
    fn note_deposed(
        &mut self,
        address: Address,
        provider: &ProviderKey,
        mut attributes: Attributes,
    ) {
        match self.deposed.len() {
            MOST_DEPOSED.. => self.left_out += 1,
            _ => self.deposed.push(format!(
                "{address} has a deposed object: the next apply destroys it"
            )),
        }
        attributes.retain(|name, _| ["id", "arn"].contains(&name.as_str()));
        let id = attributes.get("id").and_then(|id| id.as_str());
        self.destroyed_next.push(Resource {
            id: id.unwrap_or_default().to_owned(),
            address,
            provider: provider.clone(),
            attributes,
        });
    }
}

/// The modules of `module.a["x"].module.b`.
fn modules(text: Option<&str>) -> Option<Vec<ModuleStep>> {
    let Some(text) = text else {
        return Some(Vec::new());
    };
    if text.len() > LONGEST_MODULE {
        return None;
    }
    // An address needs a resource at its end: any will do.
    let address: Address = format!("{text}.aws_any.any").parse().ok()?;
    Some(address.modules)
}
