//! Parses Terraform state, version 4, and replaces its secrets.

use super::document::{self, IndexKey, ResourceBlock, StateFile};
use super::module_path::modules;
use super::provider;
use crate::model::{
    Address, Attributes, Catalog, Interrupt, Key, ModuleStep, ProviderKey, Redactor, Resource,
    StateInfo, UnsealedState, without_values,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a state records of the AWS provider, with secrets replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// Serial, lineage and Terraform version.
    pub info: StateInfo,
    /// The managed instances of the AWS provider.
    pub resources: Arc<Vec<Resource>>,
    /// The data sources of the AWS provider that code may refer to, with types such as `data.aws_ami`. None holds
    /// secrets.
    pub data: Arc<Vec<Resource>>,
    /// Deposed objects of the AWS provider: they are managed until the next apply destroys them.
    pub deposed: Vec<Resource>,
    /// The number of instances that other providers manage.
    pub other_providers: usize,
    /// Notes for the report: deposed objects.
    pub notes: Vec<String>,
    /// The instances that a provider may read, as they were recorded, by their index among the resources.
    pub unsealed: Arc<BTreeMap<usize, UnsealedState>>,
}

impl State {
    /// Returns whether the state manages nothing.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.deposed.is_empty() && self.other_providers == 0
    }
}

/// A state that cannot be parsed.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The text is not JSON, or not a state.
    #[error("{file}: this is no Terraform state: {cause}")]
    StateFile {
        /// The file.
        file: String,
        /// What is wrong, with line and column.
        cause: String,
    },
    /// A version other than 4.
    #[error(
        "{file}: state version {version} is not supported, only 4 is: run `terraform apply` with Terraform 0.12 or newer once"
    )]
    Version {
        /// The file.
        file: String,
        /// The version of the state.
        version: u64,
    },
    /// Nobody waits for the state any more.
    #[error(
        "{file}: the state was not read to its end, because the scan was stopped: see its limits"
    )]
    Interrupted {
        /// The file.
        file: String,
    },
    /// A state encrypted by OpenTofu.
    #[error(
        "{file}: the state is encrypted by OpenTofu, and DriftGuard has no key for it: keep the state in an encrypted bucket instead"
    )]
    Encrypted {
        /// The file.
        file: String,
    },
}

/// Parses a state. `file` is its name in errors.
///
/// # Errors
/// Names the file and the place: see `StateError`.
pub fn parse(
    bytes: &[u8],
    file: &str,
    catalog: &Catalog,
    redactor: &Redactor,
) -> Result<State, StateError> {
    let never = Interrupt::default();
    parse_within(bytes, file, catalog, redactor, None, &never)
}

/// Parses a state, unless the interrupt is raised before it is done. With `kept` the instances are kept as they are
/// besides, for a provider: those of AWS's, and of the providers with these sources, which then count as managed.
///
/// # Errors
/// As `parse`; `Interrupted` where the interrupt was raised.
pub fn parse_within(
    bytes: &[u8],
    file: &str,
    catalog: &Catalog,
    redactor: &Redactor,
    kept: Option<&[String]>,
    interrupt: &Interrupt,
) -> Result<State, StateError> {
    let interrupted = || StateError::Interrupted {
        file: file.to_owned(),
    };
    let wrong = |cause: String| StateError::StateFile {
        file: file.to_owned(),
        cause,
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|error| wrong(format!("byte {} is not UTF-8", error.valid_up_to())))?;
    let file_json =
        document::read(text, interrupt).map_err(|error| match interrupt.is_raised() {
            true => interrupted(),
            false => wrong(without_values(&error.to_string()).into_owned()),
        })?;
    check_form(&file_json, file)?;
    let mut reader = StateReader {
        catalog,
        redactor,
        interrupt,
        kept,
        unsealed: BTreeMap::new(),
        managed: Vec::new(),
        data: Vec::new(),
        destroyed_next: Vec::new(),
        other_providers: 0,
        names: 0,
        deposed: Vec::new(),
        left_out: 0,
    };
    for block in file_json.resources {
        reader.add(block).map_err(wrong)?;
        if interrupt.is_raised() {
            return Err(interrupted());
        }
    }
    let notes = reader.notes();
    Ok(State {
        info: StateInfo {
            serial: file_json.serial,
            lineage: file_json.lineage,
            terraform_version: file_json.terraform_version,
        },
        unsealed: Arc::new(reader.unsealed),
        resources: Arc::new(reader.managed),
        data: Arc::new(reader.data),
        deposed: reader.destroyed_next,
        other_providers: reader.other_providers,
        notes,
    })
}

/// Refuses a state of another form than version 4 in plain text.
fn check_form(json: &StateFile, file: &str) -> Result<(), StateError> {
    let file = file.to_owned();
    match json.version {
        _ if json.is_encrypted => Err(StateError::Encrypted { file }),
        Some(4) => Ok(()),
        Some(version) => Err(StateError::Version { file, version }),
        None => Err(StateError::StateFile {
            file,
            cause: "it has no `version`".to_owned(),
        }),
    }
}

