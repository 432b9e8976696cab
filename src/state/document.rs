//! Deserializes the JSON of a state, instance by instance: a large one takes seconds, and ends early where nobody waits
//! for it any more.

use super::sensitive::Step;
use crate::model::{Attributes, Interrupt, Value};
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// The fields of a state that are read. Unknown fields are skipped: each version of Terraform adds some.
#[derive(Default)]
pub(super) struct StateFile {
    pub version: Option<u64>,
    pub serial: Option<u64>,
    pub lineage: Option<String>,
    pub terraform_version: Option<String>,
    pub resources: Vec<ResourceBlock>,
    pub is_encrypted: bool,
}

/// A resource block with its instances.
pub(super) struct ResourceBlock {
    pub module: Option<String>,
    pub mode: String,
    pub tf_type: String,
    pub name: String,
    pub provider: String,
    pub instances: Vec<ResourceInstance>,
}

/// An instance of a resource.
#[derive(Deserialize)]
pub(super) struct ResourceInstance {
    pub index_key: Option<IndexKey>,
    #[serde(default, deserialize_with = "attributes")]
    pub attributes: Option<Attributes>,
    #[serde(default)]
    pub sensitive_attributes: Option<Vec<Vec<Step>>>,
    pub deposed: Option<String>,
    #[serde(default)]
    pub schema_version: u64,
    pub private: Option<String>,
}

/// Deserializes attributes as a value, which builds its maps at once.
fn attributes<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Attributes>, D::Error> {
    match Value::deserialize(json)? {
        Value::Null => Ok(None),
        Value::Map(attributes) => Ok(Some(attributes)),
        _ => Err(D::Error::custom("expected a map of attributes")),
    }
}

/// The key of an instance.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum IndexKey {
    Index(u64),
    Name(String),
}

/// Deserializes a state.
///
/// # Errors
/// The JSON is invalid or no state, or the work was interrupted.
pub(super) fn read(text: &str, interrupt: &Interrupt) -> serde_json::Result<StateFile> {
    let mut json = serde_json::Deserializer::from_str(text);
    let file = StateSeed(interrupt).deserialize(&mut json)?;
    json.end()?;
    Ok(file)
}

/// The names of a state's fields.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum StateField {
    Version,
    Serial,
    Lineage,
    TerraformVersion,
    Resources,
    EncryptedData,
    #[serde(other)]
    Other,
}

/// The names of a resource block's fields.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum BlockField {
    Module,
    Mode,
    Type,
    Name,
    Provider,
    Instances,
    #[serde(other)]
    Other,
}

/// Deserializes the whole state.
struct StateSeed<'i>(&'i Interrupt);

impl<'de> DeserializeSeed<'de> for StateSeed<'_> {
    type Value = StateFile;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<StateFile, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for StateSeed<'_> {
    type Value = StateFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a state")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<StateFile, A::Error> {
        let mut file = StateFile::default();
        while let Some(field) = fields.next_key()? {
            match field {
                StateField::Version => file.version = fields.next_value()?,
                StateField::Serial => file.serial = fields.next_value()?,
                StateField::Lineage => file.lineage = fields.next_value()?,
                StateField::TerraformVersion => file.terraform_version = fields.next_value()?,
                StateField::Resources => {
                    file.resources = fields.next_value_seed(ListSeed(self.0, Block))?;
                }
                StateField::EncryptedData => {
                    let found: Option<IgnoredAny> = fields.next_value()?;
                    file.is_encrypted = found.is_some();
                }
                StateField::Other => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        Ok(file)
    }
}

/// Deserializes one item of a list.
trait ListItem: Copy {
    type Value;

    fn next<'de, A: SeqAccess<'de>>(
        self,
        items: &mut A,
        interrupt: &Interrupt,
    ) -> Result<Option<Self::Value>, A::Error>;
}

/// A list whose items are deserialized one by one, unless the work is interrupted.
struct ListSeed<'i, I>(&'i Interrupt, I);

impl<'de, I: ListItem> DeserializeSeed<'de> for ListSeed<'_, I> {
    type Value = Vec<I::Value>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de, I: ListItem> Visitor<'de> for ListSeed<'_, I> {
    type Value = Vec<I::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = self.1.next(&mut items, self.0)? {
            if self.0.is_raised() {
                return Err(A::Error::custom("nobody waits for it any more"));
            }
            all.push(item);
        }
        Ok(all)
    }
}

/// A resource block.
#[derive(Clone, Copy)]
struct Block;

impl ListItem for Block {
    type Value = ResourceBlock;

    fn next<'de, A: SeqAccess<'de>>(
        self,
        items: &mut A,
        interrupt: &Interrupt,
    ) -> Result<Option<ResourceBlock>, A::Error> {
        items.next_element_seed(BlockOf(interrupt))
    }
}

/// An instance of a resource block.
#[derive(Clone, Copy)]
struct Instance;

impl ListItem for Instance {
    type Value = ResourceInstance;

    fn next<'de, A: SeqAccess<'de>>(
        self,
        items: &mut A,
        _: &Interrupt,
    ) -> Result<Option<ResourceInstance>, A::Error> {
        items.next_element()
    }
}

/// Deserializes a resource block.
struct BlockOf<'i>(&'i Interrupt);

impl<'de> DeserializeSeed<'de> for BlockOf<'_> {
    type Value = ResourceBlock;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<ResourceBlock, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for BlockOf<'_> {
    type Value = ResourceBlock;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a resource")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<ResourceBlock, A::Error> {
        let (mut module, mut mode, mut provider) = (None, None, None);
        let (mut tf_type, mut name, mut instances) = (None, None, Vec::new());
        while let Some(field) = fields.next_key()? {
            match field {
                BlockField::Module => module = fields.next_value()?,
                BlockField::Mode => mode = Some(fields.next_value()?),
                BlockField::Type => tf_type = Some(fields.next_value()?),
                BlockField::Name => name = Some(fields.next_value()?),
                BlockField::Provider => provider = Some(fields.next_value()?),
                BlockField::Instances => {
                    instances = fields.next_value_seed(ListSeed(self.0, Instance))?;
                }
                BlockField::Other => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        Ok(ResourceBlock {
            module,
            mode: mode.unwrap_or_default(),
            tf_type: tf_type.ok_or_else(|| A::Error::missing_field("type"))?,
            name: name.ok_or_else(|| A::Error::missing_field("name"))?,
            provider: provider.unwrap_or_default(),
            instances,
        })
    }
}
