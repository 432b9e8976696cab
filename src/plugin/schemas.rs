//! The schemas of a provider's types, of which only those that a scan needs are decoded.

use super::schema::{BadSchema, Block, TypeSchema};
use super::wire::{Protocol, Schema5, Schema6, SchemaResponse};
use super::wire_size::{MAX_SCHEMA_PARTS, schema_parts};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};

/// The schemas of the types that are read, and of the provider's own configuration.
#[derive(Debug, Clone, Default)]
pub struct Schemas {
    /// The provider's configuration.
    pub provider: Block,
    /// The resource types; an error where a schema is not understood.
    pub types: BTreeMap<String, Result<TypeSchema, BadSchema>>,
}

/// All schemas of a provider, as it answered.
#[derive(Debug)]
pub struct EncodedSchemas {
    protocol: Protocol,
    response: SchemaResponse,
}

impl EncodedSchemas {
    /// Keeps a provider's answer.
    pub(super) fn new(protocol: Protocol, response: SchemaResponse) -> Self {
        Self { protocol, response }
    }

    /// Returns whether the provider answers other calls without being asked for its schemas.
    pub(super) fn is_optional(&self) -> bool {
        let capabilities = self.response.capabilities;
        capabilities.is_some_and(|capabilities| capabilities.schema_optional)
    }

    /// Returns about how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        let types = self.response.resource_schemas.iter();
        let types = types.map(|(name, schema)| name.len() + schema.len());
        self.response.provider.len() + types.sum::<usize>()
    }

    /// Decodes the schemas of these types; `None` for all.
    ///
    /// # Errors
    /// When the provider's own configuration is not understood.
    pub(super) fn decode(&self, types: Option<&BTreeSet<&str>>) -> Result<Schemas, BadSchema> {
        let is_asked = |name: &str| types.is_none_or(|types| types.contains(name));
        let all = self.response.resource_schemas.iter();
        let asked = all.filter(|(name, _)| is_asked(name));
        let mut left = MAX_SCHEMA_PARTS;
        let mut decode = |name: &str, encoded: &[u8]| {
            let parts = schema_parts(encoded, left);
            left = left.checked_sub(parts).ok_or_else(|| BadSchema::of(name))?;
            self.schema(name, encoded)
        };
        Ok(Schemas {
            provider: decode("provider", &self.response.provider)?.block,
            types: asked
                .map(|(name, encoded)| (name.clone(), decode(name, encoded)))
                .collect(),
        })
    }

    fn schema(&self, name: &str, encoded: &[u8]) -> Result<TypeSchema, BadSchema> {
        let malformed = |_| BadSchema::of(name);
        match self.protocol {
            Protocol::V5 => TypeSchema::of_v5(&Schema5::decode(encoded).map_err(malformed)?),
            Protocol::V6 => TypeSchema::of_v6(&Schema6::decode(encoded).map_err(malformed)?),
        }
    }
}

#[cfg(test)]
impl EncodedSchemas {
    /// Creates schemas of this size.
    pub(super) fn sized(bytes: usize) -> Self {
        let response = SchemaResponse {
            provider: vec![0; bytes],
            ..SchemaResponse::default()
        };
        Self::new(Protocol::V5, response)
    }
}
