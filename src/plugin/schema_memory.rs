//! Keeps the schemas of providers beside AWS's: states are freed of secrets by them before anything is read.

use super::process::Launch;
use super::provider::{Limits, Provider};
use crate::model::Attribute;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The attributes and blocks of each type of a provider.
pub type TypeSchemas = BTreeMap<String, BTreeMap<String, Attribute>>;

/// The schemas that were asked for, by the program that told them.
#[derive(Debug, Default)]
pub(super) struct SchemaMemory(Mutex<BTreeMap<PathBuf, Arc<TypeSchemas>>>);

impl SchemaMemory {
    /// Returns the schemas of a program, which is started where they are not known. Others wait meanwhile: they need
    /// the same.
    pub(super) async fn of(&self, launch: &Launch) -> Result<Arc<TypeSchemas>, String> {
        let mut known = self.0.lock().await;
        if let Some(schemas) = known.get(&launch.binary) {
            return Ok(schemas.clone());
        }
        let started = Provider::start(launch, Limits::default(), None).await;
        let provider = started.map_err(|error| format!("its schemas are not known: {error}"))?;
        let types = provider.schemas().types.iter();
        let understood = types
            .filter_map(|(name, schema)| Some((name.clone(), schema.as_ref().ok()?.attributes())));
        let schemas = Arc::new(understood.collect::<TypeSchemas>());
        known.insert(launch.binary.clone(), schemas.clone());
        Ok(schemas)
    }
}