/// The data sources whose results are no secrets. States do not mark the secrets of others reliably.
const PUBLIC_DATA_SOURCES: &[&str] = &[
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

/// The memory that all copies of names may take, in bytes: each instance of a block holds the names of the block.
const MAX_NAME_BYTES: usize = 256 << 20;

/// How many bytes of memory a byte of a module path takes, at most.
const BYTES_PER_MODULE_BYTE: usize = 8;

/// How many deposed objects are noted by address.
const MAX_DEPOSED_NOTES: usize = 100;

/// Parses the resource blocks of a state one after the other.
struct StateReader<'a> {
    catalog: &'a Catalog,
    redactor: &'a Redactor,
    interrupt: &'a Interrupt,
    /// The providers whose instances are kept as they are, besides AWS's; `None` where none is kept.
    kept: Option<&'a [String]>,
    unsealed: BTreeMap<usize, UnsealedState>,
    managed: Vec<Resource>,
    data: Vec<Resource>,
    /// The deposed objects, with id and ARN alone.
    destroyed_next: Vec<Resource>,
    other_providers: usize,
    /// The memory that the names of all instances take, in bytes.
    names: usize,
    /// The notes about deposed objects.
    deposed: Vec<String>,
    left_out: usize,
}

impl StateReader<'_> {
    /// Adds the instances of a block.
    fn add(&mut self, block: ResourceBlock) -> Result<(), String> {
        self.count_names(&block)?;
        match block.mode.as_str() {
            "managed" => self.add_managed(block),
            "data" if PUBLIC_DATA_SOURCES.contains(&block.tf_type.as_str()) => {
                // What code refers to in vain is not known: no reason to refuse the state.
                let provider = provider::parse(&block.provider).filter(ProviderKey::is_aws);
                if let Some((provider, modules)) = provider.zip(modules(block.module.as_deref())) {
                    let tf_type = format!("data.{}", block.tf_type);
                    let block = ResourceBlock { tf_type, ..block };
                    let read = self.instances(block, &provider, &modules);
                    self.data.extend(read);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Counts the memory of the names that each instance of a block copies, before they are copied.
    fn count_names(&mut self, block: &ResourceBlock) -> Result<(), String> {
        let modules = block.module.as_ref().map_or(0, String::len);
        let others = block.tf_type.len() + block.name.len() + block.provider.len();
        let names = modules
            .saturating_mul(BYTES_PER_MODULE_BYTE)
            .saturating_add(others);
        let copies = names.saturating_mul(block.instances.len());
        self.names = self.names.saturating_add(copies);
        if self.names > MAX_NAME_BYTES {
            let most = MAX_NAME_BYTES >> 20;
            return Err(format!(
                "the names of its resources would take more than {most} MiB of memory"
            ));
        }
        Ok(())
    }

    /// Returns the notes for the report.
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

    fn add_managed(&mut self, block: ResourceBlock) -> Result<(), String> {
        let place = format!("{}.{}", block.tf_type, block.name);
        let provider = provider::parse(&block.provider)
            .ok_or_else(|| format!("{place} names the provider `{}`", block.provider))?;
        let further = self.further(&block.provider);
        if !provider.is_aws() && further.is_none() {
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

    /// Returns the source of a provider beside AWS's that reads the instances of its own.
    fn further(&self, provider: &str) -> Option<&'_ str> {
        let source = provider::source(provider)?;
        let mut kept = self.kept.into_iter().flatten();
        kept.find(|kept| **kept == source).map(String::as_str)
    }

    /// Parses the instances of a block and replaces their secrets. Deposed objects are noted.
    fn instances(
        &mut self,
        block: ResourceBlock,
        provider: &ProviderKey,
        modules: &[ModuleStep],
    ) -> Vec<Resource> {
        let schema = self.catalog.get(&block.tf_type);
        let is_kept = block.mode == "managed" && self.kept.is_some();
        let further = self.further(&block.provider).map(str::to_owned);
        let mut read = Vec::with_capacity(block.instances.len());
        // What is left out is not missed: an interrupted state is not returned.
        let instances = block.instances.into_iter();
        for instance in instances.take_while(|_| !self.interrupt.is_raised()) {
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
            if is_kept {
                let at = self.managed.len() + read.len();
                let state = super::unsealed::state(
                    further.as_deref(),
                    &attributes,
                    instance.schema_version,
                    instance.private.as_deref(),
                );
                self.unsealed.insert(at, state);
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

impl StateReader<'_> {
    /// Notes a deposed object, and keeps its id and ARN: the state still manages it.
    fn note_deposed(
        &mut self,
        address: Address,
        provider: &ProviderKey,
        mut attributes: Attributes,
    ) {
        match self.deposed.len() {
            MAX_DEPOSED_NOTES.. => self.left_out += 1,
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
